//! A host of environments: the worker role.
//!
//! ```text
//! WorkerControl ──► table of environments ──► one task each (environment): boot, init, invoke, end
//! WorkerInvoke  ──┘                              │         │            │
//!                                     code_cache, sandbox  runtime_api  logs ──► Telemetry
//!                                                          api_door ──► Api
//! ```
//! A payload comes by [`fabric::worker::WorkerInvoke`], waits in its environment's mailbox (exactly one fits), goes
//! in through the turnstile ([`runtime_api`](crate::runtime_api)) and comes out there. What an environment does is
//! told to assignment; when it is to end is assignment's to say. Whether the worker serves at all is a lease of
//! placement's ([`tenancy`]).

mod api_door;
mod code_cache;
mod doors;
mod environment;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod heads;
mod keys;
pub mod layers;
mod logs;
mod parts;
pub mod pool;
mod runtime_api;
pub mod runtimes;
mod seat;
pub mod snapshots;
pub mod snapstart;
mod starts;
pub mod tenancy;
mod worker;

pub use parts::{Launch, LaunchError, Runtimes, Settings, Snapshots, WorkerParts};
pub use worker::Worker;
