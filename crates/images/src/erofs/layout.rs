//! A place for every inode and block, decided before a byte is written. Pure.
//!
//! Inodes lie in the order of a walk, a folder before what is in it, and so do their blocks: whoever reads a folder's
//! files one after another reads forwards.

use super::format::{self, BLOCK_BYTES, Inode, SLOT_BYTES, Superblock, Type};
use super::tree::{Kind, NodeId, Tree};
use super::{ErofsError, Options, Times};

/// Longest tail that follows its inode. A tail must not cross a block; a longer one would leave as much room unused
/// before it as it saves.
const TAIL_BYTES_MAX: u64 = 2_048;
/// A link's target always follows its inode if it can: the kernel then answers it without reading a block.
const LINK_TAIL_BYTES_MAX: u64 = BLOCK_BYTES - 64;

/// One node's place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) node: NodeId,
    pub(crate) parent: NodeId,
    pub(crate) inode: Inode,
    /// Where the inode is, bytes from the image's beginning.
    pub(crate) at: u64,
}

impl Placed {
    /// Bytes that lie in blocks of their own.
    pub(crate) fn body_bytes(&self) -> u64 {
        self.inode.bytes - self.tail_bytes()
    }
    /// Bytes that follow the inode.
    pub(crate) fn tail_bytes(&self) -> u64 {
        if self.inode.inline { self.inode.bytes % BLOCK_BYTES } else { 0 }
    }
}

#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) superblock: Superblock,
    /// In the order of their places.
    pub(crate) placed: Vec<Placed>,
    /// The inode number of each node of the tree that has one.
    pub(crate) inodes: Vec<u64>,
    /// Where the blocks begin, bytes.
    pub(crate) blocks_at: u64,
}

pub(crate) fn place(tree: &Tree, options: &Options) -> Result<Layout, ErofsError> {
    let time = match options.times {
        Times::Kept => tree.node(Tree::ROOT).modified,
        Times::Fixed(time) => time,
    };
    let mut placed = Vec::with_capacity(tree.ids());
    let mut inodes = vec![0; tree.ids()];
    let mut end = BLOCK_BYTES; // of the inodes; the superblock is before them
    let mut open = vec![(Tree::ROOT, Tree::ROOT)];
    while let Some((node, parent)) = open.pop() {
        let inode = inode(tree, node, placed.len() as u32 + 1, options, time);
        let entry = place_inode(node, parent, inode, &mut end);
        inodes[node] = entry.at / SLOT_BYTES;
        placed.push(entry);
        if let Kind::Folder(rows) = &tree.node(node).kind {
            open.extend(rows.values().rev().map(|child| (*child, node)));
        }
    }
    let first_block = end.div_ceil(BLOCK_BYTES);
    let blocks = place_blocks(&mut placed, first_block)?;
    let superblock = Superblock { root: inodes[Tree::ROOT], inodes: placed.len() as u64, blocks, time };
    Ok(Layout { superblock, placed, inodes, blocks_at: first_block * BLOCK_BYTES })
}

/// The inode, still without its block.
fn inode(tree: &Tree, id: NodeId, number: u32, options: &Options, time: u64) -> Inode {
    let node = tree.node(id);
    let (kind, bytes, links, tail_max) = match &node.kind {
        Kind::File { bytes, .. } => (Type::File, *bytes, 1, TAIL_BYTES_MAX),
        Kind::Link(target) => (Type::Link, target.len() as u64, 1, LINK_TAIL_BYTES_MAX),
        Kind::Folder(rows) => {
            let is_folder = |id: &&NodeId| matches!(tree.node(**id).kind, Kind::Folder(_));
            let folders = rows.values().filter(is_folder).count();
            let names = super::write::with_dots(rows.keys().map(Vec::as_slice));
            let bytes = format::directory_bytes(names.map(<[u8]>::len));
            (Type::Folder, bytes, 2 + folders as u32, TAIL_BYTES_MAX)
        }
    };
    let tail = bytes % BLOCK_BYTES;
    let own_time = (options.times == Times::Kept && node.modified != time).then_some(node.modified);
    let inline = tail > 0 && tail <= tail_max;
    Inode { kind, mode: node.mode, links, bytes, block: 0, inline, time: own_time, number }
}

/// Neither an inode nor its tail crosses a block.
fn place_inode(node: NodeId, parent: NodeId, inode: Inode, end: &mut u64) -> Placed {
    let mut placed = Placed { node, parent, inode, at: end.next_multiple_of(SLOT_BYTES) };
    let bytes = inode.size() + placed.tail_bytes();
    if placed.at % BLOCK_BYTES + bytes > BLOCK_BYTES {
        placed.at = placed.at.next_multiple_of(BLOCK_BYTES);
    }
    *end = placed.at + bytes;
    placed
}

/// Answers how many blocks the image has.
fn place_blocks(placed: &mut [Placed], first: u64) -> Result<u32, ErofsError> {
    let mut next = first;
    let too_large = || ErofsError::TooLarge { reason: "it has more than 16 TiB".to_owned() };
    for entry in placed.iter_mut() {
        let body = entry.body_bytes().div_ceil(BLOCK_BYTES);
        if body > 0 {
            entry.inode.block = u32::try_from(next).map_err(|_| too_large())?;
            next = next.checked_add(body).ok_or_else(too_large)?;
        }
    }
    u32::try_from(next).map_err(|_| too_large())
}
