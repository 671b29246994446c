//! Markup and addresses in everything that people and programs may name (X1, X2, C2, N3).

use serde_json::json;

use crate::support::{
    client::{Answer, NOBODY, ZIP, get, post, send},
    module::Module,
    server::{ADMIN, PASSWORD, TestServer, fresh, with_installed},
};

const SCRIPT: &str = "\"'><script>alert(1)</script>";
const EMAIL: &str = "\"'><script>alert(1)</script><img/src=x/onerror=alert(1)>@evil.example";

async fn set(server: &TestServer, method: &str, path: &str, body: serde_json::Value) -> Answer {
    send(server.address, method, path, &[], &body.to_string()).await
}

/// Signs in by a browser that names itself so.
async fn browser(server: &TestServer, agent: &str) -> String {
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let headers = [form, ("Accept", "application/json"), ("User-Agent", agent), NOBODY];
    let body = format!("email={}&password={}", ADMIN.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    let answer = post(server.address, "/backoffice/api/sign_in", &headers, body.as_bytes()).await;
    answer.header("set-cookie").and_then(|set| set.split(';').next()).expect("a cookie").to_owned()
}

/// The tags of a page, without what stands in quotes.
fn bare_tags(page: &str) -> Vec<String> {
    let (mut tags, mut tag, mut quoted) = (Vec::new(), None::<String>, false);
    for character in page.chars() {
        match (&mut tag, character) {
            (None, '<') => (tag, quoted) = (Some(String::new()), false),
            (Some(_), '"') => quoted = !quoted,
            (Some(_), '>') if !quoted => tags.extend(tag.take()),
            (Some(text), other) if !quoted => text.push(other),
            _ => {}
        }
    }
    tags
}

#[track_caller]
fn assert_inert(path: &str, page: &str) {
    for live in ["<script>alert", "<img/src", "<img src=x"] {
        let at = page.find(live).map(|at| page[at.saturating_sub(120)..].chars().take(200).collect::<String>());
        assert_eq!(at, None, "{path}");
    }
    for tag in bare_tags(page) {
        assert!(!tag.contains("onerror") && !tag.contains("alert("), "{path}: <{tag}>");
    }
    for attribute in ["href=\"", "action=\"", "src=\"", "formaction=\""] {
        for address in page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
            let is_ours = address.starts_with("/backoffice") || address.starts_with(['#', '?']) || address.is_empty();
            let is_web = address.starts_with("https://") || address.starts_with("http://");
            assert!(is_ours || is_web, "{path}: {address}");
            assert!(!address.contains("/../") && !address.contains(['<', '>', '\'']), "{path}: {address}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn x1_c2_what_people_and_programs_name_stays_text() {
    let (_folders, server) = with_installed(&Module::new("acme.pay", "1.0.0")).await;
    let new = json!({ "email": EMAIL, "username": SCRIPT, "password": PASSWORD, "metadata": { SCRIPT: SCRIPT } });
    let answer = set(&server, "POST", "/user", new).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let user = answer.json()["user"]["id"].as_str().expect("an id").to_owned();
    for word in [json!({ "scope": [SCRIPT] }), json!({ "vendor": [SCRIPT] })] {
        let answer = set(&server, "PUT", &format!("/users/{user}"), word).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    // Keys and names that are refused, or kept as the text that they are.
    for (method, path, body) in [
        ("POST", "/config", json!({ "key": "WEBHOOK_USER_CREATED", "value": SCRIPT })),
        ("POST", "/config", json!({ "key": SCRIPT, "value": 1 })),
        ("POST", "/config", json!({ "key": "OWN", "value": { SCRIPT: [SCRIPT] } })),
        ("PUT", "/service-config/acme:git", json!({ SCRIPT: SCRIPT, "clientId": SCRIPT })),
        ("PUT", "/service-config/acme:pay", json!({ "clientId": SCRIPT, "x": { SCRIPT: SCRIPT } })),
        ("POST", "/acl/components/rules", json!({ "role": SCRIPT, "resource": "acme.*", "action": ["use"] })),
        ("POST", "/acl/components/rules", json!({ "role": EMAIL, "resource": "*", "action": [SCRIPT, "use"] })),
        ("POST", "/acl/components/rules", json!({ "role": "x", "resource": SCRIPT, "action": ["use"] })),
        ("POST", "/user/auth", json!({ "email": SCRIPT, "password": SCRIPT })),
    ] {
        let answer = set(&server, method, path, body).await;
        assert!(matches!(answer.status, 200 | 400 | 401), "{path}: {}", answer.text());
    }
    let cookie = browser(&server, SCRIPT).await;
    let headers = [("Cookie", cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let name = format!("name={}&scopes[0]=admin&days=30", SCRIPT.replace('"', "%22").replace('\'', "%27"));
    let answer = post(server.address, "/backoffice/api/create_token", &headers, name.as_bytes()).await;
    assert!(answer.status < 400, "{}", answer.text());
    let encoded = "%3Cscript%3Ealert(1)%3C%2Fscript%3E.zip";
    let upload =
        post(server.address, "/components", &[ZIP, &[("X-File-Name", encoded)]].concat(), b"PK\x03\x04no").await;
    let job = upload.json()["ticket"].as_str().map_or_else(|| "x".to_owned(), str::to_owned);

    let shown = format!("{cookie}; stockroom_once=</textarea>{}", SCRIPT.replace('"', ""));
    let payload = "%22%27%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let pages = [
        ("/backoffice/users".to_owned(), true),
        (format!("/backoffice/users?q={payload}"), false),
        (format!("/backoffice/users/{user}"), true),
        (format!("/backoffice/users/{payload}"), false),
        ("/backoffice/audit".to_owned(), true),
        (format!("/backoffice/audit?person={payload}&action={payload}&module={payload}&from={payload}"), false),
        ("/backoffice/account".to_owned(), true),
        (format!("/backoffice/account?refused={payload}&done={payload}"), false),
        ("/backoffice/connectors".to_owned(), false),
        ("/backoffice/connectors/acme:git".to_owned(), false),
        ("/backoffice/connectors/acme:pay".to_owned(), true),
        (format!("/backoffice/connectors/{payload}"), false),
        ("/backoffice/system".to_owned(), true),
        ("/backoffice/acl".to_owned(), false),
        (format!("/backoffice/acl?type={payload}&role={payload}&component={payload}&edit={payload}"), false),
        ("/backoffice/modules/acme.pay".to_owned(), false),
        (format!("/backoffice/modules/acme.pay?dialog={payload}"), false),
        (format!("/backoffice/jobs/{job}"), false),
        (format!("/backoffice/upload?refused={payload}"), false),
        (format!("/backoffice/sign-in?next={payload}"), false),
        (format!("/backoffice/prove?next={payload}"), false),
        (format!("/backoffice/set-up?token={payload}"), false),
        (format!("/backoffice/{payload}"), false),
    ];
    for (path, shows) in pages {
        let page = get(server.address, &path, &[("Cookie", &shown), ("Accept", "text/html")]).await;
        assert!(page.status < 500, "{path}: {}", page.status);
        assert_inert(&path, &page.text());
        assert!(!shows || page.text().contains("&lt;script&gt;alert(1)"), "{path} does not show it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn x1_x2_x4_a_hostile_module_stays_text_on_every_page() {
    let service = json!({
        "name": "acme.pay", "label": SCRIPT, "category": SCRIPT, "description": format!("{SCRIPT} [a](javascript:alert(1))"),
        "documentation": "javascript:alert(1)",
        "auth": { "type": "apiKey", "fields": { SCRIPT: { "label": SCRIPT, "tooltip": SCRIPT } } },
        "icon": "data:text/html,<script>alert(1)</script>",
    });
    let component = json!({ "name": "acme.pay.core.Send", "label": SCRIPT, "description": SCRIPT });
    let bundle = json!({
        "name": "acme.pay", "version": "1.0.0", "changelog": { "1.0.0": [SCRIPT, "[a](data:text/html,x)"] },
        "engine": SCRIPT, "author": SCRIPT,
    });
    let readme = "# A\n<script>alert(1)</script><img src=x onerror=alert(1)>\n\n[a](javascript:alert(1)) ![b](http://evil/x.png)";
    let module = Module::new("acme.pay", "1.0.0")
        .with("acme/pay/service.json", &service.to_string())
        .with("acme/pay/bundle.json", &bundle.to_string())
        .with("acme/pay/core/Send/component.json", &component.to_string())
        .with("acme/pay/README.md", readme);
    let (_folders, server) = fresh().await;
    let answer = server.upload(&module.zip()).await;
    let ticket = answer.json()["ticket"].as_str().expect("a ticket").to_owned();
    crate::support::ended(&server.state.registry, &ticket).await;
    for path in
        ["modules", "modules/acme.pay", "connectors", "connectors/acme:pay", "acl", "audit", &format!("jobs/{ticket}")]
    {
        let page = get(server.address, &format!("/backoffice/{path}"), &[("Accept", "text/html")]).await;
        assert!(page.status < 500, "{path}: {}", page.status);
        assert_inert(path, &page.text());
        assert!(!page.text().contains("javascript:alert(1)\""), "{path}");
        assert!(!page.text().contains("<img src=\"http"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n3_no_name_reaches_a_header() {
    let (_folders, server) = with_installed(&Module::new("acme.pay", "1.0.0")).await;
    for name in ["a%0d%0aX-Evil: 1.zip", "%22; filename=%22evil.exe", "%E2%80%AEgpj.exe", "..%2F..%2Fx"] {
        let headers = [ZIP, &[("X-File-Name", name)]].concat();
        let answer = post(server.address, "/components", &headers, b"PK\x03\x04no").await;
        assert_eq!(answer.header("x-evil"), None, "{name}");
    }
    for path in [
        "/components/acme.pay%0d%0aX-Evil:%201",
        "/components/acme.pay/a%0d%0aX-Evil:%201",
        "/modules/acme.pay/download?version=1.0.0%0d%0aX-Evil:%201",
        "/backoffice/modules/acme.pay/download?version=%22%0d%0aX-Evil:%201",
        "/backoffice/sign-in?next=/backoffice/%0d%0aX-Evil:%201",
        "/backoffice/%0d%0aX-Evil:%201",
        "/backoffice/users?q=%0d%0aX-Evil:%201",
    ] {
        for nobody in [&[][..], &[NOBODY]] {
            let answer = get(server.address, path, &[nobody, &[("Accept", "text/html")]].concat()).await;
            assert_eq!(answer.header("x-evil"), None, "{path}");
            assert!(answer.status < 500, "{path}: {}", answer.status);
        }
    }
    for path in ["/components/acme.pay", "/components/acme.pay.core.Send", "/modules/acme.pay/download"] {
        let answer = server.get(path).await;
        let disposition = answer.header("content-disposition").expect("is a download").to_owned();
        let name = disposition.strip_prefix("attachment; filename=\"").and_then(|rest| rest.strip_suffix('"'));
        let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        assert!(name.is_some_and(is_plain), "{disposition}");
    }
}
