//! Copies of large files that are mostly zeros: memory of guests, file systems.

use rustix::fs::{FallocateFlags, SeekFrom};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

const PAGE_BYTES: usize = 4_096;
const BLOCK_BYTES: usize = 256 * PAGE_BYTES;
/// Smaller holes would cost the file system more than they give.
const HOLE_BYTES: usize = 16 * PAGE_BYTES;

/// Copies into an empty file: holes and pages of zeros stay holes.
pub(crate) fn copy(from: &File, into: &File) -> io::Result<()> {
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

/// Gives runs of zeros back to the disk: of a memory file that was written whole most is nothing. Where the file system
/// can not, it stays as it is.
pub(crate) fn dig(file: &File) -> io::Result<()> {
    let size = file.metadata()?.len();
    let mut buffer = vec![0; BLOCK_BYTES];
    let zero = vec![0; HOLE_BYTES];
    let (mut at, mut zeros) = (0, 0..0);
    while let Some((start, end)) = next_data(file, at, size)? {
        at = start;
        while at < end {
            let want = usize::try_from((end - at).min(BLOCK_BYTES as u64)).map_err(io::Error::other)?;
            let block = buffer.get_mut(..want).unwrap_or_default();
            file.read_exact_at(block, at)?;
            for run in block.chunks(HOLE_BYTES) {
                let next = at + run.len() as u64;
                if zero.get(..run.len()) != Some(run) {
                    punch(file, &zeros)?;
                    zeros = next..next;
                } else {
                    zeros = if zeros.end == at { zeros.start..next } else { at..next };
                }
                at = next;
            }
        }
        punch(file, &zeros)?;
        zeros = at..at;
    }
    Ok(())
}

fn punch(file: &File, zeros: &Range<u64>) -> io::Result<()> {
    if zeros.is_empty() {
        return Ok(());
    }
    let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    match rustix::fs::fallocate(file, how, zeros.start, zeros.end - zeros.start) {
        Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
        done => Ok(done?),
    }
}

/// Copies to the end of another file.
pub(crate) fn append(from: &File, to: &File, at: u64) -> io::Result<()> {
    let size = from.metadata()?.len();
    to.set_len(at + size)?;
    copy_data(from, to, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn what_is_zeros_is_given_back_and_nothing_else_changes() {
        let file = tempfile::tempfile().unwrap();
        let mut written = vec![0u8; 4 * BLOCK_BYTES + 5_000];
        for at in [0, HOLE_BYTES + 7, 2 * BLOCK_BYTES - 1, 4 * BLOCK_BYTES + 4_999] {
            written[at] = 1;
        }
        file.write_all_at(&written, 0).unwrap();
        file.sync_all().unwrap();
        dig(&file).unwrap();
        file.sync_all().unwrap();
        let mut read = vec![1u8; written.len()];
        file.read_exact_at(&mut read, 0).unwrap();
        assert!(read == written && file.metadata().unwrap().len() == written.len() as u64);
        assert!(file.metadata().unwrap().blocks() * 512 <= 5 * HOLE_BYTES as u64, "{:?}", file.metadata());
    }
}
