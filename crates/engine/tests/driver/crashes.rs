//! A process dies after each commit, or a write fails: the next driver goes on, and nothing is done twice.

use crate::hand::{Hand, Project, check_never_again, essence};
use coordinate_engine::driver::Stopped;
use coordinate_engine::journal::JournalError;
use coordinate_engine::port::StorageError;
use coordinate_model::event::{Created, Outcome};
use coordinate_model::ids::RunId;
use coordinate_testkit::faults::{Fault, FaultyStorage, memory, sqlite};
use coordinate_testkit::runs::created;
use coordinate_testkit::world::{Habits, World};
use std::sync::Arc;

/// Six phases, some of whose agents stumble, are lost, or need a repair; the plan is changed twice.
fn eventful() -> (Created, World) {
    let created = created(&[&[], &[1], &[1], &[], &[2, 3], &[4]]).build();
    let habits = Habits { agents_stumble: 30, agents_lost: 20, tests_fail: 25, ..Habits::default() };
    (created, World::new(2, habits))
}

fn quiet() -> (Created, World) {
    (created(&[&[], &[1]]).build(), World::kind())
}

/// The whole of an undisturbed run: what came of it, and how many commits it took.
fn undisturbed((created, world): (Created, World)) -> (String, u64) {
    let storage = Arc::new(FaultyStorage::new(memory(), Fault::RolledBack, 0));
    let project = Project::new(storage.clone());
    let id = project.create(created);
    let before = storage.committed();
    let mut hand = Hand::new(world);
    assert_eq!(project.drive(&id, &mut hand).unwrap(), Stopped::Ended(Outcome::Succeeded));
    check_never_again(&hand, &project.events(&id));
    (essence(&project.run(&id)), storage.committed() - before)
}

fn fails(project: &Project, id: &RunId, hand: &mut Hand, fault: Fault, nth: u64) {
    let faulty = project.through(Arc::new(FaultyStorage::new(Arc::clone(&project.storage), fault, nth)));
    let error = faulty.drive(id, hand).unwrap_err();
    assert!(matches!(error, JournalError::Storage(StorageError::Medium { .. })), "{error}");
    assert_eq!(error.to_string(), "failed to write the journal at `a faulty medium`: no space left on device");
}

/// One death at a commit, then a second driver to the end.
fn dies_once(project: &Project, (created, world): (Created, World), fault: Fault, nth: u64, expected: &str) {
    let id = project.create(created);
    let mut hand = Hand::new(world);
    fails(project, &id, &mut hand, fault, nth);
    let mut hand = hand.restarted();
    assert_eq!(project.drive(&id, &mut hand).unwrap(), Stopped::Ended(Outcome::Succeeded), "death at commit {nth}");
    assert_eq!(essence(&project.run(&id)), expected, "death at commit {nth}");
    check_never_again(&hand, &project.events(&id));
}

/// Shows S22.
#[test]
fn a_driver_may_die_after_any_commit() {
    let (expected, commits) = undisturbed(eventful());
    assert!(commits > 40, "{commits} commits are no test");
    for nth in 1..=commits {
        dies_once(&Project::new(memory()), eventful(), Fault::AfterCommit, nth, &expected);
    }
}

#[test]
fn a_failed_write_stops_the_driver_and_the_next_goes_on() {
    let (expected, commits) = undisturbed(eventful());
    for nth in (1..=commits).step_by(3) {
        dies_once(&Project::new(memory()), eventful(), Fault::RolledBack, nth, &expected);
    }
}

#[test]
fn a_run_whose_drivers_die_at_every_commit_still_ends() {
    let (created, world) = eventful();
    let (expected, _) = undisturbed((created.clone(), world.clone()));
    let project = Project::new(memory());
    let id = project.create(created);
    let mut hand = Hand::new(world);
    // Two commits take the lease and say so; the third brings the run on.
    for _ in 0..500 {
        if project.run(&id).outcome.is_some() {
            break;
        }
        let storage = Arc::new(FaultyStorage::new(Arc::clone(&project.storage), Fault::AfterCommit, 3));
        let _ = project.through(storage).drive(&id, &mut hand);
        hand = hand.restarted();
    }
    assert_eq!(essence(&project.run(&id)), expected);
    check_never_again(&hand, &project.events(&id));
}

#[test]
fn it_is_the_same_on_disk() {
    let (expected, commits) = undisturbed(quiet());
    for nth in (1..=commits).step_by(3) {
        for fault in [Fault::AfterCommit, Fault::RolledBack] {
            let folder = tempfile::tempdir().unwrap();
            let project = Project::new(sqlite(&folder.path().join("journal.db")));
            dies_once(&project, quiet(), fault, nth, &expected);
        }
    }
}
