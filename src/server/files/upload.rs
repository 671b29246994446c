//! Bytes on their way in: in a temporary file of their own, counted and hashed, never over the limit.

use std::{
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

use md5::{Digest, Md5};
use tempfile::{NamedTempFile, TempPath};

use crate::server::{
    catalogue::hex,
    error::{Result, ServerError},
};

/// What has come so far. Dropping it deletes the bytes.
#[derive(Debug)]
pub struct Upload {
    file: NamedTempFile,
    hasher: Md5,
    length: u64,
    limit: u64,
}

impl Upload {
    pub(super) fn begin(folder: &Path, limit: u64) -> Result<Self> {
        Ok(Self { file: NamedTempFile::new_in(folder)?, hasher: Md5::new(), length: 0, limit })
    }

    /// Adds bytes: at most a few hundred kilobytes, which go into the page cache.
    ///
    /// # Errors
    /// [`ServerError::TooLarge`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let length = self.length + bytes.len() as u64;
        if length > self.limit {
            return Err(ServerError::TooLarge { limit: self.limit });
        }
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.length = length;
        Ok(())
    }

    /// Bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Copies what has come into another file, from this byte on. Blocks.
    pub(super) fn copy_to(&mut self, to: &mut std::fs::File, at: u64) -> Result<()> {
        self.file.as_file_mut().seek(SeekFrom::Start(0))?;
        to.seek(SeekFrom::Start(at))?;
        std::io::copy(self.file.as_file_mut(), to)?;
        Ok(())
    }

    /// An upload of what lies in a file already. Blocks.
    pub(super) fn of(mut file: NamedTempFile) -> Result<Self> {
        let mut hasher = Md5::new();
        let mut buffer = vec![0; 64 * 1024];
        let mut length = 0;
        file.as_file_mut().seek(SeekFrom::Start(0))?;
        loop {
            let read = file.as_file_mut().read(&mut buffer)?;
            if read == 0 {
                return Ok(Self { file, hasher, length, limit: length });
            }
            hasher.update(&buffer[..read]);
            length += read as u64;
        }
    }

    /// Where the bytes are, their number and their MD5; the file goes with its path.
    pub(super) fn end(self) -> (TempPath, u64, String) {
        (self.file.into_temp_path(), self.length, hex(&self.hasher.finalize()))
    }
}
