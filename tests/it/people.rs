//! People at the door: sign-in, sessions, proofs, tokens, set-up, and what is written down of them.

use std::time::Duration;

use crate::support::{
    client::{Answer, NOBODY, ZIP, get, post},
    folder::{Folders, column, execute},
    module::Module,
    server::{ADMIN, PASSWORD, TestServer, fresh},
};
use stockroom::{
    domain::person::Person,
    server::{
        access::{Changes, SudoActor},
        error::ServerError,
    },
};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("Accept", "application/json");

async fn sign_in(server: &TestServer, email: &str, password: &str) -> Answer {
    let body = format!("email={}&password={}", email.replace('@', "%40"), password.replace(' ', "+"));
    post(server.address, "/backoffice/api/sign_in", &[FORM, JSON, NOBODY], body.as_bytes()).await
}

/// The value of the cookie that an answer sets, as a `Cookie` header.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("sets a cookie");
    set.split(';').next().expect("a cookie").to_owned()
}

async fn status_with(server: &TestServer, cookie: &str, path: &str) -> u16 {
    get(server.address, path, &[("Cookie", cookie), JSON]).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_is_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let (folders, server) = fresh().await;
    let answer = sign_in(&server, ADMIN, PASSWORD).await;
    let set = answer.header("set-cookie").expect("sets a cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "there is no TLS here: {set}");
    let cookie = cookie(&answer);
    assert_eq!(status_with(&server, &cookie, "/backoffice/modules").await, 200);
    let secret = cookie.split('=').nth(1).expect("a value");
    assert!(column(&folders.data(), "SELECT id FROM sessions").iter().all(|id| !id.contains(secret)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wrong_password_and_a_wrong_name_get_the_same_answer() {
    let (_folders, server) = fresh().await;
    let (password, name) =
        (sign_in(&server, ADMIN, "wrong horse battery").await, sign_in(&server, "nobody@example.com", PASSWORD).await);
    assert_eq!((password.status, name.status), (401, 401));
    assert_eq!(password.text(), name.text());
    assert!(password.header("set-cookie").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn signing_in_again_and_signing_out_end_the_session() {
    let (_folders, server) = fresh().await;
    let first = cookie(&sign_in(&server, ADMIN, PASSWORD).await);
    let body = format!("email={}&password={}", ADMIN.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    let again =
        post(server.address, "/backoffice/api/sign_in", &[FORM, JSON, ("Cookie", &first)], body.as_bytes()).await;
    let second = cookie(&again);
    assert_ne!(first, second);
    assert_eq!(status_with(&server, &first, "/backoffice/modules").await, 401);
    let out = post(server.address, "/backoffice/api/sign_out", &[FORM, JSON, ("Cookie", &second)], b"").await;
    assert!(out.header("set-cookie").is_some_and(|set| set.contains("Max-Age=0")));
    assert_eq!(status_with(&server, &second, "/backoffice/modules").await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guessing_gets_slower_and_the_right_password_does_not_help_at_once() {
    let (_folders, server) = fresh().await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(sign_in(&server, "victim@example.com", "a guess of mine").await.status);
    }
    assert_eq!(statuses[..5], [401; 5]);
    assert_eq!(statuses[6], 429);
    assert_eq!(sign_in(&server, ADMIN, PASSWORD).await.status, 200, "another account is not slowed down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c3_an_old_proof_installs_nothing_and_the_password_renews_it() {
    let (folders, server) = fresh().await;
    let cookie = cookie(&sign_in(&server, ADMIN, PASSWORD).await);
    execute(&folders.data(), "UPDATE sessions SET proved_at = proved_at - 16 * 60 * 1000");
    let zip = Module::new("acme.pay", "1.0.0").zip();
    let upload = async || post(server.address, "/components", &[ZIP, &[("Cookie", &cookie)]].concat(), &zip).await;

    let refused = upload().await;
    assert_eq!((refused.status, refused.json()["needsProof"].as_bool()), (403, Some(true)));
    assert_eq!(column(&folders.data(), "SELECT id FROM jobs"), [""; 0]);
    assert_eq!(status_with(&server, &cookie, "/backoffice/modules").await, 200, "looking is allowed");

    let prove = async |password: &str| {
        let body = format!("password={}", password.replace(' ', "+"));
        post(server.address, "/backoffice/api/prove", &[FORM, JSON, ("Cookie", &cookie)], body.as_bytes()).await.status
    };
    assert_eq!(prove("wrong horse battery").await, 403);
    assert_eq!(upload().await.status, 403);
    assert_eq!(prove(PASSWORD).await, 200);
    assert_eq!(upload().await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_user_sees_their_account_and_nothing_else() {
    let (_folders, server) = fresh().await;
    server.add_person("ann@example.com", &["user"], &[]).await;
    let cookie = cookie(&sign_in(&server, "ann@example.com", PASSWORD).await);
    assert_eq!(status_with(&server, &cookie, "/backoffice/account").await, 200);
    for path in ["modules", "acl", "users", "audit", "index", "events", "audit/export", "api/list_users"] {
        assert_eq!(status_with(&server, &cookie, &format!("/backoffice/{path}")).await, 403, "{path}");
    }
    let page = get(server.address, "/backoffice/users", &[("Cookie", &cookie), ("Accept", "text/html")]).await;
    assert_eq!((page.status, page.header("location")), (303, Some("/backoffice/account?refused=admin")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_is_disabled_is_out_at_once() {
    let (_folders, server) = fresh().await;
    let ann = server.add_person("ann@example.com", &["admin"], &[]).await;
    let (session, token) =
        (cookie(&sign_in(&server, &ann.email, PASSWORD).await), server.token("ann@example.com").await);
    let changes = Changes { is_active: Some(false), ..Changes::default() };
    server.state.people.change(&SudoActor::command_line(), &ann.id, changes).await.expect("disables");
    assert_eq!(status_with(&server, &session, "/backoffice/modules").await, 401);
    let bearer = format!("Bearer {token}");
    assert_eq!(get(server.address, "/backoffice/index", &[("Authorization", &bearer)]).await.status, 401);
    assert_eq!(sign_in(&server, &ann.email, PASSWORD).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_administrator_stays() {
    let (_folders, server) = fresh().await;
    let actor = SudoActor::command_line();
    let people = &server.state.people;
    let admin = people.list(&actor).await.expect("lists").into_iter().find(Person::is_admin).expect("is there");
    let user = Changes { scopes: Some(vec!["user".to_owned()]), ..Changes::default() };
    let off = Changes { is_active: Some(false), ..Changes::default() };
    assert!(matches!(people.change(&actor, &admin.id, user.clone()).await, Err(ServerError::Conflict(_))));
    assert!(matches!(people.change(&actor, &admin.id, off).await, Err(ServerError::Conflict(_))));
    assert!(matches!(people.delete(&actor, &admin.id).await, Err(ServerError::Conflict(_))));
    server.add_person("second@example.com", &["admin"], &[]).await;
    people.change(&actor, &admin.id, user).await.expect("another one is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t6_there_are_no_users_and_no_passwords_to_begin_with() {
    let folders = Folders::new();
    let server = TestServer::without_users(&folders.data()).await;
    assert_eq!(column(&folders.data(), "SELECT email FROM users"), [""; 0]);
    for (email, password) in [("admin", "admin"), ("admin@localhost", "password"), ("admin", "")] {
        assert_eq!(sign_in(&server, email, password).await.status, 401);
    }
    let secret = server.state.set_up.begin().expect("makes a link");
    let body =
        |token: &str, password: &str| format!("token={token}&email=a%40b.cz&password={password}&again={password}");
    let finish = async |body: String| {
        post(server.address, "/backoffice/api/finish_set_up", &[FORM, JSON, NOBODY], body.as_bytes()).await
    };
    assert_eq!(finish(body("guess", "correct+horse+battery")).await.status, 403);
    assert_eq!(finish(body(&secret, "short")).await.status, 400);
    assert_eq!(column(&folders.data(), "SELECT email FROM users"), [""; 0]);
    let made = finish(body(&secret, "correct+horse+battery")).await;
    assert_eq!(status_with(&server, &cookie(&made), "/backoffice/modules").await, 200);
    assert_eq!(finish(body(&secret, "correct+horse+battery")).await.status, 403, "the link works once");
    assert_eq!(column(&folders.data(), "SELECT email FROM users"), ["a@b.cz"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_that_was_changed_run_out_or_revoked_is_of_no_use() {
    let (folders, server) = fresh().await;
    let token = server.token(ADMIN).await;
    let status = async |token: &str| {
        get(server.address, "/backoffice/index", &[("Authorization", &format!("Bearer {token}"))]).await
    };
    assert_eq!(status(&token).await.status, 200);
    let (head, signature) = token.rsplit_once('.').expect("three parts");
    let payload = head.split('.').nth(1).expect("a payload");
    // {"alg":"none"}
    for forged in [
        format!("{head}."),
        format!("eyJhbGciOiJub25lIn0.{payload}."),
        format!("{head}x.{signature}"),
        "a.b.c".to_owned(),
    ] {
        let answer = status(&forged).await;
        assert_eq!(answer.status, 401, "{forged}");
        assert_eq!(answer.json()["message"], "Invalid JWT: key or signature is invalid");
    }
    execute(&folders.data(), "UPDATE tokens SET revoked_at = 1");
    assert_eq!(status(&token).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_personal_token_has_no_more_than_it_was_given() {
    let (_folders, server) = fresh().await;
    let who = server.state.door.by_token(&server.token(ADMIN).await, [127, 0, 0, 1].into()).expect("is somebody");
    let day = Duration::from_secs(24 * 3600);
    let make = async |scopes: &[&str], life| {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        server.state.door.personal_token(&who, "nightly", scopes, life).await
    };
    let token = make(&["user"], day).await.expect("makes one");
    let bearer = format!("Bearer {token}");
    assert_eq!(get(server.address, "/backoffice/index", &[("Authorization", &bearer)]).await.status, 403);
    assert!(matches!(make(&["tester"], day).await, Err(ServerError::Invalid(_))), "not one's own scope");
    assert!(matches!(make(&[], day).await, Err(ServerError::Invalid(_))));
    assert!(matches!(make(&["user"], day * 1000).await, Err(ServerError::Invalid(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_trail_tells_who_installed_what_and_cannot_be_changed() {
    let (folders, server) = fresh().await;
    server.install(&Module::new("acme.pay", "1.0.0")).await;
    server.install(&Module::new("acme.pay", "1.1.0")).await;
    let lines = server.get("/backoffice/audit/export?module=acme.pay").await;
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let entries: Vec<serde_json::Value> =
        lines.text().lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    assert_eq!(entries.len(), 2);
    assert_eq!((&entries[0]["action"], &entries[0]["actor"]), (&"module.replace".into(), &ADMIN.into()));
    assert_eq!((&entries[0]["before"]["version"], &entries[0]["after"]["version"]), (&"1.0.0".into(), &"1.1.0".into()));
    assert_eq!(entries[1]["action"], "module.install");

    let connection = rusqlite::Connection::open(folders.data().join("stockroom.db")).expect("opens");
    for sql in ["DELETE FROM audit", "UPDATE audit SET actor = 'somebody else'"] {
        let refused = connection.execute(sql, []).expect_err("is refused");
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c2_a_link_after_sign_in_never_leads_to_another_site() {
    let (_folders, server) = fresh().await;
    for (next, to) in [
        ("%2Fbackoffice%2Facl", "/backoffice/acl"),
        ("%2F%2Fevil.example", "/backoffice/modules"),
        ("https%3A%2F%2Fevil.example", "/backoffice/modules"),
        ("%2Fbackoffice%2F%5C%5Cevil", "/backoffice/modules"),
        ("%2Fbackoffice%2F..%2F%2Fevil", "/backoffice/modules"),
        ("%2Fbackoffice%2F..%2F..%2Fx", "/backoffice/modules"),
        ("%2Fbackoffice%2F%252E.%2Fx", "/backoffice/modules"),
        ("%2Fbackoffice%2F.%09.%2Fx", "/backoffice/modules"),
        ("%2Fbackoffice%2Fmodules%3Fsearch%3D..", "/backoffice/modules?search=.."),
    ] {
        let body = format!("email={}&password={}&next={next}", ADMIN.replace('@', "%40"), PASSWORD.replace(' ', "+"));
        let answer = post(server.address, "/backoffice/api/sign_in", &[FORM, JSON, NOBODY], body.as_bytes()).await;
        assert_eq!(answer.header("location"), Some(to), "{next}");
    }
}
