//! Finds and reads a zip's list of entries: the end record and the central directory.
//!
//! Only one reading of the list is accepted. Where the format leaves room for two readers to see
//! two different archives (APPNOTE 4.3.16, 4.3.12), the archive is refused.

use std::io::{Read, Seek, SeekFrom};

use crate::domain::finding::Finding;

use super::limits::Limits;
use super::report::CheckError;
use super::sniff;

/// The list of a zip's entries, as the zip declares them.
pub(super) struct Directory {
    /// Offset of the list: entries end before it.
    pub(super) start: u64,
    /// In the list's order.
    pub(super) records: Vec<Record>,
}

/// One entry as the list declares it. Nothing here is trusted yet.
pub(super) struct Record {
    /// Position in the list.
    pub(super) index: usize,
    pub(super) raw_name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u32,
    pub(super) size: u32,
    /// Unix mode in the upper half, DOS attributes in the lower.
    pub(super) attributes: u32,
    /// Offset of the entry's own header.
    pub(super) header: u32,
    pub(super) disk: u16,
    /// An extra field gives the entry a second name.
    pub(super) renamed: bool,
}

const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
const END_BYTES: usize = 22;
const LOCATOR64_SIGNATURE: [u8; 4] = *b"PK\x06\x07";
const LOCATOR64_BYTES: usize = 20;
const RECORD_SIGNATURE: [u8; 4] = *b"PK\x01\x02";
const RECORD_BYTES: u64 = 46;
const COMMENT_MAX: usize = u16::MAX as usize;

/// Reads the list of entries of `archive`.
///
/// # Errors
/// A single finding when the file is no zip, is cut short, or can be read in two ways.
pub(super) fn read<R: Read + Seek>(archive: &mut R, limits: &Limits) -> Result<Directory, CheckError> {
    let length = archive.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Err(Finding::archive("empty-file", "This file is empty.").into());
    }
    if length > limits.archive_bytes {
        let message = format!(
            "This archive has {length} bytes; at most {} are allowed. Leave out what the module \
             does not need, such as node_modules and test data.",
            limits.archive_bytes
        );
        return Err(Finding::archive("archive-too-large", message).into());
    }
    let head = read_at(archive, 0, length.min(512))?;
    if let Some(message) = sniff::why_not_zip(&head) {
        return Err(Finding::archive("not-a-zip", message).into());
    }
    let tail_start = length.saturating_sub((END_BYTES + COMMENT_MAX + LOCATOR64_BYTES) as u64);
    let tail = read_at(archive, tail_start, length - tail_start)?;
    let end = End::find(&tail, tail_start)?;
    if u64::from(end.entries) > limits.entries {
        let message =
            format!("This archive lists {} files and folders; at most {} are allowed.", end.entries, limits.entries);
        return Err(Finding::archive("too-many-entries", message).into());
    }
    if end.entries == 0 {
        return Err(Finding::archive("empty-archive", "This zip holds no files.").into());
    }
    // Bounded by the file's real length: `find` has checked that the list lies inside it.
    let list = read_at(archive, u64::from(end.start), u64::from(end.bytes))?;
    let records = read_records(&list, end.entries)
        .ok_or_else(|| ambiguous("its list of files is damaged or does not hold as many as it says"))?;
    Ok(Directory { start: u64::from(end.start), records })
}

/// The end record: where the list is, and how many entries it has.
struct End {
    entries: u16,
    bytes: u32,
    start: u32,
}

