//! The folder through which the server and one Firecracker meet, and the byte stream that comes out of it.
//!
//! ```text
//!  server (by a descriptor of it)                Firecracker (the machine's own user, in its jail)
//!  v.sock_52   binds, listens         ◀─────────  connects, each time the guest connects to its host's port 52
//!  api.sock    connects               ─────────▶  binds, listens
//!  metrics     reads a pipe           ◀─────────  writes what fits
//! ```
//!
//! ```text
//!  the stream:  Waiting ──first connection; the listener is closed──▶ Connected ──either side ends──▶ (ended)
//! ```
//!
//! The folder is the jail's: a file system in memory with room for some sockets, which no path of the host leads to and which
//! ends with the machine. Firecracker may do in it what it likes, and a hostile guest may have become Firecracker. So nothing
//! there is followed by its name: what is found is opened as itself, looked at, and used by its descriptor.
//!
//! A guest has one stream. Whatever else in it connects to the same port later is refused, for nobody listens any more;
//! that nothing but guest-init connects first is the guest's walls' business (they allow user code no such socket).

use super::output::Output;
use super::{by_descriptor, socket_itself, words};
use guest_protocol::VSOCK_PORT;
use rustix::fs::{CWD, Mode, OFlags};
use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};

/// Most of the metrics that is read at once: what a pipe holds.
const METRICS_BYTES_MAX: u64 = 64 * 1024;

/// What lies between the two.
#[derive(Debug)]
pub(super) struct Channel {
    folder: Arc<File>,
    metrics: File,
    output: Output,
}

impl Channel {
    /// In the folder of a jail that stands, with a listener for the guest.
    pub(super) fn make(folder: File, output: Output) -> io::Result<(Self, std::os::unix::net::UnixListener)> {
        let folder = Arc::new(folder);
        let listener = listen(&folder)?;
        let pipe = by_descriptor(&folder, words::METRICS_PIPE);
        rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::from(0o666), 0)?;
        // It itself, whatever a monitor that was quicker has put there: a link would be followed otherwise.
        let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let metrics = File::options().read(true).custom_flags(flags).open(&pipe)?;
        metrics.set_permissions(Permissions::from_mode(0o666))?;
        Ok((Self { folder, metrics, output }, listener))
    }

    pub(super) fn folder(&self) -> &Arc<File> {
        &self.folder
    }

    pub(super) fn output(&self) -> &Output {
        &self.output
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
    use std::os::unix::fs::{MetadataExt, symlink};

    #[tokio::test]
    async fn a_link_in_the_place_of_a_socket_leads_nowhere() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("channel");
        std::fs::create_dir(&folder).unwrap();
        let output = Output::make(data.path().join("machine")).unwrap();
        let (channel, _listener) = Channel::make(File::open(&folder).unwrap(), output).unwrap();
        let secret = data.path().join("secret");
        std::fs::write(&secret, "key").unwrap();
        std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        symlink(&secret, folder.join("link")).unwrap();
        assert!(open_to_all(channel.folder(), "link").is_err());
        assert_eq!(std::fs::metadata(&secret).unwrap().mode() & 0o777, 0o600);

        // Another's socket, with somebody behind it.
        let elsewhere = data.path().join("elsewhere");
        let listener = UnixListener::bind(&elsewhere).unwrap();
        let place = folder.join("api.sock");
        let api = super::super::api::Api::new(channel.folder().clone(), world::World::real());
        symlink(&elsewhere, &place).unwrap();
        assert!(api.get::<serde_json::Value>("/version").await.is_err());
        std::fs::remove_file(&place).unwrap();
        std::fs::rename(&elsewhere, &place).unwrap();
        let (accepted, _) = tokio::join!(listener.accept(), async {
            api.ready(std::time::Duration::from_secs(10)).await.unwrap()
        });
        assert!(accepted.is_ok(), "a socket itself is connected to");
    }

    #[test]
    fn a_link_in_the_place_of_the_pipe_is_not_followed() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("channel");
        std::fs::create_dir(&folder).unwrap();
        let secret = data.path().join("secret");
        std::fs::write(&secret, "key").unwrap();
        symlink(&secret, folder.join(words::METRICS_PIPE)).unwrap();
        let output = Output::make(data.path().join("machine")).unwrap();
        assert!(Channel::make(File::open(&folder).unwrap(), output).is_err());
    }
}
