//! The same random inputs through journals in memory and in a file: the same answers, events, states, leases and listings.

use crate::hand::holder;
use coordinate_engine::journal::{Author, Journal};
use coordinate_engine::port::Storage;
use coordinate_model::event::{AttemptEnding, GateAnswer};
use coordinate_model::ids::{RunId, Token};
use coordinate_model::input::{Input, Of};
use coordinate_model::obligation::{Obligation, outstanding};
use coordinate_model::run::Run;
use coordinate_testkit::faults::{memory, sqlite};
use coordinate_testkit::runs::created;
use coordinate_testkit::seeded::Chance;
use coordinate_testkit::virtual_clock::VirtualClock;
use coordinate_testkit::world::{Habits, World};
use std::sync::Arc;

/// Inputs of one sequence.
const INPUTS: usize = 60;

/// One of the two journals.
struct Side {
    storage: Arc<dyn Storage>,
    journal: Journal,
    run: Run,
    epoch: Token,
}

impl Side {
    fn new(storage: Arc<dyn Storage>, seed: u64) -> Self {
        let journal = Journal::new(Arc::clone(&storage), Arc::new(VirtualClock::stepping(1_000_000, 40)));
        let mut chance = Chance::new(seed);
        let graph: &[&[u32]] = if chance.percent(50) { &[&[], &[1], &[1]] } else { &[&[], &[]] };
        let id = journal.create(created(graph).build()).unwrap().0.id().clone();
        let (run, epoch) = journal.take(&id, &holder(1), &|_| false).unwrap();
        Self { storage, journal, run, epoch }
    }

    fn id(&self) -> &RunId {
        self.run.id()
    }

    /// What a commit said, as text: an error in words too.
    fn send(&mut self, author: Author, inputs: &[Input]) -> String {
        match self.journal.transact(&mut self.run, author, inputs) {
            Ok(committed) => format!("{:?} {:?}", committed.own, committed.foreign),
            Err(error) => error.to_string(),
        }
    }

    fn said(&self) -> String {
        let records = self.storage.records(self.id(), 0, usize::MAX).unwrap();
        let (header, lease) = (self.storage.header(self.id()).unwrap(), self.storage.lease(self.id()).unwrap());
        format!("{records:?} {header:?} {lease:?}")
    }
}

/// What may come next: mostly a word of some carrier, now and then of a person, of one who is late, or of nobody.
fn some_inputs(chance: &mut Chance, run: &Run, world: &World) -> Vec<Input> {
    let open: Vec<Obligation> = outstanding(run).cloned().collect();
    let by = || "somebody".to_owned();
    match chance.draw() % 20 {
        0 => vec![Input::Pause { by: by() }],
        1 | 2 => vec![Input::Resume { by: by() }],
        3 if chance.percent(20) => vec![Input::Cancel { by: by(), reason: String::new() }],
        4 => {
            let Some(step) = chance.pick(&run.steps).map(|step| step.id.clone()) else { return Vec::new() };
            let of = Of { step, attempt: 1, token: Token(chance.draw() % 5) };
            vec![Input::Ended { of, ending: AttemptEnding::Lost, snapshot: None, tail: Vec::new() }]
        }
        5 => {
            let Some(step) = chance.pick(&run.steps).map(|step| step.id.clone()) else { return Vec::new() };
            vec![Input::Answer { step, answer: GateAnswer::Approved, by: by(), comment: String::new() }]
        }
        _ => chance.pick(&open).map(|one| world.carry(run, one)).unwrap_or_default(),
    }
}

#[track_caller]
fn check(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, mut other) = (Side::new(memory(), seed), Side::new(sqlite(&folder.path().join("journal.db")), seed));
    let habits = Habits { agents_stumble: 30, agents_lost: 20, tests_fail: 30, trouble: 5, ..Habits::default() };
    let (mut chance, world) = (Chance::new(seed), World::new(seed, habits));
    for at in 0..INPUTS {
        let inputs = some_inputs(&mut chance, &one.run, &world);
        // A holder that another has relieved is refused on both sides.
        let stale = chance.percent(5);
        let author = |side: &Side| match (stale, chance.clone().percent(70)) {
            (true, _) => Author::Driver(Token(side.epoch.0 + 7)),
            (false, true) => Author::Driver(side.epoch),
            (false, false) => Author::Anyone,
        };
        let (first, second) = (author(&one), author(&other));
        assert_eq!(one.send(first, &inputs), other.send(second, &inputs), "seed {seed}, input {at}: {inputs:?}");
        chance.draw();
        if chance.percent(10) {
            one.journal.put_snapshot(&one.run).unwrap();
            other.journal.put_snapshot(&other.run).unwrap();
        }
        assert!(one.run == other.run, "seed {seed}, input {at}: {inputs:?}");
    }
    assert_eq!(one.said(), other.said(), "seed {seed}");
    assert!(one.journal.load(one.id()).unwrap() == other.journal.load(other.id()).unwrap(), "seed {seed}");
}

/// Shows N1.
#[test]
fn random_inputs_give_equal_journals_in_memory_and_on_disk() {
    (0..24).for_each(check);
}
