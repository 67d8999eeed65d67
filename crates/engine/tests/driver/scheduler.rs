//! Everything that happens beside a driver, on one thread and in an order that a seed gives.
//!
//! A driver looks at the clock in each turn, before it waits for messages. So each look is a turn of the scheduler too:
//! time passes, or jumps; a carrier reports its next word, or says an old one once more. There is always a message before
//! the driver waits, so that it never does, and one thread goes the same way again with the same seed.

use coordinate_engine::driver::{Executor, Outbox};
use coordinate_engine::port::Clock;
use coordinate_model::event::AttemptEnding;
use coordinate_model::input::{Input, Of};
use coordinate_model::obligation::{Effect, Obligation, ObligationKey};
use coordinate_model::run::{Run, StepState};
use coordinate_model::time::UtcMillis;
use coordinate_testkit::seeded::Chance;
use coordinate_testkit::world::World;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The longest that an idle world lets pass at once, in milliseconds.
const LONGEST: i64 = 6 * 3_600_000;

/// What goes wrong around the world, in thousandths of all occasions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mischief {
    pub(crate) storage_fails: u64,
    pub(crate) said_again: u64,
    pub(crate) clock_jumps: u64,
}

struct State {
    chance: Chance,
    /// Chance of its own for storage: what fails must not change who speaks when.
    faults: Chance,
    mischief: Mischief,
    now: i64,
    idle: i64,
    outbox: Option<Outbox>,
    pending: BTreeMap<ObligationKey, VecDeque<Input>>,
    said: Vec<Input>,
    turns: u64,
}

/// The clock of a simulated world, which moves it on; handles share one world.
#[derive(Clone)]
pub(crate) struct Scheduler(Arc<Mutex<State>>);

/// Whether the next call of a port fails.
pub(crate) type Chances = Scheduler;

impl Scheduler {
    pub(crate) fn new(seed: u64, mischief: Mischief) -> Self {
        let state = State {
            chance: Chance::new(seed),
            faults: Chance::new(seed ^ 0x000f_a017),
            mischief,
            now: 1_000_000,
            idle: 1,
            outbox: None,
            pending: BTreeMap::new(),
            said: Vec::new(),
            turns: 0,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new driver's life begins: what its predecessor had in memory is gone.
    pub(crate) fn restart(&self, outbox: &Outbox) {
        let mut state = self.state();
        state.outbox = Some(outbox.clone());
        state.pending.clear();
    }

    /// From now on nothing goes wrong.
    pub(crate) fn calm(&self) {
        self.state().mischief = Mischief::default();
    }

    pub(crate) fn fails(&self) -> bool {
        let mut state = self.state();
        let per_mille = state.mischief.storage_fails;
        per_mille > 0 && state.faults.draw() % 1_000 < per_mille
    }

    pub(crate) fn chance(&self, per_mille: u64) -> bool {
        self.state().chance.draw() % 1_000 < per_mille
    }

    pub(crate) fn turns(&self) -> u64 {
        self.state().turns
    }
}

impl Clock for Scheduler {
    fn now(&self) -> UtcMillis {
        let mut state = self.state();
        state.turn();
        UtcMillis(state.now)
    }

    fn entropy(&self) -> u64 {
        self.state().chance.draw()
    }
}

impl State {
    fn turn(&mut self) {
        self.turns += 1;
        let Some(outbox) = self.outbox.clone() else { return };
        self.pass();
        let draw = self.chance.draw() % 1_000;
        if draw < self.mischief.said_again {
            if let Some(old) = self.chance.pick(&self.said).cloned() {
                outbox.send(old);
            }
        } else if draw < 800 {
            self.report(&outbox);
        }
        // A word from a carrier that nobody knows: it changes nothing, and the driver has not to wait.
        outbox.finished(unknown());
    }

    fn pass(&mut self) {
        self.now += (self.chance.draw() % 40) as i64;
        if self.pending.is_empty() {
            self.now += self.idle;
            self.idle = (self.idle * 2).min(LONGEST);
        } else {
            self.idle = 1;
        }
        if self.chance.draw() % 1_000 < self.mischief.clock_jumps {
            let hour = 3_600_000;
            self.now += (self.chance.draw() % (3 * hour)) as i64 - hour as i64;
        }
    }

    /// One carrier says its next word, or that it has no more.
    fn report(&mut self, outbox: &Outbox) {
        let keys: Vec<ObligationKey> = self.pending.keys().cloned().collect();
        let Some(key) = self.chance.pick(&keys).cloned() else { return };
        match self.pending.get_mut(&key).and_then(VecDeque::pop_front) {
            Some(input) => {
                self.said.push(input.clone());
                outbox.send(input);
            }
            None => {
                self.pending.remove(&key);
                outbox.finished(key);
            }
        }
    }
}

fn unknown() -> ObligationKey {
    ObligationKey { effect: Effect::Wake, step: None, attempt: u32::MAX }
}

/// Carries obligations out as a simulated world says, word by word, in the scheduler's order.
pub(crate) struct Carriers {
    pub(crate) world: World,
    scheduler: Scheduler,
    /// What was begun, with the newest event that was known then.
    pub(crate) begun: Vec<(u64, ObligationKey)>,
}

impl Carriers {
    pub(crate) fn new(world: World, scheduler: Scheduler) -> Self {
        Self { world, scheduler, begun: Vec::new() }
    }
}

impl Executor for Carriers {
    fn start(&mut self, run: &Run, obligation: &Obligation, _: &Outbox) {
        let key = obligation.key.clone();
        self.begun.push((run.sequence, key.clone()));
        let step = key.step.as_ref().and_then(|step| run.step(step));
        assert!(step.is_none_or(|step| step.state != StepState::Succeeded), "{key:?} is done");
        let words: VecDeque<Input> = self.world.carry(run, obligation).into();
        let mut state = self.scheduler.state();
        if key.effect == Effect::Stop {
            let supervising = ObligationKey { effect: Effect::Supervise, ..key.clone() };
            if let (Some(step), Some(left)) = (key.step.clone(), state.pending.get_mut(&supervising)) {
                let of = Of { step, attempt: key.attempt, token: obligation.token };
                let ending = AttemptEnding::Stopped;
                *left = [Input::Ended { of, ending, snapshot: None, tail: Vec::new() }].into();
            }
        }
        state.pending.insert(key, words);
    }

    fn cancel(&mut self, key: &ObligationKey) {
        // A carrier that was cancelled may still have a last word.
        let mut state = self.scheduler.state();
        let keep = usize::from(state.chance.percent(30));
        if let Some(words) = state.pending.get_mut(key) {
            words.truncate(keep);
        }
    }

    fn abandon(&mut self, _: &Run) {
        self.scheduler.state().pending.clear();
    }
}
