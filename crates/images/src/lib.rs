//! From a zip to a folder that can be mounted.
