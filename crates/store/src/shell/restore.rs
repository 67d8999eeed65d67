//! Bringing back what was put aside.
//!
//! Values come back as they were. The time that they are kept begins anew: with the old one the next run would put them
//! aside again.

use super::{ShellError, ShellState, aside};
use coordinate_model::shell::{Aside, AsideCheckpoint, AsideVariable, Value};
use coordinate_model::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension, params};

/// What stands where something was to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InTheWay {
    /// The workflow has state again.
    State,
    /// A checkpoint of this name was saved again.
    Checkpoint(String),
}

/// The row of a workflow.
struct Place {
    key: i64,
    has_state: bool,
}

impl ShellState {
    /// Brings back what was put aside, all of it or, if something is in the way, nothing. What is there already just as
    /// it was put aside is in nobody's way: a prune or a restore was cut off.
    ///
    /// # Errors
    /// When the file can not be written.
    pub fn restore(&mut self, aside: &Aside, now: UtcMillis) -> Result<Option<InTheWay>, ShellError> {
        self.write("restore", |open| {
            let place = place(open, aside)?;
            if let Some(found) = &place
                && let Some(there) = in_the_way(open, found, aside)?
            {
                return Ok(Some(there));
            }
            let had_state = place.as_ref().is_some_and(|place| place.has_state);
            let key = take_place(open, place, aside, now)?;
            if !had_state {
                for one in aside.variables.iter().flatten() {
                    put_variable(open, key, one)?;
                }
            }
            for one in &aside.checkpoints {
                put_checkpoint(open, key, one, now)?;
            }
            Ok(None)
        })
    }
}

fn place(open: &Connection, aside: &Aside) -> rusqlite::Result<Option<Place>> {
    let query = "SELECT workflow, closed IS NULL FROM workflows WHERE id = ?1";
    let row = open.query_row(query, [&aside.workflow], |row| Ok(Place { key: row.get(0)?, has_state: row.get(1)? }));
    row.optional()
}

fn in_the_way(open: &Connection, place: &Place, aside: &Aside) -> rusqlite::Result<Option<InTheWay>> {
    if let Some(variables) = &aside.variables
        && place.has_state
        && !same(&aside::variables(open, place.key)?, variables)
    {
        return Ok(Some(InTheWay::State));
    }
    for one in &aside.checkpoints {
        let query = "SELECT body FROM checkpoints WHERE workflow = ?1 AND name = ?2";
        let there: Option<Vec<u8>> =
            open.query_row(query, params![place.key, one.name], |row| row.get(0)).optional()?;
        if there.is_some_and(|there| there != one.body) {
            return Ok(Some(InTheWay::Checkpoint(one.name.clone())));
        }
    }
    Ok(None)
}

fn same(there: &[AsideVariable], aside: &[AsideVariable]) -> bool {
    there.len() == aside.len()
        && there.iter().zip(aside).all(|(there, aside)| there.name == aside.name && there.value == aside.value)
}

/// The workflow's row: without variables to bring back it has no state, only checkpoints.
fn take_place(open: &Connection, place: Option<Place>, aside: &Aside, now: UtcMillis) -> rusqlite::Result<i64> {
    let Some(place) = place else {
        let closed = if aside.variables.is_some() { None } else { Some(aside.closed.unwrap_or(now).0) };
        let insert = "INSERT INTO workflows (id, directory, created, updated, closed) VALUES (?1, ?2, ?3, ?4, ?5)";
        open.execute(insert, params![aside.workflow, aside.directory, aside.created.0, now.0, closed])?;
        return Ok(open.last_insert_rowid());
    };
    if aside.variables.is_some() && !place.has_state {
        let reopen =
            "UPDATE workflows SET directory = ?2, created = ?3, updated = ?4, closed = NULL WHERE workflow = ?1";
        open.execute(reopen, params![place.key, aside.directory, aside.created.0, now.0])?;
    }
    Ok(place.key)
}

fn put_variable(open: &Connection, key: i64, one: &AsideVariable) -> rusqlite::Result<()> {
    let (text, items) = match &one.value {
        Value::Text(bytes) => (Some(bytes), [].as_slice()),
        Value::List(items) => (None, items.as_slice()),
    };
    let put = "INSERT INTO variables (workflow, name, created, updated, value) VALUES (?1, ?2, ?3, ?4, ?5)";
    open.execute(put, params![key, one.name, one.created.0, one.updated.0, text])?;
    let mut add = open.prepare("INSERT INTO items (workflow, name, position, value) VALUES (?1, ?2, ?3, ?4)")?;
    for (position, item) in (0_i64..).zip(items) {
        add.execute(params![key, one.name, position, item])?;
    }
    Ok(())
}

/// One that is there is the same, see above.
fn put_checkpoint(open: &Connection, key: i64, one: &AsideCheckpoint, now: UtcMillis) -> rusqlite::Result<()> {
    let put = "INSERT INTO checkpoints (workflow, name, created, updated, kept, body) VALUES (?1, ?2, ?3, ?4, 0, ?5)
               ON CONFLICT (workflow, name) DO NOTHING";
    open.execute(put, params![key, one.name, one.created.0, now.0, one.body]).map(drop)
}
