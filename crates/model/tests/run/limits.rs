//! Limits of use: what they hold back, for how long, and who goes on meanwhile.

use crate::rounds::count;
use crate::simulation::Live;
use coordinate_model::client::{Cause, ClientResult, UsageLimit};
use coordinate_model::event::{AgentChoice, AttemptEnding, Created, Event, Observation, Outcome};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::input::{Input, Of};
use coordinate_model::obligation::{Detail, Effect};
use coordinate_model::quota::Quiet;
use coordinate_model::run::StepState;
use coordinate_model::time::UtcMillis;
use coordinate_testkit::runs::created;
use coordinate_testkit::world::World;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// 2026-11-21 12:00 UTC.
const NOON: i64 = 1_795_262_400_000;

const HOUR: i64 = 3_600_000;

/// What an attempt does: meet a limit, with these words or this told end, or do its work.
enum Fate {
    Told(UtcMillis),
    Says(&'static str),
    Works,
}

/// Carries a run to its end, at noon from its start; `fate` decides of each attempt by its step, number and agent, and is
/// told the time.
fn drive(created: Created, fate: impl Fn(&str, u32, &str, i64) -> Fate) -> Live {
    let world = World::kind();
    let mut live = Live::begin(created);
    live.reach(UtcMillis(NOON));
    let told = RefCell::new(BTreeSet::new());
    for _ in 0..2_000 {
        // Carriers report before any time passes.
        let open = live.obligations();
        let Some(one) = open.iter().find(|one| one.key.effect != Effect::Wake).or_else(|| open.first()) else {
            return live;
        };
        if let (None, Detail::Until { due }) = (&one.key.step, &one.detail) {
            live.reach(*due);
            live.send(&Input::LimitOver { due: *due });
            continue;
        }
        let step = one.key.step.clone().and_then(|step| live.run.step(&step));
        let met = step.filter(|_| one.key.effect == Effect::Supervise).and_then(|step| {
            let of = Of { step: step.id.clone(), attempt: one.key.attempt, token: one.token };
            let agent = &live.run.agent(step).name;
            let now = live.context().now.0;
            let first = told.borrow_mut().insert((of.step.clone(), of.attempt));
            match fate(step.id.as_str(), of.attempt, agent, now) {
                Fate::Works => None,
                Fate::Told(until) if first => Some(limit(of, until)),
                Fate::Told(_) => Some(ended(of, &[])),
                Fate::Says(words) => Some(ended(of, &[words])),
            }
        });
        match met {
            Some(input) => drop(live.send(&input)),
            None => world.carry(&live.run, one).iter().for_each(|input| drop(live.send(input))),
        }
    }
    panic!("no end: {:?}", live.obligations());
}

fn limit(of: Of, until: UtcMillis) -> Input {
    let limit = UsageLimit { window: "five_hour".to_owned(), until: Some(until) };
    let result = ClientResult { cause: Some(Cause::Service), message: "rejected (429)".to_owned() };
    let observations = vec![Observation::LimitReached { limit }, Observation::Result { result }];
    Input::Observed { of, offset: 1, observations }
}

fn ended(of: Of, tail: &[&str]) -> Input {
    let tail = tail.iter().map(|line| (*line).to_owned()).collect();
    Input::Ended { of, ending: AttemptEnding::Exited { code: 1 }, snapshot: None, tail }
}

fn fan_out(phases: usize) -> Vec<&'static [u32]> {
    vec![&[]; phases]
}

fn named(name: &str) -> AgentChoice {
    AgentChoice { name: name.to_owned(), ..AgentChoice::default() }
}

/// The limits that were met: with which agent, and minutes from noon until it is tried again, rounded up.
fn met(live: &Live) -> Vec<(String, i64)> {
    let of = |event: &Event| match event {
        Event::LimitMet { agent, until, .. } => Some((agent.clone(), (until.0 - NOON + 59_999) / 60_000)),
        _ => None,
    };
    live.journal.iter().filter_map(|(_, event)| of(event)).collect()
}

