//! The folder through which the server and one Firecracker meet, and the byte stream that comes out of it.
//!
//! ```text
//!  server (makes, 0777 in a 0700 folder)         Firecracker (the machine's own user, in its jail)
//!  v.sock_52   binds, listens         ◀─────────  connects, each time the guest connects to its host's port 52
//!  api.sock    connects               ─────────▶  binds, listens
//!  metrics     reads a pipe           ◀─────────  writes what fits
//!  state, memory  makes empty, takes  ◀─────────  fills: a snapshot
//! ```
//!
//! ```text
//!  the stream:  Waiting ──first connection; the listener is closed──▶ Connected ──either side ends──▶ (ended)
//! ```
//!
//! A guest has one stream. Whatever else in it connects to the same port later is refused, for nobody listens any more;
//! that nothing but guest-init connects first is the guest's walls' business (they allow user code no such socket).

use super::{by_descriptor, words};
use crate::microvm::sparse;
use guest_protocol::VSOCK_PORT;
use rustix::fs::{AtFlags, Mode, OFlags};
use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};

/// Most of the metrics that is read at once: what a pipe holds.
const METRICS_BYTES_MAX: u64 = 64 * 1024;
const FOLDER: &str = "channel";

/// The folder; removed with everything in it when dropped.
#[derive(Debug)]
pub(super) struct Channel {
    /// What others may not enter.
    parent: PathBuf,
    folder: Arc<File>,
    metrics: File,
}

impl Channel {
    /// Makes it, at a path that is not there yet, with a listener for the guest. Blocks for as long as a few system calls.
    pub(super) fn make(parent: PathBuf) -> io::Result<(Self, std::os::unix::net::UnixListener)> {
        std::fs::DirBuilder::new().mode(0o700).create(&parent)?;
        // From here on an error removes it.
        let unfinished = RemoveOnDrop(parent);
        let path = unfinished.0.join(FOLDER);
        std::fs::create_dir(&path)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o777))?;
        let folder = Arc::new(File::open(&path)?);
        let listener = listen(&folder)?;
        let pipe = by_descriptor(&folder, words::METRICS_PIPE);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::from(0o666), 0)?;
        std::fs::set_permissions(&pipe, Permissions::from_mode(0o666))?;
        let flags = OFlags::NONBLOCK | OFlags::CLOEXEC;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let metrics = File::options().read(true).custom_flags(flags).open(&pipe)?;
        Ok((Self { parent: unfinished.keep(), folder, metrics }, listener))
    }

    pub(super) fn folder(&self) -> &Arc<File> {
        &self.folder
    }

    /// The same file, under a name beside the channel if it had none: what has no name can not be shown in a jail.
    pub(super) fn named(&self, name: &str, file: &Arc<File>) -> io::Result<Arc<File>> {
        if file.metadata()?.nlink() > 0 {
            return Ok(file.clone());
        }
        let path = self.parent.join(name);
        let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
        rustix::fs::linkat(rustix::fs::CWD, nameless, rustix::fs::CWD, &path, AtFlags::SYMLINK_FOLLOW)?;
        Ok(Arc::new(File::options().read(true).write(true).open(path)?))
    }

    /// A listener for the guest's next stream.
    pub(super) fn listen(&self) -> io::Result<std::os::unix::net::UnixListener> {
        listen(&self.folder)
    }

    /// What the pipe holds; whole lines only are of use, and a line that did not fit has no end.
    pub(super) fn read_metrics(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // An empty pipe is an error, and no news.
        let _ = (&self.metrics).take(METRICS_BYTES_MAX).read_to_end(&mut bytes);
        bytes
    }

    /// Makes the files that a snapshot is written into, so that they are the server's.
    pub(super) fn make_snapshot_files(&self) -> io::Result<()> {
        for name in [words::STATE_FILE, words::MEMORY_FILE] {
            let path = by_descriptor(&self.folder, name);
            let _ = std::fs::remove_file(&path);
            let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
            file.set_permissions(Permissions::from_mode(0o666))?;
        }
        Ok(())
    }

    /// Takes them out into `into`, readable by those who may enter that folder and writable by nobody but the server.
    pub(super) fn take_snapshot_files(&self, into: &Path, memory_bytes: u64) -> io::Result<()> {
        for name in [words::STATE_FILE, words::MEMORY_FILE] {
            let from = self.parent.join(FOLDER).join(name);
            // Firecracker might have put something else there.
            let flags = i32::try_from(OFlags::NOFOLLOW.bits()).map_err(io::Error::other)?;
            let file = File::options().read(true).custom_flags(flags).open(&from)?;
            let found = file.metadata()?;
            if !found.is_file() || (name == words::MEMORY_FILE && found.len() != memory_bytes) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{name} is not what it was to be"),
                ));
            }
            file.set_permissions(Permissions::from_mode(0o644))?;
            let to = into.join(name);
            match std::fs::rename(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    std::fs::copy(&from, &to)?;
                    std::fs::remove_file(&from)?;
                }
                moved => moved?,
            }
            if name == words::MEMORY_FILE {
                // Firecracker writes all of it; copies find a hole's page without the disk, and the disk has room.
                sparse::dig(&File::options().read(true).write(true).open(&to)?)?;
            }
        }
        Ok(())
    }

    pub(super) fn remove_snapshot_files(&self) {
        for name in [words::STATE_FILE, words::MEMORY_FILE] {
            let _ = std::fs::remove_file(by_descriptor(&self.folder, name));
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.parent);
    }
}

