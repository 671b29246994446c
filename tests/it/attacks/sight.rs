//! What no rule shows does not exist, wherever it is looked for (A3).

use stockroom::server::access::SudoActor;

use crate::support::{client::get, module::Module, server::with_installed};

const PLACES: [&str; 10] = [
    "/modules",
    "/modules?search=pay",
    "/modules/acme.pay",
    "/apps",
    "/apps/components?app=acme.pay",
    "/components",
    "/components?selector=acme.pay",
    "/components?manifest=yes",
    "/components?selector=acme.pay.core.Secret&manifest=yes",
    "/bundles",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_what_no_rule_shows_is_nowhere() {
    let module = Module::new("acme.pay", "1.0.0")
        .with("acme/pay/core/Secret/component.json", r#"{"name":"acme.pay.core.Secret","private":true}"#)
        .with("acme/pay/core/Secret/Secret.js", "module.exports = {};");
    let (_folders, server) = with_installed(&module).await;
    server.add_person("user@example.com", &["user"], &[]).await;
    let token = format!("Bearer {}", server.token("user@example.com").await);
    let seen = async |path: &str| get(server.address, path, &[("Authorization", token.as_str())]).await;
    let downloads = [
        "/components/acme.pay",
        "/components/acme.pay.core.Send",
        "/modules/acme.pay/download",
        "/modules/acme.pay/access",
    ];
    for path in PLACES {
        let answer = seen(path).await;
        let text = answer.text();
        assert!(answer.status == 404 || !text.contains("acme"), "{path}: {text}");
        assert!(!text.contains("Send") && !text.contains("Secret") && !text.contains("Pays"), "{path}: {text}");
    }
    for path in downloads {
        // As for a module that is not there.
        let (hidden, absent) = (seen(path).await, seen(&path.replace("acme.pay", "acme.none")).await);
        assert_eq!((hidden.status, hidden.text()), (403, absent.text()), "{path}");
    }

    server.state.acl.open_to_users(&SudoActor::command_line(), &module.module_name()).await.expect("adds");
    for path in PLACES {
        let answer = seen(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.text().contains("acme.pay"), !path.contains("Secret"), "{path}: {}", answer.text());
        assert!(!answer.text().contains("Secret"), "{path}: {}", answer.text());
    }
    for path in downloads {
        assert_eq!(seen(path).await.status, 403, "{path}");
    }
}
