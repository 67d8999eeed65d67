//! A run that is carried out once more by its recording: the same decisions, carriers, checks, merges and tests, with the
//! recorded answers in place of agents, people and the clock.
//!
//! Carriers work as they do for a driver, and in any order. What they report is kept back until it is its turn in the
//! recording, and the clock says what it said then: so commits that are made of the same facts are the same objects, and
//! an event that differs differs because the program decides or works otherwise, not because a process was faster.

mod asked;
mod measured;
mod tape;

pub use tape::Tape;

use crate::driver::{Executor, Listener, Message, Outbox};
use crate::journal::{Author, Journal, JournalError, Record};
use coordinate_model::decide::decide;
use coordinate_model::event::{Event, GateAnswer, Outcome};
use coordinate_model::ids::StepId;
use coordinate_model::input::{Context, Input};
use coordinate_model::obligation::{Effect, Obligation, ObligationKey, outstanding};
use coordinate_model::run::Run;
use coordinate_model::time::UtcMillis;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// How a replay ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// Every recorded event came again, and no other.
    Equal,
    /// An event is another.
    Differs(Box<Difference>),
    /// It took another way, as it was asked to, and came to an end there.
    Branched(Outcome),
    /// It took another way, and now asks for what was never answered in the recording.
    Unanswered(String),
    /// Somebody interrupted it.
    Interrupted,
}

/// The first event that is another.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// As it was recorded; `None`: the recording had ended.
    pub recorded: Option<Record>,
    /// As it is now; `None`: nothing came.
    pub found: Option<Event>,
}

/// What a replay is given.
pub struct Given<'a> {
    /// Where it is written. Its clock is the tape's.
    pub journal: &'a Journal,
    /// The clock.
    pub tape: Arc<Tape>,
    /// What was recorded.
    pub recorded: &'a [Record],
    /// Whether two events are the same but for what no two runs have in common.
    pub same: &'a dyn Fn(&Event, &Event) -> bool,
    /// Answers to gates in place of the recorded ones.
    pub gates: &'a BTreeMap<StepId, GateAnswer>,
    /// Whether it is to go on where it differs.
    pub branches: bool,
}

/// A run that is carried out once more.
pub struct Replay<'a> {
    given: Given<'a>,
    run: Run,
    executor: &'a mut dyn Executor,
    listener: &'a mut dyn Listener,
    inbox: Receiver<Message>,
    outbox: Outbox,
    /// What was begun, until it is not outstanding any more.
    begun: BTreeMap<ObligationKey, Obligation>,
    /// How many carriers have not said that they are finished.
    busy: usize,
    /// What was reported and has not had its turn.
    reported: Vec<Input>,
    branched: bool,
    interrupted: bool,
}

impl<'a> Replay<'a> {
    /// A replay of a run that was just begun in the given journal, by the first of the recorded events.
    pub fn new(
        given: Given<'a>,
        run: Run,
        executor: &'a mut dyn Executor,
        listener: &'a mut dyn Listener,
        (outbox, inbox): (Outbox, Receiver<Message>),
    ) -> Self {
        let (begun, reported) = (BTreeMap::new(), Vec::new());
        let (branched, interrupted) = (false, false);
        Self { given, run, executor, listener, inbox, outbox, begun, busy: 0, reported, branched, interrupted }
    }

    /// Goes through the recording, from the events that the run began with. When it returns, nothing of it is at work any
    /// more, so that its place can go.
    ///
    /// # Errors
    /// [`JournalError`] when its own journal fails.
    pub fn play(&mut self, begun: &[Record]) -> Result<Ended, JournalError> {
        let ended = self.go_through(begun);
        self.stop();
        if self.interrupted { Ok(Ended::Interrupted) } else { ended }
    }

    /// Ends what is at work still. Who interrupts it once more does not wait for that.
    fn stop(&mut self) {
        for key in self.begun.keys() {
            self.executor.cancel(key);
        }
        while self.busy > 0 {
            match self.inbox.recv() {
                Ok(Message::Finished(_)) => self.busy -= 1,
                Ok(Message::Input(_)) => {}
                Ok(Message::Interrupt) | Err(_) => return self.executor.abandon(&self.run),
            }
        }
    }

