//! Sends forms marked `data-enhance` without leaving the page. The same forms work without wasm: their action is a server
//! function that leads back to the page.
//!
//! `data-done` is what to say after success, `data-undo` and `data-undo-body` the form that takes it back, `data-then`
//! where to go.

use leptos::prelude::{document, window};
use serde::Deserialize;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{FormData, HtmlButtonElement, HtmlFormElement, SubmitEvent, UrlSearchParams};

use super::{
    proof, refresh,
    toasts::{Undo, toasts},
};

/// Catches every submission of the page.
pub fn listen() {
    let submitted = Closure::<dyn Fn(SubmitEvent)>::new(|event: SubmitEvent| {
        let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) else { return };
        if event.default_prevented() || !form.has_attribute("data-enhance") {
            return;
        }
        let Some(body) = FormData::new_with_form(&form)
            .ok()
            .and_then(|data| UrlSearchParams::new_with_str_sequence_sequence(&data).ok())
        else {
            return;
        };
        event.prevent_default();
        let button = event.submitter().and_then(|button| button.dyn_into::<HtmlButtonElement>().ok());
        let done = form.get_attribute("data-done");
        let undo = form
            .get_attribute("data-undo")
            .map(|action| Undo { action, body: form.get_attribute("data-undo-body").unwrap_or_default() });
        if let Some(dialog) = form.closest("dialog").ok().flatten() {
            dialog.unchecked_ref::<web_sys::HtmlDialogElement>().close();
        }
        // Not `form.action`: a field of that name would hide the address.
        let action = form.get_attribute("action").unwrap_or_default();
        let (body, then) = (String::from(body.to_string()), form.get_attribute("data-then"));
        leptos::task::spawn_local(async move {
            // A second press while the first is under way would do it twice.
            if let Some(button) = &button {
                button.set_disabled(true);
            }
            if send(&action, body, Some(&form)).await {
                if let Some(done) = done {
                    toasts().say(done, undo);
                }
                if let Some(then) = then {
                    // An address of this site.
                    let _ = window().location().assign(&then);
                }
            }
            if let Some(button) = &button {
                button.set_disabled(false);
            }
        });
    });
    let listened = document().add_event_listener_with_callback("submit", submitted.as_ref().unchecked_ref());
    debug_assert!(listened.is_ok(), "the document takes listeners");
    // It listens as long as the page is open.
    submitted.forget();
}

#[derive(Deserialize)]
struct Problem {
    message: String,
    #[serde(default)]
    needs_proof: bool,
}

impl Problem {
    fn new(message: &str) -> Self {
        Self { message: message.to_owned(), needs_proof: false }
    }
}

/// Sends URL-encoded fields to a server function, shows what it changed, and says why if it refused.
pub async fn post(action: &str, body: String) -> bool {
    send(action, body, None).await
}

/// The same for a form. After a refusal the fields of one that is marked `data-keep` stay as they are.
async fn send(action: &str, body: String, form: Option<&HtmlFormElement>) -> bool {
    let mut problem = problem_of(action, &body).await;
    if problem.as_ref().is_some_and(|problem| problem.needs_proof) && proof::ask().await {
        problem = problem_of(action, &body).await;
    }
    // After a refusal, too: it often means that the page is behind.
    match problem {
        None => {
            refresh::now().await;
            true
        }
        Some(problem) => {
            toasts().fail(problem.message);
            let filled_in = form.filter(|form| form.has_attribute("data-keep"));
            refresh::around(filled_in.map(AsRef::as_ref)).await;
            false
        }
    }
}

/// Sends the fields; gives what was wrong.
async fn problem_of(action: &str, body: &str) -> Option<Problem> {
    let request = gloo_net::http::Request::post(action)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let answer = match request {
        Ok(request) => request.send().await,
        Err(cause) => Err(cause),
    };
    match answer {
        Ok(answer) if answer.ok() => None,
        Ok(answer) => Some(answer.json().await.unwrap_or_else(|_| {
            Problem::new("The server gave an answer that this page does not understand. Reload it.")
        })),
        Err(_) => Some(Problem::new("The server cannot be reached. Check the connection, then try again.")),
    }
}
