//! Copies of large files that are mostly zeros.

pub(crate) use walls::sparse::{append, copy};
