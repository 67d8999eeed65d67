//! A run without a journal: inputs in, events checked one by one, obligations answered by a simulated world in any order.

use crate::oracle::Oracle;
use coordinate_model::decide::{self, Decision};
use coordinate_model::event::{Created, Event, GateAnswer};
use coordinate_model::ids::{PhaseNumber, StepId, Token};
use coordinate_model::input::{Answer, Context, Input};
use coordinate_model::obligation::{Detail, Effect, Obligation, ObligationKey, outstanding};
use coordinate_model::replan::ReplanKind;
use coordinate_model::run::{Position, Run};
use coordinate_model::time::UtcMillis;
use coordinate_testkit::seeded::Chance;
use coordinate_testkit::world::World;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A written event with its place.
pub(crate) type Written = (Position, Event);

/// A run with all that it has written.
pub(crate) struct Live {
    pub(crate) run: Run,
    pub(crate) journal: Vec<Written>,
    oracle: Oracle,
    shadow: Run,
    now: i64,
    entropy: u64,
}

impl Live {
    pub(crate) fn begin(created: Created) -> Self {
        let position = Position { sequence: 1, at: UtcMillis(1_000) };
        let first = decide::create(created);
        let run = Run::begin(position, &first).unwrap();
        let mut live = Self {
            shadow: run.clone(),
            oracle: Oracle::new(&run),
            run,
            journal: vec![(position, first)],
            now: 1_000,
            entropy: 0,
        };
        live.send(&Input::Drive { epoch: Token(1), pid: 1 });
        live
    }

    /// A run whose events are written already, at a new driver.
    pub(crate) fn resumed(events: Vec<(UtcMillis, Event)>) -> Self {
        let place = |(sequence, (at, event))| (Position { sequence, at }, event);
        let journal: Vec<Written> = (1..).zip(events).map(place).collect();
        let run = fold(&journal);
        let (epoch, now) = (run.driver.map_or(0, |(epoch, _)| epoch.0) + 1, run.updated.0);
        let oracle = journal_oracle(&journal);
        let mut live = Self { shadow: run.clone(), oracle, run, journal, now, entropy: 0 };
        live.send(&Input::Drive { epoch: Token(epoch), pid: 2 });
        live
    }

    pub(crate) fn context(&self) -> Context {
        Context { now: UtcMillis(self.now), entropy: self.entropy }
    }

    pub(crate) fn pass(&mut self, millis: i64) {
        self.now += millis;
    }

    /// Lets the clock come to a moment.
    pub(crate) fn reach(&mut self, moment: UtcMillis) {
        self.now = self.now.max(moment.0);
    }

    /// Sends an input, checks everything that it wrote, and gives the answer.
    pub(crate) fn send(&mut self, input: &Input) -> Answer {
        self.entropy = self.entropy.wrapping_add(0x9e37_79b9);
        let context = self.context();
        let Decision { events, answer } = decide::advance(&mut self.run, input, context).unwrap();
        assert!(answer == Answer::Accepted || events.is_empty(), "{answer:?} wrote {events:?}");
        for event in events {
            let position = Position { sequence: self.shadow.sequence + 1, at: context.now };
            self.oracle.before(&self.shadow, &event);
            self.shadow.apply(position, &event).unwrap();
            self.oracle.after(&self.shadow, &event);
            self.journal.push((position, event));
        }
        assert_eq!(self.shadow, self.run, "one fold is another");
        self.oracle.settled(&self.run);
        answer
    }

    pub(crate) fn obligations(&self) -> Vec<Obligation> {
        outstanding(&self.run).cloned().collect()
    }
}

/// Carriers at work: what each has still to report.
pub(crate) struct Simulation {
    pub(crate) live: Live,
    pub(crate) world: World,
    pub(crate) chance: Chance,
    in_flight: BTreeMap<ObligationKey, VecDeque<Input>>,
    said: Vec<Input>,
    /// How often people pause, resume and cancel, in thousandths of all turns.
    pub(crate) unrest: u64,
    /// How often people still change the plan, wherever it stands.
    pub(crate) changes: u32,
}

/// How a simulation came to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Ended,
    Gate,
    Parked,
}

impl Simulation {
    pub(crate) fn new(created: Created, world: World, seed: u64) -> Self {
        let (chance, live) = (Chance::new(seed), Live::begin(created));
        Self { live, world, chance, in_flight: BTreeMap::new(), said: Vec::new(), unrest: 0, changes: 0 }
    }

    /// One that goes on with a run whose events are written already.
    pub(crate) fn resumed(events: Vec<(UtcMillis, Event)>, world: World, seed: u64) -> Self {
        let (chance, live) = (Chance::new(seed), Live::resumed(events));
        Self { live, world, chance, in_flight: BTreeMap::new(), said: Vec::new(), unrest: 0, changes: 0 }
    }

    /// Goes on until nothing is left to do but for people.
    pub(crate) fn settle(&mut self, most: usize) -> Rest {
        for _ in 0..most {
            if self.live.run.outcome.is_some() {
                return Rest::Ended;
            }
            let open = self.live.obligations();
            if !open.is_empty() && open.iter().all(|one| one.key.effect == Effect::Ask) {
                return Rest::Gate;
            }
            if open.is_empty() && decide::parked(&self.live.run).is_some() {
                return Rest::Parked;
            }
            self.turn(&open);
        }
        panic!("no rest after {most} turns in `{}`: {:?}", self.live.run.state, self.live.obligations());
    }

