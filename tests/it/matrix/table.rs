//! The table: every way into the server, who may use it, and a request that would really change something.
//!
//! Words in braces are filled in by the world: `{victim}`, `{rule}`, `{session}`, …

use Who::*;

/// Everybody who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// No cookie and no token.
    Nobody,
    /// An administrator's token that was revoked.
    Revoked,
    /// An administrator's token with another signature.
    Forged,
    /// An administrator's token that has run out.
    Expired,
    User,
    Tester,
    /// Publishes as the vendor `acme`, whose modules are asked for.
    Publisher,
    /// Publishes as another vendor.
    Stranger,
    /// An administrator's browser whose password was given long ago.
    Stale,
    Admin,
}

impl Role {
    pub const ALL: [Self; 10] = [
        Self::Nobody,
        Self::Revoked,
        Self::Forged,
        Self::Expired,
        Self::User,
        Self::Tester,
        Self::Publisher,
        Self::Stranger,
        Self::Stale,
        Self::Admin,
    ];

    fn is_somebody(self) -> bool {
        self > Self::Expired
    }
}

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Anybody,
    SignedIn,
    /// Whoever is signed in, and has given the password lately.
    Proved,
    /// The vendor's publishers and administrators, to look.
    Vendor,
    /// The vendor's publishers and administrators, to change.
    Publishers,
    Admins,
    /// Administrators who have given the password lately.
    Sudo,
    /// Not even them.
    NotOne,
}

impl Who {
    pub fn lets(self, role: Role) -> bool {
        match self {
            Anybody => true,
            SignedIn => role.is_somebody(),
            Proved => role.is_somebody() && role != Role::Stale,
            Vendor => matches!(role, Role::Publisher | Role::Stale | Role::Admin),
            Publishers => matches!(role, Role::Publisher | Role::Admin),
            Admins => matches!(role, Role::Stale | Role::Admin),
            Sudo => role == Role::Admin,
            NotOne => false,
        }
    }
}

/// What a permitted request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Looks,
    Changes,
    /// Its answer has no end.
    Streams,
}

/// One way in.
#[derive(Clone, Debug)]
pub struct Row {
    pub method: &'static str,
    /// As the server names it.
    pub route: &'static str,
    /// As it is asked for.
    pub path: &'static str,
    pub who: Who,
    /// The status for those who are let in.
    pub status: u16,
    pub effect: Effect,
    pub kind: &'static str,
    pub body: &'static str,
    pub if_match: &'static str,
    /// Other statuses for some.
    pub but: &'static [(Role, u16)],
}

impl Row {
    /// The status that this role is to get.
    pub fn expected(&self, role: Role) -> u16 {
        match self.but.iter().find(|(other, _)| *other == role) {
            Some((_, status)) => *status,
            None if self.who.lets(role) => self.status,
            None if role.is_somebody() || self.who == NotOne => 403,
            None => 401,
        }
    }

    const fn but(mut self, but: &'static [(Role, u16)]) -> Self {
        self.but = but;
        self
    }

    const fn streams(mut self) -> Self {
        self.effect = Effect::Streams;
        self
    }

    const fn inert(mut self) -> Self {
        self.effect = Effect::Looks;
        self
    }

    const fn tagged(mut self, tag: &'static str) -> Self {
        self.if_match = tag;
        self
    }

    const fn sends(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }
}

const fn look(route: &'static str, path: &'static str, who: Who, status: u16) -> Row {
    let (method, effect) = ("GET", Effect::Looks);
    Row { method, route, path, who, status, effect, kind: "", body: "", if_match: "", but: &[] }
}

const fn change(
    method: &'static str,
    route: &'static str,
    path: &'static str,
    who: Who,
    status: u16,
    body: &'static str,
) -> Row {
    let effect = Effect::Changes;
    Row { method, route, path, who, status, effect, kind: "application/json", body, if_match: "", but: &[] }
}

const FORM: &str = "application/x-www-form-urlencoded";

const fn form(path: &'static str, who: Who, body: &'static str) -> Row {
    change("POST", path, path, who, 200, body).sends(FORM)
}

/// What nobody's rule shows does not exist.
const HIDDEN: &[(Role, u16)] = &[(Role::User, 404), (Role::Tester, 404), (Role::Publisher, 404), (Role::Stranger, 404)];
/// The same, and for programs alone.
const HIDDEN_AND_NO_BROWSER: &[(Role, u16)] =
    &[(Role::User, 404), (Role::Tester, 404), (Role::Publisher, 404), (Role::Stranger, 404), (Role::Stale, 403)];
