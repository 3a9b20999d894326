//! Which pages of a memory file the first invocation after a restore touches (REAP), recorded once and read ahead in
//! one go at every later restore: many small faults, one after another, become few large reads.
//!
//! ```text
//!  forget_resident ──► restore, first invocation ──► resident_ranges ──► encode ──► stored with the snapshot
//!  decode ──► read_ahead ──► restore
//! ```
//! The record is a written format, version 1; numbers are little-endian, pages have 4,096 bytes:
//! ```text
//!  magic 8 | version 2 | zero 2 | count 4 | count times, rising, apart: first page 4, pages 4 | checksum 32: SHA-256
//! ```

use rustix::fs::{Advice, fadvise};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::fd::AsRawFd as _;

const MAGIC: &[u8; 8] = b"TBXWKSET";
const VERSION: u16 = 1;
const HEAD_BYTES: usize = 16;
const ROW_BYTES: usize = 8;
const CHECKSUM_BYTES: usize = 32;

/// The unit of the record, whatever the machine's page is.
pub const PAGE_BYTES: u64 = 4_096;
/// Most ranges of a record; what lies closest together is joined until they fit.
pub const RANGES_MAX: usize = 16_384;
/// Ranges with no more pages between them than this are one: reading 32 KiB more costs less than another request.
const GAP_PAGES: u32 = 8;
/// The kernel reads no more than its read-ahead window for one request (128 KiB unless set otherwise), however much is
/// asked for.
const REQUEST_BYTES: u64 = 128 * 1024;
/// Looked at in one piece: bounds the kernel's answer, a byte per page, to 256 KiB.
const WINDOW_BYTES: u64 = 1 << 30;

/// Ranges of pages, rising and apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingSet {
    ranges: Vec<Range<u32>>,
}

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkingSetError {
    #[error("this is no working set")]
    Magic,
    #[error("working sets of version {version} are not known here")]
    Version { version: u16 },
    #[error("the working set is damaged")]
    Damaged,
}

impl WorkingSet {
    /// From pages in rising order. Near ones are joined, and more of them where there are too many.
    pub fn from_pages(pages: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::default();
        let mut gap = GAP_PAGES;
        for page in pages {
            match set.ranges.last_mut() {
                Some(last) if page < last.end => {}
                Some(last) if page - last.end <= gap => last.end = page + 1,
                _ => set.ranges.push(page..page.saturating_add(1)),
            }
            while set.ranges.len() > RANGES_MAX {
                gap = gap.saturating_mul(2);
                set.join(gap);
            }
        }
        set
    }

    fn join(&mut self, gap: u32) {
        self.ranges.dedup_by(|next, last| {
            let near = next.start - last.end <= gap;
            if near {
                last.end = next.end;
            }
            near
        });
    }

    /// Ranges of bytes.
    pub fn byte_ranges(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        let byte = |page: u32| u64::from(page) * PAGE_BYTES;
        self.ranges.iter().map(move |range| byte(range.start)..byte(range.end))
    }

