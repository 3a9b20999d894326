//! A host of environments: Runtime API, runtimes, code cache, log lines.

pub mod runtimes;
