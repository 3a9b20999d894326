//! What several fuzz targets share.

pub mod world;
pub mod zip;
