//! The one append path: begin, fold the tail, check the lease, decide, append, commit.

use crate::port::{Clock, Holder, Lease, RunHeader, Storage, StorageError, StoredRecord, StoredSnapshot, Transaction};
use coordinate_model::decide::{self, Decision};
use coordinate_model::event::{Created, DecodeError, Event, FORMAT};
use coordinate_model::ids::{RunId, Token};
use coordinate_model::input::{Answer, Context, Input};
use coordinate_model::run::{Corruption, FOLD_VERSION, Position, Run};
use coordinate_model::time::UtcMillis;
use std::sync::Arc;

/// How many records are read at a time on recovery.
const PAGE: usize = 10_000;

/// A cached fold is written after this many events.
const SNAPSHOT_EVERY: u64 = 5_000;

/// An event with its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its position.
    pub sequence: u64,
    /// Its time.
    pub at: UtcMillis,
    /// The event.
    pub event: Event,
}

/// Who sends inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// Anyone: a second terminal, a hook, a person.
    Anyone,
    /// The driver that holds the lease with this epoch.
    Driver(Token),
}

/// Why the journal could not take inputs.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There is no such run.
    #[error("there is no run `{run}`; list them with `coordinate ps`")]
    NoRun {
        /// The run.
        run: RunId,
    },
    /// The journal can not be read.
    #[error("run `{run}`, event {sequence}: {cause}")]
    Unreadable {
        /// The run.
        run: RunId,
        /// The record.
        sequence: u64,
        /// Why.
        cause: DecodeError,
    },
    /// The events do not fit together.
    #[error("run `{run}`: {cause}")]
    Corrupt {
        /// The run.
        run: RunId,
        /// What does not fit.
        cause: Corruption,
    },
    /// Another driver has the run now.
    #[error("run `{run}` was taken over by another driver (epoch {epoch})")]
    TakenOver {
        /// The run.
        run: RunId,
        /// The other's epoch.
        epoch: Token,
    },
    /// A living process drives the run.
    #[error(
        "run `{run}` is driven by process {pid}; watch it with `coordinate logs -f`, or take it with `coordinate unlock {run}`"
    )]
    Driven {
        /// The run.
        run: RunId,
        /// The process.
        pid: u32,
    },
    /// An event could not be written as JSON.
    #[error("failed to encode an event: {0}")]
    Encode(#[from] serde_json::Error),
}

/// What a transaction brought.
#[derive(Debug)]
pub struct Committed {
    /// One answer for each input, in order.
    pub answers: Vec<Answer>,
    /// Events that other processes had appended before.
    pub foreign: Vec<Record>,
    /// The events of these inputs.
    pub own: Vec<Record>,
}

/// The journals of a project.
#[derive(Clone)]
pub struct Journal {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

impl Journal {
    /// Journals in a storage.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// The storage, for listings and leases.
    #[must_use]
    pub fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    fn context(&self) -> Context {
        Context { now: self.clock.now(), entropy: self.clock.entropy() }
    }

    /// Begins a run: its first event, and what follows by itself.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing was written.
    pub fn create(&self, created: Created) -> Result<(Run, Vec<Record>), JournalError> {
        let id = created.run.clone();
        let now = self.context().now;
        let first = decide::create(created);
        let corrupt = |cause| JournalError::Corrupt { run: id.clone(), cause };
        let mut run = Run::begin(Position { sequence: 1, at: now }, &first).map_err(corrupt)?;
        let mut records = vec![Record { sequence: 1, at: now, event: first }];
        loop {
            let events = decide::settle(&run);
            if events.is_empty() {
                break;
            }
            for event in events {
                let record = Record { sequence: run.sequence + 1, at: now, event };
                apply(&mut run, &record)?;
                records.push(record);
            }
        }
        let stored = encode(&records)?;
        self.storage.transaction(&id, &mut |transaction| {
            transaction.append(0, &stored)?;
            transaction.put_header(&header(&run))?;
            Ok(true)
        })?;
        Ok((run, records))
    }

