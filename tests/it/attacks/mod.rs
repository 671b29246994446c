//! Attacks that are known from other systems, tried on the whole server; each test is named by the attack's id.
//!
//! docs/SECURITY.md says where the others are.

mod files;
mod input;
mod markup;
mod network;
mod sight;
