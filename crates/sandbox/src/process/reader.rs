//! Our end of a pipe that a process inside writes to.
//!
//! What was written before a poll is there at that poll. A reader of tokio's own answers from what the reactor has seen
//! so far, which on a busy host is less than what is in the pipe: a line that a function wrote before it answered would
//! be missing from the log tail of that answer.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::io::Errno;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe;

pub(super) struct Reader(pipe::Receiver);

impl Reader {
    pub(super) fn new(fd: OwnedFd) -> io::Result<Self> {
        pipe::Receiver::from_owned_fd(fd).map(Self)
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: nothing is de-initialised: it is only handed to read(2), which writes.
        let space = unsafe { into.unfilled_mut() };
        // Zeroing it first would cost more than the call: most polls find nothing.
        match rustix::io::read(&self.0, space) {
            Ok((read, _)) => {
                let bytes = read.len();
                // SAFETY: the kernel has written so many.
                unsafe { into.assume_init(bytes) };
                into.advance(bytes);
                Poll::Ready(Ok(()))
            }
            // Nothing yet: the reactor wakes us.
            Err(Errno::AGAIN | Errno::INTR) => Pin::new(&mut self.0).poll_read(cx, into),
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::task::Waker;

    /// The log tail of an answer lacked the line before it, on a host under load.
    #[tokio::test(flavor = "current_thread")]
    async fn what_was_written_is_read_though_the_reactor_has_not_looked() {
        let (ours, mut theirs) = io::pipe().unwrap();
        let mut reader = Reader::new(ours.into()).unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let mut read = |expected: &[u8]| {
            let mut space = [0; 16];
            let mut into = ReadBuf::new(&mut space);
            let polled = Pin::new(&mut reader).poll_read(&mut cx, &mut into);
            assert_eq!(into.filled(), expected);
            polled.is_ready()
        };
        // No await between these: the reactor has no turn.
        assert!(!read(b""));
        theirs.write_all(b"line\n").unwrap();
        assert!(read(b"line\n"));
        assert!(!read(b""));
        drop(theirs);
        assert!(read(b""), "the end");
    }
}
