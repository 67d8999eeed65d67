//! Phases that are seen to change the same files while they work.

use crate::simulation::Live;
use coordinate_model::event::{AttemptEnding, Event};
use coordinate_model::forecast::{Overlapping, Settings};
use coordinate_model::input::{Answer, Input, Of};
use coordinate_model::obligation::Effect;
use coordinate_model::run::{Step, StepState};
use coordinate_testkit::runs::created;
use coordinate_testkit::world::World;

fn carry(live: &mut Live, which: impl Fn(&Step, Effect) -> bool) {
    let wanted = |live: &Live| {
        live.obligations().into_iter().find(|one| match one.key.step.as_ref().and_then(|id| live.run.step(id)) {
            Some(step) => which(step, one.key.effect),
            None => one.key.effect == Effect::Enter,
        })
    };
    while let Some(one) = wanted(live) {
        for input in World::kind().carry(&live.run, &one) {
            live.send(&input);
        }
    }
}

/// Two phases whose agents work.
fn at_work(overlap: Overlapping) -> Live {
    let settings = Settings { avoid: true, overlap };
    let mut live = Live::begin(created(&[&[], &[]]).forecast(settings).build());
    carry(&mut live, |_, effect| effect == Effect::Launch);
    live
}

fn of(live: &Live, phase: u32) -> Of {
    let step = step(live, phase);
    let attempt = step.attempt().unwrap();
    Of { step: step.id.clone(), attempt: attempt.number, token: attempt.token }
}

fn step(live: &Live, phase: u32) -> &Step {
    live.run.steps.iter().find(|step| step.id.as_str() == format!("implement/p{phase}/agent")).unwrap()
}

fn meet(live: &mut Live) -> Answer {
    let (one, two) = (of(live, 2), of(live, 1));
    live.send(&Input::Overlapping { one, two, paths: vec!["src/lib.rs".to_owned()] })
}

fn stopped(live: &mut Live) {
    let of = of(live, 2);
    let (ending, snapshot) = (AttemptEnding::Stopped, Some(coordinate_testkit::seeded::oid("kept")));
    live.send(&Input::Ended { of, ending, snapshot, tail: Vec::new() });
}

/// Shows N4.
#[test]
fn the_later_one_makes_way_and_goes_on_from_what_the_other_left() {
    let mut live = at_work(Overlapping::Pause);
    assert_eq!(meet(&mut live), Answer::Accepted);
    assert!(step(&live, 2).attempt().unwrap().stopping && !step(&live, 1).attempt().unwrap().stopping);
    assert_eq!(meet(&mut live), Answer::NotWaiting { reason: "one of them is not at work any more".to_owned() });
    stopped(&mut live);
    assert_eq!((step(&live, 2).state, step(&live, 2).counted), (StepState::Ready, 0));
    // Nothing but the other phase's end lets it go on.
    carry(&mut live, |step, _| step.phase.is_none_or(|phase| phase.0 == 1));
    let again = step(&live, 2).attempt().unwrap();
    assert_eq!((again.number, again.base.as_ref()), (2, live.run.integration.as_ref()));
    assert!(live.run.phases.values().next().unwrap().merged);
    assert_eq!(live.run.way_made_by(step(&live, 2), 1).unwrap().earlier.0, 1);
}

#[test]
fn a_pair_makes_way_once_and_only_where_that_is_wanted() {
    let seen =
        |live: &Live| live.journal.iter().filter(|(_, event)| matches!(event, Event::OverlapSeen { .. })).count();
    let mut live = at_work(Overlapping::Warn);
    assert_eq!(meet(&mut live), Answer::Accepted);
    assert_eq!(meet(&mut live), Answer::AlreadyDone);
    assert!(!step(&live, 2).attempt().unwrap().stopping);
    assert_eq!(seen(&live), 1);
    let mut live = at_work(Overlapping::Off);
    meet(&mut live);
    assert_eq!(seen(&live), 0);
}

#[test]
fn who_failed_for_good_keeps_nobody_waiting() {
    let settings = Settings::default();
    let mut live = Live::begin(created(&[&[], &[]]).repairs(false).forecast(settings).build());
    carry(&mut live, |_, effect| effect == Effect::Launch);
    assert_eq!(meet(&mut live), Answer::Accepted);
    stopped(&mut live);
    let first = of(&live, 1);
    let ending = AttemptEnding::Exited { code: 7 };
    live.send(&Input::Ended { of: first, ending, snapshot: None, tail: Vec::new() });
    assert_eq!(step(&live, 2).attempt().unwrap().number, 2);
}
