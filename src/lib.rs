//! Stockroom: the open, self-hosted back office for the connector modules of a workflow-automation engine.
#![recursion_limit = "256"]

pub mod api;
pub mod app;
pub mod domain;
#[cfg(feature = "ssr")]
pub mod server;
