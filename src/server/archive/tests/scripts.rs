//! What the search through scripts finds, and what it must not.

use crate::domain::module::AuthKind;
use crate::server::archive::script::{auth_kind, config_keys, reads_config};

#[test]
fn sign_in_kinds() {
    for (source, kind) in [
        (
            "module.exports = { type: 'apiKey', definition: { auth: { key: { type: 'text' } } } };",
            Some(AuthKind::ApiKey),
        ),
        ("module.exports = {\n  type: \"oauth2\",", Some(AuthKind::OAuth2)),
        ("module.exports = {'type' : `pwd`}", Some(AuthKind::Pwd)),
        ("x({ params: { type: 'CurrentUser' } }); module.exports = { type: 'oauth' }", Some(AuthKind::OAuth)),
        ("// type: 'apiKey'\n/* type: 'pwd' */ module.exports = { type: 'oauth2' }", Some(AuthKind::OAuth2)),
        ("const u = 'https://x.example'; module.exports = { type: 'oauth2' }", Some(AuthKind::OAuth2)),
        ("const r = /\\/\\/[^'\"]*/g;\nmodule.exports = { type: 'oauth2' }", Some(AuthKind::OAuth2)),
        ("module.exports = { grant_type: 'oauth2', subtype: 'pwd' }", None),
        ("module.exports = { type: 'oauth2", Some(AuthKind::OAuth2)),
        ("module.exports = { type: ", None),
        ("", None),
    ] {
        assert_eq!(auth_kind(source), kind, "{source}");
    }
}

#[test]
fn config_is_read() {
    for source in [
        "const a = context.config.host;",
        "context.config",
        "context?.config?.ttl || 5",
        "this.context . config",
        "context['config'].x",
        "context?.[ \"config\" ]",
        "const { config, auth } = context;",
        "const {\n  auth: { token },\n  config: settings = {}\n} = context;",
        "const { a, config } = context",
    ] {
        assert!(reads_config(source), "{source}");
    }
}

#[test]
fn config_is_not_read() {
    for source in [
        "context.configuration.host",
        "context.configs",
        "mycontext.config",
        "context2.config",
        "// context.config\n",
        "/* context.config */",
        "const { config } = context.auth;",
        "const { auth: { config } } = context;",
        "const { auth } = context; const { config } = other;",
        "const config = context;",
        "AWS.config.update(context)",
        "} = context",
        "",
    ] {
        assert!(!reads_config(source), "{source}");
    }
}

#[test]
fn config_keys_are_found() {
    for (source, keys) in [
        ("context.config.host + context.config?.port", &["host", "port"][..]),
        ("context.config['api-key'] || context.config[\"token\"]", &["token"]),
        ("const { apiKey, region: r = 'eu' } = context.config;", &["apiKey", "region"]),
        ("const { config } = context; use(config.url, config['name'])", &["name", "url"]),
        ("context?.['config'].ttl", &["ttl"]),
        ("context.config", &[]),
        ("// context.config.old\n", &[]),
        ("const { a } = context.auth; context.config.b", &["b"]),
        ("other.config.c", &[]),
    ] {
        assert_eq!(config_keys(source).into_iter().collect::<Vec<_>>(), keys, "{source}");
    }
}
