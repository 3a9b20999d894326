//! What the roles say to each other: one trait and its messages per role.
//!
//! Services never import each other; they meet here. In one process a call is a function call; between machines
//! it is an RPC; in the simulator it is a simulated packet. So messages are owned data only: ids, bytes,
//! durations, bounded streams with an end, an error or a cancel. No `Arc`, channel, fd or `Instant` crosses.
//! [`remote`] is each role as bytes, for whoever carries them (`fabric-rpc`); [`encoded`] puts every call through its bytes and back, and an end-to-end test runs the platform on it.

pub mod api;
pub mod assignment;
pub mod control;
pub mod encoded;
pub mod invocation;
pub mod placement;
pub mod remote;
mod service;
pub mod stream;
pub mod telemetry;
pub mod worker;

pub use invocation::{
    CognitoIdentity, Failure, Invocation, Lease, Outcome, ResolvedVersion, Response, Span, Start,
};
pub use stream::{FrameSender, FrameStream};

use serde::{Deserialize, Serialize};
use types::{AccountId, Region};

/// Whose things a call is about. Every account and region is a world of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    pub account: AccountId,
    pub region: Region,
}
