//! What the browser keeps while pages come and go, and its APIs that pages need. On the server all of it is inert.

pub mod index;
pub mod live;
pub mod upload;