    /// Goes on until the run has ended; people answer what it asks, one way or the other.
    pub(crate) fn settle_with_answers(&mut self, most: usize) {
        while self.settle(most) == Rest::Gate {
            let open = self.live.obligations();
            self.answer_all(&open);
        }
    }

    /// People answer all that is asked.
    pub(crate) fn answer_all(&mut self, open: &[Obligation]) {
        for step in open.iter().filter(|one| one.key.effect == Effect::Ask).filter_map(|one| one.key.step.as_ref()) {
            let word = if self.chance.percent(60) { GateAnswer::Approved } else { GateAnswer::Rejected };
            self.live.send(&answer(step.as_str(), word));
        }
    }

    /// One thing happens: a carrier reports, people say something, or something is said once more.
    pub(crate) fn turn(&mut self, open: &[Obligation]) {
        self.live.pass(7);
        if let Some(due) = decide::budget_due(&self.live.run).filter(|_| self.chance.percent(5)) {
            self.live.reach(due);
            self.live.send(&Input::BudgetDue);
            return;
        }
        if self.live.run.paused.is_some() && open.is_empty() {
            self.live.send(&Input::Resume { by: "somebody".to_owned() });
            return;
        }
        if self.chance.draw() % 1000 < self.unrest {
            self.meddle();
            return;
        }
        if self.changes > 0 && self.chance.percent(5) {
            self.changes -= 1;
            self.change();
        }
        if self.chance.percent(20) {
            self.repeat();
        }
        self.report(open);
    }

    /// Somebody wants the plan changed, in any way, for any phase that there may be.
    fn change(&mut self) {
        let phase = PhaseNumber(1 + self.chance.draw() as u32 % 10);
        let kind = *self.chance.pick(&ReplanKind::ALL).unwrap();
        self.live.send(&Input::Replan { phase, kind, reason: "so I want it".to_owned(), forced: true });
    }

    /// Forgets all carriers, as a killed driver does.
    pub(crate) fn forget(&mut self) {
        self.in_flight.clear();
    }

    fn report(&mut self, open: &[Obligation]) {
        let wanted: BTreeSet<_> = open.iter().map(|one| one.key.clone()).collect();
        // A carrier whose obligation is gone may still have a last word.
        if self.chance.percent(70) {
            self.in_flight.retain(|key, _| wanted.contains(key));
        }
        for one in open {
            self.in_flight.entry(one.key.clone()).or_insert_with(|| self.world.carry(&self.live.run, one).into());
        }
        let mut keys: Vec<_> = self.in_flight.keys().cloned().collect();
        keys.retain(|key| !matches!(key.effect, Effect::Ask | Effect::Stop));
        let Some(key) = self.chance.pick(&keys).cloned() else { return };
        let due = open.iter().find(|one| one.key == key).and_then(due);
        if let Some(input) = due {
            self.live.pass(60_000);
            self.say(input);
            return;
        }
        let said = self.in_flight.get_mut(&key).and_then(VecDeque::pop_front);
        match said {
            Some(input) => self.say(input),
            // It has said all; if it is still wanted, it is begun again.
            None => drop(self.in_flight.remove(&key)),
        }
    }

    fn say(&mut self, input: Input) {
        let answer = self.live.send(&input);
        if answer == Answer::Accepted {
            let before = self.live.journal.len();
            self.live.send(&input);
            assert_eq!(self.live.journal.len(), before, "said twice, taken in twice: {input:?}");
        }
        self.said.push(input);
    }

    /// Anything that was said before is said again: nothing may come of it, unless it never was taken in.
    fn repeat(&mut self) {
        let Some(input) = self.chance.pick(&self.said).cloned() else { return };
        self.live.send(&input);
    }

    fn meddle(&mut self) {
        let by = "somebody".to_owned();
        let steps: Vec<StepId> = self.live.run.steps.iter().map(|step| step.id.clone()).collect();
        let Some(step) = self.chance.pick(&steps).cloned() else { return };
        match self.chance.below(24) {
            20..23 => self.live.send(&Input::Retry { step, by }),
            23 => self.live.send(&Input::Skip { step, by, reason: "for later".to_owned() }),
            0 => self.live.send(&Input::Cancel { by, reason: "enough".to_owned() }),
            1..8 => self.live.send(&Input::Resume { by }),
            _ => self.live.send(&Input::Pause { by }),
        };
    }
}

fn due(one: &Obligation) -> Option<Input> {
    match (&one.key.step, &one.detail) {
        (Some(step), Detail::Until { due }) => Some(Input::Due { step: step.clone(), due: *due }),
        (None, Detail::Until { due }) => Some(Input::LimitOver { due: *due }),
        _ => None,
    }
}

pub(crate) fn answer(step: &str, answer: GateAnswer) -> Input {
    Input::Answer { step: StepId::new(step), answer, by: "a person".to_owned(), comment: String::new() }
}

/// The fold of written events alone.
pub(crate) fn fold(journal: &[Written]) -> Run {
    let ((first, event), rest) = journal.split_first().unwrap();
    let mut run = Run::begin(*first, event).unwrap();
    for (position, event) in rest {
        run.apply(*position, event).unwrap();
    }
    run
}

/// An oracle that has seen all of a journal.
fn journal_oracle(journal: &[Written]) -> Oracle {
    let ((first, event), rest) = journal.split_first().unwrap();
    let mut run = Run::begin(*first, event).unwrap();
    let mut oracle = Oracle::new(&run);
    for (position, event) in rest {
        run.apply(*position, event).unwrap();
        oracle.after(&run, event);
    }
    oracle
}
