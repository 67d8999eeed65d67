//! A kill at every point: at each call of the program whose effect others can see, of a set of small runs that between
//! them write every kind of event.
//!
//! By default a few points of each scenario are tried. `cargo xtask crash-sweep` tries all, and prints the table:
//! `COORDINATE_SWEEP` is the stride then, `COORDINATE_SWEEP_SCENARIO` names one, `COORDINATE_SWEEP_JOBS` says how many at
//! a time, and `COORDINATE_SWEEP_TO` names a file for the counts.

mod scenario;
mod table;
mod trial;

use coordinate_testkit::points::{Deed, Who};
use scenario::{SCENARIOS, Scenario};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use table::Table;
use trial::{Fault, Reference, reference, survive};

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str) -> Option<u64> {
    variable(name).and_then(|text| text.parse().ok())
}

/// What is to be tried of a scenario: every `stride`-th point, from one that differs between scenarios.
fn faults(reference: &Reference, stride: u64, place: u64) -> Vec<Fault> {
    let at = |number: &u64| stride <= 1 || number % stride == place % stride;
    let chosen = (1..=reference.points.len() as u64).filter(at);
    let fault = |at: u64| {
        let writes = reference.points.iter().any(|point| point.number == at && point.kind.ends_with("write"));
        // A torn write is one that was begun; the points beside it stand for before and after.
        let deed = if writes && at.is_multiple_of(2) { Deed::KillTorn } else { Deed::KillBefore };
        // Each third death takes all that the run has started with it.
        Fault { at, deed, who: Who::Driver, everything: at.is_multiple_of(3) }
    };
    chosen.map(fault).collect()
}

/// Tries all, several at a time; what came of each is in the table.
fn sweep(scenario: &Scenario, stride: u64, jobs: usize, table: &Mutex<Table>) {
    let reference = reference(scenario);
    let place = SCENARIOS.iter().position(|one| one.name == scenario.name).unwrap_or(0) as u64;
    let faults = faults(&reference, stride, place);
    table.lock().expect("no test panics with it").begin(scenario.name, &reference.points);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let result = survive(scenario, &reference, *fault);
                    result.faults().for_each(|what| println!("{} {fault:?}: {what}", scenario.name));
                    table.lock().expect("no test panics with it").add(scenario.name, &result);
                }
            });
        }
    });
}

/// Tries the scenarios that are asked for, prints the table, and holds it to nothing lost and nothing repeated.
#[track_caller]
fn sweep_all(usual: u64) {
    let jobs = usize::try_from(number("COORDINATE_SWEEP_JOBS").unwrap_or(2)).expect("a few");
    let wanted = variable("COORDINATE_SWEEP_SCENARIO");
    let table = Mutex::new(Table::default());
    for scenario in SCENARIOS.iter().filter(|one| wanted.as_ref().is_none_or(|name| one.name == name)) {
        sweep(scenario, number("COORDINATE_SWEEP").unwrap_or(usual), jobs, &table);
    }
    let table = table.into_inner().expect("no test panics with it");
    println!("{}", table.text());
    if let Some(path) = variable("COORDINATE_SWEEP_TO") {
        std::fs::write(&path, table.json()).expect("the counts can be written");
    }
    assert!(table.kills() > 0, "nothing was tried");
    assert!(table.is_clean(), "something was lost or repeated:\n{}", table.text());
}

/// Shows N1.
#[test]
fn a_kill_at_any_point_loses_and_repeats_nothing() {
    // A few dozen kills; the whole sweep is a task of its own.
    sweep_all(199);
}

/// Every kind of event that a journal can hold comes in some scenario.
///
/// Shows N1.
#[test]
fn the_scenarios_write_every_kind_of_event() {
    let mut written = BTreeSet::new();
    for scenario in SCENARIOS {
        written.extend(reference(scenario).kinds.iter().cloned());
    }
    let mut missing = scenario::kinds_of_events();
    assert!(missing.len() > 40, "{missing:?}");
    missing.retain(|kind| !written.contains(kind));
    assert_eq!(missing, [""; 0], "kinds of events that no scenario writes");
}

/// A disk that is full, read-only or broken from some point on, a call that fails once, a write that is cut short, a clock
/// that jumps: the run ends as if nothing had been, or stops with what is wrong and goes on when it is mended.
///
/// Shows N1.
#[test]
fn disks_that_fail_and_clocks_that_jump_lose_nothing() {
    let scenario = SCENARIOS.iter().find(|one| one.name == "forge").expect("it is one of them");
    let reference = reference(scenario);
    let deeds = [
        Deed::Full,
        Deed::ReadOnly,
        Deed::SyncFails,
        Deed::FailsOnce,
        Deed::Short,
        Deed::Clock(7_200),
        Deed::Clock(-7_200),
    ];
    let stride = number("COORDINATE_SWEEP").unwrap_or(211);
    let mut wrong = Vec::new();
    for (place, deed) in deeds.into_iter().enumerate() {
        let first = 1 + place as u64 * 29;
        for at in (first..reference.points.len() as u64).step_by(usize::try_from(stride).expect("a few")) {
            let fault = Fault { at, deed, who: Who::Driver, everything: false };
            let result = survive(scenario, &reference, fault);
            wrong.extend(result.faults().map(|what| format!("{fault:?} at a {:?}: {what}", result.kind)));
        }
    }
    assert!(wrong.is_empty(), "{} went wrong:\n{}", wrong.len(), wrong.join("\n"));
}
