//! Journals in memory, for tests and simulation: the same promises but the one of surviving the process.

use crate::fair_queue::{FairQueue, deadline_after};
use coordinate_engine::port::{Lease, RunHeader, Storage, StorageError, StoredRecord, StoredSnapshot, Transaction};
use coordinate_model::ids::RunId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Default)]
struct RunData {
    records: Vec<StoredRecord>,
    lease: Option<Lease>,
    header: Option<RunHeader>,
    snapshot: Option<StoredSnapshot>,
}

#[derive(Debug, Default)]
struct Committed {
    runs: BTreeMap<RunId, RunData>,
    commits: u64,
}

/// The journals of one project in memory.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    writers: FairQueue,
    committed: Mutex<Committed>,
}

impl MemoryStorage {
    /// How long a write waits for its turn before it gives up with [`StorageError::Busy`].
    pub const LIMIT: Duration = Duration::from_secs(30);

    /// An empty storage.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Never held while a caller's code runs, so a panic can not leave it half-changed.
    fn committed(&self) -> MutexGuard<'_, Committed> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, run: &RunId, query: impl FnOnce(&RunData) -> T) -> Option<T> {
        self.committed().runs.get(run).map(query)
    }
}

/// What a transaction has written so far; thrown away on rollback.
struct Staged<'open> {
    storage: &'open MemoryStorage,
    run: &'open RunId,
    appended: Vec<StoredRecord>,
    lease: Option<Lease>,
    header: Option<RunHeader>,
}

impl Staged<'_> {
    fn commit(self) {
        let mut committed = self.storage.committed();
        let changes = !self.appended.is_empty() || self.lease.is_some() || self.header.is_some();
        committed.commits += u64::from(changes);
        let data = committed.runs.entry(self.run.clone()).or_default();
        data.records.extend(self.appended);
        data.lease = self.lease.or(data.lease.take());
        data.header = self.header.or(data.header.take());
    }
}

fn after(records: &[StoredRecord], sequence: u64) -> impl Iterator<Item = &StoredRecord> {
    records.iter().skip_while(move |record| record.sequence <= sequence)
}

fn last(records: &[StoredRecord]) -> Option<u64> {
    records.last().map(|record| record.sequence)
}

impl Transaction for Staged<'_> {
    fn last_sequence(&mut self) -> Result<u64, StorageError> {
        let staged = last(&self.appended);
        Ok(staged.or_else(|| self.storage.read(self.run, |data| last(&data.records))?).unwrap_or(0))
    }

    fn tail(&mut self, sequence: u64) -> Result<Vec<StoredRecord>, StorageError> {
        let committed = self.storage.read(self.run, |data| after(&data.records, sequence).cloned().collect());
        let mut tail: Vec<_> = committed.unwrap_or_default();
        tail.extend(after(&self.appended, sequence).cloned());
        Ok(tail)
    }

    fn append(&mut self, expected_last: u64, records: &[StoredRecord]) -> Result<(), StorageError> {
        let found = self.last_sequence()?;
        crate::check_order(self.run, expected_last, found, records)?;
        self.appended.extend_from_slice(records);
        Ok(())
    }

    fn lease(&mut self) -> Result<Option<Lease>, StorageError> {
        Ok(self.lease.clone().or_else(|| self.storage.read(self.run, |data| data.lease.clone())?))
    }

    fn put_lease(&mut self, lease: &Lease) -> Result<(), StorageError> {
        self.lease = Some(lease.clone());
        Ok(())
    }

    fn put_header(&mut self, header: &RunHeader) -> Result<(), StorageError> {
        self.header = Some(header.clone());
        Ok(())
    }
}

impl Storage for MemoryStorage {
    fn transaction(
        &self,
        run: &RunId,
        body: &mut dyn FnMut(&mut dyn Transaction) -> Result<bool, StorageError>,
    ) -> Result<(), StorageError> {
        let since = Instant::now();
        let _turn = self.writers.enter(deadline_after(Self::LIMIT)).ok_or_else(|| StorageError::Busy {
            place: "memory".to_owned(),
            waited_ms: u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
        })?;
        let mut staged = Staged { storage: self, run, appended: Vec::new(), lease: None, header: None };
        if body(&mut staged)? {
            staged.commit();
        }
        Ok(())
    }

    fn records(&self, run: &RunId, sequence: u64, limit: usize) -> Result<Vec<StoredRecord>, StorageError> {
        let records = self.read(run, |data| after(&data.records, sequence).take(limit).cloned().collect());
        Ok(records.unwrap_or_default())
    }

    fn headers(&self) -> Result<Vec<RunHeader>, StorageError> {
        let mut headers: Vec<_> = self.committed().runs.values().filter_map(|data| data.header.clone()).collect();
        headers.sort_by(|a, b| (b.started, &b.run).cmp(&(a.started, &a.run)));
        Ok(headers)
    }

    fn header(&self, run: &RunId) -> Result<Option<RunHeader>, StorageError> {
        Ok(self.read(run, |data| data.header.clone()).flatten())
    }

    fn lease(&self, run: &RunId) -> Result<Option<Lease>, StorageError> {
        Ok(self.read(run, |data| data.lease.clone()).flatten())
    }

    fn snapshot(&self, run: &RunId) -> Result<Option<StoredSnapshot>, StorageError> {
        Ok(self.read(run, |data| data.snapshot.clone()).flatten())
    }

    fn put_snapshot(&self, run: &RunId, snapshot: &StoredSnapshot) -> Result<(), StorageError> {
        self.committed().runs.entry(run.clone()).or_default().snapshot = Some(snapshot.clone());
        Ok(())
    }

    fn change_counter(&self) -> Result<u64, StorageError> {
        Ok(self.committed().commits)
    }
}
