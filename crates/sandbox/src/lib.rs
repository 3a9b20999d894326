//! The walls around one environment.
