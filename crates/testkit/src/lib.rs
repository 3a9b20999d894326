//! Spawned servers, real clients, hostile functions for tests.
