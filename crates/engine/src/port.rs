//! Ports: what the driver needs of the world, as traits. Each method names the crash or race that it guards against.

mod agents;
mod attempts;
mod clock;
mod files;
mod forge;
mod repository;
mod storage;
mod surroundings;
mod tokens;

pub use agents::{AgentProbe, Agents, ArtifactOrder, Assignment};
pub use attempts::{
    AttemptProgram, AttemptStatus, Attempts, AttemptsError, Ending, Launch, Limits, ProcessIdentity, StopHow,
    StreamName, TranscriptLine,
};
pub use clock::Clock;
pub use files::{Files, FilesError, PathKind};
pub use forge::{Answered, Forge, Proposal};
pub use repository::{
    CommitSpec, Delivery, DeliveryState, Head, MergeOutcome, Repository, RepositoryError, Shown, Snapshot,
};
pub use storage::{Holder, Lease, RunHeader, Storage, StorageError, StoredRecord, StoredSnapshot, Transaction};
pub use surroundings::Surroundings;
pub use tokens::{Counter, Tokens};
