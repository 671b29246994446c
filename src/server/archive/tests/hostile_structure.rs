//! Zips that lie about what they hold, or hold more than they say (S1 to S5).

use super::raw::{Header, RawEntry, RawZip, end_record};
use super::{assert_refused, good_entries, good_files, good_with, refused_under};
use crate::server::archive::{Limits, pack};

const EVIL: &str = "acme/pay/evil.js";

fn evil(change: impl FnOnce(&mut RawEntry)) -> Vec<u8> {
    good_with(RawEntry::file(EVIL, b"evil").with(change))
}

fn good() -> RawZip {
    RawZip::of(good_entries())
}

#[test]
fn s1_symlink_direct() {
    assert_refused(&evil(|entry| entry.attributes = 0o120_777 << 16), "symlink", EVIL);
}

#[test]
fn s1_symlink_chained_and_absolute() {
    let link = |name: &str, target: &[u8]| RawEntry::file(name, target).with(|e| e.attributes = 0o120_777 << 16);
    let mut entries = good_entries();
    entries.extend([
        link("acme/pay/one", b"/"),
        link("acme/pay/two", b"one/etc"),
        link("acme/pay/three", b"../../../.."),
    ]);
    let findings = super::refused(&RawZip::of(entries).bytes());
    assert_eq!(findings.iter().filter(|finding| finding.code == "symlink").count(), 3, "{findings:?}");
}

#[test]
fn s1_symlink_to_folder_then_file_through_it() {
    let mut entries = good_entries();
    entries.push(RawEntry::file("acme/pay/out", b"/tmp").with(|entry| entry.attributes = 0o120_777 << 16));
    entries.push(RawEntry::file("acme/pay/out/evil", b"evil"));
    assert_refused(&RawZip::of(entries).bytes(), "symlink", "acme/pay/out");
}

#[test]
fn s1_symlink_by_another_system() {
    // The system that packed it is no excuse: some readers look at the mode in any case.
    let mut zip = evil(|entry| entry.attributes = 0o120_777 << 16);
    let at = zip.windows(4).rposition(|w| w == b"PK\x01\x02").expect("a list");
    zip[at + 5] = 0;
    assert_refused(&zip, "symlink", EVIL);
}

#[test]
fn s1_overlap() {
    let mut entries = good_entries();
    // Another name for the first entry's bytes.
    entries.push(RawEntry { is_listed_only: true, offset: Some(0), name: EVIL.into(), ..entries[0].clone() });
    assert_refused(&RawZip::of(entries).bytes(), "overlapping-entries", "acme/pay/bundle.json");
}

#[test]
fn s5_overlap_quoted_header() {
    // A bomb's entry that holds the next entry's header as part of its own data (Fifield 2019).
    let mut entries = good_entries();
    let outer = RawEntry::file("acme/pay/outer", b"abc").with(|entry| {
        entry.listed.packed = 40;
        entry.listed.size = 40;
    });
    entries.extend([outer, RawEntry::file("acme/pay/inner", b"def")]);
    assert_refused(&RawZip::of(entries).bytes(), "overlapping-entries", "acme/pay/outer");
}

#[test]
fn s2_device() {
    for kind in [0o020_000, 0o060_000, 0o010_000, 0o140_000] {
        assert_refused(&evil(|entry| entry.attributes = (kind | 0o666) << 16), "special-file", EVIL);
    }
}

#[test]
fn s2_setuid() {
    for bit in [0o4000, 0o2000] {
        assert_refused(&evil(|entry| entry.attributes = (0o100_755 | bit) << 16), "setuid", EVIL);
    }
}

#[test]
fn s2_kind_contradicts_name() {
    assert_refused(&evil(|entry| entry.attributes = 0o040_755 << 16), "file-and-folder", EVIL);
    assert_refused(&evil(|entry| entry.attributes = 0x10), "file-and-folder", EVIL);
    let folder = RawEntry::folder("acme/pay/lib/").with(|entry| entry.attributes = 0o100_644 << 16);
    assert_refused(&good_with(folder), "file-and-folder", "acme/pay/lib/");
}

#[test]
fn s2_folder_with_data() {
    let folder = RawEntry { attributes: 0, ..RawEntry::file("acme/pay/lib/", b"evil") };
    assert_refused(&good_with(folder), "folder-with-data", "acme/pay/lib/");
}

#[test]
fn s3_huge_declared_size() {
    let size = u32::MAX - 1;
    let zip = evil(|entry| entry.listed = Header { method: 8, size, ..entry.listed });
    assert_refused(&zip, "entry-too-large", EVIL);
}

