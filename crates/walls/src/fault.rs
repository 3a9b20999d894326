//! Faults for tests: the spawner dies between two steps, everything else finds out by itself.
//!
//! A test names a step by its number ([`crate::Fault`]); production names none, and each step costs one look at a
//! number. Steps are counted where errors get their step's name ([`crate::sys::At`]), and at the few places beside.
//!
//! ```text
//!  the spawner's own step:   SIGKILL to itself
//!  a step of an init:        a byte to the spawner, which dies of it; init waits for that, then goes on: what the
//!                            kernel and the next start make of it is what the test looks at
//! ```

use crate::Fault;
use rustix::event::{PollFd, PollFlags};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};

/// Steps until the fault; 0 and below: none.
static STEPS_LEFT: AtomicI64 = AtomicI64::new(0);
/// Boots until the one whose init can not be watched; 0 and below: none.
static WATCHES_LEFT: AtomicI64 = AtomicI64::new(0);
/// Number of the pipe's end by which an init tells the spawner to die; -1: there is none.
static TELL: AtomicI32 = AtomicI32::new(-1);

/// Counts the spawner's own steps from here, or prepares what an init tells it by: something came of it if that is
/// readable.
pub fn arm_spawner(fault: Option<Fault>) -> io::Result<Option<OwnedFd>> {
    match fault {
        None => Ok(None),
        Some(Fault::Watch { boot }) => {
            WATCHES_LEFT.store(i64::from(boot) + 1, Ordering::Relaxed);
            Ok(None)
        }
        Some(Fault::Spawner { step }) => {
            STEPS_LEFT.store(i64::from(step) + 1, Ordering::Relaxed);
            Ok(None)
        }
        Some(Fault::Init { .. }) => {
            let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
            // Kept for the spawner's life, by its number: one that an init does not put /dev/null in the place of.
            let write = crate::sys::raised(write.as_fd())?;
            TELL.store(write.as_raw_fd(), Ordering::Relaxed);
            std::mem::forget(write);
            Ok(Some(read))
        }
    }
}

/// Counts an init's steps from here; in the child of the fork. What the spawner was counting is not its child's.
pub fn arm_child(fault: Option<Fault>) {
    let steps = match fault {
        Some(Fault::Init { step }) => i64::from(step) + 1,
        _ => 0,
    };
    STEPS_LEFT.store(steps, Ordering::Relaxed);
}

/// What an init must not close.
pub fn descriptor() -> Option<i32> {
    Some(TELL.load(Ordering::Relaxed)).filter(|number| *number >= 0)
}

/// One step is done.
pub fn step() {
    if STEPS_LEFT.load(Ordering::Relaxed) > 0 && STEPS_LEFT.fetch_sub(1, Ordering::Relaxed) == 1 {
        match descriptor() {
            None => die(),
            Some(number) => have_the_spawner_die(number),
        }
    }
}

/// An error for the boot that was named, in place of the kernel's.
pub fn refuse_watch() -> io::Result<()> {
    let this = WATCHES_LEFT.load(Ordering::Relaxed) > 0 && WATCHES_LEFT.fetch_sub(1, Ordering::Relaxed) == 1;
    if this { Err(io::Error::from_raw_os_error(libc::ENOSPC)) } else { Ok(()) }
}

/// As by kill -9: nothing of this process runs any more.
pub fn die() {
    // SAFETY: numbers only, and they are this process's own.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

fn have_the_spawner_die(number: i32) {
    // SAFETY: the number is open: the spawner never closes it, and its children keep it.
    let tell = unsafe { BorrowedFd::borrow_raw(number) };
    let _ = rustix::io::write(tell, b"x");
    // The end of the only reader is an error of the pipe. Where the parent's death kills, this is as far as it comes.
    let mut polled = [PollFd::from_borrowed_fd(tell, PollFlags::empty())];
    while !polled[0].revents().contains(PollFlags::ERR) {
        if rustix::event::poll(&mut polled, None).is_err_and(|error| error != rustix::io::Errno::INTR) {
            break;
        }
    }
}
