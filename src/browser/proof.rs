//! Asks for the password once more, in a dialog, when the server wants a younger proof of who is there.

use leptos::prelude::document;
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{FormData, HtmlDialogElement, HtmlFormElement, SubmitEvent, UrlSearchParams};

#[derive(Deserialize)]
struct Problem {
    message: String,
}

/// Opens the dialog and waits until the password was given (`true`) or the dialog closed.
pub async fn ask() -> bool {
    let Some(dialog) =
        document().get_element_by_id("proof").and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok())
    else {
        return false;
    };
    let Some(form) =
        dialog.query_selector("form").ok().flatten().and_then(|form| form.dyn_into::<HtmlFormElement>().ok())
    else {
        return false;
    };
    form.reset();
    say(&dialog, "");
    let answered = js_sys::Promise::new(&mut |resolve, _| {
        let submitted = {
            let (dialog, form) = (dialog.clone(), form.clone());
            Closure::<dyn Fn(SubmitEvent)>::new(move |event: SubmitEvent| {
                event.prevent_default();
                let (dialog, form) = (dialog.clone(), form.clone());
                leptos::task::spawn_local(async move {
                    match prove(&form).await {
                        Ok(()) => {
                            dialog.set_return_value("proved");
                            dialog.close();
                        }
                        Err(reason) => say(&dialog, &reason),
                    }
                });
            })
        };
        form.set_onsubmit(Some(submitted.as_ref().unchecked_ref()));
        let closed = {
            let dialog = dialog.clone();
            Closure::<dyn Fn()>::new(move || {
                // Whoever waits takes any value.
                let _ = resolve.call1(&JsValue::NULL, &JsValue::from_bool(dialog.return_value() == "proved"));
            })
        };
        dialog.set_onclose(Some(closed.as_ref().unchecked_ref()));
        // They are replaced at the next question.
        submitted.forget();
        closed.forget();
    });
    dialog.set_return_value("");
    // It fails only for a dialog that is open already.
    let _ = dialog.show_modal();
    wasm_bindgen_futures::JsFuture::from(answered).await.is_ok_and(|proved| proved.is_truthy())
}

async fn prove(form: &HtmlFormElement) -> Result<(), String> {
    let body = FormData::new_with_form(form)
        .ok()
        .and_then(|data| UrlSearchParams::new_with_str_sequence_sequence(&data).ok())
        .map(|fields| String::from(fields.to_string()))
        .unwrap_or_default();
    let unreachable = || "The server cannot be reached. Check the connection, then try again.".to_owned();
    let request = gloo_net::http::Request::post("/backoffice/api/prove")
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .map_err(|_| unreachable())?;
    let answer = request.send().await.map_err(|_| unreachable())?;
    if answer.ok() {
        return Ok(());
    }
    Err(answer.json().await.map_or_else(|_| unreachable(), |problem: Problem| problem.message))
}

fn say(dialog: &HtmlDialogElement, text: &str) {
    if let Some(fault) = dialog.query_selector("[role=alert]").ok().flatten() {
        fault.set_text_content(Some(text));
    }
}
