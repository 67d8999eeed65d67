//! Carries obligations out: one thread for each, which ends with an input that closes the obligation.
//!
//! Everything here may be cut off at any point by a kill, and begun again by another process. So each carrier first
//! finds out how far an earlier one came, and every effect is one that can be repeated.

mod artifact;
mod attempt;
mod below;
mod check;
mod close;
mod deliver;
mod enter;
#[cfg(test)]
mod examples;
mod forge;
mod inputs;
mod judge;
mod keeper;
mod link;
mod merge;
mod overlap;
mod places;
mod prompt;
mod queue;
mod recording;
mod rehearsal;
mod replan;
mod sides;
mod spend;
mod tell;
mod testing;
mod trees;
mod verdicts;
mod verify;
mod watch;

pub use below::{Below, Listeners};
pub use places::{attempt_folder, slug};
pub use recording::recording_ref;
pub use rehearsal::{Rehearsed, rehearse};

use crate::driver::{Executor, Outbox};
use crate::port::{Agents, Attempts, Clock, Files, Forge, Repository, StopHow, Surroundings, Tokens};
use coordinate_model::context::{self, Item};
use coordinate_model::definition::{Action, StateName, StepKind};
use coordinate_model::event::{AgentChoice, AttemptEnding, Created, PullRequest, Verdict, Work};
use coordinate_model::failure::{FailingGroup, Failure, FailureClass, FailureKind};
use coordinate_model::forecast::Overlap;
use coordinate_model::ids::{Oid, Token};
use coordinate_model::input::{Input, Of, Performed};
use coordinate_model::merge::Conflict;
use coordinate_model::obligation::{Detail, Effect, Obligation, ObligationKey};
use coordinate_model::permission::Policy;
use coordinate_model::plan::{Phase, Plan};
use coordinate_model::role::{Claim, claim};
use coordinate_model::run::{Adopted, Attempt, Run, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use below::UnderWay;
use queue::{Landed, Member};

/// How many of the newest verdicts a carrier is given.
const VERDICTS: usize = 64;

/// The ports that carriers use.
pub struct Tools {
    /// The project's repository; `None` outside git.
    pub repository: Option<Arc<dyn Repository>>,
    /// Where pull requests are opened.
    pub forge: Arc<dyn Forge>,
    /// Processes.
    pub attempts: Arc<dyn Attempts>,
    /// Clients.
    pub agents: Arc<dyn Agents>,
    /// Files.
    pub files: Arc<dyn Files>,
    /// Where runs below this one are begun and driven; `None` where nothing is driven at all.
    pub below: Option<Below>,
    /// Counts what agents are told.
    pub tokens: Arc<dyn Tokens>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Renders a run's summary as Markdown.
    pub summary: Box<dyn Fn(&Run) -> String + Send + Sync>,
    /// Where attempts' folders lie.
    pub attempts_root: PathBuf,
    /// Where the texts of artifacts are kept, by their hash.
    pub objects_root: PathBuf,
    /// What besides a tree decides how a command on it ends.
    pub surroundings: Arc<dyn Surroundings>,
    /// Where verdicts are kept for other runs.
    pub verdicts_root: PathBuf,
}

/// Carriers' processes that end with the driver, so that a cancel can end them earlier.
type Bound = Arc<Mutex<BTreeMap<ObligationKey, Vec<PathBuf>>>>;

/// The executor of a driver: see [`Executor`].
pub struct Workshop {
    tools: Arc<Tools>,
    epoch: Token,
    bound: Bound,
    cancelled: Arc<Mutex<BTreeSet<ObligationKey>>>,
    under_way: Arc<UnderWay>,
    board: Arc<overlap::Board>,
}

impl Workshop {
    /// A workshop for the driver that holds the lease with this epoch.
    #[must_use]
    pub fn new(tools: Arc<Tools>, epoch: Token) -> Self {
        Self {
            tools,
            epoch,
            bound: Arc::default(),
            cancelled: Arc::default(),
            under_way: Arc::default(),
            board: Arc::default(),
        }
    }
}

/// What a carrier needs of the run, copied when it starts: it never sees the run change.
#[derive(Clone)]
struct Job {
    tools: Arc<Tools>,
    epoch: Token,
    bound: Bound,
    cancelled: Arc<Mutex<BTreeSet<ObligationKey>>>,
    under_way: Arc<UnderWay>,
    board: Arc<overlap::Board>,
    key: ObligationKey,
    created: Arc<Created>,
    adopted: Option<Arc<Adopted>>,
    started: coordinate_model::time::UtcMillis,
    integration: Option<Oid>,
    taken_in: Vec<(String, Oid)>,
    /// The newest commit of the user's branch that the result stands on.
    base: Option<Oid>,
    verdicts: Vec<Verdict>,
    pull_request: Option<PullRequest>,
    held: bool,
}

/// What a carrier needs of the step that it works on.
struct StepJob {
    job: Job,
    of: Of,
    step: Step,
    attempt: Attempt,
    role: String,
    agent: AgentChoice,
    policy: Policy,
    order: Option<artifact::Order>,
    /// Artifacts of other steps that it builds on.
    carried: Vec<Item>,
    /// Files that the request names.
    named: Vec<String>,
    /// All that the run has left so far.
    left: Vec<String>,
    work: Option<Work>,
    /// What was left for it, the oldest first.
    originals: Vec<Work>,
    /// For a merge: those that it carries, itself among them.
    batch: Vec<Member>,
    /// For a move of the integration branch: the merges that go in with it.
    going_in: Vec<Step>,
    /// The phases that are merged.
    landed: Vec<Landed>,
    repair: Option<Failure>,
    /// Why the try before this one made way, if it did.
    overlap: Option<Overlap>,
    /// The two sides that a repair is about.
    conflict: Option<Conflict>,
    change: Option<replan::Change>,
    /// What people said to the agents of this work so far.
    steering: Vec<String>,
    round: u32,
}

impl Executor for Workshop {
    fn start(&mut self, run: &Run, obligation: &Obligation, outbox: &Outbox) {
        // The same obligation may have been cancelled under a pause that is over now.
        lock(&self.cancelled).remove(&obligation.key);
        let job = self.job(run, obligation);
        let carried = match (&obligation.detail, obligation.key.effect) {
            (Detail::State { to }, _) => spawn(job, outbox, enter_with(to.clone())),
            (Detail::Outcome { .. }, _) => {
                let run = run.clone();
                spawn(job, outbox, move |job| close::close(&job, &run))
            }
            (Detail::Deliver { branch, movement }, _) => {
                let (branch, movement) = (branch.clone(), movement.clone());
                self.start_step(run, obligation, outbox, move |step, _| {
                    Some(deliver::deliver(&step, &branch, &movement))
                })
            }
            (Detail::Move { movement }, _) => {
                let movement = movement.clone();
                self.start_step(run, obligation, outbox, move |step, _| Some(merge::carry_move(&step, &movement)))
            }
            (Detail::None | Detail::Until { .. }, effect) => {
                let summary = summary_of(run, obligation, &self.tools);
                self.start_step(run, obligation, outbox, move |step, outbox| {
                    carry(&step, effect, summary.as_deref(), outbox)
                })
            }
        };
        if !carried {
            outbox.finished(obligation.key.clone());
        }
    }

    fn cancel(&mut self, key: &ObligationKey) {
        lock(&self.cancelled).insert(key.clone());
        self.under_way.interrupt(key);
        for folder in lock(&self.bound).get(key).into_iter().flatten() {
            let _ = self.tools.attempts.stop(folder, self.epoch, StopHow::Ask);
        }
    }

    fn abandon(&mut self, run: &Run) {
        for folder in lock(&self.bound).values().flatten() {
            let _ = self.tools.attempts.stop(folder, self.epoch, StopHow::Now);
        }
        for step in run.live().filter(|step| step.kind == StepKind::Agent) {
            if let Some(attempt) = step.attempt() {
                keeper::keep_at_once(&self.tools, run, step, attempt.number);
                let folder = attempt_folder(&self.tools.attempts_root, run.id(), &step.id, attempt.number);
                let _ = self.tools.attempts.stop(&folder, self.epoch, StopHow::Now);
            }
        }
        self.under_way.abandon();
    }
}

impl Workshop {
    fn job(&self, run: &Run, obligation: &Obligation) -> Job {
        let skip = run.verdicts.len().saturating_sub(VERDICTS);
        Job {
            tools: Arc::clone(&self.tools),
            epoch: self.epoch,
            bound: Arc::clone(&self.bound),
            cancelled: Arc::clone(&self.cancelled),
            under_way: Arc::clone(&self.under_way),
            board: Arc::clone(&self.board),
            key: obligation.key.clone(),
            created: Arc::clone(&run.created),
            adopted: run.adopted.clone(),
            started: run.started,
            integration: run.integration.clone(),
            taken_in: run.taken_in.clone(),
            base: run.base_commit().cloned(),
            verdicts: run.verdicts.iter().skip(skip).cloned().collect(),
            pull_request: run.pull_request.clone(),
            held: run.is_held(),
        }
    }

    /// `false` when the obligation names no step of the run, which a sound journal never does.
    fn start_step(
        &self,
        run: &Run,
        obligation: &Obligation,
        outbox: &Outbox,
        carry: impl FnOnce(StepJob, &Outbox) -> Option<Input> + Send + 'static,
    ) -> bool {
        let Some(step) = self.step_job(run, obligation) else { return false };
        let (outbox, key) = (outbox.clone(), obligation.key.clone());
        std::thread::spawn(move || {
            if let Some(input) = carry(step, &outbox) {
                outbox.send(input);
            }
            outbox.finished(key);
        });
        true
    }

    fn step_job(&self, run: &Run, obligation: &Obligation) -> Option<StepJob> {
        let step = run.step(obligation.key.step.as_ref()?)?;
        let attempt = step.attempt()?;
        let originals: Vec<Work> = queue::works(run, step).collect();
        Some(StepJob {
            job: self.job(run, obligation),
            of: Of { step: step.id.clone(), attempt: attempt.number, token: attempt.token },
            step: step.clone(),
            attempt: attempt.clone(),
            role: run.role(step).to_owned(),
            agent: run.agent(step).clone(),
            policy: run.policy(step),
            order: order(run, step),
            carried: context::carried(run, step),
            named: named(run),
            left: run.artifacts.iter().map(|artifact| artifact.path.clone()).collect(),
            work: originals.last().cloned(),
            originals,
            batch: queue::batch(run, step),
            going_in: run.going_in().into_iter().cloned().collect(),
            landed: queue::landed(run),
            repair: run.repair_of(step).map(|(_, why)| why.clone()),
            conflict: run.conflict(step).cloned(),
            overlap: run.way_made_by(step, attempt.number.saturating_sub(1)).cloned(),
            change: replan::change(run, step),
            steering: run.steering(step).filter_map(|message| message.steering().map(str::to_owned)).collect(),
            round: run.visit(&step.of_state),
        })
    }
}

/// The artifact that a step is to leave.
fn order(run: &Run, step: &Step) -> Option<artifact::Order> {
    let writes = run.writes(step)?;
    let topic = run.topic(step);
    let place = run.place(step)?;
    let carried = context::carried(run, step).into_iter().map(|item| item.artifact.path);
    let inputs = carried.chain(named(run)).collect();
    let tests = run.group(step).map(failing);
    let subject = topic.map(|topic| topic.name.clone()).or(tests).unwrap_or_else(|| run.created.request.clone());
    let focus = topic.and_then(|topic| topic.focus.clone());
    Some(artifact::Order { writes, place, subject, focus, inputs })
}

/// What somebody who looks into failing tests is told of them.
fn failing(group: &FailingGroup) -> String {
    if group.tests.is_empty() {
        return format!("why `{}` fails", group.name);
    }
    format!("why these tests of {} fail: {}", group.name, group.tests.join(", "))
}

/// The files that the request names, besides the plan.
fn named(run: &Run) -> Vec<String> {
    let paths = &run.created.paths;
    paths.named.iter().filter(|path| Some(*path) != paths.plan.as_ref()).cloned().collect()
}

fn enter_with(to: StateName) -> impl FnOnce(Job) -> Input + Send + 'static {
    move |job| Input::Entered { result: enter::enter(&job, &to), state: to }
}

