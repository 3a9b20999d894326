//! The assignment service: the driver around `scheduler::assignment`.
//!
//! One mutex owns the machine; it is held for one step, never across an await. A warm acquire is that one step
//! and no task; a cold one is carried by a task of its own through placement and the worker, so that a caller
//! who goes away does not leave a half-made environment behind.
//!
//! Accounts are divided among partitions (`partitions`). A partition has one leader and any number of followers (`service`). Who leads is an entry in `Kv` (`substrate::election`); what
//! a leader must not forget is in a `Log` (`journal`, `records`), which followers replay as it grows (`replica`). A
//! leader that was deposed is fenced twice: its next append fails, and workers refuse its epoch.

mod courtesy;
mod journal;
mod leader;
mod partitions;
mod records;
mod replica;
mod service;

#[cfg(test)]
mod tests;

pub use courtesy::Courtesy;
pub use leader::WorkerDirectory;
pub use partitions::Partitions;
pub use replica::replay;
pub use scheduler::assignment::Settings;
pub use service::{AssignmentService, Parts, key_of};
