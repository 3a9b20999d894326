//! Environments that are machines: each function behind a kernel of its own.
//!
//! | module | what it does |
//! |---|---|
//! | `link` | the host's end of the conversation with one guest-init |
//! | `vmm` | what a virtual machine monitor must be able to do |

pub(crate) mod link;
pub(crate) mod vmm;