/// Shows N5.
#[test]
fn a_limit_parks_all_that_its_agent_would_do_and_burns_no_try() {
    let reset = UtcMillis(NOON + HOUR);
    let built = created(&fan_out(120)).max_parallel(3).build();
    let live = drive(built, |_, _, _, now| if now < reset.0 { Fate::Told(reset) } else { Fate::Works });
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    let met = met(&live);
    assert_eq!(met.len(), 3, "one for each that was under way, and not 120");
    assert!(met.iter().all(|(_, minutes)| (60..=61).contains(minutes)), "{met:?}");
    assert!(live.run.steps.iter().all(|step| step.counted == 0));
    assert_eq!(count(&live, |event| matches!(event, Event::LimitEnded { .. })), 1);
    assert!(live.run.limits.is_empty());
}

#[test]
fn the_words_of_the_last_lines_tell_the_end_where_no_field_does() {
    let live = drive(created(&[&[]]).build(), |_, attempt, _, _| match attempt {
        1 => Fate::Says("You've hit your usage limit. Try again at 2:30 PM."),
        _ => Fate::Works,
    });
    let minutes = met(&live)[0].1;
    assert!((150..=151).contains(&minutes), "{minutes}");
    let failure = live.run.steps[0].attempts[0].failure.clone().unwrap();
    assert_eq!(failure.class, FailureClass::Quota);
}

#[test]
fn an_end_that_nobody_tells_is_asked_for_less_and_less() {
    let live = drive(created(&[&[]]).build(), |_, attempt, _, _| match attempt {
        1..6 => Fate::Says("usage limit reached"),
        _ => Fate::Works,
    });
    let mut before = 0;
    let mut pauses = Vec::new();
    for (_, at) in met(&live) {
        pauses.push(at - before);
        before = at;
    }
    for (pause, least) in pauses.iter().zip([15, 30, 60, 60, 60]) {
        assert!((least..=least + 2).contains(pause), "{pauses:?}");
    }
    assert_eq!((live.run.outcome, live.run.steps[0].counted), (Some(Outcome::Succeeded), 0));
}

#[test]
fn an_end_that_has_passed_already_is_no_reason_to_ask_at_once_for_ever() {
    let passed = UtcMillis(NOON - HOUR);
    let live =
        drive(created(&[&[]]).build(), |_, attempt, _, _| if attempt < 5 { Fate::Told(passed) } else { Fate::Works });
    let at: Vec<i64> = met(&live).into_iter().map(|(_, minutes)| minutes).collect();
    assert!(at[0] >= 1 && at[3] >= 15, "{at:?}");
}

