//! Whose process one is: known from its start, or, of one that was started in advance, from the first that it is asked.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use crate::domain::name::ModuleName;

/// The module whose code a process runs. Once there is one, there is never another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Owner(Arc<OnceLock<ModuleName>>);

impl Owner {
    /// Makes the process this module's, unless it is one's already.
    pub fn claim(&self, module: &ModuleName) {
        // It is its own from the second time on.
        let _ = self.0.set(module.clone());
    }
}

impl From<&ModuleName> for Owner {
    fn from(module: &ModuleName) -> Self {
        Self(Arc::new(OnceLock::from(module.clone())))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get() {
            Some(module) => module.fmt(f),
            None => f.write_str("no module yet"),
        }
    }
}
