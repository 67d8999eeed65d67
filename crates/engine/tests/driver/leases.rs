//! Who may drive: one at a time, and whoever lost the right can write nothing any more.

use crate::hand::{Hand, Project, holder, on_each};
use coordinate_engine::driver::Stopped;
use coordinate_engine::journal::{Author, JournalError};
use coordinate_engine::port::{Storage, StoredRecord};
use coordinate_model::event::{Event, FORMAT, Outcome};
use coordinate_model::ids::{RunId, Token};
use coordinate_model::input::Input;
use coordinate_model::time::UtcMillis;
use coordinate_testkit::runs::created;
use coordinate_testkit::world::World;

const ENDLESS: &[&str] = &["implement/p1/agent"];

#[test]
fn a_second_driver_is_refused_while_the_first_lives() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let journal = project.journal();
        let (_, first) = journal.take(&id, &holder(41), &|_| false).unwrap();
        let refused = journal.take(&id, &holder(42), &|other| other.pid == 41).unwrap_err();
        assert!(matches!(refused, JournalError::Driven { pid: 41, .. }));
        assert_eq!(
            refused.to_string(),
            format!(
                "run `{id}` is driven by process 41; watch it with `coordinate logs -f`, or take it with `coordinate unlock {id}`"
            )
        );
        assert_eq!(journal.unlock(&id).unwrap().map(|former| former.pid), Some(41));
        let (_, second) = journal.take(&id, &holder(42), &|other| other.pid == 41).unwrap();
        assert!(second > first);
    });
}

/// Shows S23.
#[test]
fn a_dead_holder_is_replaced_and_a_release_never_lowers_the_epoch() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let journal = project.journal();
        let mut last = Token(0);
        for pid in 1..6 {
            let (_, epoch) = journal.take(&id, &holder(pid), &|_| false).unwrap();
            assert!(epoch > last);
            last = epoch;
            if pid % 2 == 0 {
                journal.release(&id, epoch).unwrap();
                assert_eq!(project.storage.lease(&id).unwrap().unwrap().holder, None);
            }
            journal.release(&id, Token(epoch.0 - 1)).unwrap();
            assert_eq!(project.storage.lease(&id).unwrap().unwrap().epoch, epoch);
        }
    });
}

/// Shows S23.
#[test]
fn who_was_taken_over_can_append_nothing() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let journal = project.journal();
        let (mut run, old) = journal.take(&id, &holder(1), &|_| false).unwrap();
        let (_, new) = journal.take(&id, &holder(2), &|_| false).unwrap();
        let before = project.events(&id);
        let pause = [Input::Pause { by: "the old one".to_owned() }];
        let error = journal.transact(&mut run, Author::Driver(old), &pause).unwrap_err();
        assert!(matches!(&error, JournalError::TakenOver { epoch, .. } if *epoch == new), "{error}");
        assert_eq!(project.events(&id), before);
        assert_eq!(run, project.run(&id), "the refused driver keeps nothing that was not committed");
        journal.transact(&mut run, Author::Driver(new), &pause).unwrap();
        assert_eq!(project.events(&id).len(), before.len() + 1);
    });
}

#[test]
fn a_driver_that_is_taken_over_stops_and_begins_nothing_of_the_others() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let other = project.journal();
        let mut hand = Hand::new(World::kind()).endless(ENDLESS);
        let mut taken = None;
        let result = project.drive_heard(&id, &mut hand, |_, record, _| {
            if taken.is_none() && matches!(record.event, Event::AttemptStarted { .. }) {
                let (mut run, epoch) = other.take(&id, &holder(2), &|_| false).unwrap();
                let drive = [Input::Drive { epoch, pid: 2 }];
                other.transact(&mut run, Author::Driver(epoch), &drive).unwrap();
                other.transact(&mut run, Author::Anyone, &[Input::Pause { by: "a person".to_owned() }]).unwrap();
                taken = Some((epoch, run.sequence));
            }
        });
        let (epoch, sequence) = taken.unwrap();
        assert!(matches!(result, Err(JournalError::TakenOver { epoch: by, .. }) if by == epoch));
        assert_eq!(project.events(&id).len() as u64, sequence, "nothing was appended after the take-over");
        assert!(hand.begun.iter().all(|(known, _)| *known < sequence), "the stop is the new driver's to carry out");
    });
}

fn append_newer(storage: &dyn Storage, id: &RunId, last: u64) {
    let record = StoredRecord {
        sequence: last + 1,
        at: UtcMillis(1),
        format: FORMAT + 1,
        body: br#"{"event":"from_the_future"}"#.to_vec(),
    };
    storage
        .transaction(id, &mut |transaction| {
            transaction.append(last, std::slice::from_ref(&record))?;
            Ok(true)
        })
        .unwrap();
}

#[test]
fn a_journal_from_a_newer_program_is_refused_before_its_lease_is_taken() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let run = project.run(&id);
        append_newer(&*project.storage, &id, run.sequence);
        let error = project.journal().take(&id, &holder(1), &|_| false).unwrap_err();
        let wanted = format!(
            "run `{id}`, event {}: event format {} is newer than the {FORMAT} that this program reads; install a newer `coordinate`",
            run.sequence + 1,
            FORMAT + 1
        );
        assert_eq!(error.to_string(), wanted);
        assert_eq!(project.storage.lease(&id).unwrap(), None);
    });
}

#[test]
fn a_run_that_has_ended_is_not_driven_again() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let mut hand = Hand::new(World::kind());
        assert_eq!(project.drive(&id, &mut hand).unwrap(), Stopped::Ended(Outcome::Succeeded));
        let (events, begun) = (project.events(&id), hand.begun.len());
        assert_eq!(project.drive(&id, &mut hand).unwrap(), Stopped::Ended(Outcome::Succeeded));
        assert_eq!((project.events(&id), hand.begun.len()), (events, begun));
    });
}

#[test]
fn a_run_that_is_not_there_is_named_with_the_remedy() {
    on_each(|project: Project| {
        let id = coordinate_testkit::seeded::run_id(9);
        let error = project.journal().take(&id, &holder(1), &|_| false).unwrap_err();
        assert_eq!(error.to_string(), format!("there is no run `{id}`; list them with `coordinate ps`"));
        assert_eq!(project.storage.lease(&id).unwrap(), None);
    });
}
