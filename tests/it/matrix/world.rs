//! A data folder with something of everything in it, and everybody's way to ask. It is made once and copied.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use stockroom::server::access::{Credentials, SESSION_COOKIE};
use tempfile::TempDir;

use super::table::{Effect, Role, Row};
use crate::support::{
    client::{NOBODY, exchange, head, send, status_of_stream},
    ended,
    folder::{Folders, column, execute},
    module::{ICON, Module, sha256},
    server::{ADMIN, PASSWORD, TestServer},
};

const PEOPLE: [(Role, &str, &[&str], &[&str]); 4] = [
    (Role::User, "user@example.com", &["user"], &[]),
    (Role::Tester, "tester@example.com", &["tester"], &[]),
    (Role::Publisher, "publisher@example.com", &["user"], &["acme"]),
    (Role::Stranger, "stranger@example.com", &["user"], &["globex"]),
];

pub struct World {
    folders: Folders,
    /// The header with which each role asks.
    headers: BTreeMap<Role, (&'static str, String)>,
    /// What stands for the words in braces.
    words: BTreeMap<&'static str, String>,
    /// The words that differ from role to role.
    own: BTreeMap<Role, BTreeMap<&'static str, String>>,
    /// Of an administrator's browser that has just signed in.
    fresh_cookie: String,
    pub server: TestServer,
}

impl World {
    pub async fn new() -> Self {
        let folders = Folders::new();
        let (fresh, newer) = (Module::new("acme.fresh", "1.0.0"), Module::new("acme.pay", "2.0.0"));
        folders.offer(&fresh);
        folders.offer(&newer);
        let server = TestServer::start(&folders.data(), &[text(&folders.catalogue())]).await;
        server.offered(&fresh, "1.0.0").await;
        server.offered(&newer, "2.0.0").await;
        let (headers, words, own) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut world = Self { folders, server, headers, words, own, fresh_cookie: String::new() };
        world.add_things().await;
        world.add_people().await;
        world
    }

    pub fn data(&self) -> PathBuf {
        self.folders.data()
    }

    fn word(&mut self, name: &'static str, value: impl ToString) {
        self.words.insert(name, value.to_string());
    }

    async fn ask(&self, method: &str, path: &str, body: serde_json::Value) -> (serde_json::Value, String) {
        let answer = send(self.server.address, method, path, &[], &body.to_string()).await;
        assert!(answer.status < 300, "{path}: {}", answer.text());
        (answer.json(), answer.header("etag").unwrap_or_default().to_owned())
    }

    async fn add_things(&mut self) {
        self.server.install(&Module::new("acme.gone", "1.0.0")).await;
        self.ask("DELETE", "/modules/acme.gone", json!({})).await;
        let zip = Module::new("acme.pay", "1.0.0").zip();
        let job = self.server.upload(&zip).await.json()["ticket"].as_str().expect("a ticket").to_owned();
        ended(&self.server.state.registry, &job).await;
        self.word("job", job);
        self.word("icon", sha256(ICON.as_bytes()));
        self.word("password", PASSWORD);
        self.word("preset", "everyone");
        let rule = json!({ "role": "kept", "resource": "kept.*", "action": ["use"] });
        let (rule, tag) = self.ask("POST", "/acl/components/rules", rule).await;
        self.word("rule", &rule["id"]);
        self.word("ruletag", tag);
        let table = self.server.get("/backoffice/api/list_acl_rules?acl_type=components").await.json();
        self.word("tabletag", table["tag"].as_str().expect("a tag"));
        let rules = table["rules"].as_array().expect("rules");
        let stored = rules.iter().find(|stored| stored["id"] == rule["id"]).expect("it is there");
        self.word("revision", &stored["revision"]);
        self.ask("POST", "/config", json!({ "key": "MY_OWN", "value": "kept" })).await;
        self.ask("POST", "/service-config", json!({ "serviceId": "acme:git", "apiKey": "kept" })).await;
        let gone = self.server.add_person("gone@example.com", &["user"], &[]).await.id;
        let (ticket, _) = self.ask("DELETE", &format!("/users/{gone}"), json!({})).await;
        self.word("gone", gone);
        self.word("ticket", ticket["ticket"].as_str().expect("a ticket"));
        let victim = self.server.add_person("victim@example.com", &["user"], &[]).await.id;
        self.word("victim", victim);
        // Nobody listens there, but there is somebody to be told.
        let receiver = json!({ "key": "WEBHOOK_FLOW_COMPONENT_ERROR", "value": "http://127.0.0.1:9/hook" });
        self.ask("POST", "/config", receiver).await;
        self.add_flows().await;
        self.add_accounts().await;
        self.add_data().await;
    }

