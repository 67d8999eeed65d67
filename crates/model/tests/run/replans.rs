//! The plan changes while a run is under way: what calls for it, how often, what becomes of the phases.

use crate::rounds::drive;
use crate::simulation::Live;
use coordinate_model::event::{AttemptEnding, Event, GateAnswer, Observation, Outcome};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{PhaseNumber, StepId};
use coordinate_model::input::{Answer, Input, Of, Performed};
use coordinate_model::obligation::{Effect, Obligation};
use coordinate_model::replan::{ReplanKind, ReplanState, Replanning};
use coordinate_testkit::runs::created;
use coordinate_testkit::world::World;

/// Checks fail whose step is wanted.
fn red(one: &Obligation, of: &Of, wanted: impl Fn(&str) -> bool) -> Option<Input> {
    let failure = Failure::new(FailureClass::Permanent, FailureKind::TestFailure, "`make test` fails");
    let result = Performed::Failed { failure, verdicts: Vec::new() };
    let check = of.step.as_str().ends_with("/check") && wanted(of.step.as_str());
    (one.key.effect == Effect::Perform && check).then(|| Input::Performed { of: of.clone(), result })
}

/// Every look at a phase that called for something, and every change, in the order of the journal.
fn story(live: &Live) -> Vec<String> {
    let told = |event: &Event| match event {
        Event::ReplanEvaluated { evaluations } => {
            evaluations.iter().filter(|evaluation| evaluation.fired).map(|evaluation| evaluation.words()).collect()
        }
        Event::ReplanAdded { phase, number, kind, asks, .. } => {
            vec![format!("{kind} {phase} #{number}{}", if *asks { ", asks" } else { "" })]
        }
        Event::Replanned { phase, number } => vec![format!("changed {phase} #{number}")],
        Event::ReplanDropped { phase, number, .. } => vec![format!("dropped {phase} #{number}")],
        Event::RepairAdded { phase, round, .. } => vec![format!("repair {phase} #{round}")],
        Event::GateOpened { question, .. } => vec![question.clone()],
        _ => Vec::new(),
    };
    live.journal.iter().flat_map(|(_, event)| told(event)).collect()
}

fn steps(live: &Live, phase: u32) -> Vec<&str> {
    let of = live.run.steps.iter().filter(|step| step.phase == Some(PhaseNumber(phase)));
    of.map(|step| step.id.as_str().trim_start_matches("implement/")).collect()
}

#[test]
fn a_phase_that_fails_twice_in_a_row_is_split() {
    let live = drive(created(&[&[], &[1]]).build(), |one, of| red(one, of, |step| step.starts_with("implement/p1/")));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded), "{:?}", live.run.closing);
    assert_eq!(
        story(&live),
        ["repair 1 #1", "phase 1: test failures in a row 2 (threshold 2): fired", "split 1 #1", "changed 1 #1"]
    );
    assert_eq!(
        steps(&live, 1),
        [
            "p1/agent",
            "p1/check",
            "p1/merge",
            "p1/repair#1/agent",
            "p1/repair#1/check",
            "p1/repair#1/merge",
            "p1/replan#1/plan",
            "p1/replan#1/adopt",
            "p1v2/agent",
            "p1v2/check",
            "p1v2/merge",
        ]
    );
    assert_eq!(steps(&live, 3), ["p3/agent", "p3/check", "p3/merge"]);
    assert!(live.run.phases.values().all(|phase| phase.merged), "phases 1, 2 and the new 3 are in");
}

#[test]
fn the_third_change_is_refused_until_a_person_allows_it() {
    let created = created(&[&[]]).build();
    let live = drive_to_gate(created, |one, of| red(one, of, |step| step.contains("/p1")));
    let told = story(&live);
    assert_eq!(told[told.len() - 2], "split 1 #3, asks");
    assert_eq!(
        told[told.len() - 1],
        "the plan was changed 2 times for phase 1; change it once more? (`make test` fails)"
    );
    assert_eq!(live.run.outcome, None, "it waits");
}

