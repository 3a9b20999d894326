//! A cpio archive (the kernel's "newc") of folders and files: the initramfs.
//!
//! The same input makes the same bytes: no clock, no users, inode numbers in the order of the calls.

use std::io::{self, Write};

/// [kernel, Documentation/driver-api/early-userspace/buffer-format.rst]
const MAGIC: &str = "070701";
const TRAILER: &str = "TRAILER!!!";
const ALIGNMENT: usize = 4;
const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
const DEVICE: u32 = 0o020_666;

/// Writes one archive. Folders before what is in them.
pub(super) struct Archive<W: Write> {
    out: W,
    inode: u32,
}

impl<W: Write> Archive<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, inode: 0 }
    }

    pub(super) fn folder(&mut self, name: &str) -> io::Result<()> {
        self.entry(name, FOLDER, b"")
    }

    pub(super) fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.entry(name, FILE, content)
    }

    pub(super) fn program(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.entry(name, PROGRAM, content)
    }

    /// A character device, by its numbers.
    pub(super) fn device(&mut self, name: &str, major: u32, minor: u32) -> io::Result<()> {
        self.inode += 1;
        self.header(name, DEVICE, 0, [major, minor])
    }

    /// Writes the end of the archive and gives back what it was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.inode = 0;
        self.header(TRAILER, 0, 0, [0, 0])?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        let size =
            u32::try_from(content.len()).map_err(|_| io::Error::other(format!("{name}: past 4 GiB")))?;
        self.inode += 1;
        self.header(name, mode, size, [0, 0])?;
        self.out.write_all(content)?;
        self.pad(content.len())
    }

    fn header(&mut self, name: &str, mode: u32, size: u32, [major, minor]: [u32; 2]) -> io::Result<()> {
        let links = if mode == FOLDER { 2 } else { 1 };
        // Inode, mode, user, group, links, time, size, device (major, minor), device meant (major, minor), length of
        // the name with its end, checksum (of another format).
        let length = u32::try_from(name.len() + 1).unwrap_or(0);
        let fields = [self.inode, mode, 0, 0, links, 0, size, 0, 0, major, minor, length, 0];
        let mut header = String::from(MAGIC);
        for field in fields {
            header.push_str(&format!("{field:08X}"));
        }
        header.push_str(name);
        header.push('\0');
        self.out.write_all(header.as_bytes())?;
        self.pad(header.len())
    }

    fn pad(&mut self, written: usize) -> io::Result<()> {
        let rest = written.next_multiple_of(ALIGNMENT) - written;
        self.out.write_all(&[0; ALIGNMENT][..rest])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn sample() -> Vec<u8> {
        let mut archive = Archive::new(Vec::new());
        archive.folder("modules").unwrap();
        archive.file("modules/order", b"virtio.ko\n").unwrap();
        archive.file("modules/empty", b"").unwrap();
        archive.program("init", &[0x7f; 4097]).unwrap();
        archive.device("null", 1, 3).unwrap();
        archive.finish().unwrap()
    }

    /// What the program makes of it; `None` where the host has no cpio.
    fn cpio(arguments: &[&str], folder: &std::path::Path) -> Option<String> {
        let mut child = Command::new("cpio")
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        child.stdin.take().unwrap().write_all(&sample()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        Some(String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn cpio_itself_reads_the_archive_back_with_its_modes() {
        let folder = tempfile::tempdir().unwrap();
        let Some(listed) = cpio(&["-itv", "--quiet"], folder.path()) else {
            eprintln!("skipped: no cpio here");
            return;
        };
        let lines: Vec<&str> = listed.lines().collect();
        assert_eq!(lines.len(), 5, "{listed}");
        assert!(lines[4].starts_with("crw-rw-rw-") && lines[4].contains("1,   3"), "{listed}");
        assert!(lines[0].starts_with("drwxr-xr-x   2 root") && lines[0].ends_with(" modules"), "{listed}");
        assert!(lines[3].starts_with("-rwxr-xr-x   1 root") && lines[3].ends_with(" init"), "{listed}");
        cpio(&["-i", "--quiet", "init", "modules*"], folder.path()).unwrap();
        assert_eq!(std::fs::read(folder.path().join("init")).unwrap(), vec![0x7f; 4097]);
        assert_eq!(std::fs::read(folder.path().join("modules/order")).unwrap(), b"virtio.ko\n");
        assert_eq!(std::fs::read(folder.path().join("modules/empty")).unwrap(), b"");
    }

    #[test]
    fn the_same_content_makes_the_same_bytes_and_every_part_is_aligned() {
        assert_eq!(sample(), sample());
        assert_eq!(sample().len() % ALIGNMENT, 0);
    }
}
