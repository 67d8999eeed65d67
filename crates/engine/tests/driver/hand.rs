//! An executor that carries everything out at once, as a simulated world says, and keeps a list of what it began.

use coordinate_engine::driver::{Driver, Executor, Listener, Outbox, Stopped, mailbox};
use coordinate_engine::journal::{Journal, JournalError, Record};
use coordinate_engine::port::{Holder, Storage};
use coordinate_model::definition::StepKind;
use coordinate_model::event::{AttemptEnding, Created, Event};
use coordinate_model::ids::RunId;
use coordinate_model::input::{Input, Of};
use coordinate_model::obligation::{Effect, Obligation, ObligationKey};
use coordinate_model::run::{Run, Step, StepState};
use coordinate_testkit::faults::{memory, sqlite};
use coordinate_testkit::virtual_clock::VirtualClock;
use coordinate_testkit::world::World;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// See the module.
pub(crate) struct Hand {
    pub(crate) world: World,
    /// Attempts of these steps run until they are stopped.
    pub(crate) endless: &'static [&'static str],
    /// Carriers of stopped attempts that are not done yet; `None`: they are done at once.
    pub(crate) late: Option<Rc<RefCell<Vec<ObligationKey>>>>,
    /// What was begun, with the newest event that was known then.
    pub(crate) begun: Vec<(u64, ObligationKey)>,
    running: BTreeMap<ObligationKey, Of>,
}

impl Hand {
    pub(crate) fn new(world: World) -> Self {
        Self { world, endless: &[], late: None, begun: Vec::new(), running: BTreeMap::new() }
    }

    pub(crate) fn endless(mut self, steps: &'static [&'static str]) -> Self {
        self.endless = steps;
        self
    }

    /// A process dies with all that it has in memory; what it began stays begun.
    pub(crate) fn restarted(self) -> Self {
        Self { running: BTreeMap::new(), ..self }
    }

    fn stop(&mut self, key: &ObligationKey, outbox: &Outbox) {
        let supervising = ObligationKey { effect: Effect::Supervise, ..key.clone() };
        if let Some(of) = self.running.remove(&supervising) {
            outbox.send(Input::Ended { of, ending: AttemptEnding::Stopped, snapshot: None, tail: Vec::new() });
            match &self.late {
                Some(late) => late.borrow_mut().push(supervising),
                None => outbox.finished(supervising),
            }
        }
    }
}

impl Executor for Hand {
    fn start(&mut self, run: &Run, obligation: &Obligation, outbox: &Outbox) {
        let key = obligation.key.clone();
        self.begun.push((run.sequence, key.clone()));
        let step = key.step.as_ref().and_then(|step| run.step(step));
        assert!(step.is_none_or(|step| step.state != StepState::Succeeded), "{key:?} is done");
        let late = self.late.as_ref().is_some_and(|late| !late.borrow().is_empty());
        assert!(key.effect != Effect::Close || !late, "a run is closed while carriers are at work");
        let endless = key.step.as_ref().is_some_and(|step| self.endless.contains(&step.as_str()));
        let stopping = step.and_then(|step| step.attempt()).is_some_and(|attempt| attempt.stopping);
        if key.effect == Effect::Supervise && endless && !stopping {
            let of = Of { step: key.step.clone().unwrap(), attempt: key.attempt, token: obligation.token };
            self.running.insert(key, of);
            return;
        }
        if key.effect == Effect::Stop {
            self.stop(&key, outbox);
        }
        self.world.carry(run, obligation).into_iter().for_each(|input| outbox.send(input));
        outbox.finished(key);
    }

    fn cancel(&mut self, key: &ObligationKey) {
        assert!(!self.running.contains_key(key), "only a stop ends an attempt");
    }

    fn abandon(&mut self, _: &Run) {
        self.running.clear();
    }
}

/// Calls a function with each event that became durable, and with a way to say something to the driver.
struct Ear<F: FnMut(&Run, &Record, &Outbox), T: FnMut()> {
    hears: F,
    ticks: T,
    outbox: Outbox,
}

impl<F: FnMut(&Run, &Record, &Outbox), T: FnMut()> Listener for Ear<F, T> {
    fn on_event(&mut self, run: &Run, record: &Record) {
        (self.hears)(run, record, &self.outbox);
    }

    fn on_tick(&mut self, _: &Run) {
        (self.ticks)();
    }
}

