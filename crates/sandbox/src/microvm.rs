//! Environments that are microVMs.

mod link;
