//! Going on in a client's session: what was interrupted does, what failed does not.

use crate::rounds::drive;
use crate::simulation::Live;
use coordinate_model::event::{AttemptEnding, Created, Observation};
use coordinate_model::ids::Token;
use coordinate_model::input::{Input, Of};
use coordinate_model::obligation::Effect;
use coordinate_model::run::Attempt;
use coordinate_testkit::runs::created;

fn resuming() -> Created {
    let mut created = created(&[&[]]).build();
    created.options.agent.resumes = true;
    created
}

/// The attempts of a step whose first one ends so, in the session `s`.
fn attempts(created: Created, ending: &AttemptEnding, tail: &[&str]) -> Vec<Attempt> {
    let live = drive(created, |one, of| {
        let first = of.attempt == 1 && of.step.as_str() == "implement/p1/agent";
        let tail = || tail.iter().map(|line| (*line).to_owned()).collect();
        match one.key.effect {
            Effect::Launch if first => Some(started(of)),
            Effect::Supervise if first => {
                Some(Input::Ended { of: of.clone(), ending: ending.clone(), snapshot: None, tail: tail() })
            }
            _ => None,
        }
    });
    live.run.steps[0].attempts.clone()
}

fn started(of: &Of) -> Input {
    Input::Started { of: of.clone(), pid: 1, tree: "tree".to_owned(), session: Some("s".to_owned()) }
}

#[track_caller]
fn check(created: Created, ending: &AttemptEnding, tail: &[&str], session: Option<&str>) {
    let attempts = attempts(created, ending, tail);
    assert_eq!(attempts.get(1).and_then(|second| second.resumes.as_deref()), session, "{ending:?} {tail:?}");
}

#[test]
fn only_what_was_interrupted_goes_on() {
    check(resuming(), &AttemptEnding::Lost, &[], Some("s"));
    check(resuming(), &AttemptEnding::Stopped, &[], Some("s"));
    check(resuming(), &AttemptEnding::Exited { code: 1 }, &["usage limit reached"], Some("s"));
    check(resuming(), &AttemptEnding::Exited { code: 1 }, &["connection refused"], None);
    check(resuming(), &AttemptEnding::IdleLimit, &[], None);
    // Killed by somebody while its own driver lived: that counts, and begins anew.
    check(resuming(), &AttemptEnding::Signaled { signal: 9 }, &[], None);
    check(resuming(), &AttemptEnding::Exited { code: 137 }, &[], None);
}

#[test]
fn nothing_goes_on_where_that_is_switched_off_or_the_client_can_not() {
    let mut off = resuming();
    off.options.interrupted.resumed = false;
    check(off, &AttemptEnding::Lost, &[], None);
    check(created(&[&[]]).build(), &AttemptEnding::Lost, &[], None);
}

fn of_newest(live: &Live) -> (Effect, Of) {
    let one = live.obligations().remove(0);
    let step = one.key.step.clone().unwrap();
    (one.key.effect, Of { step, attempt: one.key.attempt, token: one.token })
}

/// Brings the first step's attempt to work.
fn begun() -> Live {
    begun_with(resuming())
}

fn begun_with(created: Created) -> Live {
    let mut live = Live::begin(created);
    while live.run.live().next().is_none() {
        let one = live.obligations().remove(0);
        let world = coordinate_testkit::world::World::kind();
        world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
    }
    start(&mut live);
    live
}

fn start(live: &mut Live) {
    let (effect, of) = of_newest(live);
    assert_eq!(effect, Effect::Launch);
    live.send(&started(&of));
}

fn end(live: &mut Live, ending: AttemptEnding) {
    let (_, of) = of_newest(live);
    live.send(&Input::Ended { of, ending, snapshot: None, tail: Vec::new() });
    let waits = live.obligations().into_iter().find(|one| one.key.effect == Effect::Wake);
    if let Some(step) = waits.and_then(|one| one.key.step) {
        let due = live.run.updated;
        live.send(&Input::Due { step, due });
    }
}

#[test]
fn what_was_killed_with_its_driver_goes_on() {
    for (ending, resumes) in [
        (AttemptEnding::Signaled { signal: 9 }, Some("s")),
        // As a shell tells of its command, and a client of itself.
        (AttemptEnding::Exited { code: 137 }, Some("s")),
        (AttemptEnding::Exited { code: 143 }, Some("s")),
        (AttemptEnding::Signaled { signal: 6 }, None),
    ] {
        let mut live = begun();
        live.send(&Input::Drive { epoch: Token(2), pid: 2 });
        end(&mut live, ending.clone());
        let step = &live.run.steps[0];
        let last = step.attempt().unwrap();
        let tried = if resumes.is_some() { 2 } else { 1 };
        assert_eq!((last.number, last.resumes.as_deref(), step.counted), (tried, resumes, 0), "{ending:?}");
    }
}

#[test]
fn a_session_that_the_client_refuses_is_given_up_and_does_not_count() {
    let mut live = begun();
    end(&mut live, AttemptEnding::Lost);
    assert_eq!(live.run.steps[0].attempt().unwrap().resumes.as_deref(), Some("s"));
    start(&mut live);
    end(&mut live, AttemptEnding::Exited { code: 1 });
    let step = &live.run.steps[0];
    let last = step.attempt().unwrap();
    assert_eq!((last.number, last.resumes.as_deref(), step.counted), (3, None, 0));
    // One that had said something has failed.
    let mut live = begun();
    end(&mut live, AttemptEnding::Lost);
    start(&mut live);
    let (_, of) = of_newest(&live);
    let observations = vec![Observation::tool_started("sh", "make")];
    live.send(&Input::Observed { of, offset: 1, observations });
    end(&mut live, AttemptEnding::Exited { code: 1 });
    assert!(live.run.steps[0].failure.is_some());
}

/// Claude Code and Codex count from the start of a session: what the first attempt used is not used twice.
#[test]
fn what_a_session_used_before_is_counted_once() {
    use coordinate_model::client::Usage;
    let usage = |output| Usage { input: 1, cached: 0, output, micro_usd: Some(output) };
    let used = |sums: bool| {
        let mut created = resuming();
        created.options.agent.sums_session = sums;
        let mut live = begun_with(created);
        for output in [10, 25] {
            let (_, of) = of_newest(&live);
            let observations = vec![Observation::Usage { usage: usage(output), total: true }];
            live.send(&Input::Observed { of, offset: 1, observations });
            end(&mut live, AttemptEnding::Lost);
            start(&mut live);
        }
        live.run.steps[0].attempts.iter().filter_map(|attempt| Some(attempt.usage?.output)).collect::<Vec<_>>()
    };
    assert_eq!(used(true), [10, 15]);
    assert_eq!(used(false), [10, 25]);
}
