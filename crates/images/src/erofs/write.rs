//! Writing what has its place. Two places are written forwards, the inodes with their tails and the blocks, each
//! through a buffer; every file is read once.

use super::format::{self, BLOCK_BYTES, Dirent, Type};
use super::layout::{Layout, Placed};
use super::tree::{Content, Kind, NodeId, Tree, open};
use super::{ErofsError, Summary};
use crate::{place, sparse};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 512 * 1024;

/// Names of a folder with `.` and `..` where byte order puts them.
pub(crate) fn with_dots<'a>(names: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = &'a [u8]> {
    let mut names = names.peekable();
    let mut dots = [&b"."[..], b".."].into_iter().peekable();
    std::iter::from_fn(move || match (dots.peek(), names.peek()) {
        (Some(dot), Some(name)) if name < dot => names.next(),
        (Some(_), _) => dots.next(),
        (None, _) => names.next(),
    })
}

pub(crate) fn write(
    tree: &Tree,
    layout: &Layout,
    out: &mut (impl Write + Seek),
) -> Result<Summary, ErofsError> {
    let image_bytes = u64::from(layout.superblock.blocks) * BLOCK_BYTES;
    let mut summary = Summary { files: 0, folders: 0, links: 0, content_bytes: 0, image_bytes };
    let mut image = Image { out, inodes: Region::at(0), blocks: Region::at(layout.blocks_at) };
    image.inodes.append(image.out, &layout.superblock.encode())?;
    for placed in &layout.placed {
        image.inode(placed, layout.superblock.time)?;
        match &tree.node(placed.node).kind {
            Kind::Folder(rows) => {
                let rows: Vec<(&[u8], NodeId)> = rows.iter().map(|(name, id)| (&name[..], *id)).collect();
                image.bytes(placed, &folder(tree, layout, placed, &rows))?;
                summary.folders += 1;
            }
            Kind::Link(target) => {
                image.bytes(placed, target)?;
                summary.links += 1;
            }
            Kind::File { content, bytes } => {
                match content {
                    Content::MadeUp(content) => image.bytes(placed, content)?,
                    Content::Host(path) => image.file(placed, path)?,
                }
                summary.files += 1;
                summary.content_bytes += bytes;
            }
        }
    }
    image.finish(image_bytes)?;
    Ok(summary)
}

fn folder(tree: &Tree, layout: &Layout, placed: &Placed, rows: &[(&[u8], NodeId)]) -> Vec<u8> {
    let mut ids = rows.iter();
    let dirents: Vec<Dirent<'_>> = with_dots(rows.iter().map(|(name, _)| *name))
        .map(|name| {
            let id = match name {
                b"." => placed.node,
                b".." => placed.parent,
                _ => ids.next().map_or(placed.node, |(_, id)| *id),
            };
            let kind = match tree.node(id).kind {
                Kind::Folder(_) => Type::Folder,
                Kind::File { .. } => Type::File,
                Kind::Link(_) => Type::Link,
            };
            Dirent { name, inode: layout.inodes[id], kind }
        })
        .collect();
    format::directory(&dirents)
}

struct Image<'a, W> {
    out: &'a mut W,
    inodes: Region,
    blocks: Region,
}

