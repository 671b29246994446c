//! The routes, as clients and attackers see them.

use std::{
    sync::{Mutex, mpsc::channel},
    time::Duration,
};

use stockroom::server::registry::Checkpoint;

use crate::support::{
    DEADLINE,
    client::{Answer, EventStream, NOBODY, ZIP, get, post},
    eventually,
    folder::{Folders, column, kept},
    module::{ICON, Module, sha256},
    server::{TestServer, fresh, with_installed},
};

fn pay(version: &str) -> Module {
    Module::new("acme.pay", version)
}

const DOWNLOAD: &str = "/backoffice/modules/acme.pay/download";

// The root.

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_browser_at_the_root_is_led_to_the_back_office() {
    let (_folders, server) = fresh().await;
    let answer = get(server.address, "/", &[("Accept", "text/html,application/xhtml+xml")]).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/backoffice/")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_at_the_root_learns_the_version() {
    let (_folders, server) = fresh().await;
    let answer = get(server.address, "/", &[("Accept", "application/json, text/plain, */*")]).await;
    assert_eq!((answer.status, answer.json()["version"].as_str()), (200, Some(env!("CARGO_PKG_VERSION"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_says_that_it_is_well() {
    let (_folders, server) = fresh().await;
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_path_is_not_found_in_the_public_shape() {
    let (_folders, server) = fresh().await;
    let answer = server.get("/nothing/here").await;
    assert_eq!((answer.status, answer.json()["statusCode"].as_u64()), (404, Some(404)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_answer_carries_the_headers_of_safety() {
    let (_folders, server) = fresh().await;
    for path in ["/", "/healthz", "/nothing", "/backoffice/modules", "/backoffice/icons/0", DOWNLOAD] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert!(
            answer.header("content-security-policy").is_some_and(|csp| csp.contains("default-src 'none'")),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_elses_page_keeps_a_handle_of_a_window() {
    let (_folders, server) = fresh().await;
    for path in ["/nothing", "/backoffice/modules", "/backoffice/sign-in"] {
        for (site, policy) in [
            (None, Some("same-origin")),
            (Some("cross-site"), Some("same-origin")),
            (Some("same-site"), Some("same-origin")),
            (Some("anything"), Some("same-origin")),
            (Some("same-origin"), None),
            (Some("none"), None),
        ] {
            let headers: Vec<_> = site.map(|site| ("Sec-Fetch-Site", site)).into_iter().collect();
            let answer = get(server.address, path, &headers).await;
            assert_eq!(answer.header("cross-origin-opener-policy"), policy, "{path} {site:?}");
            let vary = answer.headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value.as_str());
            assert!(vary.collect::<Vec<_>>().contains(&"sec-fetch-site"), "{path} {site:?}");
        }
    }
}

// Downloads.

fn assert_archive(answer: &Answer, module: &Module, file: &str) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, module.zip());
    assert_eq!(answer.header("content-length"), Some(module.zip().len().to_string().as_str()));
    assert_eq!(answer.header("etag"), Some(format!("\"{}\"", module.sha256()).as_str()));
    assert_eq!(answer.header("content-disposition"), Some(format!("attachment; filename=\"{file}\"").as_str()));
    assert_eq!(answer.header("content-type"), Some("application/zip"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_uploaded_is_downloaded_byte_for_byte() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    assert_archive(&server.get(DOWNLOAD).await, &pay("1.0.0"), "acme.pay-1.0.0.zip");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_catalogue_offers_can_be_downloaded_without_being_installed() {
    let folders = Folders::new();
    folders.offer(&pay("1.0.0"));
    let catalogue = folders.catalogue();
    let server = TestServer::start(&folders.data(), &[catalogue.to_str().expect("UTF-8")]).await;
    server.offered(&pay("1.0.0"), "1.0.0").await;
    let before = kept(&folders.data());
    assert_archive(&server.get(DOWNLOAD).await, &pay("1.0.0"), "acme.pay-1.0.0.zip");
    assert_eq!(kept(&folders.data()), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_installed_version_is_downloaded_unless_another_is_asked_for() {
    let folders = Folders::new();
    folders.offer(&pay("2.0.0"));
    let catalogue = folders.catalogue();
    let server = TestServer::start(&folders.data(), &[catalogue.to_str().expect("UTF-8")]).await;
    server.offered(&pay("2.0.0"), "2.0.0").await;
    server.install(&pay("1.0.0")).await;
    assert_archive(&server.get(DOWNLOAD).await, &pay("1.0.0"), "acme.pay-1.0.0.zip");
    let newer = server.get(&format!("{DOWNLOAD}?version=2.0.0")).await;
    assert_archive(&newer, &pay("2.0.0"), "acme.pay-2.0.0.zip");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replaced_version_can_still_be_downloaded() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    server.install(&pay("2.0.0")).await;
    assert_archive(&server.get(&format!("{DOWNLOAD}?version=1.0.0")).await, &pay("1.0.0"), "acme.pay-1.0.0.zip");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_download_is_not_compressed_again_for_a_browser() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    let answer = get(server.address, DOWNLOAD, &[("Accept-Encoding", "gzip, deflate, br")]).await;
    assert_archive(&answer, &pay("1.0.0"), "acme.pay-1.0.0.zip");
    assert_eq!(answer.header("content-encoding"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_download_that_the_client_has_is_not_sent_again() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    let tag = format!("\"{}\"", pay("1.0.0").sha256());
    let answer = get(server.address, DOWNLOAD, &[("If-None-Match", &tag)]).await;
    assert_eq!((answer.status, answer.body.len()), (304, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_module_or_version_cannot_be_downloaded() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    for path in [
        "/backoffice/modules/acme.nothing/download",
        "/backoffice/modules/acme/download",
        "/backoffice/modules/acme.pay/download?version=9.9.9",
        "/backoffice/modules/acme.pay/download?sha256=../../stockroom.db",
    ] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}

// Icons.

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn x3_an_icon_with_a_script_is_served_in_a_sandbox() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    let answer = server.get(&format!("/backoffice/icons/{}", sha256(ICON.as_bytes()))).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, ICON));
    assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
    let policy = answer.header("content-security-policy").expect("has a policy");
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    assert!(answer.header("cache-control").is_some_and(|cache| cache.contains("immutable")));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_icon_is_not_found() {
    let (_folders, server) = fresh().await;
    assert_eq!(server.get(&format!("/backoffice/icons/{}", "0".repeat(64))).await.status, 404);
}

// Paths.

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n2_no_spelling_of_a_path_leads_out() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    let ways_up = [
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "%252e%252e%252fetc%252fpasswd",
        "..%5c..%5cwindows%5cwin.ini",
        "%2fetc%2fpasswd",
        "x%00.zip",
        "..",
    ];
    for way in ways_up {
        for path in [
            format!("/backoffice/assets/0/{way}"),
            format!("/backoffice/assets/0/pkg/{way}"),
            format!("/backoffice/icons/{way}"),
            format!("/backoffice/modules/{way}/download"),
            format!("/backoffice/modules/acme.pay%2f{way}/download"),
        ] {
            let answer = server.get(&path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert!(!answer.text().contains("root:"), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn x5_refusals_carry_no_path_and_no_stack() {
    let (folders, server) = with_installed(&pay("1.0.0")).await;
    let answers = [
        server.get("/backoffice/modules/acme.nothing/download").await,
        server.get("/components/uploader/nothing").await,
        server.upload(b"no zip").await,
        post(server.address, "/components?allowDowngrade=%00", ZIP, b"PK").await,
        server.get("/backoffice/events?after=x").await,
        server.get("/backoffice/api/get_module?name=..").await,
        post(server.address, "/backoffice/api/install_module", &[("Content-Type", "text/plain")], b"x").await,
    ];
    let data = folders.root.path().to_str().expect("UTF-8");
    for answer in answers {
        let text = answer.text();
        assert!(answer.status >= 400, "{} {text}", answer.status);
        for leak in [data, "/src/", ".rs:", "panicked", "SELECT", "backtrace"] {
            assert!(!text.contains(leak), "{leak}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn x5_an_internal_failure_shows_an_id_and_not_its_cause() {
    let (folders, server) = with_installed(&pay("1.0.0")).await;
    crate::support::folder::execute(&folders.data(), "UPDATE archives SET manifest = 'broken'");
    let answer = server.get(DOWNLOAD).await;
    assert_eq!(answer.status, 500);
    let message = answer.json()["message"].as_str().expect("a message").to_owned();
    assert!(message.contains("log") && !message.contains("expected"), "{message}");
}

// Whom it answers.

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_changes_anything() {
    let (folders, server) = fresh().await;
    let headers = [ZIP, &[NOBODY]].concat();
    assert_eq!(post(server.address, "/components", &headers, &pay("1.0.0").zip()).await.status, 401);
    let page = get(server.address, "/backoffice/modules?q=a", &[NOBODY, ("Accept", "text/html")]).await;
    assert_eq!(page.status, 303);
    assert_eq!(page.header("location"), Some("/backoffice/sign-in?next=%2Fbackoffice%2Fmodules%3Fq%3Da"));
    assert_eq!(column(&folders.data(), "SELECT id FROM jobs"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c1_a_page_of_another_site_changes_nothing() {
    let (folders, server) = with_installed(&pay("1.0.0")).await;
    let before = column(&folders.data(), "SELECT id FROM jobs");
    let rules = column(&folders.data(), "SELECT identity FROM acl_rules");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for site in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://localhost:1"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        let upload = post(server.address, "/components", &[ZIP, &[site]].concat(), &pay("2.0.0").zip()).await;
        assert_eq!(upload.status, 403, "{site:?}");
        for (function, body) in
            [("remove_module", "name=acme.pay"), ("install_module", "name=acme.pay"), ("open_module", "name=acme.pay")]
        {
            let path = format!("/backoffice/api/{function}");
            let answer = post(server.address, &path, &[form, site], body.as_bytes()).await;
            assert_eq!(answer.status, 403, "{function} {site:?}");
        }
        let multipart = ("Content-Type", "multipart/form-data; boundary=edge");
        assert_eq!(post(server.address, "/backoffice/upload", &[multipart, site], b"--edge--").await.status, 403);
    }
    assert_eq!(column(&folders.data(), "SELECT id FROM jobs"), before);
    assert_eq!(column(&folders.data(), "SELECT name FROM installs"), ["acme.pay"]);
    assert_eq!(column(&folders.data(), "SELECT identity FROM acl_rules"), rules);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c4_a_change_cannot_be_made_by_get() {
    let (folders, server) = with_installed(&pay("1.0.0")).await;
    for path in
        ["/backoffice/api/remove_module?name=acme.pay", "/components/acme.pay?method=DELETE", "/backoffice/upload"]
    {
        let status = server.get(path).await.status;
        assert!(status >= 400 || !path.contains("/api/"), "{path}: {status}");
    }
    assert_eq!(column(&folders.data(), "SELECT name FROM installs"), ["acme.pay"]);
}

// Events.

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_come_once_each_and_in_their_order() {
    let (folders, server) = with_installed(&pay("1.0.0")).await;
    let mut stream = EventStream::open(server.address, "/backoffice/events?after=0", &[]).await;
    server.install(&pay("2.0.0")).await;
    let kept: Vec<i64> = column(&folders.data(), "SELECT CAST(id AS TEXT) FROM events ORDER BY id")
        .iter()
        .map(|id| id.parse().expect("a number"))
        .collect();
    let mut heard = Vec::new();
    for _ in &kept {
        heard.push(stream.next().await.0);
    }
    assert_eq!(heard, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_that_was_away_hears_what_it_missed() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    let mut first = EventStream::open(server.address, "/backoffice/events?after=0", &[]).await;
    let (seen, _) = first.next().await;
    drop(first);
    server.install(&pay("2.0.0")).await;
    let seen = seen.to_string();
    // The browser repeats the address, so the header counts.
    let path = "/backoffice/events?after=0";
    let mut second = EventStream::open(server.address, path, &[("Last-Event-ID", &seen)]).await;
    let (next, _) = second.next().await;
    assert_eq!(next, seen.parse::<i64>().expect("a number") + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_without_a_cursor_hears_only_what_is_new() {
    let (folders, server) = with_installed(&pay("1.0.0")).await;
    let newest = column(&folders.data(), "SELECT CAST(max(id) AS TEXT) FROM events");
    let newest: i64 = newest[0].parse().expect("a number");
    eventually("all of it was announced", async || (server.state.events.newest() == newest).then_some(())).await;
    let mut stream = EventStream::open(server.address, "/backoffice/events", &[]).await;
    server.install(&pay("2.0.0")).await;
    let (id, event) = stream.next().await;
    assert_eq!((id, event.get("job").is_some()), (newest + 1, true), "{event}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_hears_of_a_module_that_is_not_in_the_list_yet() {
    let folders = Folders::new();
    let ((here, is_here), (go, wait)) = (channel(), channel::<()>());
    let wait = Mutex::new(wait);
    let checkpoint = Checkpoint::new(move |point| {
        if point == "activated" {
            // Nobody listens any more after the first.
            let _ = here.send(());
            let _ = tokio::task::block_in_place(|| wait.lock().expect("is sound").recv_timeout(DEADLINE));
        }
    });
    let server = TestServer::with_checkpoint(&folders.data(), checkpoint).await;
    let is_in_list = async || server.get("/backoffice/index").await.text().contains("acme.pay");
    server.upload(&pay("1.0.0").zip()).await;
    tokio::task::block_in_place(|| is_here.recv_timeout(DEADLINE)).expect("it is installed");
    assert!(!is_in_list().await);
    // Another upload announces events past those of the first.
    server.upload(&Module::new("acme.other", "1.0.0").zip()).await;
    let mut stream = EventStream::open(server.address, "/backoffice/events?after=0", &[]).await;
    let early = async { while stream.next().await.1.get("module").is_none() {} };
    assert!(tokio::time::timeout(Duration::from_millis(200), early).await.is_err(), "the module was told of");
    drop(go);
    while stream.next().await.1["module"]["name"] != "acme.pay" {}
    assert!(is_in_list().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_installation_ends_with_an_event_of_its_module() {
    let (_folders, server) = fresh().await;
    let mut stream = EventStream::open(server.address, "/backoffice/events?after=0", &[]).await;
    server.install(&pay("1.0.0")).await;
    loop {
        let (_, event) = stream.next().await;
        if let Some(module) = event.get("module") {
            assert_eq!((module["name"].as_str(), module["installed"].as_str()), (Some("acme.pay"), Some("1.0.0")));
            break;
        }
    }
}

// Pages.

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_list_is_answered_with_and_without_parameters() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    for query in [
        "",
        "?q=pay&status=installed&category=applications&sort=vendor&page=1",
        "?q=nothing-like-it",
        "?page=99999999999999999999",
        "?page=-1&status=nonsense&sort=%00",
        "?q=%ff%fe",
    ] {
        let answer = server.get(&format!("/backoffice/modules{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        assert!(answer.text().contains("Modules"), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn x1_a_search_text_cannot_become_markup() {
    let (_folders, server) = fresh().await;
    for payload in ["%3Cscript%3Ealert(1)%3C/script%3E", "%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"] {
        let page = server.get(&format!("/backoffice/modules?q={payload}")).await;
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("<script>alert(1)") && !page.text().contains("<img src=x"), "{payload}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn x1_a_manifest_cannot_become_markup() {
    let evil = r#"{"name":"acme.pay","label":"</title><script>alert(1)</script>","category":"\"><img src=x onerror=alert(1)>","description":"<script>alert(1)</script><img src=x onerror=alert(1)>"}"#;
    let (_folders, server) = with_installed(&pay("1.0.0").with("acme/pay/service.json", evil)).await;
    for path in ["/backoffice/modules", "/backoffice/modules/acme.pay"] {
        let page = server.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let text = page.text();
        let script = text.find("<script>alert(1)").map(|at| &text[at.saturating_sub(200)..at + 50]);
        assert_eq!(script, None, "{path}");
        let inside_tags = text.split('<').filter_map(|piece| piece.split_once('>')).map(|(tag, _)| tag);
        // Within quotes it is text.
        let active: Vec<_> =
            inside_tags.filter(|tag| tag.split('"').step_by(2).any(|bare| bare.contains("onerror"))).collect();
        assert_eq!(active, [""; 0], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_module_has_no_page() {
    let (_folders, server) = fresh().await;
    for name in ["acme.nothing", "no-name", "%3Cscript%3E"] {
        assert_eq!(server.get(&format!("/backoffice/modules/{name}")).await.status, 404, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_installation_has_no_page() {
    let (_folders, server) = fresh().await;
    assert_eq!(server.get("/backoffice/jobs/nothing").await.status, 404);
}
