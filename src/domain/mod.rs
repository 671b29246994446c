//! Types and rules without I/O, compiled for the server and for the browser.

pub mod acl;
pub mod finding;
pub mod flow;
pub mod flow_graph;
pub mod flow_use;
pub mod icons;
pub mod job;
pub mod module;
pub mod name;
pub mod person;
pub mod search;
pub mod secrets;
