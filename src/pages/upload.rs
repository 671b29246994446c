//! The upload without wasm: a plain form, the same way in.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

#[component]
pub fn UploadPage() -> impl IntoView {
    let refused = use_query_map().with_untracked(|query| query.get("refused"));
    let needs_proof = refused.as_deref() == Some("proof");
    let reason = refused.map(|why| match why.as_str() {
        "proof" => "Confirm your password first, then send the file again.",
        "413" => "The file is over the server's limit.",
        "415" => "This is not a zip file. Send a module as the command-line client packs it.",
        "400" => "No file came in. Choose a zip file, then press Upload.",
        _ => "The server could not take the file.",
    });
    view! {
        <Title text="Add module"/>
        <h1>"Add module from your filesystem"</h1>
        <p class="soft">"A zip of one module, as the command-line client packs it."</p>
        {reason.map(|reason| view! {
            <div class="notice bad" role="alert"><span aria-hidden="true">"✕"</span><p>{reason} " Nothing was changed."</p></div>
        })}
        {needs_proof.then(|| view! {
            <p><a href="/backoffice/prove?next=%2Fbackoffice%2Fupload">"Confirm your password"</a></p>
        })}
        <form class="sheet" method="post" action="/backoffice/upload" enctype="multipart/form-data">
            <label class="check">
                <input type="checkbox" name="allowDowngrade" value="true"/>
                "Replace a newer version, if one is installed"
            </label>
            <label>
                <span>"Zip file"</span>
                <input type="file" name="file" accept=".zip,application/zip" required/>
            </label>
            <div class="acts">
                <a class="btn" href="/backoffice/modules">"Cancel"</a>
                <button class="btn go">"Upload"</button>
            </div>
        </form>
    }
}
