//! Archives whose manifests claim what is not theirs, or cannot be read (S6, S7, N4, T9, X2).

use std::io::Cursor;

use super::raw::{RawEntry, RawZip};
use super::{accepted, assert_refused, good_but, good_entries, good_with, refused, zip_of};
use crate::server::archive::{Limits, check};

const BUNDLE: &str = "acme/pay/bundle.json";
const COMPONENT: &str = "acme/pay/core/Send/component.json";

fn bundle(json: &str) -> Vec<u8> {
    good_but(BUNDLE, json)
}

#[track_caller]
fn assert_pointer(zip: &[u8], code: &str, path: &str, pointer: &str) {
    let findings = refused(zip);
    let found: Vec<_> =
        findings.iter().map(|f| (f.code.as_str(), f.path.as_deref(), f.pointer.as_deref().unwrap_or("none"))).collect();
    assert_eq!(found, [(code, Some(path), pointer)], "{findings:#?}");
}

#[test]
fn s6_other_vendor() {
    assert_refused(&good_with(RawEntry::file("evil/pay/x.js", b"evil")), "other-vendor", "evil");
    assert_refused(&good_with(RawEntry::file("acmeX/pay/x.js", b"evil")), "other-vendor", "acmeX");
    assert_refused(&good_with(RawEntry::folder("evil/")), "other-vendor", "evil");
    assert_refused(&good_with(RawEntry::file("loose.js", b"evil")), "other-vendor", "loose.js");
}

#[test]
fn s6_other_service() {
    assert_refused(&good_with(RawEntry::file("acme/payments/x.js", b"evil")), "other-service", "acme/payments");
    assert_refused(&good_with(RawEntry::file("acme/x.js", b"evil")), "other-service", "acme/x.js");
}

