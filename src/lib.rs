//! Stockroom: the open, self-hosted back office for the connector modules of a workflow-automation engine.
//!
//! `docs/ARCHITECTURE.md` is the map of this code.

// Views are types nested as deeply as the page.
#![recursion_limit = "256"]

pub mod api;
#[cfg(feature = "ssr")]
pub mod app;
pub mod browser;
pub mod components;
pub mod domain;
pub mod islands;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;

/// What the browser starts, once the page that the server has rendered is there. The islands in it come to life after.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
    browser::start();
}