    /// Bytes of all ranges.
    pub fn bytes(&self) -> u64 {
        self.byte_ranges().map(|range| range.end - range.start).sum()
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES + self.ranges.len() * ROW_BYTES + CHECKSUM_BYTES);
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend([0; 2]);
        out.extend((self.ranges.len() as u32).to_le_bytes());
        for range in &self.ranges {
            out.extend(range.start.to_le_bytes());
            out.extend((range.end - range.start).to_le_bytes());
        }
        let checksum = Sha256::digest(&out);
        out.extend(checksum);
        out
    }

    /// Reads what [`WorkingSet::encode`] wrote, now or in any earlier version, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, WorkingSetError> {
        if bytes.get(..8) != Some(&MAGIC[..]) {
            return Err(WorkingSetError::Magic);
        }
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(WorkingSetError::Damaged)?;
        let version = u16::from_le_bytes([head[8], head[9]]);
        if version != VERSION {
            return Err(WorkingSetError::Version { version });
        }
        let count = u32::from_le_bytes([head[12], head[13], head[14], head[15]]) as usize;
        let fits = count <= RANGES_MAX && rest.len() == count * ROW_BYTES + CHECKSUM_BYTES;
        if !fits || head[10..12] != [0; 2] {
            return Err(WorkingSetError::Damaged);
        }
        let (rows, checksum) = rest.split_at(count * ROW_BYTES);
        // Fuzzers, who find no hash, are to get beyond it.
        if Sha256::digest(&bytes[..HEAD_BYTES + rows.len()])[..] != *checksum && !cfg!(fuzzing) {
            return Err(WorkingSetError::Damaged);
        }
        Self::rows(rows).ok_or(WorkingSetError::Damaged)
    }

    fn rows(bytes: &[u8]) -> Option<Self> {
        let mut ranges: Vec<Range<u32>> = Vec::with_capacity(bytes.len() / ROW_BYTES);
        for row in bytes.chunks_exact(ROW_BYTES) {
            let (start, pages) = row.split_at(4);
            let start = u32::from_le_bytes(start.try_into().ok()?);
            let pages = u32::from_le_bytes(pages.try_into().ok()?);
            let end = start.checked_add(pages)?;
            if pages == 0 || ranges.last().is_some_and(|last| last.end >= start) {
                return None;
            }
            ranges.push(start..end);
        }
        Some(Self { ranges })
    }
}

/// Has the kernel read these ranges into its page cache; what lies after the file's end is left out. Answers when all
/// is asked for, mostly before it is read, and how many bytes were asked for. Cached already, it costs next to nothing.
pub fn read_ahead(file: &File, set: &WorkingSet) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut asked = 0;
    for range in set.byte_ranges() {
        let mut at = range.start;
        let end = range.end.min(length);
        while at < end {
            let bytes = (end - at).min(REQUEST_BYTES);
            fadvise(file, at, NonZeroU64::new(bytes), Advice::WillNeed)?;
            asked += bytes;
            at += bytes;
        }
    }
    Ok(asked)
}

/// Drops a file's pages from the kernel's page cache, so that what is there later is what was touched since. Writes
/// them first; a page that somebody maps stays.
pub fn forget_resident(file: &File) -> io::Result<()> {
    file.sync_data()?;
    fadvise(file, 0, None, Advice::DontNeed)?;
    Ok(())
}

