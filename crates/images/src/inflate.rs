//! Inflating under a budget: declared sizes lie, so what comes out is counted.

use crate::ZipError;
use crate::plan::Archive;
use std::io::{Read as _, Write};
use types::limits::{CHUNK_BYTES_MAX, UNZIPPED_BYTES_MAX};

/// How many bytes all files together may still have.
pub(crate) struct Budget {
    left: u64,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { left: UNZIPPED_BYTES_MAX }
    }
    pub(crate) fn used(&self) -> u64 {
        UNZIPPED_BYTES_MAX - self.left
    }
    fn take(&mut self, bytes: usize) -> Result<(), ZipError> {
        let left = self.left.checked_sub(bytes as u64);
        self.left = left.ok_or(ZipError::UnzippedTooLarge { limit: UNZIPPED_BYTES_MAX })?;
        Ok(())
    }
}

/// Writes one entry's bytes; its checksum is checked at the end.
pub(crate) fn inflate(
    archive: &mut Archive<'_>,
    index: usize,
    budget: &mut Budget,
    into: &mut dyn Write,
) -> Result<(), ZipError> {
    // An encrypted entry and an unknown compression are refused here.
    let mut entry = archive.by_index(index).map_err(|error| ZipError::unreadable(error.to_string()))?;
    let mut buffer = vec![0; CHUNK_BYTES_MAX];
    loop {
        let count = entry.read(&mut buffer).map_err(|error| ZipError::unreadable(error.to_string()))?;
        if count == 0 {
            return Ok(());
        }
        budget.take(count)?;
        let failed = |error: std::io::Error| ZipError::Folder {
            path: String::from_utf8_lossy(entry.name_raw()).into_owned(),
            reason: error.to_string(),
        };
        into.write_all(&buffer[..count]).map_err(failed)?;
    }
}
