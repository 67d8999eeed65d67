//! What every implementation of the storage port must do, as scenarios that any crate's tests can run.
//!
//! ```
//! coordinate_store::conformance::check_all(coordinate_store::MemoryStorage::new);
//! ```

#![expect(clippy::expect_used, reason = "a scenario fails by panicking, with a message that says what it expected")]

use coordinate_engine::port::{
    Holder, Lease, RunHeader, Storage, StorageError, StoredRecord, StoredSnapshot, Transaction,
};
use coordinate_model::ids::{RunId, Token};
use coordinate_model::time::UtcMillis;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

/// One promise of the port. It needs a storage that nothing was written to.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// What is promised, in words.
    pub name: &'static str,
    /// Panics when the promise is broken.
    pub check: fn(&dyn Storage),
}

/// All the promises.
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "an unknown run is empty", check: unknown_run_is_empty },
    Scenario { name: "records come back whole and in order", check: records_come_back },
    Scenario { name: "runs do not mix", check: runs_do_not_mix },
    Scenario { name: "an append must continue the journal", check: append_must_continue },
    Scenario { name: "a transaction sees its own writes", check: own_writes_are_seen },
    Scenario { name: "Ok(false) rolls back", check: false_rolls_back },
    Scenario { name: "an error rolls back and is returned", check: error_rolls_back },
    Scenario { name: "a panic rolls back and blocks nobody", check: panic_rolls_back },
    Scenario { name: "lease epochs survive a release", check: lease_epochs_survive },
    Scenario { name: "headers are listed newest first", check: headers_newest_first },
    Scenario { name: "a header is replaced", check: header_is_replaced },
    Scenario { name: "a snapshot is replaced", check: snapshot_is_replaced },
    Scenario { name: "no update of many threads is lost", check: no_lost_update },
    Scenario { name: "readers see the state before an open transaction", check: readers_see_old_state },
    Scenario { name: "the change counter moves with commits", check: change_counter_moves },
];

/// Runs every scenario on a storage of its own.
///
/// # Panics
/// On the first promise that is broken, after writing the scenario's name to the panic's message chain.
pub fn check_all<S: Storage>(mut make: impl FnMut() -> S) {
    for scenario in SCENARIOS {
        let storage = make();
        let result = catch_unwind(AssertUnwindSafe(|| (scenario.check)(&storage)));
        assert!(result.is_ok(), "broken promise of the storage port: {}", scenario.name);
    }
}

/// A run id that ends in `number`.
#[must_use]
pub fn run(number: u32) -> RunId {
    format!("run_{number:026}").parse().expect("26 digits make a run id")
}

/// A record whose other fields follow from its sequence.
#[must_use]
pub fn record(sequence: u64) -> StoredRecord {
    let body = format!("{{\"event\":\"step\",\"n\":{sequence}}}").into_bytes();
    StoredRecord { sequence, at: UtcMillis(1_700_000_000_000), format: 1, body }
}

/// Appends one record after the newest and returns its sequence.
///
/// # Errors
/// Those of the storage.
pub fn append_next(storage: &dyn Storage, run: &RunId) -> Result<u64, StorageError> {
    let mut appended = 0;
    storage.transaction(run, &mut |transaction| {
        let last = transaction.last_sequence()?;
        appended = last + 1;
        transaction.append(last, &[record(appended)])?;
        Ok(true)
    })?;
    Ok(appended)
}

fn commit(storage: &dyn Storage, run: &RunId, body: impl Fn(&mut dyn Transaction) -> Result<(), StorageError>) {
    storage.transaction(run, &mut |transaction| body(transaction).map(|()| true)).expect("the commit succeeds");
}

fn append(storage: &dyn Storage, run: &RunId, after: u64, records: &[StoredRecord]) {
    commit(storage, run, |transaction| transaction.append(after, records));
}

fn sequences(storage: &dyn Storage, run: &RunId) -> Vec<u64> {
    let records = storage.records(run, 0, usize::MAX).expect("the records are read");
    records.iter().map(|record| record.sequence).collect()
}

fn header(number: u32, started: i64) -> RunHeader {
    RunHeader {
        run: run(number),
        request: "research the auth module".to_owned(),
        scope: "research-only".to_owned(),
        workflow: "built-in".to_owned(),
        state: "research".to_owned(),
        outcome: None,
        parent: (number > 1).then(|| run(1)),
        started: UtcMillis(started),
        updated: UtcMillis(started),
    }
}

fn unknown_run_is_empty(storage: &dyn Storage) {
    let run = run(1);
    assert_eq!(sequences(storage, &run), [0; 0]);
    assert_eq!(storage.header(&run).expect("read"), None);
    assert_eq!(storage.headers().expect("read"), []);
    assert_eq!(storage.lease(&run).expect("read"), None);
    assert_eq!(storage.snapshot(&run).expect("read"), None);
    commit(storage, &run, |transaction| {
        assert_eq!(transaction.last_sequence()?, 0);
        assert_eq!(transaction.tail(0)?, []);
        assert_eq!(transaction.lease()?, None);
        Ok(())
    });
}

