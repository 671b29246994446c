//! Routes of plugins in real processes on a real server.

use serde_json::{Value, json};

use super::served::Served;
use crate::support::{
    client::{Answer, JSON, NOBODY, get, send, status_of_stream},
    eventually,
    module::Module,
};

/// A module of the service `acme.pay` with this plugin.
pub fn plugin(version: &str, code: &str) -> Module {
    let code = format!("module.exports = async context => {{\nconst route = (method, path, handler, options) =>
        context.http.router.register({{ method, path, options: {{ auth: false, handler, ...options }} }});\n{code}\n}};");
    Module::new("acme.pay", version).with("acme/pay/plugin.js", &code)
}

pub async fn ask(served: &Served, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let headers = [headers, &[JSON]].concat();
    send(served.server.address, method, path, &headers, &body.to_string()).await
}

#[tokio::test]
async fn a_route_gets_the_request_and_gives_its_answer() {
    let served = Served::with(&plugin(
        "1.0.0",
        "route('POST', '/tasks/{id}', req => ({ payload: req.payload, params: req.params, query: req.query,
            own: req.headers['x-own'], secrets: [req.headers.authorization ?? null, req.headers.cookie ?? null],
            host: req.info.hostname, method: req.method }));
        route('GET', 'made', (req, h) => h.response('<b>').code(201).type('text/plain').header('X-Made', 'yes')
            .header('Set-Cookie', 'stockroom_session=evil'));
        route('GET', '/bytes', () => Buffer.from([0, 255]));
        route('GET', '/nothing', (req, h) => h.response(undefined).code(401));
        route('GET', '/away', (req, h) => h.redirect('https://example.com/'));
        route('POST', '/raw', req => req.payload.toString('hex'), { payload: { parse: false } });
        route('*', '/any/{rest*}', req => [req.method, req.params.rest, context.http.router.getPluginEndpoint('/x')]);",
    ))
    .await;
    let path = "/plugins/acme/pay/tasks/a%20b?x=1&y=2&y=3";
    let answer = ask(&served, "POST", path, &[("X-Own", "mine")], json!({ "n": 1 })).await;
    let expected = json!({ "payload": { "n": 1 }, "params": { "id": "a b" }, "query": { "x": "1", "y": ["2", "3"] },
        "own": "mine", "secrets": [null, null], "host": "127.0.0.1", "method": "post" });
    assert_eq!((answer.status, answer.json()), (200, expected));
    // What others sign their calls with is for the plugin to check; no cookie is.
    let headers = [("Authorization", "Bearer of-theirs"), ("Cookie", "a=b")];
    let answer = ask(&served, "POST", path, &headers, json!({})).await;
    assert_eq!(answer.json()["secrets"], json!(["Bearer of-theirs", null]));
    let made = served.server.get("/plugins/acme/pay/made").await;
    assert_eq!((made.status, made.text().as_str(), made.header("x-made")), (201, "<b>", Some("yes")));
    assert_eq!((made.header("content-type"), made.header("set-cookie")), (Some("text/plain"), None));
    assert!(made.header("content-security-policy").is_some_and(|policy| policy.starts_with("sandbox")));
    let bytes = served.server.get("/plugins/acme/pay/bytes").await;
    assert_eq!(
        (bytes.body.as_slice(), bytes.header("content-type")),
        ([0, 255].as_slice(), Some("application/octet-stream"))
    );
    assert_eq!(served.server.get("/plugins/acme/pay/nothing").await.status, 401);
    let away = served.server.get("/plugins/acme/pay/away").await;
    assert_eq!((away.status, away.header("location")), (302, Some("https://example.com/")));
    assert_eq!(ask(&served, "POST", "/plugins/acme/pay/raw", &[], json!([])).await.text(), "5b5d");
    let any = ask(&served, "DELETE", "/plugins/acme/pay/any/a/b", &[], json!({})).await;
    assert_eq!(any.json(), json!(["delete", "a/b", "/plugins/acme/pay/x"]));
    for path in ["/plugins/acme/pay/unknown", "/plugins/acme/pay/tasks/1", "/plugins/acme/other/x", "/plugins/acme"] {
        let answer = served.server.get(path).await;
        assert_eq!((answer.status, &answer.json()["error"]), (404, &json!("Not Found")), "{path}");
    }
}

