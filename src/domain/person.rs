//! People, their sessions and tokens, and what is written down of what they did.

use serde::{Deserialize, Serialize};

/// The scope that may use the back office.
pub const ADMIN: &str = "admin";
/// The scope that everybody has who is given no other.
pub const USER: &str = "user";
/// Scopes that forms offer; any other word is a custom scope.
pub const KNOWN_SCOPES: [&str; 3] = [USER, ADMIN, "tester"];

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// 24 lower-case hex digits.
    pub id: String,
    /// In lower case.
    pub email: String,
    pub username: String,
    /// A disabled person cannot sign in, and their sessions and tokens are of no use.
    pub is_active: bool,
    pub scopes: Vec<String>,
    /// Vendors that the person may publish as.
    pub vendors: Vec<String>,
    /// Whatever clients keep with a person.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    pub updated_at: i64,
}

impl Person {
    pub fn is_admin(&self) -> bool {
        self.is_active && has_scope(&self.scopes, ADMIN)
    }
}

/// Scopes are compared without regard to case, as the ACL compares roles.
pub fn has_scope(scopes: &[String], wanted: &str) -> bool {
    scopes.iter().any(|scope| scope.eq_ignore_ascii_case(wanted))
}

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Names the session without being worth anything to whoever knows it.
    pub id: String,
    pub created_at: i64,
    /// When the password was last given, in milliseconds since the Unix epoch.
    pub proved_at: i64,
    pub last_seen_at: i64,
    pub expires_at: i64,
    pub address: String,
    /// The browser's own name for itself.
    pub agent: String,
}

/// A bearer token that was given out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub id: String,
    /// `None` for one that a client got by signing in.
    pub name: Option<String>,
    pub scopes: Vec<String>,
    pub created_at: i64,
    pub expires_at: i64,
    pub last_used_at: Option<i64>,
}

/// A line of the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub id: i64,
    pub at: i64,
    pub user_id: Option<String>,
    /// The person's e-mail address as it was, or the command line.
    pub actor: String,
    pub via: String,
    pub address: Option<String>,
    /// `area.verb`, such as `module.install`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    pub module: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
}

/// Why an e-mail address is refused; `None` when it will do.
pub fn email_fault(email: &str) -> Option<&'static str> {
    let fault = "Write an e-mail address such as ann@example.com.";
    if email.len() > 254 || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some(fault);
    }
    match email.split_once('@') {
        Some((name, domain)) if !name.is_empty() && !domain.is_empty() && !domain.contains('@') => None,
        _ => Some(fault),
    }
}

/// Shortest accepted password, in characters.
pub const PASSWORD_MIN: usize = 10;
/// Longest accepted password, in bytes.
pub const PASSWORD_MAX: usize = 1024;

/// Why a password is refused; `None` when it will do.
pub fn password_fault(password: &str, email: &str) -> Option<String> {
    if password.chars().count() < PASSWORD_MIN {
        return Some(format!("Choose a password of at least {PASSWORD_MIN} characters."));
    }
    if password.len() > PASSWORD_MAX {
        return Some(format!("Choose a password of at most {PASSWORD_MAX} bytes."));
    }
    let name = email.split('@').next().unwrap_or_default();
    if password.eq_ignore_ascii_case(email) || (name.len() >= PASSWORD_MIN && password.eq_ignore_ascii_case(name)) {
        return Some("Choose a password that is not the e-mail address.".to_owned());
    }
    let mut letters = password.chars();
    let first = letters.next();
    if letters.all(|letter| Some(letter) == first) {
        return Some("Choose a password of more than one letter.".to_owned());
    }
    None
}

/// Why a scope is refused; `None` when it will do.
pub fn scope_fault(scope: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (scope.is_empty() || scope.len() > 64 || !scope.chars().all(is_word))
        .then(|| format!("{scope:?} is no scope: use letters, digits, and - _ . : only."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_anybody_would_try_first_are_refused() {
        for bad in ["short", "aaaaaaaaaaaa", "ann.miller@example.com", "Ann.Miller", &"x".repeat(2000)] {
            assert!(password_fault(bad, "ann.miller@example.com").is_some(), "{bad}");
        }
        assert_eq!(password_fault("correct horse battery", "ann@example.com"), None);
    }

    #[test]
    fn an_address_has_one_at_sign_with_something_on_both_sides() {
        for good in ["a@b.cz", "ann+x@example.com", "root@localhost"] {
            assert_eq!(email_fault(good), None, "{good}");
        }
        for bad in ["", "ann", "@b", "a@", "a@b@c", "a b@c", "a\n@b"] {
            assert!(email_fault(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn scopes_are_words() {
        assert_eq!(scope_fault("acme:1"), None);
        for bad in ["", "a b", "<x>", "ann@example.com"] {
            assert!(scope_fault(bad).is_some(), "{bad}");
        }
    }
}
