//! Other processes speak to a run that is driven: through the journal alone.

use crate::hand::{Hand, on_each};
use coordinate_engine::driver::Stopped;
use coordinate_engine::journal::{Author, Journal};
use coordinate_model::definition::{Definition, builtin_text};
use coordinate_model::event::{Event, GateAnswer, Outcome};
use coordinate_model::ids::{RunId, StepId};
use coordinate_model::input::{Answer, Input};
use coordinate_model::obligation::Effect;
use coordinate_testkit::runs::created;
use coordinate_testkit::world::World;
use std::cell::RefCell;
use std::rc::Rc;

const ENDLESS: &[&str] = &["implement/p1/agent"];

fn say(journal: &Journal, id: &RunId, input: Input) -> Answer {
    let mut run = journal.load(id).unwrap();
    journal.transact(&mut run, Author::Anyone, &[input]).unwrap().answers.remove(0)
}

fn pause() -> Input {
    Input::Pause { by: "another terminal".to_owned() }
}

#[test]
fn a_pause_from_elsewhere_stops_what_runs_and_a_resume_goes_on() {
    on_each(|project| {
        let id = project.create(created(&[&[], &[1]]).build());
        let other = project.journal();
        let mut hand = Hand::new(World::kind()).endless(ENDLESS);
        let stopped = project.drive_heard(&id, &mut hand, |_, record, _| {
            if matches!(record.event, Event::AttemptStarted { .. }) {
                assert_eq!(say(&other, &id, pause()), Answer::Accepted);
            }
        });
        assert_eq!(stopped.unwrap(), Stopped::Paused);
        assert_eq!(hand.begun.iter().filter(|(_, key)| key.effect == Effect::Stop).count(), 1);
        assert_eq!(say(&other, &id, pause()), Answer::AlreadyDone);
        // A driver that finds a paused run begins nothing.
        let begun = hand.begun.len();
        assert_eq!(project.drive(&id, &mut hand).unwrap(), Stopped::Paused);
        assert_eq!(hand.begun.len(), begun);
        say(&other, &id, Input::Resume { by: "another terminal".to_owned() });
        let mut hand = Hand::new(World::kind());
        assert_eq!(project.drive(&id, &mut hand).unwrap(), Stopped::Ended(Outcome::Succeeded));
    });
}

#[test]
fn a_cancel_from_elsewhere_ends_the_run() {
    on_each(|project| {
        let id = project.create(created(&[&[], &[1]]).build());
        let other = project.journal();
        let mut hand = Hand::new(World::kind()).endless(ENDLESS);
        let stopped = project.drive_heard(&id, &mut hand, |_, record, _| {
            if matches!(record.event, Event::AttemptStarted { .. }) {
                say(&other, &id, Input::Cancel { by: "another terminal".to_owned(), reason: String::new() });
            }
        });
        assert_eq!(stopped.unwrap(), Stopped::Ended(Outcome::Cancelled));
        assert_eq!(say(&other, &id, pause()), Answer::NotWaiting { reason: "the run has ended: cancelled".to_owned() });
    });
}

#[test]
fn an_interrupt_pauses_and_a_second_one_leaves_at_once() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let mut hand = Hand::new(World::kind()).endless(ENDLESS);
        let once = project.drive_heard(&id, &mut hand, |_, record, outbox| {
            if matches!(record.event, Event::AttemptStarted { .. }) {
                outbox.interrupt();
            }
        });
        assert_eq!(once.unwrap(), Stopped::Paused);
        let other = project.journal();
        say(&other, &id, Input::Resume { by: "a person".to_owned() });
        let twice = project.drive_heard(&id, &mut hand, |_, record, outbox| {
            if matches!(record.event, Event::AttemptStarted { .. } | Event::PauseRequested { .. }) {
                outbox.interrupt();
            }
        });
        assert_eq!(twice.unwrap(), Stopped::Abandoned);
        assert_eq!(project.run(&id).paused.as_deref(), Some("the user (interrupt)"));
    });
}

#[test]
fn a_run_is_closed_when_all_that_was_stopped_has_ended() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let other = project.journal();
        let late = Rc::new(RefCell::new(Vec::new()));
        let mut hand = Hand::new(World::kind()).endless(ENDLESS);
        hand.late = Some(Rc::clone(&late));
        let outbox = RefCell::new(None);
        let stopped = project.drive_watched(
            &id,
            &mut hand,
            |_, record, to| {
                outbox.replace(Some(to.clone()));
                if matches!(record.event, Event::AttemptStarted { .. }) {
                    say(&other, &id, Input::Cancel { by: "another terminal".to_owned(), reason: String::new() });
                }
            },
            // What was stopped ends when nothing else happens any more.
            || late.borrow_mut().drain(..).for_each(|key| outbox.borrow().as_ref().unwrap().finished(key)),
        );
        assert_eq!(stopped.unwrap(), Stopped::Ended(Outcome::Cancelled));
        assert!(hand.begun.iter().any(|(_, key)| key.effect == Effect::Close));
    });
}

