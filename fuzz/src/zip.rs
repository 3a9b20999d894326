//! Zips as no honest tool writes them, and what must hold of any zip.

use arbitrary::Arbitrary;
use images::ZipError;
use std::fs;
use std::path::{Component, Path};
use std::sync::OnceLock;

/// Parts of names, most of them meant to get out.
const PARTS: [&str; 16] = [
    "a",
    "b",
    "..",
    ".",
    "",
    "/",
    "a/b",
    "../../x",
    "/etc/passwd",
    "link",
    "link/x",
    "C:\\x",
    "a\\..\\b",
    "\0",
    "é",
    "index.py",
];

/// One entry, with everything that its two headers can say, also against each other.
#[derive(Arbitrary, Debug)]
pub struct Entry {
    name: Vec<u8>,
    kind: Kind,
    mode: u16,
    content: Content,
    flags: Flags,
    /// Added to the declared sizes.
    size_lies_by: i32,
    crc_lies: bool,
    made_by: u8,
    date: (u16, u16),
    zip64: Option<(u64, u64, u64)>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    File,
    Folder,
    Link,
    Fifo,
    Device,
    Socket,
}

#[derive(Arbitrary, Debug)]
enum Content {
    Stored(Vec<u8>),
    /// The target of a link, from [`PARTS`].
    Target(Vec<u8>),
    /// A deflated run of this many KiB: a small bomb.
    Bomb(u16),
    /// Whatever method with whatever bytes.
    Odd(u16, Vec<u8>),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Flags {
    encrypted: bool,
    descriptor: bool,
    utf8: bool,
    /// The local header carries another name than the directory.
    other_local_name: bool,
    /// The directory points at the entry before.
    overlaps: bool,
}

/// A whole zip.
#[derive(Arbitrary, Debug)]
pub struct Odd {
    entries: Vec<Entry>,
    /// Added to the number of entries that the end record says.
    count_lies_by: i8,
    comment: Vec<u8>,
    prefix: Vec<u8>,
}

impl Odd {
    /// As bytes, at most 32 entries.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.prefix[..self.prefix.len().min(64)].to_vec();
        let (mut directory, mut offset_before) = (Vec::new(), 0);
        let entries = &self.entries[..self.entries.len().min(32)];
        for entry in entries {
            let offset = out.len() as u32;
            entry.write(&mut out, &mut directory, if entry.flags.overlaps { offset_before } else { offset });
            offset_before = offset;
        }
        let (start, len) = (out.len() as u32, directory.len() as u32);
        out.extend(directory);
        out.extend(b"PK\x05\x06\0\0\0\0");
        let count = (entries.len() as i64 + i64::from(self.count_lies_by)).max(0) as u16;
        out.extend([count, count].iter().flat_map(|n| n.to_le_bytes()));
        out.extend([start, len].iter().rev().flat_map(|n| n.to_le_bytes()));
        let comment = &self.comment[..self.comment.len().min(64)];
        out.extend((comment.len() as u16).to_le_bytes());
        out.extend(comment);
        out
    }
}

fn text(choices: &[u8]) -> Vec<u8> {
    let parts: Vec<&str> = choices.iter().take(6).map(|at| PARTS[usize::from(*at) % PARTS.len()]).collect();
    parts.join("/").into_bytes()
}

impl Entry {
    fn content(&self) -> (u16, Vec<u8>, u32, u32) {
        match &self.content {
            Content::Stored(bytes) => (0, bytes.clone(), bytes.len() as u32, crc32(bytes)),
            Content::Target(choices) => {
                let target = text(choices);
                (0, target.clone(), target.len() as u32, crc32(&target))
            }
            Content::Bomb(kib) => bomb(u32::from(*kib % 64)),
            Content::Odd(method, bytes) => (*method, bytes.clone(), bytes.len() as u32, crc32(bytes)),
        }
    }