/// A summary is rendered before its carrier starts, from the run as it is then.
fn summary_of(run: &Run, obligation: &Obligation, tools: &Tools) -> Option<String> {
    let step = run.step(obligation.key.step.as_ref()?)?;
    let writes = matches!(run.action(step), Some(Action::Summary | Action::Deliver));
    writes.then(|| (tools.summary)(run))
}

fn spawn(job: Job, outbox: &Outbox, carry: impl FnOnce(Job) -> Input + Send + 'static) -> bool {
    let (outbox, key) = (outbox.clone(), job.key.clone());
    std::thread::spawn(move || {
        outbox.send(carry(job));
        outbox.finished(key);
    });
    true
}

/// `None` when the carrier was cancelled: its obligation stays, for whoever resumes.
fn carry(step: &StepJob, effect: Effect, summary: Option<&str>, outbox: &Outbox) -> Option<Input> {
    match effect {
        Effect::Launch => Some(attempt::launch(step)),
        Effect::Supervise => attempt::supervise(step, outbox),
        Effect::Tell => tell::tell(step),
        Effect::Stop => {
            attempt::stop(step);
            None
        }
        Effect::Verify => Some(verify::verify(step)),
        Effect::Perform if step.step.kind == StepKind::SubRun => {
            below::perform(step, outbox).map(|result| Input::Performed { of: step.of.clone(), result })
        }
        Effect::Perform => perform(step, summary).map(|result| Input::Performed { of: step.of.clone(), result }),
        Effect::Enter | Effect::Move | Effect::Deliver | Effect::Ask | Effect::Wake | Effect::Close => None,
    }
}