/// A project's journals, and the clock that all of its processes see.
pub(crate) struct Project {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<VirtualClock>,
}

impl Project {
    pub(crate) fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage, clock: Arc::new(VirtualClock::stepping(1_000_000, 40)) }
    }

    /// A handle of another process.
    pub(crate) fn journal(&self) -> Journal {
        Journal::new(Arc::clone(&self.storage), self.clock.clone())
    }

    /// The same journals through another storage.
    pub(crate) fn through(&self, storage: Arc<dyn Storage>) -> Self {
        Self { storage, clock: Arc::clone(&self.clock) }
    }

    pub(crate) fn create(&self, created: Created) -> RunId {
        self.journal().create(created).unwrap().0.id().clone()
    }

    /// Takes the run, whoever had it (nobody lives here but the caller), and drives it.
    pub(crate) fn drive(&self, id: &RunId, hand: &mut Hand) -> Result<Stopped, JournalError> {
        self.drive_heard(id, hand, |_, _, _| {})
    }

    pub(crate) fn drive_heard(
        &self,
        id: &RunId,
        hand: &mut Hand,
        hears: impl FnMut(&Run, &Record, &Outbox),
    ) -> Result<Stopped, JournalError> {
        self.drive_watched(id, hand, hears, || {})
    }

    /// Like [`Self::drive_heard`], and `ticks` is called whenever the driver says that time has passed.
    pub(crate) fn drive_watched(
        &self,
        id: &RunId,
        hand: &mut Hand,
        hears: impl FnMut(&Run, &Record, &Outbox),
        ticks: impl FnMut(),
    ) -> Result<Stopped, JournalError> {
        let journal = self.journal();
        let taken = journal.take(id, &holder(1), &|_| false)?;
        let mailbox = mailbox();
        let mut ear = Ear { hears, ticks, outbox: mailbox.0.clone() };
        let mut listeners: [&mut dyn Listener; 1] = [&mut ear];
        Driver::new(&journal, self.clock.clone(), taken, hand, &mut listeners, mailbox).drive(1)
    }

    pub(crate) fn run(&self, id: &RunId) -> Run {
        self.journal().load(id).unwrap()
    }

    pub(crate) fn events(&self, id: &RunId) -> Vec<Record> {
        self.journal().records(id, 0).unwrap()
    }
}

pub(crate) fn holder(pid: u32) -> Holder {
    Holder { boot_id: "boot".to_owned(), pid, start_time: 7 }
}

/// Runs a test on each kind of storage.
pub(crate) fn on_each(test: impl Fn(Project)) {
    test(Project::new(memory()));
    let folder = tempfile::tempdir().unwrap();
    test(Project::new(sqlite(&folder.path().join("journal.db"))));
}

/// What two runs that went the same way have in common, whenever and by whomever they were driven.
pub(crate) fn essence(run: &Run) -> String {
    let mut steps: Vec<_> = run
        .steps
        .iter()
        .map(|step| (step.id.as_str(), step.state.name(), tries(step), step.counted, step.repair))
        .collect();
    // Repairs that were begun in another order have other places.
    steps.sort();
    let phases: Vec<_> = run.phases.iter().map(|(number, phase)| (number.0, phase.merged, phase.repairs)).collect();
    let visits = &run.visits;
    format!("{:?} {:?} {visits:?} {steps:#?} {phases:?} {:?}", run.outcome, run.state, run.delivery)
}

/// Merges go back into the queue when the batch that they came with breaks up, and who comes with whom is a matter of when.
fn tries(step: &Step) -> usize {
    if step.kind == StepKind::Merge { usize::from(!step.attempts.is_empty()) } else { step.attempts.len() }
}

/// No step was begun once its success was written.
pub(crate) fn check_never_again(hand: &Hand, records: &[Record]) {
    check_records_never_again(&hand.begun, records);
}

/// The same for what any executor has begun, each with the newest event that was known then.
pub(crate) fn check_records_never_again(begun: &[(u64, ObligationKey)], records: &[Record]) {
    let done: BTreeMap<_, _> = records
        .iter()
        .filter_map(|record| match &record.event {
            Event::StepSucceeded { step, .. } => Some((step.clone(), record.sequence)),
            _ => None,
        })
        .collect();
    for (known, key) in begun {
        let finished = key.step.as_ref().and_then(|step| done.get(step));
        assert!(finished.is_none_or(|finished| known < finished), "{key:?} was begun after its success");
    }
}
