//! Copies of large files that are mostly zeros: memory of guests, file systems. Holes stay holes, and zeros become some.

use rustix::fs::SeekFrom;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

const PAGE_BYTES: usize = 4_096;
const BLOCK_BYTES: usize = 256 * PAGE_BYTES;

/// Copies into an empty file: holes and pages of zeros stay holes.
pub fn copy(from: &File, into: &File) -> io::Result<()> {
    into.set_len(from.metadata()?.len())?;
    copy_data(from, into, 0)
}

/// So much further behind in the other file.
fn copy_data(from: &File, into: &File, behind: u64) -> io::Result<()> {
    let size = from.metadata()?.len();
    let mut buffer = vec![0; BLOCK_BYTES];
    let mut at = 0;
    while let Some((start, end)) = next_data(from, at, size)? {
        at = start;
        while at < end {
            let want = usize::try_from((end - at).min(BLOCK_BYTES as u64)).map_err(io::Error::other)?;
            let block = buffer.get_mut(..want).unwrap_or_default();
            from.read_exact_at(block, at)?;
            write_pages(into, block, behind + at)?;
            at += want as u64;
        }
    }
    Ok(())
}

/// Runs of pages that are not all zeros, in as few writes as that takes.
fn write_pages(into: &File, block: &[u8], at: u64) -> io::Result<()> {
    let zeros = [0u8; PAGE_BYTES];
    let is_empty = |page: &[u8]| zeros.get(..page.len()) == Some(page);
    let (mut from, mut offset) = (0, 0);
    for page in block.chunks(PAGE_BYTES) {
        if is_empty(page) {
            into.write_all_at(block.get(from..offset).unwrap_or_default(), at + from as u64)?;
            from = offset + page.len();
        }
        offset += page.len();
    }
    into.write_all_at(block.get(from..offset).unwrap_or_default(), at + from as u64)
}

fn next_data(file: &File, from: u64, size: u64) -> io::Result<Option<(u64, u64)>> {
    if from >= size {
        return Ok(None);
    }
    let start = match rustix::fs::seek(file, SeekFrom::Data(from)) {
        Ok(start) => start,
        Err(rustix::io::Errno::NXIO) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let end = rustix::fs::seek(file, SeekFrom::Hole(start))?;
    Ok(Some((start, end.min(size))))
}

/// Copies to the end of another file.
pub fn append(from: &File, to: &File, at: u64) -> io::Result<()> {
    let size = from.metadata()?.len();
    to.set_len(at + size)?;
    copy_data(from, to, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn zeros_become_holes_and_everything_reads_as_before() {
        let file = tempfile::tempfile().unwrap();
        let mut bytes = vec![0u8; 3 * BLOCK_BYTES + 100];
        for at in [0, 5 * PAGE_BYTES + 7, BLOCK_BYTES + 1, 3 * BLOCK_BYTES + 99] {
            bytes[at] = 1;
        }
        file.write_all_at(&bytes, 0).unwrap();
        let into = tempfile::tempfile().unwrap();
        copy(&file, &into).unwrap();
        let mut after = vec![0; bytes.len()];
        into.read_exact_at(&mut after, 0).unwrap();
        assert!(after == bytes);
        for file in [&file, &into] {
            file.sync_all().unwrap();
        }
        let blocks = |file: &File| file.metadata().unwrap().blocks();
        assert_eq!(into.metadata().unwrap().len(), bytes.len() as u64);
        assert!(blocks(&into) < blocks(&file) / 10, "{} of {}", blocks(&into), blocks(&file));
    }
}
