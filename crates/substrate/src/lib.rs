//! Kv and Blobs: small traits, embedded providers, one conformance suite.
