//! Bytes on the disk: superblock, inodes, directory blocks. The kernel's `erofs.rst` and erofs.docs.kernel.org
//! describe them; numbers are little-endian.

/// What the kernel reads and maps in one piece; every kernel that knows EROFS knows this size.
pub(crate) const BLOCK_BYTES: u64 = 4_096;
const BLOCK: usize = BLOCK_BYTES as usize;
/// Inodes begin at multiples of this; their number is that multiple.
pub(crate) const SLOT_BYTES: u64 = 32;
/// Longest name in a directory.
pub(crate) const NAME_BYTES_MAX: usize = 255;

const SUPERBLOCK_AT: usize = 1_024;
const MAGIC: u32 = 0xE0F5_E1E2;
const CHECKSUM_AT: usize = SUPERBLOCK_AT + 4;
/// The superblock has a checksum; times are those of last modification. Nothing that an old kernel must know.
const COMPATIBLE_FEATURES: u32 = 0b11;
const VOLUME_NAME: &[u8] = b"tinderbox";

const DIRENT_BYTES: usize = 12;
const TYPE_FILE: u8 = 1;
const TYPE_FOLDER: u8 = 2;
const TYPE_LINK: u8 = 7;

const MODE_FILE: u16 = 0o100_000;
const MODE_FOLDER: u16 = 0o040_000;
const MODE_LINK: u16 = 0o120_000;

/// What an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    File,
    Folder,
    Link,
}

impl Type {
    fn mode(self) -> u16 {
        match self {
            Self::File => MODE_FILE,
            Self::Folder => MODE_FOLDER,
            Self::Link => MODE_LINK,
        }
    }

    fn in_directory(self) -> u8 {
        match self {
            Self::File => TYPE_FILE,
            Self::Folder => TYPE_FOLDER,
            Self::Link => TYPE_LINK,
        }
    }
}

/// What the superblock says of this image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Superblock {
    pub(crate) root: u64,
    pub(crate) inodes: u64,
    pub(crate) blocks: u32,
    /// Seconds since 1970 of every inode of the short form.
    pub(crate) time: u64,
}

impl Superblock {
    /// The image's first block.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut block = vec![0; SUPERBLOCK_AT];
        let out = &mut block;
        put32(out, MAGIC);
        put32(out, 0); // the checksum, below
        put32(out, COMPATIBLE_FEATURES);
        out.push(BLOCK_BYTES.trailing_zeros() as u8);
        out.push(0); // no more slots
        put16(out, self.root as u16);
        put64(out, self.inodes);
        put64(out, self.time);
        put32(out, 0); // nanoseconds
        put32(out, self.blocks);
        put32(out, 0); // inodes are counted from the beginning of the image
        put32(out, 0); // no shared attributes
        out.extend([0; 16]); // no UUID: equal trees are equal images
        out.extend(VOLUME_NAME);
        block.resize(BLOCK, 0);
        let checksum = crc32c(&block[SUPERBLOCK_AT..]);
        block[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&checksum.to_le_bytes());
        block
    }
}

/// One inode, owned by root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inode {
    pub(crate) kind: Type,
    /// Permission bits.
    pub(crate) mode: u16,
    pub(crate) links: u32,
    pub(crate) bytes: u64,
    /// First block of what is not inline.
    pub(crate) block: u32,
    /// Whether the bytes after the last whole block follow the inode.
    pub(crate) inline: bool,
    /// Seconds since 1970; `None`: the superblock's, which takes half the room.
    pub(crate) time: Option<u64>,
    /// What 32-bit programs see as the inode number.
    pub(crate) number: u32,
}

impl Inode {
    /// Bytes of the inode itself.
    pub(crate) fn size(&self) -> u64 {
        if self.long() { 64 } else { 32 }
    }

    fn long(&self) -> bool {
        self.time.is_some() || self.links > u32::from(u16::MAX) || self.bytes > u64::from(u32::MAX)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>, time: u64) {
        let layout = if self.inline { 2 << 1 } else { 0 };
        put16(out, layout | u16::from(self.long()));
        put16(out, 0); // no attributes
        put16(out, self.kind.mode() | self.mode);
        if self.long() {
            put16(out, 0);
            put64(out, self.bytes);
            put32(out, self.block);
            put32(out, self.number);
            put32(out, 0); // user
            put32(out, 0); // group
            put64(out, self.time.unwrap_or(time));
            put32(out, 0); // nanoseconds
            put32(out, self.links);
            out.extend([0; 16]);
        } else {
            put16(out, self.links as u16);
            put32(out, self.bytes as u32);
            put32(out, 0);
            put32(out, self.block);
            put32(out, self.number);
            put16(out, 0); // user
            put16(out, 0); // group
            put32(out, 0);
        }
    }
}

/// One row of a directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dirent<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) inode: u64,
    pub(crate) kind: Type,
}

/// Bytes of a directory with these names, in order.
pub(crate) fn directory_bytes(name_lengths: impl Iterator<Item = usize>) -> u64 {
    let (mut whole, mut used) = (0, 0);
    for length in name_lengths {
        if used + DIRENT_BYTES + length > BLOCK {
            whole += BLOCK_BYTES;
            used = 0;
        }
        used += DIRENT_BYTES + length;
    }
    whole + used as u64
}

/// A directory's bytes. The rows must be in the order of their names' bytes: the kernel looks them up by halving.
pub(crate) fn directory(rows: &[Dirent<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        out.resize(out.len().next_multiple_of(BLOCK), 0);
        let mut used = 0;
        let fits = |row: &&Dirent<'_>| {
            used += DIRENT_BYTES + row.name.len();
            used <= BLOCK
        };
        let count = rest.iter().take_while(fits).count();
        directory_block(&rest[..count], &mut out);
        rest = &rest[count..];
    }
    out
}

fn directory_block(rows: &[Dirent<'_>], out: &mut Vec<u8>) {
    let mut name_at = rows.len() * DIRENT_BYTES;
    for row in rows {
        put64(out, row.inode);
        put16(out, name_at as u16);
        out.push(row.kind.in_directory());
        out.push(0);
        name_at += row.name.len();
    }
    for row in rows {
        out.extend(row.name);
    }
}

fn put16(out: &mut Vec<u8>, number: u16) {
    out.extend(number.to_le_bytes());
}
fn put32(out: &mut Vec<u8>, number: u32) {
    out.extend(number.to_le_bytes());
}
fn put64(out: &mut Vec<u8>, number: u64) {
    out.extend(number.to_le_bytes());
}

/// CRC-32C as EROFS takes it: begun with ones, not inverted at the end. Once per image over 3 KiB: no table.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82F6_3B78 & (crc & 1).wrapping_neg());
        }
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(!crc32c(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn a_directory_has_the_bytes_that_were_planned_for_it() {
        for count in [1, 2, 15, 16, 17, 300, 5_000] {
            for length in [1, 3, 60, 255] {
                let name = vec![b'x'; length];
                let row = Dirent { name: &name, inode: 1, kind: Type::File };
                let planned = directory_bytes((0..count).map(|_| length));
                assert_eq!(directory(&vec![row; count]).len() as u64, planned, "{count} of {length}");
            }
        }
    }
}
