//! What waits to be written to the host, with the phase that each word must fit.

use crate::machine::Trouble;
use guest_protocol::frame;
use guest_protocol::messages::{StreamId, ToHost};
use guest_protocol::phase::Conversation;
use std::io;
use std::os::fd::BorrowedFd;

/// While so much waits, nothing more is taken from pipes and doors.
const BYTES_MAX: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pub(crate) phase: Conversation,
    bytes: Vec<u8>,
    /// Of these, so many are written.
    written: usize,
}

impl Outgoing {
    pub(crate) fn say(&mut self, word: &ToHost) -> Result<(), Trouble> {
        self.phase.to_host(word).map_err(|error| Trouble::new("phase", error))?;
        frame::encode(word, &mut self.bytes).map_err(|error| Trouble::new("frame", error))
    }

    pub(crate) fn data(&mut self, stream: StreamId, bytes: &[u8]) -> Result<(), Trouble> {
        frame::encode_data::<ToHost>(stream, bytes, &mut self.bytes)
            .map_err(|error| Trouble::new("frame", error))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.bytes.len() - self.written < BYTES_MAX
    }

    /// Another stream of bytes: nothing of the old one's is left.
    pub(crate) fn begin_anew(&mut self) {
        *self = Self::default();
    }

    /// Writes what the host's side takes.
    pub(crate) fn flush(&mut self, channel: BorrowedFd<'_>) -> io::Result<()> {
        while let Some(rest) = self.bytes.get(self.written..).filter(|rest| !rest.is_empty()) {
            match rustix::io::write(channel, rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => self.written += bytes,
                Err(rustix::io::Errno::AGAIN) => return self.forget_written(),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.bytes.clear();
        self.written = 0;
        Ok(())
    }

    /// A slow reader must not have the written part grow for ever.
    fn forget_written(&mut self) -> io::Result<()> {
        if self.written >= BYTES_MAX {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guest_protocol::frame::Decoder;
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn what_a_slow_host_does_not_take_waits_in_order_and_says_when_it_is_enough() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut out = Outgoing::default();
        let mut said = 0u8;
        while out.has_room() {
            out.data(StreamId(1), &[said; 30_000]).unwrap();
            out.flush(ours.as_fd()).unwrap();
            said += 1;
        }
        assert!(!out.is_empty() && said > 8, "{said}");
        let mut decoder = Decoder::default();
        for expected in 0..said {
            let body = loop {
                if let Some(body) = decoder.next().unwrap() {
                    break body.to_vec();
                }
                let bytes = theirs.read(decoder.space()).unwrap();
                decoder.filled(bytes);
                out.flush(ours.as_fd()).unwrap();
            };
            let (_, bytes) = frame::data::<ToHost>(&body).unwrap().unwrap();
            assert_eq!(bytes, [expected; 30_000]);
        }
        assert!(out.is_empty() && out.has_room());
    }
}
