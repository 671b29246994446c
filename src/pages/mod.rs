//! The pages, a folder a section of the menu.

pub mod account;
pub mod acl;
pub mod audit;
pub mod connectors;
pub mod flows;
pub mod jobs;
pub mod modules;
pub mod not_found;
pub mod reference;
pub mod sign_in;
pub mod system;
pub mod unprocessed;
pub mod upload;
pub mod users;
pub mod webhook;
