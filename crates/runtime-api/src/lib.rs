//! The contract of the Runtime API: paths, headers, error types.
