//! Where journals are kept: on disk in SQLite, or in memory, behind one port and one conformance kit.
//!
//! The store knows records, leases, snapshots and listing rows; what an event means it does not know.
//!
//! Start reading at [`SqliteStorage`]; a write goes through three gates, in this order:
//! the threads of this process queue up (`fair_queue`), the processes queue up (`turnstile`), and then
//! SQLite's own lock is taken, which is what correctness rests on. The first two make the waiting fair.

pub mod conformance;
mod fair_queue;
pub mod figures;
mod memory;
pub mod shell;
mod sqlite;
mod turnstile;

pub use memory::MemoryStorage;
pub use sqlite::SqliteStorage;

use coordinate_engine::port::{StorageError, StoredRecord};
use coordinate_model::ids::RunId;

/// The rule of every append: it continues what is there, and its records continue one another.
fn check_order(run: &RunId, expected_last: u64, found: u64, records: &[StoredRecord]) -> Result<(), StorageError> {
    let out_of_order = |expected, found| Err(StorageError::OutOfOrder { run: run.clone(), expected, found });
    if found != expected_last {
        return out_of_order(expected_last, found);
    }
    for (last, record) in (found..).zip(records) {
        if record.sequence != last + 1 {
            return out_of_order(record.sequence.saturating_sub(1), last);
        }
    }
    Ok(())
}
