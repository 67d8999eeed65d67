//! How long state is kept.
//!
//! Variables go when their workflow ends, or when nothing was written for it during a week; named checkpoints when it
//! ends, or after thirty days; a supervisor's aggregation stays for good, because to make it again costs the most.

use super::{ShellError, ShellState, aside};
use coordinate_model::retention::ShellOwner;
use coordinate_model::shell::{Aside, WorkflowId};
use coordinate_model::time::UtcMillis;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

/// The runs that state may be of; every other workflow is nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runs {
    /// Those that go on: their state stays whatever its age.
    pub open: BTreeSet<WorkflowId>,
    /// Those that have ended: their state goes whatever its age.
    pub ended: BTreeSet<WorkflowId>,
}

impl Runs {
    fn owner(&self, id: &WorkflowId) -> ShellOwner {
        if self.open.contains(id) {
            ShellOwner::OpenRun
        } else if self.ended.contains(id) {
            ShellOwner::EndedRun
        } else {
            ShellOwner::Nobody
        }
    }
}

/// What is too old of one workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// All of it.
    pub aside: Aside,
    /// Why it is not kept any longer.
    pub why: String,
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

    /// What is too old, with all that it takes to bring it back; changes nothing.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn expired(&self, runs: &Runs, now: UtcMillis) -> Result<Vec<Expired>, ShellError> {
        let fail = self.failed("read");
        // All tables as of one moment.
        let view = self.connection.unchecked_transaction().map_err(&fail)?;
        load(&view, runs, now).map(|found| found.into_iter().map(|(_, one)| one).collect()).map_err(&fail)
    }

    /// Removes what is too old, never of an open run, once `keep` has made it durable elsewhere: a kill leaves it there,
    /// or here, or at both places. `keep` is called inside the transaction, so that what it is given is what goes, and
    /// only if something goes; then nothing is locked either, because every run asks first.
    ///
    /// # Errors
    /// That of `keep`, and when the file can not be written; nothing is removed then.
    pub fn prune<E: From<ShellError>>(
        &mut self,
        runs: &Runs,
        now: UtcMillis,
        keep: impl FnOnce(&[Expired]) -> Result<(), E>,
    ) -> Result<Vec<Expired>, E> {
        if due(&self.connection, runs, now).map_err(self.failed("read"))?.is_empty() {
            return Ok(Vec::new());
        }
        self.write("prune", |open| {
            let found = load(open, runs, now)?;
            let (keys, expired): (Vec<i64>, Vec<Expired>) = found.into_iter().unzip();
            if expired.is_empty() {
                return Ok(Ok(expired));
            }
            if let Err(error) = keep(&expired) {
                return Ok(Err(error));
            }
            for (key, one) in keys.into_iter().zip(&expired) {
                remove(open, key, &one.aside, now)?;
            }
            Ok(Ok(expired))
        })?
    }
}

/// A workflow of which something is too old.
struct Due {
    key: i64,
    aside: Aside,
    owner: ShellOwner,
    /// Why its variables go, if they do.
    variables: Option<String>,
}

/// Looks at the workflows only; a run's start waits for this.
fn due(open: &Connection, runs: &Runs, now: UtcMillis) -> rusqlite::Result<Vec<Due>> {
    let query = "SELECT workflow, id, directory, created, updated, closed,
                 (SELECT min(c.updated) FROM checkpoints AS c WHERE c.workflow = w.workflow AND NOT kept)
                 FROM workflows AS w ORDER BY workflow";
    let mut select = open.prepare(query)?;
    let mut rows = select.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let aside = Aside {
            workflow: row.get(1)?,
            directory: row.get(2)?,
            created: UtcMillis(row.get(3)?),
            updated: UtcMillis(row.get(4)?),
            closed: row.get::<_, Option<i64>>(5)?.map(UtcMillis),
            variables: None,
            checkpoints: Vec::new(),
        };
        let owner = runs.owner(&WorkflowId::nearest(&aside.workflow));
        let oldest: Option<i64> = row.get(6)?;
        let variables = if aside.closed.is_none() { owner.variables(aside.updated, now) } else { None };
        let saved = oldest.and_then(|oldest| owner.saved(UtcMillis(oldest), now));
        if variables.is_some() || saved.is_some() {
            found.push(Due { key: row.get(0)?, aside, owner, variables });
        }
    }
    Ok(found)
}

fn load(open: &Connection, runs: &Runs, now: UtcMillis) -> rusqlite::Result<Vec<(i64, Expired)>> {
    due(open, runs, now)?.into_iter().map(|due| load_one(open, due, now)).collect()
}

fn load_one(open: &Connection, due: Due, now: UtcMillis) -> rusqlite::Result<(i64, Expired)> {
    let Due { key, mut aside, owner, variables } = due;
    let mut why = variables;
    if why.is_some() {
        aside.variables = Some(aside::variables(open, key)?);
    }
    for one in aside::checkpoints(open, key)? {
        if let Some(age) = owner.saved(one.updated, now) {
            why.get_or_insert(age);
            aside.checkpoints.push(one);
        }
    }
    Ok((key, Expired { aside, why: why.unwrap_or_default() }))
}

fn remove(open: &Connection, key: i64, aside: &Aside, now: UtcMillis) -> rusqlite::Result<()> {
    for one in &aside.checkpoints {
        open.execute("DELETE FROM checkpoints WHERE workflow = ?1 AND name = ?2", params![key, one.name])?;
    }
    // One that was closed before is only there for its checkpoints.
    if aside.variables.is_some() || aside.closed.is_some() { close(open, key, now) } else { Ok(()) }
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