#[test]
fn s6_other_module() {
    let files = [
        ("acme/pay/core/bundle.json", r#"{"name":"acme.pay.core","version":"1.0.0"}"#),
        ("acme/pay/core/Send/component.json", r#"{"name":"acme.pay.core.Send"}"#),
        ("acme/pay/other/module.json", r#"{"name":"acme.pay.other"}"#),
    ];
    assert_refused(&zip_of(files), "other-module", "acme/pay/other/module.json");
}

#[test]
fn s6_component_outside_the_module() {
    let files = [
        ("acme/pay/core/bundle.json", r#"{"name":"acme.pay.core","version":"1.0.0"}"#),
        ("acme/pay/other/Evil/component.json", r#"{"name":"acme.pay.core.Evil"}"#),
    ];
    assert_refused(&zip_of(files), "component-outside", "acme/pay/other/Evil/component.json");
}

#[test]
fn s6_component_of_another_module() {
    for name in ["evil.pay.core.Send", "acme.payments.core.Send", "acme.Pay.core.Send"] {
        let json = format!(r#"{{"name":"{name}"}}"#);
        assert_pointer(&good_but(COMPONENT, &json), "foreign-component", COMPONENT, "/name");
    }
}

#[test]
fn s6_several_modules() {
    let other = "acme/other/bundle.json";
    let zip = good_but(other, r#"{"name":"acme.other","version":"1.0.0"}"#);
    let findings = refused(&zip);
    assert_eq!(findings[0].code, "several-modules");
    assert!(findings[0].message.contains(other) && findings[0].message.contains(BUNDLE), "{}", findings[0].message);
}

#[test]
fn s6_duplicate_component() {
    let path = "acme/pay/core/Again/component.json";
    assert_pointer(&good_but(path, r#"{"name":"acme.pay.core.send"}"#), "duplicate-component", path, "/name");
}

#[test]
fn s7_version_traversal() {
    for version in ["1.0.0/../../../evil", "../1.0.0", "..", ".", "", "1.0", "v1.0.0", "1.0.0 ", "latest", "01.0.0"] {
        let zip = bundle(&format!(r#"{{"name":"acme.pay","version":"{version}"}}"#));
        assert_pointer(&zip, "invalid-version", BUNDLE, "/version");
    }
    let long = format!(r#"{{"name":"acme.pay","version":"1.0.0-{}"}}"#, "a".repeat(100));
    assert_pointer(&bundle(&long), "invalid-version", BUNDLE, "/version");
}

#[test]
fn s7_name_dotdot() {
    for name in ["..", ".", "acme...", "../pay", "acme/pay", "acme.pay\\u0000", "acme", "a.b.c.d", ""] {
        let zip = bundle(&format!(r#"{{"name":"{name}","version":"1.0.0"}}"#));
        assert_pointer(&zip, "invalid-name", BUNDLE, "/name");
    }
}

#[test]
fn s7_name_differs_from_folder() {
    let zip = bundle(r#"{"name":"acme.other","version":"1.0.0"}"#);
    assert_pointer(&zip, "name-mismatch", BUNDLE, "/name");
}

#[test]
fn s7_name_differs_by_letter_case() {
    let zip = bundle(r#"{"name":"acme.Pay","version":"1.0.0"}"#);
    assert_pointer(&zip, "name-case", BUNDLE, "/name");
}

#[test]
fn s7_component_name_dotdot() {
    for name in ["acme.pay..", "acme.pay.core.../evil", "acme.pay", "a.b.c.d.e", "acme.pay.core.Se nd"] {
        let json = format!(r#"{{"name":"{name}"}}"#);
        assert_pointer(&good_but(COMPONENT, &json), "invalid-name", COMPONENT, "/name");
    }
}

#[test]
fn s7_missing_name_and_version() {
    assert_pointer(&bundle(r#"{"version":"1.0.0"}"#), "missing-name", BUNDLE, "");
    assert_pointer(&bundle(r#"{"name":"acme.pay","version":null}"#), "missing-version", BUNDLE, "");
    assert_pointer(&good_but(COMPONENT, "{}"), "missing-name", COMPONENT, "");
}

#[test]
fn n4_deep_nesting() {
    let json = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_pointer(&good_but(COMPONENT, &json), "invalid-json", COMPONENT, "");
}

#[test]
fn n4_broken_json_has_its_place() {
    let findings = refused(&good_but(COMPONENT, "{\n  \"name\": oops\n}"));
    assert!(findings[0].message.contains("line 2 column"), "{}", findings[0].message);
    assert_pointer(&good_but(COMPONENT, "\u{0}\u{1}"), "invalid-json", COMPONENT, "");
    assert_pointer(&good_but(COMPONENT, ""), "invalid-json", COMPONENT, "");
}

#[test]
fn n4_prototype_duplicates_and_huge_numbers_are_only_data() {
    let json = r#"{"name":"x","__proto__":{"private":true},"constructor":1,"name":"acme.pay.core.Send",
        "index":123456789012345678901234567890,"label":"Send"}"#;
    let component = &accepted(&good_but(COMPONENT, json)).manifest.components[0];
    assert_eq!((component.name.as_str(), component.private), ("acme.pay.core.Send", false));
}

#[test]
fn wrong_types_are_pointed_at() {
    let cases = [
        (r#"{"name":7}"#, "/name"),
        (r#"{"name":"acme.pay.core.Send","label":7}"#, "/label"),
        (r#"{"name":"acme.pay.core.Send","icon":{}}"#, "/icon"),
        (r#"{"name":"acme.pay.core.Send","inPorts":"in"}"#, "/inPorts"),
        (r#"{"name":"acme.pay.core.Send","private":"yes"}"#, "/private"),
        (r#"{"name":"acme.pay.core.Send","auth":[]}"#, "/auth"),
        (r#"{"name":"acme.pay.core.Send","auth":{"service":1}}"#, "/auth/service"),
        ("[]", ""),
    ];
    for (json, pointer) in cases {
        assert_pointer(&good_but(COMPONENT, json), "wrong-type", COMPONENT, pointer);
    }
}

#[test]
fn all_manifests_findings_come_together() {
    let mut entries = good_entries();
    entries.retain(|entry| entry.name != COMPONENT.as_bytes());
    entries.extend([
        RawEntry::file(COMPONENT, b"{"),
        RawEntry::file("acme/pay/core/A/component.json", br#"{"name":"evil.x.y.Z"}"#),
        RawEntry::file("evil/x.js", b""),
    ]);
    let codes: Vec<_> = refused(&RawZip::of(entries).bytes()).into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["invalid-json", "other-vendor", "foreign-component"]);
}

#[test]
fn engine_must_be_a_range() {
    let zip = bundle(r#"{"name":"acme.pay","version":"1.0.0","engine":"<script>alert(1)</script>"}"#);
    assert_pointer(&zip, "invalid-engine", BUNDLE, "/engine");
}

#[test]
fn too_large_manifest() {
    let json = format!(r#"{{"name":"acme.pay.core.Send","description":"{}"}}"#, "x".repeat(3 << 20));
    assert_refused(&good_but(COMPONENT, &json), "manifest-too-large", COMPONENT);
}

#[test]
fn too_many_components() {
    let mut entries = good_entries();
    entries.extend((0..500).map(|n| {
        let json = format!(r#"{{"name":"acme.pay.core.C{n}"}}"#);
        RawEntry::file(&format!("acme/pay/core/C{n}/component.json"), json.as_bytes())
    }));
    assert_refused(&RawZip::of(entries).bytes(), "too-many-components", "");
}

#[test]
fn too_many_modules() {
    let mut entries = good_entries();
    entries.extend((0..20).map(|n| RawEntry::file(&format!("acme/pay/m{n}/bundle.json"), b"{}")));
    let findings = refused(&RawZip::of(entries).bytes());
    assert!(findings.iter().all(|finding| finding.code == "several-modules"), "{findings:?}");
}

/// A few kilobytes must not fill the memory with icons.
#[test]
fn s5_icons_bomb() {
    let mut entries = good_entries();
    entries.extend((0..5).map(|n| {
        let icon = format!("data:image/gif,{}{n}", "A".repeat(99));
        let json = format!(r#"{{"name":"acme.pay.core.C{n}","icon":"{icon}"}}"#);
        RawEntry::file(&format!("acme/pay/core/C{n}/component.json"), json.as_bytes())
    }));
    let limits = Limits { icons_bytes: 399, ..Limits::default() };
    let checked = check(Cursor::new(RawZip::of(entries).bytes()), &limits).expect("accepted");
    assert_eq!(checked.icons.len(), 3);
    assert_eq!(checked.warnings.iter().filter(|warning| warning.code == "icon").count(), 2);
}

#[test]
fn no_module_at_all() {
    assert_refused(&zip_of([("photos/cat.txt", "meow")]), "no-module", "");
}

#[test]
fn zipped_from_too_far_inside_or_outside() {
    let json = r#"{"name":"acme.pay","version":"1.0.0"}"#;
    assert_refused(&zip_of([("bundle.json", json)]), "missing-folders", "bundle.json");
    assert_refused(&zip_of([("pay/bundle.json", json)]), "missing-folders", "pay/bundle.json");
    let path = "acme-main/src/acme/pay/bundle.json";
    assert_refused(&zip_of([(path, json)]), "surplus-folders", path);
    let path = "core/Send/component.json";
    assert_refused(&zip_of([(path, r#"{"name":"acme.pay.core.Send"}"#)]), "missing-folders", path);
}

#[test]
fn t9_secrets_are_warned_about() {
    let mut entries = good_entries();
    for path in ["acme/pay/.env", "acme/pay/lib/server.PEM", "acme/pay/id_rsa", "acme/pay/.env.example"] {
        entries.push(RawEntry::file(path, b"SECRET=1"));
    }
    let warnings = accepted(&RawZip::of(entries).bytes()).warnings;
    let found: Vec<_> = warnings.iter().map(|w| (w.code.as_str(), w.path.as_deref().unwrap_or_default())).collect();
    let paths = ["acme/pay/.env", "acme/pay/lib/server.PEM", "acme/pay/id_rsa"];
    assert_eq!(found, paths.map(|path| ("secret", path)));
}

#[test]
fn x2_only_web_addresses_become_links() {
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://x.example/\\\"onclick=alert(1)",
        "https://user:secret@x.example/",
        "https://x.example/a b",
        "https://x.example/\\nSet-Cookie: a",
        "https:x.example",
        "//x.example",
    ] {
        let json = format!(r#"{{"name":"acme.pay","version":"1.0.0","documentation":"{bad}"}}"#);
        let checked = accepted(&bundle(&json));
        assert_eq!(checked.manifest.documentation, None, "{bad} was kept");
        assert_eq!(checked.warnings[0].code, "documentation");
    }
    let json = r#"{"name":"acme.pay","version":"1.0.0","documentation":"https://docs.example:8443/pay?a=1&b=%20#top"}"#;
    let kept = accepted(&bundle(json)).manifest.documentation;
    assert_eq!(kept.as_deref(), Some("https://docs.example:8443/pay?a=1&b=%20#top"));
}
