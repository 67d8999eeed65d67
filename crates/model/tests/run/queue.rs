//! The merge queue: its order, its batches, who is to blame, what is repaired, and the user's branch that moves meanwhile.

use crate::rounds::{count, drive};
use crate::simulation::{Live, answer};
use coordinate_model::event::{AttemptEnding, Created, Event, GateAnswer, Outcome};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::PhaseNumber;
use coordinate_model::input::{Input, Of, Performed};
use coordinate_model::merge::{Apart, Conflict, Merging, Repairing};
use coordinate_model::obligation::{Effect, Obligation};
use coordinate_model::run::{DeliveryResult, Run};
use coordinate_testkit::runs::created;
use coordinate_testkit::seeded::oid;
use coordinate_testkit::world::World;

/// Carries a run to its end, and the first merge only when nothing else can go on: all others wait behind it then.
fn crowd(created: Created, first: &str, twist: impl Fn(&Run, &Obligation, Input) -> Input) -> Live {
    let world = World::kind();
    let mut live = Live::begin(created);
    for _ in 0..2_000 {
        let open = live.obligations();
        let check = first.replace("/merge", "/check");
        let waits = |one: &&Obligation| !is_perform(one, first) && one.key.effect != Effect::Ask;
        let at = |step: &str| open.iter().find(|one| is_perform(one, step));
        let Some(one) = at(&check).or_else(|| open.iter().find(waits)).or_else(|| at(first)) else { return live };
        let carried = world.carry(&live.run, one);
        for input in carried {
            let said = twist(&live.run, one, input);
            live.send(&said);
        }
    }
    panic!("no end: {:?}", live.obligations());
}

fn is_perform(one: &Obligation, step: &str) -> bool {
    one.key.effect == Effect::Perform && one.key.step.as_ref().is_some_and(|id| id.as_str() == step)
}

/// What the queue did, as far as its events tell.
fn story(live: &Live) -> Vec<String> {
    let short =
        |step: &coordinate_model::ids::StepId| step.as_str().trim_start_matches("implement/").replace("/merge", "");
    let told = |event: &Event| match event {
        Event::AttemptLeased { step, rides, .. } if step.as_str().ends_with("/merge") => {
            Some(rides.as_ref().map_or_else(|| short(step), |leader| format!("{} with {}", short(step), short(leader))))
        }
        // Others than those of the queue are those of the phases' own checks.
        Event::VerdictRecorded { verdict, of, .. } if !of.is_empty() => {
            let of: Vec<String> = of.iter().map(short).collect();
            Some(format!("{} [{}]", if verdict.passed { "green" } else { "red" }, of.join(" ")))
        }
        Event::AttemptEnded { step, ending: AttemptEnding::Stopped, .. } => {
            Some(format!("{} waits again", short(step)))
        }
        Event::Merged { step, .. } => Some(format!("{} in", short(step))),
        Event::StepFailed { step, .. } => Some(format!("{} failed", short(step))),
        Event::RepairAdded { phase, round, .. } => Some(format!("repair {phase} #{round}")),
        _ => None,
    };
    let events = live
        .journal
        .iter()
        .take_while(|(_, event)| !matches!(event, Event::TransitionIntended { to, .. } if to.as_str() == "test"));
    events.filter_map(|(_, event)| told(event)).collect()
}

fn as_it_is(_: &Run, _: &Obligation, input: Input) -> Input {
    input
}

#[test]
fn what_has_the_longest_way_before_it_goes_in_first() {
    // Phase 4 waits for phase 3, so that phase 3 is the more urgent; the others go by their numbers.
    let live = crowd(created(&[&[], &[], &[], &[3]]).build(), "implement/p2/merge", as_it_is);
    let told = story(&live);
    let from = told.iter().position(|line| line == "p2 in").unwrap();
    assert_eq!(told[from + 1..from + 3], ["p3", "p1 with p3"], "{told:?}");
    assert!(told.iter().position(|line| line == "p4") > told.iter().position(|line| line == "p3 in"), "{told:?}");
}

