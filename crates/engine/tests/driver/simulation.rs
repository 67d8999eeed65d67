//! The real driver in worlds that a seed makes: ports that fail, drivers that die, clocks that jump, words that come late
//! or twice, people who pause and cancel, and others who take the run over. Whatever the seed: the run ends, and no rule
//! was broken on its way.
//!
//! `COORDINATE_SIMULATE_SEEDS` is how many seeds, `COORDINATE_SIMULATE_SEED` the only one; a failure names its own. `COORDINATE_SIMULATE_TO` names a file for the
//! counts.

use crate::hand::{check_records_never_again, holder};
use crate::scheduler::{Carriers, Mischief, Scheduler};
use crate::unsteady::Unsteady;
use coordinate_engine::driver::{Driver, Listener, Stopped, mailbox};
use coordinate_engine::journal::{Author, Journal, JournalError, Record};
use coordinate_engine::port::Storage;
use coordinate_model::definition::{Scope, builtin};
use coordinate_model::event::{AgentChoice, Created, GateAnswer};
use coordinate_model::ids::RunId;
use coordinate_model::input::Input;
use coordinate_model::obligation::{Effect, outstanding};
use coordinate_model::run::{Position, Run};
use coordinate_testkit::faults::memory;
use coordinate_testkit::runs::{created, requested};
use coordinate_testkit::seeded::Chance;
use coordinate_testkit::world::{Habits, World};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many seeds are tried when nobody says; `cargo xtask simulate` tries 10,000.
const SEEDS: u64 = 3_000;

/// How many drivers may die; the one after them lives in a calm world.
const LIVES: u32 = 12;

/// How many drivers one run may need, with all the answers of people between them.
const MOST_DRIVERS: u32 = 200;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// A plan of a few phases, or a request.
fn some_run(chance: &mut Chance) -> Created {
    let phases = 1 + chance.below(4);
    let percent = 10 + chance.draw() % 60;
    let graph: Vec<Vec<u32>> =
        (1..=phases).map(|phase| (1..phase as u32).filter(|_| chance.percent(percent)).collect()).collect();
    let slices: Vec<&[u32]> = graph.iter().map(Vec::as_slice).collect();
    let built = if chance.percent(30) {
        let scope = *chance.pick(&Scope::ALL).unwrap();
        requested(scope, 1 + chance.draw() as u32 % 4).definition(builtin("coordinate").unwrap())
    } else {
        let definition = if chance.percent(25) { "supervise" } else { "implement" };
        created(&slices).definition(builtin(definition).unwrap())
    };
    let other = AgentChoice { name: "other".to_owned(), repairs: true, ..AgentChoice::default() };
    let built = if chance.percent(30) { built.fallback(vec![other]) } else { built };
    built.max_parallel(1).max_parallel(1 + chance.draw() as u32 % 3).repairs(chance.percent(60)).build()
}

fn some_habits(chance: &mut Chance) -> Habits {
    let mut some = |most: u64| chance.draw() % most;
    Habits {
        agents_fail: some(10),
        agents_stumble: some(40),
        agents_lost: some(40),
        agents_limited: some(30),
        work_refused: some(10),
        tests_fail: some(50),
        conflicts: some(10),
        trouble: some(8),
        base_moves: some(20),
        mixtures_fail: some(20),
        judged_wanting: some(20),
        overlaps: some(20),
        tokens: 0,
    }
}

fn some_mischief(chance: &mut Chance) -> Mischief {
    let mut some = |most: u64| chance.draw() % most;
    Mischief { storage_fails: some(25), said_again: some(200), clock_jumps: some(30) }
}

/// One run of one seed.
struct Simulation {
    scheduler: Scheduler,
    steady: Arc<dyn Storage>,
    unsteady: Arc<dyn Storage>,
    id: RunId,
    carriers: Carriers,
    /// In thousandths of all ticks.
    unrest: u64,
}

