//! One process at a journal, for tests that kill it and for counting what a write costs.

use coordinate_engine::port::{Storage, StorageError};
use coordinate_model::ids::RunId;
use coordinate_store::{SqliteStorage, conformance};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: journal-probe append|waits|reads|threads JOURNAL RUN-NUMBER COUNT";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match perform(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &[String]) -> Result<(), String> {
    let [action, journal, run, count] = arguments else { return Err(USAGE.to_owned()) };
    let run = run.parse().map_err(|_| USAGE.to_owned())?;
    let count = count.parse().map_err(|_| USAGE.to_owned())?;
    let action = match action.as_str() {
        "append" => append,
        "waits" => waits,
        "reads" => reads,
        "threads" => threads,
        _ => return Err(USAGE.to_owned()),
    };
    action(Path::new(journal), &conformance::run(run), count).map_err(|error| error.to_string())
}

fn say(line: impl std::fmt::Display) {
    // A reader that went away is no reason to stop: the journal is what counts.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Says the sequence of each append after its commit.
fn append(journal: &Path, run: &RunId, count: u32) -> Result<(), StorageError> {
    let storage = SqliteStorage::open(journal)?;
    for _ in 0..count {
        say(conformance::append_next(&storage, run)?);
    }
    Ok(())
}

/// How long `waits` keeps each transaction open: a slow disk's sync, so that its figures mean the same on any.
const HELD: Duration = Duration::from_millis(1);

/// Says for each append how many microseconds it took.
fn waits(journal: &Path, run: &RunId, count: u32) -> Result<(), StorageError> {
    let storage = SqliteStorage::open(journal)?;
    let mut taken = Vec::new();
    for _ in 0..count {
        let begun = Instant::now();
        storage.transaction(run, &mut |transaction| {
            let last = transaction.last_sequence()?;
            transaction.append(last, &[conformance::record(last + 1)])?;
            thread::sleep(HELD);
            Ok(true)
        })?;
        taken.push(begun.elapsed().as_micros());
    }
    taken.iter().for_each(say);
    Ok(())
}

/// Opens, reads and closes `count` times, as that many short commands would.
fn reads(journal: &Path, run: &RunId, count: u32) -> Result<(), StorageError> {
    let begun = Instant::now();
    for _ in 0..count {
        let storage = SqliteStorage::open(journal)?;
        storage.records(run, 0, 20)?;
        storage.header(run)?;
    }
    say(format_args!("{} us each", begun.elapsed().as_micros() / u128::from(count.max(1))));
    Ok(())
}

/// Sixteen threads with a run of their own each, `count` appends in each.
fn threads(journal: &Path, _run: &RunId, count: u32) -> Result<(), StorageError> {
    let storage = SqliteStorage::open(journal)?;
    let begun = Instant::now();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..16)
            .map(|number| {
                scope.spawn({
                    let storage = &storage;
                    move || write_own(storage, number, count)
                })
            })
            .collect();
        writers.into_iter().try_for_each(|writer| writer.join().unwrap_or(Ok(())))
    })?;
    let rate = f64::from(16 * count) / begun.elapsed().as_secs_f64();
    say(format_args!("{rate:.0} appends/s"));
    Ok(())
}

fn write_own(storage: &SqliteStorage, number: u32, count: u32) -> Result<(), StorageError> {
    let run = conformance::run(1000 + number);
    (0..count).try_for_each(|_| conformance::append_next(storage, &run).map(|_| ()))
}
