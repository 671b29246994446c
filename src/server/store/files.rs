//! Files: what is known of them. Their bytes lie outside the database, under `content`.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::server::error::Result;

/// A file, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// UUID.
    pub id: String,
    pub user_id: String,
    /// The flow that has saved it.
    pub flow_id: Option<String>,
    pub name: String,
    /// In bytes.
    pub length: u64,
    /// In hex.
    pub md5: String,
    pub content_type: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub uploaded_at: i64,
    /// What the bytes are kept under.
    pub content: String,
}

const COLUMNS: &str = "id, user_id, flow_id, name, length, md5, content_type, uploaded_at, content";

fn read(row: &Row<'_>) -> rusqlite::Result<StoredFile> {
    Ok(StoredFile {
        id: row.get(0)?,
        user_id: row.get(1)?,
        flow_id: row.get(2)?,
        name: row.get(3)?,
        length: row.get::<_, i64>(4)?.unsigned_abs(),
        md5: row.get(5)?,
        content_type: row.get(6)?,
        uploaded_at: row.get(7)?,
        content: row.get(8)?,
    })
}

/// Keeps a file, in place of one that has its id.
pub fn put(tx: &Transaction<'_>, file: &StoredFile) -> Result<()> {
    tx.prepare_cached(&format!(
        "INSERT INTO files ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE
         SET flow_id = excluded.flow_id, name = excluded.name, length = excluded.length, md5 = excluded.md5,
             content_type = excluded.content_type, uploaded_at = excluded.uploaded_at, content = excluded.content"
    ))?
    .execute(params![
        file.id,
        file.user_id,
        file.flow_id,
        file.name,
        i64::try_from(file.length).unwrap_or(i64::MAX),
        file.md5,
        file.content_type,
        file.uploaded_at,
        file.content,
    ])?;
    Ok(())
}

pub fn get(connection: &Connection, id: &str) -> Result<Option<StoredFile>> {
    Ok(connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM files WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// The files of a user, or all; the last uploaded first.
pub fn list(connection: &Connection, user_id: Option<&str>) -> Result<Vec<StoredFile>> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM files WHERE ?1 IS NULL OR user_id = ?1 ORDER BY uploaded_at DESC, id"
        ))?
        .query_map([user_id], read)?
        .collect::<rusqlite::Result<_>>()?)
}

pub fn delete(tx: &Transaction<'_>, id: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM files WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// What the bytes of all files are kept under.
pub fn contents(connection: &Connection) -> Result<Vec<String>> {
    Ok(connection
        .prepare_cached("SELECT content FROM files")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}