#[test]
fn a_batch_is_tested_once_and_the_branch_moves_once() {
    let live = crowd(created(&[&[], &[], &[], &[], &[3]]).max_parallel(4).build(), "implement/p3/merge", as_it_is);
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(
        story(&live),
        [
            "p3",
            "green [p3]",
            "p3 in",
            "p1",
            "p2 with p1",
            "p4 with p1",
            "green [p1 p2 p4]",
            "p1 in",
            "p2 in",
            "p4 in",
            "p5",
            "green [p5]",
            "p5 in"
        ]
    );
    assert_eq!(count(&live, |event| matches!(event, Event::MergeIntended { .. })), 4, "with the link to the summary");
}

/// The tests fail wherever the work of a phase is in.
fn guilty(phase: u32) -> impl Fn(&Run, &Obligation, Input) -> Input {
    move |_, _, input| match input {
        Input::Performed { of, result: Performed::Chained { base, links, verdict } } => {
            let at = links.iter().position(|link| link.step.as_str() == format!("implement/p{phase}/merge"));
            let tree = |place: usize| links[place].joined.as_ref().map(|probe| probe.tree.clone()).ok();
            let verdict = verdict.map(|mut verdict| {
                verdict.passed =
                    !at.is_some_and(|at| (at..links.len()).any(|place| tree(place) == Some(verdict.tree.clone())));
                verdict
            });
            Input::Performed { of, result: Performed::Chained { base, links, verdict } }
        }
        other => other,
    }
}

#[test]
fn a_red_batch_is_halved_until_the_guilty_one_is_found() {
    let created = created(&[&[], &[], &[], &[], &[]]).max_parallel(5).replan(None).build();
    let live = crowd(created, "implement/p1/merge", guilty(3));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert!(live.run.phases.values().all(|phase| phase.merged));
    let told = story(&live);
    let from = told.iter().position(|line| line == "p2").unwrap();
    assert_eq!(
        told[from..from + 14],
        [
            "p2",
            "p3 with p2",
            "p4 with p2",
            "p5 with p2",
            "red [p2 p3 p4 p5]",
            "red [p2 p3]",
            "green [p2]",
            "p3 failed",
            "repair 3 #1",
            "p4 waits again",
            "p5 waits again",
            "p2 in",
            "p4",
            "p5 with p4"
        ]
    );
    assert_eq!(live.run.phases[&PhaseNumber(3)].repairs, 1);
}

#[test]
fn a_batch_of_one_is_as_without_batches() {
    let merging = Merging { batch: 1, ..Merging::default() };
    let live = crowd(created(&[&[], &[], &[]]).merging(merging).build(), "implement/p1/merge", as_it_is);
    assert_eq!(story(&live), ["p1", "green [p1]", "p1 in", "p2", "green [p2]", "p2 in", "p3", "green [p3]", "p3 in"]);
}

/// Phases that do not go with what is there, while `wanted` says so.
fn conflicting(wanted: impl Fn(&str) -> bool) -> impl Fn(&Run, &Obligation, Input) -> Input {
    move |_, _, input| match input {
        Input::Performed { of, result: Performed::Chained { base, mut links, verdict } } => {
            let mut apart = false;
            for link in links.iter_mut().filter(|link| wanted(link.step.as_str())) {
                let failure = Failure::new(FailureClass::Permanent, FailureKind::Conflict, "does not merge");
                let (ours, theirs, marked) = (oid("ours"), oid("theirs"), oid("marked"));
                let conflict = Conflict { ours, theirs, paths: vec!["shared.txt".to_owned()], marked };
                link.joined = Err(Box::new(Apart { failure: failure.remedy("both sides are kept"), conflict }));
                apart = true;
            }
            let verdict = verdict.filter(|_| !apart);
            Input::Performed { of, result: Performed::Chained { base, links, verdict } }
        }
        other => other,
    }
}

#[test]
fn a_conflict_leaves_the_batch_and_is_repaired_on_both_sides() {
    let live = crowd(
        created(&[&[], &[], &[]]).build(),
        "implement/p1/merge",
        conflicting(|step| step == "implement/p2/merge"),
    );
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    let phase = &live.run.phases[&PhaseNumber(2)];
    assert_eq!((phase.repairs, phase.merged), (1, true));
    assert_eq!(phase.conflicts[&1].paths, ["shared.txt"]);
    let based = |event: &Event| matches!(event, Event::AttemptLeased { step, base, .. } if step.as_str() == "implement/p2/repair#1/agent" && *base == Some(oid("marked")));
    assert_eq!(count(&live, based), 1, "the agent begins where both sides are");
}

