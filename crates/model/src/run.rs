//! What follows from the events: the folded state of a run.
//!
//! A [`Run`] is only ever made by folding events, with one `apply`, live and on recovery. Every change of a step's
//! state goes through one function, which keeps all side views (queues, live set, tally) in step, so that deciding
//! costs as much as what changed and not as much as the run is long.

mod apply;
mod artifacts;
mod base;
mod by_hand;
mod expand;
mod forecast;
mod judgement;
mod merge;
mod permission;
mod players;
mod queues;
mod replan;
mod said;

pub use apply::Position;
pub use base::BaseMove;
pub use queues::Lane;

use crate::budget::{Limits, Purse};
use crate::client::{ClientResult, Usage, UsageLimit};
use crate::definition::{Action, Scope, StateName, StepKind, StepTemplate, Writes};
use crate::event::{
    AgentChoice, Artifact, AttemptEnding, Created, EntryFacts, Event, GateAnswer, Observation, Outcome, PullRequest,
    RefMove, ResearchTopic, Verdict, Work,
};
use crate::failure::{FailingGroup, Failure};
use crate::forecast::{Learned, Met, Overlap};
use crate::ids::{Oid, PhaseNumber, RunId, StepId, Token};
use crate::judgement::Judgement;
use crate::merge::Conflict;
use crate::obligation::{Obligation, ObligationKey};
use crate::permission::{PermissionRequest, Question, Rules};
use crate::plan::Plan;
use crate::quota::Limited;
use crate::replan::Replan;
use crate::said::Message;
use crate::time::UtcMillis;
use queues::Queues;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Version of the fold: a cached state of another version is thrown away.
pub const FOLD_VERSION: u32 = 5;

/// An event that can not follow the events before it: the journal is damaged, or written by a faulty program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("journal is corrupt at event {sequence}: `{event}` {reason}")]
pub struct Corruption {
    /// The event's position.
    pub sequence: u64,
    /// The event's name.
    pub event: &'static str,
    /// Why it can not be.
    pub reason: String,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Something that it needs is not done.
    Blocked,
    /// It may begin.
    Ready,
    /// A driver was given the right to begin it.
    Leased,
    /// Its process runs.
    Running,
    /// Its process has ended; what it left is being checked.
    Verifying,
    /// It is done and verified.
    Succeeded,
    /// It failed for good.
    Failed,
    /// It waits for a time or an answer.
    Waiting,
    /// The run was cancelled before it was done.
    Cancelled,
    /// It is not needed any more.
    Skipped,
}

impl StepState {
    /// The state's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Running => "running",
            Self::Verifying => "verifying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    /// Whether nothing more becomes of it.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Skipped => true,
            Self::Blocked | Self::Ready | Self::Leased | Self::Running | Self::Verifying | Self::Waiting => false,
        }
    }

    /// Whether a driver is working on it.
    #[must_use]
    pub fn is_live(self) -> bool {
        match self {
            Self::Leased | Self::Running | Self::Verifying => true,
            Self::Blocked
            | Self::Ready
            | Self::Succeeded
            | Self::Failed
            | Self::Waiting
            | Self::Cancelled
            | Self::Skipped => false,
        }
    }
}

/// What a step waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Waiting {
    /// A time.
    Until {
        /// The time.
        due: UtcMillis,
        /// What failed before.
        why: String,
    },
    /// A person.
    Answer {
        /// The question.
        question: String,
        /// Since when.
        #[serde(default)]
        opened: UtcMillis,
        /// When it is closed unanswered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closes: Option<UtcMillis>,
    },
}

