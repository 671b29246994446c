//! Packing and unpacking: the round trip, what is left out, cancelling, and what happens to the folder.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use super::raw::RawZip;
use super::{accepted, good_entries, good_files};
use crate::server::archive::{Limits, UnpackError, bundle_files, check_keeping, pack, unpack};

fn packed(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    pack(files, &mut out).expect("packs");
    out.into_inner()
}

fn owned_files() -> Vec<(String, Vec<u8>)> {
    good_files().into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect()
}

#[test]
fn round_trip() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let folder = outside.path().join("module");
    let zip = packed(owned_files());
    let checked = accepted(&zip);
    let mut steps = Vec::new();
    let go_on = |written| {
        steps.push(written);
        true
    };
    unpack(Cursor::new(&zip), &checked, &folder, go_on).expect("unpacks");
    for (path, bytes) in owned_files() {
        assert_eq!(fs::read(folder.join(&path)).expect("written"), bytes, "{path}");
    }
    assert_eq!(steps.last(), Some(&checked.unpacked_bytes));
    assert!(steps.is_sorted());
}

#[test]
fn what_the_check_has_kept_is_not_read_again() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let folder = outside.path().join("module");
    let zip = packed(owned_files());
    let size = accepted(&zip).unpacked_bytes;
    let keeping = |bytes| check_keeping(Cursor::new(&zip), &Limits::default(), bytes).expect("is accepted");
    let nothing = || Cursor::new(b"");
    assert!(unpack(nothing(), &keeping(size - 1), &folder, |_| true).is_err(), "too much to be kept");

    let stopped = unpack(nothing(), &keeping(size), &folder, |written| written < 100);
    assert!(matches!(stopped, Err(UnpackError::Cancelled)), "{stopped:?}");
    assert!(!folder.exists());

    unpack(nothing(), &keeping(size), &folder, |_| true).expect("unpacks");
    for (path, bytes) in owned_files() {
        assert_eq!(fs::read(folder.join(&path)).expect("written"), bytes, "{path}");
    }
}

#[cfg(unix)]
#[test]
fn s2_modes_are_never_the_archives() {
    use std::os::unix::fs::PermissionsExt;
    let outside = tempfile::tempdir().expect("a temporary folder");
    let folder = outside.path().join("module");
    let mut entries = good_entries();
    entries[0].attributes = 0o100_777 << 16;
    let zip = RawZip::of(entries).bytes();
    unpack(Cursor::new(&zip), &accepted(&zip), &folder, |_| true).expect("unpacks");
    let mode = |path: &Path| fs::metadata(path).expect("written").permissions().mode() & 0o7777;
    assert_eq!(mode(&folder.join("acme/pay/bundle.json")), 0o600);
    for path in ["", "acme", "acme/pay/core/Send"] {
        assert_eq!(mode(&folder.join(path)), 0o700, "{path}");
    }
}

#[test]
fn the_same_files_make_the_same_bytes() {
    let mut reversed = owned_files();
    reversed.reverse();
    assert_eq!(packed(owned_files()), packed(reversed));
}

#[test]
fn a_path_is_packed_once() {
    let twice = [("a/b/c".to_owned(), vec![]), ("a/b/c".to_owned(), vec![])];
    assert!(pack(twice, Cursor::new(Vec::new())).is_err());
}

#[test]
fn cancelling_leaves_nothing() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let folder = outside.path().join("module");
    let zip = packed(owned_files());
    let result = unpack(Cursor::new(&zip), &accepted(&zip), &folder, |written| written < 100);
    assert!(matches!(result, Err(UnpackError::Cancelled)), "{result:?}");
    assert!(!folder.exists());
}

