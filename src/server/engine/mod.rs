//! Runs flows made of installed components; docs/ENGINE.md is the map.

pub mod host;
