//! Environments that are machines: each function behind a kernel of its own.
//!
//! | module | what it does |
//! |---|---|
//! | `firecracker` | machines on Firecracker |
//! | `vmm` | what a virtual machine monitor must be able to do |
//! | `qemu` | QEMU's machines |

pub mod firecracker;
pub(crate) mod qemu;
pub(crate) mod vmm;