/// People and other processes, between two turns of the driver.
struct Beside<'a> {
    scheduler: &'a Scheduler,
    storage: Arc<dyn Storage>,
    id: &'a RunId,
    unrest: u64,
    seen: u64,
}

impl Beside<'_> {
    fn say(&self, input: Input) {
        let journal = Journal::new(Arc::clone(&self.storage), Arc::new(self.scheduler.clone()));
        if let Ok(mut run) = journal.load(self.id) {
            let _refused = journal.transact(&mut run, Author::Anyone, &[input]);
        }
    }
}

impl Listener for Beside<'_> {
    fn on_event(&mut self, run: &Run, record: &Record) {
        assert_eq!(record.sequence, self.seen + 1, "an event was left out, or came twice");
        self.seen = record.sequence;
        assert!(record.sequence <= run.sequence);
    }

    fn on_tick(&mut self, _: &Run) {
        if !self.scheduler.chance(self.unrest) {
            return;
        }
        let by = "somebody".to_owned();
        if self.scheduler.chance(60) {
            self.say(Input::Cancel { by, reason: "enough".to_owned() });
        } else if self.scheduler.chance(300) {
            let journal = Journal::new(Arc::clone(&self.storage), Arc::new(self.scheduler.clone()));
            let _taken = journal.take(self.id, &holder(2), &|_| false);
        } else {
            self.say(Input::Pause { by });
        }
    }
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let (created, habits) = (some_run(&mut chance), some_habits(&mut chance));
        let scheduler = Scheduler::new(chance.draw(), some_mischief(&mut chance));
        let unrest = if chance.percent(40) { chance.draw() % 80 } else { 0 };
        let steady = memory();
        let journal = Journal::new(Arc::clone(&steady), Arc::new(scheduler.clone()));
        let id = journal.create(created).unwrap().0.id().clone();
        let unsteady: Arc<dyn Storage> = Arc::new(Unsteady::new(Arc::clone(&steady), scheduler.clone()));
        let carriers = Carriers::new(World::new(seed, habits), scheduler.clone());
        Self { scheduler, steady, unsteady, id, carriers, unrest }
    }

    /// One driver's life.
    fn drive(&mut self) -> Result<Stopped, JournalError> {
        let clock = Arc::new(self.scheduler.clone());
        let journal = Journal::new(Arc::clone(&self.unsteady), clock.clone());
        let taken = journal.take(&self.id, &holder(1), &|_| false)?;
        let mailbox = mailbox();
        self.scheduler.restart(&mailbox.0);
        let mut beside = Beside {
            scheduler: &self.scheduler,
            storage: Arc::clone(&self.steady),
            id: &self.id,
            unrest: self.unrest,
            seen: taken.0.sequence,
        };
        let mut listeners: [&mut dyn Listener; 1] = [&mut beside];
        Driver::new(&journal, clock, taken, &mut self.carriers, &mut listeners, mailbox).drive(1)
    }

    /// Drivers, one after the other, until the run has ended.
    fn go(&mut self) {
        for life in 0..MOST_DRIVERS {
            if life == LIVES {
                self.scheduler.calm();
                self.unrest = 0;
            }
            match self.drive() {
                Ok(Stopped::Ended(_)) => return,
                Ok(Stopped::Waiting | Stopped::Paused) => self.answer(),
                Ok(Stopped::Parked | Stopped::Abandoned) | Err(_) => {}
            }
        }
        panic!("no end after {MOST_DRIVERS} drivers: {:?}", outstanding(&self.run()).collect::<Vec<_>>());
    }

    fn journal(&self) -> Journal {
        Journal::new(Arc::clone(&self.steady), Arc::new(self.scheduler.clone()))
    }

    fn run(&self) -> Run {
        self.journal().load(&self.id).unwrap()
    }

    /// People end a pause, and answer all that is asked.
    fn answer(&mut self) {
        let journal = self.journal();
        let mut run = self.run();
        let by = "somebody".to_owned();
        let mut inputs = vec![Input::Resume { by: by.clone() }];
        for obligation in outstanding(&run).filter(|obligation| obligation.key.effect == Effect::Ask) {
            let answer = if self.scheduler.chance(600) { GateAnswer::Approved } else { GateAnswer::Rejected };
            let Some(step) = obligation.key.step.clone() else { continue };
            inputs.push(Input::Answer { step, answer, by: by.clone(), comment: String::new() });
        }
        for input in inputs {
            let _refused = journal.transact(&mut run, Author::Anyone, &[input]);
        }
    }

    /// The state is the fold of what was written, without gaps.
    fn check_fold(&self, records: &[Record], run: &Run) {
        let place = |record: &Record| Position { sequence: record.sequence, at: record.at };
        let mut fold = Run::begin(place(&records[0]), &records[0].event).unwrap();
        for (at, record) in records.iter().enumerate() {
            assert_eq!(record.sequence, at as u64 + 1);
            if at > 0 {
                fold.apply(place(record), &record.event).unwrap();
            }
        }
        assert!(fold == *run, "one fold is another");
    }

    fn check_end(&self, records: &[Record]) {
        let run = self.run();
        assert!(run.outcome.is_some(), "it has no outcome");
        assert!(run.live().next().is_none(), "an ended run has live steps");
        assert!(outstanding(&run).next().is_none(), "an ended run has something to do");
        let header = self.steady.header(&self.id).unwrap().unwrap();
        assert_eq!(header.outcome.as_deref(), run.outcome.map(coordinate_model::event::Outcome::name));
        check_records_never_again(&self.carriers.begun, records);
        self.check_fold(records, &run);
    }
}

