//! What a journal gives back: any prefix, with or without a snapshot, and a listing that is right.

use crate::hand::{Hand, Project, on_each};
use coordinate_engine::journal::{Author, JournalError};
use coordinate_engine::port::{StorageError, StoredSnapshot};
use coordinate_model::ids::RunId;
use coordinate_model::input::Input;
use coordinate_model::run::{FOLD_VERSION, Position, Run};
use coordinate_testkit::faults::memory;
use coordinate_testkit::runs::created;
use coordinate_testkit::world::{Habits, World};

/// A run that has ended, some of whose steps failed.
fn ended(project: &Project) -> RunId {
    let id = project.create(created(&[&[], &[1], &[]]).build());
    let habits = Habits { agents_stumble: 40, tests_fail: 30, ..Habits::default() };
    project.drive(&id, &mut Hand::new(World::new(3, habits))).unwrap();
    id
}

/// Shows S22.
#[test]
fn the_state_at_an_event_is_the_fold_up_to_it() {
    on_each(|project| {
        let id = ended(&project);
        let records = project.events(&id);
        let place = |at: usize| Position { sequence: records[at].sequence, at: records[at].at };
        let mut run = Run::begin(place(0), &records[0].event).unwrap();
        for at in 1..records.len() {
            run.apply(place(at), &records[at].event).unwrap();
            if at % 10 == 0 || at + 1 == records.len() {
                assert_eq!(project.journal().load_at(&id, at as u64 + 1).unwrap(), run);
            }
        }
        assert_eq!(project.journal().load_at(&id, u64::MAX).unwrap(), run);
        assert_eq!(project.run(&id), run);
    });
}

#[test]
fn a_snapshot_is_taken_in_the_middle_of_work_and_loaded_again() {
    on_each(|project| {
        let id = project.create(created(&[&[], &[1]]).build());
        let journal = project.journal();
        let mut hand = Hand::new(World::kind());
        project
            .drive_heard(&id, &mut hand, |run, record, _| {
                if record.sequence == run.sequence && record.sequence % 5 == 0 {
                    journal.put_snapshot(run).unwrap();
                }
                assert_eq!(journal.load(&id).unwrap(), *run, "from the snapshot and the events after it");
            })
            .unwrap();
        assert!(project.storage.snapshot(&id).unwrap().is_some());
    });
}

#[test]
fn a_snapshot_that_does_not_fit_is_ignored() {
    on_each(|project| {
        let id = ended(&project);
        let whole = project.run(&id);
        let body = serde_json::to_vec(&whole).unwrap();
        let fits = StoredSnapshot { fold_version: FOLD_VERSION, sequence: whole.sequence, body: body.clone() };
        let ahead = String::from_utf8(body)
            .unwrap()
            .replace(&format!("\"sequence\":{},", whole.sequence), &format!("\"sequence\":{},", whole.sequence + 10));
        let strange = created(&[&[]]).numbered(77).build();
        let other = project.create(strange);
        let foreign = serde_json::to_vec(&project.run(&other)).unwrap();
        for unfit in [
            StoredSnapshot { fold_version: FOLD_VERSION + 1, ..fits.clone() },
            StoredSnapshot { sequence: fits.sequence - 1, ..fits.clone() },
            StoredSnapshot { body: fits.body[..fits.body.len() / 2].to_vec(), ..fits.clone() },
            StoredSnapshot { sequence: fits.sequence + 10, body: ahead.into_bytes(), ..fits.clone() },
            StoredSnapshot { sequence: project.run(&other).sequence, body: foreign, ..fits.clone() },
        ] {
            project.storage.put_snapshot(&id, &unfit).unwrap();
            assert_eq!(project.run(&id), whole, "with a snapshot of {}", unfit.sequence);
        }
    });
}

/// A kept fold is read in place of all that is before it, unless the journal says otherwise at that very event.
#[test]
fn a_snapshot_that_fits_is_what_a_run_is_loaded_from() {
    on_each(|project| {
        let id = ended(&project);
        let written = project.run(&id);
        let mut marked = written.clone();
        marked.paused = Some("says the snapshot".to_owned());
        project.journal().put_snapshot(&marked).unwrap();
        assert_eq!(project.run(&id), marked);
        marked.updated.0 += 1;
        project.journal().put_snapshot(&marked).unwrap();
        assert_eq!(project.run(&id), written);
    });
}

#[test]
fn a_long_run_is_kept_every_five_thousand_events_and_read_page_by_page() {
    let project = Project::new(memory());
    let id = project.create(created(&[&[]]).build());
    let (journal, mut run, mut kept) = (project.journal(), project.run(&id), None);
    let by = || "a person".to_owned();
    let toggled: Vec<Input> = (0..333).flat_map(|_| [Input::Pause { by: by() }, Input::Resume { by: by() }]).collect();
    while run.sequence < 10_050 {
        let before = run.sequence;
        journal.transact(&mut run, Author::Anyone, &toggled).unwrap();
        assert!(run.sequence > before + 600);
        if before / 5_000 < run.sequence / 5_000 {
            kept = Some(run.sequence);
        }
        assert_eq!(project.storage.snapshot(&id).unwrap().map(|snapshot| snapshot.sequence), kept);
    }
    let unfit = StoredSnapshot { fold_version: FOLD_VERSION + 1, sequence: run.sequence, body: Vec::new() };
    project.storage.put_snapshot(&id, &unfit).unwrap();
    assert_eq!(project.run(&id), run);
    assert_eq!(project.events(&id).len() as u64, run.sequence);
}

#[test]
fn the_listing_is_right_after_each_change() {
    on_each(|project| {
        let id = project.create(created(&[&[], &[1]]).build());
        let check = |run: &Run| {
            let header = project.storage.header(&id).unwrap().unwrap();
            assert_eq!(header.state, run.state.to_string());
            assert_eq!(header.outcome.as_deref(), run.outcome.map(coordinate_model::event::Outcome::name));
            assert_eq!((&header.run, header.started), (&id, run.started));
            assert_eq!(project.storage.headers().unwrap(), [header]);
        };
        check(&project.run(&id));
        let mut changes = 0;
        project
            .drive_heard(&id, &mut Hand::new(World::kind()), |run, _, _| {
                check(run);
                changes += 1;
            })
            .unwrap();
        assert!(changes > 20);
    });
}

#[test]
fn a_run_is_created_once() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let before = project.events(&id);
        let error = project.journal().create(created(&[&[], &[]]).build()).unwrap_err();
        assert!(matches!(error, JournalError::Storage(StorageError::OutOfOrder { .. })), "{error}");
        assert_eq!(project.events(&id), before);
    });
}

#[test]
fn a_stale_handle_folds_what_it_missed_before_it_speaks() {
    on_each(|project| {
        let id = project.create(created(&[&[]]).build());
        let (mut one, mut two) = (project.run(&id), project.run(&id));
        let journal = project.journal();
        let pause = |by: &str| [Input::Pause { by: by.to_owned() }];
        journal.transact(&mut one, Author::Anyone, &pause("one")).unwrap();
        let second = journal.transact(&mut two, Author::Anyone, &pause("two")).unwrap();
        assert_eq!(second.foreign.len(), 1);
        assert_eq!(second.own, []);
        assert_eq!(two.paused.as_deref(), Some("one"));
        assert_eq!(two, one);
        assert_eq!(journal.catch_up(&mut one).unwrap(), []);
    });
}
