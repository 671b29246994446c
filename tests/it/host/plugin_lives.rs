//! Plugins in real processes: what they keep, do by the clock and tell components, and what becomes of them.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use stockroom::server::{
    access::SudoActor,
    engine::{Change, Engine, Parts, SystemClock},
    http,
    state::AppState,
};
use tower::ServiceExt;

use super::{
    plugins::{ask, plugin},
    served::{Served, host},
};
use crate::support::{
    ended, eventually,
    folder::{column, execute, installed},
    module::Module,
};

async fn upload(served: &Served, module: &Module) -> stockroom::domain::job::Job {
    let answer = served.server.upload(&module.zip()).await;
    ended(&served.server.state.registry, answer.json()["ticket"].as_str().expect("a ticket")).await
}

const TASKS: &str = "
    class Task extends context.db.Model {
        static get collection() { return 'tasks'; }
        static get idProperty() { return 'taskId'; }
        static get properties() { return ['taskId', 'title', 'secret', 'count', 'due']; }
        static get protectedProperties() { return ['secret']; }
    }
    Task.createSettersAndGetters();
    await Task.createIndex({ title: 1 });
    route('POST', '/tasks', req => new Task().populate(req.payload).setDue(new Date(req.payload.due)).save());
    route('GET', '/tasks', async req => (await Task.find(JSON.parse(req.query.query ?? '{}'),
        { sort: { count: -1 }, limit: req.query.limit && Number(req.query.limit) })).map(task => task.getTitle()));
    route('GET', '/due', async () => (await Task.find({ due: { $lt: new Date('2026-06-01') }, title: /^b/i }))
        .map(task => [task.due instanceof Date, task.getDue().getUTCFullYear(), task.toJson().secret ?? null]));
    route('GET', '/tasks/{id}', async req => (await Task.findById(req.params.id))?.toJson() ?? null);
    route('PUT', '/tasks/{id}', async req => (await Task.findById(req.params.id)).populate(req.payload).save());
    route('DELETE', '/tasks/{id}', async req => ({ gone: await Task.deleteById(req.params.id), left: await Task.count() }));
    route('DELETE', '/tasks', async req => Task.deleteMany({ count: { $gte: 2 } }));
";

