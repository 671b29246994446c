//! The way in: passwords become sessions or tokens, and those become actors.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{SecretKey, UserActor, Via, password, random, throttle::Throttle};
use crate::{
    domain::person::{Person, Session, Token, has_scope, password_fault},
    server::{
        catalogue::hex,
        error::{Result, ServerError},
        store::{
            self, Store,
            audit::{By, Deed},
        },
        time::now_ms,
    },
};

/// The cookie's name.
pub const SESSION_COOKIE: &str = "stockroom_session";
/// A session ends when it was not used for this long.
const IDLE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How often a session's last use is written down.
const NOTED: i64 = 60 * 1000;
/// What clients of the protocol expect of a token that they got by signing in.
const TOKEN_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Longest life of a personal token.
pub const TOKEN_LIFE_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Tokens and names of any kind are shorter.
const NAME_MAX: usize = 100;

/// Somebody at the door.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// E-mail address or name.
    pub login: String,
    pub password: String,
    pub address: IpAddr,
    /// The browser's name for itself.
    pub agent: String,
}

/// A session that has begun.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub person: Person,
    /// The cookie's value: kept nowhere else.
    pub secret: String,
    /// How long the browser keeps it, in seconds.
    pub max_age: u64,
}

/// The payload of a token, as the protocol has it.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    id: String,
    scope: Vec<String>,
    /// Seconds since the Unix epoch.
    iat: i64,
    exp: i64,
    jti: String,
}

/// The sessions and tokens service.
#[derive(Clone)]
pub struct Door {
    store: Store,
    key: SecretKey,
    throttle: Arc<Throttle>,
}

impl Door {
    pub fn new(store: Store, key: SecretKey) -> Self {
        Self { store, key, throttle: Arc::default() }
    }

    /// Whoever gives the right password, at a pace that guessing does not pay.
    ///
    /// # Errors
    /// [`ServerError::Unauthorized`], the same for a wrong name and a wrong password; [`ServerError::TooManyAttempts`].
    async fn admit(&self, who: &Credentials) -> Result<Person> {
        let account = who.login.trim().to_lowercase();
        let login = who.login.trim().to_owned();
        if login.len() > 254 || who.password.len() > crate::domain::person::PASSWORD_MAX {
            return Err(wrong());
        }
        if let Some(wait) = self.throttle.wait(&account, who.address, Instant::now()) {
            return Err(ServerError::TooManyAttempts { seconds: wait.as_secs().max(1) });
        }
        // Counted before the slow part, so that many at once do not slip through; taken back on success.
        self.throttle.failed(&account, who.address, Instant::now());
        let found = self.store.read(move |connection| store::users::by_login(connection, &login)).await?;
        let (person, hash) = found.unzip();
        let is_right = password::verify(who.password.clone(), hash).await?;
        match person {
            Some(person) if is_right && person.is_active => {
                self.throttle.succeeded(&account, who.address);
                Ok(person)
            }
            person => {
                tracing::info!(account, address = %who.address, "sign-in refused");
                self.note(&who.login, who.address, person.as_ref()).await?;
                Err(wrong())
            }
        }
    }

    /// Failures are in the audit trail, too.
    async fn note(&self, login: &str, address: IpAddr, person: Option<&Person>) -> Result<()> {
        let by = By {
            user_id: person.map(|person| person.id.clone()),
            actor: "nobody".to_owned(),
            via: "password".to_owned(),
            address: Some(address.to_string()),
        };
        let login: String = login.chars().filter(|c| !c.is_control()).take(254).collect();
        self.store
            .write("sign-in refused", move |tx| {
                store::audit::append(tx, &by, &Deed::new("session.refused", login), now_ms())
            })
            .await
    }

    /// Begins a session. The one that the browser had before ends (`previous` is its cookie's value).
    ///
    /// # Errors
    /// As for a wrong password.
    pub async fn sign_in(&self, who: Credentials, previous: Option<&str>) -> Result<NewSession> {
        let person = self.admit(&who).await?;
        self.begin(person, who.address, &who.agent, previous).await
    }

