//! Storage any call of which may fail, as a seed says: before anything was done, or after all of it was.

use crate::scheduler::Chances;
use coordinate_engine::port::{Lease, RunHeader, Storage, StorageError, StoredRecord, StoredSnapshot, Transaction};
use coordinate_model::ids::RunId;
use std::sync::Arc;

/// See the module.
pub(crate) struct Unsteady {
    inner: Arc<dyn Storage>,
    chances: Chances,
}

impl Unsteady {
    pub(crate) fn new(inner: Arc<dyn Storage>, chances: Chances) -> Self {
        Self { inner, chances }
    }

    fn may_fail(&self) -> Result<(), StorageError> {
        if self.chances.fails() { Err(failure()) } else { Ok(()) }
    }
}

fn failure() -> StorageError {
    StorageError::Medium {
        action: "reach",
        place: "an unsteady medium".to_owned(),
        cause: "input/output error".to_owned(),
    }
}

impl Storage for Unsteady {
    fn transaction(
        &self,
        run: &RunId,
        body: &mut dyn FnMut(&mut dyn Transaction) -> Result<bool, StorageError>,
    ) -> Result<(), StorageError> {
        self.may_fail()?;
        let rolls_back = self.chances.fails();
        self.inner.transaction(run, &mut |transaction| {
            let writes = body(transaction)?;
            if rolls_back { Err(failure()) } else { Ok(writes) }
        })?;
        // It is durable, and nobody hears of it.
        self.may_fail()
    }

    fn records(&self, run: &RunId, after: u64, limit: usize) -> Result<Vec<StoredRecord>, StorageError> {
        self.may_fail()?;
        self.inner.records(run, after, limit)
    }

    fn headers(&self) -> Result<Vec<RunHeader>, StorageError> {
        self.may_fail()?;
        self.inner.headers()
    }

    fn header(&self, run: &RunId) -> Result<Option<RunHeader>, StorageError> {
        self.may_fail()?;
        self.inner.header(run)
    }

    fn lease(&self, run: &RunId) -> Result<Option<Lease>, StorageError> {
        self.may_fail()?;
        self.inner.lease(run)
    }

    fn snapshot(&self, run: &RunId) -> Result<Option<StoredSnapshot>, StorageError> {
        self.may_fail()?;
        self.inner.snapshot(run)
    }

    fn put_snapshot(&self, run: &RunId, snapshot: &StoredSnapshot) -> Result<(), StorageError> {
        self.may_fail()?;
        self.inner.put_snapshot(run, snapshot)
    }

    fn change_counter(&self) -> Result<u64, StorageError> {
        self.may_fail()?;
        self.inner.change_counter()
    }
}
