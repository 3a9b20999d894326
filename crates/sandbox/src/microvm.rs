//! Environments that are machines: each function behind a kernel of its own.
//!
//! | module | what it does |
//! |---|---|
//! | `assets` | kernel, initramfs and root image: made once, kept by key |
//! | `link` | the host's end of the conversation with one guest-init |
//! | `settings` | what an operator sets, and which sandbox follows from it |
//! | `vmm` | what a virtual machine monitor must be able to do |

pub mod assets;
pub(crate) mod link;
pub mod settings;
pub(crate) mod vmm;
