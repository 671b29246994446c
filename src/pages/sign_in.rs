//! The way in: sign-in, the first administrator, and the proof that it is still you.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api::ApiError,
    api::server::{own_path, state, user},
    components::error::{Failure, Refusal},
};

#[component]
pub fn SignInPage() -> impl IntoView {
    let next = own_path(&use_query_map().with_untracked(|query| query.get("next").unwrap_or_default()));
    let content = Suspend::new(async move {
        let is_fresh = state().people.is_empty().await.unwrap_or(false);
        if is_fresh { view! { <Fresh/> }.into_any() } else { view! { <Form next/> }.into_any() }
    });
    view! {
        <Title text="Sign in"/>
        <div class="door"><Suspense>{content}</Suspense></div>
    }
}

#[component]
fn Form(next: String) -> impl IntoView {
    view! {
        <h1>"Sign in"</h1>
        <Refusal/>
        <form class="sheet" method="post" action="/backoffice/api/sign_in">
            <input type="hidden" name="next" value=next/>
            <label>
                <span>"E-mail address"</span>
                <input type="text" name="email" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus/>
            </label>
            <label>
                <span>"Password"</span>
                <input type="password" name="password" autocomplete="current-password" required/>
            </label>
            <div class="acts"><button class="btn go">"Sign in"</button></div>
        </form>
    }
}

/// There is nobody yet.
#[component]
fn Fresh() -> impl IntoView {
    view! {
        <h1>"Welcome"</h1>
        <p>"This Stockroom has no administrator yet. Its terminal and its log show a link that makes one: open that."</p>
        <p class="soft">
            "The link works once, and for an hour; each start of the server makes another. Or run "
            <code>"stockroom user add --admin EMAIL"</code>
            " while the server is stopped."
        </p>
    }
}

#[component]
pub fn SetUpPage() -> impl IntoView {
    let token = use_query_map().with_untracked(|query| query.get("token").unwrap_or_default());
    let content = if state().set_up.admits(&token) {
        view! {
            <h1>"Make the first administrator"</h1>
            <p class="soft">"This account may do everything, and adds the others."</p>
            <Refusal/>
            <form class="sheet" method="post" action="/backoffice/api/finish_set_up">
                <input type="hidden" name="token" value=token/>
                <label>
                    <span>"E-mail address"</span>
                    <input type="email" name="email" autocomplete="username" required autofocus/>
                </label>
                <div class="field">
                    <label for="password">"Password"</label>
                    <input id="password" type="password" name="password" autocomplete="new-password" minlength="10" required aria-describedby="password-hint"/>
                    <small id="password-hint" class="soft">"At least 10 characters. A sentence is easy to remember."</small>
                </div>
                <label>
                    <span>"Password once more"</span>
                    <input type="password" name="again" autocomplete="new-password" minlength="10" required/>
                </label>
                <div class="acts"><button class="btn go">"Make administrator"</button></div>
            </form>
        }
        .into_any()
    } else {
        let error = ApiError::new(403, "This link has run out or was used. Start the server again to get another.");
        view! {
            <h1>"Set-up"</h1>
            <Failure error/>
            <p><a href="/backoffice/sign-in">"Sign in"</a></p>
        }
        .into_any()
    };
    view! {
        <Title text="Set-up"/>
        <div class="door">{content}</div>
    }
}

/// The password once more, for browsers without wasm; with it, [`ProofDialog`] asks the same.
#[component]
pub fn ProvePage() -> impl IntoView {
    let next = own_path(&use_query_map().with_untracked(|query| query.get("next").unwrap_or_default()));
    view! {
        <Title text="Confirm your password"/>
        <div class="door">
            <h1>"Confirm your password"</h1>
            <p class="soft">"It is more than 15 minutes since you gave it. Then press the button once more."</p>
            <Refusal/>
            <form class="sheet" method="post" action="/backoffice/api/prove">
                <input type="hidden" name="next" value=next/>
                <label>
                    <span>"Password"</span>
                    <input type="password" name="password" autocomplete="current-password" required autofocus/>
                </label>
                <div class="acts"><button class="btn go">"Confirm"</button></div>
            </form>
        </div>
    }
}

/// What asks for the password when a form needs a younger proof. `browser/proof.rs` opens it.
#[component]
pub fn ProofDialog() -> impl IntoView {
    let email = user().ok()?.person().email.clone();
    Some(view! {
        <dialog id="proof" aria-labelledby="proof-title">
            <form class="dialog-body" method="post" action="/backoffice/api/prove">
                <h2 id="proof-title">"Confirm your password"</h2>
                <p class="soft">"It is more than 15 minutes since you gave it. What you asked for goes on afterwards."</p>
                <input type="email" autocomplete="username" value=email readonly hidden/>
                <label>
                    <span>"Password"</span>
                    <input type="password" name="password" autocomplete="current-password" required aria-describedby="proof-fault"/>
                </label>
                <p id="proof-fault" class="fault" role="alert"></p>
                <div class="acts">
                    <button type="button" class="btn" data-closes="">"Cancel"</button>
                    <button class="btn go">"Confirm"</button>
                </div>
            </form>
        </dialog>
    })
}
