//! Server functions: the back office's use cases, one a file. Each names its actor and hands on to a service.

#[cfg(feature = "ssr")]
pub mod account;
#[cfg(feature = "ssr")]
pub mod accounts;
pub mod acl;
#[cfg(feature = "ssr")]
pub mod audit;
pub mod connectors;
#[cfg(feature = "ssr")]
pub mod flows;
pub mod get_job;
pub mod get_module;
pub mod install_module;
pub mod list_modules;
pub mod open_module;
pub mod remove_module;
#[cfg(feature = "ssr")]
pub(crate) mod server;
#[cfg(feature = "ssr")]
pub mod session;
#[cfg(feature = "ssr")]
pub mod system;
#[cfg(feature = "ssr")]
pub mod unprocessed;
#[cfg(feature = "ssr")]
pub mod users;
#[cfg(feature = "ssr")]
pub mod webhook;

use leptos::{
    prelude::FromServerFnError,
    server_fn::{codec::JsonEncoding, error::ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// A failure as pages see it: an HTTP status, and a text that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    pub status: u16,
    pub message: String,
    /// The password is to be given once more; then the same request will do.
    #[serde(default)]
    pub needs_proof: bool,
}

impl ApiError {
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), needs_proof: false }
    }

    fn ill_formed() -> Self {
        let error = Self::new(400, "The form was not filled in as expected.");
        // No function has run that could have done it.
        #[cfg(feature = "ssr")]
        server::set_status(&error);
        error
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    /// Failures of the transport itself.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => {
                Self::new(0, "The server cannot be reached. Check the connection, then try again.")
            }
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::ill_formed(),
            // In the server it is the request that could not be read.
            ServerFnErrorErr::Deserialization(_) if cfg!(feature = "ssr") => Self::ill_formed(),
            _ => Self::new(500, "The server gave an answer that this page does not understand. Reload it."),
        }
    }
}
