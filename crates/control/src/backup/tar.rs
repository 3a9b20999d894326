//! The framing: a tar of few words (POSIX ustar), so that any `tar` shows what is in it.
//!
//! Regular files with short names and nothing else. A header is read by writing the one that we would have written and
//! comparing: what differs in a single bit was not written by us.

use super::BackupError;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// Everything lies on multiples of it.
const BLOCK: usize = 512;
const NAME_BYTES_MAX: usize = 100;
/// Eleven octal digits.
const SIZE_MAX: u64 = 1 << 33;
/// After the last file.
const END_BLOCKS: usize = 2;

const NAME: std::ops::Range<usize> = 0..100;
const MODE: std::ops::Range<usize> = 100..108;
const UID: std::ops::Range<usize> = 108..116;
const GID: std::ops::Range<usize> = 116..124;
const SIZE: std::ops::Range<usize> = 124..136;
const TIME: std::ops::Range<usize> = 136..148;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const KIND: usize = 156;
const MAGIC: std::ops::Range<usize> = 257..265;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Where what is in it begins.
    pub(super) at: u64,
}

/// Writes files one after another, and knows the digest of all it wrote.
pub(super) struct Writer<'a> {
    output: &'a mut dyn Write,
    digest: Sha256,
    written: u64,
    time_seconds: u64,
}

impl<'a> Writer<'a> {
    /// `time_seconds` is what every file is dated.
    pub(super) fn new(output: &'a mut dyn Write, time_seconds: u64) -> Self {
        Self { output, digest: Sha256::new(), written: 0, time_seconds }
    }

    pub(super) fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        let header = header(name.as_bytes(), bytes.len() as u64, self.time_seconds);
        let header = header.ok_or_else(|| std::io::Error::other(format!("{name} fits no header")))?;
        self.put(&header)?;
        self.put(bytes)?;
        self.put(&[0; BLOCK][..padding(bytes.len() as u64)])
    }

    /// Of all that was written.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn end(mut self) -> Result<u64, BackupError> {
        self.put(&[0; BLOCK * END_BLOCKS])?;
        self.output.flush()?;
        Ok(self.written)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.output.write_all(bytes)?;
        self.digest.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// Reads them.
pub(super) struct Reader<R> {
    input: R,
    digest: Sha256,
    at: u64,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, digest: Sha256::new(), at: 0 }
    }

    /// The next file's header; what is in it must be read before the next one.
    pub(super) fn header(&mut self) -> Result<Header, BackupError> {
        let at = self.at;
        let block: [u8; BLOCK] = self.block()?;
        let refused = || refuse(at, "this is not what an export has here: it is damaged, or no export");
        let text = block[NAME].split(|byte| *byte == 0).next().unwrap_or_default();
        let name = std::str::from_utf8(text).map_err(|_| refused())?;
        let bytes = octal(&block[SIZE]).ok_or_else(refused)?;
        let time_seconds = octal(&block[TIME]).ok_or_else(refused)?;
        if header(text, bytes, time_seconds) != Some(block) || name.is_empty() {
            return Err(refused());
        }
        Ok(Header { name: name.to_owned(), bytes, at: self.at })
    }

    /// What is in the file whose header came last, if it is not larger than that.
    pub(super) fn body(&mut self, header: &Header, bytes_max: u64) -> Result<Vec<u8>, BackupError> {
        if header.bytes > bytes_max {
            let reason = format!("{} has {} bytes, at most {bytes_max} can be", header.name, header.bytes);
            return Err(refuse(header.at, reason));
        }
        // What is not there is not made room for.
        let mut bytes = Vec::new();
        (&mut self.input).take(header.bytes).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < header.bytes {
            return Err(cut_short(self.at + bytes.len() as u64));
        }
        self.count(&bytes);
        let mut pad = [0; BLOCK];
        let pad = &mut pad[..padding(header.bytes)];
        self.fill(pad)?;
        if pad.iter().any(|byte| *byte != 0) {
            return Err(refuse(self.at, "there is something between two files"));
        }
        Ok(bytes)
    }

    /// After the last file: nothing more.
    pub(super) fn end(&mut self) -> Result<(), BackupError> {
        for _ in 0..END_BLOCKS {
            if self.block()? != [0; BLOCK] {
                return Err(refuse(self.at, "there is more after the manifest"));
            }
        }
        match self.input.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(refuse(self.at, "there is more after the end")),
        }
    }

    /// Of all that was read.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }

    fn block(&mut self) -> Result<[u8; BLOCK], BackupError> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        Ok(block)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.input.read_exact(bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => cut_short(self.at),
            _ => error.into(),
        })?;
        self.count(bytes);
        Ok(())
    }

    fn count(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.at += bytes.len() as u64;
    }
}

impl<R: Read + std::io::Seek> Reader<R> {
    /// Past what is in the file whose header came last; what was read knows no digest from here on.
    pub(super) fn skip(&mut self, header: &Header) -> Result<(), BackupError> {
        let next = header.at + header.bytes + padding(header.bytes) as u64;
        self.at = self.input.seek(std::io::SeekFrom::Start(next))?;
        Ok(())
    }
}

pub(super) fn refuse(at: u64, reason: impl Into<String>) -> BackupError {
    BackupError::Archive { at, reason: reason.into() }
}

fn cut_short(at: u64) -> BackupError {
    refuse(at, "the file ends too early")
}

fn padding(bytes: u64) -> usize {
    let over = usize::try_from(bytes % BLOCK as u64).unwrap_or(0);
    (BLOCK - over) % BLOCK
}

/// `None`: it does not fit.
fn header(name: &[u8], bytes: u64, time_seconds: u64) -> Option<[u8; BLOCK]> {
    if name.len() >= NAME_BYTES_MAX || bytes >= SIZE_MAX || time_seconds >= SIZE_MAX {
        return None;
    }
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name);
    block[MODE].copy_from_slice(b"0000600\0");
    block[UID].copy_from_slice(b"0000000\0");
    block[GID].copy_from_slice(b"0000000\0");
    block[SIZE].copy_from_slice(format!("{bytes:011o}\0").as_bytes());
    block[TIME].copy_from_slice(format!("{time_seconds:011o}\0").as_bytes());
    block[KIND] = b'0';
    block[MAGIC].copy_from_slice(b"ustar\x0000");
    // The sum of all bytes, with spaces where it comes to stand.
    block[CHECKSUM].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(block)
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(field.strip_suffix(b"\0")?).ok()?;
    u64::from_str_radix(digits, 8).ok()
}
