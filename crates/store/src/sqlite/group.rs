//! Group commit: several threads' transactions in one SQLite transaction, with one sync for all of them.
//!
//! The threads queue up. The first opens the transaction; each in turn does its part between a savepoint and
//! its release and hands the open transaction to the next that waits; the one behind whom nobody waits commits
//! for all. While it waits for the disk the others queue up again, so groups form by themselves under load and
//! a lone writer is never delayed.
//!
//! A part sees what earlier parts of its group wrote. That is safe because all share one fate: nobody returns
//! before the commit, also not a part that was rolled back or failed, which may have decided so upon something
//! that an earlier part wrote.

use super::connection;
use super::place::{self, Place};
use super::transaction::SqliteTransaction;
use crate::turnstile::{Passage, Refusal, Turnstile};
use coordinate_engine::port::{StorageError, Transaction};
use coordinate_model::ids::RunId;
use rusqlite::{Connection, ErrorCode};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a caller does in its part.
pub(super) type Body<'body> = dyn FnMut(&mut dyn Transaction) -> Result<bool, StorageError> + 'body;

/// What became of a caller's own part: the newest sequence that it appended (0: none), its error, or its panic to be
/// carried on.
pub(super) type Part = thread::Result<Result<u64, StorageError>>;

/// The common end of a group, for which all its members wait. The error is the medium's message.
#[derive(Debug, Default)]
pub(super) struct Fate {
    outcome: Mutex<Option<Result<(), String>>>,
    settled: Condvar,
}

impl Fate {
    /// Waits until the group is committed or lost. Whoever has the turn settles it, so this ends.
    pub(super) fn wait(&self, place: &Place) -> Result<(), StorageError> {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.settled.wait_while(outcome, |outcome| outcome.is_none());
        match outcome.unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(Err(cause)) => Err(place.medium("commit to", cause)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn settle(&self, outcome: Result<(), String>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.settled.notify_all();
    }
}

/// A transaction that is open, with the parts done so far.
#[derive(Debug)]
struct Group {
    fate: Arc<Fate>,
    /// Whether any part is to be committed.
    kept: bool,
    /// Held until the commit; other processes wait for it.
    _passage: Passage,
}

/// The writing connection, opened by the first write: a command that only reads does not pay for it.
#[derive(Debug, Default)]
pub(super) struct Writer {
    connection: Option<Connection>,
    group: Option<Group>,
}

impl Writer {
    /// The writing connection, if there was a write.
    pub(super) fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// Does one caller's part in the open transaction, or in one opened for it. The error means that none is open.
    pub(super) fn take_part(
        &mut self,
        place: &Place,
        turnstile: &Turnstile,
        since: Instant,
        deadline: Instant,
        run: &RunId,
        body: &mut Body<'_>,
    ) -> Result<(Arc<Fate>, Part), StorageError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connection::open_writer(place)?,
        };
        let connection = self.connection.insert(connection);
        let group = match self.group.take() {
            Some(group) => group,
            None => begin(connection, place, turnstile, since, deadline)?,
        };
        let fate = Arc::clone(&group.fate);
        let group = self.group.insert(group);
        let part = do_part(connection, place, run, body, &mut group.kept);
        if connection.is_autocommit() {
            // A full disk or an I/O error can make SQLite roll back everything, the parts of others included.
            let cause = match &part {
                Ok(Err(StorageError::Medium { cause, .. })) => cause,
                _ => "a write of the same group failed, all of it was rolled back; try again",
            };
            self.lose(cause);
        }
        Ok((fate, part))
    }

    /// Ends the open transaction, if there is one, and tells all that took part.
    pub(super) fn finish(&mut self) {
        let (Some(connection), Some(group)) = (self.connection.as_ref(), self.group.take()) else { return };
        let result = execute(connection, if group.kept { "COMMIT" } else { "ROLLBACK" });
        if result.is_err() && !connection.is_autocommit() {
            // The outcome is failure in any case; if this fails too, the next `BEGIN` will say why.
            let _ = execute(connection, "ROLLBACK");
        }
        let outcome = result.map_err(|error| place::cause(&error, error.sqlite_error_code()));
        let Group { fate, _passage, .. } = group;
        drop(_passage);
        fate.settle(outcome);
    }

    fn lose(&mut self, cause: &str) {
        if let Some(group) = self.group.take() {
            group.fate.settle(Err(cause.to_owned()));
        }
    }
}

fn begin(
    connection: &Connection,
    place: &Place,
    turnstile: &Turnstile,
    since: Instant,
    deadline: Instant,
) -> Result<Group, StorageError> {
    let passage = turnstile.pass(deadline).map_err(|refusal| match refusal {
        Refusal::TooLate => place.busy(since),
        Refusal::Failed(error) => place.medium("wait for", error),
    })?;
    // Past the turnstile only a foreign program can hold SQLite's lock, or one whose lock files were deleted.
    // It counts whole milliseconds, so a part of one is rounded up.
    let left = deadline.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
    let begun = connection.busy_timeout(left).and_then(|()| execute(connection, "BEGIN IMMEDIATE"));
    begun.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy) => place.busy(since),
        _ => place.failed("lock")(error),
    })?;
    Ok(Group { fate: Arc::default(), kept: false, _passage: passage })
}

/// Runs `body` between a savepoint and its release. A panic in it is caught, or the others would wait for ever.
fn do_part(connection: &Connection, place: &Place, run: &RunId, body: &mut Body<'_>, kept: &mut bool) -> Part {
    if let Err(error) = execute(connection, "SAVEPOINT part") {
        return Ok(Err(place.failed("write to")(error)));
    }
    let mut transaction = SqliteTransaction::new(connection, place, run);
    let result = catch_unwind(AssertUnwindSafe(|| body(&mut transaction)));
    let (broken, appended) = (transaction.is_broken(), transaction.appended());
    let keep = matches!(result, Ok(Ok(true))) && !broken;
    let ended = end_part(connection, keep);
    *kept |= keep && ended.is_ok();
    match result {
        Ok(Ok(true)) if broken => Ok(Err(place.medium("append to", "a write failed, so nothing was kept"))),
        Ok(Ok(_)) => Ok(ended.map(|()| if keep { appended } else { 0 }).map_err(place.failed("write to"))),
        Ok(Err(error)) => Ok(Err(error)),
        Err(panic) => Err(panic),
    }
}

fn end_part(connection: &Connection, keep: bool) -> rusqlite::Result<()> {
    if connection.is_autocommit() {
        return Ok(());
    }
    if !keep {
        execute(connection, "ROLLBACK TO part")?;
    }
    execute(connection, "RELEASE part")
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