/// One try of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// Answers must carry it.
    pub token: Token,
    /// The epoch of the driver at that time; `None` before the first.
    pub driver: Option<Token>,
    /// The commit that it starts from.
    pub base: Option<Oid>,
    /// Its agent, where that is not the one of its role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<AgentChoice>>,
    /// The session of an earlier attempt that its client goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<String>,
    /// What is set aside for it; for a run below: all that it may spend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Limits>,
    /// For a merge in a batch: the merge that carries the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rides: Option<StepId>,
    /// The model that its client works with, where it told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Attempts that were begun in the run below.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub below: u32,
    /// When it was leased.
    pub leased: UtcMillis,
    /// When its process began.
    pub started: Option<UtcMillis>,
    /// Its supervising process.
    pub pid: Option<u32>,
    /// Its work tree.
    pub tree: Option<String>,
    /// The client's session.
    pub session: Option<String>,
    /// How much of its transcript is in the journal.
    pub offset: u64,
    /// The newest thing that it did.
    pub doing: Option<String>,
    /// Completion lines.
    pub claims: Vec<String>,
    /// What it used, where the client tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The limit of use that it met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<UsageLimit>,
    /// Tools that it was denied, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<String>,
    /// What its client waits for leave to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<PermissionRequest>,
    /// The client's last word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ClientResult>,
    /// Whether it was told to stop.
    pub stopping: bool,
    /// How its process ended.
    pub ending: Option<AttemptEnding>,
    /// What keeps its tree.
    pub snapshot: Option<Oid>,
    /// When it was over: verified, failed, or given up.
    pub ended: Option<UtcMillis>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its id.
    pub id: StepId,
    /// Its kind.
    pub kind: StepKind,
    /// The state of the workflow that it belongs to.
    pub of_state: StateName,
    /// The position of its template in that state.
    pub template: u32,
    /// Its phase.
    pub phase: Option<PhaseNumber>,
    /// Its topic, as a position in the run's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<u32>,
    /// For a repair: which one of its phase, from 1.
    pub repair: Option<u32>,
    /// For a step that changes the plan: which change for its phase, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replan: Option<u32>,
    /// For a step that takes in what the user's branch has meanwhile: which move of it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<u32>,
    /// The group of failing tests that it is about, as a position in the run's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
    /// For a step whose work is a run of its own: the track of topics, as a position in the run's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<u32>,
    /// Where it stands.
    pub state: StepState,
    /// How many of its needs are not done.
    pub unmet: u32,
    /// The steps that need it.
    pub dependents: Vec<u32>,
    /// Its tries.
    pub attempts: Vec<Attempt>,
    /// How many tries count against its retry policy.
    pub counted: u32,
    /// What it waits for.
    pub waiting: Option<Waiting>,
    /// What it left.
    pub work: Option<Work>,
    /// The move of the integration or user's branch that is under way or done.
    pub movement: Option<RefMove>,
    /// Why it failed for good.
    pub failure: Option<Failure>,
    /// A later repair took its place, so that its failure does not count.
    pub superseded: bool,
    /// What was said to its agent, in the order in which it was said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Message>,
    /// What people were asked on behalf of its client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
}

impl Step {
    /// The newest try.
    #[must_use]
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }
}

/// One phase of the plan, in this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseRun {
    /// How many of its dependencies are not merged.
    pub unmet: u32,
    /// The phases that depend on it.
    pub dependents: Vec<PhaseNumber>,
    /// Its steps, in the order of their making.
    pub steps: Vec<u32>,
    /// Longest way to the end of the plan: longer goes first.
    pub priority: u64,
    /// How many repairs were begun.
    pub repairs: u32,
    /// What the newest repair starts from, and why.
    pub repair: Option<(Oid, Failure)>,
    /// The two sides, for each repair that is about two sides which do not merge.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conflicts: BTreeMap<u32, Conflict>,
    /// Whether its work is in the integration branch.
    pub merged: bool,
    /// Whether a person has left it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
    /// How often its text was changed while the run was under way: its steps of each have names of their own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// How many changes of the plan were called for by it, or by the phase that it was a part of.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replans: u32,
    /// Whether it was looked at whether its text is to change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub evaluated: bool,
    /// The phases that are foreseen to change the same files, and that it does not wait for anyway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meets: Vec<Met>,
}

impl PhaseRun {
    /// Whether nothing is to be done for it any more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.merged || self.skipped
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What became of the user's branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "delivery", rename_all = "snake_case")]
pub enum DeliveryResult {
    /// It was moved.
    Delivered,
    /// It was not.
    Deferred {
        /// Why.
        reason: String,
        /// The one command that takes the result.
        command: String,
    },
}

/// A gate's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The answer.
    pub answer: GateAnswer,
    /// Who gave it.
    pub by: String,
    /// In their words.
    pub comment: String,
    /// When.
    pub at: UtcMillis,
}

/// A pending end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The outcome.
    pub outcome: Outcome,
    /// One sentence.
    pub message: String,
}