/// Nobody is told that there was nothing to end.
const ALREADY_OUT: &[(Role, u16)] =
    &[(Role::Nobody, 200), (Role::Revoked, 200), (Role::Forged, 200), (Role::Expired, 200)];
const RULE: &str = r#"{"role":"evil","resource":"*","action":["*"]}"#;

const SIGNS_IN: &str = "/auth/component/{component}/{account}";
const HOOK: &str = "/flows/{flow}/components/{component}";
const PLUGIN: &str = "/plugins/acme/pay/events";
const CALL: &str = "/flows/{running}/components/a?enqueueOnly=true";

/// The routes of the public protocol.
pub const REST: &[Row] = &[
    look("/accounts", "/accounts", SignedIn, 200),
    change("POST", "/accounts", "/accounts", SignedIn, 200, r#"{"service":"acme:away","token":{"apiKey":"evil"}}"#),
    change("PUT", "/accounts/{id}", "/accounts/{account}", Admins, 200, r#"{"displayName":"evil"}"#).but(HIDDEN),
    change("DELETE", "/accounts/{id}", "/accounts/{account}", Admins, 200, "").but(HIDDEN),
    look("/accounts/{id}/flows", "/accounts/{account}/flows", Admins, 200).but(HIDDEN),
    change("PUT", SIGNS_IN, "/auth/component/s/{spare}", Admins, 200, "").but(HIDDEN),
    change("DELETE", SIGNS_IN, "/auth/component/s/{account}", Admins, 200, "").but(HIDDEN),
    look("/acl-types", "/acl-types", Admins, 200),
    look("/acl/{type}", "/acl/components", Admins, 200),
    change("POST", "/acl/{type}", "/acl/components", Sudo, 200, r#"[{"role":"evil","resource":"*","action":["*"]}]"#),
    look("/acl/{type}/resources", "/acl/components/resources", Admins, 200),
    look("/acl/{type}/actions", "/acl/components/actions", Admins, 200),
    look("/acl/{type}/resource/{resource}/attributes", "/acl/components/resource/acme/attributes", Admins, 200),
    look("/acl/{type}/rules", "/acl/components/rules", Admins, 200),
    change("POST", "/acl/{type}/rules", "/acl/components/rules", Sudo, 200, RULE),
    change("PUT", "/acl/{type}/rules/{id}", "/acl/components/rules/{rule}", Sudo, 200, RULE).tagged("{ruletag}"),
    change("DELETE", "/acl/{type}/rules/{id}", "/acl/components/rules/{rule}", Sudo, 200, "").tagged("{ruletag}"),
    look("/apps", "/apps", SignedIn, 200),
    look("/apps/components", "/apps/components?app=acme.pay", SignedIn, 200),
    look("/bundles", "/bundles", SignedIn, 200),
    // No component runs here, so it ends with 503; a browser has to send POST.
    look("/component/{vendor}/{service}/{module}/{component}", "/component/acme/pay/core/Send", SignedIn, 503)
        .but(HIDDEN_AND_NO_BROWSER),
    change(
        "POST",
        "/component/{vendor}/{service}/{module}/{component}",
        "/component/acme/pay/core/Send",
        SignedIn,
        503,
        "{}",
    )
    .inert()
    .but(HIDDEN),
    look("/components", "/components", SignedIn, 200),
    // A stranger's archive is received, and refused when it is read: a test of its own.
    change("POST", "/components", "/components", Publishers, 200, "{zip}")
        .sends("application/octet-stream")
        .but(&[(Role::Stranger, 0)]),
    look("/components/uploader/{ticket}", "/components/uploader/{job}", SignedIn, 200),
    look("/components/{selector}", "/components/acme.pay", Vendor, 200),
    change("DELETE", "/components/{selector}", "/components/acme.pay", Publishers, 200, ""),
    look("/components/{selector}/{file}", "/components/acme.pay.core.Send/Send.js", Vendor, 200),
    look("/config", "/config", Admins, 200),
    change("POST", "/config", "/config", Sudo, 200, r#"{"key":"API_USER_CREATE_SCOPE","value":""}"#),
    change("DELETE", "/config/{key}", "/config/MY_OWN", Sudo, 200, ""),
    look("/events", "/events", Admins, 200).streams(),
    look("/jobs/{id}", "/jobs/{job}", Admins, 200),
    // It has ended, so there is nothing to stop.
    change("DELETE", "/jobs/{id}", "/jobs/{job}", Sudo, 200, "").inert(),
    look("/modules", "/modules", SignedIn, 200),
    look("/modules/{name}", "/modules/acme.pay", SignedIn, 200).but(HIDDEN),
    change("DELETE", "/modules/{name}", "/modules/acme.pay?force=true", Sudo, 200, ""),
    look("/modules/{name}/access", "/modules/acme.pay/access", Admins, 200),
    change("POST", "/modules/{name}/access", "/modules/acme.pay/access", Sudo, 200, ""),
    look("/modules/{name}/download", "/modules/acme.pay/download", Admins, 200),
    change("POST", "/modules/{name}/install", "/modules/acme.fresh/install", Sudo, 202, "{}"),
    change("POST", "/modules/{name}/undo-remove", "/modules/acme.gone/undo-remove", Sudo, 200, ""),
    change("POST", "/modules/{name}/update", "/modules/acme.pay/update", Sudo, 202, ""),
    look("/service-config", "/service-config", Admins, 200),
    change("POST", "/service-config", "/service-config", Sudo, 200, r#"{"serviceId":"acme:git","apiKey":"evil"}"#),
    look("/service-config/{serviceId}", "/service-config/acme:git", Admins, 200),
    change("PUT", "/service-config/{serviceId}", "/service-config/acme:git", Sudo, 200, r#"{"apiKey":"evil"}"#),
    change("DELETE", "/service-config/{serviceId}", "/service-config/acme:git", Sudo, 200, ""),
    look("/unprocessed-messages", "/unprocessed-messages", SignedIn, 200),
    look("/unprocessed-messages/{id}", "/unprocessed-messages/{letter}", Admins, 200).but(HIDDEN),
    change("POST", "/unprocessed-messages/{id}", "/unprocessed-messages/{letter}", Admins, 200, "").but(HIDDEN),
    change("DELETE", "/unprocessed-messages/{id}", "/unprocessed-messages/{letter}", Admins, 200, "").but(HIDDEN),
    change("POST", "/unprocessed-messages/{id}/retry", "/unprocessed-messages/{letter}/retry", Admins, 200, "")
        .but(HIDDEN),
    look("/flows", "/flows", SignedIn, 200),
    change("POST", "/flows", "/flows", SignedIn, 200, r#"{"name":"evil","flow":{}}"#),
    look("/flows/count", "/flows/count", SignedIn, 200),
    look("/flows/{id}", "/flows/{flow}", Admins, 200).but(HIDDEN),
    change("PUT", "/flows/{id}", "/flows/{flow}", Admins, 200, r#"{"name":"evil"}"#).but(HIDDEN),
    change("DELETE", "/flows/{id}", "/flows/{flow}", Admins, 200, "").but(HIDDEN),
    change("POST", "/flows/{id}/clone", "/flows/{flow}/clone", Admins, 200, "").but(HIDDEN),
    look("/flows/{id}/validate", "/flows/{flow}/validate", Admins, 200).but(HIDDEN),
    change("POST", "/flows/{id}/coordinator", "/flows/{running}/coordinator", Admins, 200, r#"{"command":"stop"}"#)
        .but(HIDDEN),
    look("/flows/{id}/coordinator/status", "/flows/{flow}/coordinator/status", Admins, 200).but(HIDDEN),
    // Services elsewhere call these; the address is the secret.
    change("GET", HOOK, CALL, Anybody, 202, ""),
    change("POST", HOOK, CALL, Anybody, 202, "{}"),
    change("PUT", HOOK, CALL, Anybody, 202, "{}"),
    change("DELETE", HOOK, CALL, Anybody, 202, ""),
    look("/logs", "/logs", SignedIn, 200),
    look("/stores", "/stores", SignedIn, 200),
    change("POST", "/stores", "/stores", SignedIn, 200, r#"{"name":"evil"}"#),
    look("/stores/{id}", "/stores/{store}", Admins, 200).but(HIDDEN),
    change("PUT", "/stores/{id}", "/stores/{store}", Admins, 200, r#"{"name":"evil"}"#).but(HIDDEN),
    change("DELETE", "/stores/{id}", "/stores/{store}", Admins, 200, "").but(HIDDEN),
    look("/store", "/store?storeId={store}", Admins, 200).but(HIDDEN),
    change("DELETE", "/store", "/store", Admins, 200, r#"[{"key":"k","storeId":"{store}"}]"#).but(HIDDEN),
    look("/store/count", "/store/count?storeId={store}", Admins, 200).but(HIDDEN),
    look("/store/download/{id}", "/store/download/{store}", Admins, 200).but(HIDDEN),
    change("POST", "/store/{id}/{key}", "/store/{store}/k", Admins, 200, r#""evil""#).but(HIDDEN),
    change("PATCH", "/store/{id}/{key}", "/store/{store}/k", Admins, 200, r#"{"value":"evil"}"#).but(HIDDEN),
    look("/files", "/files", SignedIn, 200),
    change("POST", "/files", "/files", SignedIn, 200, "{multipart}").sends("multipart/form-data; boundary=edge"),
    // Of one's own alone: somebody else's are not found.
    change("DELETE", "/files", "/files?filter=fileId:{ownfile}", SignedIn, 200, ""),
    look("/files/count", "/files/count", SignedIn, 200),
    look("/files/metadata/{id}", "/files/metadata/{file}", Admins, 200).but(HIDDEN),
    look("/files/{id}", "/files/{file}", Admins, 200).but(HIDDEN),
    change("DELETE", "/files/{id}", "/files/{file}", Admins, 200, "").but(HIDDEN),
    look("/user", "/user", SignedIn, 200),
    change("POST", "/user", "/user", Sudo, 200, r#"{"email":"evil@example.com","password":"{password}"}"#),
    change(
        "POST",
        "/user/auth",
        "/user/auth",
        Anybody,
        200,
        r#"{"email":"victim@example.com","password":"{password}"}"#,
    ),
    change("POST", "/user/sign-out", "/user/sign-out", SignedIn, 200, ""),
    change(
        "POST",
        "/user/change-password",
        "/user/change-password",
        SignedIn,
        200,
        r#"{"oldPassword":"{password}","newPassword":"another good one"}"#,
    ),
    change(
        "POST",
        "/user/reset-password",
        "/user/reset-password",
        Sudo,
        200,
        r#"{"email":"victim@example.com","password":"another good one"}"#,
    ),
    change("POST", "/user/forgot-password", "/user/forgot-password", Anybody, 501, r#"{"email":"victim@example.com"}"#)
        .inert(),
    change(
        "POST",
        "/user/forgot-password/reset",
        "/user/forgot-password/reset",
        Anybody,
        501,
        r#"{"email":"victim@example.com","password":"another good one","token":"1"}"#,
    )
    .inert(),
    look("/users", "/users", Admins, 200),
    look("/users/count", "/users/count", Admins, 200),
    look("/users/{id}", "/users/{victim}", Admins, 200),
    change("PUT", "/users/{id}", "/users/{victim}", Sudo, 200, r#"{"scope":["admin"]}"#),
    change("DELETE", "/users/{id}", "/users/{victim}", Sudo, 200, ""),
    look("/users/{id}/delete-status/{ticket}", "/users/{gone}/delete-status/{ticket}", Admins, 200),
];

/// The server functions; queries belong to the request alone.
pub const FUNCTIONS: &[Row] = &[
    form(
        "/backoffice/api/add_account",
        Admins,
        "flow={signing}&service=acme:away&display_name=evil&names[0]=apiKey&values[0]=evil",
    ),
    form("/backoffice/api/add_user", Sudo, "email=evil@example.com&password={password}&scopes[0]=admin"),
    form("/backoffice/api/apply_acl_preset", Sudo, "acl_type=components&preset={preset}&tag={tabletag}"),
    // It has ended, so there is nothing to stop.
    form("/backoffice/api/cancel_job", Sudo, "id={job}").inert(),
    form("/backoffice/api/change_password", SignedIn, "old={password}&new=another good one&again=another good one"),
    form("/backoffice/api/change_user", Sudo, "id={victim}&email=victim@example.com&scopes[0]=admin&is_active=true"),
    form("/backoffice/api/choose_account", Admins, "flow={signing}&component=s&account={spare}"),
    form("/backoffice/api/clone_flow", Admins, "id={flow}"),
    form("/backoffice/api/create_token", Proved, "name=evil&scopes[0]={scope}&days=30"),
    form("/backoffice/api/delete_acl_rule", Sudo, "id={rule}&revision={revision}"),
    form("/backoffice/api/delete_flow", Sudo, "id={flow}"),
    form("/backoffice/api/delete_unprocessed", Admins, "ids[0]={letter}"),
    form("/backoffice/api/delete_user", Sudo, "id={victim}"),
    form("/backoffice/api/end_session", SignedIn, "id={session}"),
    form(
        "/backoffice/api/finish_set_up",
        NotOne,
        "token=x&email=evil@example.com&password={password}&again={password}",
    ),
    look("/backoffice/api/get_account", "/backoffice/api/get_account", Admins, 200),
    look("/backoffice/api/get_connector", "/backoffice/api/get_connector?id=acme:git", Admins, 200),
    look("/backoffice/api/get_flow", "/backoffice/api/get_flow?id={flow}", Admins, 200),
    look("/backoffice/api/get_job", "/backoffice/api/get_job?id={job}", Admins, 200),
    look("/backoffice/api/get_module", "/backoffice/api/get_module?name=acme.pay", Admins, 200),
    look("/backoffice/api/get_user", "/backoffice/api/get_user?id={victim}", Admins, 200),
    look("/backoffice/api/get_webhook", "/backoffice/api/get_webhook?secret=true", Admins, 200),
    form("/backoffice/api/import_flow", Admins, r#"text={"name":"evil","flow":{}}"#),
    form("/backoffice/api/install_module", Sudo, "name=acme.fresh"),
    look("/backoffice/api/list_acl_rules", "/backoffice/api/list_acl_rules?acl_type=components", Admins, 200),
    look("/backoffice/api/list_audit", "/backoffice/api/list_audit", Admins, 200),
    look("/backoffice/api/list_connectors", "/backoffice/api/list_connectors", Admins, 200),
    look("/backoffice/api/list_flows", "/backoffice/api/list_flows", Admins, 200),
    look("/backoffice/api/list_modules", "/backoffice/api/list_modules", Admins, 200),
    look("/backoffice/api/list_settings", "/backoffice/api/list_settings", Admins, 200),
    look("/backoffice/api/list_unprocessed", "/backoffice/api/list_unprocessed?page=0", Admins, 200),
    look("/backoffice/api/list_users", "/backoffice/api/list_users", Admins, 200),
    form("/backoffice/api/open_module", Sudo, "name=acme.pay"),
    // A token is proof enough, so there is nothing to renew.
    form("/backoffice/api/prove", SignedIn, "password={password}").inert(),
    form("/backoffice/api/remove_module", Sudo, "name=acme.pay&way=anyway&confirm=acme.pay"),
    form("/backoffice/api/replay_module", Admins, "name=acme.pay"),
    form("/backoffice/api/reset_setting", Sudo, "key=MY_OWN"),
    form("/backoffice/api/reset_user_password", Sudo, "id={victim}&password=another good one"),
    form("/backoffice/api/retry_unprocessed", Admins, "ids[0]={letter}"),
    form("/backoffice/api/revoke_token", SignedIn, "id={token}"),
    form("/backoffice/api/save_acl_rule", Sudo, "acl_type=components&role=evil&resource=*&action=use"),
    form("/backoffice/api/save_connector", Sudo, "id=acme:git&new_key=apiKey&new_value=evil"),
    form("/backoffice/api/save_setting", Sudo, "key=API_USER_CREATE_SCOPE&value="),
    form("/backoffice/api/sign_in", Anybody, "email=victim@example.com&password={password}"),
    form("/backoffice/api/sign_out", SignedIn, "").but(ALREADY_OUT),
    // No component runs here, so it does not start, and says so.
    change("POST", "/backoffice/api/start_flow", "/backoffice/api/start_flow", Admins, 409, "id={flow}").sends(FORM),
    form("/backoffice/api/stop_flow", Admins, "id={running}"),
    look("/backoffice/api/test_acl", "/backoffice/api/test_acl?role=user&component=acme.pay.core.Send", Admins, 200),
    form("/backoffice/api/test_webhook", Sudo, ""),
    form("/backoffice/api/undo_remove_module", Sudo, "name=acme.gone"),
];

/// The routes that are neither.
pub const OTHERS: &[Row] = &[
    look("/", "/", Anybody, 200),
    look("/healthz", "/healthz", Anybody, 200),
    look("/openapi.json", "/openapi.json", Anybody, 200),
    // No plugin is installed: what there is of them says who is let in.
    look("/plugins/{*path}", PLUGIN, Anybody, 404),
    change("POST", "/plugins/{*path}", PLUGIN, Anybody, 404, "{}").inert(),
    change("PUT", "/plugins/{*path}", PLUGIN, Anybody, 404, "{}").inert(),
    change("PATCH", "/plugins/{*path}", PLUGIN, Anybody, 404, "{}").inert(),
    change("DELETE", "/plugins/{*path}", PLUGIN, Anybody, 404, "").inert(),
    look("/backoffice", "/backoffice", Admins, 303),
    look("/backoffice/", "/backoffice/", Admins, 303),
    look("/backoffice/assets/{version}/{*path}", "/backoffice/assets/0/nothing", Anybody, 404),
    look("/backoffice/events", "/backoffice/events", Admins, 200).streams(),
    look("/backoffice/audit/export", "/backoffice/audit/export", Admins, 200),
    look("/backoffice/flows/{id}/events", "/backoffice/flows/{flow}/events?seen=", Admins, 200).streams(),
    look("/backoffice/icons/{sha256}", "/backoffice/icons/{icon}", Admins, 200),
    look("/backoffice/icons/sheet/{ids}", "/backoffice/icons/sheet/0123456789abcdef", Admins, 200),
    look("/backoffice/icons/small/{sha256}", "/backoffice/icons/small/{icon}", Admins, 200),
    look("/backoffice/index", "/backoffice/index", Admins, 200),
    look("/backoffice/modules/{name}/download", "/backoffice/modules/acme.pay/download", Admins, 200),
    look("/backoffice/unprocessed/export", "/backoffice/unprocessed/export?reason=thrown", Admins, 200),
    // The form's answer is a page that says why.
    change("POST", "/backoffice/upload", "/backoffice/upload", Sudo, 303, "{multipart}")
        .sends("multipart/form-data; boundary=edge")
        .but(&[(Role::Stale, 303)]),
];

/// Pages; a browser that may not see one is led elsewhere.
pub const PAGES: &[Row] = &[
    look("/backoffice/modules", "/backoffice/modules", Admins, 200),
    look("/backoffice/modules/{name}", "/backoffice/modules/acme.pay", Admins, 200),
    look("/backoffice/flows", "/backoffice/flows", Admins, 200),
    look("/backoffice/flows/{id}", "/backoffice/flows/{flow}", Admins, 200),
    look("/backoffice/jobs/{id}", "/backoffice/jobs/{job}", Admins, 200),
    look("/backoffice/upload", "/backoffice/upload", Admins, 200),
    look("/backoffice/unprocessed", "/backoffice/unprocessed", Admins, 200),
    look("/backoffice/acl", "/backoffice/acl", Admins, 200),
    look("/backoffice/users", "/backoffice/users", Admins, 200),
    look("/backoffice/users/{id}", "/backoffice/users/{victim}", Admins, 200),
    look("/backoffice/connectors", "/backoffice/connectors", Admins, 200),
    look("/backoffice/connectors/{id}", "/backoffice/connectors/acme:git", Admins, 200),
    look("/backoffice/system", "/backoffice/system", Admins, 200),
    look("/backoffice/system/webhook", "/backoffice/system/webhook?secret=shown", Admins, 200),
    look("/backoffice/audit", "/backoffice/audit", Admins, 200),
    look("/backoffice/account", "/backoffice/account", SignedIn, 200),
    look("/backoffice/reference", "/backoffice/reference", SignedIn, 200),
    look("/backoffice/sign-in", "/backoffice/sign-in", Anybody, 200),
    look("/backoffice/set-up", "/backoffice/set-up?token=x", Anybody, 403),
    look("/backoffice/prove", "/backoffice/prove", SignedIn, 200),
    look("/backoffice/{*any}", "/backoffice/nothing/here", Admins, 404),
];

pub fn all() -> impl Iterator<Item = &'static Row> {
    [REST, FUNCTIONS, OTHERS, PAGES].into_iter().flatten()
}
