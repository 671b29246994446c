//! Who is asking, and what the ACL says. A service that changes anything wants an [`AdminActor`], so that a forgotten
//! check does not compile.

mod rules;

pub use rules::{Acl, table_tag};

/// Proof that an administrator is asking.
#[derive(Clone, Copy, Debug)]
pub struct AdminActor {
    _proof: (),
}

impl AdminActor {
    /// Whoever reaches a server that listens on loopback alone is its administrator.
    ///
    /// The only other way in front of this is `http::guard`, which refuses requests for other hosts (DNS rebinding)
    /// and from other sites.
    pub fn on_loopback() -> Self {
        Self { _proof: () }
    }
}