impl End {
    /// Finds the one end record in `tail`, the file's last bytes, which begin at `tail_start`.
    fn find(tail: &[u8], tail_start: u64) -> Result<Self, CheckError> {
        let mut candidates =
            tail.windows(END_BYTES).enumerate().rev().filter(|(_, window)| window.starts_with(&END_SIGNATURE));
        let Some((at, record)) = candidates.next() else {
            return Err(Finding::archive(
                "truncated",
                "The end of this zip is missing. Probably the file was not copied or downloaded \
                 completely.",
            )
            .into());
        };
        let reaches =
            |at: usize, record: &[u8]| at + END_BYTES + usize::from(u16::from_le_bytes([record[20], record[21]]));
        match reaches(at, record) {
            end if end < tail.len() => {
                return Err(Finding::archive(
                    "trailing-bytes",
                    "Something follows the end of this zip. Pack it again.",
                )
                .into());
            }
            end if end > tail.len() => {
                return Err(Finding::archive(
                    "truncated",
                    "The comment at the end of this zip is cut short. Pack it again.",
                )
                .into());
            }
            _ => {}
        }
        // An end record inside another one's comment: readers disagree about which one counts.
        if candidates.any(|(at, record)| reaches(at, record) == tail.len()) {
            return Err(ambiguous("it has two lists of files").into());
        }
        let located64 = at >= LOCATOR64_BYTES && tail[at - LOCATOR64_BYTES..].starts_with(&LOCATOR64_SIGNATURE);
        let mut fields = Fields(record);
        let end = fields.u32().and_then(|_signature| {
            let (disk, first_disk) = (fields.u16()?, fields.u16()?);
            let (here, entries) = (fields.u16()?, fields.u16()?);
            let (bytes, start) = (fields.u32()?, fields.u32()?);
            Some((disk | first_disk, here, Self { entries, bytes, start }))
        });
        let Some((disks, here, end)) = end else {
            return Err(ambiguous("its end is damaged").into());
        };
        if located64 || end.entries == u16::MAX || end.bytes == u32::MAX || end.start == u32::MAX {
            return Err(zip64().into());
        }
        if disks != 0 || here != end.entries {
            return Err(ambiguous("it is one part of a split archive").into());
        }
        let list_end = u64::from(end.start) + u64::from(end.bytes);
        if list_end != tail_start + at as u64 {
            return Err(ambiguous("its list of files is not where it says").into());
        }
        // Refuse counts that the list has no room for before anything is done with them.
        if u64::from(end.entries) * RECORD_BYTES > u64::from(end.bytes) {
            return Err(ambiguous("its list of files is shorter than it says").into());
        }
        Ok(end)
    }
}

fn ambiguous(why: &str) -> Finding {
    let message = format!("This zip cannot be read reliably: {why}. Pack it again with an ordinary zip tool.");
    Finding::archive("unreliable-directory", message)
}

/// The finding for ZIP64, which lets two sets of sizes contradict each other (S3).
fn zip64() -> Finding {
    Finding::archive(
        "zip64",
        "This archive is in the ZIP64 form, which is for archives of more than 4 GB. Pack it \
         again as an ordinary zip.",
    )
}

fn read_records(list: &[u8], entries: u16) -> Option<Vec<Record>> {
    let mut fields = Fields(list);
    let mut records = Vec::new();
    for index in 0..usize::from(entries) {
        records.push(read_record(&mut fields, index)?);
    }
    fields.0.is_empty().then_some(records)
}

fn read_record(fields: &mut Fields<'_>, index: usize) -> Option<Record> {
    if fields.bytes(4)? != RECORD_SIGNATURE {
        return None;
    }
    let (_made_by, _needed) = (fields.u16()?, fields.u16()?);
    let (flags, method) = (fields.u16()?, fields.u16()?);
    let _modified = fields.u32()?;
    let (crc, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let (disk, _internal) = (fields.u16()?, fields.u16()?);
    let (attributes, header) = (fields.u32()?, fields.u32()?);
    let raw_name = fields.bytes(name.into())?.to_vec();
    let renamed = is_renamed(fields.bytes(extra.into())?, &raw_name);
    fields.bytes(comment.into())?;
    Some(Record { index, raw_name, flags, method, crc, packed, size, attributes, header, disk, renamed })
}

/// True when an extra field holds another name (Info-ZIP Unicode Path, APPNOTE 4.6.9), which some
/// readers prefer to the plain one.
pub(super) fn is_renamed(extra: &[u8], raw_name: &[u8]) -> bool {
    const UNICODE_PATH: u16 = 0x7075;
    let mut fields = Fields(extra);
    while let (Some(id), Some(length)) = (fields.u16(), fields.u16()) {
        let Some(value) = fields.bytes(length.into()) else {
            break;
        };
        // A version byte and the checksum of the plain name come before the other name.
        if id == UNICODE_PATH && value.get(5..) != Some(raw_name) {
            return true;
        }
    }
    false
}

/// Reads exactly `length` bytes at `offset`. The caller has compared both with the file's length.
pub(super) fn read_at<R: Read + Seek>(archive: &mut R, offset: u64, length: u64) -> std::io::Result<Vec<u8>> {
    archive.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    archive.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// Little-endian numbers off the front of a slice.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_le_bytes(*bytes))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }
}
