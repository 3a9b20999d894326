//! PID 1 of a microVM: makes a machine out of a kernel, and a room in it out of what the host says.
//!
//! ```text
//!  kernel ─▶ early: own root, proc, sys, dev, cgroups, modules, root image
//!         ─▶ transport: the byte stream to the host (vsock or virtio-serial)
//!         ─▶ guest: the loop (its states are drawn there) ─▶ reboot: the VMM ends
//! ```
//!
//! The room is built by the same `walls::init` that the `process` sandbox forks on a host, so that code finds the same
//! user, folders, filters and limits. This process stays root of the guest, outside the room, and reads what code inside
//! writes: it holds no secret, and the VM is the wall behind it.
//!
//! One thread, no runtime: everything is a loop around `poll`. A panic aborts, which panics the kernel, which ends the VM.
//!
//! | module | what it does |
//! |---|---|
//! | `early`, `settings` | before the first word: mounts, modules, devices |
//! | `transport` | the byte stream, and finding it again after a restore |
//! | `moment` | clock and random numbers that a copy does not share |
//! | `guest` | the conversation |
//! | `ways` | pipes and doors' connections as streams |
//! | `outgoing` | what waits to be written to the host |
//! | `machine` | what the conversation asks of this machine; a trait, so that tests have another |
//! | `room` | the real one |

mod early;
mod guest;
mod machine;
mod moment;
mod outgoing;
mod room;
mod settings;
mod transport;
mod ways;

use machine::Trouble;

fn main() {
    if !rustix::process::getpid().is_init() {
        eprintln!("guest-init is PID 1 of a microVM and nothing else");
        std::process::exit(2);
    }
    let began_us = moment::since_boot_us();
    if let Err(trouble) = live(began_us) {
        eprintln!("guest-init: {trouble}");
    }
    end();
}

/// Until the host says so, or is gone for good.
fn live(began_us: u64) -> Result<(), Trouble> {
    let settings = early::prepare()?;
    let room = room::Guest::prepare(began_us, settings.channel)?;
    let channel = room.connect()?;
    guest::Conversation::new(room, channel).run()
}

/// The VM ends: `reboot=` in the kernel's arguments makes a restart the way in which a VMM sees that.
fn end() -> ! {
    // No sync: what was written to this machine's only writable device ends with it.
    let _ = rustix::system::reboot(rustix::system::RebootCommand::Restart);
    // The kernel panics when PID 1 ends, which ends the VM as well.
    walls::sys::exit_now(1)
}
