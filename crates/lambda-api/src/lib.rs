//! The Lambda and Logs API surface, generated from the service model.
