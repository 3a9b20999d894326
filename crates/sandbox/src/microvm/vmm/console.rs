//! The end of what a monitor and the kernel in its machine say, for the operator's log.
//!
//! Whoever says it may be a guest that broke out of its machine: it is bounded, and becomes one line of plain text.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use world::World;

/// The end that is kept: a kernel's last words before its panic are some twenty lines.
const KEPT_BYTES: usize = 4 * 1024;

pub(crate) struct Console(Arc<Mutex<VecDeque<u8>>>);

impl Console {
    /// Reads until every writer is gone.
    pub(crate) fn read(world: &World, pipe: OwnedFd) -> io::Result<Self> {
        let mut pipe = pipe::Receiver::from_owned_fd(pipe)?;
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let tail = kept.clone();
        world.spawn("machine console", async move {
            let mut buffer = [0; 1_024];
            while let Ok(got @ 1..) = pipe.read(&mut buffer).await {
                let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend(buffer.iter().take(got));
                let excess = tail.len().saturating_sub(KEPT_BYTES);
                tail.drain(..excess);
            }
        });
        Ok(Self(kept))
    }

    pub(crate) fn tail(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        plain(String::from_utf8_lossy(&bytes).trim(), KEPT_BYTES)
    }
}

/// What another process said, on one line and no longer than this.
pub(crate) fn plain(text: &str, chars_max: usize) -> String {
    text.chars().map(|this| if this.is_control() { ' ' } else { this }).take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn the_end_of_what_is_said_is_kept_as_one_plain_line() {
        let world = World::real();
        let (read, write) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&read, true).unwrap();
        let console = Console::read(&world, read.into()).unwrap();
        let mut write = write;
        let said = world.blocking("machine look", move || {
            write.write_all(&vec![b'a'; 3 * KEPT_BYTES]).unwrap();
            write.write_all(b"\x1b[2J\nlast \xff words\n").unwrap();
        });
        said.await.unwrap();
        let done = async {
            while !console.tail().ends_with("words") {
                tokio::task::yield_now().await;
            }
        };
        world.timeout(std::time::Duration::from_secs(10), done).await.expect("it is read");
        let tail = console.tail();
        assert!(tail.ends_with(" [2J last \u{fffd} words") && !tail.contains(char::is_control), "{tail}");
        assert!(tail.chars().count() <= KEPT_BYTES, "{}", tail.len());
    }
}