fn records_come_back(storage: &dyn Storage) {
    let run = run(1);
    let odd = StoredRecord { sequence: 2, at: UtcMillis(-1), format: u32::MAX, body: vec![0, 255, b'"', b'\n'] };
    let long = StoredRecord { body: vec![b'x'; 100_000], ..record(3) };
    let empty = StoredRecord { body: Vec::new(), ..record(4) };
    let written = [record(1), odd, long, empty];
    append(storage, &run, 0, &written[..2]);
    append(storage, &run, 2, &written[2..]);
    let read = |after, limit| storage.records(&run, after, limit).expect("the records are read");
    assert_eq!(read(0, usize::MAX), written);
    assert_eq!(read(1, 2), written[1..3], "a page in the middle");
    assert_eq!(read(4, 10), [], "after the end");
    assert_eq!(read(u64::MAX, 10), [], "far after the end");
    assert_eq!(read(0, 0), [], "a limit of nothing");
}

fn runs_do_not_mix(storage: &dyn Storage) {
    append(storage, &run(1), 0, &[record(1), record(2)]);
    append(storage, &run(2), 0, &[record(1)]);
    append(storage, &run(1), 2, &[record(3)]);
    assert_eq!(sequences(storage, &run(1)), [1, 2, 3]);
    assert_eq!(sequences(storage, &run(2)), [1]);
}

#[track_caller]
fn check_refused(storage: &dyn Storage, run: &RunId, after: u64, records: &[StoredRecord], want: (u64, u64)) {
    let result = storage.transaction(run, &mut |transaction| transaction.append(after, records).map(|()| true));
    match result {
        Err(StorageError::OutOfOrder { run: named, expected, found }) => {
            assert_eq!((&named, expected, found), (run, want.0, want.1));
        }
        other => assert!(matches!(other, Err(StorageError::OutOfOrder { .. })), "accepted or failed: {other:?}"),
    }
    assert_eq!(sequences(storage, run), [1, 2], "a refused append left something");
}

fn append_must_continue(storage: &dyn Storage) {
    let run = run(1);
    append(storage, &run, 0, &[record(1), record(2)]);
    check_refused(storage, &run, 1, &[record(2)], (1, 2));
    check_refused(storage, &run, 5, &[record(6)], (5, 2));
    check_refused(storage, &run, 2, &[record(4)], (3, 2));
    check_refused(storage, &run, 2, &[record(2)], (1, 2));
    check_refused(storage, &run, 2, &[record(3), record(5)], (4, 3));
    check_refused(storage, &run, 2, &[record(3), record(3)], (2, 3));
    check_refused(storage, &run, 2, &[record(0)], (0, 2));
}

fn own_writes_are_seen(storage: &dyn Storage) {
    let run = run(1);
    append(storage, &run, 0, &[record(1)]);
    commit(storage, &run, |transaction| {
        transaction.append(1, &[record(2)])?;
        assert_eq!(transaction.last_sequence()?, 2);
        assert_eq!(transaction.tail(0)?, [record(1), record(2)]);
        assert_eq!(transaction.tail(1)?, [record(2)]);
        transaction.append(2, &[record(3)])?;
        let lease = Lease { epoch: Token(4), holder: None };
        transaction.put_lease(&lease)?;
        assert_eq!(transaction.lease()?, Some(lease));
        Ok(())
    });
    assert_eq!(sequences(storage, &run), [1, 2, 3]);
}

fn write_everything(transaction: &mut dyn Transaction) -> Result<(), StorageError> {
    transaction.append(1, &[record(2)])?;
    transaction.put_lease(&Lease { epoch: Token(9), holder: None })?;
    transaction.put_header(&header(1, 5))
}

fn check_rolled_back(storage: &dyn Storage) {
    assert_eq!(sequences(storage, &run(1)), [1]);
    assert_eq!(storage.lease(&run(1)).expect("read"), None);
    assert_eq!(storage.header(&run(1)).expect("read"), None);
    append(storage, &run(1), 1, &[record(2)]);
    assert_eq!(sequences(storage, &run(1)), [1, 2], "the next transaction works");
}

fn false_rolls_back(storage: &dyn Storage) {
    append(storage, &run(1), 0, &[record(1)]);
    let result = storage.transaction(&run(1), &mut |transaction| write_everything(transaction).map(|()| false));
    result.expect("a rollback by choice is no error");
    check_rolled_back(storage);
}

fn error_rolls_back(storage: &dyn Storage) {
    append(storage, &run(1), 0, &[record(1)]);
    let result = storage.transaction(&run(1), &mut |transaction| {
        write_everything(transaction)?;
        Err(StorageError::TooNew { place: "here".to_owned(), found: 8, known: 7 })
    });
    assert!(matches!(result, Err(StorageError::TooNew { found: 8, known: 7, .. })), "got {result:?}");
    check_rolled_back(storage);
}

fn panic_rolls_back(storage: &dyn Storage) {
    append(storage, &run(1), 0, &[record(1)]);
    let result = catch_unwind(AssertUnwindSafe(|| {
        storage.transaction(&run(1), &mut |transaction| {
            write_everything(transaction)?;
            std::panic::resume_unwind(Box::new("raised by the scenario"))
        })
    }));
    assert!(result.is_err(), "the panic was swallowed");
    check_rolled_back(storage);
}

