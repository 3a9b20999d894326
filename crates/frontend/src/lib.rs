//! HTTP, AWS errors, Invoke.
