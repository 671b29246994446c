//! Everything that runs only on the server. Ways in (`http`, and `crate::api`) name the actor, services decide,
//! `store` and `blobs` keep.

pub mod access;
pub mod archive;
pub mod blobs;
pub mod catalogue;
pub mod config;
pub mod data;
pub mod engine;
pub mod error;
pub mod events;
pub mod files;
pub mod http;
pub mod icons;
pub mod markup;
pub mod outbound;
pub mod registry;
pub mod runtime;
pub mod settings;
pub mod state;
pub mod store;
pub mod time;
pub mod webhook;
