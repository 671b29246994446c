//! A data folder and a catalogue folder, looked into from outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use walkdir::WalkDir;

use super::module::{Module, sha256};

/// Both folders, deleted with this value.
pub struct Folders {
    pub root: TempDir,
}

impl Folders {
    pub fn new() -> Self {
        let folders = Self { root: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir(folders.catalogue()).expect("makes a folder");
        folders
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn catalogue(&self) -> PathBuf {
        self.root.path().join("catalogue")
    }

    pub fn offer(&self, module: &Module) {
        module.write_tree(&self.catalogue());
    }
}

/// Every file below the data folder but the database and the key, and every folder of an unpacked module, by relative path.
/// What goes away meanwhile, such as what an installation unpacks on the way, is not kept.
pub fn kept(data: &Path) -> BTreeSet<String> {
    WalkDir::new(data)
        .min_depth(1)
        .into_iter()
        .filter_map(|entry| match entry {
            Err(gone) if gone.io_error().is_some_and(|cause| cause.kind() == ErrorKind::NotFound) => None,
            entry => Some(entry.expect("readable")),
        })
        .filter(|entry| entry.file_type().is_file() || entry.path().parent() == Some(&data.join("modules")))
        .map(|entry| entry.path().strip_prefix(data).expect("inside").to_string_lossy().into_owned())
        .filter(|path| !path.starts_with("stockroom.db") && path != "lock" && path != "secret.key")
        .collect()
}

/// The one text column of every row.
pub fn column(data: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open_with_flags(data.join("stockroom.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)
        .expect("opens the database");
    let mut statement = connection.prepare(sql).expect("is SQL");
    let rows = statement.query_map([], |row| row.get(0)).expect("asks");
    rows.map(|row| row.expect("a row")).collect()
}

/// Every row of every table, without the moments at which sessions, tokens and sources were last seen, and every file:
/// what a refused request leaves as it was. That a sign-in was refused may be written down.
pub fn everything(data: &Path) -> BTreeSet<String> {
    const SEEN: [&str; 3] = ["last_seen_at", "last_used_at", "refreshed_at"];
    let tables = column(data, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    let connection = Connection::open(data.join("stockroom.db")).expect("opens the database");
    let mut all = kept(data);
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).expect("is SQL");
        let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("asks");
        while let Some(row) = rows.next().expect("a row") {
            let values = names.iter().enumerate().filter(|(_, name)| !SEEN.contains(&name.as_str()));
            let values: Vec<String> =
                values.map(|(at, name)| format!("{name}: {:?}", row.get_ref(at).expect("a value"))).collect();
            all.insert(format!("{table}: {}", values.join(", ")));
        }
    }
    let refused = format!("action: {:?}", rusqlite::types::ValueRef::Text(b"session.refused"));
    all.retain(|line| !(line.starts_with("audit: ") && line.contains(&refused)));
    all
}

pub fn execute(data: &Path, sql: &str) {
    let connection = Connection::open(data.join("stockroom.db")).expect("opens the database");
    assert!(connection.execute(sql, []).expect("is SQL") > 0, "nothing was changed by {sql}");
}

/// The SHA-256 of what is installed under this name.
pub fn installed(data: &Path, name: &str) -> Option<String> {
    if !data.join("stockroom.db").exists() {
        return None;
    }
    let mut rows = column(data, &format!("SELECT sha256 FROM installs WHERE name = '{name}'"));
    assert!(rows.len() <= 1, "{rows:?}");
    rows.pop()
}

/// Asserts that everything that belongs to an installed module is there, with its very bytes.
#[track_caller]
pub fn assert_whole(data: &Path, module: &Module) {
    let sha = module.sha256();
    let blob = fs::read(data.join("blobs").join(&sha[..2]).join(&sha)).expect("the archive is kept");
    assert_eq!(sha256(&blob), sha);
    let folder = data.join("modules").join(&sha);
    let unpacked: BTreeMap<String, String> = WalkDir::new(&folder)
        .into_iter()
        .map(|entry| entry.expect("readable"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(&folder).expect("inside").to_string_lossy().into_owned();
            (path, fs::read_to_string(entry.path()).expect("is text"))
        })
        .collect();
    assert_eq!(unpacked, module.files.iter().cloned().collect());
    let archives = column(data, &format!("SELECT name FROM archives WHERE sha256 = '{sha}'"));
    assert_eq!(archives, [module.name.as_str()]);
    let components = column(data, &format!("SELECT name FROM components WHERE module = '{}'", module.name));
    assert_eq!(components.len(), 1);
}

/// Asserts that nothing lies in the data folder but what the registered archives need.
#[track_caller]
pub fn assert_tidy(data: &Path) {
    let needed: BTreeSet<String> = column(data, "SELECT sha256 FROM archives").into_iter().collect();
    let files = kept(data);
    let below = |folder: &str| -> BTreeSet<String> {
        files
            .iter()
            .filter_map(|path| path.strip_prefix(folder))
            .map(|path| if folder == "blobs/" { path.split_once('/').map_or(path, |(_, name)| name) } else { path })
            .map(|path| path.split('/').next().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(below("tmp/"), BTreeSet::new());
    assert!(below("ready/").is_subset(&needed), "something is ready that is not registered");
    assert_eq!(below("blobs/"), needed);
    assert_eq!(below("modules/"), needed);
    assert_eq!(column(data, "SELECT id FROM jobs WHERE is_running"), [""; 0]);
}
