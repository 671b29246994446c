//! No bytes at all may make a check panic, abort or ask for memory without bounds.

use std::io::Cursor;

use proptest::prelude::*;

use super::raw::{RawEntry, RawZip};
use super::{good_entries, good_files};
use crate::server::archive::{Limits, check, pack, script, unpack};

/// Checks `zip`, and unpacks what is accepted into a folder that nothing may be outside of.
fn survive(zip: &[u8]) {
    let Ok(checked) = check(Cursor::new(zip), &Limits::default()) else { return };
    let outside = tempfile::tempdir().expect("a temporary folder");
    let folder = outside.path().join("module");
    unpack(Cursor::new(zip), &checked, &folder, |_| true).expect("accepted, so it unpacks");
    let left: Vec<_> = outside.path().read_dir().expect("readable").flatten().map(|entry| entry.path()).collect();
    assert_eq!(left, [folder]);
}

fn stored() -> Vec<u8> {
    let mut entries = good_entries();
    entries.push(RawEntry::file("acme/pay/lib.js", b"streamed").streamed());
    entries.push(RawEntry::folder("acme/pay/empty/"));
    RawZip::of(entries).bytes()
}

fn deflated() -> Vec<u8> {
    let files = good_files().into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes()));
    let mut out = Cursor::new(Vec::new());
    pack(files, &mut out).expect("packs");
    out.into_inner()
}

/// A change at a place: another byte, a cut, or a piece copied from elsewhere.
fn mutate(zip: &mut Vec<u8>, at: usize, kind: u8, value: u8) {
    let at = at % zip.len().max(1);
    match kind % 5 {
        0..=2 => zip[at] = value,
        3 => zip.truncate(at.max(1)),
        _ => {
            let piece: Vec<u8> = zip[at..].iter().take(usize::from(value)).copied().collect();
            zip.splice(at..at, piece);
        }
    }
}

/// A JSON object of the manifests' fields, with values of every type.
fn object() -> impl Strategy<Value = String> {
    let field = prop::sample::select(vec![
        "name",
        "version",
        "label",
        "description",
        "icon",
        "category",
        "changelog",
        "engine",
        "documentation",
        "configuration",
        "inPorts",
        "auth",
        "private",
        "trigger",
        "authConfig",
        "__proto__",
        "é\u{202e}",
    ]);
    let value = prop_oneof![
        Just(r#""acme.pay""#.to_owned()),
        Just(r#""acme.pay.core.Send""#.to_owned()),
        Just(r#""1.0.0""#.to_owned()),
        Just(r#"{"service":"acme:pay"}"#.to_owned()),
        Just(r#"{"1.0.0":["x",null],"é":"x"}"#.to_owned()),
        Just("-1e308".to_owned()),
        Just("[[],{},null,true]".to_owned()),
        "data:image/(png|gif),(%[0-9a-f]{2}|\\PC){0,9}".prop_map(|text| serde_json::json!(text).to_string()),
        "\\PC{0,20}".prop_map(|text| serde_json::json!(text).to_string()),
    ];
    prop::collection::vec((field, value), 0..9).prop_map(|fields| {
        let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{}:{value}", serde_json::json!(key))).collect();
        format!("{{{}}}", fields.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        survive(&bytes);
        survive(&[b"PK\x03\x04".as_slice(), &bytes].concat());
    }

    #[test]
    fn mutations_of_a_stored_zip(changes in proptest::collection::vec(any::<(usize, u8, u8)>(), 1..6)) {
        let mut zip = stored();
        for (at, kind, value) in changes {
            mutate(&mut zip, at, kind, value);
        }
        survive(&zip);
    }

    #[test]
    fn mutations_of_a_deflated_zip(changes in proptest::collection::vec(any::<(usize, u8, u8)>(), 1..6)) {
        let mut zip = deflated();
        for (at, kind, value) in changes {
            mutate(&mut zip, at, kind, value);
        }
        survive(&zip);
    }

    /// The end of a zip decides how the rest is read: change only there.
    #[test]
    fn mutations_of_the_list(changes in proptest::collection::vec((0_usize..400, any::<u8>()), 1..4)) {
        let mut zip = stored();
        let length = zip.len();
        for (back, value) in changes {
            zip[length - 1 - back] = value;
        }
        survive(&zip);
    }

    #[test]
    fn names_and_texts(name in "\\PC{0,40}|[./\\\\a:]{0,12}", text in "\\PC{0,80}|[{}\\[\\]\":,0a]{0,60}") {
        let mut entries = good_entries();
        entries.push(RawEntry::file(&name, text.as_bytes()));
        entries.push(RawEntry::file("acme/pay/core/X/component.json", text.as_bytes()));
        survive(&RawZip::of(entries).bytes());
    }

    #[test]
    fn manifests(bundle in object(), service in object(), component in object()) {
        let files = [
            ("acme/pay/bundle.json", bundle),
            ("acme/pay/service.json", service),
            ("acme/pay/core/Send/component.json", component),
        ];
        survive(&RawZip::of(files.iter().map(|(path, json)| RawEntry::file(path, json.as_bytes()))).bytes());
    }

    #[test]
    fn scripts(source in "(context|config|type|[{}\\[\\]()=:?.,;'\"`/*\\\\ \n]|\\PC){0,60}") {
        let _ = (script::auth_kind(&source), script::reads_config(&source), script::config_keys(&source));
    }
}
