//! The audit trail, for reading: it is written in the transactions that it tells of.

use futures::{Stream, stream};

use super::AdminActor;
use crate::{
    domain::person::AuditEntry,
    server::{
        error::Result,
        store::{self, Store, audit::Filter},
        time::day,
    },
};

/// Entries that an export reads at once.
const CHUNK: usize = 500;

/// The audit service.
#[derive(Clone)]
pub struct Trail {
    store: Store,
}

impl Trail {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// At most `limit` entries, newest first.
    pub async fn list(&self, _: &AdminActor, filter: Filter, limit: usize) -> Result<Vec<AuditEntry>> {
        self.read(filter, limit).await
    }

    async fn read(&self, filter: Filter, limit: usize) -> Result<Vec<AuditEntry>> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.store.read(move |connection| store::audit::list(connection, &filter, limit)).await
    }

    /// Everything under a filter as JSON lines, newest first, read as it is sent.
    pub fn export(&self, _: &AdminActor, filter: Filter) -> impl Stream<Item = Result<String>> + Send + 'static {
        let this = self.clone();
        stream::try_unfold(Some(filter), move |next| {
            let this = this.clone();
            async move {
                let Some(filter) = next else { return Ok(None) };
                let entries = this.read(filter.clone(), CHUNK).await?;
                let mut lines = String::new();
                for entry in &entries {
                    lines.push_str(&serde_json::to_string(entry)?);
                    lines.push('\n');
                }
                let older = entries.last().filter(|_| entries.len() == CHUNK).map(|entry| entry.id);
                Ok(Some((lines, older.map(|id| Filter { before: Some(id), ..filter }))))
            }
        })
    }
}

/// A filter out of what somebody typed; `from` and `to` are days in UTC such as `2026-03-01`, both included.
///
/// # Errors
/// [`ServerError::Invalid`] for a day that is none.
pub fn audit_filter(person: &str, action: &str, module: &str, from: &str, to: &str) -> Result<Filter> {
    Ok(Filter {
        actor: person.trim().to_owned(),
        action: action.trim().to_owned(),
        module: module.trim().to_owned(),
        from: day(from, 0)?,
        to: day(to, 1)?,
        before: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_days_are_included() {
        let filter = audit_filter("", "", "", "1970-01-02", "1970-01-02").expect("is a filter");
        assert_eq!((filter.from, filter.to), (Some(86_400_000), Some(2 * 86_400_000)));
        for bad in ["yesterday", "2026-13-01", "9999-12-31T"] {
            assert!(audit_filter("", "", "", bad, "").is_err(), "{bad}");
        }
    }
}
