//! The driver: holds a run's lease, starts what is outstanding, and turns what happens into inputs.
//!
//! It is synchronous: one loop takes messages, commits them, and compares what is outstanding with what is in flight.
//! Its memory can be lost at any moment: the same obligations come back from the journal.

use crate::journal::{Author, Journal, JournalError, Record};
use crate::port::Clock;
use coordinate_model::decide::{budget_due, parked, question_due};
use coordinate_model::event::Outcome;
use coordinate_model::ids::Token;
use coordinate_model::input::Input;
use coordinate_model::obligation::{Detail, Effect, Obligation, ObligationKey, outstanding};
use coordinate_model::run::Run;
use coordinate_model::time::UtcMillis;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How often another process's commits are looked for.
const FOREIGN_POLL: Duration = Duration::from_millis(200);

/// How long an observation may wait for a commit to ride with.
const OBSERVATION_DELAY: Duration = Duration::from_millis(100);

/// How many messages are taken in at once: a flood of them must not keep what has come from being committed.
const MOST_AT_ONCE: usize = 1_000;

/// What reaches a driver.
#[derive(Debug)]
pub enum Message {
    /// Something happened.
    Input(Input),
    /// The carrier of an obligation has nothing more to say.
    Finished(ObligationKey),
    /// The user wants to stop; the second time at once.
    Interrupt,
}

/// Where carriers of obligations report.
#[derive(Clone)]
pub struct Outbox {
    sender: Sender<Message>,
}

impl Outbox {
    /// Reports an input. A driver that is gone needs none: its successor finds out by itself.
    pub fn send(&self, input: Input) {
        let _ = self.sender.send(Message::Input(input));
    }

    /// Says that an obligation's carrier has ended.
    pub fn finished(&self, key: ObligationKey) {
        let _ = self.sender.send(Message::Finished(key));
    }

    /// Says that the user wants to stop.
    pub fn interrupt(&self) {
        let _ = self.sender.send(Message::Interrupt);
    }
}

/// Carries obligations out.
pub trait Executor {
    /// Begins one. Its carrier must report an input that closes it, unless it is cancelled, and then `finished`.
    /// Beginning one that an earlier, killed driver had begun must find out how far that came.
    fn start(&mut self, run: &Run, obligation: &Obligation, outbox: &Outbox);

    /// Ends a carrier whose obligation is gone or held. It still reports `finished`.
    fn cancel(&mut self, key: &ObligationKey);

    /// The driver leaves at once: end everything that must not outlive it.
    fn abandon(&mut self, run: &Run);
}

/// Hears of every event, after it is durable.
pub trait Listener {
    /// One event, and the state after the commit that it came with. Must not fail: a listener's failure is its own.
    fn on_event(&mut self, run: &Run, record: &Record);

    /// Time has passed.
    fn on_tick(&mut self, run: &Run);
}

/// Why a driver stopped driving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The run has ended.
    Ended(Outcome),
    /// Only people can bring it further.
    Waiting,
    /// It stands still because somebody asked for it.
    Paused,
    /// A budget has to be raised; or a limit of use holds back all that is left, and this driver does not wait for its
    /// end.
    Parked,
    /// The user would not wait.
    Abandoned,
}

/// How a driver waits for the end of a limit of use, once nothing else is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Whether it waits at all.
    pub waits: bool,
    /// Whether the run goes on by itself when the limit ends.
    pub goes_on: bool,
    /// The longest time that it waits, in milliseconds.
    pub longest_ms: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { waits: true, goes_on: true, longest_ms: u64::MAX }
    }
}

/// A driver of one run.
pub struct Driver<'a> {
    journal: &'a Journal,
    clock: Arc<dyn Clock>,
    run: Run,
    epoch: Token,
    executor: &'a mut dyn Executor,
    listeners: &'a mut [&'a mut dyn Listener],
    inbox: Receiver<Message>,
    outbox: Outbox,
    in_flight: BTreeSet<ObligationKey>,
    cancelled: BTreeSet<ObligationKey>,
    pending: Vec<Input>,
    /// When the oldest pending observation came.
    seen: UtcMillis,
    /// When the clock and other processes' commits were last looked at.
    looked: UtcMillis,
    for_limits: Patience,
}

/// A channel for a driver: the outbox may be given to a signal handler before the driver exists.
#[must_use]
pub fn mailbox() -> (Outbox, Receiver<Message>) {
    let (sender, receiver) = channel();
    (Outbox { sender }, receiver)
}

