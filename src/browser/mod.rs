//! What the browser does around the islands: it listens to the server, sends forms without leaving the page, and shows
//! what has changed. On the server all of it is inert.

pub mod live;
pub mod toasts;
pub mod upload;

#[cfg(feature = "hydrate")]
pub mod calm;
#[cfg(feature = "hydrate")]
mod dialogs;
#[cfg(feature = "hydrate")]
mod forms;
#[cfg(feature = "hydrate")]
pub mod index;
#[cfg(feature = "hydrate")]
pub mod proof;
#[cfg(feature = "hydrate")]
pub mod refresh;

#[cfg(feature = "hydrate")]
pub use forms::post;

/// Starts all of it, once a page.
#[cfg(feature = "hydrate")]
pub fn start() {
    live::live().connect();
    live::watch();
    forms::listen();
    dialogs::listen();
}