    /// Begins a run whose past is known: all of its events, in one transaction. Its next driver has a higher epoch than
    /// any that the past speaks of.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing was written.
    pub fn adopt(&self, run: &Run, events: Vec<(UtcMillis, Event)>) -> Result<(), JournalError> {
        let numbered = (1..).zip(events).map(|(sequence, (at, event))| Record { sequence, at, event });
        let stored = encode(&numbered.collect::<Vec<_>>())?;
        self.storage.transaction(run.id(), &mut |transaction| {
            transaction.append(0, &stored)?;
            transaction.put_header(&header(run))?;
            if let Some((epoch, _)) = run.driver {
                transaction.put_lease(&Lease { epoch, holder: None })?;
            }
            Ok(true)
        })?;
        Ok(())
    }

    /// The folded state of a run, from its newest usable snapshot and the records after it.
    ///
    /// # Errors
    /// [`JournalError`] when there is no such run or its journal can not be folded.
    pub fn load(&self, id: &RunId) -> Result<Run, JournalError> {
        let cached = self.storage.snapshot(id)?.and_then(|snapshot| restore(&snapshot));
        let mut run = match cached.filter(|run| self.is_of_journal(id, run)) {
            Some(run) => run,
            None => self.first(id)?,
        };
        loop {
            let page = self.storage.records(id, run.sequence, PAGE)?;
            let done = page.len() < PAGE;
            fold(&mut run, page, &mut |_| {})?;
            if done {
                return Ok(run);
            }
        }
    }

    /// Whether a cached fold is one of this journal: of this run, and not ahead of what is written (as after a copy of
    /// an older journal was put back).
    fn is_of_journal(&self, id: &RunId, run: &Run) -> bool {
        let newest = run.sequence.checked_sub(1).map(|before| self.storage.records(id, before, 1));
        let record = newest.and_then(Result::ok).and_then(|page| page.into_iter().next());
        run.id() == id && record.is_some_and(|record| record.sequence == run.sequence && record.at == run.updated)
    }

    /// The folded state as it was at an event.
    ///
    /// # Errors
    /// [`JournalError`], as for [`Journal::load`].
    pub fn load_at(&self, id: &RunId, sequence: u64) -> Result<Run, JournalError> {
        let mut run = self.first(id)?;
        for record in self.records(id, 1)?.into_iter().take_while(|record| record.sequence <= sequence) {
            apply(&mut run, &record)?;
        }
        Ok(run)
    }

    fn first(&self, id: &RunId) -> Result<Run, JournalError> {
        let page = self.storage.records(id, 0, 1)?;
        let record = page.into_iter().next().ok_or_else(|| JournalError::NoRun { run: id.clone() })?;
        let record = decode(id, record)?;
        let position = Position { sequence: record.sequence, at: record.at };
        Run::begin(position, &record.event).map_err(|cause| JournalError::Corrupt { run: id.clone(), cause })
    }

    /// All records of a run after a sequence.
    ///
    /// # Errors
    /// [`JournalError`] when a record can not be read.
    pub fn records(&self, id: &RunId, after: u64) -> Result<Vec<Record>, JournalError> {
        let mut records: Vec<Record> = Vec::new();
        loop {
            let last = records.last().map_or(after, |record| record.sequence);
            let page = self.storage.records(id, last, PAGE)?;
            let done = page.len() < PAGE;
            for record in page {
                records.push(decode(id, record)?);
            }
            if done {
                return Ok(records);
            }
        }
    }