fn perform(step: &StepJob, summary: Option<&str>) -> Option<Performed> {
    let state = step.job.created.definition.state(&step.step.of_state)?;
    // What takes in the user's commits is named by no workflow.
    let template = state.steps.get(step.step.template as usize);
    match (step.step.kind, template.and_then(|template| template.action)) {
        (StepKind::Command, Some(Action::Summary)) => Some(close::summary(&step.job, summary.unwrap_or_default())),
        (StepKind::Command, Some(Action::PullRequest)) => Some(forge::request(step)),
        (StepKind::Merge, Some(Action::Deliver)) => Some(deliver::check(step, summary.unwrap_or_default())),
        (StepKind::Merge, Some(Action::Link)) => Some(link::perform(step)),
        (StepKind::Merge, Some(Action::Replan)) => Some(replan::adopt(step)),
        (StepKind::Merge, None) => merge::perform(step),
        (StepKind::Check, None) => check::perform(step),
        (StepKind::Command, None) => {
            check::command(step, template.map(|template| template.run.as_slice()).unwrap_or_default())
        }
        (kind, _) => Some(Performed::Failed {
            failure: Failure::new(
                FailureClass::Permanent,
                FailureKind::UnmetNeeds,
                format!("a step of kind `{}` can not be carried out like this", kind.name()),
            )
            .remedy("mend the workflow definition"),
            verdicts: Vec::new(),
        }),
    }
}

