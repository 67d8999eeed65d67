//! Durable storage of journals: raw records, leases, snapshots and a listing. It knows nothing of what events mean.

use coordinate_model::ids::{RunId, Token};
use coordinate_model::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// One appended record. The body is the event's JSON text, opaque to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Position in the run's journal, from 1, without gaps.
    pub sequence: u64,
    /// When it was decided; for display only.
    pub at: UtcMillis,
    /// Version of the event format that the body is written in.
    pub format: u32,
    /// The event as JSON.
    pub body: Vec<u8>,
}

/// A cached fold. Thrown away whenever its version or sequence does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// Version of the fold that made it.
    pub fold_version: u32,
    /// The last sequence that it includes.
    pub sequence: u64,
    /// The folded state, opaque to the store.
    pub body: Vec<u8>,
}

/// Which process holds a run: a process id alone may be reused, with its start time and the boot it can not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The kernel's boot id.
    pub boot_id: String,
    /// The process id.
    pub pid: u32,
    /// The process's start time in clock ticks since boot.
    pub start_time: u64,
}

/// The right to carry out a run's obligations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Rises with every take-over and never falls, also across releases.
    pub epoch: Token,
    /// Who holds it; `None` once released.
    pub holder: Option<Holder>,
}

/// What `ps` lists: a projection of the journal, written in the transaction that appends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHeader {
    /// The run.
    pub run: RunId,
    /// The request in the user's words.
    pub request: String,
    /// The scope's name.
    pub scope: String,
    /// The definition's name.
    pub workflow: String,
    /// The current state's name.
    pub state: String,
    /// How it ended; `None` while it is open.
    pub outcome: Option<String>,
    /// The run above, for one that is the work of a step.
    pub parent: Option<RunId>,
    /// When it was created.
    pub started: UtcMillis,
    /// When its newest event was appended.
    pub updated: UtcMillis,
}

/// Why storage could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The write lock stayed taken longer than the waiting limit.
    #[error(
        "the journal at `{place}` stayed locked for {waited_ms} ms; is another process stuck? (try `coordinate ps`)"
    )]
    Busy {
        /// Which journal.
        place: String,
        /// How long was waited.
        waited_ms: u64,
    },
    /// The file was made by a newer release.
    #[error(
        "the journal at `{place}` has schema version {found}, this program knows {known}; install a newer `coordinate`"
    )]
    TooNew {
        /// Which journal.
        place: String,
        /// The version that the file says.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// An append did not continue the journal: another writer was first, or a caller kept a stale view.
    #[error("append to `{run}` expected last sequence {expected}, found {found}")]
    OutOfOrder {
        /// The run.
        run: RunId,
        /// What the caller believed.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Anything that the medium itself reports: disk full, I/O error, corruption.
    #[error("failed to {action} the journal at `{place}`: {cause}")]
    Medium {
        /// What was being done, as a verb.
        action: &'static str,
        /// Which journal.
        place: String,
        /// The medium's own message.
        cause: String,
    },
}

/// Work inside one exclusive transaction on one run. Nothing of it is visible or durable before the commit.
pub trait Transaction {
    /// The newest sequence; 0 for a run without events.
    fn last_sequence(&mut self) -> Result<u64, StorageError>;

    /// All records after `sequence`, in order.
    fn tail(&mut self, after: u64) -> Result<Vec<StoredRecord>, StorageError>;

    /// Appends records that must continue directly after `expected_last`.
    ///
    /// Guards against two writers that both believe they are at the end: the second gets `OutOfOrder`.
    fn append(&mut self, expected_last: u64, records: &[StoredRecord]) -> Result<(), StorageError>;

    /// The run's lease, if one was ever taken.
    fn lease(&mut self) -> Result<Option<Lease>, StorageError>;

    /// Writes the lease. The caller has checked who may.
    fn put_lease(&mut self, lease: &Lease) -> Result<(), StorageError>;

    /// Writes the listing row.
    fn put_header(&mut self, header: &RunHeader) -> Result<(), StorageError>;
}

/// Storage of all the runs of a project. One conformance kit runs against every implementation.
pub trait Storage: Send + Sync {
    /// Runs `body` in an exclusive write transaction and commits, durably, when it returns `Ok(true)`.
    ///
    /// `Ok(false)` and errors roll back. When this returns `Ok(())` after `Ok(true)`, the appended records survive
    /// the loss of power. `body` is called at most once. Waiting for the write lock is fair between processes and
    /// bounded (`Busy`); no lock error shows below that bound.
    fn transaction(
        &self,
        run: &RunId,
        body: &mut dyn FnMut(&mut dyn Transaction) -> Result<bool, StorageError>,
    ) -> Result<(), StorageError>;

    /// At most `limit` records after `after`, in order, from a consistent view. Never waits for a writer.
    fn records(&self, run: &RunId, after: u64, limit: usize) -> Result<Vec<StoredRecord>, StorageError>;

    /// The listing rows of all runs, newest `started` first, ties by run id descending.
    fn headers(&self) -> Result<Vec<RunHeader>, StorageError>;

    /// The listing row of one run.
    fn header(&self, run: &RunId) -> Result<Option<RunHeader>, StorageError>;

    /// The run's lease as last committed.
    fn lease(&self, run: &RunId) -> Result<Option<Lease>, StorageError>;

    /// The newest cached fold of a run.
    fn snapshot(&self, run: &RunId) -> Result<Option<StoredSnapshot>, StorageError>;

    /// Replaces the cached fold. Need not be durable: it can be made again.
    fn put_snapshot(&self, run: &RunId, snapshot: &StoredSnapshot) -> Result<(), StorageError>;

    /// A number that changes whenever another process or connection has committed; for cheap polling.
    fn change_counter(&self) -> Result<u64, StorageError>;
}
