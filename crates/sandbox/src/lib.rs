//! The walls around one environment.

pub mod egress;
