//! Clock and random numbers: what a copy of a machine must not share with the others.

use guest_protocol::messages::Moment;
use std::io;
use std::os::fd::AsRawFd;
use walls::sys::{At, StepError};

/// `RNDADDENTROPY` and `RNDRESEEDCRNG` of <linux/random.h>.
const ADD_ENTROPY: libc::c_ulong = 0x4008_5203;
const RESEED: libc::c_ulong = 0x5207;
const ENTROPY_BYTES: usize = 48;
/// A word of the host's is not longer on its way.
const AHEAD_US_MAX: u64 = 5_000_000;

/// `struct rand_pool_info`, with its buffer.
#[repr(C)]
struct Pool {
    entropy_bits: i32,
    bytes: i32,
    buffer: [u8; ENTROPY_BYTES],
}

/// Sets the wall clock, and has the kernel's generator begin anew from what the host gave. Before any code of the room
/// runs (again): what was drawn before belongs to all copies.
pub(crate) fn set(moment: &Moment) -> Result<(), StepError> {
    set_clock(moment.unix_us).at("wall clock")?;
    let mut buffer = [0; ENTROPY_BYTES];
    // The generation makes copies differ even where a host gave the same entropy twice.
    let given = moment.entropy.iter().chain(&moment.generation);
    buffer.iter_mut().zip(given).for_each(|(to, from)| *to = *from);
    reseed(buffer).at("random numbers")
}

/// Corrects a clock that was left behind. What the host says was true when it said it: a clock that is ahead by what the
/// word was on its way is right, and is not turned back under programs that look at it.
pub(crate) fn correct(unix_us: u64) -> Result<(), StepError> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    let here_us = u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000).unwrap_or(0);
    if is_wrong(here_us, unix_us) { set_clock(unix_us).at("wall clock") } else { Ok(()) }
}

fn is_wrong(here_us: u64, said_us: u64) -> bool {
    here_us < said_us || here_us - said_us > AHEAD_US_MAX
}

fn set_clock(unix_us: u64) -> io::Result<()> {
    let seconds = i64::try_from(unix_us / 1_000_000).map_err(io::Error::other)?;
    let nanoseconds = (unix_us % 1_000_000) * 1_000;
    let time = rustix::time::Timespec { tv_sec: seconds, tv_nsec: nanoseconds as _ };
    Ok(rustix::time::clock_settime(rustix::time::ClockId::Realtime, time)?)
}

fn reseed(buffer: [u8; ENTROPY_BYTES]) -> io::Result<()> {
    let random = std::fs::File::options().write(true).open("/dev/urandom")?;
    let pool = Pool { entropy_bits: 256, bytes: ENTROPY_BYTES as i32, buffer };
    // SAFETY: the first reads one rand_pool_info with `bytes` of buffer behind it, which lives through the call; the second
    // takes nothing.
    let done = unsafe {
        libc::ioctl(random.as_raw_fd(), ADD_ENTROPY as _, &raw const pool)
            | libc::ioctl(random.as_raw_fd(), RESEED as _)
    };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Microseconds since the kernel began, not counting what a copy slept.
pub(crate) fn since_boot_us() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_turned_back_only_where_no_delay_explains_it() {
        assert!(is_wrong(10_000_000, 10_000_001), "behind by however little");
        assert!(!is_wrong(10_000_000, 10_000_000));
        assert!(!is_wrong(10_000_000, 9_900_000), "what was said is a little old");
        assert!(is_wrong(10_000_000, 1_000_000));
    }
}
