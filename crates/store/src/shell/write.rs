//! What blocks write. Each call is one transaction, and durable when it returns.

use super::{ShellError, ShellState};
use crate::fair_queue::deadline_after;
use crate::turnstile::Refusal;
use coordinate_model::shell::{Value, VariableName, WorkflowId};
use coordinate_model::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

impl ShellState {
    /// Makes an empty state for a workflow whose first block runs in `directory`. One that is there stays as it is.
    /// Says whether it was made.
    ///
    /// # Errors
    /// When the file can not be written.
    pub fn init(&mut self, id: &WorkflowId, directory: &Path, now: UtcMillis) -> Result<bool, ShellError> {
        let directory = directory.as_os_str().as_bytes();
        self.write("write", |open| {
            let closed = "SELECT closed IS NOT NULL FROM workflows WHERE id = ?1";
            let closed: Option<bool> = open.query_row(closed, [id.as_str()], |row| row.get(0)).optional()?;
            if closed == Some(false) {
                return Ok(false);
            }
            let put = "INSERT INTO workflows (id, directory, created, updated) VALUES (?1, ?2, ?3, ?3)
                       ON CONFLICT (id) DO UPDATE SET directory = ?2, created = ?3, updated = ?3, closed = NULL";
            open.execute(put, params![id.as_str(), directory, now.0])?;
            Ok(true)
        })
    }

    /// Sets a variable.
    ///
    /// # Errors
    /// `NoWorkflow`, and when the file can not be written.
    pub fn set(
        &mut self,
        id: &WorkflowId,
        name: &VariableName,
        value: &Value,
        now: UtcMillis,
    ) -> Result<(), ShellError> {
        self.change(id, now, |open, key| put(open, key, name, value, now))
    }

    /// Sets those of these variables that the workflow lacks, all at once, and says which those were. Makes the
    /// workflow if it has no state.
    ///
    /// # Errors
    /// When the file can not be written.
    pub fn import(
        &mut self,
        id: &WorkflowId,
        directory: &Path,
        values: &[(VariableName, Value)],
        now: UtcMillis,
    ) -> Result<Vec<VariableName>, ShellError> {
        self.init(id, directory, now)?;
        self.change(id, now, |open, key| {
            let mut new = Vec::new();
            for (name, value) in values {
                if kind(open, key, name)?.is_none() {
                    put(open, key, name, value, now)?;
                    new.push(name.clone());
                }
            }
            Ok(new)
        })
    }

    /// Appends to a list, which is made if it is missing.
    ///
    /// # Errors
    /// `NotAList`, `NoWorkflow`, and when the file can not be written.
    pub fn append(
        &mut self,
        id: &WorkflowId,
        name: &VariableName,
        items: &[Vec<u8>],
        now: UtcMillis,
    ) -> Result<(), ShellError> {
        let appended = self.change(id, now, |open, key| {
            match kind(open, key, name)? {
                Some(Kind::Text) => return Ok(false),
                Some(Kind::List) => {}
                None => put(open, key, name, &Value::List(Vec::new()), now)?,
            }
            add_items(open, key, name, items)?;
            let touch = "UPDATE variables SET updated = ?3 WHERE workflow = ?1 AND name = ?2";
            open.execute(touch, params![key, name.as_str(), now.0])?;
            Ok(true)
        })?;
        if appended { Ok(()) } else { Err(ShellError::NotAList { name: name.clone() }) }
    }

    /// Removes variables; those that are missing are none to remove.
    ///
    /// # Errors
    /// `NoWorkflow`, and when the file can not be written.
    pub fn unset(&mut self, id: &WorkflowId, names: &[VariableName], now: UtcMillis) -> Result<(), ShellError> {
        self.change(id, now, |open, key| names.iter().try_for_each(|name| remove(open, key, name)))
    }

