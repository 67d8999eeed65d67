//! What is done about each class of failure: one row a class, as the page on errors has them.

use crate::rounds::{count, drive};
use coordinate_model::event::{Event, Outcome};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::input::{Input, Performed};
use coordinate_model::obligation::Effect;
use coordinate_testkit::runs::created;

/// A class, how often a step is tried that always fails so, and how often failing tests of this class are repaired.
#[track_caller]
fn check(class: FailureClass, tries: usize, repairs: usize) {
    let failure = || Failure::new(class, FailureKind::TestFailure, "it fails");
    let launch = drive(created(&[&[]]).build(), |one, of| {
        let input = Input::NotStarted { of: of.clone(), failure: failure() };
        (one.key.effect == Effect::Launch).then_some(input)
    });
    assert_eq!(launch.run.outcome, Some(Outcome::Failed), "{class}");
    assert_eq!(launch.run.steps[0].attempts.len(), tries, "{class}");
    let red = drive(created(&[&[]]).replan(None).build(), |one, of| {
        let result = Performed::Failed { failure: failure(), verdicts: Vec::new() };
        let is_check = one.key.effect == Effect::Perform && of.step.as_str().contains("/p1/");
        is_check.then(|| Input::Performed { of: of.clone(), result })
    });
    assert_eq!(count(&red, |event| matches!(event, Event::RepairAdded { .. })), repairs, "{class}");
    assert_eq!((tries > 1, repairs > 0), (class.handling().retried, class.handling().repairable), "{class}");
}

/// Shows S14.
#[test]
fn transient() {
    check(FailureClass::Transient, 3, 0);
}

/// Shows S14.
#[test]
fn quota() {
    check(FailureClass::Quota, 1, 0);
}

/// Shows S14.
#[test]
fn permanent() {
    check(FailureClass::Permanent, 1, 3);
}

/// Shows S14.
#[test]
fn fatal() {
    check(FailureClass::Fatal, 1, 0);
}

/// Shows S14.
#[test]
fn cancelled() {
    check(FailureClass::Cancelled, 1, 0);
}

/// Shows S14.
#[test]
fn agent_misbehaved() {
    check(FailureClass::AgentMisbehaved, 1, 0);
}

/// The end of an agent's output tells the class of its exit.
#[test]
fn an_exit_is_tried_again_if_its_output_tells_that_it_may_pass() {
    use coordinate_model::event::AttemptEnding;
    let ended = |line: &str| {
        drive(created(&[&[]]).build(), |one, of| {
            let ending = AttemptEnding::Exited { code: 1 };
            let tail = vec!["before".to_owned(), line.to_owned()];
            let input = Input::Ended { of: of.clone(), ending, snapshot: None, tail };
            (one.key.effect == Effect::Supervise).then_some(input)
        })
    };
    let busy = ended("error: database is locked");
    assert_eq!(busy.run.steps[0].attempts.len(), 3);
    let (_, failure) = busy.run.failures().next().unwrap();
    assert_eq!(
        (failure.class, failure.found.as_str()),
        (FailureClass::Transient, "exit code 1, with `error: database is locked`")
    );
}