    /// An account that a component signs in with, and a spare one.
    async fn add_accounts(&mut self) {
        let flow = json!({ "name": "Signs in", "flow": { "s": { "type": "acme.away.core.Send", "source": {} } } });
        let (made, _) = self.ask("POST", "/flows", flow).await;
        self.word("signing", made["flowId"].as_str().expect("an id"));
        for word in ["account", "spare"] {
            let account = json!({ "service": "acme:away", "token": { "apiKey": "kept" } });
            let (made, _) = self.ask("POST", "/accounts", account).await;
            self.word(word, made["accountId"].as_str().expect("an id"));
        }
        let path = format!("/auth/component/s/{}", self.words["account"]);
        self.ask("PUT", &path, json!({})).await;
    }

    /// A data store with a record, and a file.
    async fn add_data(&mut self) {
        let (store, _) = self.ask("POST", "/stores", json!({ "name": "Kept" })).await;
        let store = store["storeId"].as_str().expect("an id").to_owned();
        self.ask("POST", &format!("/store/{store}/k"), json!("kept")).await;
        self.word("store", store);
        let file = self.file(&[]).await;
        self.word("file", file);
    }

    /// Sends a file; gives its id.
    async fn file(&self, headers: &[(&str, &str)]) -> String {
        let body = multipart(b"kept");
        let length = body.len().to_string();
        let kind = ("Content-Type", "multipart/form-data; boundary=edge");
        let headers = [headers, &[kind, ("Content-Length", &length)]].concat();
        let request = [head(self.server.address, "POST", "/files", &headers).into_bytes(), body].concat();
        let answer = exchange(self.server.address, &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["fileId"].as_str().expect("an id").to_owned()
    }

    /// A flow, and one that runs and has lost a message.
    async fn add_flows(&mut self) {
        let flow = json!({ "name": "Kept", "flow": { "a": { "type": "acme.pay.core.Send", "source": {} } } });
        for word in ["flow", "running"] {
            let (made, _) = self.ask("POST", "/flows", flow.clone()).await;
            self.word(word, made["flowId"].as_str().expect("an id"));
        }
        let running = self.words["running"].clone();
        execute(&self.data(), &format!("UPDATE flows SET stage = 'running', run_id = 1 WHERE id = '{running}'"));
        execute(
            &self.data(),
            &format!(
                "INSERT INTO unprocessed (id, flow_id, component_id, component_type, module, reason, error, kind, port,
                                          run_id, attempts, correlation_id, body, accepted_at, created_at)
                 VALUES ('letter', '{running}', 'a', 'acme.pay.core.Send', 'acme.pay', 'missing', '{{}}', 'port', 'in', 1, 30, 'c',
                         '{{\"content\":1,\"scope\":{{}}}}', 1, 1)"
            ),
        );
        self.word("letter", "letter");
    }

    async fn add_people(&mut self) {
        for (role, email, scopes, vendors) in PEOPLE {
            self.server.add_person(email, scopes, vendors).await;
            self.know(role, email, scopes[0]).await;
        }
        let token = self.know(Role::Admin, ADMIN, "admin").await;
        // A second session, to be ended by the first.
        let cookie = self.session(ADMIN).await;
        execute(&self.data(), "UPDATE sessions SET proved_at = proved_at - 16 * 60 * 1000");
        self.headers.insert(Role::Stale, ("Cookie", format!("{SESSION_COOKIE}={cookie}")));
        self.fresh_cookie = format!("{SESSION_COOKIE}={}", self.session(ADMIN).await);
        self.headers.insert(Role::Nobody, (NOBODY.0, NOBODY.1.to_owned()));
        let revoked = format!("Bearer {}", self.server.token(ADMIN).await);
        send(self.server.address, "POST", "/user/sign-out", &[("Authorization", &revoked)], "").await;
        self.headers.insert(Role::Revoked, ("Authorization", revoked));
        let (signed, signature) = token.rsplit_once('.').expect("a signature");
        let forged: String = signature.chars().rev().collect();
        self.headers.insert(Role::Forged, ("Authorization", format!("Bearer {signed}.{forged}")));
        // Signed as it should be, and not revoked.
        let (header, payload) = signed.split_once('.').expect("a payload");
        let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
        let mut claims: serde_json::Value = serde_json::from_slice(&payload).expect("claims");
        claims["exp"] = json!(claims["iat"].as_i64().expect("a moment") - 1);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = URL_SAFE_NO_PAD.encode(self.server.state.key.sign(signed.as_bytes()));
        self.headers.insert(Role::Expired, ("Authorization", format!("Bearer {signed}.{signature}")));
        for role in [Role::Nobody, Role::Revoked, Role::Forged, Role::Expired, Role::Stale] {
            let own = self.own[&Role::Admin].clone();
            self.own.insert(role, own);
        }
    }

