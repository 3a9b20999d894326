//! Spawned servers, real clients, hostile functions, made-up messages for tests.

pub mod made;
