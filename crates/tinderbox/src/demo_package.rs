//! The example function that `demo` deploys: `examples/hello-rust`, compiled by this crate's build script.

use crate::failure::Failure;
use crate::package;

const BOOTSTRAP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bootstrap"));

/// The zip to upload.
pub(crate) fn zip() -> Result<Vec<u8>, Failure> {
    package::zip(std::iter::once(Ok(("bootstrap", true, BOOTSTRAP.to_vec()))))
}
