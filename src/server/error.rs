//! What can go wrong on the server, as one semantic enum; the only place where an internal cause becomes public text.

use crate::{
    api::ApiError,
    domain::{finding::Finding, flow_use::FlowUse},
};

/// A failure that a way in turns into a status and a text.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("{0}")]
    NotFound(String),
    /// The state of things forbids it now; nothing was changed.
    #[error("{0}")]
    Conflict(String),
    /// Flows use what would go; nothing was changed. `what` is a sentence that names some of them.
    #[error(
        "{what} Nothing was changed. To go on all the same, confirm it on the module's page, or ask with force=true."
    )]
    InUse { what: String, flows: Vec<FlowUse> },
    /// Nobody knows who is asking: sign in first.
    #[error("{0}")]
    Unauthorized(String),
    /// Whoever asks may not.
    #[error("{0}")]
    Forbidden(String),
    /// An administrator, but the session's last proof is too old.
    #[error("Confirm your password to go on. Nothing was changed.")]
    NeedsProof,
    #[error("Too many attempts. Wait {seconds} seconds, then try again.")]
    TooManyAttempts { seconds: u64 },
    /// The request itself is wrong.
    #[error("{0}")]
    Invalid(String),
    #[error("The archive was refused.")]
    InvalidArchive(Vec<Finding>),
    #[error("The file is over the limit of {limit} bytes.")]
    TooLarge { limit: u64 },
    #[error("{0}")]
    UnsupportedMediaType(String),
    #[error("This address does not know this method.")]
    MethodNotAllowed,
    /// It is no longer what whoever asks has seen; nothing was changed.
    #[error("{0}")]
    PreconditionFailed(String),
    #[error("{0}")]
    NotImplemented(String),
    /// What it takes is not there now; it may be later.
    #[error("{0}")]
    Unavailable(String),
    /// The sender went silent or away before the body was complete.
    #[error("{0}")]
    Incomplete(String),
    /// Something here is broken. The cause goes to the log under an id, and only the id goes out.
    #[error("{cause}")]
    Internal { cause: String },
}

pub type Result<T, E = ServerError> = std::result::Result<T, E>;

impl ServerError {
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal { cause: cause.to_string() }
    }

    /// The HTTP status, and a text that may be shown to whoever asked. An internal cause is logged here, once.
    pub fn public(&self) -> ApiError {
        let status = match self {
            Self::NotFound(_) => 404,
            Self::Unauthorized(_) => 401,
            Self::Forbidden(_) | Self::NeedsProof => 403,
            Self::TooManyAttempts { .. } => 429,
            Self::Conflict(_) | Self::InUse { .. } => 409,
            Self::Invalid(_) | Self::Incomplete(_) => 400,
            Self::InvalidArchive(_) => 422,
            Self::TooLarge { .. } => 413,
            Self::UnsupportedMediaType(_) => 415,
            Self::MethodNotAllowed => 405,
            Self::PreconditionFailed(_) => 412,
            Self::NotImplemented(_) => 501,
            Self::Unavailable(_) => 503,
            Self::Internal { cause } => {
                let id = uuid::Uuid::new_v4();
                tracing::error!(%id, %cause, "internal error");
                return ApiError::new(
                    500,
                    format!("Something went wrong on the server. Its log has the cause under {id}."),
                );
            }
        };
        ApiError { needs_proof: matches!(self, Self::NeedsProof), ..ApiError::new(status, self.to_string()) }
    }
}

macro_rules! internal_from {
    ($($source:ty),* $(,)?) => {
        $(impl From<$source> for ServerError {
            fn from(source: $source) -> Self {
                Self::internal(source)
            }
        })*
    };
}

internal_from!(
    deadpool_sqlite::InteractError,
    deadpool_sqlite::PoolError,
    object_store::Error,
    rusqlite::Error,
    serde_json::Error,
    std::io::Error,
    tokio::task::JoinError,
);
