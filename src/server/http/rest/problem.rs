//! How failures look in the document: one schema, and one name for each status.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

/// What every failure answers with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the document alone; `http::error` writes it")]
#[schema(rename_all = "camelCase")]
pub struct Problem {
    /// The HTTP status again.
    pub status_code: u16,
    /// The status in words.
    #[schema(example = "Not Found")]
    pub error: String,
    /// What is wrong and what to do, for a person.
    pub message: String,
    /// Findings in an archive that was refused.
    pub data: Option<Vec<serde_json::Value>>,
    /// The limit that was exceeded, in bytes.
    pub limit: Option<u64>,
    /// The browser's session needs the password once more.
    pub needs_proof: Option<bool>,
    /// Seconds to wait.
    pub retry_after: Option<u64>,
}

/// Several failures under one name.
macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident = $($part:ident)*;)*) => {
        $($(#[$doc])* pub enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($part::responses()),*].into_iter().flatten().collect()
            }
        })*
    };
}

groups! {
    /// What everything for administrators may answer.
    ForAdmins = Unauthorized Forbidden;
    /// What everything that takes JSON may answer.
    OfJson = Invalid TooLarge NotJson;
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:literal $text:literal;)*) => {
        $($(#[$doc])* pub enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
                let response = ResponseBuilder::new().description($text).content("application/json", content).build();
                BTreeMap::from([($status.to_owned(), response.into())])
            }
        })*
    };
}

problems! {
    Invalid = "400" "The request is wrong; nothing was changed.";
    Unauthorized = "401" "Nobody is signed in, or the token is of no use.";
    Forbidden = "403" "Whoever asks may not.";
    NotFound = "404" "There is no such thing.";
    Conflict = "409" "The state of things forbids it; nothing was changed.";
    Stale = "412" "It has changed since it was read; nothing was changed.";
    TooLarge = "413" "The body is over the limit.";
    NotJson = "415" "The body's media type will not do.";
    TooMany = "429" "Too many attempts; `Retry-After` says how long to wait.";
    NotImplemented = "501" "This server does not do that.";
    Unavailable = "503" "What it takes is not there now.";
}
