//! How long state is kept.
//!
//! Variables go when their workflow ends, or when nothing was written for it during a week; named checkpoints when it
//! ends, or after thirty days; a supervisor's aggregation stays for good, because to make it again costs the most.

use super::{ShellError, ShellState};
use coordinate_model::shell::WorkflowId;
use coordinate_model::time::UtcMillis;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

const DAY: i64 = 24 * 3600 * 1000;
const VARIABLES_KEPT: i64 = 7 * DAY;
const CHECKPOINTS_KEPT: i64 = 30 * DAY;

/// What was pruned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Workflows whose variables went.
    pub workflows: Vec<WorkflowId>,
}

impl ShellState {
    /// Removes the state of a workflow that has ended; its aggregations stay, unless `all` is to go. Says whether it
    /// had any.
    ///
    /// # Errors
    /// When the file can not be written.
    pub fn clear(&mut self, id: &WorkflowId, all: bool, now: UtcMillis) -> Result<bool, ShellError> {
        self.write("clear", |open| {
            let query = "SELECT workflow FROM workflows WHERE id = ?1 AND (closed IS NULL OR ?2)";
            let mut select = open.prepare(query)?;
            let keys = select.query_map(params![id.as_str(), all], |row| row.get(0))?;
            let keys: Vec<i64> = keys.collect::<rusqlite::Result<_>>()?;
            for key in &keys {
                open.execute("DELETE FROM checkpoints WHERE workflow = ?1 AND (NOT kept OR ?2)", params![key, all])?;
                close(open, *key, now)?;
            }
            Ok(!keys.is_empty())
        })
    }

    /// Removes what is too old, never of an `open` run, and the variables of runs that have `ended` whatever their age:
    /// a run that was cancelled while nobody drove it could not clear them itself.
    ///
    /// # Errors
    /// When the file can not be written.
    pub fn prune(
        &mut self,
        open_runs: &BTreeSet<WorkflowId>,
        ended: &BTreeSet<WorkflowId>,
        now: UtcMillis,
    ) -> Result<Pruned, ShellError> {
        self.write("prune", |open| {
            let mut pruned = Pruned::default();
            for (key, id, updated, closed) in states(open)? {
                let id = WorkflowId::nearest(&id);
                if open_runs.contains(&id) {
                    continue;
                }
                let oldest = if ended.contains(&id) { i64::MAX } else { now.0 - CHECKPOINTS_KEPT };
                let expire = "DELETE FROM checkpoints WHERE workflow = ?1 AND NOT kept AND updated < ?2";
                open.execute(expire, params![key, oldest])?;
                if closed || ended.contains(&id) || updated < now.0 - VARIABLES_KEPT {
                    close(open, key, now)?;
                    pruned.workflows.extend((!closed).then_some(id));
                }
            }
            Ok(pruned)
        })
    }
}

fn states(open: &Connection) -> rusqlite::Result<Vec<(i64, String, i64, bool)>> {
    let mut select = open.prepare("SELECT workflow, id, updated, closed IS NOT NULL FROM workflows")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
}

/// Removes a workflow's variables, and its row too when no checkpoint needs it.
fn close(open: &Connection, key: i64, now: UtcMillis) -> rusqlite::Result<()> {
    open.execute("DELETE FROM variables WHERE workflow = ?1", [key])?;
    open.execute("DELETE FROM items WHERE workflow = ?1", [key])?;
    let gone = "DELETE FROM workflows WHERE workflow = ?1
                AND NOT EXISTS (SELECT 1 FROM checkpoints WHERE workflow = ?1)";
    if open.execute(gone, [key])? == 0 {
        open.execute("UPDATE workflows SET closed = ?2 WHERE workflow = ?1 AND closed IS NULL", params![key, now.0])?;
    }
    Ok(())
}