#[test]
fn a_person_who_says_no_ends_it_and_one_who_says_yes_goes_on() {
    let gate = StepId::new("implement/p1v3/replan#3/ask");
    let answer = |answer: GateAnswer| {
        let mut live = drive_to_gate(created(&[&[]]).build(), |one, of| red(one, of, |step| step.contains("/p1")));
        let input = Input::Answer { step: gate.clone(), answer, by: "me".to_owned(), comment: "enough".to_owned() };
        assert_eq!(live.send(&input), Answer::Accepted);
        carry_all(&mut live, |_, _| None);
        live
    };
    let no = answer(GateAnswer::Rejected);
    assert_eq!(no.run.outcome, Some(Outcome::Failed));
    assert_eq!(no.run.closing.as_ref().unwrap().message, "phase 1: me said no: enough");
    let yes = answer(GateAnswer::Approved);
    assert_eq!(yes.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(yes.run.replans.len(), 3);
}

#[test]
fn a_forced_run_does_not_ask() {
    let forced = Replanning { forced: true, ..Replanning::default() };
    let live = drive(created(&[&[]]).replan(Some(forced)).build(), |one, of| {
        red(one, of, |step| step.contains("/p1/") || step.contains("/p1v2/") || step.contains("/p1v3/"))
    });
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(live.run.replans.len(), 3);
    assert!(!story(&live).iter().any(|line| line.ends_with('?')));
}

#[test]
fn big_phases_are_worked_on_before_anything_begins() {
    let live = drive(created(&[&[], &[]]).tasks(2, 11).build(), |_, _| None);
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(story(&live), ["phase 2: tasks 11 (threshold 10): fired", "split 2 #1", "changed 2 #1"]);
    let leased = live.journal.iter().filter_map(|(_, event)| match event {
        Event::AttemptLeased { step, .. } => Some(step.as_str()),
        _ => None,
    });
    assert_eq!(
        leased.take(3).collect::<Vec<_>>(),
        ["implement/p2/replan#1/plan", "implement/p2/replan#1/adopt", "implement/p2v2/agent"]
    );
}

#[test]
fn an_agent_that_takes_no_feedback_is_not_asked_to_change_the_plan() {
    let live = drive(created(&[&[]]).tasks(1, 30).repairs(false).build(), |_, _| None);
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(live.run.replans, []);
    assert_eq!(story(&live).len(), 2, "both looks fired, and are in the journal: {:?}", story(&live));
}

#[test]
fn a_change_that_fails_leaves_the_plan_as_it_is() {
    let live = drive(created(&[&[]]).tasks(1, 11).build(), |one, of| {
        let failure = Failure::new(FailureClass::Permanent, FailureKind::NoWork, "no idea");
        let planner = one.key.effect == Effect::Verify && of.step.as_str().ends_with("/plan");
        planner.then(|| Input::Verified { of: of.clone(), result: Err(failure) })
    });
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(live.run.replans[0].state, ReplanState::Dropped);
    assert_eq!(live.run.warnings, ["the plan stays as it is for phase 1: no idea"]);
    assert_eq!(steps(&live, 1)[..3], ["p1/agent", "p1/check", "p1/merge"]);
}

#[test]
fn what_an_agent_found_missing_is_added() {
    let said = std::cell::Cell::new(false);
    let live = drive(created(&[&[], &[1]]).build(), |one, of| {
        let supervised = one.key.effect == Effect::Supervise && of.step.as_str() == "implement/p1/agent";
        let told = supervised && !said.replace(supervised);
        let claim = Observation::Claim { line: "SCOPE_DRIFT: the schema must be migrated".to_owned() };
        told.then(|| Input::Observed { of: of.clone(), offset: 1, observations: vec![claim] })
    });
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(story(&live)[1..], ["add 1 #1", "changed 1 #1"]);
    assert_eq!(live.run.replans[0].reason, "the schema must be migrated");
    assert!(live.run.phases[&PhaseNumber(3)].merged);
}

/// An agent is told to end with an error where its task can not be done as it is written.
#[test]
fn an_agent_that_fails_and_says_why_begins_anew_with_another_text() {
    let said = std::cell::Cell::new(false);
    let live = drive(created(&[&[], &[1]]).build(), |one, of| {
        let supervised = one.key.effect == Effect::Supervise && of.step.as_str() == "implement/p1/agent";
        let claim = Observation::Claim { line: "SCOPE_DRIFT: the schema must be migrated".to_owned() };
        let told = Input::Observed { of: of.clone(), offset: 1, observations: vec![claim] };
        let (ending, snapshot, tail) = (AttemptEnding::Exited { code: 1 }, None, Vec::new());
        let ended = Input::Ended { of: of.clone(), ending, snapshot, tail };
        supervised.then(|| if said.replace(true) { ended } else { told })
    });
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded), "{:?}", live.run.closing);
    assert_eq!(story(&live)[1..], ["update 1 #1", "changed 1 #1"]);
    assert!(steps(&live, 1).contains(&"p1v2/merge"), "{:?}", steps(&live, 1));
}