#[test]
fn s3_symlink_with_huge_declared_size() {
    // 112 bytes that made a server ask for all memory there is (RUSTSEC-2026-0429).
    let link = RawEntry::file("a", b"").with(|entry| {
        entry.attributes = 0o120_777 << 16;
        entry.listed.size = u32::MAX;
    });
    let codes: Vec<_> = super::refused(&RawZip::of([link]).bytes()).into_iter().map(|f| f.code).collect();
    assert!(codes.contains(&"symlink".to_owned()), "{codes:?}");
}

#[test]
fn s3_zip64_lies() {
    assert_refused(&evil(|entry| entry.listed.size = u32::MAX), "zip64", EVIL);
    let locator = [b"PK\x06\x07".as_slice(), &[0xff; 16]].concat();
    assert_refused(&RawZip { before_end: locator, ..good() }.bytes(), "zip64", "");
    assert_refused(&RawZip { count: Some(u16::MAX), ..good() }.bytes(), "zip64", "");
    assert_refused(&RawZip { list_offset: Some(u32::MAX), ..good() }.bytes(), "zip64", "");
}

#[test]
fn s3_size_is_more_or_less_than_stated() {
    for size in [1, 3, 100] {
        let zip = good_with(RawEntry::file(EVIL, b"evil").streamed().with(|entry| {
            entry.listed.size = size;
            entry.after = entry.descriptor();
        }));
        assert_refused(&zip, "damaged-entry", EVIL);
    }
}

#[test]
fn s4_tar() {
    let mut tar = vec![0; 1024];
    tar[..5].copy_from_slice(b"acme/");
    tar[257..262].copy_from_slice(b"ustar");
    assert_refused(&tar, "not-a-zip", "");
}

#[test]
fn s4_other_kinds_are_named() {
    for (head, word) in [
        (b"\x1f\x8b\x08\0".as_slice(), "gzip"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b" \n<!DOCTYPE html><html>", "web page"),
        (b"{\"error\":1}", "JSON"),
    ] {
        let findings = super::refused(head);
        assert_eq!(findings[0].code, "not-a-zip");
        assert!(findings[0].message.contains(word), "{}", findings[0].message);
    }
    assert_refused(b"hello", "not-a-zip", "");
}

#[test]
fn s4_empty_and_truncated() {
    assert_refused(b"", "empty-file", "");
    assert_refused(&RawZip::default().bytes(), "empty-archive", "");
    let zip = good().bytes();
    assert_refused(&zip[..zip.len() / 2], "truncated", "");
    assert_refused(&zip[..zip.len() - 1], "truncated", "");
    assert_refused(&zip[..4], "truncated", "");
}

#[test]
fn s5_bomb_ratio() {
    let mut files: Vec<_> = good_files().into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect();
    files.push((EVIL.to_owned(), vec![0; 4 << 20]));
    let mut zip = std::io::Cursor::new(Vec::new());
    pack(files, &mut zip).expect("packs");
    assert_refused(&zip.into_inner(), "compression-ratio", EVIL);
}

#[test]
fn s5_too_many_entries() {
    let limits = Limits { entries: 5, ..Limits::default() };
    let findings = refused_under(&evil(|_| ()), &limits);
    assert_eq!(findings[0].code, "too-many-entries");
}

#[test]
fn s5_more_entries_than_stated() {
    assert_refused(&RawZip { count: Some(2), ..good() }.bytes(), "unreliable-directory", "");
    assert_refused(&RawZip { count: Some(9_999), ..good() }.bytes(), "unreliable-directory", "");
}

#[test]
fn s5_unpacked_total() {
    let limits = Limits { unpacked_bytes: 100, ..Limits::default() };
    assert_eq!(refused_under(&good().bytes(), &limits)[0].code, "unpacked-too-large");
}

#[test]
fn s5_entry_size() {
    let limits = Limits { entry_bytes: 20, ..Limits::default() };
    assert!(refused_under(&good().bytes(), &limits).iter().all(|finding| finding.code == "entry-too-large"));
}

#[test]
fn s5_encrypted() {
    for flag in [1, 1 << 6, 1 << 13] {
        assert_refused(&evil(|entry| entry.listed.flags = flag), "encrypted", EVIL);
    }
}

#[test]
fn s5_method() {
    for method in [1, 6, 9, 12, 14, 93, 95, 98, 99] {
        assert_refused(&evil(|entry| entry.listed.method = method), "compression-method", EVIL);
    }
}

