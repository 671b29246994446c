//! Who is asking, what they may do, and what the ACL says.
//!
//! A service is reached only through a value that proves who is asking: [`UserActor`], [`AdminActor`], [`SudoActor`] for
//! what changes other people's work, [`Publisher`] for archives. They are made here alone, so that a forgotten check
//! does not compile.

mod door;
mod key;
mod password;
mod people;
mod rules;
mod set_up;
mod sight;
mod throttle;
mod trail;

use std::{net::IpAddr, ops::Deref, sync::Arc, time::Duration};

pub use door::{Credentials, Door, NewSession, SESSION_COOKIE};
pub use key::{SecretKey, WebhookSecret, random};
pub use people::{Changes, NewPerson, People};
pub use rules::{Acl, table_tag};
pub use set_up::SetUp;
pub use sight::Sight;
pub use trail::{Trail, audit_filter};

use super::{
    error::{Result, ServerError},
    store::audit::By,
    time::now_ms,
};
use crate::domain::{
    acl::Subject,
    person::{ADMIN, Person, has_scope},
};

/// How long a session may change things after the password was last given.
pub const PROOF: Duration = Duration::from_secs(15 * 60);

/// How somebody has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A browser's session, and when the password was last given in it (milliseconds since the Unix epoch).
    Session { id: String, proved_at: i64 },
    /// A bearer token.
    Token { id: String },
    /// A component of one of their flows.
    Flow { id: String },
    /// Whoever can run the program on the data folder.
    CommandLine,
}

/// Somebody who has proved who they are.
#[derive(Clone, Debug)]
pub struct UserActor {
    caller: Arc<Caller>,
}

#[derive(Debug)]
struct Caller {
    person: Person,
    /// What the person may do this time: a token may have less than its owner.
    scopes: Vec<String>,
    via: Via,
    address: Option<IpAddr>,
}

impl UserActor {
    fn new(person: Person, scopes: Vec<String>, via: Via, address: Option<IpAddr>) -> Self {
        Self { caller: Arc::new(Caller { person, scopes, via, address }) }
    }

    pub fn person(&self) -> &Person {
        &self.caller.person
    }

    pub fn scopes(&self) -> &[String] {
        &self.caller.scopes
    }

    pub fn via(&self) -> &Via {
        &self.caller.via
    }

    pub fn is_admin(&self) -> bool {
        has_scope(&self.caller.scopes, ADMIN)
    }

    /// The roles that ACL rules may name.
    pub fn subject(&self) -> Subject {
        Subject::new(&self.caller.scopes, &self.caller.person.email)
    }

    /// As it is written into the audit trail.
    pub fn by(&self) -> By {
        let caller = &self.caller;
        By {
            user_id: (!caller.person.id.is_empty()).then(|| caller.person.id.clone()),
            actor: caller.person.email.clone(),
            via: match &caller.via {
                Via::Session { .. } => "session".to_owned(),
                Via::Token { .. } => "token".to_owned(),
                Via::Flow { id } => format!("flow {id}"),
                Via::CommandLine => "command line".to_owned(),
            },
            address: caller.address.map(|address| address.to_string()),
        }
    }

    /// # Errors
    /// [`ServerError::Forbidden`] for anybody else.
    pub fn admin(self) -> Result<AdminActor> {
        if self.is_admin() {
            Ok(AdminActor(self))
        } else {
            Err(ServerError::Forbidden("This is for administrators.".to_owned()))
        }
    }

    /// # Errors
    /// [`ServerError::Forbidden`] to everybody but administrators and the vendor's own publishers, whether or not there
    /// is anything of this vendor.
    pub fn check_developer(&self, vendor: &str) -> Result<()> {
        if self.is_admin() || self.person().vendors.iter().any(|own| own == vendor) {
            return Ok(());
        }
        Err(not_a_developer(vendor))
    }

    /// Whether a session is too old a proof to change other people's work with; all else is proof enough (what components
    /// may ask for is listed in the engine).
    fn is_fresh(&self) -> bool {
        match self.via() {
            Via::Session { proved_at, .. } => {
                u128::try_from(now_ms().saturating_sub(*proved_at)).is_ok_and(|age| age < PROOF.as_millis())
            }
            Via::Token { .. } | Via::Flow { .. } | Via::CommandLine => true,
        }
    }

    /// Whoever may send archives: administrators, and people for their vendors.
    ///
    /// # Errors
    /// [`ServerError::Forbidden`] for anybody else, [`ServerError::NeedsProof`] as for [`AdminActor::sudo`].
    pub fn publisher(self) -> Result<Publisher> {
        let vendors = if self.is_admin() { None } else { Some(self.person().vendors.clone()) };
        if vendors.as_ref().is_some_and(Vec::is_empty) {
            return Err(ServerError::Forbidden("You are not a developer of any vendor.".to_owned()));
        }
        if !self.is_fresh() {
            return Err(ServerError::NeedsProof);
        }
        Ok(Publisher { who: self, vendors })
    }
}

/// An administrator.
#[derive(Clone, Debug)]
pub struct AdminActor(UserActor);

impl AdminActor {
    /// # Errors
    /// [`ServerError::NeedsProof`] when the session's last proof is older than [`PROOF`].
    pub fn sudo(self) -> Result<SudoActor> {
        if self.0.is_fresh() { Ok(SudoActor(self)) } else { Err(ServerError::NeedsProof) }
    }
}

impl Deref for AdminActor {
    type Target = UserActor;

    fn deref(&self) -> &UserActor {
        &self.0
    }
}

/// An administrator who has given the password lately: may change modules, rules and people.
#[derive(Clone, Debug)]
pub struct SudoActor(AdminActor);

impl SudoActor {
    /// Whoever runs the program on the data folder; they can change everything in it anyway.
    pub fn command_line() -> Self {
        let person = Person {
            id: String::new(),
            email: "command line".to_owned(),
            username: "command line".to_owned(),
            is_active: true,
            scopes: vec![ADMIN.to_owned()],
            vendors: Vec::new(),
            metadata: serde_json::Map::new(),
            created_at: 0,
            updated_at: 0,
        };
        let scopes = person.scopes.clone();
        Self(AdminActor(UserActor::new(person, scopes, Via::CommandLine, None)))
    }

    /// An administrator publishes for every vendor.
    pub fn publisher(&self) -> Publisher {
        Publisher { who: self.0.0.clone(), vendors: None }
    }
}

impl Deref for SudoActor {
    type Target = AdminActor;

    fn deref(&self) -> &AdminActor {
        &self.0
    }
}

/// Somebody who may send archives and take them away.
#[derive(Clone, Debug)]
pub struct Publisher {
    who: UserActor,
    /// `None` for all.
    vendors: Option<Vec<String>>,
}

impl Publisher {
    /// The vendors that it is confined to; `None` for none.
    pub fn vendors(&self) -> Option<&[String]> {
        self.vendors.as_deref()
    }

    /// # Errors
    /// [`ServerError::Forbidden`] when somebody else publishes as this vendor.
    pub fn check(&self, vendor: &str) -> Result<()> {
        match &self.vendors {
            Some(vendors) if !vendors.iter().any(|own| own == vendor) => Err(not_a_developer(vendor)),
            _ => Ok(()),
        }
    }
}

fn not_a_developer(vendor: &str) -> ServerError {
    ServerError::Forbidden(format!("You are not a developer of {vendor}."))
}

impl Deref for Publisher {
    type Target = UserActor;

    fn deref(&self) -> &UserActor {
        &self.who
    }
}
