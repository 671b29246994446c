//! The document, the menu and the routes: all of it is rendered on the server.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    hooks::use_location,
    path,
};

use crate::{
    api::server::identity,
    islands::toast_list::ToastList,
    pages::{
        account::AccountPage,
        acl::AclPage,
        audit::AuditPage,
        connectors::{ConnectorPage, ConnectorsPage},
        flows::{FlowPage, FlowsPage},
        jobs::JobPage,
        modules::{ModulesPage, detail::ModulePage},
        not_found::NotFound,
        reference::ReferencePage,
        sign_in::{ProofDialog, ProvePage, SetUpPage, SignInPage},
        system::SystemPage,
        unprocessed::UnprocessedPage,
        upload::UploadPage,
        users::{UserPage, UsersPage},
        webhook::WebhookPage,
    },
    server::{access::UserActor, state::AppState},
};

/// The document around [`App`]: styles, and the script that starts the wasm.
pub fn shell() -> impl IntoView {
    let state = expect_context::<AppState>();
    if let Some(shared) = Owner::current_shared_context() {
        // Only the islands are.
        shared.set_is_hydrating(false);
    }
    let is_admin = identity().is_ok_and(|identity| identity.user().is_ok_and(|user| user.is_admin()));
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" type="image/svg+xml" href=state.assets.address("favicon.svg")/>
                <style inner_html=state.assets.styles().to_owned()></style>
                <script type="module" nonce=use_nonce() data-root=state.assets.root() inner_html=include_str!("start.js")></script>
                <MetaTags/>
            </head>
            // Only whoever may hear of it is told where the events stand.
            <body data-cursor=is_admin.then(|| state.events.newest().to_string())>
                <App/>
            </body>
        </html>
    }
}

/// The back office.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // `leptos_meta` writes the title into the document as it is, and it may be a stranger's label (attack id X1).
    let title = |title: String| format!("{} · Stockroom", title.replace('&', "&amp;").replace('<', "&lt;"));
    view! {
        <Title formatter=title/>
        <Router base="/backoffice">
            <a class="skip" href="#content">"Skip to content"</a>
            <Menu/>
            <main id="content" tabindex="-1">
                <Routes fallback=NotFound>
                    <Route path=path!("/modules") view=ModulesPage ssr=SsrMode::Async/>
                    <Route path=path!("/modules/:name") view=ModulePage ssr=SsrMode::Async/>
                    <Route path=path!("/flows") view=FlowsPage ssr=SsrMode::Async/>
                    <Route path=path!("/flows/:id") view=FlowPage ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/:id") view=JobPage ssr=SsrMode::Async/>
                    <Route path=path!("/upload") view=UploadPage ssr=SsrMode::Async/>
                    <Route path=path!("/unprocessed") view=UnprocessedPage ssr=SsrMode::Async/>
                    <Route path=path!("/acl") view=AclPage ssr=SsrMode::Async/>
                    <Route path=path!("/users") view=UsersPage ssr=SsrMode::Async/>
                    <Route path=path!("/users/:id") view=UserPage ssr=SsrMode::Async/>
                    <Route path=path!("/connectors") view=ConnectorsPage ssr=SsrMode::Async/>
                    <Route path=path!("/connectors/:id") view=ConnectorPage ssr=SsrMode::Async/>
                    <Route path=path!("/system") view=SystemPage ssr=SsrMode::Async/>
                    <Route path=path!("/system/webhook") view=WebhookPage ssr=SsrMode::Async/>
                    <Route path=path!("/reference") view=ReferencePage ssr=SsrMode::Async/>
                    <Route path=path!("/audit") view=AuditPage ssr=SsrMode::Async/>
                    <Route path=path!("/account") view=AccountPage ssr=SsrMode::Async/>
                    <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
                    <Route path=path!("/set-up") view=SetUpPage ssr=SsrMode::Async/>
                    <Route path=path!("/prove") view=ProvePage ssr=SsrMode::Async/>
                    <Route path=path!("/*any") view=NotFound ssr=SsrMode::Async/>
                </Routes>
            </main>
            <ToastList/>
            <ProofDialog/>
        </Router>
    }
}

/// The sections of the back office: where each is, below `/backoffice`, and its name.
const SECTIONS: [(&str, &str); 8] = [
    ("modules", "Modules"),
    ("flows", "Flows"),
    ("unprocessed", "Unprocessed"),
    ("connectors", "Connectors"),
    ("acl", "ACL"),
    ("users", "Users"),
    ("audit", "Audit"),
    ("system", "System"),
];

/// The main menu: a section of the back office each, for administrators, and one's own account.
#[component]
fn Menu() -> impl IntoView {
    let user = identity().ok().and_then(|identity| identity.user().ok());
    let is_admin = user.as_ref().is_some_and(UserActor::is_admin);
    let path = use_location().pathname.get_untracked();
    let item = |section: &'static str, label: &'static str| {
        let href = format!("/backoffice/{section}");
        let is_current = path.strip_prefix(&href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        view! { <a href=href aria-current=is_current.then_some("page")>{label}</a> }
    };
    view! {
        <nav class="menu" aria-label="Main">
            <a class="mark" href="/backoffice/modules">
                <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
                    <rect x="2" y="3" width="18" height="6" rx="1.5"/>
                    <rect x="2" y="13" width="18" height="6" rx="1.5"/>
                    <path d="M9 6h4M9 16h4"/>
                </svg>
                "Stockroom"
            </a>
            {is_admin.then(|| view! {
                <div class="sections">{SECTIONS.map(|(section, label)| item(section, label)).collect_view()}</div>
            })}
            {user.map(|user| view! {
                <div class="me">
                    {item("account", "Account")}
                    {item("reference", "API")}
                    <form method="post" action="/backoffice/api/sign_out">
                        <button class="plain" title=user.person().email.clone()>"Sign out"</button>
                    </form>
                </div>
            })}
        </nav>
    }
}
