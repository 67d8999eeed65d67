//! Workloads for `cargo xtask bench`: each does one thing to its end and prints its own figures as `name value` lines.
//! Nothing of this ships.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a workload that fails can only end, loudly")]

mod append;
mod context;
mod plans;
mod snapshot;
mod world;

use coordinate_engine::driver::{Driver, Stopped, mailbox};
use coordinate_engine::journal::Journal;
use coordinate_engine::port::{Clock, Holder};
use coordinate_model::event::Outcome;
use coordinate_model::time::UtcMillis;
use coordinate_store::SqliteStorage;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use world::World;

/// The machine's clock; chance is not needed.
struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> UtcMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UtcMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn entropy(&self) -> u64 {
        0
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse().expect("a count");
    match words.as_slice() {
        ["steps", folder, count] => drive(Path::new(folder), plans::chain(number(count)), &mut World::instant()),
        ["spawn", folder, count, "chain"] => {
            drive(Path::new(folder), plans::chain(number(count)), &mut World::spawning());
        }
        ["spawn", folder, count, "wide"] => {
            drive(Path::new(folder), plans::wide(number(count)), &mut World::spawning());
        }
        ["phases", folder, count] => drive(Path::new(folder), plans::phases(number(count)), &mut World::instant()),
        ["context", _, count] => context::print(number(count)),
        ["snapshot", folder, count] => snapshot::snapshot(Path::new(folder), number(count)),
        ["append", folder, count] => append::append(Path::new(folder), number(count)),
        _ => println!("usage: steps|phases|append|context|snapshot FOLDER COUNT, spawn FOLDER COUNT chain|wide"),
    }
}

/// Drives one run to its end on a SQLite journal in `folder`.
fn drive(folder: &Path, created: coordinate_model::event::Created, world: &mut World) {
    let state = folder.join(".coordinate/state");
    std::fs::create_dir_all(&state).expect("the folder can be made");
    let storage = SqliteStorage::open(&state.join("journal.db")).expect("the journal opens");
    let clock = Arc::new(WallClock);
    let journal = Journal::new(Arc::new(storage), clock.clone());
    let (run, _) = journal.create(created).expect("the run can be created");
    let holder = Holder { boot_id: String::new(), pid: 0, start_time: 0 };
    let taken = journal.take(run.id(), &holder, &|_| false).expect("the run can be taken");
    let (id, epoch) = (taken.0.id().clone(), taken.1);
    let began = Instant::now();
    let mut listeners = [];
    let mut driver = Driver::new(&journal, clock, taken, world, &mut listeners, mailbox());
    let stopped = driver.drive(0).expect("the journal takes it");
    let took = began.elapsed();
    assert_eq!(stopped, Stopped::Ended(Outcome::Succeeded), "{:?}", driver.run().closing);
    let steps = driver.run().steps.len();
    journal.put_snapshot(driver.run()).expect("the snapshot is written");
    journal.release(&id, epoch).expect("the lease is given back");
    let mut laps = world.laps();
    laps.sort_unstable();
    println!("run {id}");
    println!("steps {steps}");
    println!("seconds {:.6}", took.as_secs_f64());
    println!("p50_us {}", laps.get(laps.len() / 2).copied().unwrap_or(0));
}