/// Shows N5.
#[test]
fn another_agent_goes_on_at_once_and_the_first_comes_back_after_the_end() {
    let reset = UtcMillis(NOON + HOUR);
    let fallback = vec![named("second"), named("third")];
    let built = created(&[&[], &[1]]).fallback(fallback).build();
    let live = drive(built, |_, _, agent, _| if agent == "third" { Fate::Works } else { Fate::Told(reset) });
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    let agents = |step: usize| {
        let attempts = live.run.steps[step].attempts.iter();
        attempts.map(|attempt| attempt.agent.as_ref().map_or("", |agent| &agent.name).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(agents(0), ["", "second", "third"]);
    // What comes later begins with the one that is not held back.
    let later = live.run.steps.iter().position(|step| step.id.as_str() == "implement/p2/agent").unwrap();
    assert_eq!(agents(later), ["third"]);
    assert_eq!(live.context().now.0, NOON, "nobody waited");
}

#[test]
fn where_all_are_held_back_the_first_end_counts() {
    let built = created(&[&[]]).fallback(vec![named("second")]).build();
    let live = drive(built, |_, attempt, agent, _| match (attempt, agent) {
        (1, _) => Fate::Told(UtcMillis(NOON + 5 * HOUR)),
        (2, "second") => Fate::Told(UtcMillis(NOON + HOUR)),
        _ => Fate::Works,
    });
    let third = &live.run.steps[0].attempts[2];
    assert_eq!(third.agent.as_ref().map(|agent| agent.name.as_str()), Some("second"));
    assert!((NOON + HOUR..NOON + HOUR + 61_000).contains(&third.leased.0));
}

#[test]
fn quiet_hours_move_a_wake_up_to_their_end() {
    let mut built = created(&[&[]]).build();
    built.options.quota.quiet = Some(Quiet::parse("13:00-20:00", "UTC").unwrap());
    let live = drive(
        built,
        |_, attempt, _, _| {
            if attempt == 1 { Fate::Told(UtcMillis(NOON + 2 * HOUR)) } else { Fate::Works }
        },
    );
    assert_eq!(met(&live), [("simulated".to_owned(), 8 * 60)]);
}

#[test]
fn a_run_that_is_held_back_does_not_end_and_says_until_when() {
    let mut live = Live::begin(created(&[&[], &[]]).build());
    live.reach(UtcMillis(NOON));
    let world = World::kind();
    let reset = UtcMillis(NOON + HOUR);
    for _ in 0..100 {
        let Some(one) = live.obligations().into_iter().find(|one| one.key.effect != Effect::Wake) else { break };
        let of = one.key.step.clone().map(|step| Of { step, attempt: one.key.attempt, token: one.token });
        match of.filter(|_| one.key.effect == Effect::Supervise) {
            Some(of) => {
                live.send(&limit(of.clone(), reset));
                live.send(&ended(of, &[]));
            }
            None => world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input))),
        }
    }
    let run = &live.run;
    assert!(run.outcome.is_none() && run.closing.is_none() && run.live().next().is_none());
    assert_eq!(run.held_back().count(), 2);
    assert!(run.held_back().all(|step| step.state == StepState::Ready));
    assert!(run.parked_until().is_some_and(|until| until >= reset));
}

/// Somebody who resumes before the end waits like everybody; after it, the new driver alone is enough.
#[test]
fn a_new_driver_ends_the_limits_that_are_over() {
    let mut live = Live::begin(created(&[&[]]).build());
    live.reach(UtcMillis(NOON));
    let world = World::kind();
    while live.run.limits.is_empty() {
        let one = live.obligations().remove(0);
        let of = one.key.step.clone().map(|step| Of { step, attempt: one.key.attempt, token: one.token });
        match of.filter(|_| one.key.effect == Effect::Supervise) {
            Some(of) => drop(live.send(&ended(of, &["usage limit reached, try again in 1 h"]))),
            None => world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input))),
        }
    }
    live.pass(HOUR / 2);
    live.send(&Input::Drive { epoch: coordinate_model::ids::Token(2), pid: 2 });
    assert_eq!(live.run.limits.len(), 1);
    live.pass(HOUR);
    live.send(&Input::Drive { epoch: coordinate_model::ids::Token(3), pid: 3 });
    assert!(live.run.limits.is_empty());
    assert_eq!(live.run.live().count(), 1);
}

/// The text of a limit is no answer: what it left is refused, and the try does not count.
#[test]
fn work_that_does_not_count_after_a_limit_is_no_fault_of_the_work() {
    let says = |words: &'static str| {
        crate::rounds::drive(created(&[&[]]).build(), move |one, of| {
            let first = of.attempt == 1 && of.step.as_str() == "implement/p1/agent";
            let (ending, snapshot) = (AttemptEnding::Exited { code: 0 }, None);
            let refused = Failure::new(FailureClass::AgentMisbehaved, FailureKind::NoWork, "nothing was done");
            match one.key.effect {
                Effect::Supervise if first => {
                    Some(Input::Ended { of: of.clone(), ending, snapshot, tail: vec![words.to_owned()] })
                }
                Effect::Verify if first => Some(Input::Verified { of: of.clone(), result: Err(refused) }),
                _ => None,
            }
        })
    };
    assert_eq!(says("You've hit your limit · resets 3pm").run.outcome, Some(Outcome::Succeeded));
    assert_eq!(says("all is well").run.outcome, Some(Outcome::Failed));
}
