//! Checksums of rows. SQLite has none: a bit that a disk turned would be read as if it had been written so.
//!
//! FNV-1a with 64 bits, over all that a row says and the run that it belongs to, so that no row can pass for another.
//! Enough against a disk; against people who change a journal by hand nothing is promised.

use coordinate_engine::port::{Lease, RunHeader, StoredRecord};
use coordinate_model::ids::RunId;

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// A sum that is being made.
pub(super) struct Sum(u64);

impl Sum {
    pub(super) fn new() -> Self {
        Self(BASIS)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    /// Its length goes first: where one field ends is part of what is said.
    fn field(self, bytes: &[u8]) -> Self {
        self.number(bytes.len() as u64).bytes(bytes)
    }

    fn number(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    fn text(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.number(1).field(text.as_bytes()),
            None => self.number(0),
        }
    }

    fn end(self) -> i64 {
        self.0.cast_signed()
    }
}

pub(super) fn of_record(run: &RunId, record: &StoredRecord) -> i64 {
    let StoredRecord { sequence, at, format, body } = record;
    let sum = Sum::new().field(run.as_str().as_bytes()).number(*sequence).number(at.0.cast_unsigned());
    sum.number(u64::from(*format)).field(body).end()
}

pub(super) fn of_lease(run: &RunId, lease: &Lease) -> i64 {
    let sum = Sum::new().field(run.as_str().as_bytes()).number(lease.epoch.0);
    let Some(holder) = &lease.holder else { return sum.number(0).end() };
    sum.text(Some(&holder.boot_id)).number(u64::from(holder.pid)).number(holder.start_time).end()
}

pub(super) fn of_header(header: &RunHeader) -> i64 {
    let RunHeader { run, request, scope, workflow, state, outcome, parent, started, updated } = header;
    let texts = [Some(run.as_str()), Some(request), Some(scope), Some(workflow), Some(state), outcome.as_deref()];
    let sum = texts.into_iter().fold(Sum::new(), Sum::text).text(parent.as_ref().map(RunId::as_str));
    sum.number(started.0.cast_unsigned()).number(updated.0.cast_unsigned()).end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{record, run};

    #[test]
    fn each_part_of_a_record_counts() {
        let whole = record(7);
        let sum = of_record(&run(1), &whole);
        let others = [
            StoredRecord { sequence: 8, ..whole.clone() },
            StoredRecord { at: coordinate_model::time::UtcMillis(3), ..whole.clone() },
            StoredRecord { format: 2, ..whole.clone() },
            StoredRecord { body: b"{}".to_vec(), ..whole.clone() },
        ];
        assert!(others.iter().all(|other| of_record(&run(1), other) != sum));
        assert_ne!(of_record(&run(2), &whole), sum);
        assert_eq!(of_record(&run(1), &whole), sum);
    }
}
