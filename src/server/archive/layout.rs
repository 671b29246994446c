//! Compares every entry with its own header, and accounts for every byte of the archive.
//!
//! Readers that go from the front of a zip see the entries' own headers, others see the list at
//! its end. Both must see the same files (S5): the same names and sizes, one after the other, with
//! nothing over, between or before them.

use std::io::{Read, Seek};

use crate::domain::finding::Finding;

use super::directory::{Directory, Fields, Record, is_renamed, read_at};
use super::report::{Report, shown};

/// The entry's sizes and checksum follow its data instead of preceding it (bit 3).
const DESCRIPTOR: u16 = 1 << 3;
/// Bits that both headers must agree on: encryption and everything else that changes how data or
/// names are read. Bits 1 and 2 only say how hard the packer tried.
const SHARED_FLAGS: u16 = !0b110;

const LOCAL_SIGNATURE: [u8; 4] = *b"PK\x03\x04";
const LOCAL_BYTES: u64 = 30;
const DESCRIPTOR_SIGNATURE: [u8; 4] = *b"PK\x07\x08";

/// Reports every entry whose header contradicts the list, or whose bytes are not its own.
///
/// # Errors
/// Only those of the disk.
pub(super) fn check<R: Read + Seek>(
    archive: &mut R,
    directory: &Directory,
    report: &mut Report,
) -> std::io::Result<()> {
    let mut by_offset: Vec<&Record> = directory.records.iter().collect();
    by_offset.sort_by_key(|record| record.header);
    let mut expected = 0;
    for (position, record) in by_offset.iter().enumerate() {
        let header = u64::from(record.header);
        if header != expected {
            report.problem(misplaced(record, header < expected));
            // Every later offset would be off as well.
            return Ok(());
        }
        let next = by_offset.get(position + 1).map_or(directory.start, |next| next.header.into());
        match check_one(archive, record, next, directory.start)? {
            Ok(()) => expected = next,
            Err(finding) => {
                report.problem(finding);
                return Ok(());
            }
        }
    }
    Ok(())
}

fn misplaced(record: &Record, overlaps: bool) -> Finding {
    let path = shown(&record.raw_name);
    if overlaps {
        let message = "This file shares bytes with another one. Pack the module again.";
        Finding::at("overlapping-entries", &path, message)
    } else {
        let message = "Unlisted bytes come before this file. Pack the module again.";
        Finding::at("unlisted-bytes", &path, message)
    }
}

/// Checks one entry, whose bytes end where the `next` one's begin.
fn check_one<R: Read + Seek>(
    archive: &mut R,
    record: &Record,
    next: u64,
    list_start: u64,
) -> std::io::Result<Result<(), Finding>> {
    let path = shown(&record.raw_name);
    let header = u64::from(record.header);
    let missing = || {
        let message = "The list at the end of this zip names this file, but it is not there.";
        Finding::at("missing-entry", &path, message)
    };
    if header + LOCAL_BYTES > list_start {
        return Ok(Err(missing()));
    }
    let fixed = read_at(archive, header, LOCAL_BYTES)?;
    let Some(local) = Local::read(&fixed) else {
        return Ok(Err(missing()));
    };
    let names = header + LOCAL_BYTES;
    let data = names + local.name_bytes + local.extra_bytes;
    if data > list_start {
        return Ok(Err(missing()));
    }
    let name = read_at(archive, names, local.name_bytes)?;
    let extra = read_at(archive, names + local.name_bytes, local.extra_bytes)?;
    if let Some(what) = local.difference(record, &name) {
        let message = format!(
            "Its own header and the list at the end of the zip disagree about this file's {what}. \
             Pack the module again."
        );
        return Ok(Err(Finding::at("headers-disagree", &path, message)));
    }
    if record.renamed || is_renamed(&extra, &name) {
        let message = "This file has a second, different name. Pack the module again.";
        return Ok(Err(Finding::at("second-name", &path, message)));
    }
    let data_end = data + u64::from(record.packed);
    let Some(gap) = next.checked_sub(data_end) else {
        return Ok(Err(misplaced(record, true)));
    };
    if record.flags & DESCRIPTOR == 0 {
        return Ok(if gap == 0 { Ok(()) } else { Err(after(&path)) });
    }
    // Bounded: a longer gap is refused unread.
    match gap {
        0 if record.packed == 0 && record.size == 0 && record.crc == 0 => Ok(Ok(())),
        12 | 16 => {
            let bytes = read_at(archive, data_end, gap)?;
            Ok(check_descriptor(&bytes, record, &path))
        }
        _ => Ok(Err(after(&path))),
    }
}

fn after(path: &str) -> Finding {
    let message = "Unlisted bytes follow this file. Pack the module again.";
    Finding::at("unlisted-bytes", path, message)
}

/// Compares the numbers after the data with the list. The signature before them is optional.
fn check_descriptor(bytes: &[u8], record: &Record, path: &str) -> Result<(), Finding> {
    let numbers = match bytes.len() {
        12 => Some(bytes),
        _ => bytes.strip_prefix(&DESCRIPTOR_SIGNATURE),
    };
    let mut fields = Fields(numbers.unwrap_or_default());
    let same = (fields.u32(), fields.u32(), fields.u32()) == (Some(record.crc), Some(record.packed), Some(record.size));
    if same {
        return Ok(());
    }
    let message = "The sizes or the checksum after this file's data differ from those in the list \
                   at the end of the zip. Pack the module again.";
    Err(Finding::at("descriptor-mismatch", path, message))
}

/// An entry's own header.
struct Local {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    name_bytes: u64,
    extra_bytes: u64,
}

impl Local {
    fn read(fixed: &[u8]) -> Option<Self> {
        let mut fields = Fields(fixed);
        if fields.bytes(4)? != LOCAL_SIGNATURE {
            return None;
        }
        let _needed = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _modified = fields.u32()?;
        let (crc, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name_bytes, extra_bytes) = (fields.u16()?.into(), fields.u16()?.into());
        Some(Self { flags, method, crc, packed, size, name_bytes, extra_bytes })
    }

    /// What this header says differently from the list.
    fn difference(&self, record: &Record, name: &[u8]) -> Option<&'static str> {
        // With a descriptor the sizes may be left out here, but when given they must be true.
        let left_out = self.flags & DESCRIPTOR != 0 && (self.crc, self.packed, self.size) == (0, 0, 0);
        if name != record.raw_name {
            Some("name")
        } else if self.method != record.method {
            Some("compression")
        } else if (self.flags ^ record.flags) & SHARED_FLAGS != 0 {
            Some("kind of storage")
        } else if !left_out && (self.crc, self.packed, self.size) != (record.crc, record.packed, record.size) {
            Some("size or checksum")
        } else {
            None
        }
    }
}
