//! The pages, a folder a section of the menu.

pub mod account;
pub mod acl;
pub mod audit;
pub mod jobs;
pub mod modules;
pub mod not_found;
pub mod sign_in;
pub mod upload;
pub mod users;