impl StepJob {
    fn phase(&self) -> Option<&Phase> {
        let number = self.step.phase?;
        self.job.plan()?.phases.iter().find(|phase| phase.number == number)
    }

    /// The completion lines that the attempt has printed.
    fn claims(&self) -> impl Iterator<Item = Claim<'_>> {
        self.attempt.claims.iter().filter_map(|line| claim(line))
    }

    fn folder(&self) -> PathBuf {
        attempt_folder(&self.job.tools.attempts_root, &self.job.created.run, &self.step.id, self.attempt.number)
    }

    fn ended(&self, ending: AttemptEnding) -> Input {
        Input::Ended { of: self.of.clone(), ending, snapshot: None, tail: Vec::new() }
    }
}

impl Job {
    /// The plan that the run works by.
    fn plan(&self) -> Option<&Plan> {
        self.adopted.as_deref().map(|adopted| &adopted.plan).or(self.created.plan.as_ref())
    }

    /// The project's repository.
    fn repository(&self) -> Result<&dyn Repository, Failure> {
        let missing = || {
            Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, "this is no git repository")
                .expected_found("a git repository", "a plain folder")
                .remedy("run `git init && git add -A && git commit` in the project first")
        };
        self.tools.repository.as_deref().ok_or_else(missing)
    }

    fn is_cancelled(&self) -> bool {
        lock(&self.cancelled).contains(&self.key)
    }
}

/// A carrier that panicked leaves its sets as they were, which is all that is needed of them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
