//! The section "Users": the list with its search, and a page for each person.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::{
        ApiError,
        users::{UserDetail, get_user, list_users},
    },
    components::{
        error::{Failure, Refusal},
        moment::Moment,
        when::count,
    },
    domain::person::{KNOWN_SCOPES, PASSWORD_MIN, Person},
    pages::not_found::Missing,
};

#[component]
pub fn UsersPage() -> impl IntoView {
    let q = use_query_map().with_untracked(|query| query.get("q").unwrap_or_default());
    let asked = q.clone();
    let list = Suspend::new(async move {
        match list_users(asked.clone()).await {
            Ok(people) => view! { <List people is_search=!asked.trim().is_empty()/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <Title text="Users"/>
        <h1>"Users"</h1>
        <p class="soft lead">"Who may sign in. Scopes are the roles that ACL rules name; a vendor lets a person publish modules under that name."</p>
        <Refusal/>
        <form class="find" role="search" method="get" action="/backoffice/users">
            <input type="search" name="q" value=q aria-label="Search users" placeholder="Search by address, scope or vendor"/>
            <button class="btn">"Search"</button>
        </form>
        <Suspense>{list}</Suspense>
        <section class="part" aria-labelledby="add-user">
            <h2 id="add-user">"Add a user"</h2>
            <form class="sheet" method="post" action="/backoffice/api/add_user">
                <label><span>"E-mail address"</span><input type="email" name="email" autocomplete="off" required/></label>
                <div class="field">
                    <label for="first-password">"First password"</label>
                    <input id="first-password" type="password" name="password" autocomplete="new-password" minlength=PASSWORD_MIN required aria-describedby="first-password-hint"/>
                    <small id="first-password-hint" class="soft">"At least 10 characters. The person can change it on the page Account."</small>
                </div>
                <Rights scopes=vec!["user".to_owned()] vendors=Vec::new()/>
                <div class="acts"><button class="btn go">"Add user"</button></div>
            </form>
        </section>
    }
}

#[component]
fn List(people: Vec<Person>, is_search: bool) -> impl IntoView {
    if people.is_empty() {
        let text = if is_search { "Nobody matches." } else { "There are no users." };
        return view! { <div class="empty"><p><b>{text}</b></p><p><a href="/backoffice/users">"All users"</a></p></div> }.into_any();
    }
    let number = count(people.len(), "user");
    let row = |person: Person| {
        view! {
            <li>
                <div>
                    <a href=format!("/backoffice/users/{}", person.id)><b>{person.email.clone()}</b></a>
                    {(!person.is_active).then(|| view! { " " <span class="badge up">"Disabled"</span> })}
                    <p class="soft">
                        {if person.scopes.is_empty() { "no scope".to_owned() } else { person.scopes.join(", ") }}
                        {(!person.vendors.is_empty()).then(|| format!(" · publishes as {}", person.vendors.join(", ")))}
                        " · since " <Moment at=person.created_at/>
                    </p>
                </div>
            </li>
        }
    };
    view! {
        <section class="part" id="user-list" data-live="" aria-label="Users">
            <p class="soft count">{number}</p>
            <ul class="rows list">{people.into_iter().map(row).collect_view()}</ul>
        </section>
    }
    .into_any()
}

/// Scopes and vendors, in a form.
#[component]
fn Rights(scopes: Vec<String>, vendors: Vec<String>) -> impl IntoView {
    let others: Vec<String> = scopes.iter().filter(|scope| !KNOWN_SCOPES.contains(&scope.as_str())).cloned().collect();
    let choice = |scope: &'static str| {
        let is_ticked = scopes.iter().any(|own| own == scope);
        view! { <label class="check"><input type="checkbox" name="scopes[]" value=scope checked=is_ticked/> {scope}</label> }
    };
    view! {
        <fieldset><legend>"Scopes"</legend>{KNOWN_SCOPES.map(choice).collect_view()}</fieldset>
        <label>
            <span>"Other scopes"</span>
            <input name="other_scopes" value=others.join(", ") autocomplete="off" spellcheck="false" placeholder="acme, sales"/>
        </label>
        <label>
            <span>"May publish as vendor"</span>
            <input name="vendors" value=vendors.join(", ") autocomplete="off" spellcheck="false" placeholder="acme"/>
        </label>
    }
}

#[component]
pub fn UserPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    let is_done = use_query_map().with_untracked(|query| query.get("done").is_some());
    let content = Suspend::new(async move {
        match get_user(id).await {
            Ok(detail) => view! { <Detail detail/> }.into_any(),
            Err(ApiError { status: 404, message, .. }) => view! { <Missing what=message/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <p class="crumbs"><a href="/backoffice/users">"Users"</a></p>
        {is_done.then(|| view! {
            <div class="notice good" role="status"><p>"The password is set, and the person is signed out everywhere."</p></div>
        })}
        <Refusal/>
        <Suspense>{content}</Suspense>
    }
}

#[component]
fn Detail(detail: UserDetail) -> impl IntoView {
    let UserDetail { person, is_self } = detail;
    let email = person.email.clone();
    view! {
        <Title text=email.clone()/>
        <h1>{email.clone()}</h1>
        <form class="sheet" method="post" action="/backoffice/api/change_user">
            <input type="hidden" name="id" value=person.id.clone()/>
            <label><span>"E-mail address"</span><input type="email" name="email" value=email.clone() autocomplete="off" required/></label>
            <Rights scopes=person.scopes vendors=person.vendors/>
            <label class="check"><input type="checkbox" name="is_active" value="true" checked=person.is_active/> "May sign in"</label>
            <div class="acts">
                <a class="btn" href="/backoffice/users">"Cancel"</a>
                <button class="btn go">"Save"</button>
            </div>
        </form>
        <section class="part" aria-labelledby="other-password">
            <h2 id="other-password">"Give another password"</h2>
            <p class="soft">"For when it is forgotten. It ends the person's sessions and tokens."</p>
            <form class="sheet" method="post" action="/backoffice/api/reset_user_password">
                <input type="hidden" name="id" value=person.id.clone()/>
                <label><span>"New password"</span><input type="password" name="password" autocomplete="new-password" minlength=PASSWORD_MIN required/></label>
                <div class="acts"><button class="btn">"Set password"</button></div>
            </form>
        </section>
        {(!is_self).then(|| view! {
            <details class="part danger">
                <summary><h2>"Delete this user"</h2></summary>
                <p>{format!("{email} will not be able to sign in any more; sessions and tokens end. This cannot be undone. To keep the person out for a while, take away “May sign in” instead.")}</p>
                <form method="post" action="/backoffice/api/delete_user">
                    <input type="hidden" name="id" value=person.id/>
                    <button class="btn bad">"Delete this user"</button>
                </form>
            </details>
        })}
    }
}
