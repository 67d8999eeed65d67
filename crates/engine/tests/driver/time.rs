//! Observations ride together, timers fire once, and no clock and no chatter keeps them from it.

use crate::hand::{Hand, Project, on_each};
use coordinate_engine::driver::{Outbox, Stopped};
use coordinate_engine::journal::{Author, Record};
use coordinate_model::event::{Event, Observation, Outcome};
use coordinate_model::input::{Input, Of};
use coordinate_model::run::Run;
use coordinate_testkit::faults::{Fault, FaultyStorage, memory};
use coordinate_testkit::runs::created;
use coordinate_testkit::virtual_clock::VirtualClock;
use coordinate_testkit::world::{Habits, World};
use std::cell::Cell;
use std::sync::Arc;

const ENDLESS: &[&str] = &["implement/p1/agent"];

fn said(run: &Run, offset: u64) -> Input {
    let attempt = run.steps[0].attempt().unwrap();
    let of = Of { step: run.steps[0].id.clone(), attempt: attempt.number, token: attempt.token };
    Input::Observed { of, offset, observations: vec![Observation::Message { text: format!("word {offset}") }] }
}

#[test]
fn a_thousand_observations_are_a_few_commits() {
    let storage = Arc::new(FaultyStorage::new(memory(), Fault::RolledBack, 0));
    let project = Project::new(storage.clone());
    let id = project.create(created(&[&[]]).build());
    let mut hand = Hand::new(World::kind()).endless(ENDLESS);
    let mut before = 0;
    let stopped = project.drive_heard(&id, &mut hand, |run, record, outbox| match &record.event {
        Event::AttemptStarted { .. } => {
            before = storage.committed();
            (1..=1_000).for_each(|offset| outbox.send(said(run, offset)));
        }
        Event::AgentObserved { offset: 1_000, .. } => outbox.interrupt(),
        _ => {}
    });
    assert_eq!(stopped.unwrap(), Stopped::Paused);
    let offsets = project.events(&id).into_iter().filter_map(|record| match record.event {
        Event::AgentObserved { offset, .. } => Some(offset),
        _ => None,
    });
    assert!(offsets.eq(1..=1_000), "each once, in order");
    assert!(storage.committed() - before <= 10, "{} commits", storage.committed() - before);
}

#[test]
fn what_is_said_waits_for_more_while_no_time_passes() {
    let storage = Arc::new(FaultyStorage::new(memory(), Fault::RolledBack, 0));
    let project = Project::new(storage.clone());
    project.clock.set_step(0);
    let id = project.create(created(&[&[]]).build());
    let mut hand = Hand::new(World::kind()).endless(ENDLESS);
    let mut before = 0;
    let stopped = project.drive_heard(&id, &mut hand, |run, record, outbox| {
        if matches!(record.event, Event::AttemptStarted { .. }) {
            before = storage.committed();
            // More than a driver takes in at once.
            (1..=5_000).for_each(|offset| outbox.send(said(run, offset)));
            outbox.interrupt();
        }
    });
    assert_eq!(stopped.unwrap(), Stopped::Paused);
    let said = project.events(&id).into_iter().filter(|record| matches!(record.event, Event::AgentObserved { .. }));
    assert_eq!(said.count(), 5_000);
    let after = storage.committed() - before;
    assert!(after <= 3, "{after} commits: all that was said with the pause, and what ends the attempt");
}

#[test]
fn an_observation_waits_for_no_other_event_and_for_no_clock_that_was_set_back() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let said_something = Cell::new(false);
        let mut ticks = 0;
        let hears = |run: &Run, record: &Record, outbox: &Outbox| match &record.event {
            Event::AttemptStarted { .. } => {
                outbox.send(said(run, 1));
                said_something.set(true);
            }
            Event::AgentObserved { .. } => outbox.interrupt(),
            _ => {}
        };
        let ticked = || {
            if said_something.replace(false) {
                project.clock.advance(-900_000);
            }
            ticks += 1;
            assert!(ticks < 50, "what was said is never written");
        };
        let mut hand = Hand::new(World::kind()).endless(ENDLESS);
        assert_eq!(project.drive_watched(&id, &mut hand, hears, ticked).unwrap(), Stopped::Paused);
    });
}

#[test]
fn an_agent_that_never_stops_talking_keeps_no_timer_waiting() {
    let mut project = Project::new(memory());
    project.clock = Arc::new(VirtualClock::stepping(1_000_000, 120));
    project.clock.set_entropy(400);
    let id = project.create(created(&[&[], &[]]).build());
    let world = World::new(stumbling_seed(), Habits { agents_stumble: 50, ..Habits::default() });
    let mut hand = Hand::new(world).endless(ENDLESS);
    let mut words = 0;
    let stopped = project.drive_heard(&id, &mut hand, |run, record, outbox| match &record.event {
        Event::AttemptStarted { step, .. } if step.as_str() == ENDLESS[0] => outbox.send(said(run, 1)),
        // Each word that was written brings the next at once, so that the driver never hears silence.
        Event::AgentObserved { step, offset, .. } if step.as_str() == ENDLESS[0] => {
            words += 1;
            assert!(words < 2_000, "the timer of the other step never fires");
            outbox.send(said(run, offset + 1));
        }
        Event::RetryDue { .. } => outbox.interrupt(),
        _ => {}
    });
    assert_eq!(stopped.unwrap(), Stopped::Paused);
}

/// A world in which the second phase's agent stumbles at its first try and not at its second.
fn stumbling_seed() -> u64 {
    let falls = |seed: u64, attempt: u32| {
        coordinate_testkit::seeded::number(seed, format!("stumble/implement/p2/agent@{attempt}")) % 100 < 50
    };
    (0..).find(|seed| falls(*seed, 1) && !falls(*seed, 2)).unwrap()
}

#[test]
fn each_timer_fires_once_also_when_it_was_due_while_nobody_drove() {
    on_each(|project| {
        project.clock.set_entropy(400);
        project.clock.set_step(1);
        let id = project.create(created(&[&[], &[]]).build());
        let world = World::new(stumbling_seed(), Habits { agents_stumble: 50, ..Habits::default() });
        let mut hand = Hand::new(world);
        let mut interrupted = false;
        let paused = project.drive_heard(&id, &mut hand, |_, record, outbox| {
            if matches!(record.event, Event::RetryScheduled { .. }) && !std::mem::replace(&mut interrupted, true) {
                outbox.interrupt();
            }
        });
        assert_eq!(paused.unwrap(), Stopped::Paused);
        assert_ne!(project.run(&id).waiting().count(), 0);
        project.clock.advance(3_600_000);
        project.clock.set_step(40);
        let journal = project.journal();
        let mut run = project.run(&id);
        let resume = [Input::Resume { by: "a person".to_owned() }];
        journal.transact(&mut run, Author::Anyone, &resume).unwrap();
        assert_eq!(project.drive(&id, &mut hand.restarted()).unwrap(), Stopped::Ended(Outcome::Succeeded));
        let count = |wanted: &dyn Fn(&Event) -> bool| project.events(&id).iter().filter(|it| wanted(&it.event)).count();
        let scheduled = count(&|event| matches!(event, Event::RetryScheduled { .. }));
        assert_eq!(count(&|event| matches!(event, Event::RetryDue { .. })), scheduled);
        assert!(scheduled > 0);
    });
}
