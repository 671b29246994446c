//! Paths that would leave their folder, or meet another path on some file system (S1).

use super::raw::{RawEntry, RawZip};
use super::{assert_refused, good_entries, good_with};

/// A bad path must be refused for that, and shown as the finding's path.
#[track_caller]
fn assert_name_refused(name: &str, code: &str) {
    assert_refused(&good_with(RawEntry::file(name, b"evil")), code, name);
}

#[test]
fn s1_dotdot() {
    assert_name_refused("acme/pay/../../../etc/passwd", "name-dot-segment");
    assert_name_refused("../evil", "name-dot-segment");
    assert_name_refused("acme/pay/..", "name-dot-segment");
}

#[test]
fn s1_dot() {
    assert_name_refused("./acme/pay/x.js", "name-dot-segment");
    assert_name_refused("acme/./pay/x.js", "name-dot-segment");
}

#[test]
fn s1_dotdot_after_normalisation() {
    // Two-dot leader: NFKC makes two full stops of it.
    assert_name_refused("acme/pay/\u{2025}/x.js", "name-dot-segment");
    assert_name_refused("acme/pay/a\u{ff0f}b.js", "name-character");
}

#[test]
fn s1_backslash() {
    assert_name_refused("acme\\pay\\..\\..\\evil", "name-backslash");
    assert_name_refused("\\\\server\\share\\evil", "name-backslash");
}

#[test]
fn s1_absolute() {
    assert_name_refused("/etc/passwd", "name-absolute");
    assert_name_refused("//server/share/evil", "name-absolute");
}

#[test]
fn s1_drive() {
    assert_name_refused("C:/Windows/evil.dll", "name-drive");
    assert_name_refused("c:evil", "name-drive");
    assert_name_refused("acme/pay/x.js:stream", "name-character");
}

#[test]
fn s1_nul() {
    let zip = good_with(RawEntry::file("acme/pay/x.js\0.png", b"evil"));
    assert_refused(&zip, "name-nul", "acme/pay/x.js\\u{0}.png");
}

#[test]
fn s1_control_and_invisible_characters() {
    let zip = good_with(RawEntry::file("acme/pay/a\r\nb", b"evil"));
    assert_refused(&zip, "name-control", "acme/pay/a\\u{d}\\u{a}b");
    let zip = good_with(RawEntry::file("acme/pay/gpj.\u{202e}exe", b"evil"));
    assert_refused(&zip, "name-control", "acme/pay/gpj.\\u{202e}exe");
}

#[test]
fn s1_empty_segment() {
    assert_name_refused("acme//pay/x.js", "name-empty-segment");
    assert_name_refused("", "name-empty-segment");
}

#[test]
fn s1_trailing_dot_or_space() {
    assert_name_refused("acme/pay/x.js.", "name-trailing");
    assert_name_refused("acme/pay /x.js", "name-trailing");
}

#[test]
fn s1_reserved_on_windows() {
    for name in ["acme/pay/CON", "acme/pay/nul.txt", "acme/pay/com1.js", "acme/pay/LPT¹", "acme/Aux/x"] {
        assert_name_refused(name, "name-reserved");
    }
}

#[test]
fn s1_not_utf8() {
    let zip = good_with(RawEntry::named(b"acme/pay/\xff\xfe.js", b"evil"));
    assert_refused(&zip, "name-encoding", "acme/pay/\u{fffd}\u{fffd}.js");
}

#[test]
fn s5_long_name() {
    let name = format!("acme/pay/{}", "x".repeat(400));
    let shown = format!("{}…", &name[..200]);
    assert_refused(&good_with(RawEntry::file(&name, b"evil")), "name-too-long", &shown);
}

#[test]
fn s5_deep_name() {
    assert_name_refused(&format!("acme/pay/{}", "x/".repeat(30)), "name-too-deep");
}

#[test]
fn s1_duplicate() {
    let path = "acme/pay/auth.js";
    assert_refused(&good_with(RawEntry::file(path, b"evil")), "duplicate-path", path);
}

#[test]
fn s1_duplicate_folder() {
    let mut entries = good_entries();
    entries.extend([RawEntry::folder("acme/pay/lib/"), RawEntry::folder("acme/pay/lib/")]);
    assert_refused(&RawZip::of(entries).bytes(), "duplicate-path", "acme/pay/lib");
}

#[test]
fn s1_casefold_duplicate() {
    let zip = good_with(RawEntry::file("acme/pay/AUTH.js", b"evil"));
    assert_refused(&zip, "name-collision", "acme/pay/AUTH.js");
    let mut entries = good_entries();
    entries.extend([RawEntry::file("acme/pay/straße.js", b"a"), RawEntry::file("acme/pay/STRASSE.js", b"b")]);
    assert_refused(&RawZip::of(entries).bytes(), "name-collision", "acme/pay/STRASSE.js");
}

#[test]
fn s1_casefold_folder() {
    let zip = good_with(RawEntry::file("acme/PAY/x.js", b"evil"));
    assert_refused(&zip, "name-collision", "acme/PAY/x.js");
}

#[test]
fn s1_nfc_duplicate() {
    let mut entries = good_entries();
    entries.extend([RawEntry::file("acme/pay/é.js", b"a"), RawEntry::file("acme/pay/e\u{301}.js", b"b")]);
    assert_refused(&RawZip::of(entries).bytes(), "name-collision", "acme/pay/e\u{301}.js");
}

#[test]
fn s1_file_and_directory() {
    let zip = good_with(RawEntry::file("acme/pay/auth.js/x.js", b"evil"));
    assert_refused(&zip, "file-and-folder", "acme/pay/auth.js/x.js");
    assert_refused(&good_with(RawEntry::file("acme/pay/core", b"evil")), "file-and-folder", "acme/pay/core");
}

#[test]
fn every_bad_name_is_reported_at_once() {
    let mut entries = good_entries();
    entries.extend([RawEntry::file("../a", b""), RawEntry::file("/b", b""), RawEntry::file("c\\d", b"")]);
    let codes: Vec<_> = super::refused(&RawZip::of(entries).bytes()).into_iter().map(|f| f.code).collect();
    assert_eq!(codes, ["name-dot-segment", "name-absolute", "name-backslash"]);
}
