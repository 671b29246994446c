//! Widgets that know no module.

pub mod badge;
#[cfg(feature = "ssr")]
pub mod error;
pub mod icon;
#[cfg(feature = "ssr")]
pub mod moment;
pub mod when;
