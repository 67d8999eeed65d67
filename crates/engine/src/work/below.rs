//! A step whose work is a run of its own: it is begun once, driven here, and what it left is handed up.
//!
//! Whoever holds the lease of the run above owns what is below it. The run below is an ordinary run with a journal of its
//! own; so a kill loses as little of it as of any other.

use super::spend::Spend;
use super::{StepJob, Tools, Workshop, lock};
use crate::driver::{Driver, Listener, Message, Outbox, Patience, Stopped, mailbox};
use crate::journal::{Author, Journal, JournalError, Record};
use crate::port::Holder;
use coordinate_model::event::{Created, Outcome};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{RunId, Token};
use coordinate_model::input::{Input, Performed};
use coordinate_model::obligation::ObligationKey;
use coordinate_model::run::{Run, StepState};
use coordinate_model::subrun;
use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a driver that leaves at once waits for those below it to do so too.
const LEAVING: Duration = Duration::from_secs(10);

/// Who watches the events of a run below. Made in the thread that drives it.
pub type Listeners = Box<dyn Fn(&Run) -> Vec<Box<dyn Listener>> + Send + Sync>;

/// What it takes to drive a run below.
pub struct Below {
    /// The project's journals.
    pub journal: Journal,
    /// This process.
    pub holder: Holder,
    /// Whether a lease's holder lives.
    pub alive: fn(&Holder) -> bool,
    /// Who watches.
    pub listeners: Listeners,
    /// How limits of use are waited for.
    pub patience: Patience,
}

/// The drivers of runs below that are at work, so that they can be told to stop.
#[derive(Default)]
pub(super) struct UnderWay {
    drivers: Mutex<BTreeMap<ObligationKey, Outbox>>,
    left: Condvar,
}

impl UnderWay {
    fn enter(&self, key: &ObligationKey, outbox: Outbox) {
        lock(&self.drivers).insert(key.clone(), outbox);
    }

    fn leave(&self, key: &ObligationKey) {
        lock(&self.drivers).remove(key);
        self.left.notify_all();
    }

    /// Lets one stop cleanly.
    pub(super) fn interrupt(&self, key: &ObligationKey) {
        if let Some(outbox) = lock(&self.drivers).get(key) {
            outbox.interrupt();
        }
    }

    /// Lets all leave at once, and waits for that: their agents must not outlive this process.
    pub(super) fn abandon(&self) {
        let drivers = lock(&self.drivers);
        for outbox in drivers.values() {
            outbox.interrupt();
            outbox.interrupt();
        }
        let waited = self.left.wait_timeout_while(drivers, LEAVING, |drivers| !drivers.is_empty());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// `None` when the run below was stopped, and its step waits for whoever resumes.
pub(super) fn perform(step: &StepJob, outbox: &Outbox) -> Option<Performed> {
    let tools = &step.job.tools;
    let Some((below, created)) = tools.below.as_ref().zip(subrun::below(&step.job.created, &step.step)) else {
        let message = format!("`{}` leads no topics", step.step.id);
        return Some(failed(Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, message)));
    };
    let mailbox = mailbox();
    step.job.under_way.enter(&step.job.key, mailbox.0.clone());
    if step.job.is_cancelled() {
        mailbox.0.interrupt();
    }
    let driven =
        below.begin(&created).and_then(|begun| below.drive(tools, &created.run, &begun, mailbox, Some((step, outbox))));
    step.job.under_way.leave(&step.job.key);
    let why = match driven {
        Ok((run, Stopped::Ended(outcome))) => return Some(handed_up(&run, outcome)),
        Ok((run, Stopped::Parked)) if run.parked_until().is_some() => {
            format!("a limit of use, which {} waits for", run.id())
        }
        Ok((_, Stopped::Parked)) => return Some(Performed::Parked),
        Ok((run, Stopped::Waiting | Stopped::Paused | Stopped::Abandoned)) => format!("{} stands still", run.id()),
        Err(error) => error.to_string(),
    };
    // It was stopped from above, or the run above has to stand still with it.
    if !step.job.is_cancelled() {
        outbox.send(Input::Pause { by: why });
    }
    None
}

/// What a run that has ended means for the step above it.
fn handed_up(run: &Run, outcome: Outcome) -> Performed {
    let failure = match outcome {
        Outcome::Succeeded => {
            return Performed::Done {
                artifacts: run.artifacts.clone(),
                warnings: run.warnings.iter().map(|warning| format!("{warning} ({})", run.id())).collect(),
                verdicts: Vec::new(),
            };
        }
        Outcome::Failed => of_failed(run),
        Outcome::Cancelled => {
            Failure::new(FailureClass::Cancelled, FailureKind::UnmetNeeds, format!("{} was cancelled", run.id()))
        }
    };
    failed(failure)
}

fn failed(failure: Failure) -> Performed {
    Performed::Failed { failure, verdicts: Vec::new() }
}

/// Its first failure. Whatever could be tried again was tried there.
fn of_failed(run: &Run) -> Failure {
    let first = run.failures().next();
    let message = || run.closing.as_ref().map(|closing| closing.message.clone()).unwrap_or_default();
    let failure = match first {
        Some((step, failure)) => {
            let topic =
                run.topic(step).map_or_else(|| step.id.to_string(), |topic| format!("research on {}", topic.name));
            Failure { message: format!("{topic}: {}", failure.message), ..failure.clone() }
        }
        None => Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, message()),
    };
    let class = if failure.class == FailureClass::Transient { FailureClass::Permanent } else { failure.class };
    let (id, steps) = (run.id(), run.steps.len());
    let done = run.steps.iter().filter(|step| step.state == StepState::Succeeded).count();
    let there = run.artifacts.iter().map(|artifact| format!("{} is there", artifact.path));
    let read = first.map(|(step, _)| format!("read what it printed with `coordinate logs {id} --step {}`", step.id));
    let remedy = read.into_iter().chain([format!("look at it with `coordinate show {id}`")]).collect();
    let context = std::iter::once(format!("{done} of {steps} steps of {id} are done")).chain(there);
    Failure { class, remedy, ..failure }.context(context)
}