#[tokio::test]
async fn a_route_says_who_may_ask_and_learns_who_does() {
    let served = Served::with(&plugin(
        "1.0.0",
        "const who = async req => {
            const user = await context.http.auth.getUser(req);
            return [user.getEmail(), user.getId().equals(context.constants.PUBLIC_USER_ID), user.getId()];
        };
        route('GET', '/none', who);
        route('GET', '/optional', who, { auth: { strategies: ['jwt-strategy', 'public'] } });
        route('GET', '/required', who, { auth: undefined });",
    ))
    .await;
    let id = served.actor.person().id.clone();
    let admin = json!(["admin@example.com", false, id]);
    let public = json!([null, true, "public"]);
    for (path, signed_in, nobody) in [
        ("none", Some(&public), Some(&public)),
        ("optional", Some(&admin), Some(&public)),
        ("required", Some(&admin), None),
    ] {
        let path = format!("/plugins/acme/pay/{path}");
        assert_eq!(Some(&served.server.get(&path).await.json()), signed_in, "{path}");
        // A browser's session is not shown to strangers' code.
        for header in [NOBODY, ("Authorization", "Bearer forged"), ("Cookie", "stockroom_session=x")] {
            let answer = get(served.server.address, &path, &[header]).await;
            match nobody {
                Some(nobody) => assert_eq!(&answer.json(), nobody, "{path} {header:?}"),
                None => {
                    assert_eq!((answer.status, &answer.json()["statusCode"]), (401, &json!(401)), "{path} {header:?}")
                }
            }
        }
    }
}

#[tokio::test]
async fn what_a_route_refuses_and_what_it_breaks_has_the_usual_shape() {
    let served = Served::with(&plugin(
        "1.0.0",
        "const { HttpError, Joi } = context.http;
        route('POST', '/new', () => { throw new HttpError.notFound('No such task.'); });
        route('POST', '/plain', () => HttpError.conflict());
        route('POST', '/broken', async () => { throw new Error('Out of paper.'); });
        route('POST', '/missing', () => context.http.server);
        route('POST', '/checked', req => req.payload.at instanceof Date, { validate: { payload: Joi.object({
            mail: Joi.string().email().required(), at: Joi.date().iso() }) } });",
    ))
    .await;
    for (path, body, status, error, message) in [
        ("new", json!({}), 404, "Not Found", "No such task."),
        ("plain", json!({}), 409, "Conflict", "Conflict"),
        ("broken", json!({}), 500, "Internal Server Error", "The plugin acme.pay failed: Out of paper."),
        (
            "missing",
            json!({}),
            501,
            "Not Implemented",
            "The plugin acme.pay failed: context.http.server is not supported here.",
        ),
        ("checked", json!({ "mail": "x" }), 400, "Bad Request", "\"mail\" must be a valid email"),
    ] {
        let answer = ask(&served, "POST", &format!("/plugins/acme/pay/{path}"), &[], body).await;
        let expected = json!({ "statusCode": status, "error": error, "message": message });
        assert_eq!((answer.status, answer.json()), (status, expected), "{path}");
    }
    let body = json!({ "mail": "a@example.com", "at": "2026-01-01T00:00:00Z" });
    assert_eq!(ask(&served, "POST", "/plugins/acme/pay/checked", &[], body).await.json(), json!(true));
    let broken = send(served.server.address, "POST", "/plugins/acme/pay/broken", &[JSON], "{").await;
    assert_eq!((broken.status, &broken.json()["message"]), (400, &json!("The body is no JSON.")));
}

#[tokio::test]
async fn an_answer_may_come_bit_by_bit_and_ends_when_nobody_reads_it() {
    let served = Served::with(&plugin(
        "1.0.0",
        "const { PassThrough, Readable } = require('node:stream');
        let left = 0;
        route('GET', '/all', (req, h) => h.response(Readable.from(['one,', 'two'])).type('text/plain'));
        route('GET', '/events', (req, h) => {
            const stream = new PassThrough();
            const beat = setInterval(() => stream.write('data: {}\\n\\n'), 50);
            req.raw.req.on('close', () => { clearInterval(beat); left += 1; });
            return h.response(stream).type('text/event-stream');
        });
        route('GET', '/left', () => left);",
    ))
    .await;
    let all = served.server.get("/plugins/acme/pay/all").await;
    assert_eq!((all.text().as_str(), all.header("content-type")), ("one,two", Some("text/plain")));
    assert_eq!(status_of_stream(served.server.address, "/plugins/acme/pay/events", &[]).await, 200);
    eventually("it has noticed", async || {
        (served.server.get("/plugins/acme/pay/left").await.json() == 1).then_some(())
    })
    .await;
}