/// A plan that a step of the run itself left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// As it was read.
    pub plan: Plan,
    /// Its hash without its check marks.
    pub hash: String,
    /// For a revision: what it changed, line by line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub diff: String,
    /// What the history showed of its phases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learned: Vec<Learned>,
}

/// One visit of a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The state.
    pub state: StateName,
    /// When it was entered. It was left when the next one was entered.
    pub entered: UtcMillis,
    /// How many artifacts the run had then: those after them are this visit's.
    pub artifacts: u32,
}

/// The folded state of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The first event.
    pub created: Arc<Created>,
    /// When it was created.
    pub started: UtcMillis,
    /// The newest event's position.
    pub sequence: u64,
    /// The newest event's time.
    pub updated: UtcMillis,
    /// The current state.
    pub state: StateName,
    /// When the current state was entered.
    pub entered: UtcMillis,
    /// The transition that is intended.
    pub transition: Option<StateName>,
    /// The states that were completed, in order.
    pub completed: Vec<StateName>,
    /// Every visit of a state, in order; the last is the one under way.
    pub timeline: Vec<Visit>,
    /// How often each state was entered.
    pub visits: BTreeMap<StateName, u32>,
    /// All steps.
    pub steps: Vec<Step>,
    /// Where the steps of the current visit of the current state begin.
    first_of_visit: u32,
    /// The phases.
    pub phases: BTreeMap<PhaseNumber, PhaseRun>,
    /// What is to be done. Stored as a list: the key of a JSON object can only be a text.
    #[serde(with = "listed")]
    pub(crate) obligations: BTreeMap<ObligationKey, Obligation>,
    queues: Queues,
    #[serde(skip)]
    index: HashMap<StepId, u32>,
    /// The plan that a step of this run left, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Arc<Adopted>>,
    /// The limits of use that hold agents back, by the agents' names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, Limited>,
    /// The changes of the plan, in the order in which they were called for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replans: Vec<Replan>,
    /// The groups of tests that failed when the current state was entered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<FailingGroup>,
    /// Head of the integration branch.
    pub integration: Option<Oid>,
    /// What the user's branch got while the run was under way, in the order in which the run saw it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<BaseMove>,
    /// Files that the first integration commit took in.
    pub taken_in: Vec<(String, Oid)>,
    /// Results of commands on trees.
    pub verdicts: Vec<Verdict>,
    /// What verifiers found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judgements: Vec<Judgement>,
    /// Phases that were seen to change the same files while they worked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<Overlap>,
    /// Files that were left for the user.
    pub artifacts: Vec<Artifact>,
    /// Things that the user should know.
    pub warnings: Vec<String>,
    /// Rules that were added on the way.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub learned: Rules,
    /// Steps whose clients ask what nobody has answered.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    asking: BTreeSet<StepId>,
    /// Answers to gates.
    pub answers: BTreeMap<StepId, Answered>,
    /// What it may spend and has spent, where there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purse: Option<Box<Purse>>,
    /// Who paused it.
    pub paused: Option<String>,
    /// Who cancelled it, and why.
    pub cancelled: Option<(String, String)>,
    /// What became of the user's branch.
    pub delivery: Option<DeliveryResult>,
    /// The pull request that is open for the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequest>,
    /// The end that is being prepared.
    pub closing: Option<Closing>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Refs that keep unmerged work after the end.
    pub kept: Vec<String>,
    /// When it ended.
    pub ended: Option<UtcMillis>,
    /// The epoch and process of the newest driver.
    pub driver: Option<(Token, u32)>,
    next_token: u64,
}

