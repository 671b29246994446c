//! The engine through the real store, with a host that does what each test says, and time under control.

mod accounts;
mod calls;
mod delivery;
mod errors;
mod files;
mod flows;
mod own_api;
mod quotas;
mod removal;
mod restart;
mod retries;
mod statics;
mod stores;
mod ticks;
mod webhooks;
pub mod world;
