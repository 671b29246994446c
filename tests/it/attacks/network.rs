//! Catalogues that lead the server to addresses of its own network (W1).

use std::net::TcpListener;

use stockroom::server::{archive::Limits, state::AppState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    eventually,
    folder::Folders,
    server::{TestServer, config},
};

/// What the server says of this catalogue, when private addresses are not allowed.
async fn problem(address: &str) -> String {
    let folders = Folders::new();
    let mut config = config(&folders.data(), &[address], Limits::default().archive_bytes);
    config.allow_private_addresses.value = false;
    match AppState::open(&config).await {
        Err(refused) => refused,
        Ok(state) => {
            state.spawn_keepers();
            eventually("the catalogue was read", async || state.catalogue.problems().expect("asks").into_iter().next())
                .await
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w1_no_spelling_of_a_private_address_is_contacted() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
    listener.set_nonblocking(true).expect("does not wait");
    let port = listener.local_addr().expect("has an address").port();
    for host in [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "example.com@127.0.0.1",
    ] {
        let problem = problem(&format!("https://{host}:{port}/index.json")).await;
        assert!(problem.contains("cannot be reached") || problem.contains("https address"), "{host}: {problem}");
        let contacted = listener.accept().err().map(|cause| cause.kind());
        assert_eq!(contacted, Some(std::io::ErrorKind::WouldBlock), "{host} was contacted");
    }
    assert!(problem("https://127.0.0.1/index.json").await.contains("--allow-private-addresses"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w1_a_redirect_is_not_followed() {
    let target = TcpListener::bind("127.0.0.1:0").expect("listens");
    target.set_nonblocking(true).expect("does not wait");
    let to = target.local_addr().expect("has an address");
    for status in [301, 302, 303, 307, 308] {
        let site = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = format!("http://{}/index.json", site.local_addr().expect("has an address"));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = site.accept().await {
                let _ = stream.read(&mut [0; 1024]).await;
                let head = format!("HTTP/1.1 {status} Moved\r\nLocation: http://{to}/index.json\r\n");
                let _ =
                    stream.write_all(format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n").as_bytes()).await;
            }
        });
        let folders = Folders::new();
        let server = TestServer::start(&folders.data(), &[&address]).await;
        let problem = eventually("the catalogue was read", async || {
            server.state.catalogue.problems().expect("asks").into_iter().next()
        })
        .await;
        assert!(problem.contains(&format!("status {status}")), "{problem}");
        assert!(target.accept().is_err(), "the redirect was followed");
    }
}
