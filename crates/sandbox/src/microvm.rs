//! Environments that are machines: each function behind a kernel of its own.
//!
//! | module | what it does |
//! |---|---|
//! | `assets` | kernel, initramfs and root image: made once, kept by key |
//! | `link` | the host's end of the conversation with one guest-init |
//! | `settings` | what an operator sets, and which sandbox follows from it |
//! | `vmm` | what a virtual machine monitor must be able to do |
//! | `qemu` | QEMU's machines |

pub mod assets;
#[allow(dead_code)] // until environments are made of it
pub(crate) mod link;
pub(crate) mod qemu;
#[doc(hidden)]
pub mod rehearsal;
pub mod settings;
#[allow(dead_code)] // until both monitors are there
pub(crate) mod vmm;

#[cfg(fuzzing)]
pub use link::fuzzing;
