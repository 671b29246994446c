//! The integration tests, in one program: each links the whole server, and one link is quicker and smaller than many.

#![cfg(feature = "ssr")]

mod acl;
mod attacks;
mod catalogue;
mod cli;
mod engine;
mod host;
mod icons;
mod ingest;
mod jobs;
#[cfg(target_os = "linux")]
mod kills;
mod letters;
mod matrix;
mod page_cache;
mod people;
mod removal;
mod rest_accounts;
mod rest_acl;
mod rest_components;
mod rest_files;
mod rest_modules;
mod rest_people;
mod rest_settings;
mod rest_stores;
mod routes;
mod runtime;
mod support;
mod webhook;
