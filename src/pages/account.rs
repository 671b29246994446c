//! One's own page: password, sessions, personal tokens.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api::account::{Account, get_account},
    components::{
        error::{Failure, Refusal},
        moment::Moment,
    },
    domain::person::{Session, Token},
};

#[component]
pub fn AccountPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let notice = match (query.get("done").as_deref(), query.get("refused").as_deref()) {
        (Some("password"), _) => Some((
            "good",
            "The password is changed. Your other sessions, and clients that signed in with the old one, are signed out.",
        )),
        (_, Some("admin")) => Some(("warn", "The back office is for administrators. This page is yours.")),
        _ => None,
    };
    let content = Suspend::new(async move {
        match get_account().await {
            Ok(account) => view! { <Own account/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <Title text="Account"/>
        <h1>"Account"</h1>
        {notice.map(|(kind, text)| view! { <div class=format!("notice {kind}") role="status"><p>{text}</p></div> })}
        <Refusal/>
        <Suspense>{content}</Suspense>
    }
}

#[component]
fn Own(account: Account) -> impl IntoView {
    let Account { person, sessions, tokens, this_session, new_token } = account;
    let mut facts = vec![("E-mail", person.email.clone()), ("Scopes", person.scopes.join(", "))];
    if !person.vendors.is_empty() {
        facts.push(("Publishes as", person.vendors.join(", ")));
    }
    view! {
        <dl class="facts">
            {facts.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect_view()}
        </dl>
        <section class="part" aria-labelledby="sessions">
            <h2 id="sessions">"Sessions"</h2>
            <p class="soft">"Browsers that are signed in with your account."</p>
            <div id="session-list" data-live="">
                <ul class="rows list">
                    {sessions.into_iter().map(|session| view! { <SessionRow is_this={session.id == this_session} session/> }).collect_view()}
                </ul>
            </div>
        </section>
        <section class="part" aria-labelledby="tokens">
            <h2 id="tokens">"Personal access tokens"</h2>
            <p class="soft">"For scripts and the command-line client, in place of your password."</p>
            {new_token.map(|token| view! { <NewToken token/> })}
            <div id="token-list" data-live="">
                {if tokens.is_empty() {
                    view! { <p class="soft">"There are none."</p> }.into_any()
                } else {
                    view! { <ul class="rows list">{tokens.into_iter().map(|token| view! { <TokenRow token/> }).collect_view()}</ul> }.into_any()
                }}
            </div>
            <TokenForm scopes=person.scopes/>
        </section>
        <section class="part" aria-labelledby="password">
            <h2 id="password">"Change password"</h2>
            <form class="sheet" method="post" action="/backoffice/api/change_password">
                <input type="email" autocomplete="username" value=person.email readonly hidden/>
                <label><span>"Old password"</span><input type="password" name="old" autocomplete="current-password" required/></label>
                <label><span>"New password"</span><input type="password" name="new" autocomplete="new-password" minlength="10" required/></label>
                <label><span>"New password once more"</span><input type="password" name="again" autocomplete="new-password" minlength="10" required/></label>
                <div class="acts"><button class="btn">"Change password"</button></div>
            </form>
        </section>
    }
}

#[component]
fn SessionRow(session: Session, is_this: bool) -> impl IntoView {
    let agent = if session.agent.is_empty() { "Unknown browser".to_owned() } else { browser(&session.agent) };
    let end = (!is_this).then(|| {
        view! {
            <form method="post" action="/backoffice/api/end_session" data-enhance="" data-done="The session is ended.">
                <input type="hidden" name="id" value=session.id.clone()/>
                <button class="btn small" aria-label=format!("End the session of {agent} at {}", session.address)>"End"</button>
            </form>
        }
    });
    view! {
        <li>
            <div>
                <b title=session.agent>{agent.clone()}</b>
                {is_this.then(|| view! { " " <span class="badge">"This one"</span> })}
                <p class="soft">{session.address.clone()} " · began " <Moment at=session.created_at/> " · last seen " <Moment at=session.last_seen_at/></p>
            </div>
            {end}
        </li>
    }
}

/// The few words of a browser's name that people know.
fn browser(agent: &str) -> String {
    let known =
        [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")];
    let name = known.iter().find(|(part, _)| agent.contains(part)).map_or("Browser", |(_, name)| name);
    let systems =
        [("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("Mac OS", "macOS"), ("Linux", "Linux")];
    match systems.iter().find(|(part, _)| agent.contains(part)) {
        Some((_, system)) => format!("{name} on {system}"),
        None => name.to_owned(),
    }
}

/// A token that was just made.
#[component]
fn NewToken(token: String) -> impl IntoView {
    view! {
        <div class="notice good" role="status">
            <span aria-hidden="true">"✓"</span>
            <div>
                <p><b>"Copy the token now."</b> " It is not shown again."</p>
                <textarea class="mono secret" readonly rows="3" aria-label="The new token">{token}</textarea>
            </div>
        </div>
    }
}

#[component]
fn TokenRow(token: Token) -> impl IntoView {
    let name = token.name.clone().unwrap_or_else(|| "A client that signed in".to_owned());
    let used = match token.last_used_at {
        Some(at) => view! { "last used " <Moment at/> }.into_any(),
        None => "never used".into_any(),
    };
    view! {
        <li>
            <div>
                <b>{name.clone()}</b>
                <p class="soft">{token.scopes.join(", ")} " · " {used} " · runs out " <Moment at=token.expires_at/></p>
            </div>
            <form method="post" action="/backoffice/api/revoke_token" data-enhance="" data-done="The token is revoked.">
                <input type="hidden" name="id" value=token.id/>
                <button class="btn small" aria-label=format!("Revoke the token {name}")>"Revoke"</button>
            </form>
        </li>
    }
}

#[component]
fn TokenForm(scopes: Vec<String>) -> impl IntoView {
    let choice = |scope: String| {
        view! { <label class="check"><input type="checkbox" name="scopes[]" value=scope.clone() checked/> {scope}</label> }
    };
    view! {
        <form class="sheet" method="post" action="/backoffice/api/create_token">
            <label><span>"Name"</span><input name="name" maxlength="100" required placeholder="Nightly publishing"/></label>
            <fieldset><legend>"Scopes"</legend>{scopes.into_iter().map(choice).collect_view()}</fieldset>
            <label>
                <span>"Lives for"</span>
                <select name="days">
                    <option value="7">"7 days"</option>
                    <option value="30" selected>"30 days"</option>
                    <option value="90">"90 days"</option>
                    <option value="366">"a year"</option>
                </select>
            </label>
            <div class="acts"><button class="btn">"Make token"</button></div>
        </form>
    }
}