#[test]
fn two_interrupts_at_once_leave_at_once_and_one_among_others_pauses() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let mut hand = Hand::new(World::kind()).endless(ENDLESS);
        let one = project.drive_heard(&id, &mut hand, |_, record, outbox| {
            if matches!(record.event, Event::AttemptStarted { .. }) {
                outbox.send(Input::Resume { by: "a person".to_owned() });
                outbox.interrupt();
            }
        });
        assert_eq!(one.unwrap(), Stopped::Paused);
        say(&project.journal(), &id, Input::Resume { by: "a person".to_owned() });
        let both = project.drive_heard(&id, &mut hand, |_, record, outbox| {
            if matches!(record.event, Event::AttemptStarted { .. }) {
                outbox.interrupt();
                outbox.interrupt();
            }
        });
        assert_eq!(both.unwrap(), Stopped::Abandoned);
        assert_eq!(project.run(&id).paused, None, "who leaves at once writes nothing more");
    });
}

/// The built-in workflow with a question before the result goes to the user's branch.
fn gated() -> Definition {
    let linked = "id = \"deliver\"\nkind = \"merge\"\naction = \"deliver\"\nneeds = [\"link\"]";
    let text = builtin_text("coordinate").unwrap();
    assert!(text.contains(linked), "there is nothing to ask before");
    let asked = linked.replace("link", "ask");
    let gate = "id = \"ask\"\nkind = \"gate\"\nneeds = [\"link\"]\nquestion = \"shall it go to your branch?\"";
    Definition::parse("gated", &text.replace(linked, &format!("{gate}\n\n[[state.document.step]]\n{asked}"))).unwrap()
}

fn approve() -> Input {
    let (step, by) = (StepId::new("document/ask"), "another terminal".to_owned());
    Input::Answer { step, answer: GateAnswer::Approved, by, comment: String::new() }
}

#[test]
fn a_driver_leaves_when_only_a_person_can_go_on_and_the_answer_needs_no_driver() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).definition(gated()).build());
        let mut hand = Hand::new(World::kind());
        assert_eq!(project.drive(&id, &mut hand).unwrap(), Stopped::Waiting);
        assert_eq!(project.drive(&id, &mut hand).unwrap(), Stopped::Waiting);
        assert_eq!(say(&project.journal(), &id, approve()), Answer::Accepted);
        assert_eq!(say(&project.journal(), &id, approve()), Answer::AlreadyDone);
        assert_eq!(project.drive(&id, &mut hand).unwrap(), Stopped::Ended(Outcome::Succeeded));
    });
}

#[test]
fn an_answer_from_elsewhere_reaches_the_driver_that_is_at_work() {
    on_each(|project| {
        let text = builtin_text("coordinate").unwrap();
        let step = "[[state.implement.step]]\nid = \"good-day\"\nkind = \"gate\"\nquestion = \"is it a good day?\"\n\n";
        let first = "[[state.implement.step]]\nid = \"agent\"";
        let asking = Definition::parse("asking", &text.replace(first, &format!("{step}{first}"))).unwrap();
        let id = project.create(created(&[&[]]).definition(asking).build());
        let other = project.journal();
        let mut hand = Hand::new(World::kind()).endless(ENDLESS);
        let stopped = project.drive_heard(&id, &mut hand, |_, record, outbox| match &record.event {
            Event::AttemptStarted { .. } => {
                let (step, by) = (StepId::new("implement/good-day"), "another terminal".to_owned());
                let answer = Input::Answer { step, answer: GateAnswer::Approved, by, comment: String::new() };
                assert_eq!(say(&other, &id, answer), Answer::Accepted);
            }
            Event::GateAnswered { .. } => outbox.interrupt(),
            _ => {}
        });
        assert_eq!(stopped.unwrap(), Stopped::Paused);
        let answered = project.run(&id).answers.remove(&StepId::new("implement/good-day")).unwrap();
        assert_eq!((answered.answer, answered.by.as_str()), (GateAnswer::Approved, "another terminal"));
    });
}
