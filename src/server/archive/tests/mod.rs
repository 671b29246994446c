//! Tests of the archive room: hostile archives by attack id, accepted ones, what is read off them, and packing.

mod accepted;
mod fuzz;
mod hostile_manifests;
mod hostile_names;
mod hostile_structure;
mod packing;
mod raw;
mod reading;
mod scripts;

use std::io::Cursor;

use super::{CheckError, Checked, Limits, check, unpack};
use crate::domain::finding::Finding;
use raw::{RawEntry, RawZip};

/// The files of a small good module, `acme.pay`.
fn good_files() -> Vec<(&'static str, String)> {
    let bundle = r#"{"name":"acme.pay","version":"1.2.0","changelog":{"1.2.0":["More."],"1.0.0":["First."]}}"#;
    let service = r#"{"name":"acme.pay","label":"Pay","category":"applications","description":"Pays."}"#;
    let component = r#"{"name":"acme.pay.core.Send","inPorts":["in"],"auth":{"service":"acme:pay"}}"#;
    vec![
        ("acme/pay/bundle.json", bundle.to_owned()),
        ("acme/pay/service.json", service.to_owned()),
        ("acme/pay/auth.js", "module.exports = { type: 'apiKey' };".to_owned()),
        ("acme/pay/core/Send/component.json", component.to_owned()),
        ("acme/pay/core/Send/Send.js", "module.exports = {};".to_owned()),
    ]
}

/// The good module as entries, to which a test adds its bad one.
fn good_entries() -> Vec<RawEntry> {
    good_files().iter().map(|(path, text)| RawEntry::file(path, text.as_bytes())).collect()
}

fn good_with(entry: RawEntry) -> Vec<u8> {
    let mut entries = good_entries();
    entries.push(entry);
    RawZip::of(entries).bytes()
}

fn zip_of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    RawZip::of(files.into_iter().map(|(path, text)| RawEntry::file(path, text.as_bytes()))).bytes()
}

/// The good module with one file's text replaced, or the file added.
fn good_but(path: &str, text: &str) -> Vec<u8> {
    let mut files = good_files();
    files.retain(|(other, _)| *other != path);
    zip_of(files.iter().map(|(path, text)| (*path, text.as_str())).chain([(path, text)]))
}

fn accepted(zip: &[u8]) -> Checked {
    match check(Cursor::new(zip), &Limits::default()) {
        Ok(checked) => checked,
        Err(error) => panic!("{error}"),
    }
}

/// Sends `zip` the whole way of an installation, and gives what it is refused for. Nothing may have been written.
fn refused_under(zip: &[u8], limits: &Limits) -> Vec<Finding> {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let folder = outside.path().join("inside");
    let result = check(Cursor::new(zip), limits)
        .map(|checked| unpack(Cursor::new(zip), &checked, &folder, |_| true).expect("accepted, so it unpacks"));
    let left: Vec<_> = outside.path().read_dir().expect("readable").collect();
    match result {
        Err(CheckError::Rejected(rejected)) => {
            assert!(left.is_empty(), "something was written: {left:?}");
            assert!(!rejected.findings.is_empty(), "refused without a reason");
            rejected.findings
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn refused(zip: &[u8]) -> Vec<Finding> {
    refused_under(zip, &Limits::default())
}

/// Asserts that `zip` is refused for just one thing: `code`, at `path` (empty for the archive as a whole).
#[track_caller]
fn assert_refused(zip: &[u8], code: &str, path: &str) {
    let findings = refused(zip);
    let found: Vec<_> = findings.iter().map(|f| (f.code.as_str(), f.path.as_deref().unwrap_or_default())).collect();
    assert_eq!(found, [(code, path)], "{findings:#?}");
}