impl Run {
    /// The run's id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.created.run
    }

    /// The scope.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.created.scope
    }

    /// The plan that the run works by: the one that it left itself, else the one that it was given.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.adopted.as_deref().map(|adopted| &adopted.plan).or(self.created.plan.as_ref())
    }

    /// That plan's hash without its check marks.
    #[must_use]
    pub fn plan_hash(&self) -> Option<&str> {
        let adopted = self.adopted.as_deref().map(|adopted| adopted.hash.as_str());
        adopted.or(self.created.plan_hash.as_deref())
    }

    /// The topic that a step works on.
    #[must_use]
    pub fn topic(&self, step: &Step) -> Option<&ResearchTopic> {
        self.created.topics.get(step.topic? as usize)
    }

    /// The topics that a step leads.
    pub fn topics_of(&self, step: &Step) -> impl Iterator<Item = &ResearchTopic> {
        let track = step.track.and_then(|track| self.created.tracks.get(track as usize));
        track.into_iter().flatten().filter_map(|&at| self.created.topics.get(at as usize))
    }

    /// The failing tests that a step looks into.
    #[must_use]
    pub fn group(&self, step: &Step) -> Option<&FailingGroup> {
        self.failing.get(step.group? as usize)
    }

    /// The artifact that a step is to leave.
    #[must_use]
    pub fn writes(&self, step: &Step) -> Option<Writes> {
        self.template(step).and_then(|template| template.writes)
    }

    /// A step by its id.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.index.get(id).and_then(|&at| self.steps.get(at as usize))
    }

    /// The template of a step.
    #[must_use]
    pub fn template(&self, step: &Step) -> Option<&StepTemplate> {
        self.created.definition.state(&step.of_state)?.steps.get(step.template as usize)
    }

    /// What the orchestrator itself does in a step.
    #[must_use]
    pub fn action(&self, step: &Step) -> Option<Action> {
        self.template(step).and_then(|template| template.action)
    }

    /// The token that the next lease gets.
    #[must_use]
    pub fn next_token(&self) -> Token {
        Token(self.next_token)
    }

    /// The verdict on a tree, if the command was run on it.
    #[must_use]
    pub fn verdict(&self, command: &str, tree: &Oid) -> Option<&Verdict> {
        self.verdicts.iter().rev().find(|verdict| verdict.command == command && verdict.tree == *tree)
    }

    /// The newest verdict that a step recorded about tests, whatever the tree.
    #[must_use]
    pub fn newest_verdict(&self) -> Option<&Verdict> {
        self.verdicts.last()
    }

    /// Steps that a driver works on.
    pub fn live(&self) -> impl Iterator<Item = &Step> {
        self.queues.live.iter().filter_map(|&at| self.steps.get(at as usize))
    }

    /// Steps that wait for a time or an answer.
    pub fn waiting(&self) -> impl Iterator<Item = &Step> {
        self.queues.waiting.iter().filter_map(|&at| self.steps.get(at as usize))
    }

    /// The step that should begin next in a lane.
    #[must_use]
    pub fn next_ready(&self, lane: Lane) -> Option<&Step> {
        self.ready_in(lane).next()
    }

    /// The steps that may begin in a lane, the most urgent first.
    pub fn ready_in(&self, lane: Lane) -> impl Iterator<Item = &Step> {
        self.queues.ready_in(lane).filter_map(|at| self.steps.get(at as usize))
    }

    /// How many steps of a lane are being worked on.
    #[must_use]
    pub fn live_in(&self, lane: Lane) -> usize {
        self.queues.live_in(lane)
    }

    /// Whether nothing is being worked on or waited for.
    #[must_use]
    pub fn is_still(&self) -> bool {
        self.queues.live.is_empty() && self.queues.waiting.is_empty()
    }

    /// How many steps of the current visit of the current state are in a step state (superseded ones left out).
    #[must_use]
    pub fn tally(&self, state: StepState) -> u32 {
        self.queues.tally(state)
    }

    /// How often the current state was entered, this time included.
    #[must_use]
    pub fn visit(&self, state: &StateName) -> u32 {
        self.visits.get(state).copied().unwrap_or(0)
    }

    /// How often the states were entered that failures lead to.
    #[must_use]
    pub fn debug_rounds(&self) -> u32 {
        let states = self.created.definition.state.values().filter_map(|state| state.on_failure.as_ref());
        let targets: BTreeSet<_> = states.collect();
        targets.into_iter().fold(0, |sum, state| sum.saturating_add(self.visit(state)))
    }

    /// The failures of this visit of the current state that count.
    pub fn failures(&self) -> impl Iterator<Item = (&Step, &Failure)> {
        let counts = |step: &&Step| step.state == StepState::Failed && !step.superseded && step.of_state == self.state;
        let visit = self.steps.iter().skip(self.first_of_visit as usize);
        visit.filter(counts).filter_map(|step| step.failure.as_ref().map(|failure| (step, failure)))
    }

    /// Whether somebody wants the run to stand still or end.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.paused.is_some() || self.cancelled.is_some()
    }
}

