//! The parts of the pages that live in the browser. Everything else is rendered on the server alone, so that the wasm
//! does not grow with every page.

pub mod component_search;
pub mod job;
pub mod module_list;
pub mod toast_list;
pub mod upload_dialog;
