//! What a function and its platform say, from pipes to the telemetry role.
//!
//! One task per environment ([`pump`]) owns the pipes and the order of everything: lines as they are written
//! ([`lines`]), framed records of `_LAMBDA_TELEMETRY_LOG_FD` ([`frames`]), and START, END and REPORT between them
//! ([`platform`]). While telemetry is slow the pump does not read, so a function that logs too much waits on its
//! own pipe instead of filling our memory.

pub(crate) mod frames;
pub(crate) mod lines;
pub(crate) mod platform;
pub(crate) mod pump;
