//! Reading all of a workflow's rows, as they are: nothing is checked, so that nothing is left out of a copy.

use coordinate_model::shell::{AsideCheckpoint, AsideVariable, Value};
use coordinate_model::time::UtcMillis;
use rusqlite::{Connection, Row, params};

pub(super) fn variables(open: &Connection, key: i64) -> rusqlite::Result<Vec<AsideVariable>> {
    let query = "SELECT name, created, updated, value FROM variables WHERE workflow = ?1 ORDER BY name";
    let mut select = open.prepare(query)?;
    let mut rows = select.query([key])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let value = match row.get::<_, Option<Vec<u8>>>(3)? {
            Some(bytes) => Value::Text(bytes),
            None => Value::List(items(open, key, &name)?),
        };
        found.push(AsideVariable { name, created: UtcMillis(row.get(1)?), updated: UtcMillis(row.get(2)?), value });
    }
    Ok(found)
}

fn items(open: &Connection, key: i64, name: &str) -> rusqlite::Result<Vec<Vec<u8>>> {
    let query = "SELECT value FROM items WHERE workflow = ?1 AND name = ?2 ORDER BY position";
    open.prepare(query)?.query_map(params![key, name], |row| row.get(0))?.collect()
}

/// All but the aggregations.
pub(super) fn checkpoints(open: &Connection, key: i64) -> rusqlite::Result<Vec<AsideCheckpoint>> {
    let query = "SELECT name, created, updated, body FROM checkpoints WHERE workflow = ?1 AND NOT kept ORDER BY name";
    let row = |row: &Row<'_>| {
        let (created, updated) = (UtcMillis(row.get(1)?), UtcMillis(row.get(2)?));
        Ok(AsideCheckpoint { name: row.get(0)?, created, updated, body: row.get(3)? })
    };
    open.prepare(query)?.query_map([key], row)?.collect()
}
