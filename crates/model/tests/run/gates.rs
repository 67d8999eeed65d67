//! Questions to people: closed until they are answered, and closed for ever when they are answered with no.

use crate::simulation::{Rest, Simulation, answer};
use coordinate_model::definition::Definition;
use coordinate_model::event::{Created, Event, GateAnswer, Outcome};
use coordinate_model::ids::StepId;
use coordinate_model::input::{Answer, Input};
use coordinate_model::run::StepState;
use coordinate_testkit::runs::created;
use coordinate_testkit::world::World;

const FRAME: &str = r#"
format = 1
name = "gated"
description = "asks before it goes on"
initial = "initialize"
complete = "complete"

[scope.full-implementation]
first = "implement"
last = "implement"

[state.initialize]
to = ["implement"]

[state.implement]
to = ["complete", "repair"]
on_success = "complete"
on_failure = "repair"
needs = ["repository"]

[state.repair]
to = ["implement", "complete"]
on_success = "implement"

[state.complete]
to = []
"#;

fn gated(steps: &str, dependencies: &[&[u32]]) -> Created {
    let definition = Definition::parse("gated.toml", &format!("{FRAME}\n{steps}")).unwrap();
    created(dependencies).definition(definition).build()
}

/// A run that asks about each phase.
pub(crate) fn asking() -> Created {
    gated(PER_PHASE, &[&[], &[], &[1, 2]])
}

const PER_PHASE: &str = r#"
[[state.implement.step]]
id = "agent"
kind = "agent"
role = "implementer"
for_each = "phases"

[[state.implement.step]]
id = "ask"
kind = "gate"
question = "is this work good?"
for_each = "phases"
needs = ["agent"]

[[state.implement.step]]
id = "merge"
kind = "merge"
for_each = "phases"
needs = ["ask"]
"#;

fn state_of(simulation: &Simulation, step: &str) -> StepState {
    simulation.live.run.step(&StepId::new(step)).unwrap().state
}

#[test]
fn each_phase_waits_for_its_own_answer() {
    let mut simulation = Simulation::new(gated(PER_PHASE, &[&[], &[], &[1, 2]]), World::kind(), 3);
    assert_eq!(simulation.settle(1_000), Rest::Gate);
    assert_eq!(state_of(&simulation, "implement/p1/ask"), StepState::Waiting);
    assert_eq!(state_of(&simulation, "implement/p2/ask"), StepState::Waiting);
    simulation.live.send(&answer("implement/p1/ask", GateAnswer::Approved));
    assert_eq!(simulation.settle(1_000), Rest::Gate);
    assert_eq!(state_of(&simulation, "implement/p1/merge"), StepState::Succeeded);
    assert_eq!(state_of(&simulation, "implement/p3/agent"), StepState::Blocked);
    simulation.live.send(&answer("implement/p2/ask", GateAnswer::Approved));
    assert_eq!(simulation.settle(1_000), Rest::Gate);
    simulation.live.send(&answer("implement/p3/ask", GateAnswer::Approved));
    assert_eq!(simulation.settle(1_000), Rest::Ended);
    assert_eq!(simulation.live.run.outcome, Some(Outcome::Succeeded));
}

#[test]
fn a_gate_is_answered_once() {
    let mut simulation = Simulation::new(gated(PER_PHASE, &[&[]]), World::kind(), 3);
    simulation.settle(1_000);
    assert_eq!(simulation.live.send(&answer("implement/p1/ask", GateAnswer::Approved)), Answer::Accepted);
    assert_eq!(simulation.live.send(&answer("implement/p1/ask", GateAnswer::Approved)), Answer::AlreadyDone);
    let contradicts = simulation.live.send(&answer("implement/p1/ask", GateAnswer::Rejected));
    assert!(matches!(contradicts, Answer::NotWaiting { .. }), "{contradicts:?}");
    let unknown = simulation.live.send(&answer("implement/p9/ask", GateAnswer::Approved));
    assert!(matches!(unknown, Answer::NotWaiting { .. }));
    let no_gate = simulation.live.send(&answer("implement/p1/agent", GateAnswer::Approved));
    assert!(matches!(no_gate, Answer::NotWaiting { .. }));
}

#[test]
fn no_means_no_and_no_agent_is_asked_to_mend_it() {
    let mut simulation = Simulation::new(gated(PER_PHASE, &[&[], &[1]]), World::kind(), 3);
    simulation.settle(1_000);
    simulation.live.send(&answer("implement/p1/ask", GateAnswer::Rejected));
    assert_eq!(simulation.settle(1_000), Rest::Ended);
    let run = &simulation.live.run;
    assert_eq!(run.outcome, Some(Outcome::Failed));
    assert_eq!(run.closing.as_ref().unwrap().message, "phase 1: a person said no");
    assert_eq!(state_of(&simulation, "implement/p1/merge"), StepState::Blocked);
    assert_eq!(state_of(&simulation, "implement/p2/agent"), StepState::Blocked);
}