/// Obligations as a list, and back by their keys.
mod listed {
    use super::{BTreeMap, Obligation, ObligationKey};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        obligations: &BTreeMap<ObligationKey, Obligation>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(obligations.values())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<ObligationKey, Obligation>, D::Error> {
        let listed = Vec::<Obligation>::deserialize(deserializer)?;
        Ok(listed.into_iter().map(|obligation| (obligation.key.clone(), obligation)).collect())
    }
}

impl Event {
    /// The event's name, as written in the journal.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunCreated(_) => "run_created",
            Self::DriverTook { .. } => "driver_took",
            Self::TransitionIntended { .. } => "transition_intended",
            Self::TransitionCompleted { .. } => "transition_completed",
            Self::AttemptLeased { .. } => "attempt_leased",
            Self::AttemptStarted { .. } => "attempt_started",
            Self::AgentObserved { .. } => "agent_observed",
            Self::MessageAdded { .. } => "message_added",
            Self::MessageTold { .. } => "message_told",
            Self::StopRequested { .. } => "stop_requested",
            Self::AttemptEnded { .. } => "attempt_ended",
            Self::VerdictRecorded { .. } => "verdict_recorded",
            Self::PhaseJudged { .. } => "phase_judged",
            Self::OverlapSeen { .. } => "overlap_seen",
            Self::StepSucceeded { .. } => "step_succeeded",
            Self::PlanAdopted { .. } => "plan_adopted",
            Self::StepFailed { .. } => "step_failed",
            Self::RetryScheduled { .. } => "retry_scheduled",
            Self::LimitMet { .. } => "limit_met",
            Self::LimitEnded { .. } => "limit_ended",
            Self::RetryDue { .. } => "retry_due",
            Self::RepairAdded { .. } => "repair_added",
            Self::ReplanEvaluated { .. } => "replan_evaluated",
            Self::ReplanAdded { .. } => "replan_added",
            Self::ReplanProposed { .. } => "replan_proposed",
            Self::ReplanDropped { .. } => "replan_dropped",
            Self::Replanned { .. } => "replanned",
            Self::MergeIntended { .. } => "merge_intended",
            Self::Merged { .. } => "merged",
            Self::BaseMoved { .. } => "base_moved",
            Self::BaseRepairAdded { .. } => "base_repair_added",
            Self::DeliveryIntended { .. } => "delivery_intended",
            Self::Delivered { .. } => "delivered",
            Self::DeliveryDeferred { .. } => "delivery_deferred",
            Self::PullRequestOpened { .. } => "pull_request_opened",
            Self::GateOpened { .. } => "gate_opened",
            Self::GateAnswered { .. } => "gate_answered",
            Self::PermissionOpened { .. } => "permission_opened",
            Self::RuleAdded { .. } => "rule_added",
            Self::BudgetWarned { .. } => "budget_warned",
            Self::BudgetReached { .. } => "budget_reached",
            Self::BudgetChanged { .. } => "budget_changed",
            Self::SpentElsewhere { .. } => "spent_elsewhere",
            Self::StepRetried { .. } => "step_retried",
            Self::StepSkipped { .. } => "step_skipped",
            Self::PauseRequested { .. } => "pause_requested",
            Self::Resumed { .. } => "resumed",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::RunClosing { .. } => "run_closing",
            Self::RunEnded { .. } => "run_ended",
        }
    }
}

/// What an observation says in a few words, for a live display.
fn doing(observation: &Observation) -> Option<String> {
    match observation {
        Observation::ToolStarted { tool, detail, .. } => Some(format!("{tool}: {detail}")),
        Observation::Message { text } => text.lines().next().map(str::to_owned),
        Observation::PermissionAsked { request } => Some(format!("asks leave: {}", request.words())),
        Observation::Session { .. }
        | Observation::PermissionSettled { .. }
        | Observation::Heard { .. }
        | Observation::ToolEnded { .. }
        | Observation::Claim { .. }
        | Observation::Usage { .. }
        | Observation::Model { .. }
        | Observation::Below { .. }
        | Observation::LimitReached { .. }
        | Observation::Denied { .. }
        | Observation::Result { .. } => None,
    }
}

/// Facts are taken into the run once, on entry.
fn take_facts(run: &mut Run, facts: &EntryFacts) {
    if let Some(commit) = &facts.integration {
        run.integration = Some(commit.clone());
    }
    run.taken_in.extend(facts.taken_in.iter().cloned());
    run.warnings.extend(facts.warnings.iter().cloned());
}
