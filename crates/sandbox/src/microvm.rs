//! Environments that are machines: each function behind a kernel of its own.
//!
//! | module | what it does |
//! |---|---|
//! | `link` | the host's end of the conversation with one guest-init |
//! | `vmm` | what a virtual machine monitor must be able to do |
//! | `qemu` | QEMU's machines |

pub(crate) mod qemu;
#[doc(hidden)]
pub mod rehearsal;
#[allow(dead_code)] // until environments are made of it
pub(crate) mod link;
#[allow(dead_code)] // until both monitors are there
pub(crate) mod vmm;

#[cfg(fuzzing)]
pub use link::fuzzing;