#[test]
fn a_person_changes_a_phase_that_is_being_worked_on() {
    let mut live = Live::begin(created(&[&[], &[1]]).build());
    let world = World::kind();
    while !live.run.is_worked_on(PhaseNumber(1)) || !live.run.live().any(|step| step.attempt().unwrap().pid.is_some()) {
        let one = live.obligations().into_iter().next().unwrap();
        world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
    }
    let replan = |phase, kind| Input::Replan {
        phase: PhaseNumber(phase),
        kind,
        reason: "I changed my mind".to_owned(),
        forced: false,
    };
    assert_eq!(
        live.send(&replan(9, ReplanKind::Update)),
        Answer::NotWaiting { reason: "the plan has no phase 9".to_owned() }
    );
    assert_eq!(live.send(&replan(1, ReplanKind::Update)), Answer::Accepted);
    assert_eq!(
        live.send(&replan(1, ReplanKind::Update)),
        Answer::NotWaiting { reason: "change 1 of phase 1 is not done yet".to_owned() }
    );
    carry_all(&mut live, |_, _| None);
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(
        steps(&live, 1)[3..],
        ["p1/replan#1/plan", "p1/replan#1/adopt", "p1v2/agent", "p1v2/check", "p1v2/merge"]
    );
    let stopped = |(_, event): &&(_, Event)| matches!(event, Event::StopRequested { .. });
    assert_eq!(live.journal.iter().filter(stopped).count(), 1, "its agent was stopped, and its work kept");
}

/// A change that is asked for while its phase is just being merged.
fn too_late() -> Live {
    let mut live = Live::begin(created(&[&[], &[1]]).build());
    let world = World::kind();
    loop {
        let open = live.obligations();
        if open.iter().any(|one| one.key.effect == Effect::Move) {
            break;
        }
        world.carry(&live.run, &open[0]).iter().for_each(|input| drop(live.send(input)));
    }
    let (phase, kind, reason) = (PhaseNumber(1), ReplanKind::Update, "I changed my mind".to_owned());
    assert_eq!(live.send(&Input::Replan { phase, kind, reason, forced: false }), Answer::Accepted);
    carry_all(&mut live, |_, _| None);
    live
}

#[test]
fn a_change_of_a_phase_that_is_finished_meanwhile_is_dropped() {
    let live = too_late();
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(story(&live), ["phase 1: a person 1 (threshold 1): fired", "update 1 #1", "dropped 1 #1"]);
    assert_eq!(live.run.replans[0].state, ReplanState::Dropped);
    assert!(!steps(&live, 1).iter().any(|step| step.starts_with("p1v2")));
}

/// Goes on until only a person can go on.
fn drive_to_gate(created: coordinate_model::event::Created, twist: impl Fn(&Obligation, &Of) -> Option<Input>) -> Live {
    let mut live = Live::begin(created);
    carry_all(&mut live, twist);
    live
}

fn carry_all(live: &mut Live, twist: impl Fn(&Obligation, &Of) -> Option<Input>) {
    let world = World::kind();
    for _ in 0..2_000 {
        let open = live.obligations().into_iter().find(|one| one.key.effect != Effect::Ask);
        let Some(one) = open else { return };
        let of = one.key.step.clone().map(|step| Of { step, attempt: one.key.attempt, token: one.token });
        match of.and_then(|of| twist(&one, &of)) {
            Some(input) => drop(live.send(&input)),
            None => world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input))),
        }
    }
    panic!("no end: {:?}", live.obligations());
}
