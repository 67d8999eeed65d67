//! Forks: every prefix of a journal is one, or is refused with the reason; and what is forked comes to an end like any run.

use crate::golden::journals;
use crate::simulation::{Simulation, Written, fold};
use crate::worlds::{any_run, check_end, config, habits};
use coordinate_model::event::{AgentChoice, AttemptEnding, Event, GateAnswer};
use coordinate_model::fork::{Changes, Forked, Open, Order, Places, Refusal, before, fork, point};
use coordinate_model::ids::{RunId, StepId};
use coordinate_model::input::Context;
use coordinate_model::run::{Run, StepState};
use coordinate_model::time::UtcMillis;
use coordinate_testkit::world::{Habits, World};
use proptest::prelude::*;

fn order() -> Order {
    Order {
        run: "run_00000000000000000000000042".parse::<RunId>().unwrap(),
        trees: "/elsewhere/run_00000000000000000000000042".to_owned(),
        places: Places::default(),
        changes: Changes::default(),
        answers: Vec::new(),
        by: "a person".to_owned(),
    }
}

fn context() -> Context {
    Context { now: UtcMillis(9_000_000_000_000), entropy: 0 }
}

/// The fork at an event; `None` where it is refused because the run ends there, or is a part of another.
fn forked(journal: &[Written], at: u64) -> Option<Forked> {
    match point(journal, at) {
        Ok(point) => {
            assert!(point.at >= at, "a fork before its event");
            Some(fork(journal, &point, &order(), context()).unwrap())
        }
        Err(Refusal::Ending { before, .. }) => {
            assert!(before < at || point(journal, before).is_ok());
            None
        }
        Err(Refusal::Part { .. }) => None,
        Err(refusal) => panic!("event {at}: {refusal}"),
    }
}

/// What must hold for a fork, wherever it begins.
fn check(journal: &[Written], forked: &Forked) {
    let written: Vec<Written> = (1..)
        .zip(&forked.events)
        .map(|(sequence, (at, event))| (coordinate_model::run::Position { sequence, at: *at }, event.clone()))
        .collect();
    let run = fold(&written);
    assert_eq!(run, forked.run, "it is what its events say");
    let from = run.created.forked.clone().unwrap();
    let past = fold(&journal[..usize::try_from(from.at).unwrap()]);
    assert_eq!((from.run, from.tokens), (past.id().clone(), past.next_token()));
    let at_work = |step: &&coordinate_model::run::Step| {
        step.state == StepState::Running && step.kind == coordinate_model::definition::StepKind::Agent
    };
    assert!(run.live().find(at_work).is_none(), "nobody works in a fork that nobody drives");
    let done = |run: &Run| -> Vec<StepId> {
        let done = run.steps.iter().filter(|step| step.state == StepState::Succeeded);
        done.map(|step| step.id.clone()).collect()
    };
    assert_eq!(done(&run), done(&past), "what is done stays done, and nothing else is");
    let counted = |run: &Run| run.steps.iter().map(|step| step.counted).collect::<Vec<_>>();
    assert_eq!(counted(&run), counted(&past), "a fork costs no try");
    assert_eq!(run.integration, past.integration);
    let text = serde_json::to_string(&written[1..].iter().map(|(_, event)| event).collect::<Vec<_>>()).unwrap();
    assert!(!text.contains(&past.created.paths.trees), "a tree of the other run is named");
}

#[test]
fn every_event_of_every_released_format_can_be_forked_at() {
    let mut forks = 0;
    for journal in journals() {
        for (position, _) in &journal {
            if let Some(forked) = forked(&journal, position.sequence) {
                check(&journal, &forked);
                forks += 1;
            }
        }
    }
    assert!(forks > 200, "{forks} forks");
}

fn simulated(seed: u64, habits: Habits) -> Vec<Written> {
    let mut simulation = Simulation::new(any_run(seed), World::new(seed, habits), seed);
    simulation.settle_with_answers(20_000);
    simulation.live.journal
}

proptest! {
    #![proptest_config(config(24))]

    /// Shows P5.
    #[test]
    fn a_fork_at_any_event_comes_to_an_end(seed in any::<u64>(), habits in habits(), at in any::<u64>()) {
        let journal = simulated(seed, habits);
        let at = 1 + at % journal.len() as u64;
        if let Some(forked) = forked(&journal, at) {
            check(&journal, &forked);
            let mut simulation = Simulation::resumed(forked.events, World::new(seed, habits), seed ^ at);
            simulation.settle_with_answers(20_000);
            check_end(&simulation.live.run, true);
        }
    }
}

/// A whole run in a world in which all goes well.
fn kind(seed: u64) -> Vec<Written> {
    simulated(seed, Habits::default())
}

