//! The end of a model's client: what it said of its work counts more than its exit code.

use crate::rounds::drive;
use coordinate_model::client::{Cause, ClientResult, Usage};
use coordinate_model::event::{AttemptEnding, Observation};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::input::Input;
use coordinate_model::obligation::Effect;
use coordinate_model::run::Run;
use coordinate_testkit::runs::created;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A run of one phase whose client says this and ends with this code, at every try.
fn run(said: &[Observation], code: i32, tail: &[&str]) -> Run {
    ended(said, &AttemptEnding::Exited { code }, tail)
}

fn ended(said: &[Observation], ending: &AttemptEnding, tail: &[&str]) -> Run {
    let mut created = created(&[&[]]).build();
    created.options.agent.name = "claude".to_owned();
    created.options.agent.concludes = true;
    let told = RefCell::new(BTreeSet::new());
    let live = drive(created, |one, of| {
        if one.key.effect != Effect::Supervise {
            return None;
        }
        let observations = said.to_vec();
        let ended = Input::Ended {
            of: of.clone(),
            ending: ending.clone(),
            snapshot: None,
            tail: tail.iter().map(|line| (*line).to_owned()).collect(),
        };
        let first = told.borrow_mut().insert((of.step.clone(), of.attempt)) && !said.is_empty();
        Some(if first { Input::Observed { of: of.clone(), offset: 1, observations } } else { ended })
    });
    live.run
}

fn result(cause: Option<Cause>, message: &str) -> Observation {
    Observation::Result { result: ClientResult { cause, message: message.to_owned() } }
}

/// The failure of a client that ends so, and how often it was tried.
#[track_caller]
fn failure(said: &[Observation], code: i32, tail: &[&str]) -> (Failure, usize) {
    let run = run(said, code, tail);
    let failed = run.failures().next().map(|(_, failure)| failure.clone());
    (failed.unwrap(), run.steps[0].attempts.len())
}

#[test]
fn the_cause_that_a_client_tells_decides_class_and_tries() {
    use FailureClass::{Fatal, Permanent, Transient};
    for (cause, class, tries) in [
        (Cause::LoggedOut, Permanent, 1),
        (Cause::NoCredit, Permanent, 1),
        (Cause::TooLong, Permanent, 1),
        (Cause::UnknownModel, Permanent, 1),
        (Cause::OwnLimit, Permanent, 1),
        (Cause::Other, Permanent, 1),
        (Cause::Service, Transient, 3),
        (Cause::Interrupted, Transient, 3),
        (Cause::Machine, Fatal, 1),
    ] {
        for code in [0, 1] {
            let (failure, tried) = failure(&[result(Some(cause), "so it is")], code, &["noise"]);
            let found = (failure.class, failure.kind, tried);
            assert_eq!(found, (class, FailureKind::ClientFailed, tries), "{cause:?} {code}");
            assert_eq!(failure.message, "`claude` says that it failed: so it is");
            assert_eq!(failure.found, cause.meaning());
            assert_eq!(failure.remedy[0], cause.remedy("claude"));
        }
    }
}

#[test]
fn an_end_with_0_and_no_word_is_no_success() {
    let (failure, tried) = failure(&[], 0, &[]);
    assert_eq!((failure.class, failure.kind, tried), (FailureClass::AgentMisbehaved, FailureKind::NoResult, 1));
    assert!(run(&[result(None, "")], 0, &[]).failures().next().is_none());
}

#[test]
fn the_last_word_counts() {
    let words = [result(Some(Cause::Service), "busy"), result(None, "")];
    assert!(run(&words, 0, &[]).failures().next().is_none());
    let (failure, _) = failure(&[result(None, ""), result(Some(Cause::NoCredit), "no money")], 0, &[]);
    assert_eq!(failure.message, "`claude` says that it failed: no money");
}

#[test]
fn a_client_that_hangs_after_its_last_word_has_done_its_work() {
    assert!(ended(&[result(None, "")], &AttemptEnding::IdleLimit, &[]).failures().next().is_none());
    let silent = ended(&[], &AttemptEnding::IdleLimit, &[]);
    let (_, failure) = silent.failures().next().unwrap();
    assert_eq!((failure.kind, silent.steps[0].attempts.len()), (FailureKind::IdleTimeout, 3));
    assert!(ended(&[result(Some(Cause::Other), "no")], &AttemptEnding::IdleLimit, &[]).failures().next().is_some());
}

#[test]
fn a_client_that_never_began_is_judged_by_its_output() {
    let (missing, _) = failure(&[], 1, &["Not logged in · Please run /login"]);
    assert_eq!((missing.class, missing.kind), (FailureClass::Permanent, FailureKind::ClientFailed));
    assert!(missing.remedy[0].starts_with("log in with `claude`"), "{missing:#?}");
    let (plain, _) = failure(&[], 1, &["something"]);
    assert_eq!(plain.kind, FailureKind::ExitCode);
    // A result that speaks of success does not hide a bad end.
    assert_eq!(failure(&[result(None, "")], 2, &[]).0.kind, FailureKind::ExitCode);
}

#[test]
fn usage_is_summed_unless_it_is_a_sum_already() {
    let usage = |input, output, total| Observation::Usage {
        usage: Usage { input, cached: 0, output, micro_usd: Some(5) },
        total,
    };
    let used = |said: &[Observation]| {
        let said: Vec<Observation> = said.iter().cloned().chain([result(None, "")]).collect();
        run(&said, 0, &[]).steps[0].attempts[0].usage
    };
    let of = |input, output, micro| Some(Usage { input, cached: 0, output, micro_usd: Some(micro) });
    assert_eq!(used(&[usage(1, 2, false), usage(3, 4, false)]), of(4, 6, 10));
    assert_eq!(used(&[usage(1, 2, true), usage(3, 4, true)]), of(3, 4, 5));
    assert_eq!(used(&[]), None);
}

#[test]
fn what_a_client_was_denied_stands_by_the_refusal_of_its_work() {
    let mut created = created(&[&[]]).build();
    created.options.agent.concludes = true;
    let denied = || Observation::Denied { tool: "Bash".to_owned() };
    let told = RefCell::new(false);
    let live = drive(created, |one, of| match one.key.effect {
        Effect::Supervise if !told.replace(true) => Some(Input::Observed {
            of: of.clone(),
            offset: 1,
            observations: vec![denied(), denied(), result(None, "")],
        }),
        Effect::Verify => Some(Input::Verified {
            of: of.clone(),
            result: Err(Failure::new(FailureClass::AgentMisbehaved, FailureKind::NoWork, "nothing")),
        }),
        _ => None,
    });
    let (_, failure) = live.run.failures().next().unwrap();
    assert_eq!(failure.context, ["tools that it was denied: `Bash`"]);
}