fn lease_epochs_survive(storage: &dyn Storage) {
    let run = run(1);
    let holder = Holder { boot_id: "boot".to_owned(), pid: u32::MAX, start_time: u64::MAX };
    let held = Lease { epoch: Token(1), holder: Some(holder) };
    let released = Lease { holder: None, ..held.clone() };
    let taken_over = Lease { epoch: Token(u64::MAX), ..held.clone() };
    for lease in [held, released, taken_over] {
        commit(storage, &run, |transaction| transaction.put_lease(&lease));
        assert_eq!(storage.lease(&run).expect("read"), Some(lease.clone()));
        commit(storage, &run, |transaction| {
            assert_eq!(transaction.lease()?, Some(lease.clone()));
            Ok(())
        });
    }
}

fn headers_newest_first(storage: &dyn Storage) {
    for (number, started) in [(3, 20), (1, 20), (4, 10), (2, 30)] {
        commit(storage, &run(number), |transaction| transaction.put_header(&header(number, started)));
    }
    append(storage, &run(5), 0, &[record(1)]);
    let headers = storage.headers().expect("read");
    let expected = [header(2, 30), header(3, 20), header(1, 20), header(4, 10)];
    assert_eq!(headers, expected, "newest `started` first, ties by run id descending, none without a header");
    assert_eq!(storage.header(&run(3)).expect("read"), Some(header(3, 20)));
}

fn header_is_replaced(storage: &dyn Storage) {
    let first = header(1, 5);
    let request = "a long request ".repeat(2_000);
    let outcome = Some("succeeded".to_owned());
    let second = RunHeader { request, outcome, state: "complete".to_owned(), updated: UtcMillis(9), ..first.clone() };
    for header in [&first, &second, &first] {
        commit(storage, &run(1), |transaction| transaction.put_header(header));
        assert_eq!(storage.headers().expect("read"), std::slice::from_ref(header));
    }
}

fn snapshot_is_replaced(storage: &dyn Storage) {
    let first = StoredSnapshot { fold_version: 1, sequence: 7, body: b"{}".to_vec() };
    let second = StoredSnapshot { fold_version: 2, sequence: 9, body: [0, 255].repeat(50_000) };
    for snapshot in [&first, &second, &first] {
        storage.put_snapshot(&run(1), snapshot).expect("the snapshot is written");
        assert_eq!(storage.snapshot(&run(1)).expect("read").as_ref(), Some(snapshot));
    }
    assert_eq!(storage.snapshot(&run(2)).expect("read"), None);
    assert_eq!(sequences(storage, &run(1)), [0; 0], "a snapshot is not a part of the journal");
}

fn no_lost_update(storage: &dyn Storage) {
    const THREADS: u32 = 8;
    const EACH: u64 = 25;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            // All write to one run, and each to one of its own as well.
            scope.spawn(move || {
                for round in 1..=EACH {
                    append_next(storage, &run(1)).expect("the append to the shared run succeeds");
                    let own = append_next(storage, &run(100 + thread)).expect("the append succeeds");
                    assert_eq!(own, round, "foreign records in a run of one writer");
                }
            });
        }
    });
    assert_eq!(sequences(storage, &run(1)), (1..=EACH * u64::from(THREADS)).collect::<Vec<_>>());
}

fn readers_see_old_state(storage: &dyn Storage) {
    append(storage, &run(1), 0, &[record(1)]);
    let (opened, is_open) = mpsc::channel();
    let (close, may_close) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            commit(storage, &run(1), |transaction| {
                write_everything(transaction)?;
                opened.send(()).expect("the reader waits for this");
                may_close.recv().expect("the reader sends this");
                Ok(())
            });
        });
        is_open.recv().expect("the writer sends this");
        let seen = (
            storage.records(&run(1), 0, usize::MAX),
            storage.lease(&run(1)),
            storage.header(&run(1)),
            storage.change_counter(),
        );
        // Let go before judging, or a failure would leave the writer waiting and the scenario hanging.
        close.send(()).expect("the writer waits for this");
        assert_eq!(seen.0.expect("read"), [record(1)]);
        assert_eq!((seen.1.expect("read"), seen.2.expect("read")), (None, None));
        assert!(seen.3.is_ok(), "polling failed under a writer: {:?}", seen.3);
    });
    assert_eq!(sequences(storage, &run(1)), [1, 2]);
}

fn change_counter_moves(storage: &dyn Storage) {
    let counter = || storage.change_counter().expect("the counter is read");
    let before = counter();
    assert_eq!(counter(), before, "it moved without a commit");
    append_next(storage, &run(1)).expect("the append succeeds");
    let after = counter();
    assert_ne!(after, before, "it did not move with a commit");
    let undone = storage.transaction(&run(1), &mut |transaction| write_everything(transaction).map(|()| false));
    undone.expect("a rollback by choice is no error");
    assert_eq!(counter(), after, "it moved with a rollback");
}