fn position_of(journal: &[Written], wanted: impl Fn(&Event) -> bool) -> u64 {
    journal.iter().find(|(_, event)| wanted(event)).unwrap().0.sequence
}

#[test]
fn attempts_at_work_begin_anew_in_new_sessions() {
    let journal = kind(1);
    let at = position_of(&journal, |event| matches!(event, Event::AgentObserved { .. }));
    let forked = forked(&journal, at).unwrap();
    let [step, ..] = forked.interrupted.as_slice() else { panic!("nothing was at work") };
    let attempt = forked.run.step(step).unwrap().attempt().unwrap();
    assert_eq!((&attempt.ending, attempt.ended.is_some()), (&Some(AttemptEnding::Stopped), true));
    assert_eq!(forked.run.step(step).unwrap().state, StepState::Ready);
    assert!(attempt.token < forked.run.created.forked.as_ref().unwrap().tokens);
}

#[test]
fn an_event_in_the_middle_of_a_decision_takes_the_rest_with_it() {
    let journal = kind(1);
    let at = position_of(&journal, |event| matches!(event, Event::Merged { .. }));
    let point = point(&journal, at).unwrap();
    let last = &journal[usize::try_from(point.at).unwrap() - 1].1;
    assert!(point.at > at && matches!(last, Event::StepSucceeded { .. }), "{last:?}");
}

#[test]
fn a_step_means_the_moment_before_it_began() {
    let journal = kind(1);
    let step = journal.iter().find_map(|(_, event)| match event {
        Event::AttemptLeased { step, .. } => Some(step.clone()),
        _ => None,
    });
    let at = before(&journal, &step.clone().unwrap()).unwrap();
    assert!(matches!(&journal[usize::try_from(at).unwrap()].1, Event::AttemptLeased { .. }));
    assert!(forked(&journal, at).unwrap().run.step(&step.unwrap()).is_none_or(|step| step.attempts.is_empty()));
    let wrong = before(&journal, &StepId::new("no/such")).unwrap_err();
    assert!(matches!(wrong, Refusal::NotBegun { .. }), "{wrong}");
}

#[test]
fn the_end_of_a_run_is_no_place_for_a_fork() {
    let journal = kind(1);
    let last = journal.last().unwrap().0.sequence;
    let refused = point(&journal, last).unwrap_err();
    let Refusal::Ending { before, .. } = refused else { panic!("{refused}") };
    assert!(point(&journal, before).is_ok());
    assert!(matches!(point(&journal, last + 1), Err(Refusal::NoEvent { .. })));
    assert!(matches!(point(&journal, 0), Err(Refusal::NoEvent { .. })));
}

#[test]
fn another_agent_has_not_done_what_the_former_did() {
    let journal = kind(1);
    let at = position_of(&journal, |event| matches!(event, Event::AgentObserved { .. }));
    let other = AgentChoice { name: "another".to_owned(), repairs: true, ..AgentChoice::default() };
    let changes = Changes { agent: Some(other), max_parallel: Some(7), ..Changes::default() };
    let forked = fork(&journal, &point(&journal, at).unwrap(), &Order { changes, ..order() }, context()).unwrap();
    assert_eq!(forked.run.created.options.agent.name, "another");
    assert_eq!(forked.run.created.options.max_parallel, 7);
    for step in forked.run.steps.iter().filter(|step| !step.attempts.is_empty()) {
        assert_ne!(forked.run.agent(step).name, "another", "{}", step.id);
    }
}

#[test]
fn what_is_not_written_yet_gets_places_of_its_own() {
    let journal = kind(3);
    let run = fold(&journal[..1]);
    let open = Open::of(&run);
    assert_eq!(open.reports.len(), run.created.topics.len());
    let whole = Open::of(&fold(&journal));
    assert!(whole.reports.len() <= open.reports.len());
}

#[test]
fn a_gate_that_is_open_then_is_answered_in_the_fork() {
    for journal in journals() {
        let opened = journal.iter().find_map(|(position, event)| match event {
            Event::GateOpened { step, .. } => Some((position.sequence, step.clone())),
            _ => None,
        });
        let Some((at, step)) = opened else { continue };
        let Ok(point) = point(&journal, at) else { continue };
        let answers = vec![(step.clone(), GateAnswer::Rejected)];
        let forked = fork(&journal, &point, &Order { answers, ..order() }, context()).unwrap();
        assert_eq!(forked.run.answers[&step].answer, GateAnswer::Rejected);
        assert_eq!(forked.run.answers[&step].by, "a person");
        return;
    }
    panic!("no golden journal has a gate");
}