    /// Signs somebody in, by browser and by client; gives the client's token.
    async fn know(&mut self, role: Role, email: &str, scope: &str) -> String {
        self.session(email).await;
        let token = self.server.token(email).await;
        self.headers.insert(role, ("Authorization", format!("Bearer {token}")));
        let own = |table: &str| {
            let sql = format!(
                "SELECT id FROM {table} WHERE user_id = (SELECT id FROM users WHERE email = '{email}') \
                 ORDER BY created_at DESC"
            );
            column(&self.data(), &sql)[0].clone()
        };
        let file = self.file(&[("Authorization", &format!("Bearer {token}"))]).await;
        let words =
            [("session", own("sessions")), ("token", own("tokens")), ("scope", scope.to_owned()), ("ownfile", file)];
        self.own.insert(role, words.into_iter().collect());
        token
    }

    async fn session(&self, email: &str) -> String {
        let who = Credentials {
            login: email.to_owned(),
            password: PASSWORD.to_owned(),
            address: [127, 0, 0, 1].into(),
            agent: String::new(),
        };
        self.server.state.door.sign_in(who, None).await.expect("signs in").secret
    }

    /// A server on a copy of the data folder, for one request that changes something.
    pub async fn copied(&self) -> (TempDir, TestServer) {
        let copy = tempfile::tempdir().expect("a folder");
        for entry in walkdir::WalkDir::new(self.data()).min_depth(1) {
            let entry = entry.expect("readable");
            let to = copy.path().join(entry.path().strip_prefix(self.data()).expect("inside"));
            if entry.file_type().is_dir() {
                fs::create_dir_all(to).expect("makes a folder");
            } else if entry.file_name() != "lock" && entry.file_name() != "stockroom.db-shm" {
                fs::copy(entry.path(), to).expect("copies");
            }
        }
        let server = TestServer::start(copy.path(), &[text(&self.folders.catalogue())]).await;
        (copy, server)
    }

    fn filled(&self, role: Role, text: &str) -> String {
        let words = self.words.iter().chain(&self.own[&role]);
        words.fold(text.to_owned(), |text, (word, value)| text.replace(&format!("{{{word}}}"), value))
    }

    /// The status that this role gets.
    pub async fn status(&self, server: &TestServer, row: &Row, role: Role) -> u16 {
        let (name, value) = &self.headers[&role];
        self.send(server, row, role, &[(*name, value.as_str())]).await
    }

    /// The status that an administrator's browser gets whose page is not necessarily ours.
    pub async fn by_site(&self, server: &TestServer, row: &Row, site: (&str, &str)) -> u16 {
        self.send(server, row, Role::Admin, &[("Cookie", &self.fresh_cookie), site]).await
    }

    async fn send(&self, server: &TestServer, row: &Row, role: Role, headers: &[(&str, &str)]) -> u16 {
        let path = self.filled(role, row.path);
        let mut headers = [headers, &[("Accept", "application/json")]].concat();
        if row.effect == Effect::Streams {
            return status_of_stream(server.address, &path, &headers).await;
        }
        let if_match = self.filled(role, row.if_match);
        if !if_match.is_empty() {
            headers.push(("If-Match", &if_match));
        }
        let body = match row.body {
            "{zip}" => Module::new("acme.pay", "3.0.0").zip(),
            "{multipart}" => multipart(&Module::new("acme.pay", "3.0.0").zip()),
            text if row.kind.contains("urlencoded") => {
                self.filled(role, text).replace('@', "%40").replace(' ', "+").replace('"', "%22").into_bytes()
            }
            text => self.filled(role, text).into_bytes(),
        };
        let length = body.len().to_string();
        if row.method != "GET" {
            headers.push(("Content-Length", &length));
        }
        if !body.is_empty() || row.kind.contains("urlencoded") {
            headers.push(("Content-Type", row.kind));
        }
        let request = [head(server.address, row.method, &path, &headers).into_bytes(), body].concat();
        exchange(server.address, &request).await.status
    }

    /// As a browser that opens a page: the status, and where it is led.
    pub async fn page(&self, path: &str, role: Role) -> (u16, Option<String>) {
        let path = self.filled(role, path);
        let (name, value) = &self.headers[&role];
        let headers = [(*name, value.as_str()), ("Accept", "text/html")];
        let answer = exchange(self.server.address, head(self.server.address, "GET", &path, &headers).as_bytes()).await;
        (answer.status, answer.header("location").map(str::to_owned))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn multipart(file: &[u8]) -> Vec<u8> {
    let begin = "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\n";
    [begin.as_bytes(), file, b"\r\n--edge--\r\n"].concat()
}