#[tokio::test]
async fn documents_are_kept_over_a_kill_an_update_and_a_restart_until_their_module_is_gone_for_good() {
    let pid = "route('GET', '/pid', () => process.pid);";
    let served = Served::with(&plugin("1.0.0", &format!("{TASKS}\n{pid}"))).await;
    let path = "/plugins/acme/pay/tasks";
    for (title, count) in [("a", 1), ("b", 2), ("B", 3)] {
        let task =
            json!({ "taskId": title, "title": title, "count": count, "secret": "s", "due": "2026-02-01", "other": 1 });
        let kept = ask(&served, "POST", path, &[], task).await.json();
        assert_eq!(
            (&kept["secret"], &kept["due"], kept.get("other")),
            (&json!("s"), &json!("2026-02-01T00:00:00.000Z"), None)
        );
    }
    let fresh = ask(&served, "POST", path, &[], json!({ "title": "c", "due": "2027-01-01" })).await.json();
    let id = fresh["taskId"].as_str().expect("an id was made").to_owned();
    let listed = async |query: &str| served.server.get(&format!("{path}?{query}")).await.json();
    assert_eq!(listed("").await, json!(["B", "b", "a", "c"]));
    assert_eq!(listed("limit=1").await, json!(["B"]));
    assert_eq!(listed("query=%7B%22count%22%3A%7B%22%24lt%22%3A3%7D%7D").await, json!(["b", "a"]));
    assert_eq!(
        served.server.get("/plugins/acme/pay/due").await.json(),
        json!([[true, 2026, null], [true, 2026, null]])
    );
    let unknown = served.server.get(&format!("{path}?query=%7B%22count%22%3A%7B%22%24near%22%3A3%7D%7D")).await;
    assert!(unknown.json()["message"].as_str().is_some_and(|text| text.contains("$near")), "{}", unknown.text());
    let changed = ask(&served, "PUT", &format!("{path}/{id}"), &[], json!({ "title": "d" })).await.json();
    assert_eq!((&changed["title"], &changed["taskId"]), (&json!("d"), &json!(id)));

    let pid = served.server.get("/plugins/acme/pay/pid").await.json().as_i64().expect("a number");
    let pid = Pid::from_raw(i32::try_from(pid).expect("fits")).expect("a process");
    kill_process(pid, Signal::KILL).expect("is there");
    eventually("another process answers", async || {
        let answer = served.server.get("/plugins/acme/pay/pid").await;
        (answer.status == 200 && answer.json() != pid.as_raw_nonzero().get()).then_some(())
    })
    .await;
    assert_eq!(listed("").await, json!(["B", "b", "a", "d"]));

    served.server.install(&plugin("2.0.0", &format!("{TASKS}\nroute('GET', '/version', () => 2);"))).await;
    eventually("the new version answers", async || {
        (served.server.get("/plugins/acme/pay/version").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(ask(&served, "DELETE", path, &[], json!({})).await.json(), json!(2));
    assert_eq!(
        ask(&served, "DELETE", &format!("{path}/a"), &[], json!({})).await.json(),
        json!({ "gone": true, "left": 1 })
    );

    // As after a restart of the server.
    served.server.state.engine.stop().await;
    let again = another_engine(&served).await;
    let asked = Request::get("/plugins/acme/pay/tasks").body(Body::empty()).expect("a request");
    let answer = http::router(again).oneshot(asked).await.expect("answers");
    let body = axum::body::to_bytes(answer.into_body(), 10_000).await.expect("a body");
    assert_eq!(serde_json::from_slice::<Value>(&body).expect("JSON"), json!(["d"]));

    let registry = &served.server.state.registry;
    registry
        .remove(&SudoActor::command_line().publisher(), &Module::new("acme.pay", "1.0.0").module_name())
        .await
        .expect("removes");
    let kept = || column(&served.folders.data(), "SELECT id FROM plugin_documents").len();
    registry.sweep().await.expect("sweeps");
    assert_eq!(kept(), 1, "it can be brought back");
    execute(&served.folders.data(), "UPDATE removals SET removed_at = 0");
    registry.sweep().await.expect("sweeps");
    assert_eq!(kept(), 0);
}

/// Another engine on the same store, with processes of its own.
async fn another_engine(served: &Served) -> AppState {
    let state = served.server.state.clone();
    let engine = Engine::open(Parts {
        store: state.store.clone(),
        registry: state.registry.clone(),
        files: state.files.clone(),
        settings: state.settings.clone(),
        connectors: state.connectors.clone(),
        accounts: state.accounts.clone(),
        events: state.events.clone(),
        host: host(&served.folders),
        clock: Arc::new(SystemClock),
        notices: Arc::new(state.webhook.clone()),
        api_url: String::new(),
    })
    .await
    .expect("opens");
    engine.resume().await.expect("resumes");
    engine.spawn();
    AppState { engine, ..state }
}

#[tokio::test]
async fn a_plugin_that_cannot_be_loaded_fails_the_installation_and_routes_go_with_their_module() {
    let served = Served::with(&plugin("1.0.0", "route('GET', '/version', () => 1);")).await;
    let version = async || served.server.get("/plugins/acme/pay/version").await;
    assert_eq!(version().await.json(), json!(1));
    let broken = plugin("2.0.0", "throw new Error('no paper');");
    for (module, message) in [
        (broken.clone(), "no paper"),
        (plugin("2.0.0", "context.unheard();"), "context.unheard is not supported here."),
        (plugin("2.0.0", "route('GET', '/x');"), "The route /x has no handler."),
        (broken.with("acme/pay/plugin.js", "module.exports = 5;"), "acme/pay/plugin.js exports no function."),
    ] {
        let failure = upload(&served, &module).await.failure.expect("it fails");
        let [finding] = failure.findings.as_slice() else { panic!("the plugin is broken: {failure:?}") };
        assert_eq!(finding.path.as_deref(), Some("acme/pay/plugin.js"));
        assert_eq!(finding.message, format!("The plugin acme.pay cannot be loaded: {message}"));
        assert_eq!(version().await.json(), json!(1), "the version before goes on");
    }
    assert!(installed(&served.folders.data(), "acme.pay").is_some());

    // What is not there now may be there later: this is told on the route, and hurts nothing else.
    let away = "require('node:fs'); route('GET', '/version', () => 2);
        await context.httpRequest({ url: 'http://127.0.0.1:9/' });";
    assert_eq!(upload(&served, &plugin("2.1.0", away)).await.failure, None);
    eventually("it is told", async || {
        let answer = version().await;
        (answer.status == 503).then(|| {
            let message = answer.json()["message"].as_str().expect("a text").to_owned();
            assert!(message.starts_with("The plugin acme.pay could not be started: "), "{message}");
        })
    })
    .await;

    served.server.install(&plugin("3.0.0", "route('GET', '/other', () => 3);")).await;
    eventually("the new version answers", async || {
        (served.server.get("/plugins/acme/pay/other").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(version().await.status, 404);
    assert_eq!(ask(&served, "DELETE", "/modules/acme.pay", &[], json!({})).await.status, 200);
    eventually("the routes are gone", async || {
        (served.server.get("/plugins/acme/pay/other").await.status == 404).then_some(())
    })
    .await;
    assert_eq!(ask(&served, "POST", "/modules/acme.pay/undo-remove", &[], json!({})).await.status, 200);
    eventually("they are back", async || {
        (served.server.get("/plugins/acme/pay/other").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_hangs_or_ends_its_process_is_told_with_the_plugins_name() {
    let served = Served::with(&plugin(
        "1.0.0",
        "route('GET', '/fine', () => process.pid);
        route('GET', '/never', () => new Promise(() => {}));
        route('GET', '/busy', () => { for (;;); });
        route('GET', '/ends', () => process.exit(1));",
    ))
    .await;
    let fine = served.server.get("/plugins/acme/pay/fine").await;
    let ends = served.server.get("/plugins/acme/pay/ends").await;
    assert_eq!((ends.status, &ends.json()["error"]), (503, &json!("Service Unavailable")));
    let message = ends.json()["message"].as_str().expect("a text").to_owned();
    assert!(message.starts_with("The process of the plugin acme.pay ended before it answered."), "{message}");
    let again = served.server.get("/plugins/acme/pay/fine").await;
    assert_eq!(again.status, 200, "{}", again.text());
    assert_ne!(again.json(), fine.json(), "it runs in another process");

    served
        .server
        .state
        .settings
        .set(&SudoActor::command_line(), "PLUGIN_REQUEST_TIMEOUT", json!(500))
        .await
        .expect("sets");
    let never = served.server.get("/plugins/acme/pay/never").await;
    assert_eq!(
        (never.status, &never.json()["message"]),
        (503, &json!("The plugin acme.pay did not answer within 0.5 s."))
    );
    served
        .server
        .state
        .settings
        .set(&SudoActor::command_line(), "PLUGIN_REQUEST_TIMEOUT", json!(60_000))
        .await
        .expect("sets");
    assert_eq!(served.server.get("/plugins/acme/pay/fine").await.json(), again.json(), "it hurt nobody");
    served
        .server
        .state
        .settings
        .set(&SudoActor::command_line(), "PLUGIN_REQUEST_TIMEOUT", json!(500))
        .await
        .expect("sets");
    assert_eq!(served.server.get("/plugins/acme/pay/busy").await.status, 503);
    served
        .server
        .state
        .settings
        .set(&SudoActor::command_line(), "PLUGIN_REQUEST_TIMEOUT", json!(60_000))
        .await
        .expect("sets");
    // A process that hears nothing any more is ended after ten seconds.
    let after = eventually("another process answers", async || {
        let answer = served.server.get("/plugins/acme/pay/fine").await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_ne!(after, again.json());
}

#[tokio::test]
async fn components_register_with_their_plugin_listen_and_are_called() {
    let code = "module.exports = {
        start: async context => {
            await context.callAppmixer({ endPoint: '/plugins/acme/pay/triggers', method: 'POST',
                body: { flowId: context.flowId, componentId: context.componentId } });
            await context.addListener('paid', { secret: 's', price: context.properties.price });
        },
        stop: context => context.removeListener('paid'),
        async receive(context) {
            const { data, query } = context.messages.webhook.content;
            if (query.answer) return context.response({ doubled: data.n * 2 }, 201);
            await context.service.stateSet('ofComponent', 1);
            await context.callAppmixer({ endPoint: '/plugins/acme/pay/seen', method: 'POST', body: { data } });
        }
    };";
    let plugin_code = "
        class Trigger extends context.db.Model {
            static get collection() { return 'triggers'; }
            static get idProperty() { return 'componentId'; }
            static get properties() { return ['componentId', 'flowId', 'userId']; }
        }
        const lock = await context.lock('init');
        await lock.unlock();
        context.onListenerAdded(async listener => {
            if (listener.params.price < 0) throw new Error('Too cheap.');
            listener.params = { price: listener.params.price };
        });
        route('POST', '/triggers', async req => {
            const user = await context.http.auth.getUser(req);
            return new Trigger().populate({ ...req.payload, userId: user.getId() }).save();
        }, { auth: undefined });
        route('POST', '/events', async req => {
            const found = await Trigger.find({});
            const calls = found.map(({ flowId, componentId }) =>
                context.triggerComponent(flowId, componentId, req.payload, { enqueueOnly: 'true' }, { method: 'POST' }));
            return (await Promise.all(calls)).map(answer => answer.statusCode);
        });
        route('POST', '/ask/{flowId}/{componentId}', async req =>
            context.triggerComponent(req.params.flowId, req.params.componentId, { n: 4 }, { answer: 'yes' }));
        route('POST', '/pay', req => context.triggerListeners({ eventName: 'paid', payload: req.payload,
            filter: listener => listener.params.price < req.payload.budget && !listener.params.secret }));
        route('POST', '/seen', async req => context.service.stateAddToSet('seen', JSON.stringify(req.payload.data)));
        route('GET', '/seen', async () => context.service.stateGet('seen'));
        route('GET', '/keys', async () => (await context.service.loadState()).map(({ key }) => key).sort());
        route('GET', '/core/{flowId}', async req => [
            await context.db.coreCollection('flows').findOne({ flowId: req.params.flowId, stage: 'running' }),
            await context.db.coreCollection('serviceState').find({ key: /^se/ }).limit(5).toArray(),
            await context.db.coreCollection('peopleTasks').countDocuments({}) ]);
        await context.scheduleJob('often', '* * * * * *', async () => {
            const held = await context.job.lock('often');
            const second = await context.job.lock('often').catch(err => err.message);
            await held.unlock();
            await context.service.stateSet('job', second);
        });
        route('GET', '/job', () => context.service.stateGet('job'));";
    let place = "acme/pay/core/Event";
    let module = plugin("1.0.0", plugin_code)
        .with(
            &format!("{place}/component.json"),
            &json!({ "name": "acme.pay.core.Event", "webhook": true }).to_string(),
        )
        .with(&format!("{place}/Event.js"), code);
    let served = Served::with(&module).await;
    let node = |price: i64| json!({ "type": "acme.pay.core.Event", "config": { "properties": { "price": price } } });
    let flow = served.running(json!({ "a": node(5), "b": node(50) })).await;

    let called = served.post("/plugins/acme/pay/events", json!({ "n": 1 })).await;
    assert_eq!(called.json(), json!([202, 202]), "{}", called.text());
    let seen = async |expected: Value| {
        eventually("it was seen", async || {
            let seen = served.server.get("/plugins/acme/pay/seen").await;
            (seen.status == 200 && seen.json() == expected).then_some(())
        })
        .await;
    };
    seen(json!([r#"{"n":1}"#])).await;
    assert_eq!(served.post("/plugins/acme/pay/pay", json!({ "budget": 10 })).await.json(), json!(1));
    seen(json!([r#"{"n":1}"#, r#"{"budget":10}"#])).await;
    let asked = served.post(&format!("/plugins/acme/pay/ask/{flow}/a"), json!({})).await.json();
    assert_eq!((&asked["statusCode"], &asked["body"]), (&json!(201), &json!({ "doubled": 8 })));
    // A plugin of a service has the service's state.
    let keys = served.server.get("/plugins/acme/pay/keys").await.json();
    assert!(keys.as_array().is_some_and(|keys| keys.contains(&json!("ofComponent"))), "{keys}");
    let core = served.server.get(&format!("/plugins/acme/pay/core/{flow}")).await.json();
    assert_eq!(core[0], json!({ "flowId": flow, "stage": "running" }));
    assert_eq!((&core[1][0]["key"], &core[2]), (&json!("seen"), &json!(0)));
    eventually("the job runs", async || {
        (served.server.get("/plugins/acme/pay/job").await.text() == "locked").then_some(())
    })
    .await;

    // A plugin calls components of its own alone, and a component that it refuses does not start.
    served.server.install(&Module::new("acme.other", "1.0.0")).await;
    let foreign = served.running(json!({ "x": { "type": "acme.other.core.Send" } })).await;
    let refused = served.post(&format!("/plugins/acme/pay/ask/{foreign}/x"), json!({})).await;
    assert!(refused.text().contains("There is no component x of acme.pay in this flow."), "{}", refused.text());
    let (engine, cheap) = (&served.server.state.engine, json!({ "a": node(-1) }));
    let change = Change { name: Some("Cheap".to_owned()), descriptor: cheap.as_object().cloned(), ..Change::default() };
    let cheap = engine.create_flow(&served.actor, change).await.expect("makes a flow");
    let refused = engine.start_flow(&served.actor, &cheap).await.expect_err("is refused").to_string();
    assert!(refused.contains("Too cheap."), "{refused}");

    let listening = || column(&served.folders.data(), "SELECT component_id FROM plugin_listeners ORDER BY 1");
    assert_eq!(listening(), ["a", "b"]);
    engine.stop_flow(&served.actor, &flow).await.expect("stops");
    assert_eq!(listening(), [""; 0]);
}
