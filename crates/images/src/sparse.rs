//! Holes: where a file has data, and writing so that zeros stay holes.

use rustix::fs::SeekFrom as At;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;

/// Granularity of holes we leave: small enough to find most, large enough that few writes remain.
const PIECE_BYTES: usize = 16 * 1024;
static ZEROS: [u8; PIECE_BYTES] = [0; PIECE_BYTES];

/// Whether there is nothing but zeros.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(PIECE_BYTES).all(|piece| piece == &ZEROS[..piece.len()])
}

/// Writes all but long runs of zeros, which are left as they are: right only where nothing was written before.
pub(crate) fn write_at(out: &mut (impl Write + Seek), mut position: u64, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let run = run_bytes(rest, is_zero(first_piece(rest)));
        if !is_zero(first_piece(rest)) {
            out.seek(SeekFrom::Start(position))?;
            out.write_all(&rest[..run])?;
        }
        position += run as u64;
        rest = &rest[run..];
    }
    Ok(())
}

/// How many bytes at the beginning are alike: pieces of zeros, or pieces that are not.
fn run_bytes(bytes: &[u8], zero: bool) -> usize {
    let pieces = bytes.chunks(PIECE_BYTES).take_while(|piece| is_zero(piece) == zero);
    pieces.map(<[u8]>::len).sum()
}

fn first_piece(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(PIECE_BYTES)]
}

/// The ranges of a file's first `length` bytes that may hold data, in order. A file system that knows no holes
/// answers one range.
pub(crate) struct Extents<'a> {
    file: &'a File,
    position: u64,
    length: u64,
    dense: bool,
}

impl<'a> Extents<'a> {
    pub(crate) fn of(file: &'a File, length: u64) -> io::Result<Self> {
        // Files without holes, nearly all, cost no further call.
        let dense = file.metadata()?.blocks().saturating_mul(512) >= length;
        Ok(Self { file, position: 0, length, dense })
    }
}

impl Iterator for Extents<'_> {
    type Item = io::Result<Range<u64>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.length {
            return None;
        }
        let from = self.position;
        self.position = self.length;
        if self.dense {
            return Some(Ok(from..self.length));
        }
        let start = match rustix::fs::seek(self.file, At::Data(from)) {
            Ok(start) => start.min(self.length),
            Err(rustix::io::Errno::NXIO) => self.length, // a hole to the end
            Err(rustix::io::Errno::INVAL) => from,
            Err(error) => return Some(Err(error.into())),
        };
        if start == self.length {
            return None;
        }
        let end = match rustix::fs::seek(self.file, At::Hole(start)) {
            Ok(end) => end.min(self.length),
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NXIO) => self.length,
            Err(error) => return Some(Err(error.into())),
        };
        self.position = end;
        Some(Ok(start..end))
    }
}
