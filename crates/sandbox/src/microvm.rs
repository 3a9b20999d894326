//! Environments that are machines: each function behind a kernel of its own.
//!
//! | module | what it does |
//! |---|---|
//! | `assets` | kernel, initramfs and root image: made once, kept by key |
//! | `link` | the host's end of the conversation with one guest-init |
//! | `vmm` | what a virtual machine monitor must be able to do |

pub mod assets;
pub(crate) mod link;
pub(crate) mod vmm;