    /// Saves a named checkpoint; one of that name is replaced. `kept` ones outlive their workflow.
    ///
    /// # Errors
    /// `NoWorkflow`, and when the file can not be written.
    pub fn save_checkpoint(
        &mut self,
        id: &WorkflowId,
        name: &WorkflowId,
        (body, kept): (&[u8], bool),
        now: UtcMillis,
    ) -> Result<(), ShellError> {
        self.change(id, now, |open, key| {
            let put = "INSERT INTO checkpoints (workflow, name, created, updated, kept, body)
                       VALUES (?1, ?2, ?3, ?3, ?4, ?5)
                       ON CONFLICT (workflow, name) DO UPDATE SET updated = ?3, kept = ?4, body = ?5";
            open.execute(put, params![key, name.as_str(), now.0, kept, body]).map(drop)
        })
    }

    /// A change to a workflow that must have state.
    fn change<T>(
        &mut self,
        id: &WorkflowId,
        now: UtcMillis,
        body: impl FnOnce(&Connection, i64) -> rusqlite::Result<T>,
    ) -> Result<T, ShellError> {
        let changed = self.write("write", |open| {
            let touch = "UPDATE workflows SET updated = ?2 WHERE id = ?1 AND closed IS NULL RETURNING workflow";
            let key = open.query_row(touch, params![id.as_str(), now.0], |row| row.get(0)).optional()?;
            key.map(|key| body(open, key)).transpose()
        })?;
        let place = super::shown(&self.path);
        changed.ok_or_else(|| ShellError::NoWorkflow { workflow: id.clone(), place })
    }

    /// One durable transaction, after a fair wait.
    pub(super) fn write<T>(
        &mut self,
        action: &'static str,
        body: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, ShellError> {
        let path = &self.path;
        let _passage = self.turnstile.pass(deadline_after(super::LIMIT)).map_err(|refusal| match refusal {
            Refusal::TooLate => ShellError::Busy { place: super::shown(path) },
            Refusal::Failed(error) => ShellError::file("wait for", path, &error),
        })?;
        let perform = || {
            // Without it a commit is not synced before the next checkpoint of the log.
            self.connection.execute_batch("PRAGMA synchronous=FULL")?;
            let open = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = body(&open)?;
            open.commit()?;
            Ok(result)
        };
        perform().map_err(|error| ShellError::medium(action, path, &error))
    }
}

/// What a variable is.
enum Kind {
    Text,
    List,
}

fn kind(open: &Connection, key: i64, name: &VariableName) -> rusqlite::Result<Option<Kind>> {
    let query = "SELECT value IS NULL FROM variables WHERE workflow = ?1 AND name = ?2";
    let list: Option<bool> = open.query_row(query, params![key, name.as_str()], |row| row.get(0)).optional()?;
    Ok(list.map(|list| if list { Kind::List } else { Kind::Text }))
}

fn put(open: &Connection, key: i64, name: &VariableName, value: &Value, now: UtcMillis) -> rusqlite::Result<()> {
    let (text, items) = match value {
        Value::Text(bytes) => (Some(bytes), [].as_slice()),
        Value::List(items) => (None, items.as_slice()),
    };
    let put = "INSERT INTO variables (workflow, name, created, updated, value) VALUES (?1, ?2, ?3, ?3, ?4)
               ON CONFLICT (workflow, name) DO UPDATE SET updated = ?3, value = ?4";
    open.execute(put, params![key, name.as_str(), now.0, text])?;
    open.execute("DELETE FROM items WHERE workflow = ?1 AND name = ?2", params![key, name.as_str()])?;
    add_items(open, key, name, items)
}

fn add_items(open: &Connection, key: i64, name: &VariableName, items: &[Vec<u8>]) -> rusqlite::Result<()> {
    let mut add = open.prepare(
        "INSERT INTO items (workflow, name, position, value)
         SELECT ?1, ?2, coalesce(max(position), -1) + 1, ?3 FROM items WHERE workflow = ?1 AND name = ?2",
    )?;
    for item in items {
        add.execute(params![key, name.as_str(), item])?;
    }
    Ok(())
}

fn remove(open: &Connection, key: i64, name: &VariableName) -> rusqlite::Result<()> {
    open.execute("DELETE FROM variables WHERE workflow = ?1 AND name = ?2", params![key, name.as_str()])?;
    open.execute("DELETE FROM items WHERE workflow = ?1 AND name = ?2", params![key, name.as_str()])?;
    Ok(())
}
