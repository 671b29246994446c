//! Widgets that know no module.

pub mod badge;
pub mod dialog;
pub mod error;
pub mod icon;
pub mod live_region;
pub mod toast;
pub mod when;