#[test]
fn a_conflict_for_ever_is_given_up() {
    let live = crowd(created(&[&[], &[]]).build(), "implement/p1/merge", conflicting(|step| step.contains("/p2")));
    assert_eq!(live.run.outcome, Some(Outcome::Failed));
    // Three rounds, and one more for the phase that came in.
    assert_eq!(live.run.phases[&PhaseNumber(2)].repairs, 4);
    assert!(live.run.phases[&PhaseNumber(1)].merged, "the other is not held back");
}

#[test]
fn nobody_repairs_where_that_is_switched_off() {
    let merging = Merging { repair: Repairing::Off, ..Merging::default() };
    let live = crowd(
        created(&[&[], &[]]).merging(merging).build(),
        "implement/p1/merge",
        conflicting(|step| step.contains("/p2")),
    );
    assert_eq!(live.run.outcome, Some(Outcome::Failed));
    assert_eq!(count(&live, |event| matches!(event, Event::RepairAdded { .. })), 0);
}

#[test]
fn a_person_is_asked_before_a_repair() {
    let merging = Merging { repair: Repairing::Gate, ..Merging::default() };
    let gate = "implement/p2/repair#1/ask";
    let asked = || {
        crowd(
            created(&[&[], &[]]).merging(merging).build(),
            "implement/p1/merge",
            conflicting(|step| step == "implement/p2/merge"),
        )
    };
    let mut no = asked();
    assert_eq!(no.run.outcome, None, "it waits");
    let question = |event: &Event| matches!(event, Event::GateOpened { question, .. } if question == "let an agent repair it? (does not merge)");
    assert_eq!(count(&no, question), 1);
    no.send(&answer(gate, GateAnswer::Rejected));
    let no = finish(no);
    assert_eq!(no.run.outcome, Some(Outcome::Failed));
    let message = &no.run.closing.as_ref().unwrap().message;
    assert_eq!(message, "phase 2: a person said no to a repair (does not merge)");
    let mut yes = asked();
    yes.send(&answer(gate, GateAnswer::Approved));
    assert_eq!(finish(yes).run.outcome, Some(Outcome::Succeeded));
}

fn finish(mut live: Live) -> Live {
    let world = World::kind();
    while let Some(one) = live.obligations().into_iter().find(|one| one.key.effect != Effect::Ask) {
        world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
    }
    live
}

/// The user commits, as long as `often` says so, before the result is delivered.
fn moving(often: usize) -> impl Fn(&Obligation, &Of) -> Option<Input> {
    let left = std::cell::Cell::new(often);
    move |one, of| {
        let due = one.key.effect == Effect::Perform && of.step.as_str() == "document/deliver" && left.get() > 0;
        due.then(|| {
            left.set(left.get() - 1);
            let blocked = ("it moved again and again".to_owned(), "git merge".to_owned());
            let result = Performed::BaseMoved { commit: oid(format!("user {}", left.get())), blocked };
            Input::Performed { of: of.clone(), result }
        })
    }
}

#[test]
fn what_the_user_commits_is_taken_in_first() {
    let live = drive(created(&[&[]]).build(), moving(2));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(live.run.delivery, Some(DeliveryResult::Delivered));
    assert_eq!(live.run.bases.iter().filter(|base| base.merged).count(), 2);
    let delivered =
        |event: &Event| matches!(event, Event::DeliveryIntended { movement, .. } if movement.old == oid("user 0"));
    assert_eq!(count(&live, delivered), 1, "the delivery begins where the user is");
    let ids: Vec<&str> =
        live.run.steps.iter().filter(|step| step.base.is_some()).map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["document/base#1/merge", "document/base#2/merge"]);
}

#[test]
fn a_branch_that_never_rests_is_left_alone() {
    let live = drive(created(&[&[]]).build(), moving(100));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(live.run.bases.len(), 5);
    assert!(matches!(live.run.delivery, Some(DeliveryResult::Deferred { .. })), "{:?}", live.run.delivery);
}