    /// Sends inputs to a run. `run` is the caller's cached fold: it is brought up to date first, and holds the new
    /// state afterwards. After an error it is read anew, so that it never holds what was not committed.
    ///
    /// # Errors
    /// [`JournalError`]; then none of the inputs was taken in.
    pub fn transact(&self, run: &mut Run, author: Author, inputs: &[Input]) -> Result<Committed, JournalError> {
        let id = run.id().clone();
        let context = self.context();
        let mut result: Result<Committed, JournalError> = Err(JournalError::NoRun { run: id.clone() });
        let stored = self.storage.transaction(&id, &mut |transaction| {
            result = attempt(transaction, run, author, inputs, context);
            Ok(result.as_ref().is_ok_and(|committed| !committed.own.is_empty()))
        });
        let result = stored.map_err(JournalError::from).and(result);
        match result {
            Ok(committed) => {
                self.keep_snapshot(run, &committed);
                Ok(committed)
            }
            Err(error) => {
                if let Ok(fresh) = self.load(&id) {
                    *run = fresh;
                }
                Err(error)
            }
        }
    }

    /// Folds what other processes have appended.
    ///
    /// # Errors
    /// [`JournalError`] when it can not be read or folded.
    pub fn catch_up(&self, run: &mut Run) -> Result<Vec<Record>, JournalError> {
        let id = run.id().clone();
        let page = self.storage.records(&id, run.sequence, usize::MAX)?;
        let mut foreign = Vec::new();
        fold(run, page, &mut |record| foreign.push(record))?;
        Ok(foreign)
    }

    /// Takes the right to drive a run. `alive` tells whether a holder's process still lives.
    ///
    /// The journal is folded before, so that a program older than the newest event refuses before it takes the lease.
    ///
    /// # Errors
    /// [`JournalError::Driven`] names a living holder.
    pub fn take(
        &self,
        id: &RunId,
        holder: &Holder,
        alive: &dyn Fn(&Holder) -> bool,
    ) -> Result<(Run, Token), JournalError> {
        let run = self.load(id)?;
        let mut taken: Result<Token, JournalError> = Err(JournalError::NoRun { run: id.clone() });
        self.storage.transaction(id, &mut |transaction| {
            let lease = transaction.lease()?;
            let living = lease.as_ref().and_then(|lease| lease.holder.as_ref()).filter(|other| alive(other));
            if let Some(other) = living {
                taken = Err(JournalError::Driven { run: id.clone(), pid: other.pid });
                return Ok(false);
            }
            let epoch = Token(lease.map_or(0, |lease| lease.epoch.0) + 1);
            transaction.put_lease(&Lease { epoch, holder: Some(holder.clone()) })?;
            taken = Ok(epoch);
            Ok(true)
        })?;
        taken.map(|epoch| (run, epoch))
    }

    /// Gives the right back, if it is still held with this epoch.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn release(&self, id: &RunId, epoch: Token) -> Result<(), JournalError> {
        self.storage.transaction(id, &mut |transaction| {
            if transaction.lease()?.is_none_or(|lease| lease.epoch != epoch) {
                return Ok(false);
            }
            transaction.put_lease(&Lease { epoch, holder: None })?;
            Ok(true)
        })?;
        Ok(())
    }

    /// Takes the right away from whoever has it. Safe: a driver with the old epoch can append nothing any more.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn unlock(&self, id: &RunId) -> Result<Option<Holder>, JournalError> {
        let mut former = None;
        self.storage.transaction(id, &mut |transaction| {
            let Some(lease) = transaction.lease()? else { return Ok(false) };
            former = lease.holder;
            transaction.put_lease(&Lease { epoch: Token(lease.epoch.0 + 1), holder: None })?;
            Ok(true)
        })?;
        Ok(former)
    }

    /// Keeps the fold as a snapshot.
    ///
    /// # Errors
    /// [`JournalError`]; losing a snapshot loses nothing.
    pub fn put_snapshot(&self, run: &Run) -> Result<(), JournalError> {
        let body = serde_json::to_vec(run)?;
        let snapshot = StoredSnapshot { fold_version: FOLD_VERSION, sequence: run.sequence, body };
        Ok(self.storage.put_snapshot(run.id(), &snapshot)?)
    }

    /// A snapshot is a cache: failing to write one must not stop a run.
    fn keep_snapshot(&self, run: &Run, committed: &Committed) {
        let last = run.sequence;
        let before = last - committed.own.len() as u64;
        if last / SNAPSHOT_EVERY != before / SNAPSHOT_EVERY {
            let _ = self.put_snapshot(run);
        }
    }
}