#[test]
fn a_pause_does_not_open_a_gate_and_an_answer_under_it_counts() {
    let mut simulation = Simulation::new(gated(PER_PHASE, &[&[]]), World::kind(), 3);
    simulation.settle(1_000);
    simulation.live.send(&Input::Pause { by: "a person".to_owned() });
    assert!(simulation.live.obligations().is_empty());
    assert_eq!(simulation.live.send(&answer("implement/p1/ask", GateAnswer::Approved)), Answer::Accepted);
    assert_eq!(state_of(&simulation, "implement/p1/merge"), StepState::Ready);
    simulation.live.send(&Input::Resume { by: "a person".to_owned() });
    assert_eq!(simulation.settle(1_000), Rest::Ended);
}

#[test]
fn a_run_that_waits_for_an_answer_can_be_cancelled() {
    let mut simulation = Simulation::new(gated(PER_PHASE, &[&[]]), World::kind(), 3);
    simulation.settle(1_000);
    simulation.live.send(&Input::Cancel { by: "a person".to_owned(), reason: String::new() });
    assert_eq!(simulation.settle(1_000), Rest::Ended);
    assert_eq!(simulation.live.run.outcome, Some(Outcome::Cancelled));
    assert_eq!(state_of(&simulation, "implement/p1/ask"), StepState::Cancelled);
}

const AROUND: &str = r#"
[[state.implement.step]]
id = "ask"
kind = "gate"
question = "shall we begin?"

[[state.implement.step]]
id = "agent"
kind = "agent"
role = "implementer"
for_each = "phases"
needs = ["ask"]

[[state.implement.step]]
id = "merge"
kind = "merge"
for_each = "phases"
needs = ["agent"]

[[state.implement.step]]
id = "after"
kind = "check"
needs = ["merge"]
"#;

#[test]
fn a_gate_before_the_phases_holds_them_all_and_a_check_after_them_waits_for_all() {
    let mut simulation = Simulation::new(gated(AROUND, &[&[], &[], &[1, 2]]), World::kind(), 3);
    assert_eq!(simulation.settle(1_000), Rest::Gate);
    let leased = |event: &Event| matches!(event, Event::AttemptLeased { .. });
    assert_eq!(simulation.live.journal.iter().filter(|(_, event)| leased(event)).count(), 0);
    simulation.live.send(&answer("implement/ask", GateAnswer::Approved));
    assert_eq!(state_of(&simulation, "implement/p3/agent"), StepState::Blocked);
    assert_eq!(simulation.settle(1_000), Rest::Ended);
    assert_eq!(simulation.live.run.outcome, Some(Outcome::Succeeded));
    let last_lease = simulation.live.journal.iter().rev().find_map(|(_, event)| match event {
        Event::AttemptLeased { step, .. } => Some(step.as_str()),
        _ => None,
    });
    assert_eq!(last_lease, Some("implement/after"));
}

fn skip(step: &str) -> Input {
    Input::Skip { step: StepId::new(step), by: "ann".to_owned(), reason: "later".to_owned() }
}

#[test]
fn what_waits_for_a_phase_that_is_left_out_goes_on_without_it() {
    let mut simulation = Simulation::new(gated(AROUND, &[&[], &[1], &[2]]), World::kind(), 3);
    assert_eq!(simulation.settle(1_000), Rest::Gate);
    assert!(matches!(simulation.live.send(&skip("implement/ask")), Answer::NotWaiting { .. }), "a gate is answered");
    assert_eq!(simulation.live.send(&skip("implement/p2/agent")), Answer::Accepted);
    assert_eq!(simulation.live.send(&skip("implement/p2/merge")), Answer::AlreadyDone);
    simulation.live.send(&answer("implement/ask", GateAnswer::Approved));
    assert_eq!(simulation.settle(1_000), Rest::Ended);
    let run = &simulation.live.run;
    assert_eq!(run.outcome, Some(Outcome::Succeeded));
    let merged: Vec<bool> = run.phases.values().map(|phase| phase.merged).collect();
    assert_eq!(merged, [true, false, true]);
    assert_eq!(state_of(&simulation, "implement/p2/agent"), StepState::Skipped);
    assert_eq!(state_of(&simulation, "implement/after"), StepState::Succeeded);
    assert!(run.warnings.iter().any(|warning| warning == "phase 2 was left out by ann: later"), "{:?}", run.warnings);
}

#[test]
fn nothing_is_tried_again_that_did_not_fail_and_does_not_wait() {
    let mut simulation = Simulation::new(gated(AROUND, &[&[]]), World::kind(), 3);
    assert_eq!(simulation.settle(1_000), Rest::Gate);
    for step in ["implement/ask", "implement/p1/agent", "implement/p9/agent"] {
        let retry = Input::Retry { step: StepId::new(step), by: "ann".to_owned() };
        assert!(matches!(simulation.live.send(&retry), Answer::NotWaiting { .. }), "{step}");
    }
}
