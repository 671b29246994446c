//! The document, the menu and the routes.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos_meta::MetaTags;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    hooks::use_location,
    path,
};

use crate::{
    browser::live::Live,
    components::{
        live_region::LiveRegion,
        toast::{Toasts, ToastList},
    },
    pages::{acl::AclPage, jobs::JobPage, modules::ModulesPage, modules::detail::ModulePage, not_found::NotFound, upload::UploadPage},
};

/// The document around [`App`]: styles, and the script that starts the wasm, all from this server.
#[cfg(feature = "ssr")]
pub fn shell(_: LeptosOptions) -> impl IntoView {
    let state = expect_context::<crate::server::state::AppState>();
    let nonce = leptos::nonce::use_nonce();
    let asset = |path: &str| state.assets.address(path);
    let (script, wasm) = (asset("pkg/stockroom.js"), asset("pkg/stockroom_bg.wasm"));
    let start =
        format!("import start,{{hydrate}} from '{script}';await start({{module_or_path:'{wasm}'}});hydrate()");
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" type="image/svg+xml" href=asset("favicon.svg")/>
                <link rel="stylesheet" href=asset("pkg/stockroom.css")/>
                <link rel="modulepreload" href=script nonce=nonce.clone()/>
                <link rel="preload" r#as="fetch" r#type="application/wasm" crossorigin="anonymous" href=wasm/>
                <script type="module" nonce=nonce>{start}</script>
                <MetaTags/>
            </head>
            <body data-cursor=state.events.newest().to_string()>
                <App/>
            </body>
        </html>
    }
}

/// The back office.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let live = Live::new();
    provide_context(live);
    provide_context(Toasts::new());
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| live.connect());

    view! {
        <Title formatter=|title: String| if title.is_empty() { "Stockroom".to_owned() } else { format!("{title} · Stockroom") }/>
        <Router base="/backoffice">
            <a class="skip" href="#content">"Skip to content"</a>
            <Menu/>
            <main id="content" tabindex="-1">
                <Routes fallback=NotFound>
                    <Route path=path!("/modules") view=ModulesPage ssr=SsrMode::Async/>
                    <Route path=path!("/modules/:name") view=ModulePage ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/:id") view=JobPage ssr=SsrMode::Async/>
                    <Route path=path!("/upload") view=UploadPage ssr=SsrMode::Async/>
                    <Route path=path!("/acl") view=AclPage ssr=SsrMode::Async/>
                    <Route path=path!("/*any") view=NotFound ssr=SsrMode::Async/>
                </Routes>
            </main>
            <ToastList/>
            <LiveRegion/>
        </Router>
    }
}

/// The main menu: a section of the back office each.
#[component]
fn Menu() -> impl IntoView {
    let path = use_location().pathname;
    let item = move |section: &'static str, label: &'static str| {
        let href = format!("/backoffice/{section}");
        let is_current = {
            let href = href.clone();
            move || path.with(|path| path.strip_prefix(&href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        };
        view! {
            <a href=href aria-current=move || is_current().then_some("page")>
                {label}
            </a>
        }
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
            {item("modules", "Modules")}
            {item("acl", "ACL")}
        </nav>
    }
}