fn attempt(
    transaction: &mut dyn Transaction,
    run: &mut Run,
    author: Author,
    inputs: &[Input],
    context: Context,
) -> Result<Committed, JournalError> {
    let mut foreign = Vec::new();
    let tail = transaction.tail(run.sequence)?;
    fold(run, tail, &mut |record| foreign.push(record))?;
    check_lease(transaction, run, author)?;
    let before = run.sequence;
    let was = header(run);
    let (mut answers, mut own) = (Vec::new(), Vec::new());
    for input in inputs {
        let Decision { events, answer } = decide::advance(run, input, context)
            .map_err(|cause| JournalError::Corrupt { run: run.id().clone(), cause })?;
        let next = before + 1 + own.len() as u64;
        let numbered = events.into_iter().zip(next..);
        own.extend(numbered.map(|(event, sequence)| Record { sequence, at: context.now, event }));
        answers.push(answer);
    }
    if !own.is_empty() {
        transaction.append(before, &encode(&own)?)?;
        put_changed_header(transaction, &was, &header(run))?;
    }
    Ok(Committed { answers, foreign, own })
}

/// The listing is written when something that it shows has changed: a busy run would write a second page each time.
fn put_changed_header(transaction: &mut dyn Transaction, was: &RunHeader, is: &RunHeader) -> Result<(), StorageError> {
    if was.state != is.state || was.outcome != is.outcome {
        transaction.put_header(is)?;
    }
    Ok(())
}

fn check_lease(transaction: &mut dyn Transaction, run: &Run, author: Author) -> Result<(), JournalError> {
    let Author::Driver(epoch) = author else { return Ok(()) };
    match transaction.lease()? {
        Some(lease) if lease.epoch == epoch => Ok(()),
        other => Err(JournalError::TakenOver {
            run: run.id().clone(),
            epoch: other.map(|lease| lease.epoch).unwrap_or_default(),
        }),
    }
}

fn fold(run: &mut Run, page: Vec<StoredRecord>, seen: &mut dyn FnMut(Record)) -> Result<(), JournalError> {
    let id = run.id().clone();
    for stored in page {
        let record = decode(&id, stored)?;
        apply(run, &record)?;
        seen(record);
    }
    Ok(())
}

fn apply(run: &mut Run, record: &Record) -> Result<(), JournalError> {
    let position = Position { sequence: record.sequence, at: record.at };
    run.apply(position, &record.event).map_err(|cause| JournalError::Corrupt { run: run.id().clone(), cause })
}

fn decode(id: &RunId, stored: StoredRecord) -> Result<Record, JournalError> {
    let event = Event::decode(stored.format, &stored.body).map_err(|cause| JournalError::Unreadable {
        run: id.clone(),
        sequence: stored.sequence,
        cause,
    })?;
    Ok(Record { sequence: stored.sequence, at: stored.at, event })
}

fn encode(records: &[Record]) -> Result<Vec<StoredRecord>, JournalError> {
    let stored = records.iter().map(|record| {
        let body = record.event.encode()?;
        Ok(StoredRecord { sequence: record.sequence, at: record.at, format: FORMAT, body })
    });
    stored.collect()
}

fn restore(snapshot: &StoredSnapshot) -> Option<Run> {
    if snapshot.fold_version != FOLD_VERSION {
        return None;
    }
    let mut run: Run = serde_json::from_slice(&snapshot.body).ok()?;
    run.reindex();
    (run.sequence == snapshot.sequence).then_some(run)
}

fn header(run: &Run) -> RunHeader {
    RunHeader {
        run: run.id().clone(),
        request: run.created.request.clone(),
        scope: run.scope().name().to_owned(),
        workflow: run.created.definition.name.clone(),
        state: run.state.to_string(),
        outcome: run.outcome.map(|outcome| outcome.name().to_owned()),
        parent: run.created.parent.as_ref().map(|parent| parent.run.clone()),
        started: run.started,
        updated: run.updated,
    }
}
