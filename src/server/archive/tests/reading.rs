//! What is read off manifests: labels, icons, changelog, kinds, configuration.

use super::{accepted, good_but};
use crate::domain::module::{AuthKind, ComponentKind, ConfigurationReason};
use crate::server::archive::Checked;

const BUNDLE: &str = "acme/pay/bundle.json";
const SERVICE: &str = "acme/pay/service.json";
const COMPONENT: &str = "acme/pay/core/Send/component.json";
/// A GIF of one pixel.
const GIF: &str = "R0lGODlhAQABAAAAACw=";

fn with_icon(address: &str) -> Checked {
    accepted(&good_but(COMPONENT, &format!(r#"{{"name":"acme.pay.core.Send","icon":"{address}"}}"#)))
}

#[test]
fn icons_are_decoded_and_kept_once() {
    let icon = format!("data:image/gif;base64,{GIF}");
    let zip = good_but(SERVICE, &format!(r#"{{"name":"acme.pay","icon":"{icon}"}}"#));
    let checked = accepted(&zip);
    let [kept] = checked.icons.as_slice() else { panic!("{:?}", checked.icons) };
    assert_eq!(kept.media_type, "image/gif");
    assert!(kept.bytes.starts_with(b"GIF89a"));
    assert_eq!(checked.manifest.icon.as_ref(), Some(&kept.sha256));
    assert_eq!(kept.sha256.len(), 64);
}

#[test]
fn icons_come_in_several_spellings() {
    for (address, media_type) in [
        ("data:image/svg+xml;charset=utf-8,%3Csvg%20/%3E", "image/svg+xml"),
        ("data:image/svg+xml;utf8,<svg/>", "image/svg+xml"),
        ("DATA:IMAGE/JPG;BASE64,/9j/", "image/jpeg"),
        ("data:image/svg+xml;charset=utf-8;base64,PHN2Zy8+", "image/svg+xml"),
        ("data:image/png;base64,iVBO Rw0", "image/png"),
    ] {
        assert_eq!(with_icon(address).icons[0].media_type, media_type, "{address}");
    }
}

#[test]
fn unusable_icons_are_left_out_with_a_warning() {
    for address in [
        "https://evil.example/pixel.png",
        "data:text/html,<script>",
        "data:image/gif;base64,???",
        "data:image/gif",
        "data:image/gif,",
        "icon.png",
    ] {
        let checked = with_icon(address);
        assert_eq!((checked.icons.len(), checked.warnings[0].code.as_str()), (0, "icon"), "{address}");
    }
    assert_eq!(with_icon("").warnings.iter().filter(|warning| warning.code == "icon").count(), 0);
    let large = format!("data:image/gif;base64,{}", "A".repeat(1_400_000));
    assert_eq!(with_icon(&large).icons.len(), 0);
}

#[test]
fn changelog_newest_first() {
    let json = r#"{"name":"acme.pay","version":"1.10.0","changelog":
        {"1.2.0":["b"],"1.10.0":"c","0.9":["odd"],"1.0.0":["a",7,""],"1.1.0":[]}}"#;
    let changelog = accepted(&good_but(BUNDLE, json)).manifest.changelog;
    let read: Vec<_> = changelog.iter().map(|entry| (entry.version.as_str(), entry.changes.join("|"))).collect();
    let expected = [("1.10.0", "c"), ("1.2.0", "b"), ("1.0.0", "a"), ("0.9", "odd")];
    assert_eq!(read, expected.map(|(version, changes)| (version, changes.to_owned())));
}

#[test]
fn changelog_without_versions_is_the_bundles() {
    let json = r#"{"name":"acme.pay","version":"1.0.0","changelog":["Initial version"]}"#;
    let changelog = accepted(&good_but(BUNDLE, json)).manifest.changelog;
    assert_eq!((changelog.len(), changelog[0].version.as_str()), (1, "1.0.0"));
    let odd = r#"{"name":"acme.pay","version":"1.0.0","changelog":7}"#;
    assert_eq!(accepted(&good_but(BUNDLE, odd)).warnings[0].code, "changelog");
}

#[test]
fn engine_ranges() {
    for (written, read) in
        [(">=6.0", ">=6.0"), ("^6.1", "^6.1"), (">=5.0 <7", ">=5.0, <7"), (">= 6.0.0", ">= 6.0.0"), (" 6.x ", "6.x")]
    {
        let json = format!(r#"{{"name":"acme.pay","version":"1.0.0","engine":"{written}"}}"#);
        assert_eq!(accepted(&good_but(BUNDLE, &json)).manifest.engine.as_deref(), Some(read));
    }
}

#[test]
fn triggers_have_no_ports_and_come_first() {
    let zip = super::zip_of([
        (BUNDLE, r#"{"name":"acme.pay","version":"1.0.0"}"#),
        ("acme/pay/c/A/component.json", r#"{"name":"acme.pay.c.A","label":"zeta","inPorts":["in"]}"#),
        ("acme/pay/c/B/component.json", r#"{"name":"acme.pay.c.B","label":"Alpha","inPorts":[{"name":"in"}]}"#),
        ("acme/pay/c/C/component.json", r#"{"name":"acme.pay.c.C","inPorts":[]}"#),
        ("acme/pay/c/D/component.json", r#"{"name":"acme.pay.c.D","trigger":true,"inPorts":["in"],"private":true}"#),
    ]);
    let components = accepted(&zip).manifest.components;
    let read: Vec<_> = components.iter().map(|c| (c.label.as_str(), c.kind, c.private)).collect();
    assert_eq!(
        read,
        [
            ("C", ComponentKind::Trigger, false),
            ("D", ComponentKind::Trigger, true),
            ("Alpha", ComponentKind::Action, false),
            ("zeta", ComponentKind::Action, false),
        ]
    );
}

#[test]
fn texts_are_tidied() {
    let json =
        r#"{"name":"acme.pay","label":" Pay\u0000\u202e\nnow ","description":"One\ntwo\u0007 ","category":"  "}"#;
    let manifest = accepted(&good_but(SERVICE, json)).manifest;
    assert_eq!((manifest.label.as_str(), manifest.description.as_str()), ("Pay now", "One\ntwo"));
    assert_eq!(manifest.category, "other");
}

#[test]
fn byte_order_mark_and_unknown_fields() {
    let json = "\u{feff}{\"name\":\"acme.pay\",\"label\":\"Pay\",\"index\":1.5,\"quota\":{\"maxWait\":\"x\"}}";
    assert_eq!(accepted(&good_but(SERVICE, json)).manifest.label, "Pay");
}

#[test]
fn readme_of_the_bundle() {
    let readme = "# Pay\n".repeat(50_000);
    let checked = accepted(&good_but("acme/pay/README.md", &readme));
    assert_eq!(checked.manifest.readme.map(|text| text.len()), Some(200_000));
    assert_eq!(accepted(&good_but("acme/pay/core/README.md", "# Core")).manifest.readme, None);
}

#[test]
fn sign_in_and_configuration() {
    let manifest = accepted(&good_but("acme/pay/auth.js", "module.exports = { type: 'oauth2' };")).manifest;
    assert_eq!(manifest.auth, AuthKind::OAuth2);
    assert_eq!(manifest.needs_configuration, [ConfigurationReason::OAuth]);

    let manifest = accepted(&good_but("acme/pay/lib.js", "const { host } = context.config;")).manifest;
    assert_eq!(manifest.auth, AuthKind::ApiKey);
    assert_eq!(manifest.needs_configuration, [ConfigurationReason::ReadsConfig]);

    let json = r#"{"name":"acme.pay","configuration":{"properties":{"host":{}}}}"#;
    let manifest = accepted(&good_but(SERVICE, json)).manifest;
    assert_eq!(manifest.needs_configuration, [ConfigurationReason::Declared]);

    let json = r#"{"name":"acme.pay.core.Send","authConfig":{"a":1}}"#;
    let manifest = accepted(&good_but(COMPONENT, json)).manifest;
    assert_eq!(
        (manifest.auth, manifest.needs_configuration.as_slice()),
        (AuthKind::None, &[ConfigurationReason::Declared][..])
    );
}

#[test]
fn missing_auth_is_warned_about() {
    let json = r#"{"name":"acme.pay.core.Send","auth":{"service":"acme:other"}}"#;
    let checked = accepted(&good_but(COMPONENT, json));
    assert_eq!(checked.warnings[0].code, "missing-auth");
}