    /// Begins a session for somebody who has just set their first password.
    pub async fn begin(
        &self,
        person: Person,
        address: IpAddr,
        agent: &str,
        previous: Option<&str>,
    ) -> Result<NewSession> {
        let secret = URL_SAFE_NO_PAD.encode(random::<32>()?);
        let now = now_ms();
        let session = Session {
            id: id_of(&secret),
            created_at: now,
            proved_at: now,
            last_seen_at: now,
            expires_at: now + millis(IDLE),
            address: address.to_string(),
            agent: agent.chars().filter(|c| !c.is_control()).take(200).collect(),
        };
        let previous = previous.map(id_of);
        let via = Via::Session { id: session.id.clone(), proved_at: now };
        let actor = UserActor::new(person.clone(), person.scopes.clone(), via, Some(address));
        self.store
            .write("sign in", move |tx| {
                let by = actor.by();
                if let Some(previous) = previous {
                    store::sessions::end_session(tx, &actor.person().id, &previous)?;
                }
                store::sessions::prune(tx, now)?;
                store::sessions::insert_session(tx, &actor.person().id, &session)?;
                store::audit::append(tx, &by, &Deed::new("session.begin", &actor.person().email), now)
            })
            .await?;
        Ok(NewSession { person, secret, max_age: IDLE.as_secs() })
    }

    /// Gives a client its token.
    ///
    /// # Errors
    /// As for a wrong password.
    pub async fn token_for(&self, who: Credentials) -> Result<(Person, String)> {
        let person = self.admit(&who).await?;
        let by = By {
            user_id: Some(person.id.clone()),
            actor: person.email.clone(),
            via: "password".to_owned(),
            address: Some(who.address.to_string()),
        };
        let token = self.give(&by, &person, None, person.scopes.clone(), TOKEN_LIFE).await?;
        Ok((person, token))
    }

    /// The token that a new user is welcomed with, as the protocol has it.
    pub async fn first_token(&self, by: &By, person: &Person) -> Result<String> {
        self.give(by, person, None, person.scopes.clone(), TOKEN_LIFE).await
    }

