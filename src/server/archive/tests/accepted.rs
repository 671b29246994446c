//! Archives that real clients and systems make, which must all be accepted.

use super::raw::{RawEntry, RawZip};
use super::{accepted, good_entries, good_files, good_with, zip_of};

fn paths(zip: &[u8]) -> Vec<String> {
    accepted(zip).files.into_iter().map(|file| file.path).collect()
}

/// The good module's paths, sorted.
fn good_paths() -> Vec<String> {
    let mut paths: Vec<_> = good_files().iter().map(|(path, _)| (*path).to_owned()).collect();
    paths.sort();
    paths
}

#[test]
fn the_good_module() {
    let zip = RawZip::of(good_entries()).bytes();
    let checked = accepted(&zip);
    assert_eq!(checked.manifest.name.as_str(), "acme.pay");
    assert_eq!(checked.manifest.version, "1.2.0");
    assert_eq!(checked.warnings, []);
    assert_eq!(checked.unpacked_bytes, good_files().iter().map(|(_, text)| text.len() as u64).sum::<u64>());
    assert_eq!(checked.component_files["acme.pay.core.Send"], "acme/pay/core/Send/component.json");
}

/// As the official client packs a module: its service's files first, folders with entries of their own except the
/// outer two, data descriptors.
#[test]
fn official_client() {
    let file = |path: &str, text: &str| RawEntry::file(path, text.as_bytes()).streamed();
    let zip = RawZip::of([
        file("acme/pay/auth.js", "module.exports = { type: 'oauth2' };"),
        file("acme/pay/service.json", r#"{"name":"acme.pay","label":"Pay","category":"applications"}"#),
        file("acme/pay/core/bundle.json", r#"{"name":"acme.pay.core","version":"2.0.0"}"#),
        file("acme/pay/core/.eslintrc.js", ""),
        file("acme/pay/core/module.json", r#"{"name":"acme.pay.core","label":"Core"}"#),
        RawEntry::folder("acme/pay/core/Send/"),
        file("acme/pay/core/Send/component.json", r#"{"name":"acme.pay.core.Send","auth":{"service":"acme:pay"}}"#),
        file("acme/pay/core/Send/Send.js", ""),
    ]);
    let checked = accepted(&zip.bytes());
    assert_eq!(checked.manifest.name.as_str(), "acme.pay.core");
    assert_eq!((checked.manifest.label.as_str(), checked.manifest.category.as_str()), ("Core", "applications"));
    assert_eq!(checked.files.len(), 7);
    assert_eq!(checked.warnings, []);
}

#[test]
fn descriptor_without_signature() {
    let entry = RawEntry::file("acme/pay/lib.js", b"x").streamed().with(|entry| {
        entry.after.drain(..4);
    });
    accepted(&good_with(entry));
}

#[test]
fn comment_and_entries_out_of_order() {
    let mut entries = good_entries();
    let mut zip = RawZip { comment: b"made by hand".to_vec(), ..RawZip::of(entries.clone()) };
    accepted(&zip.bytes());
    // The list may have another order than the entries.
    let mut offset = 0;
    for entry in &mut entries {
        entry.offset = Some(offset);
        offset += (30 + entry.name.len() + entry.data.len()) as u32;
    }
    let mut listed: Vec<_> = entries.iter().cloned().map(|e| RawEntry { is_listed_only: true, ..e }).collect();
    listed.reverse();
    zip.entries = entries.into_iter().map(|e| RawEntry { is_unlisted: true, ..e }).chain(listed).collect();
    assert_eq!(paths(&zip.bytes()), good_paths());
}

#[test]
fn one_wrapping_folder() {
    let mut entries = vec![RawEntry::folder("acme-main/"), RawEntry::file("acme-main/README.md", b"# Acme")];
    entries.push(RawEntry::file("acme-main/.github/ci.yml", b""));
    entries.extend(good_entries().into_iter().map(|mut entry| {
        entry.name.splice(..0, b"acme-main/".iter().copied());
        entry
    }));
    let zip = RawZip::of(entries).bytes();
    let checked = accepted(&zip);
    assert_eq!(paths(&zip), good_paths());
    let codes: Vec<_> = checked.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(codes, ["ignored-files"]);
    assert_eq!(checked.component_files["acme.pay.core.Send"], "acme/pay/core/Send/component.json");
}

#[test]
fn litter_of_operating_systems() {
    let mut entries = good_entries();
    for path in ["__MACOSX/acme/._pay", "acme/pay/._auth.js", "acme/.DS_Store", "acme/pay/core/Thumbs.db"] {
        entries.push(RawEntry::file(path, b"litter"));
    }
    let zip = RawZip::of(entries).bytes();
    assert_eq!(paths(&zip), good_paths());
    assert_eq!(accepted(&zip).warnings, []);
}

#[test]
fn lone_component() {
    let path = "acme/pay/core/Send/component.json";
    let zip = zip_of([(path, r#"{"name":"acme.pay.core.Send"}"#), ("acme/pay/core/Send/Send.js", "")]);
    let checked = accepted(&zip);
    assert_eq!(checked.manifest.name.as_str(), "acme.pay.core");
    assert_eq!(checked.manifest.version, "1.0.0");
    assert_eq!((checked.manifest.label.as_str(), checked.manifest.category.as_str()), ("Core", "other"));
    assert_eq!(checked.warnings[0].code, "version-assumed");
}

#[test]
fn lone_component_with_a_version() {
    let path = "acme/pay/core/Send/component.json";
    let zip = zip_of([(path, r#"{"name":"acme.pay.core.Send","version":"1.4.0"}"#)]);
    assert_eq!(accepted(&zip).manifest.version, "1.4.0");
}

#[test]
fn components_of_several_modules_make_a_service() {
    let zip = zip_of([
        ("acme/pay/core/Send/component.json", r#"{"name":"acme.pay.core.Send"}"#),
        ("acme/pay/list/Find/component.json", r#"{"name":"acme.pay.list.Find"}"#),
    ]);
    assert_eq!(accepted(&zip).manifest.name.as_str(), "acme.pay");
}

#[test]
fn module_from_before_bundles() {
    let zip = zip_of([
        ("acme/pay/service.json", r#"{"name":"acme.pay","label":"Pay","version":"3.0.0"}"#),
        ("acme/pay/core/module.json", r#"{"name":"acme.pay.core"}"#),
        ("acme/pay/core/Send/component.json", r#"{"name":"acme.pay.core.Send"}"#),
    ]);
    let manifest = accepted(&zip).manifest;
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("acme.pay.core", "3.0.0"));
    assert_eq!(manifest.label, "Pay");
}

#[test]
fn component_names_of_three_parts() {
    let zip = zip_of([
        ("acme/googlePay/bundle.json", r#"{"name":"acme.googlePay","version":"1.0.0"}"#),
        ("acme/googlePay/Send/component.json", r#"{"name":"acme.googlePay.Send"}"#),
        ("acme/googlePay/Send/Send.js", ""),
    ]);
    let checked = accepted(&zip);
    assert_eq!(checked.manifest.label, "Google Pay");
    assert_eq!(checked.warnings, []);
}

#[test]
fn service_bundle_around_a_module_bundle() {
    // The module's archive carries the service's files, and among them the service's own bundle.json.
    let zip = zip_of([
        ("acme/pay/bundle.json", r#"{"name":"acme.pay","version":"9.0.0"}"#),
        ("acme/pay/core/bundle.json", r#"{"name":"acme.pay.core","version":"1.0.0"}"#),
        ("acme/pay/core/Send/component.json", r#"{"name":"acme.pay.core.Send"}"#),
    ]);
    let manifest = accepted(&zip).manifest;
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("acme.pay.core", "1.0.0"));
}

#[test]
fn odd_folders_are_only_warned_about() {
    let path = "acme/pay/numbers/List/component.json";
    let zip = super::good_but(path, r#"{"name":"acme.pay.sms.List"}"#);
    let checked = accepted(&zip);
    let codes: Vec<_> = checked.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(codes, ["component-folder", "missing-behaviour"]);
    assert_eq!(checked.component_files["acme.pay.sms.List"], path);
}

#[test]
fn packages_and_build_products_are_no_manifests() {
    let mut entries = good_entries();
    entries.push(RawEntry::file("acme/pay/node_modules/dep/component.json", b"{oops"));
    entries.push(RawEntry::file("acme/pay/artifacts/bundle.json", b"{}"));
    assert_eq!(accepted(&RawZip::of(entries).bytes()).files.len(), good_files().len() + 2);
}

#[test]
fn nested_archives_are_not_opened() {
    let bomb = RawZip::of([RawEntry::file("../evil", b"evil")]).bytes();
    accepted(&good_with(RawEntry::file("acme/pay/inner.zip", &bomb)));
}
