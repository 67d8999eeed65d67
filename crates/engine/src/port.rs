//! Ports: what the driver needs of the world, as traits. Each method names the crash or race that it guards against.

mod attempts;
mod repository;
mod storage;

pub use attempts::{
    AttemptProgram, AttemptStatus, Attempts, AttemptsError, Ending, Launch, Limits, ProcessIdentity, StopHow,
    StreamName, TranscriptLine,
};
pub use repository::{
    CommitSpec, Delivery, DeliveryState, Head, MergeOutcome, Repository, RepositoryError, Snapshot,
};
pub use storage::{Holder, Lease, RunHeader, Storage, StorageError, StoredRecord, StoredSnapshot, Transaction};