/// Which pages of a file are in the kernel's page cache now. The caller must own the file or be able to write it:
/// for others the kernel says that all are (`mincore(2)`).
pub fn resident_ranges(file: &File) -> io::Result<WorkingSet> {
    let length = file.metadata()?.len();
    if length.div_ceil(PAGE_BYTES) > u64::from(u32::MAX) {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let page_bytes = rustix::param::page_size() as u64;
    let mut pages = Vec::new();
    let mut at = 0;
    while at < length {
        let bytes = (length - at).min(WINDOW_BYTES);
        for (index, flags) in resident(file, at, bytes, page_bytes)?.into_iter().enumerate() {
            if flags & 1 != 0 {
                let first = (at + index as u64 * page_bytes) / PAGE_BYTES;
                pages.extend(first as u32..(first + page_bytes / PAGE_BYTES) as u32);
            }
        }
        at += bytes;
    }
    Ok(WorkingSet::from_pages(pages))
}

/// The kernel's answer for a window of the file, a byte for each page.
fn resident(file: &File, at: u64, bytes: u64, page_bytes: u64) -> io::Result<Vec<u8>> {
    let (length, offset) = (bytes as usize, at as libc::off_t);
    let mut answer = vec![0_u8; bytes.div_ceil(page_bytes) as usize];
    // SAFETY: a new mapping at an address of the kernel's choice; nobody ever reads through it.
    let mapped = unsafe {
        let (read, shared) = (libc::PROT_READ, libc::MAP_SHARED);
        libc::mmap(std::ptr::null_mut(), length, read, shared, file.as_raw_fd(), offset)
    };
    if mapped == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the range is the mapping just made, and the answer has a byte for each of its pages.
    let looked = match unsafe { libc::mincore(mapped, length, answer.as_mut_ptr()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    // SAFETY: the mapping just made, used by nobody else.
    unsafe { libc::munmap(mapped, length) };
    looked.map(|()| answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::FileExt as _;

    /// A record that version 1 wrote when it was new. It is read for ever.
    const OLDEST: &[u8] = include_bytes!("../fixtures/working-set-1.bin");

    #[test]
    fn the_oldest_record_is_still_read_and_still_written_alike() {
        let set = WorkingSet::from_pages([0, 1, 2, 100, 120, 1_000_000]);
        assert_eq!(WorkingSet::decode(OLDEST), Ok(set.clone()));
        assert_eq!(set.encode(), OLDEST);
    }

    #[test]
    fn near_pages_are_joined_and_never_too_many_ranges_remain() {
        let set = WorkingSet::from_pages([5, 6, 7, 15, 25]);
        assert_eq!(set.ranges, [5..16, 25..26]);
        let many = WorkingSet::from_pages((0..4_000_000).step_by(40));
        assert!(many.ranges.len() <= RANGES_MAX, "{}", many.ranges.len());
        assert_eq!((many.ranges[0].start, many.ranges.last().map(|last| last.end)), (0, Some(3_999_961)));
        assert_eq!(WorkingSet::decode(&many.encode()), Ok(many));
    }

    #[test]
    fn a_flipped_bit_and_a_missing_byte_are_seen_anywhere() {
        for at in 0..OLDEST.len() {
            let mut flipped = OLDEST.to_vec();
            flipped[at] ^= 4;
            assert!(WorkingSet::decode(&flipped).is_err(), "flipped at {at}");
            assert!(WorkingSet::decode(&OLDEST[..at]).is_err(), "cut at {at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_and_any_pages_read_back(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            pages in proptest::collection::btree_set(0..100_000_u32, 0..200),
        ) {
            let _ = WorkingSet::decode(&bytes);
            let set = WorkingSet::from_pages(pages.iter().copied());
            prop_assert_eq!(WorkingSet::decode(&set.encode()), Ok(set.clone()));
            for page in pages {
                prop_assert!(set.ranges.iter().any(|range| range.contains(&page)));
            }
        }
    }

    #[test]
    fn what_was_touched_is_recorded_and_read_ahead_again() {
        // Not in /tmp, which may be memory, where nothing can be forgotten.
        let file = tempfile::tempfile_in(env!("CARGO_MANIFEST_DIR")).expect("a file");
        let block = vec![7; 1 << 20];
        for index in 0..32 {
            file.write_all_at(&block, index << 20).expect("written");
        }
        forget_resident(&file).expect("forgotten");
        assert_eq!(resident_ranges(&file).expect("looked").bytes(), 0, "nothing is resident");
        rustix::fs::fadvise(&file, 0, None, Advice::Random).expect("no read-ahead of the kernel's own");
        let mut touched = [0; 8_192];
        for at in [0, 9 << 20, (20 << 20) + 4_096] {
            file.read_exact_at(&mut touched, at).expect("read");
        }
        let recorded = resident_ranges(&file).expect("looked");
        let expected: Vec<Range<u32>> = [0, 2_304, 5_121].map(|page| page..page + 2).to_vec();
        assert_eq!(recorded.ranges, expected);
        forget_resident(&file).expect("forgotten");
        let all = WorkingSet::from_pages((0..4_096).chain([6_000, 20_000_000]));
        let asked = read_ahead(&file, &all).expect("asked");
        assert_eq!(asked, 4_097 * PAGE_BYTES, "what lies after the end is left out");
        // Reading waits for what was asked for: then it is all there, and nothing else is.
        let mut page = [0; 4_096];
        for at in (0..16 << 20).step_by(1 << 16) {
            file.read_exact_at(&mut page, at).expect("read");
        }
        let resident = resident_ranges(&file).expect("looked");
        assert!(resident.ranges.contains(&(0..4_096)), "{:?}", resident.ranges);
        assert!(resident.bytes() <= asked + (1 << 20), "{}", resident.bytes());
    }
}
