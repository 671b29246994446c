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
    include_str!("migrations/12_cards.sql"),
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
    migrations().to_latest(connection).map_err(|cause| broken(&cause))
}

fn migrations() -> Migrations<'static> {
    Migrations::new(VERSIONS.iter().map(|sql| M::up(sql)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            name::ModuleName,
            search::{Card, Entry},
        },
        server::store::{catalogue, modules},
    };

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

    #[test]
    fn lists_and_manifests_of_an_older_database_are_kept() {
        let mut connection = Connection::open_in_memory().expect("opens");
        connection.pragma_update(None, "foreign_keys", true).expect("sets");
        migrations().to_version(&mut connection, 11).expect("migrates");
        let manifest = r#"{"name":"acme.mail","label":"Mail","version":"1.2.3","description":"","category":"c",
            "icon":null,"engine":null,"auth":"none","needs_configuration":[],"documentation":null,"readme":null,"changelog":[],
            "components":[]}"#;
        let card = r#"{"name":"acme.mail","label":"Mail","version":"1.2.3","description":"Sends.","category":"c",
            "components":4,"icon":"0a","installed":null,"update":null,"broken":null,"component_names":"Send\nRead\n"}"#;
        let lost = r#"{"name":"acme.lost","label":"lost","version":"","description":"","category":"",
            "components":0,"icon":null,"installed":null,"update":null,"broken":"No manifest.","component_names":""}"#;
        connection
            .execute_batch(&format!(
                "INSERT INTO catalogue_sources (id) VALUES ('here');
                 INSERT INTO catalogue_entries VALUES
                     ('here', 'mail', 'f', 'acme.mail', '1.2.3', '0b', 7, '{manifest}', '{card}', '[]'),
                     ('here', 'lost', 'f', 'acme.lost', '', '', 0, NULL, '{lost}', '[]');
                 INSERT INTO archives VALUES ('0b', 'acme.mail', '1.2.3', 7, '{manifest}', '{card}', 5);
                 INSERT INTO installs VALUES ('acme.mail', '0b', 'here', 6);
                 INSERT INTO components VALUES ('acme.mail.Send', 'acme.mail', FALSE);"
            ))
            .expect("fills");

        apply(&mut connection).expect("migrates");

        let mail = Entry {
            card: Card {
                name: "acme.mail".to_owned(),
                label: "Mail".to_owned(),
                version: "1.2.3".to_owned(),
                description: "Sends.".to_owned(),
                category: "c".to_owned(),
                components: 4,
                icon: Some("0a".to_owned()),
                ..Card::default()
            },
            component_names: "Send\nRead\n".to_owned(),
        };
        let cards = catalogue::cards(&connection).expect("reads");
        assert_eq!(cards[0], mail);
        assert_eq!(cards[1].card.broken.as_deref(), Some("No manifest."));
        assert_eq!(modules::installed_entries(&connection).expect("reads"), [mail]);
        let name = ModuleName::parse("acme.mail").expect("a name");
        let offers = catalogue::offers(&connection, &name).expect("reads");
        assert_eq!(offers[0].manifest.as_ref().map(|manifest| manifest.version.as_str()), Some("1.2.3"));
        assert_eq!(modules::component(&connection, "acme.mail.Send").expect("reads"), Some(false));
        let archive = modules::archive(&connection, "0b").expect("reads").expect("is there");
        assert_eq!((archive.size, archive.manifest.label.as_str()), (7, "Mail"));
    }
}
