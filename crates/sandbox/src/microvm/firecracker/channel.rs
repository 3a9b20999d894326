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
//! Firecracker may do in the folder what it likes, and a hostile guest may have become Firecracker. So nothing there is
//! followed by its name once Firecracker runs: what is found is opened as itself, looked at, and used by its descriptor.
//! The folder and what the server made in it stay the server's, so that it can remove them.
//!
//! A guest has one stream. Whatever else in it connects to the same port later is refused, for nobody listens any more;
//! that nothing but guest-init connects first is the guest's walls' business (they allow user code no such socket).

use super::{by_descriptor, socket_itself, words};
use crate::microvm::sparse;
use guest_protocol::VSOCK_PORT;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
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
/// State of the devices: some 100 KiB for the few that a machine has.
const STATE_BYTES_MAX: u64 = 16 << 20;

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
        rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::from(0o666), 0)?;
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
        link(file, &path)?;
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
            // A new one, so that no link is followed.
            let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
            file.set_permissions(Permissions::from_mode(0o666))?;
        }
        Ok(())
    }

    /// Takes them out into `into`, readable by those who may enter that folder and writable by nobody but the server.
    pub(super) fn take_snapshot_files(&self, into: &Path, memory_bytes: u64) -> io::Result<()> {
        for name in [words::STATE_FILE, words::MEMORY_FILE] {
            let bytes = (name == words::MEMORY_FILE).then_some(memory_bytes);
            let file = self.open_snapshot_file(name, bytes)?;
            file.set_permissions(Permissions::from_mode(0o644))?;
            give_name(&file, &into.join(name))?;
            rustix::fs::unlinkat(&self.folder, name, AtFlags::empty())?;
        }
        Ok(())
    }

    /// The file that the server made, and no other that Firecracker may have put in its place; never waits for a writer.
    fn open_snapshot_file(&self, name: &str, bytes: Option<u64>) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file: File = rustix::fs::openat(&self.folder, name, flags, Mode::empty())?.into();
        let found = file.metadata()?;
        let is_ours = found.is_file() && found.uid() == rustix::process::geteuid().as_raw();
        if !is_ours || found.len() != bytes.unwrap_or(found.len().min(STATE_BYTES_MAX)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{name} is not what it was to be"),
            ));
        }
        Ok(file)
    }

    pub(super) fn remove_snapshot_files(&self) {
        for name in [words::STATE_FILE, words::MEMORY_FILE] {
            let _ = std::fs::remove_file(by_descriptor(&self.folder, name));
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.parent) {
            tracing::warn!(folder = %self.parent.display(), %error, "a machine's folder can not be removed");
        }
    }
}

/// Gives an open file this name; a copy, where the name lies on another file system.
fn give_name(file: &File, to: &Path) -> io::Result<()> {
    match link(file, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let copy = File::options().write(true).create_new(true).mode(0o644).open(to)?;
            sparse::copy(file, &copy)
        }
        linked => linked,
    }
}

fn link(file: &File, to: &Path) -> io::Result<()> {
    let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, itself, CWD, to, AtFlags::SYMLINK_FOLLOW)?)
}

/// Where Firecracker connects to for the guest, in place of an earlier listener.
fn listen(folder: &File) -> io::Result<std::os::unix::net::UnixListener> {
    let name = format!("{}_{VSOCK_PORT}", words::VSOCK);
    let path = by_descriptor(folder, &name);
    let _ = std::fs::remove_file(&path);
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    listener.set_nonblocking(true)?;
    open_to_all(folder, &name)?;
    Ok(listener)
}

