//! Access-control rules: who may use which component, and who may do what with flows.
//!
//! The rules only ever widen: a person's rights are the union of all rules that match one of their roles, and nobody
//! has a right that no rule gives. The server enforces with these functions and the pages explain with the same ones,
//! so that what a page says is what happens.

mod audience;
mod evaluate;
mod explain;
mod glob;
mod module;
mod presets;
mod rule;
mod words;

#[cfg(test)]
mod laws;

pub use audience::{Audience, RoleAccess, audience};
pub use evaluate::{Decision, Grant, Subject, can_use, evaluate};
pub use explain::{Explanation, NearMiss, explain};
pub use glob::{glob_matches, list_matches};
pub use module::{can_see_module, missing_from, open_to_users, opening_rules, rules_for_module};
pub use presets::{Preset, default_rules, presets};
pub use rule::{AclType, Field, FieldError, Rule, StoredRule};