impl<'a> Driver<'a> {
    /// A driver for a run whose lease was taken with this epoch.
    pub fn new(
        journal: &'a Journal,
        clock: Arc<dyn Clock>,
        (run, epoch): (Run, Token),
        executor: &'a mut dyn Executor,
        listeners: &'a mut [&'a mut dyn Listener],
        (outbox, inbox): (Outbox, Receiver<Message>),
    ) -> Self {
        Self {
            journal,
            clock,
            run,
            epoch,
            executor,
            listeners,
            inbox,
            outbox,
            in_flight: BTreeSet::new(),
            cancelled: BTreeSet::new(),
            pending: Vec::new(),
            seen: UtcMillis::default(),
            looked: UtcMillis::default(),
            for_limits: Patience::default(),
        }
    }

    /// Says how it waits for limits of use.
    #[must_use]
    pub fn waiting_for_limits(self, patience: Patience) -> Self {
        Self { for_limits: patience, ..self }
    }

    /// Drives until nothing is left to do here. `pid` is this process, for people who ask who drives.
    ///
    /// # Errors
    /// [`JournalError`]: a run whose journal can not be written stops.
    pub fn drive(&mut self, pid: u32) -> Result<Stopped, JournalError> {
        self.commit(vec![Input::Drive { epoch: self.epoch, pid }])?;
        loop {
            self.reconcile();
            if let Some(stopped) = self.stopped() {
                return Ok(stopped);
            }
            if self.turn()?.is_some() {
                self.executor.abandon(&self.run);
                return Ok(Stopped::Abandoned);
            }
        }
    }

    /// The run as this driver knows it.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Starts what is outstanding and not in flight; cancels what is in flight and not outstanding any more.
    fn reconcile(&mut self) {
        let wanted: Vec<Obligation> = outstanding(&self.run).cloned().collect();
        for obligation in &wanted {
            if is_carried(obligation) && !self.in_flight.contains(&obligation.key) && self.may_start(obligation) {
                self.in_flight.insert(obligation.key.clone());
                self.executor.start(&self.run, obligation, &self.outbox);
            }
        }
        let keys: BTreeSet<&ObligationKey> = wanted.iter().map(|obligation| &obligation.key).collect();
        for key in self.in_flight.iter().filter(|key| !keys.contains(key)) {
            if self.cancelled.insert(key.clone()) {
                self.executor.cancel(key);
            }
        }
    }

    /// Putting everything away waits for carriers that were cancelled and still end their processes.
    fn may_start(&self, obligation: &Obligation) -> bool {
        obligation.key.effect != Effect::Close || self.in_flight.is_empty()
    }

    fn stopped(&self) -> Option<Stopped> {
        if !self.in_flight.is_empty() || !self.pending.is_empty() {
            return None;
        }
        if let Some(outcome) = self.run.outcome {
            return Some(Stopped::Ended(outcome));
        }
        let mut left = outstanding(&self.run).filter(|obligation| !is_of_limits(obligation)).peekable();
        let asks = left.peek().is_some();
        if !left.all(|obligation| obligation.key.effect == Effect::Ask) {
            return None;
        }
        match (&self.run.paused, self.run.parked_until()) {
            (Some(_), _) => Some(Stopped::Paused),
            (None, None) if !asks && parked(&self.run).is_some() => Some(Stopped::Parked),
            (None, None) => Some(Stopped::Waiting),
            (None, Some(until)) if self.would_wait(until) => None,
            (None, Some(_)) => Some(if asks { Stopped::Waiting } else { Stopped::Parked }),
        }
    }

    fn would_wait(&self, until: UtcMillis) -> bool {
        let Patience { waits, goes_on, longest_ms } = self.for_limits;
        waits && goes_on && until.since(self.clock.now()) <= longest_ms
    }

    /// Waits for something, takes in all that has come, and commits it. `Some` when the user would not wait.
    fn turn(&mut self) -> Result<Option<()>, JournalError> {
        let mut barrier = Vec::new();
        match self.inbox.recv_timeout(self.patience()) {
            Ok(message) => {
                let more: Vec<Message> = self.inbox.try_iter().take(MOST_AT_ONCE).collect();
                for message in std::iter::once(message).chain(more) {
                    if self.take_message(message, &mut barrier) {
                        return Ok(Some(()));
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => self.looked = UtcMillis(i64::MIN),
            Err(RecvTimeoutError::Disconnected) => {}
        }
        // Not only when nothing comes: an agent that never stops talking must not keep other steps' timers waiting.
        if self.is_past(self.looked, FOREIGN_POLL) {
            self.pass_time(&mut barrier)?;
        }
        let overdue = !self.pending.is_empty() && self.is_past(self.seen, OBSERVATION_DELAY);
        if barrier.is_empty() && !overdue {
            return Ok(None);
        }
        let mut inputs = std::mem::take(&mut self.pending);
        inputs.append(&mut barrier);
        self.commit(inputs)?;
        Ok(None)
    }

    /// Sorts a message; `true` when the user would not wait.
    fn take_message(&mut self, message: Message, barrier: &mut Vec<Input>) -> bool {
        match message {
            Message::Input(input @ Input::Observed { .. }) => {
                if self.pending.is_empty() {
                    self.seen = self.clock.now();
                }
                self.pending.push(input);
            }
            Message::Input(input) => barrier.push(input),
            Message::Finished(key) => {
                self.cancelled.remove(&key);
                self.in_flight.remove(&key);
            }
            // Two interrupts can come in one turn: the pause of the first is not in the run yet.
            Message::Interrupt if self.run.paused.is_some() || barrier.iter().any(is_pause) => return true,
            Message::Interrupt => barrier.push(Input::Pause { by: "the user (interrupt)".to_owned() }),
        }
        false
    }

    fn pass_time(&mut self, barrier: &mut Vec<Input>) -> Result<(), JournalError> {
        let now = self.clock.now();
        self.looked = now;
        // Another process's commit is looked for every time: this is the truth, a wake-up would only be a hint.
        let records = self.journal.catch_up(&mut self.run)?;
        self.tell(&records);
        // What another driver has opened is not for this one to begin.
        if let Some((epoch, _)) = self.run.driver.filter(|(epoch, _)| *epoch > self.epoch) {
            return Err(JournalError::TakenOver { run: self.run.id().clone(), epoch });
        }
        barrier.extend(self.timers().filter(|(_, due)| *due <= now).map(|(input, _)| input));
        for listener in self.listeners.iter_mut() {
            listener.on_tick(&self.run);
        }
        Ok(())
    }

    fn patience(&self) -> Duration {
        let now = self.clock.now();
        let next = self.timers().map(|(_, due)| Duration::from_millis(due.since(now))).min();
        let patience = next.map_or(FOREIGN_POLL, |until| until.min(FOREIGN_POLL));
        if self.pending.is_empty() { patience } else { patience.min(OBSERVATION_DELAY) }
    }

    /// What is due at which time. A run that does not go on by itself after a limit waits for a new driver.
    fn timers(&self) -> impl Iterator<Item = (Input, UtcMillis)> {
        let goes_on = self.for_limits.goes_on;
        let waiting =
            outstanding(&self.run).filter_map(move |obligation| match (&obligation.key.step, &obligation.detail) {
                (Some(step), Detail::Until { due }) => Some((Input::Due { step: step.clone(), due: *due }, *due)),
                (None, Detail::Until { due }) => goes_on.then_some((Input::LimitOver { due: *due }, *due)),
                (
                    _,
                    Detail::None
                    | Detail::State { .. }
                    | Detail::Move { .. }
                    | Detail::Deliver { .. }
                    | Detail::Outcome { .. },
                ) => None,
            });
        let questions = question_due(&self.run).map(|due| (Input::QuestionsDue, due));
        waiting.chain(budget_due(&self.run).map(|due| (Input::BudgetDue, due))).chain(questions)
    }

    /// Whether a span has passed since a moment. A clock that was set back must not make anything wait for its return.
    fn is_past(&self, since: UtcMillis, span: Duration) -> bool {
        let now = self.clock.now();
        now < since || Duration::from_millis(now.since(since)) >= span
    }

    fn commit(&mut self, inputs: Vec<Input>) -> Result<(), JournalError> {
        let committed = self.journal.transact(&mut self.run, Author::Driver(self.epoch), &inputs)?;
        self.tell(&committed.foreign);
        self.tell(&committed.own);
        Ok(())
    }

    fn tell(&mut self, records: &[Record]) {
        for record in records {
            for listener in self.listeners.iter_mut() {
                listener.on_event(&self.run, record);
            }
        }
    }
}

fn is_pause(input: &Input) -> bool {
    matches!(input, Input::Pause { .. })
}

/// Questions wait for people and pauses for the clock: nobody carries them.
fn is_carried(obligation: &Obligation) -> bool {
    match obligation.key.effect {
        Effect::Ask | Effect::Wake => false,
        Effect::Enter
        | Effect::Launch
        | Effect::Supervise
        | Effect::Tell
        | Effect::Stop
        | Effect::Verify
        | Effect::Perform
        | Effect::Move
        | Effect::Deliver
        | Effect::Close => true,
    }
}

/// The one timer for all limits of use. It is no reason to stay where nothing is held back.
fn is_of_limits(obligation: &Obligation) -> bool {
    obligation.key.effect == Effect::Wake && obligation.key.step.is_none()
}
