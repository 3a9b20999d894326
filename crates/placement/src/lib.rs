//! The placement service: the driver around `scheduler::placement`.
//!
//! Workers register (one of this process) or join and send heartbeats (those of a fleet); each environment gets a slot
//! on one of them. One mutex owns the planner; it is held for one call, never across an await. [`fleet`] keeps the fleet
//! as large as the planner wishes, through a [`provider`].

pub mod fleet;
pub mod provider;
mod service;

#[cfg(test)]
mod tests;

pub use scheduler::placement::Settings;
pub use service::PlacementService;
