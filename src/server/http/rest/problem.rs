//! How failures look in the document: one schema, and one name for each status.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use crate::{
    domain::{
        flow::Stage,
        flow_use::{FlowUse, UsedComponent},
    },
    server::time::iso,
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
    /// Flows that use what would go, running ones first.
    pub flows: Option<Vec<AffectedFlow>>,
    /// The limit that was exceeded, in bytes.
    pub limit: Option<u64>,
    /// The browser's session needs the password once more.
    pub needs_proof: Option<bool>,
    /// Seconds to wait.
    pub retry_after: Option<u64>,
}

/// A flow that would lose components.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AffectedFlow {
    flow_id: String,
    name: String,
    /// `running`, `starting`, `stopping` or `stopped`.
    #[schema(value_type = String)]
    stage: Stage,
    /// Its owner.
    user_id: String,
    /// The owner's address.
    owner: String,
    /// What it would lose.
    components: Vec<AffectedComponent>,
    /// When it was last started.
    last_run: Option<String>,
    /// Messages that are on their way in it.
    messages_waiting: u32,
}

/// A component that a flow would lose.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AffectedComponent {
    component_id: String,
    /// `vendor.service.module.Component`.
    r#type: String,
}

impl From<FlowUse> for AffectedFlow {
    fn from(flow: FlowUse) -> Self {
        let component = |one: UsedComponent| AffectedComponent { component_id: one.id, r#type: one.kind };
        Self {
            flow_id: flow.flow_id,
            name: flow.name,
            stage: flow.stage,
            user_id: flow.user_id,
            owner: flow.email,
            components: flow.components.into_iter().map(component).collect(),
            last_run: flow.started_at.map(iso),
            messages_waiting: flow.waiting,
        }
    }
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
