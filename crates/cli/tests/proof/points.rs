//! A kill at every point: at each call of the program whose effect others can see, of a set of small runs that between
//! them write every kind of event.
//!
//! By default a few points of each scenario are tried. `cargo xtask crash-sweep` tries all, and prints the table:
//! `COORDINATE_SWEEP` is the stride then, `COORDINATE_SWEEP_SCENARIO` names one, `COORDINATE_SWEEP_JOBS` says how many at
//! a time, and `COORDINATE_SWEEP_TO` names a file for the counts. `COORDINATE_SWEEP_FROM` and `COORDINATE_SWEEP_UNTIL` are
//! the first and the last point that is tried, to look at some of them closely.

mod scenario;
mod table;
mod trial;

use coordinate_testkit::points::{Deed, Who};
use scenario::{SCENARIOS, Scenario};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use table::Table;
use trial::{Fault, Reference, Survived, reference, survive};

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str) -> Option<u64> {
    variable(name).and_then(|text| text.parse().ok())
}

/// The points to be tried: every `stride`-th, beginning with one that differs between scenarios.
fn places(reference: &Reference, stride: u64, place: u64) -> Vec<u64> {
    let first = number("COORDINATE_SWEEP_FROM").unwrap_or(1);
    let last = number("COORDINATE_SWEEP_UNTIL").unwrap_or(u64::MAX).min(reference.points.len() as u64);
    (first..=last).filter(|at| stride <= 1 || at % stride == place % stride).collect()
}

/// What is to be tried of a scenario.
fn faults(reference: &Reference, who: Who, (stride, place): (u64, u64)) -> Vec<Fault> {
    let fault = |at: u64| {
        let writes = reference.points.iter().any(|point| point.number == at && point.kind.ends_with("write"));
        // A torn write is one that was begun; the points beside it stand for before and after.
        let deed = if writes && at.is_multiple_of(2) { Deed::KillTorn } else { Deed::KillBefore };
        // Each third death takes all that the run has started with it.
        Fault { at, deed, who, everything: at.is_multiple_of(3) }
    };
    places(reference, stride, place).into_iter().map(fault).collect()
}

fn jobs() -> usize {
    usize::try_from(number("COORDINATE_SWEEP_JOBS").unwrap_or(2)).expect("a few")
}

/// Tries all, several at a time.
fn attempt(scenario: &Scenario, reference: &Reference, faults: &[Fault]) -> Vec<Survived> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs() {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let result = survive(scenario, reference, *fault);
                    result.faults().for_each(|what| println!("{} {fault:?}: {what}", scenario.name));
                    results.lock().expect("no test panics with it").push(result);
                }
            });
        }
    });
    results.into_inner().expect("no test panics with it")
}

/// Tries points of these processes of a scenario; what came of each is in the table.
fn sweep(scenario: &Scenario, who: Who, stride: u64, table: &mut Table) {
    let reference = reference(scenario, who);
    let place = SCENARIOS.iter().position(|one| one.name == scenario.name).unwrap_or(0) as u64;
    table.begin(scenario.name, &reference.points);
    let results = attempt(scenario, &reference, &faults(&reference, who, (stride, place)));
    results.iter().for_each(|result| table.add(scenario.name, result));
}

/// Tries the scenarios that are asked for, prints the table, and holds it to nothing lost and nothing repeated.
#[track_caller]
fn sweep_all(who: Who, usual: u64, is_one: impl Fn(&str) -> bool) {
    let wanted = variable("COORDINATE_SWEEP_SCENARIO");
    let mut table = Table::default();
    let asked = |one: &&Scenario| wanted.as_ref().map_or_else(|| is_one(one.name), |name| one.name == name);
    for scenario in SCENARIOS.iter().filter(asked) {
        sweep(scenario, who, number("COORDINATE_SWEEP").unwrap_or(usual), &mut table);
    }
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
    sweep_all(Who::Driver, 199, |_| true);
}

/// A git that dies while it writes leaves half of an object, and its locks. The locks of our own refs and trees are taken
/// away, those of the user's repository are named.
///
/// Shows N1.
#[test]
fn a_git_that_is_killed_loses_nothing() {
    sweep_all(Who::Git, 997, |name| ["plan", "late", "time"].contains(&name));
}

/// Who supervises an attempt dies: its agent is begun again, and no other.
///
/// Shows N1.
#[test]
fn a_supervisor_that_is_killed_repeats_nothing_that_was_done() {
    sweep_all(Who::Shim, 19, |name| ["plan", "people", "asks"].contains(&name));
}

/// A supervisor has taken its folder and dies before it can say so: whoever waits for it finds the folder taken.
///
/// Shows N1.
#[test]
fn a_supervisor_that_is_killed_before_its_first_word_is_replaced() {
    let scenario = SCENARIOS.iter().find(|one| one.name == "people").expect("it is one of them");
    let reference = reference(scenario, Who::Shim);
    let said = reference.points.iter().filter(|point| point.kind == "report");
    let fault = |at: u64| Fault { at, deed: Deed::KillBefore, who: Who::Shim, everything: false };
    let faults: Vec<Fault> = said.map(|point| fault(point.number)).collect();
    let results = attempt(scenario, &reference, &faults);
    let wrong: Vec<&String> = results.iter().flat_map(Survived::faults).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(results.iter().any(|result| result.kind.as_deref() == Some("report")), "none was killed there");
}

/// Every kind of event that a journal can hold comes in some scenario.
///
/// Shows N1.
#[test]
fn the_scenarios_write_every_kind_of_event() {
    let mut written = BTreeSet::new();
    for scenario in SCENARIOS {
        written.extend(reference(scenario, Who::Driver).kinds.iter().cloned());
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
    let deeds = [
        Deed::Full,
        Deed::ReadOnly,
        Deed::SyncFails,
        Deed::FailsOnce,
        Deed::Short,
        Deed::Clock(7_200),
        Deed::Clock(-7_200),
    ];
    let stride = number("COORDINATE_SWEEP").unwrap_or(763);
    let mut wrong = Vec::new();
    for scenario in SCENARIOS.iter().filter(|one| ["forge", "plan", "people"].contains(&one.name)) {
        let reference = reference(scenario, Who::Driver);
        let faults = (0..).zip(deeds).flat_map(|(place, deed)| {
            let at = places(&reference, stride, place * stride / deeds.len() as u64).into_iter();
            at.map(move |at| Fault { at, deed, who: Who::Driver, everything: false })
        });
        let results = attempt(scenario, &reference, &faults.collect::<Vec<_>>());
        let told =
            |result: &Survived| result.faults().map(|what| format!("{:?}: {what}", result.kind)).collect::<Vec<_>>();
        wrong.extend(results.iter().flat_map(told));
    }
    assert!(wrong.is_empty(), "{} went wrong:\n{}", wrong.len(), wrong.join("\n"));
}
