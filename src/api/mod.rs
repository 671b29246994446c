//! Server functions: the back office's use cases, one a file. Each names its actor and hands on to a service.

pub mod acl;
pub mod get_job;
pub mod get_module;
pub mod install_module;
pub mod list_modules;
pub mod open_module;
pub mod remove_module;
#[cfg(feature = "ssr")]
mod server;

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
            ServerFnErrorErr::Request(_) => Self {
                status: 0,
                message: "The server cannot be reached. Check the connection, then try again.".to_owned(),
            },
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                Self { status: 400, message: "The form was not filled in as expected.".to_owned() }
            }
            _ => Self {
                status: 500,
                message: "The server gave an answer that this page does not understand. Reload it.".to_owned(),
            },
        }
    }
}
