//! What one person may see of the installed modules: the rules, asked with that person's roles.

use super::{Acl, UserActor};
use crate::{
    domain::{
        acl::{self, AclType, Rule, StoredRule, Subject},
        module::Manifest,
    },
    server::error::Result,
};

/// The rules for components as they are now, and who asks. What it does not show does not exist for that person.
///
/// Administrators see by the rules as well; a fresh table has one for them.
#[derive(Clone, Debug)]
pub struct Sight {
    rules: Vec<Rule>,
    subject: Subject,
}

impl Acl {
    pub async fn sight(&self, actor: &UserActor) -> Result<Sight> {
        let stored = self.list(AclType::Components).await?;
        Ok(Sight { rules: StoredRule::rules(&stored), subject: actor.subject() })
    }
}

impl Sight {
    /// Whether this component may be used.
    pub fn can_use(&self, component: &str, private: bool) -> bool {
        acl::can_use(&self.rules, &self.subject, component, private).is_allowed()
    }

    /// Whether this component may be called by itself: private ones are helpers of those that are not, so they may be
    /// wherever a rule names them.
    pub fn can_call(&self, component: &str) -> bool {
        self.can_use(component, false)
    }

    /// Whether the module is listed.
    pub fn sees(&self, manifest: &Manifest) -> bool {
        let components: Vec<(&str, bool)> =
            manifest.components.iter().map(|component| (component.name.as_str(), component.private)).collect();
        acl::can_see_module(&self.rules, &self.subject, &manifest.name, &components)
    }

    /// The module as this person sees it, with the usable components alone; `None` when it is not listed.
    pub fn narrow(&self, mut manifest: Manifest) -> Option<Manifest> {
        if !self.sees(&manifest) {
            return None;
        }
        manifest.components.retain(|component| self.can_use(&component.name, component.private));
        Some(manifest)
    }
}
