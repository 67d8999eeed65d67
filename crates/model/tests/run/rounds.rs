//! How often things are tried: retries, repairs, rounds of debugging, lost supervisors.

use crate::simulation::{Live, Simulation};
use coordinate_model::event::{AttemptEnding, Created, Event, Outcome};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::input::{Input, Of, Performed};
use coordinate_model::obligation::{Detail, Effect, Obligation};
use coordinate_model::run::StepState;
use coordinate_testkit::runs::created;
use coordinate_testkit::world::World;

/// Carries a run to its end; `twist` may answer an obligation in its own way.
pub(crate) fn drive(created: Created, twist: impl Fn(&Obligation, &Of) -> Option<Input>) -> Live {
    let world = World::kind();
    let mut live = Live::begin(created);
    for _ in 0..2_000 {
        let Some(one) = live.obligations().into_iter().next() else { return live };
        if let (Some(step), Detail::Until { due }) = (&one.key.step, &one.detail) {
            live.pass(60_000);
            live.send(&Input::Due { step: step.clone(), due: *due });
            continue;
        }
        if let Detail::Until { due } = one.detail {
            live.reach(due);
            live.send(&Input::LimitOver { due });
            continue;
        }
        let of = one.key.step.clone().map(|step| Of { step, attempt: one.key.attempt, token: one.token });
        match of.and_then(|of| twist(&one, &of)) {
            Some(input) => drop(live.send(&input)),
            None => world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input))),
        }
    }
    panic!("no end: {:?}", live.obligations());
}

pub(crate) fn count(live: &Live, wanted: impl Fn(&Event) -> bool) -> usize {
    live.journal.iter().filter(|(_, event)| wanted(event)).count()
}

fn red(one: &Obligation, of: &Of, wanted: impl Fn(&str) -> bool) -> Option<Input> {
    let failure = Failure::new(FailureClass::Permanent, FailureKind::TestFailure, "`make test` fails");
    let result = Performed::Failed { failure, verdicts: Vec::new() };
    (one.key.effect == Effect::Perform && wanted(of.step.as_str())).then(|| Input::Performed { of: of.clone(), result })
}

fn end(one: &Obligation, of: &Of, ending: AttemptEnding) -> Option<Input> {
    let input = Input::Ended { of: of.clone(), ending, snapshot: None, tail: Vec::new() };
    (one.key.effect == Effect::Supervise).then_some(input)
}

/// Shows S16.
#[test]
fn failing_tests_are_debugged_three_times_and_no_more() {
    let live = drive(created(&[&[]]).build(), |one, of| red(one, of, |step| step.starts_with("test")));
    assert_eq!(live.run.outcome, Some(Outcome::Failed));
    let visits: Vec<_> = live.run.visits.iter().map(|(state, visits)| (state.as_str(), *visits)).collect();
    assert_eq!(visits, [("debug", 3), ("implement", 1), ("initialize", 1), ("test", 4)]);
    assert_eq!(live.run.closing.unwrap().message, "test#4/check: `make test` fails; `debug` was tried 3 times");
}

#[test]
fn failing_tests_are_left_to_the_user_where_debugging_is_switched_off() {
    let live = drive(created(&[&[]]).auto_create_debug(false).build(), |one, of| {
        red(one, of, |step| step.starts_with("test"))
    });
    assert_eq!(live.run.outcome, Some(Outcome::Failed));
    assert!(!live.run.visits.keys().any(|state| state.as_str() == "debug"), "{:?}", live.run.visits);
    let expected = "test/check: `make test` fails\n  `auto_create_debug` is off, so `debug` was not entered; \
                    debug it with `coordinate run \"fix the failing tests\"`";
    assert_eq!(live.run.closing.unwrap().message, expected);
}

#[test]
fn no_more_topics_are_researched_at_once_than_is_said() {
    use coordinate_model::definition::Scope;
    use coordinate_testkit::runs::requested;
    let most_at_once = |most: Option<u32>| {
        let mut most_seen = 0;
        let created = requested(Scope::ResearchOnly, 3).max_parallel(4).max_research(most).build();
        let mut live = Live::begin(created);
        let world = World::kind();
        while let Some(one) = live.obligations().into_iter().next() {
            let researched = live.run.live().filter(|step| step.topic.is_some()).count();
            most_seen = most_seen.max(researched);
            world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
        }
        assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
        most_seen
    };
    assert_eq!([None, Some(1), Some(2), Some(9)].map(most_at_once), [3, 1, 2, 3]);
}

#[test]
fn a_debugged_failure_goes_on_to_the_end() {
    let live = drive(created(&[&[]]).build(), |one, of| red(one, of, |step| step == "test/check"));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(live.run.step(&coordinate_model::ids::StepId::new("test#2/check")).unwrap().state, StepState::Succeeded);
}

#[test]
fn an_agent_that_takes_no_feedback_is_not_asked_to_repair() {
    let failed = drive(created(&[&[]]).repairs(false).build(), |one, of| red(one, of, |step| step == "test/check"));
    assert_eq!(failed.run.outcome, Some(Outcome::Failed));
    assert_eq!(count(&failed, |event| matches!(event, Event::RepairAdded { .. })), 0);
    let checked =
        drive(created(&[&[]]).repairs(false).build(), |one, of| red(one, of, |step| step.ends_with("p1/check")));
    assert_eq!(checked.run.outcome, Some(Outcome::Failed));
    assert_eq!(count(&checked, |event| matches!(event, Event::RepairAdded { .. })), 0);
}