    fn write(&self, out: &mut Vec<u8>, directory: &mut Vec<u8>, offset: u32) {
        let (method, bytes, size, crc) = self.content();
        let name = text(&self.name);
        let local_name = if self.flags.other_local_name { b"../other".to_vec() } else { name.clone() };
        let size = size.wrapping_add_signed(self.size_lies_by);
        let crc = if self.crc_lies { !crc } else { crc };
        let flags = u16::from(self.flags.encrypted)
            | u16::from(self.flags.descriptor) << 3
            | u16::from(self.flags.utf8) << 11;
        let mut extra = Vec::new();
        if let Some((size, compressed, at)) = self.zip64 {
            extra.extend([1u16, 24].iter().flat_map(|n| n.to_le_bytes()));
            extra.extend([size, compressed, at].iter().flat_map(|n| n.to_le_bytes()));
        }
        let is_64 = self.zip64.is_some();
        let either = |value: u32| if is_64 { u32::MAX } else { value };
        let mut common = Vec::new();
        common.extend([20u16, flags, method, self.date.0, self.date.1].iter().flat_map(|n| n.to_le_bytes()));
        let sizes = [crc, either(bytes.len() as u32), either(size)];
        common.extend(sizes.iter().flat_map(|n| n.to_le_bytes()));
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend([local_name.len() as u16, extra.len() as u16].iter().flat_map(|n| n.to_le_bytes()));
        out.extend(local_name);
        out.extend(&extra);
        out.extend(bytes);
        directory.extend(b"PK\x01\x02");
        directory.extend([20, self.made_by]);
        directory.extend(&common);
        directory
            .extend([name.len() as u16, extra.len() as u16, 0, 0, 0].iter().flat_map(|n| n.to_le_bytes()));
        directory.extend((u32::from(self.kind.mode() | self.mode & 0o7777) << 16).to_le_bytes());
        directory.extend(either(offset).to_le_bytes());
        directory.extend(name);
        directory.extend(extra);
    }
}

impl Kind {
    fn mode(self) -> u16 {
        match self {
            Self::File => 0o100_000,
            Self::Folder => 0o040_000,
            Self::Link => 0o120_000,
            Self::Fifo => 0o010_000,
            Self::Device => 0o060_000,
            Self::Socket => 0o140_000,
        }
    }
}

/// Deflate of `kib` KiB of zeros: one literal, then matches of 258 at distance 1, in the fixed code.
fn bomb(kib: u32) -> (u16, Vec<u8>, u32, u32) {
    let size = (kib.max(1) * 1024 - 1) / 258 * 258 + 1;
    let (mut out, mut bits, mut held) = (Vec::new(), 0u64, 0);
    let mut put = |value: u64, len: u32, out: &mut Vec<u8>| {
        bits |= value << held;
        held += len;
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    };
    put(0b011, 3, &mut out); // last block, fixed code
    put(0b0000_1100, 8, &mut out); // literal 0 (0x30, bits reversed)
    for _ in 0..size / 258 {
        put(0b1010_0011, 8, &mut out); // length 258: 0b11000101 reversed
        put(0, 5, &mut out); // distance 1
    }
    put(0, 7 + 7, &mut out); // end of block, and padding
    (8, out, size, crc32(&vec![0; size as usize]))
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// Inspects and unpacks; both must agree, and nothing may lie, point or have been written outside the folder.
pub fn check(zip: &[u8]) {
    static PARENT: OnceLock<tempfile::TempDir> = OnceLock::new();
    let parent = PARENT.get_or_init(|| tempfile::tempdir().unwrap());
    let into = parent.path().join("code");
    let inspected = images::inspect(zip);
    let unpacked = images::unpack(zip, &into);
    match (&inspected, &unpacked) {
        (Ok(facts), Ok(())) => {
            let bytes = walk(&into, &into);
            assert_eq!(bytes, facts.unzipped_bytes);
        }
        (Err(one), Err(other)) => {
            assert_eq!(one, other);
            assert!(!matches!(one, ZipError::Folder { .. }), "{one}");
            assert!(!into.exists());
        }
        (_, Err(ZipError::Folder { path, reason })) => {
            panic!("what was inspected does not unpack: {path}: {reason}")
        }
        (one, other) => panic!("inspected {one:?}, unpacked {other:?}"),
    }
    let names: Vec<_> =
        fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), usize::from(unpacked.is_ok()), "{names:?}");
    if unpacked.is_ok() {
        fs::remove_dir_all(&into).unwrap();
    }
}

/// Bytes of the files; every link must stay inside.
fn walk(folder: &Path, root: &Path) -> u64 {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let (entry, path) = entry.map(|entry| (entry.file_type().unwrap(), entry.path())).unwrap();
        if entry.is_dir() {
            bytes += walk(&path, root);
        } else if entry.is_symlink() {
            let target = fs::read_link(&path).unwrap();
            assert!(stays_inside(&path, root), "{} -> {}", path.display(), target.display());
        } else {
            assert!(entry.is_file(), "{}", path.display());
            bytes += fs::metadata(&path).unwrap().len();
        }
    }
    bytes
}

/// By the kernel's own walk where the link leads somewhere, else by its text.
fn stays_inside(link: &Path, root: &Path) -> bool {
    match fs::canonicalize(link) {
        Ok(real) => real.starts_with(fs::canonicalize(root).unwrap()),
        Err(_) => !fs::read_link(link).unwrap().components().any(|c| c == Component::RootDir),
    }
}