    /// A token with a name of its own. It is shown this once.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for a name, a scope or a life that will not do.
    pub async fn personal_token(
        &self,
        actor: &UserActor,
        name: &str,
        scopes: Vec<String>,
        life: Duration,
    ) -> Result<String> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            return Err(ServerError::Invalid(format!("Give the token a name of at most {NAME_MAX} characters.")));
        }
        if let Some(foreign) = scopes.iter().find(|scope| !has_scope(actor.scopes(), scope)) {
            return Err(ServerError::Invalid(format!("You do not have the scope {foreign} yourself.")));
        }
        if scopes.is_empty() {
            return Err(ServerError::Invalid("Choose at least one scope.".to_owned()));
        }
        if life.is_zero() || life > TOKEN_LIFE_MAX {
            return Err(ServerError::Invalid("A token lives for 1 to 366 days.".to_owned()));
        }
        if !actor.is_fresh() {
            return Err(ServerError::NeedsProof);
        }
        self.give(&actor.by(), actor.person(), Some(name.to_owned()), scopes, life).await
    }

    async fn give(
        &self,
        by: &By,
        person: &Person,
        name: Option<String>,
        scopes: Vec<String>,
        life: Duration,
    ) -> Result<String> {
        let now = now_ms();
        let claims = Claims {
            id: person.id.clone(),
            scope: scopes.clone(),
            iat: now / 1000,
            exp: (now + millis(life)) / 1000,
            jti: hex(&random::<16>()?),
        };
        let token = Token {
            id: claims.jti.clone(),
            name,
            scopes,
            created_at: now,
            expires_at: claims.exp * 1000,
            last_used_at: None,
        };
        let (by, user_id) = (by.clone(), person.id.clone());
        self.store
            .write("give token", move |tx| {
                store::sessions::prune(tx, now)?;
                store::sessions::insert_token(tx, &user_id, &token)?;
                let subject = token.name.as_deref().unwrap_or("sign-in of a client");
                let deed = Deed::new("token.give", subject)
                    .after(serde_json::json!({ "id": token.id, "scope": token.scopes, "expires": token.expires_at }));
                store::audit::append(tx, &by, &deed, now)
            })
            .await?;
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        Ok(format!("{signed}.{signature}"))
    }

    /// Whose session this cookie is.
    ///
    /// # Errors
    /// [`ServerError::Unauthorized`] when it has ended.
    pub fn by_cookie(&self, secret: &str, address: IpAddr) -> Result<UserActor> {
        let (id, now) = (id_of(secret), now_ms());
        let found = self.store.look(|connection| {
            let Some((session, user)) = store::sessions::session(connection, &id, now)? else { return Ok(None) };
            Ok(store::users::get(connection, &user)?.map(|person| (session, person)))
        })?;
        let (session, person) = found
            .filter(|(_, person)| person.is_active)
            .ok_or_else(|| ServerError::Unauthorized("Your session has ended. Sign in again.".to_owned()))?;
        if now - session.last_seen_at > NOTED {
            let (id, address) = (id.clone(), address.to_string());
            // Nobody waits for that: when it is lost, the session is a minute older than it should be.
            drop(self.store.begin_write(move |tx| store::sessions::seen(tx, &id, &address, now, now + millis(IDLE))));
        }
        let scopes = person.scopes.clone();
        Ok(UserActor::new(person, scopes, Via::Session { id, proved_at: session.proved_at }, Some(address)))
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// [`ServerError::Unauthorized`] for one that is none, has run out or was revoked.
    pub fn by_token(&self, token: &str, address: IpAddr) -> Result<UserActor> {
        let claims = self.claims(token).ok_or_else(|| {
            // The words that existing clients know.
            ServerError::Unauthorized("Invalid JWT: key or signature is invalid".to_owned())
        })?;
        let now = now_ms();
        let expired = || ServerError::Unauthorized("The token has run out or was revoked. Sign in again.".to_owned());
        if claims.exp * 1000 <= now {
            return Err(expired());
        }
        let found = self.store.look(|connection| {
            let Some(token) = store::sessions::token(connection, &claims.id, &claims.jti, now)? else {
                return Ok(None);
            };
            Ok(store::users::get(connection, &claims.id)?.map(|person| (token, person)))
        })?;
        let (token, person) = found.filter(|(_, person)| person.is_active).ok_or_else(expired)?;
        if token.last_used_at.is_none_or(|last| now - last > NOTED) {
            let id = token.id.clone();
            drop(self.store.begin_write(move |tx| store::sessions::token_used(tx, &id, now)));
        }
        // What its owner has lost, the token has lost, too.
        let scopes = token.scopes.into_iter().filter(|scope| has_scope(&person.scopes, scope)).collect();
        Ok(UserActor::new(person, scopes, Via::Token { id: token.id }, Some(address)))
    }

    /// The owner of a flow, whose component asks for something.
    ///
    /// # Errors
    /// [`ServerError::Unauthorized`] when the owner is gone or may not sign in.
    pub fn for_flow(&self, user_id: &str, flow_id: &str) -> Result<UserActor> {
        let found = self.store.look(|connection| store::users::get(connection, user_id))?;
        let person = found
            .filter(|person| person.is_active)
            .ok_or_else(|| ServerError::Unauthorized("The flow's owner may not sign in.".to_owned()))?;
        let scopes = person.scopes.clone();
        Ok(UserActor::new(person, scopes, Via::Flow { id: flow_id.to_owned() }, None))
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        // There is one kind of token: what its header says is compared, never followed.
        if header != HEADER || !self.key.is_signed(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    /// Takes the password once more, so that the session may change things again.
    ///
    /// # Errors
    /// [`ServerError::Unauthorized`] for a wrong one, [`ServerError::TooManyAttempts`].
    pub async fn prove(&self, actor: &UserActor, password: String, address: IpAddr) -> Result<()> {
        let Via::Session { id, .. } = actor.via().clone() else { return Ok(()) };
        let who = Credentials { login: actor.person().email.clone(), password, address, agent: String::new() };
        self.admit(&who).await.map_err(|error| match error {
            ServerError::Unauthorized(_) => ServerError::Forbidden("This is not your password.".to_owned()),
            other => other,
        })?;
        self.store.write("prove", move |tx| store::sessions::proved(tx, &id, now_ms())).await
    }

    /// Ends the session, or revokes the token, that the actor has come with.
    pub async fn sign_out(&self, actor: &UserActor) -> Result<()> {
        let (by, via, user) = (actor.by(), actor.via().clone(), actor.person().clone());
        self.store
            .write("sign out", move |tx| {
                match via {
                    Via::Session { id, .. } => store::sessions::end_session(tx, &user.id, &id)?,
                    Via::Token { id } => store::sessions::revoke_token(tx, &user.id, &id, now_ms())?,
                    Via::Flow { .. } | Via::CommandLine => false,
                };
                store::audit::append(tx, &by, &Deed::new("session.end", &user.email), now_ms())
            })
            .await
    }

    /// The actor's own sessions and tokens.
    pub async fn own(&self, actor: &UserActor) -> Result<(Vec<Session>, Vec<Token>)> {
        let user = actor.person().id.clone();
        self.store
            .read(move |connection| {
                let now = now_ms();
                Ok((
                    store::sessions::sessions_of(connection, &user, now)?,
                    store::sessions::tokens_of(connection, &user, now)?,
                ))
            })
            .await
    }

    /// Ends one of the actor's own sessions. One that has ended is no error.
    pub async fn end_session(&self, actor: &UserActor, id: &str) -> Result<()> {
        let (by, user, id) = (actor.by(), actor.person().clone(), id.to_owned());
        self.store
            .write("end session", move |tx| {
                if store::sessions::end_session(tx, &user.id, &id)? {
                    store::audit::append(tx, &by, &Deed::new("session.revoke", &user.email), now_ms())?;
                }
                Ok(())
            })
            .await
    }

    /// Revokes one of the actor's own tokens. One that was revoked is no error.
    pub async fn revoke_token(&self, actor: &UserActor, id: &str) -> Result<()> {
        let (by, user, id) = (actor.by(), actor.person().clone(), id.to_owned());
        self.store
            .write("revoke token", move |tx| {
                if store::sessions::revoke_token(tx, &user.id, &id, now_ms())? {
                    store::audit::append(tx, &by, &Deed::new("token.revoke", id), now_ms())?;
                }
                Ok(())
            })
            .await
    }

    /// Changes the actor's own password. Their other sessions, and the tokens that clients got by the old password, end.
    ///
    /// # Errors
    /// [`ServerError::Forbidden`] when `old` is wrong, [`ServerError::Invalid`] when `new` will not do.
    pub async fn change_password(&self, actor: &UserActor, old: String, new: String, address: IpAddr) -> Result<()> {
        if let Some(fault) = password_fault(&new, &actor.person().email) {
            return Err(ServerError::Invalid(fault));
        }
        let who = Credentials { login: actor.person().email.clone(), password: old, address, agent: String::new() };
        self.admit(&who).await.map_err(|error| match error {
            ServerError::Unauthorized(_) => ServerError::Forbidden("The old password is wrong.".to_owned()),
            other => other,
        })?;
        let hash = password::hash(new).await?;
        let (by, via, user) = (actor.by(), actor.via().clone(), actor.person().clone());
        self.store
            .write("change password", move |tx| {
                let now = now_ms();
                store::users::set_password(tx, &user.id, &hash, now)?;
                let own = if let Via::Session { id, .. } = &via { id.as_str() } else { "" };
                store::sessions::end_sessions(tx, &user.id, own)?;
                store::sessions::revoke_tokens(tx, &user.id, false, now)?;
                if !own.is_empty() {
                    store::sessions::proved(tx, own, now)?;
                }
                store::audit::append(tx, &by, &Deed::new("user.change-password", &user.email), now)
            })
            .await
    }
}

/// `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// What the store knows a cookie's value by.
fn id_of(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

fn wrong() -> ServerError {
    ServerError::Unauthorized("The e-mail address or the password is wrong.".to_owned())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_what_it_says() {
        assert_eq!(URL_SAFE_NO_PAD.decode(HEADER).expect("is base64"), br#"{"alg":"HS256","typ":"JWT"}"#);
    }
}