    fn go_through(&mut self, begun: &[Record]) -> Result<Ended, JournalError> {
        if let Some(difference) = self.differs(begun).filter(|_| !self.branched) {
            return Ok(Ended::Differs(Box::new(difference)));
        }
        loop {
            if self.interrupted {
                return Ok(Ended::Interrupted);
            }
            if self.branched {
                return self.go_on();
            }
            self.reconcile();
            let Some(next) = self.next().cloned() else { return Ok(Ended::Equal) };
            self.given.tape.set(next.at);
            let Some(input) = self.turn(&next) else {
                let found = self.reported.first().and_then(|input| self.first_event(input, next.at));
                if !self.given.branches {
                    return Ok(Ended::Differs(Box::new(Difference { recorded: Some(next), found })));
                }
                self.branched = true;
                continue;
            };
            let came = self.take(input)?;
            if let Some(difference) = self.differs(&came).filter(|_| !self.branched) {
                return Ok(Ended::Differs(Box::new(difference)));
            }
        }
    }

    /// The run as it is now.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The next recorded event.
    fn next(&self) -> Option<&Record> {
        self.given.recorded.get(usize::try_from(self.run.sequence).unwrap_or(usize::MAX))
    }

    /// The first of these events that is another than was recorded. Where the replay may branch, it does from there.
    fn differs(&mut self, came: &[Record]) -> Option<Difference> {
        for record in came {
            let at = usize::try_from(record.sequence.saturating_sub(1)).unwrap_or(usize::MAX);
            let recorded = self.given.recorded.get(at);
            let same = recorded.is_some_and(|recorded| (self.given.same)(&recorded.event, &record.event));
            self.branched |= !same && self.given.branches;
            if self.branched {
                self.listener.on_event(&self.run, record);
            } else if !same {
                return Some(Difference { recorded: recorded.cloned(), found: Some(record.event.clone()) });
            }
        }
        None
    }

    /// The input that the next recorded event came from: what people or the clock said then, or what a carrier reports.
    fn turn(&mut self, next: &Record) -> Option<Input> {
        let after = self.given.recorded.get(usize::try_from(next.sequence).unwrap_or(usize::MAX));
        let mut asked = asked::of(&self.run, &next.event, after.map(|record| &record.event));
        for input in &mut asked {
            self.answer_otherwise(input);
        }
        if let Some(input) = asked.into_iter().find(|input| self.leads(input, next)) {
            return Some(input);
        }
        loop {
            if let Some(at) = self.reported.iter().position(|input| self.leads(input, next)) {
                return Some(self.reported.remove(at));
            }
            if !self.hear() {
                return asked::as_recorded(&self.run, &next.event).filter(|input| self.leads(input, next));
            }
        }
    }

    fn answer_otherwise(&self, input: &mut Input) {
        if let Input::Answer { step, answer, .. } = input
            && let Some(other) = self.given.gates.get(step)
        {
            *answer = *other;
        }
    }

    /// Whether an input gives an event such as this one, in the same step.
    fn leads(&self, input: &Input, next: &Record) -> bool {
        let event = self.first_event(input, next.at);
        event.is_some_and(|event| event.name() == next.event.name() && asked::step(&event) == asked::step(&next.event))
    }

    fn first_event(&self, input: &Input, now: UtcMillis) -> Option<Event> {
        decide(&self.run, input, Context { now, entropy: 0 }).events.into_iter().next()
    }

    fn take(&mut self, input: Input) -> Result<Vec<Record>, JournalError> {
        if let Input::Performed { of, .. } = &input {
            // What came of it may be that the same is to be done once more, with what is known now.
            let step = Some(of.step.clone());
            self.begun.remove(&ObligationKey { effect: Effect::Perform, step, attempt: of.attempt });
        }
        let input = measured::as_recorded(input, self.given.recorded);
        Ok(self.given.journal.transact(&mut self.run, Author::Anyone, &[input])?.own)
    }

