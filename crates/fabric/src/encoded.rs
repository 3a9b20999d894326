//! A role behind its own bytes: every request, answer and frame is encoded and decoded on its way, in one
//! process. What does not survive that does not belong into a message.

use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Gives the role's trait over an implementation of it, through bytes.
pub struct Encoded<S: ?Sized>(Arc<S>);

impl<S: ?Sized> Encoded<S> {
    /// Puts `service` behind its bytes.
    pub fn new(service: Arc<S>) -> Arc<Self> {
        Arc::new(Self(service))
    }
    pub(crate) fn inner(&self) -> &S {
        &self.0
    }
}

/// Through bytes and back.
///
/// # Panics
/// When a message does not survive its own encoding: that is what this module is there to find.
#[allow(clippy::expect_used)]
pub(crate) fn round_trip<T: Serialize + DeserializeOwned>(message: &T) -> T {
    let bytes = postcard::to_stdvec(message).expect("a message encodes");
    postcard::from_bytes(&bytes).expect("a message decodes")
}
