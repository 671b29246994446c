//! The first administrator: by a link that works once and not for long, or from the environment.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::{NewPerson, People, SudoActor, random};
use crate::{
    domain::person::{ADMIN, Person, USER},
    server::error::{Result, ServerError},
};

/// How long the link works.
const VALID: Duration = Duration::from_secs(60 * 60);

/// The link of a server without users. It lives in memory: the next start makes another.
#[derive(Clone, Default)]
pub struct SetUp {
    open: Arc<Mutex<Option<Link>>>,
}

struct Link {
    /// SHA-256 of the link's secret.
    hash: [u8; 32],
    made: Instant,
}

impl SetUp {
    /// Makes the link's secret.
    pub fn begin(&self) -> Result<String> {
        let secret = URL_SAFE_NO_PAD.encode(random::<32>()?);
        *self.open.lock() = Some(Link { hash: Sha256::digest(&secret).into(), made: Instant::now() });
        Ok(secret)
    }

    /// Whether the link with this secret works.
    pub fn admits(&self, secret: &str) -> bool {
        // Hashes are compared, so the time that it takes says nothing of the secret.
        let given: [u8; 32] = Sha256::digest(secret).into();
        self.open.lock().as_ref().is_some_and(|link| link.hash == given && link.made.elapsed() < VALID)
    }

    /// Makes the first administrator; afterwards the link is of no use.
    ///
    /// # Errors
    /// [`ServerError::Forbidden`] for a link that does not work, else as [`People::add`].
    pub async fn finish(&self, people: &People, secret: &str, email: String, password: String) -> Result<Person> {
        if !self.admits(secret) {
            return Err(ServerError::Forbidden(
                "This link has run out or was used. Start the server again to get another.".to_owned(),
            ));
        }
        let person = first_administrator(people, email, password).await?;
        *self.open.lock() = None;
        Ok(person)
    }
}

/// Makes the first administrator, by the operator's word.
///
/// # Errors
/// As [`People::add`]; [`ServerError::Conflict`] when there are users already.
pub(super) async fn first_administrator(people: &People, email: String, password: String) -> Result<Person> {
    let new = NewPerson { email, password, scopes: vec![ADMIN.to_owned(), USER.to_owned()], ..NewPerson::default() };
    people.add_first(&SudoActor::command_line(), new).await
}

impl People {
    /// Makes the first administrator out of the environment, when there are no users.
    ///
    /// # Errors
    /// As [`People::add`].
    pub async fn add_first_administrator(&self, email: String, password: String) -> Result<Person> {
        first_administrator(self, email, password).await
    }
}