/// Where Firecracker connects to for the guest, in place of an earlier listener.
fn listen(folder: &File) -> io::Result<std::os::unix::net::UnixListener> {
    let path = by_descriptor(folder, &format!("{}_{VSOCK_PORT}", words::VSOCK));
    let _ = std::fs::remove_file(&path);
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    listener.set_nonblocking(true)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o666))?;
    Ok(listener)
}

struct RemoveOnDrop(PathBuf);

impl RemoveOnDrop {
    fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.0)
    }
}

impl Drop for RemoveOnDrop {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// The stream of one guest; reads and writes wait until it connects.
pub(super) enum GuestStream {
    /// With whoever reads and whoever writes: a listener wakes only the last that asked it.
    Waiting {
        listener: UnixListener,
        reader: Option<Waker>,
        writer: Option<Waker>,
    },
    Connected(UnixStream),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Reads,
    Writes,
}

impl GuestStream {
    /// Inside a tokio runtime.
    pub(super) fn new(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        Ok(Self::Waiting { listener: UnixListener::from_std(listener)?, reader: None, writer: None })
    }

    fn poll_connected(
        &mut self,
        context: &mut Context<'_>,
        side: Side,
    ) -> Poll<io::Result<Pin<&mut UnixStream>>> {
        if let Self::Waiting { listener, reader, writer } = self {
            let waiting = if side == Side::Reads { &mut *reader } else { &mut *writer };
            *waiting = Some(context.waker().clone());
            let (stream, _) = ready!(listener.poll_accept(context))?;
            for waker in [reader.take(), writer.take()].into_iter().flatten() {
                waker.wake();
            }
            *self = Self::Connected(stream);
        }
        match self {
            Self::Connected(stream) => Poll::Ready(Ok(Pin::new(stream))),
            Self::Waiting { .. } => Poll::Pending,
        }
    }
}

impl AsyncRead for GuestStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.get_mut().poll_connected(context, Side::Reads))?.poll_read(context, buffer)
    }
}

impl AsyncWrite for GuestStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.get_mut().poll_connected(context, Side::Writes))?.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Waiting { .. } => Poll::Ready(Ok(())),
            Self::Connected(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Waiting { .. } => Poll::Ready(Ok(())),
            Self::Connected(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
