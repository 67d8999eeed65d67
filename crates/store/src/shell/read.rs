//! What blocks read. A reader never waits for a writer.

use super::{ShellError, ShellState, Workflow};
use coordinate_model::shell::{Value, VariableName, Variables, WorkflowId};
use coordinate_model::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A named checkpoint in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Its name.
    pub name: WorkflowId,
    /// When it was last saved.
    pub updated: UtcMillis,
    /// Its length in bytes.
    pub bytes: u64,
}

impl ShellState {
    /// The workflows that have state, oldest first.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn workflows(&self) -> Result<Vec<Workflow>, ShellError> {
        let query = "SELECT id, directory, created, updated FROM workflows WHERE closed IS NULL ORDER BY workflow";
        let rows = || -> rusqlite::Result<Vec<Workflow>> {
            self.connection.prepare(query)?.query_map([], workflow_row)?.collect()
        };
        rows().map_err(self.failed("read"))
    }

    /// One variable; `None` when the workflow has none of that name.
    ///
    /// # Errors
    /// `NoWorkflow`, and when the file can not be read.
    pub fn get(&self, id: &WorkflowId, name: &VariableName) -> Result<Option<Value>, ShellError> {
        // One query for the workflow and the variable, since a block pays for each.
        let query = "SELECT workflow, value FROM workflows JOIN variables USING (workflow)
                     WHERE id = ?1 AND closed IS NULL AND name = ?2";
        let read = || {
            let found = self.connection.query_row(query, [id.as_str(), name.as_str()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
            });
            match found.optional()? {
                Some((_, Some(text))) => Ok(Some(Value::Text(text))),
                Some((key, None)) => items(&self.connection, key, name).map(|items| Some(Value::List(items))),
                None => Ok(None),
            }
        };
        let value = read().map_err(self.failed("read"))?;
        if value.is_none() {
            self.key(id)?;
        }
        Ok(value)
    }

    /// All variables of a workflow.
    ///
    /// # Errors
    /// `NoWorkflow`, and when the file can not be read.
    pub fn variables(&self, id: &WorkflowId) -> Result<Variables, ShellError> {
        let fail = self.failed("read");
        // Both tables as of one moment.
        let view = self.connection.unchecked_transaction().map_err(&fail)?;
        let key = self.key(id)?;
        let variables = all(&view, key).map_err(&fail)?;
        view.commit().map_err(&fail)?;
        Ok(variables)
    }

    /// A named checkpoint's JSON text, byte for byte as it was saved.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn checkpoint(&self, id: &WorkflowId, name: &WorkflowId) -> Result<Option<Vec<u8>>, ShellError> {
        let query = "SELECT body FROM checkpoints JOIN workflows USING (workflow) WHERE id = ?1 AND name = ?2";
        let read = self.connection.query_row(query, [id.as_str(), name.as_str()], |row| row.get(0));
        read.optional().map_err(self.failed("read"))
    }

    /// All named checkpoints of all workflows, also of those that have ended, by workflow and name.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn checkpoints(&self) -> Result<Vec<CheckpointRow>, ShellError> {
        let query = "SELECT id, name, c.updated, length(body) FROM checkpoints AS c JOIN workflows USING (workflow)
                     ORDER BY id, name";
        let row = |row: &Row<'_>| {
            let bytes: i64 = row.get(3)?;
            Ok(CheckpointRow {
                workflow: id(row, 0)?,
                name: id(row, 1)?,
                updated: UtcMillis(row.get(2)?),
                bytes: bytes.cast_unsigned(),
            })
        };
        let rows = || -> rusqlite::Result<Vec<CheckpointRow>> {
            self.connection.prepare(query)?.query_map([], row)?.collect()
        };
        rows().map_err(self.failed("read"))
    }

    /// The row of a workflow that has state.
    pub(super) fn key(&self, id: &WorkflowId) -> Result<i64, ShellError> {
        let query = "SELECT workflow FROM workflows WHERE id = ?1 AND closed IS NULL";
        let key = self.connection.query_row(query, [id.as_str()], |row| row.get(0)).optional();
        let missing = || ShellError::NoWorkflow { workflow: id.clone(), place: super::shown(&self.path) };
        key.map_err(self.failed("read"))?.ok_or_else(missing)
    }
}

fn all(connection: &Connection, key: i64) -> rusqlite::Result<Variables> {
    let mut variables = Variables::new();
    let mut select = connection.prepare("SELECT name, value FROM variables WHERE workflow = ?1")?;
    let mut rows = select.query([key])?;
    while let Some(row) = rows.next()? {
        let value: Option<Vec<u8>> = row.get(1)?;
        variables.insert(name(row)?, value.map_or_else(|| Value::List(Vec::new()), Value::Text));
    }
    let mut select = connection.prepare("SELECT name, value FROM items WHERE workflow = ?1 ORDER BY name, position")?;
    let mut rows = select.query([key])?;
    while let Some(row) = rows.next()? {
        if let Some(Value::List(items)) = variables.get_mut(&name(row)?) {
            items.push(row.get(1)?);
        }
    }
    Ok(variables)
}

fn items(connection: &Connection, key: i64, name: &VariableName) -> rusqlite::Result<Vec<Vec<u8>>> {
    let query = "SELECT value FROM items WHERE workflow = ?1 AND name = ?2 ORDER BY position";
    connection.prepare(query)?.query_map(params![key, name.as_str()], |row| row.get(0))?.collect()
}

fn workflow_row(row: &Row<'_>) -> rusqlite::Result<Workflow> {
    Ok(Workflow {
        id: id(row, 0)?,
        directory: PathBuf::from(OsString::from_vec(row.get(1)?)),
        created: UtcMillis(row.get(2)?),
        updated: UtcMillis(row.get(3)?),
    })
}

fn name(row: &Row<'_>) -> rusqlite::Result<VariableName> {
    parsed(row, 0)
}

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<WorkflowId> {
    parsed(row, column)
}

/// A name that came into the file in another way than through this program is refused rather than passed to a shell.
fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
