//! Environments that are machines: each function behind a kernel of its own.
//!
//! | module | what it does |
//! |---|---|
//! | `vmm` | what a virtual machine monitor must be able to do |
//! | `qemu` | QEMU's machines |

pub(crate) mod qemu;
#[doc(hidden)]
pub mod rehearsal;
pub(crate) mod vmm;
