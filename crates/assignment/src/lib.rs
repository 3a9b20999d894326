//! The assignment service: the driver around `scheduler::assignment`.
//!
//! One mutex owns the machine; it is held for one step, never across an await. A warm acquire is that one step
//! and no task; a cold one is carried by a task of its own through placement and the worker, so that a caller
//! who goes away does not leave a half-made environment behind.
//!
//! One leader of one partition for now; followers over a journal take the same machine and the same messages.

mod leader;

#[cfg(test)]
mod tests;

pub use leader::{AssignmentService, Parts, WorkerDirectory};
pub use scheduler::assignment::Settings;
