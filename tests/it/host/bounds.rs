//! What component code cannot reach.

use serde_json::{Value, json};

use super::{Bench, Script};

async fn told(bench: &Bench, name: &str, code: &str) -> Value {
    let code = format!(
        "module.exports = {{ async receive(context) {{ const tell = value => context.sendJson(value, 'out'); {code} }} }};"
    );
    let component = bench.component("1", name, &code).input(json!({}));
    let calls = Script::new();
    component.receive(&bench.host, &calls).await.expect("runs");
    calls.sent("out").remove(0)
}

#[tokio::test]
async fn the_environment_is_scrubbed() {
    let bench = Bench::new();
    let names = told(&bench, "acme.demo.core.Env", "await tell(Object.keys(process.env).sort());").await;
    assert_eq!(names, json!(["APPMIXER_API_URL", "HOME", "LANG", "NODE_ENV", "PATH", "TMPDIR", "TZ"]));
}

#[tokio::test]
async fn it_reads_its_module_and_writes_in_its_own_folder_alone() {
    let bench = Bench::new();
    std::fs::write(bench.folder.path().join("secret.key"), "secret").expect("written");
    let secret = bench.folder.path().join("secret.key");
    let code = format!(
        "const fs = require('fs'), os = require('os'), path = require('path');
         const attempt = run => {{ try {{ run(); return 'allowed'; }} catch (err) {{ return err.code; }} }};
         const own = path.join(os.tmpdir(), 'own.txt');
         await tell({{
            own: attempt(() => fs.readFileSync(__filename)), write: attempt(() => fs.writeFileSync(own, 'x')),
            back: attempt(() => fs.readFileSync(own)), secret: attempt(() => fs.readFileSync({secret:?})),
            passwd: attempt(() => fs.readFileSync('/etc/passwd')), environ: attempt(() => fs.readFileSync('/proc/self/environ')),
            overwrite: attempt(() => fs.writeFileSync(__filename, '')), program: attempt(() => require('child_process').execSync('true')),
            thread: attempt(() => new (require('worker_threads').Worker)('', {{ eval: true }}))
         }});"
    );
    let denied = "ERR_ACCESS_DENIED";
    let expected = json!({"own": "allowed", "write": "allowed", "back": "allowed", "secret": denied, "passwd": denied,
        "environ": denied, "overwrite": denied, "program": denied, "thread": denied});
    assert_eq!(told(&bench, "acme.demo.core.Reach", &code).await, expected);
}

#[tokio::test]
async fn a_module_that_the_administrator_names_may_start_programs() {
    let bench = Bench::with(|options| {
        options.trusted = vec![stockroom::domain::name::ModuleName::parse("acme.demo.core").expect("a name")];
    });
    let code = "await tell(require('child_process').execSync('echo ran').toString().trim());";
    assert_eq!(told(&bench, "acme.demo.core.Spawn", code).await, json!("ran"));
}

#[tokio::test]
async fn what_is_printed_does_not_disturb_the_frames() {
    let bench = Bench::new();
    let code = "for (let i = 0; i < 2000; i++) { console.log('x'.repeat(500)); console.error('y'); }
        process.stdout.write('\\0\\0\\0\\x02{}'); await tell('still here');";
    assert_eq!(told(&bench, "acme.demo.core.Print", code).await, json!("still here"));
}
