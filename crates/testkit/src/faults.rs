//! Storage that counts its transactions and fails the one that it is told to.

use coordinate_engine::port::{Lease, RunHeader, Storage, StorageError, StoredRecord, StoredSnapshot, Transaction};
use coordinate_model::ids::RunId;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Journals in memory.
#[must_use]
pub fn memory() -> Arc<dyn Storage> {
    Arc::new(coordinate_store::MemoryStorage::new())
}

/// Journals in a SQLite file.
///
/// # Panics
/// When the file can not be opened.
#[must_use]
pub fn sqlite(path: &Path) -> Arc<dyn Storage> {
    Arc::new(coordinate_store::SqliteStorage::open(path).expect("the journal opens"))
}

/// How a transaction fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// When it was to be committed: all was decided, nothing is kept.
    RolledBack,
    /// After it was committed: as if the process had been killed before it heard of it.
    AfterCommit,
}

/// A storage whose writes fail on demand. Reads go through.
pub struct FaultyStorage {
    inner: Arc<dyn Storage>,
    begun: AtomicU64,
    committed: AtomicU64,
    fail_at: AtomicU64,
    fault: Fault,
}

impl FaultyStorage {
    /// Fails each write from the `nth` committing transaction on, counted from 1; 0 fails none.
    #[must_use]
    pub fn new(inner: Arc<dyn Storage>, fault: Fault, nth: u64) -> Self {
        Self { inner, begun: AtomicU64::new(0), committed: AtomicU64::new(0), fail_at: AtomicU64::new(nth), fault }
    }

    /// How many transactions wrote something and were kept.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }

    fn is_broken(&self) -> bool {
        let nth = self.fail_at.load(Ordering::SeqCst);
        nth != 0 && self.begun.load(Ordering::SeqCst) >= nth
    }
}

fn medium() -> StorageError {
    StorageError::Medium {
        action: "write",
        place: "a faulty medium".to_owned(),
        cause: "no space left on device".to_owned(),
    }
}

impl Storage for FaultyStorage {
    fn transaction(
        &self,
        run: &RunId,
        body: &mut dyn FnMut(&mut dyn Transaction) -> Result<bool, StorageError>,
    ) -> Result<(), StorageError> {
        if self.is_broken() {
            return Err(medium());
        }
        let mut writes = false;
        let mut fails = false;
        let kept = self.inner.transaction(run, &mut |transaction| {
            writes = body(transaction)?;
            if writes {
                self.begun.fetch_add(1, Ordering::SeqCst);
                fails = self.is_broken();
            }
            let rolls_back = fails && self.fault != Fault::AfterCommit;
            if rolls_back { Err(medium()) } else { Ok(writes) }
        });
        if kept.is_ok() && writes {
            self.committed.fetch_add(1, Ordering::SeqCst);
        }
        if fails { Err(medium()) } else { kept }
    }

    fn records(&self, run: &RunId, after: u64, limit: usize) -> Result<Vec<StoredRecord>, StorageError> {
        self.inner.records(run, after, limit)
    }

    fn headers(&self) -> Result<Vec<RunHeader>, StorageError> {
        self.inner.headers()
    }

    fn header(&self, run: &RunId) -> Result<Option<RunHeader>, StorageError> {
        self.inner.header(run)
    }

    fn lease(&self, run: &RunId) -> Result<Option<Lease>, StorageError> {
        self.inner.lease(run)
    }

    fn snapshot(&self, run: &RunId) -> Result<Option<StoredSnapshot>, StorageError> {
        self.inner.snapshot(run)
    }

    fn put_snapshot(&self, run: &RunId, snapshot: &StoredSnapshot) -> Result<(), StorageError> {
        self.inner.put_snapshot(run, snapshot)
    }

    fn change_counter(&self) -> Result<u64, StorageError> {
        self.inner.change_counter()
    }
}