/// Firecracker may connect to this socket.
fn open_to_all(folder: &File, name: &str) -> io::Result<()> {
    let (_held, path) = socket_itself(folder, name)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o666))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const MEMORY_BYTES: u64 = 8_192;

    struct Kit {
        data: tempfile::TempDir,
        channel: Channel,
        into: PathBuf,
        _listener: std::os::unix::net::UnixListener,
    }

    fn kit() -> Kit {
        let data = tempfile::tempdir().unwrap();
        let (channel, listener) = Channel::make(data.path().join("machine")).unwrap();
        let into = data.path().join("snapshot");
        std::fs::create_dir(&into).unwrap();
        channel.make_snapshot_files().unwrap();
        File::options()
            .write(true)
            .open(channel_path(&data, words::MEMORY_FILE))
            .unwrap()
            .set_len(MEMORY_BYTES)
            .unwrap();
        Kit { data, channel, into, _listener: listener }
    }

    fn channel_path(data: &tempfile::TempDir, name: &str) -> PathBuf {
        data.path().join("machine").join(FOLDER).join(name)
    }

    #[test]
    fn a_snapshots_files_are_moved_out_as_they_are() {
        let kit = kit();
        let made = std::fs::metadata(channel_path(&kit.data, words::MEMORY_FILE)).unwrap();
        kit.channel.take_snapshot_files(&kit.into, MEMORY_BYTES).unwrap();
        let taken = std::fs::metadata(kit.into.join(words::MEMORY_FILE)).unwrap();
        assert_eq!((taken.ino(), taken.nlink(), taken.mode() & 0o777), (made.ino(), 1, 0o644));
        assert!(kit.into.join(words::STATE_FILE).is_file());
    }

    #[test]
    fn what_firecracker_puts_in_the_place_of_a_snapshots_file_is_refused() {
        type Put = fn(&Path, &Path) -> io::Result<()>;
        let puts: [(&str, Put); 4] = [
            ("a link", |secret, place| symlink(secret, place)),
            ("a pipe without a writer", |_, place| {
                Ok(rustix::fs::mknodat(CWD, place, rustix::fs::FileType::Fifo, Mode::from(0o666), 0)?)
            }),
            ("a folder", |_, place| std::fs::create_dir(place)),
            ("more than any state", |_, place| File::create(place)?.set_len(STATE_BYTES_MAX + 1)),
        ];
        for (what, put) in puts {
            let kit = kit();
            let secret = kit.data.path().join("secret");
            std::fs::write(&secret, "key").unwrap();
            let place = channel_path(&kit.data, words::STATE_FILE);
            std::fs::remove_file(&place).unwrap();
            put(&secret, &place).unwrap();
            assert!(kit.channel.take_snapshot_files(&kit.into, MEMORY_BYTES).is_err(), "{what}");
            assert!(kit.into.join(words::STATE_FILE).symlink_metadata().is_err(), "{what}");
        }
        let kit = kit();
        assert!(kit.channel.take_snapshot_files(&kit.into, MEMORY_BYTES + 1).is_err(), "another length");
    }

    #[tokio::test]
    async fn a_link_in_the_place_of_a_socket_leads_nowhere() {
        let kit = kit();
        let secret = kit.data.path().join("secret");
        std::fs::write(&secret, "key").unwrap();
        std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        symlink(&secret, channel_path(&kit.data, "link")).unwrap();
        assert!(open_to_all(kit.channel.folder(), "link").is_err());
        assert_eq!(std::fs::metadata(&secret).unwrap().mode() & 0o777, 0o600);

        // Another's socket, with somebody behind it.
        let elsewhere = kit.data.path().join("elsewhere");
        let listener = UnixListener::bind(&elsewhere).unwrap();
        let place = channel_path(&kit.data, "api.sock");
        let api = super::super::api::Api::new(kit.channel.folder().clone(), world::World::real());
        symlink(&elsewhere, &place).unwrap();
        assert!(api.get::<serde_json::Value>("/version").await.is_err());
        std::fs::remove_file(&place).unwrap();
        std::fs::rename(&elsewhere, &place).unwrap();
        let (accepted, _) = tokio::join!(listener.accept(), async {
            api.ready(std::time::Duration::from_secs(10)).await.unwrap()
        });
        assert!(accepted.is_ok(), "a socket itself is connected to");
    }
}