#[test]
fn another_archive_than_the_checked_one() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let folder = outside.path().join("module");
    let checked = accepted(&packed(owned_files()));
    let mut other = owned_files();
    other[1].1.push(b' ');
    let result = unpack(Cursor::new(packed(other)), &checked, &folder, |_| true);
    assert!(matches!(result, Err(UnpackError::Changed)), "{result:?}");
    assert!(!folder.exists());
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let zip = packed(owned_files());
    unpack(Cursor::new(&zip), &accepted(&zip), folder.path(), |_| true).expect("an empty folder is taken over");
    let again = unpack(Cursor::new(&zip), &accepted(&zip), folder.path(), |_| true);
    assert!(matches!(again, Err(UnpackError::Io(_))), "{again:?}");
    assert!(folder.path().join("acme/pay/bundle.json").exists());
}

#[cfg(unix)]
#[test]
fn s1_a_linked_folder_is_not_followed() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let target = outside.path().join("target");
    fs::create_dir(&target).expect("created");
    let folder = outside.path().join("module");
    std::os::unix::fs::symlink(&target, &folder).expect("linked");
    let zip = packed(owned_files());
    assert!(unpack(Cursor::new(&zip), &accepted(&zip), &folder, |_| true).is_err());
    assert_eq!(target.read_dir().expect("readable").count(), 0);
}

/// Writes empty files into a fresh folder.
fn tree(paths: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    for path in paths {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("has one")).expect("created");
        fs::write(path, "x").expect("written");
    }
    root
}

fn names(root: &Path, bundle: &str) -> Vec<String> {
    bundle_files(root, Path::new(bundle)).expect("readable").into_iter().map(|file| file.name).collect()
}

const TREE: &[&str] = &[
    "acme/pay/service.json",
    "acme/pay/lib/shared.js",
    "acme/pay/package-lock.json",
    "acme/pay/node_modules/dep/index.js",
    "acme/pay/core/module.json",
    "acme/pay/core/Send/Send.js",
    "acme/pay/core/Send/node_modules/dep/index.js",
    "acme/pay/core/artifacts/openapi.json",
    "acme/pay/core/test-flow-send.json",
    "acme/pay/core/.git/HEAD",
    "acme/pay/core/.DS_Store",
    "acme/pay/core/.eslintrc.js",
    "acme/pay/other/module.json",
    "acme/pay/other/Evil/Evil.js",
    "acme/payments/service.json",
];

#[test]
fn a_modules_bundle_has_its_services_files() {
    let root = tree(TREE);
    let expected = [
        "acme/pay/core/.eslintrc.js",
        "acme/pay/core/Send/Send.js",
        "acme/pay/core/module.json",
        "acme/pay/lib/shared.js",
        "acme/pay/service.json",
    ];
    assert_eq!(names(root.path(), "acme/pay/core"), expected);
    let absolute = bundle_files(root.path(), &root.path().join("acme/pay/core")).expect("readable");
    assert_eq!(absolute.len(), expected.len());
    assert!(absolute.iter().all(|file| file.size == 1 && file.path.ends_with(&file.name)));
}

#[test]
fn a_services_bundle_has_all_its_modules() {
    let found = names(tree(TREE).path(), "acme/pay");
    assert_eq!(found.len(), 7);
    assert!(found.contains(&"acme/pay/other/Evil/Evil.js".to_owned()));
}

#[cfg(unix)]
#[test]
fn s1_links_are_not_packed() {
    let root = tree(TREE);
    let link = |target: &str, path: &str| std::os::unix::fs::symlink(target, root.path().join(path)).expect("linked");
    link("/etc/passwd", "acme/pay/core/passwd");
    link("/etc", "acme/pay/core/etc");
    link("pay", "acme/alias");
    assert_eq!(names(root.path(), "acme/pay/core").len(), 5);
    assert!(bundle_files(root.path(), Path::new("acme/alias")).is_err());
}

#[test]
fn s1_only_folders_of_bundles_are_packed() {
    let root = tree(TREE);
    for path in ["", "acme", "../acme/pay", "acme/../acme", "/etc/ssl", "acme/pay/core/Send", "acme/none"] {
        assert!(bundle_files(root.path(), Path::new(path)).is_err(), "{path} was packed");
    }
}
