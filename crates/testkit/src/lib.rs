//! Spawned servers, real clients, hostile functions, made-up messages, a clock that is moved for tests.

pub mod clock;
pub mod made;
