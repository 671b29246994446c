//! The shape of the database, version by version. A version that has been released is never edited.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::OpenError;

const VERSIONS: &[&str] = &[
    include_str!("migrations/1_modules.sql"),
    include_str!("migrations/2_access.sql"),
    include_str!("migrations/3_engine.sql"),
    include_str!("migrations/4_builds.sql"),
    include_str!("migrations/5_webhook.sql"),
    include_str!("migrations/6_stores.sql"),
    include_str!("migrations/7_accounts.sql"),
    include_str!("migrations/8_quotas.sql"),
    include_str!("migrations/9_small_icons.sql"),
    include_str!("migrations/10_plugins.sql"),
    include_str!("migrations/11_drawings.sql"),
];

/// Brings the database to the newest version, and refuses one that is newer than this program.
pub(super) fn apply(connection: &mut Connection) -> Result<(), OpenError> {
    let broken = |cause: &dyn std::fmt::Display| OpenError::Broken(cause.to_string());
    let found: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|cause| broken(&cause))?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    if found > VERSIONS.len() {
        return Err(OpenError::Newer { found, known: VERSIONS.len() });
    }
    Migrations::new(VERSIONS.iter().map(|sql| M::up(sql)).collect())
        .to_latest(connection)
        .map_err(|cause| broken(&cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_database_reaches_the_newest_version_and_a_second_run_changes_nothing() {
        let mut connection = Connection::open_in_memory().expect("opens");
        apply(&mut connection).expect("migrates");
        apply(&mut connection).expect("is a no-op");
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("reads");
        assert_eq!(usize::try_from(version), Ok(VERSIONS.len()));
    }

    #[test]
    fn a_database_from_a_newer_version_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().expect("opens");
        connection.pragma_update(None, "user_version", 99).expect("sets");
        assert!(matches!(apply(&mut connection), Err(OpenError::Newer { found: 99, .. })));
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).expect("reads");
        assert_eq!(tables, 0);
    }
}