#[test]
fn a_phase_is_repaired_three_times_and_no_more() {
    let created = created(&[&[]]).replan(None).build();
    let live = drive(created, |one, of| red(one, of, |step| step.contains("/p1/")));
    assert_eq!(live.run.outcome, Some(Outcome::Failed));
    assert_eq!(count(&live, |event| matches!(event, Event::RepairAdded { .. })), 3);
    let ids: Vec<_> = live.run.failures().map(|(step, _)| step.id.as_str().to_owned()).collect();
    assert_eq!(ids, ["implement/p1/repair#3/check"], "the earlier failures were superseded");
}

#[test]
fn a_repaired_phase_merges_and_releases_its_dependents() {
    let live = drive(created(&[&[], &[1]]).build(), |one, of| red(one, of, |step| step == "implement/p1/check"));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert!(live.run.phases.values().all(|phase| phase.merged));
    let repair = live.run.step(&coordinate_model::ids::StepId::new("implement/p1/repair#1/agent")).unwrap();
    assert_eq!(live.run.role(repair), "debug-specialist");
}

#[test]
fn a_transient_failure_is_tried_three_times() {
    let live = drive(created(&[&[]]).build(), |one, of| end(one, of, AttemptEnding::IdleLimit));
    assert_eq!(live.run.outcome, Some(Outcome::Failed));
    assert_eq!(live.run.steps[0].attempts.len(), 3);
    assert_eq!(live.run.steps[0].counted, 2);
}

#[test]
fn a_permanent_failure_is_tried_once() {
    let live = drive(created(&[&[]]).build(), |one, of| end(one, of, AttemptEnding::Exited { code: 1 }));
    assert_eq!(live.run.steps[0].attempts.len(), 1);
}

#[test]
fn lost_supervisors_are_replaced_twenty_times_without_counting() {
    let live = drive(created(&[&[]]).build(), |one, of| end(one, of, AttemptEnding::Lost));
    assert_eq!(live.run.outcome, Some(Outcome::Failed));
    assert_eq!(live.run.steps[0].attempts.len(), 21);
    assert_eq!(live.run.steps[0].counted, 0);
    let thrice = drive(
        created(&[&[]]).build(),
        |one, of| {
            if of.attempt < 20 { end(one, of, AttemptEnding::Lost) } else { None }
        },
    );
    assert_eq!(thrice.run.outcome, Some(Outcome::Succeeded));
}

#[test]
fn a_lost_attempt_does_not_use_up_the_tries_of_a_transient_failure() {
    let live = drive(created(&[&[]]).build(), |one, of| match of.attempt % 2 {
        1 => end(one, of, AttemptEnding::Lost),
        _ => end(one, of, AttemptEnding::IdleLimit),
    });
    let endings: Vec<_> = live.run.steps[0].attempts.iter().filter_map(|attempt| attempt.ending.clone()).collect();
    assert_eq!(endings.iter().filter(|ending| **ending == AttemptEnding::IdleLimit).count(), 3);
}

#[test]
fn what_was_stopped_for_a_pause_is_begun_again_without_counting() {
    let mut simulation = Simulation::new(created(&[&[]]).build(), World::kind(), 1);
    for _ in 0..5 {
        run_until_supervised(&mut simulation.live);
        simulation.live.send(&Input::Pause { by: "a person".to_owned() });
        let stop = simulation.live.obligations();
        assert_eq!(stop.iter().filter(|one| one.key.effect == Effect::Stop).count(), 1);
        run_once(&mut simulation.live, Effect::Supervise);
        assert!(simulation.live.obligations().is_empty());
        simulation.live.send(&Input::Resume { by: "a person".to_owned() });
    }
    simulation.settle(1_000);
    assert_eq!(simulation.live.run.outcome, Some(Outcome::Succeeded));
    let agent = &simulation.live.run.steps[0];
    assert_eq!((agent.attempts.len(), agent.counted), (6, 0));
}

fn run_once(live: &mut Live, effect: Effect) {
    let one = live.obligations().into_iter().find(|one| one.key.effect == effect).unwrap();
    World::kind().carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
}

fn run_until_supervised(live: &mut Live) {
    while let Some(one) = live.obligations().into_iter().find(|one| one.key.effect != Effect::Supervise) {
        World::kind().carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
    }
}

#[test]
fn a_failure_that_no_agent_can_repair_is_not_debugged() {
    let live = drive(created(&[&[]]).build(), |one, of| {
        let result = Performed::Failed { failure: Failure::system("no space left on device"), verdicts: Vec::new() };
        let test = one.key.effect == Effect::Perform && of.step.as_str() == "test/check";
        test.then(|| Input::Performed { of: of.clone(), result })
    });
    assert_eq!(live.run.outcome, Some(Outcome::Failed));
    assert_eq!(live.run.visits.keys().filter(|state| state.as_str() == "debug").count(), 0);
}
