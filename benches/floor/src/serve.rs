//! A server without anything around it: every request gets the same bytes from memory.

use std::{error::Error, path::Path};

use axum::{
    Router,
    body::Bytes,
    http::{
        HeaderMap, HeaderValue,
        header::{CONTENT_ENCODING, CONTENT_TYPE},
    },
    serve::ListenerExt,
};
use tokio::net::TcpListener;

/// Serves a file on a free port until the process is ended; prints the address.
pub fn serve(file: &Path, media_type: &str, coding: &str) -> Result<(), Box<dyn Error>> {
    let bytes = Bytes::from(std::fs::read(file)?);
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(media_type)?)]);
    if coding != "identity" {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_str(coding)?);
    }
    let answer = move || {
        let answer = (headers.clone(), bytes.clone());
        async move { answer }
    };
    // As many as the server takes.
    let workers = std::thread::available_parallelism().map_or(4, usize::from).max(4);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        Ok(axum::serve(listener, Router::new().fallback(answer)).await?)
    })
}
