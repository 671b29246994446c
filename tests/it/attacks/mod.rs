//! Attacks that are known from other systems, tried on the whole server; each test is named by the attack's id.
//!
//! docs/SECURITY.md says where the others are.

mod files;
mod input;
mod markup;
mod network;
mod sight;

use crate::support::{folder::Folders, module::Module, server::TestServer};

/// A server without any catalogue.
async fn fresh() -> (Folders, TestServer) {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    (folders, server)
}

async fn with_installed(module: &Module) -> (Folders, TestServer) {
    let (folders, server) = fresh().await;
    server.install(module).await;
    (folders, server)
}