/// Ends the runs below one that ends, where they are still open; what they keep is kept for the one above. Returns that.
pub(super) fn close(job: &super::Job, run: &Run) -> Vec<String> {
    let begun = run.steps.iter().filter(|step| step.track.is_some() && !step.attempts.is_empty());
    let ids = begun.map(|step| run.id().below(&step.id));
    let Some(below) = &job.tools.below else { return Vec::new() };
    ids.flat_map(|id| match below.end(&job.tools, &id) {
        Ok(Some(run)) => run.kept,
        // The process ended before the run below was begun.
        Ok(None) => Vec::new(),
        Err(error) => vec![format!("({id}: {error})")],
    })
    .collect()
}

impl Below {
    /// Begins the run, if it was not begun before. Returns its first events, if they are new.
    fn begin(&self, created: &Created) -> Result<Vec<Record>, JournalError> {
        match self.journal.load(&created.run) {
            Err(JournalError::NoRun { .. }) => Ok(self.journal.create(created.clone())?.1),
            Ok(_) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Drives a run until it has ended or stands still.
    fn drive(
        &self,
        tools: &Arc<Tools>,
        id: &RunId,
        begun: &[Record],
        mailbox: (Outbox, Receiver<Message>),
        above: Option<(&StepJob, &Outbox)>,
    ) -> Result<(Run, Stopped), JournalError> {
        let (mut run, epoch) = self.take(id)?;
        let driven = self.drive_taken(tools, (&mut run, epoch), begun, mailbox, above);
        // As for every driver: a lease that is not given back is that of a dead process soon.
        let _ = self.journal.put_snapshot(&run);
        let _ = self.journal.release(id, epoch);
        Ok((run, driven?))
    }

    /// Who holds the lease of the run above may take this one, also from a process that still lives.
    fn take(&self, id: &RunId) -> Result<(Run, Token), JournalError> {
        match self.journal.take(id, &self.holder, &self.alive) {
            Err(JournalError::Driven { .. }) => {
                self.journal.unlock(id)?;
                self.journal.take(id, &self.holder, &self.alive)
            }
            taken => taken,
        }
    }

    fn drive_taken(
        &self,
        tools: &Arc<Tools>,
        (run, epoch): (&mut Run, Token),
        begun: &[Record],
        mailbox: (Outbox, Receiver<Message>),
        above: Option<(&StepJob, &Outbox)>,
    ) -> Result<Stopped, JournalError> {
        if let Some(outcome) = run.outcome {
            return Ok(Stopped::Ended(outcome));
        }
        if run.paused.is_some() {
            let resumed = Input::Resume { by: "the run above".to_owned() };
            self.journal.transact(run, Author::Driver(epoch), &[resumed])?;
        }
        if let Some(budgets) = above.and_then(|(step, _)| subrun::raised(&step.job.created, &step.step, run)) {
            let raised = Input::Budget { budgets: Box::new(budgets), by: "the run above".to_owned() };
            self.journal.transact(run, Author::Driver(epoch), &[raised])?;
        }
        let mut listeners = (self.listeners)(run);
        listeners.extend(above.and_then(|(step, outbox)| Spend::of(step, outbox)).map(|spend| Box::new(spend) as _));
        for record in begun {
            listeners.iter_mut().for_each(|listener| listener.on_event(run, record));
        }
        let mut watching: Vec<&mut dyn Listener> = listeners.iter_mut().map(|listener| &mut **listener as _).collect();
        let mut executor = Workshop::new(Arc::clone(tools), epoch);
        let clock = Arc::clone(&tools.clock);
        let driver = Driver::new(&self.journal, clock, (run.clone(), epoch), &mut executor, &mut watching, mailbox);
        let mut driver = driver.waiting_for_limits(self.patience);
        let stopped = driver.drive(self.holder.pid);
        *run = driver.run().clone();
        stopped
    }

    /// Cancels a run that is open, and lets it put everything away. `None` if there is no such run.
    fn end(&self, tools: &Arc<Tools>, id: &RunId) -> Result<Option<Run>, JournalError> {
        let mut run = match self.journal.load(id) {
            Err(JournalError::NoRun { .. }) => return Ok(None),
            loaded => loaded?,
        };
        if run.outcome.is_some() {
            return Ok(Some(run));
        }
        let cancel = Input::Cancel { by: "the run above".to_owned(), reason: String::new() };
        self.journal.transact(&mut run, Author::Anyone, &[cancel])?;
        Ok(Some(self.drive(tools, id, &[], mailbox(), None)?.0))
    }
}