/// The whole of a seed: all that was written, and how many turns it took.
fn simulate(seed: u64) -> (Vec<Record>, u64) {
    let mut simulation = Simulation::new(seed);
    simulation.go();
    let records = simulation.journal().records(&simulation.id, 0).unwrap();
    simulation.check_end(&records);
    (records, simulation.scheduler.turns())
}

/// Tries seeds on all cores; the least that fails is named.
fn simulate_all(seeds: u64) -> u64 {
    let (next, turns, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while failed.load(Ordering::SeqCst) == u64::MAX {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= seeds {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| simulate(seed))) {
                        Ok((_, took)) => drop(turns.fetch_add(took, Ordering::SeqCst)),
                        Err(_) => drop(failed.fetch_min(seed, Ordering::SeqCst)),
                    }
                }
            });
        }
    });
    let failed = failed.load(Ordering::SeqCst);
    assert!(failed == u64::MAX, "seed {failed} fails; again: cargo xtask simulate --seed {failed}");
    turns.load(Ordering::SeqCst)
}

/// Shows N1.
#[test]
fn seeds_of_worlds_in_which_everything_fails_come_to_an_end() {
    if let Some(seed) = number("COORDINATE_SIMULATE_SEED") {
        let (said, turns) = simulate(seed);
        said.iter().for_each(|record| println!("{} {:?}", record.sequence, record.event));
        println!("seed {seed}: {turns} turns");
        return;
    }
    let seeds = number("COORDINATE_SIMULATE_SEEDS").unwrap_or(SEEDS);
    let turns = simulate_all(seeds);
    println!("simulated: {seeds} seeds, {turns} turns");
    if let Some(path) = std::env::var_os("COORDINATE_SIMULATE_TO") {
        std::fs::write(path, format!("{{\"seeds\": {seeds}, \"turns\": {turns}}}\n")).unwrap();
    }
    assert!(turns > seeds * 10, "{turns} turns are no life");
}

#[test]
fn a_seed_goes_the_same_way_again() {
    for seed in 0..20 {
        assert!(simulate(seed) == simulate(seed), "seed {seed}");
    }
}
