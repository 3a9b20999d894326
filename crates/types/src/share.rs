//! What a function may have in progress at once.

use serde::{Deserialize, Serialize};

/// A function's share of its account's concurrency in a region, as control knew it when it said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConcurrencyShare {
    /// Rises with every change of the function's reservation: an older word is out of date.
    pub at: u64,
    /// Reserved for the function, over all its versions; `None`: it shares what no function has reserved.
    pub reserved: Option<u32>,
    /// The account's limit less all reservations.
    pub unreserved: u32,
}

impl ConcurrencyShare {
    /// Of a function that never had a reservation, in an account without any.
    pub fn unreserved(limit: u32) -> Self {
        Self { at: 0, reserved: None, unreserved: limit }
    }
}