#[test]
fn s5_local_differs_from_central() {
    let zip = evil(|entry| entry.local_name = Some(b"acme/pay/other.js".to_vec()));
    assert_refused(&zip, "headers-disagree", EVIL);
    for change in [
        (|header| header.method = 8) as fn(&mut Header),
        |header| header.size = 3,
        |header| header.packed = 3,
        |header| header.crc = 3,
        |header| header.flags = 8,
        |header| header.flags = 1,
    ] {
        let zip = evil(|entry| {
            let mut local = entry.listed;
            change(&mut local);
            entry.local = Some(local);
        });
        assert_refused(&zip, "headers-disagree", EVIL);
    }
}

#[test]
fn s5_stored_sizes_differ() {
    assert_refused(&evil(|entry| entry.listed.size = 3), "headers-disagree", EVIL);
}

#[test]
fn s5_descriptor_mismatch() {
    for at in [4, 8, 12] {
        let zip = good_with(RawEntry::file(EVIL, b"evil").streamed().with(|entry| entry.after[at] ^= 1));
        assert_refused(&zip, "descriptor-mismatch", EVIL);
    }
}

#[test]
fn s5_descriptor_missing() {
    let zip = good_with(RawEntry::file(EVIL, b"evil").streamed().with(|entry| entry.after.clear()));
    assert_refused(&zip, "unlisted-bytes", EVIL);
}

#[test]
fn s5_second_name() {
    let mut extra = vec![0x75, 0x70, 9, 0, 1, 0, 0, 0, 0];
    extra.extend(b"evil");
    assert_refused(&evil(|entry| entry.extra = extra), "second-name", EVIL);
}

#[test]
fn s5_unlisted_entry() {
    let mut entries = good_entries();
    entries.insert(1, RawEntry { is_unlisted: true, ..RawEntry::file(EVIL, b"evil") });
    assert_refused(&RawZip::of(entries).bytes(), "unlisted-bytes", "acme/pay/bundle.json");
}

#[test]
fn s5_listed_entry_is_missing() {
    let entry = RawEntry { offset: Some(u32::MAX - 1), is_listed_only: true, ..RawEntry::file(EVIL, b"evil") };
    assert_refused(&good_with(entry), "unlisted-bytes", "acme/pay/core/Send/Send.js");
    // The second entry's header has another signature.
    let mut zip = good().bytes();
    let second = zip.windows(4).skip(1).position(|window| window == b"PK\x03\x04").expect("a second entry") + 1;
    zip[second + 2] = 9;
    assert_refused(&zip, "missing-entry", "acme/pay/service.json");
}

#[test]
fn s5_bytes_before_and_after() {
    // A zip that is also a program, and one that is also something else at its end.
    let zip = RawZip { before: b"PK\x03\x04#!/bin/sh".to_vec(), ..good() }.bytes();
    assert_refused(&zip, "unlisted-bytes", "acme/pay/bundle.json");
    assert_refused(&RawZip { after: b"tail".to_vec(), ..good() }.bytes(), "trailing-bytes", "");
    assert_refused(&RawZip { before_end: b"tail".to_vec(), ..good() }.bytes(), "unreliable-directory", "");
}

#[test]
fn s5_two_end_records() {
    // The comment is an end record as well: readers from the front see another archive.
    let zip = RawZip { comment: end_record(0, 0, 0, 0), ..good() }.bytes();
    assert_refused(&zip, "unreliable-directory", "");
    let whole = RawZip::of([RawEntry::file(EVIL, b"evil")]).bytes();
    assert_refused(&RawZip { comment: whole, ..good() }.bytes(), "unreliable-directory", "");
}

#[test]
fn s5_checksum() {
    let zip = evil(|entry| entry.listed.crc ^= 1);
    assert_refused(&zip, "damaged-entry", EVIL);
}

#[test]
fn s5_broken_deflate() {
    let zip = good_with(RawEntry::file(EVIL, b"evil").streamed().with(|entry| entry.data[0] = 7));
    assert_refused(&zip, "damaged-entry", EVIL);
}

#[test]
fn s8_archive_size() {
    let limits = Limits { archive_bytes: 100, ..Limits::default() };
    assert_eq!(refused_under(&good().bytes(), &limits)[0].code, "archive-too-large");
}

#[test]
fn findings_are_capped() {
    let mut entries = good_entries();
    entries.extend((0..300).map(|n| RawEntry::file(&format!("../{n}"), b"")));
    let findings = super::refused(&RawZip::of(entries).bytes());
    assert_eq!(findings.len(), 201);
    let last = &findings[200];
    assert_eq!(last.code, "more-findings");
    assert!(last.message.contains("100"), "{}", last.message);
}