impl<W: Write + Seek> Image<'_, W> {
    fn inode(&mut self, placed: &Placed, time: u64) -> Result<(), ErofsError> {
        let mut bytes = Vec::with_capacity(64);
        placed.inode.encode(&mut bytes, time);
        self.inodes.move_to(self.out, placed.at)?;
        self.inodes.append(self.out, &bytes)
    }

    /// Content that lies in memory.
    fn bytes(&mut self, placed: &Placed, bytes: &[u8]) -> Result<(), ErofsError> {
        let (body, tail) = bytes.split_at(placed.body_bytes() as usize);
        self.begin_body(placed)?;
        self.blocks.append(self.out, body)?;
        self.inodes.append(self.out, tail)
    }

    /// Content of a file of the host, which must still be what it was when it got its place.
    fn file(&mut self, placed: &Placed, path: &Path) -> Result<(), ErofsError> {
        let source = |error: io::Error| source_error(path, &error);
        let (file, metadata) = open(path).map_err(source)?;
        if metadata.len() != placed.inode.bytes {
            return Err(ErofsError::Changed { path: path.display().to_string() });
        }
        self.begin_body(placed)?;
        let body = placed.body_bytes();
        if body > BUFFER_BYTES as u64 {
            let begin = self.blocks.position();
            for extent in sparse::Extents::of(&file, body).map_err(source)? {
                let extent = extent.map_err(source)?;
                self.blocks.move_to(self.out, begin + extent.start)?;
                self.blocks.copy(self.out, (&file, path), extent)?;
            }
            self.blocks.move_to(self.out, begin + body)?;
        } else {
            self.blocks.copy(self.out, (&file, path), 0..body)?;
        }
        self.inodes.copy(self.out, (&file, path), body..placed.inode.bytes)
    }

    fn begin_body(&mut self, placed: &Placed) -> Result<(), ErofsError> {
        if placed.body_bytes() == 0 {
            return Ok(());
        }
        self.blocks.move_to(self.out, u64::from(placed.inode.block) * BLOCK_BYTES)
    }

    fn finish(mut self, image_bytes: u64) -> Result<(), ErofsError> {
        self.inodes.flush(self.out)?;
        self.blocks.flush(self.out)?;
        let length = self.out.seek(SeekFrom::End(0)).map_err(|error| failed(&error))?;
        if length < image_bytes {
            // What is skipped at the end must be there all the same.
            self.out.seek(SeekFrom::Start(image_bytes - 1)).map_err(|error| failed(&error))?;
            self.out.write_all(&[0]).map_err(|error| failed(&error))?;
        }
        self.out.flush().map_err(|error| failed(&error))
    }
}

/// A part of the image that is written forwards.
struct Region {
    /// Where the buffer's first byte belongs.
    begin: u64,
    buffer: Box<[u8]>,
    used: usize,
}

impl Region {
    fn at(begin: u64) -> Self {
        Self { begin, buffer: vec![0; BUFFER_BYTES].into_boxed_slice(), used: 0 }
    }

    fn position(&self) -> u64 {
        self.begin + self.used as u64
    }

    /// Room in the buffer for some of so many bytes, taken; it is written when it is full.
    fn room(&mut self, out: &mut (impl Write + Seek), bytes: u64) -> Result<&mut [u8], ErofsError> {
        if self.used == BUFFER_BYTES {
            self.flush(out)?;
        }
        let begin = self.used;
        self.used += bytes.min((BUFFER_BYTES - begin) as u64) as usize;
        Ok(&mut self.buffer[begin..self.used])
    }

    /// Zeros up to there: small gaps in the buffer, large ones as holes.
    fn move_to(&mut self, out: &mut (impl Write + Seek), position: u64) -> Result<(), ErofsError> {
        if position - self.position() > BLOCK_BYTES {
            self.flush(out)?;
            self.begin = position;
        }
        while self.position() < position {
            let gap = position - self.position();
            self.room(out, gap)?.fill(0);
        }
        Ok(())
    }

    fn append(&mut self, out: &mut (impl Write + Seek), mut bytes: &[u8]) -> Result<(), ErofsError> {
        while !bytes.is_empty() {
            let room = self.room(out, bytes.len() as u64)?;
            let (now, later) = bytes.split_at(room.len());
            room.copy_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// A range of a file.
    fn copy(
        &mut self,
        out: &mut (impl Write + Seek),
        (file, path): (&File, &Path),
        mut range: Range<u64>,
    ) -> Result<(), ErofsError> {
        while !range.is_empty() {
            let room = self.room(out, range.end - range.start)?;
            file.read_exact_at(room, range.start).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => ErofsError::Changed { path: path.display().to_string() },
                _ => source_error(path, &error),
            })?;
            range.start += room.len() as u64;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut (impl Write + Seek)) -> Result<(), ErofsError> {
        sparse::write_at(out, self.begin, &self.buffer[..self.used]).map_err(|error| failed(&error))?;
        self.begin = self.position();
        self.used = 0;
        Ok(())
    }
}

fn source_error(path: &Path, error: &io::Error) -> ErofsError {
    ErofsError::Source { path: path.display().to_string(), reason: error.to_string() }
}

/// The image's own file failed.
pub(crate) fn failed(error: &io::Error) -> ErofsError {
    let reason = error.to_string();
    if place::is_full(error) { ErofsError::Full { reason } } else { ErofsError::Write { reason } }
}
