//! The API surface as data: what Lambda and CloudWatch Logs accept and answer, generated from AWS's own
//! service models (`cargo xtask codegen`, models in `models/`). No IO, no state, no decision.
//!
//! A request becomes a checked input in three steps:
//!
//! ```text
//! route(method, raw path, raw query) ─► Matched { operation, labels }   (or WrongMethod, Unknown)
//! Input::parse(request)              ─► CreateFunctionRequest …         (or SerializationError, 400)
//! Input::violations()                ─► nothing, or `message(..)`       (ValidationException, 400)
//! ```
//!
//! What the model lacks or states too widely is written by hand in [`overrides`].

pub mod error;
mod generated;
pub mod overrides;
pub mod pattern;
pub mod request;
pub mod route;
pub mod rule;
pub mod wire;

pub use error::{ErrorShape, Fault};
pub use generated::{lambda, logs};
pub use lambda::operations::{Operation, route};
pub use logs::operations::Operation as LogsOperation;
pub use request::{Input, Request, SerializationError};
pub use route::{PathLabels, Routed};
pub use rule::{Shape, Violation, message};
pub use wire::{Blob, Timestamp};
