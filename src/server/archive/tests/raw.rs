//! Builds zips byte by byte, so that every field can lie.

/// One entry of a [`RawZip`]. Fields of the list at the end are those of the entry's own header unless `local`
/// changes that one.
#[derive(Clone)]
pub struct RawEntry {
    pub name: Vec<u8>,
    pub data: Vec<u8>,
    pub listed: Header,
    /// The entry's own header, when it differs.
    pub local: Option<Header>,
    pub local_name: Option<Vec<u8>>,
    pub attributes: u32,
    pub extra: Vec<u8>,
    /// Bytes between this entry's data and the next header.
    pub after: Vec<u8>,
    /// Where the list says that the entry is, when it lies.
    pub offset: Option<u32>,
    /// Leave out the entry itself: only the list has it.
    pub is_listed_only: bool,
    /// Leave it out of the list: only the entry is there.
    pub is_unlisted: bool,
}

#[derive(Clone, Copy)]
pub struct Header {
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed: u32,
    pub size: u32,
}

impl RawEntry {
    /// A plain, honest, stored file.
    pub fn file(name: &str, data: &[u8]) -> Self {
        Self::named(name.as_bytes(), data)
    }

    pub fn named(name: &[u8], data: &[u8]) -> Self {
        let size = data.len() as u32;
        Self {
            name: name.to_vec(),
            data: data.to_vec(),
            listed: Header { flags: 0, method: 0, crc: crc32(data), packed: size, size },
            local: None,
            local_name: None,
            attributes: 0o100_644 << 16,
            extra: Vec::new(),
            after: Vec::new(),
            offset: None,
            is_listed_only: false,
            is_unlisted: false,
        }
    }

    pub fn folder(name: &str) -> Self {
        Self { attributes: 0o040_755 << 16 | 0x10, ..Self::file(name, b"") }
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Deflates the data (as one uncompressed block) and moves its sizes behind it, as clients that stream do.
    pub fn streamed(mut self) -> Self {
        let length = self.data.len() as u16;
        let mut deflated = vec![1];
        deflated.extend(length.to_le_bytes());
        deflated.extend((!length).to_le_bytes());
        deflated.append(&mut self.data);
        self.listed = Header { flags: 8, method: 8, packed: deflated.len() as u32, ..self.listed };
        self.local = Some(Header { crc: 0, packed: 0, size: 0, ..self.listed });
        self.data = deflated;
        self.after = self.descriptor();
        self
    }

    /// The honest numbers that follow streamed data.
    pub fn descriptor(&self) -> Vec<u8> {
        let mut bytes = b"PK\x07\x08".to_vec();
        for number in [self.listed.crc, self.listed.packed, self.listed.size] {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }
}

#[derive(Clone, Default)]
pub struct RawZip {
    pub entries: Vec<RawEntry>,
    pub before: Vec<u8>,
    /// Bytes between the list and the end record.
    pub before_end: Vec<u8>,
    pub comment: Vec<u8>,
    pub after: Vec<u8>,
    /// Number of entries that the end record states, when it lies.
    pub count: Option<u16>,
    /// Offset of the list that the end record states, when it lies.
    pub list_offset: Option<u32>,
}

impl RawZip {
    pub fn of(entries: impl IntoIterator<Item = RawEntry>) -> Self {
        Self { entries: entries.into_iter().collect(), ..Self::default() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.before.clone();
        let mut list = Vec::new();
        let mut count = 0;
        for entry in &self.entries {
            let offset = entry.offset.unwrap_or(out.len() as u32);
            if !entry.is_listed_only {
                let local = entry.local.unwrap_or(entry.listed);
                let name = entry.local_name.as_ref().unwrap_or(&entry.name);
                out.extend(b"PK\x03\x04\x14\0");
                write_header(&mut out, local, name.len(), entry.extra.len());
                out.extend(name);
                out.extend(&entry.extra);
                out.extend(&entry.data);
                out.extend(&entry.after);
            }
            if !entry.is_unlisted {
                count += 1;
                list.extend(b"PK\x01\x02\x14\x03\x14\0");
                write_header(&mut list, entry.listed, entry.name.len(), entry.extra.len());
                // No comment, first disk, no internal attributes.
                list.extend([0; 6]);
                list.extend(entry.attributes.to_le_bytes());
                list.extend(offset.to_le_bytes());
                list.extend(&entry.name);
                list.extend(&entry.extra);
            }
        }
        let list_offset = self.list_offset.unwrap_or(out.len() as u32);
        out.extend(&list);
        out.extend(&self.before_end);
        let count = self.count.unwrap_or(count);
        out.extend(end_record(count, list.len() as u32, list_offset, self.comment.len() as u16));
        out.extend(&self.comment);
        out.extend(&self.after);
        out
    }
}

fn write_header(out: &mut Vec<u8>, header: Header, name: usize, extra: usize) {
    out.extend(header.flags.to_le_bytes());
    out.extend(header.method.to_le_bytes());
    // 1980-01-01.
    out.extend([0, 0, 0x21, 0]);
    for number in [header.crc, header.packed, header.size] {
        out.extend(number.to_le_bytes());
    }
    out.extend((name as u16).to_le_bytes());
    out.extend((extra as u16).to_le_bytes());
}

pub fn end_record(count: u16, list_bytes: u32, list_offset: u32, comment_bytes: u16) -> Vec<u8> {
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(list_bytes.to_le_bytes());
    out.extend(list_offset.to_le_bytes());
    out.extend(comment_bytes.to_le_bytes());
    out
}

pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