    /// Waits for one message; `false` when nobody is left who could send one.
    fn hear(&mut self) -> bool {
        let message = if self.busy == 0 { self.inbox.try_recv().ok() } else { self.inbox.recv().ok() };
        match message {
            Some(Message::Input(input)) => self.reported.push(input),
            Some(Message::Finished(_)) => self.busy = self.busy.saturating_sub(1),
            Some(Message::Interrupt) => {
                self.interrupted = true;
                return false;
            }
            None => return false,
        }
        true
    }

    /// Begins what is outstanding, each once. Unlike a driver's, a carrier that has ended is not begun again: what it
    /// reported may still wait for its turn.
    fn reconcile(&mut self) {
        let wanted: BTreeMap<ObligationKey, Obligation> =
            outstanding(&self.run).map(|one| (one.key.clone(), one.clone())).collect();
        let gone: Vec<ObligationKey> =
            self.begun.iter().filter(|(key, one)| wanted.get(key) != Some(one)).map(|(key, _)| key.clone()).collect();
        for key in gone {
            self.begun.remove(&key);
            self.executor.cancel(&key);
        }
        for (key, one) in wanted {
            let carried = !matches!(key.effect, Effect::Ask | Effect::Wake);
            if key.effect == Effect::Close {
                while self.busy > 0 && self.hear() {}
            }
            if carried && !self.begun.contains_key(&key) {
                self.busy += 1;
                self.begun.insert(key, one.clone());
                self.executor.start(&self.run, &one, &self.outbox);
            }
        }
    }

    /// Goes on without a recording to keep to, as far as the recorded answers go.
    fn go_on(&mut self) -> Result<Ended, JournalError> {
        loop {
            if self.interrupted {
                return Ok(Ended::Interrupted);
            }
            if let Some(outcome) = self.run.outcome {
                return Ok(Ended::Branched(outcome));
            }
            if let Some(what) = self.unanswered() {
                return Ok(Ended::Unanswered(what));
            }
            self.reconcile();
            let Some(input) = self.anything() else {
                return Ok(Ended::Unanswered("nothing is left that goes on by itself".to_owned()));
            };
            self.given.tape.pass();
            let came = self.take(input)?;
            for record in &came {
                self.listener.on_event(&self.run, record);
            }
        }
    }

    /// Whatever comes next: a report, else the first of what the run waits for.
    fn anything(&mut self) -> Option<Input> {
        loop {
            if !self.reported.is_empty() {
                return Some(self.reported.remove(0));
            }
            if !self.hear() {
                break;
            }
        }
        let answers = self.given.recorded.iter().flat_map(|record| asked::of_gate(&record.event));
        let open: Vec<&Obligation> = outstanding(&self.run).filter(|one| one.key.effect == Effect::Ask).collect();
        let asks = |input: &Input| matches!(input, Input::Answer { step, .. } if open.iter().any(|one| one.key.step.as_ref() == Some(step)));
        if let Some(mut input) = answers.into_iter().find(asks) {
            self.answer_otherwise(&mut input);
            return Some(input);
        }
        let (input, due) = asked::due(&self.run).into_iter().min_by_key(|(_, due)| *due)?;
        self.given.tape.reach(due);
        Some(input)
    }

    /// An attempt that the recording has no answer for: it never had it, or it began from another commit.
    fn unanswered(&self) -> Option<String> {
        let launches = outstanding(&self.run).filter(|one| one.key.effect == Effect::Launch);
        let mut steps = launches.filter_map(|one| Some((one.key.step.as_ref()?, one.key.attempt)));
        let known = |step: &StepId, number: u32| {
            let base = self.run.step(step).and_then(|step| step.attempt()?.base.clone());
            self.given.recorded.iter().any(|record| {
                matches!(&record.event, Event::AttemptLeased { step: of, attempt, base: from, .. }
                    if of == step && *attempt == number && *from == base)
            })
        };
        let (step, number) = steps.find(|(step, number)| !known(step, *number))?;
        Some(format!("`{step}`, attempt {number}, has no recorded answer from where it begins now"))
    }
}
