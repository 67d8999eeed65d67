//! What was written: the events of a run's journal. What follows from them is in [`crate::run`].
//!
//! An event's meaning never changes once a release has written it. A new meaning is a new event; an old payload is
//! brought to the newest form in [`Event::decode`].

mod created;
mod observation;

pub use created::{
    AgentChoice, AttemptLimits, Base, Created, ForkedFrom, Interrupted, Options, Parent, Paths, ResearchTopic,
    SNAPSHOT_MS, Verdicts,
};
pub use observation::Observation;

use crate::artifact::Metadata;
use crate::budget::{Budgets, Elsewhere, LimitName, Limits};
use crate::client::UsageLimit;
use crate::definition::StateName;
use crate::failure::{FailingGroup, Failure};
use crate::forecast::Learned;
use crate::ids::{Oid, PhaseNumber, RunId, StepId, Token};
use crate::judgement::Judgement;
use crate::merge::{Conflict, Joined};
use crate::permission::{Rule, Verdict as Leave};
use crate::plan::Plan;
use crate::replan::{Evaluation, Proposal, ReplanKind, Trigger};
use crate::said::Said;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// Version of the event format that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 4;

/// What was found on entering a state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EntryFacts {
    /// The integration branch's commit, once it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Oid>,
    /// Untracked files that the first integration commit took in, with their blobs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_in: Vec<(String, Oid)>,
    /// Things that the user should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// How an attempt's process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum AttemptEnding {
    /// By itself, with this exit code.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// By a signal that was not ours.
    Signaled {
        /// The signal.
        signal: i32,
    },
    /// Because we told it to (pause, cancel).
    Stopped,
    /// By the idle limit.
    IdleLimit,
    /// By us, because it wrote and did nothing for too long.
    Stalled,
    /// By the hard limit.
    HardLimit,
    /// By the output limit.
    OutputLimit,
    /// It never started.
    NotStarted {
        /// The system's message.
        reason: String,
    },
    /// Its supervisor was killed.
    Lost,
}

impl AttemptEnding {
    /// The signal by which somebody else ended the program. A shell whose command was killed tells so by its exit code, and
    /// clients that are told to end do the same; only where that code has no other use.
    #[must_use]
    pub fn killed_by(&self) -> Option<i32> {
        match self {
            Self::Signaled { signal } => Some(*signal).filter(|signal| is_kill(*signal)),
            Self::Exited { code } => matches!(code, 137 | 143).then(|| code - 128),
            Self::Stopped
            | Self::IdleLimit
            | Self::Stalled
            | Self::HardLimit
            | Self::OutputLimit
            | Self::NotStarted { .. }
            | Self::Lost => None,
        }
    }
}

/// Whether a signal is one that somebody else ends a program with, and not its own fault: HUP, INT, KILL, TERM.
#[must_use]
pub fn is_kill(signal: i32) -> bool {
    matches!(signal, 1 | 2 | 9 | 15)
}

/// The work of an attempt, kept on a ref.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The commit that holds all of it.
    pub commit: Oid,
    /// That commit's tree.
    pub tree: Oid,
    /// The commit that the attempt started from.
    pub base: Oid,
    /// Whether the agent made commits of its own.
    pub own_commits: bool,
}

/// The result of running a command on a tree. Holds for that tree only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The shell command.
    pub command: String,
    /// The tree that it ran on.
    pub tree: Oid,
    /// Whether it ended with 0.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The end of its output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tail: Vec<String>,
    /// What failed, as far as the output tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<FailingGroup>,
    /// Names what it ran in besides the tree: the machine, tools, variables, set-up; `None`: nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Where it was run, if that was not here: another run had the same tree, command and environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

/// An earlier run of a command on the same tree in the same environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The run.
    pub run: RunId,
    /// When.
    pub at: UtcMillis,
}

/// A file that a step left for the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its kind: report, overview, plan, summary, debug, output.
    pub kind: String,
    /// Its path relative to the project.
    pub path: String,
    /// Hex SHA-256 of its bytes.
    pub hash: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What is handed up of it instead of its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<Metadata>>,
}

/// The answer to a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateAnswer {
    /// Go on.
    Approved,
    /// Do not.
    Rejected,
}

/// A pull request that a run has opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Where it is to be seen.
    pub url: String,
    /// The branch that was pushed for it, without `refs/heads/`.
    pub branch: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All was done.
    Succeeded,
    /// Something failed for good.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl Outcome {
    /// The outcome's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The move of a ref that was intended: done or not, both can be seen and finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefMove {
    /// Where the ref is.
    pub old: Oid,
    /// Where it goes.
    pub new: Oid,
}

/// One event of a run's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run exists.
    RunCreated(Box<Created>),
    /// A driver took the run.
    DriverTook {
        /// The lease's epoch.
        epoch: Token,
        /// The process.
        pid: u32,
    },
    /// A transition is to be made; the state's needs are checked.
    TransitionIntended {
        /// From here.
        from: StateName,
        /// To there.
        to: StateName,
    },
    /// A transition was made; the state's steps exist from here on.
    TransitionCompleted {
        /// From here.
        from: StateName,
        /// To there.
        to: StateName,
        /// What was found on entering.
        facts: EntryFacts,
    },
    /// An attempt of a step may begin.
    AttemptLeased {
        /// The step.
        step: StepId,
        /// The try, from 1.
        attempt: u32,
        /// Answers must carry it.
        token: Token,
        /// The commit that it starts from, for steps that work in a tree.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<Oid>,
        /// Its agent, where that is not the one of its role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<Box<AgentChoice>>,
        /// The client's session that it goes on with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// What is set aside for it, where the run has a budget; for a run below: all that it may spend.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<Limits>,
        /// For a merge in a batch: the merge that carries the batch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rides: Option<StepId>,
    },
    /// Its process runs.
    AttemptStarted {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// The supervising process.
        pid: u32,
        /// Its work tree.
        tree: String,
        /// The client's session, where that is known before the client has said a word: so a kill at any moment leaves a
        /// session that can be gone on with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
    },
    /// It did something.
    AgentObserved {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// Offset of the transcript just after it.
        offset: u64,
        /// What it did; all that one line told is one event, so that none of it is taken in twice or missed.
        observations: Vec<Observation>,
    },
    /// Something is said to the agent of a step.
    MessageAdded {
        /// The step.
        step: StepId,
        /// The only try that it is meant for; `None`: whichever works on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
        /// What.
        said: Said,
    },
    /// What was said is in the hands of the attempt's process.
    MessageTold {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// How many of the step's messages it has now.
        upto: u32,
    },
    /// It is to be ended before its time, after a snapshot of its tree.
    StopRequested {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
    },
    /// Its process tree is gone.
    AttemptEnded {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// How.
        ending: AttemptEnding,
        /// The ref that keeps its tree, if it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        snapshot: Option<Oid>,
        /// The limit of use that the end of its output speaks of, although it ended well: it counts if what was left does
        /// not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<UsageLimit>,
    },
    /// A command was run on a tree.
    VerdictRecorded {
        /// The step that needed it.
        step: StepId,
        /// The result.
        verdict: Verdict,
        /// The merges that the tree has on top of the integration branch, where it is that of a batch or a part of one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        of: Vec<StepId>,
    },
    /// A verifier has judged a phase's tree by what the phase asks for.
    PhaseJudged {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// What it found.
        judgement: Box<Judgement>,
    },
    /// Two phases were seen to change the same files while they worked.
    OverlapSeen {
        /// The step that began first: it goes on.
        earlier: StepId,
        /// The other one.
        later: StepId,
        /// What both have changed.
        paths: Vec<String>,
        /// Whether the other one makes way until the first is merged.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pauses: bool,
    },
    /// A step is done, and verified.
    StepSucceeded {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// The work that it left, for steps that work in a tree.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work: Option<Work>,
        /// Files that it left for the user.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        artifacts: Vec<Artifact>,
        /// Things that the user should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    },
    /// The run works by this plan from here on; its phases exist from here on.
    PlanAdopted {
        /// The step that left it.
        step: StepId,
        /// The plan as it was read.
        plan: Box<Plan>,
        /// Its hash without its check marks.
        hash: String,
        /// For a revision: what it changed, line by line.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        diff: String,
        /// What the history showed of its phases.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        learned: Vec<Learned>,
    },
    /// A step failed for good.
    StepFailed {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// Why.
        failure: Failure,
    },
    /// A try failed; the step is tried again, not before `due`.
    RetryScheduled {
        /// The step.
        step: StepId,
        /// The try that failed.
        attempt: u32,
        /// Not before.
        due: crate::time::UtcMillis,
        /// Whether it counts against the step's tries.
        counted: bool,
        /// Why.
        failure: Failure,
    },
    /// A try met a limit of use: nothing begins with its agent before `until`. The step may be tried again, with another
    /// agent or then; the try does not count.
    LimitMet {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// The agent that the limit holds back.
        agent: String,
        /// The limit, as it was told.
        limit: UsageLimit,
        /// When it is tried again: the limit's end, or a guess where nobody told it, with some spread, outside of quiet
        /// hours.
        until: crate::time::UtcMillis,
        /// What the try ended with.
        failure: Failure,
    },
    /// A limit of use is over.
    LimitEnded {
        /// The agent that it held back.
        agent: String,
    },
    /// The pause is over.
    RetryDue {
        /// The step.
        step: StepId,
    },
    /// A phase's work is to be repaired by an agent; its repair steps exist from here on.
    RepairAdded {
        /// The phase.
        phase: PhaseNumber,
        /// Which repair of this phase, from 1.
        round: u32,
        /// The commit to work on.
        base: Oid,
        /// What is to be repaired.
        failure: Failure,
        /// The two sides, where it is that they do not merge.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conflict: Option<Box<Conflict>>,
        /// Whether a person must allow it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        asks: bool,
    },
    /// It was looked at whether the plan is to change.
    ReplanEvaluated {
        /// What was looked at, with what came of it.
        evaluations: Vec<Evaluation>,
    },
    /// The plan is to change; the steps that change it exist from here on.
    ReplanAdded {
        /// The phase that it is about.
        phase: PhaseNumber,
        /// Which change for this phase, from 1.
        number: u32,
        /// How.
        kind: ReplanKind,
        /// What called for it.
        trigger: Trigger,
        /// Why, in words.
        reason: String,
        /// Whether a person must allow it: the phase was changed as often as may be.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        asks: bool,
    },
    /// An agent has left a changed plan that was checked.
    ReplanProposed {
        /// The step.
        step: StepId,
        /// The change.
        proposal: Proposal,
    },
    /// Nothing comes of it.
    ReplanDropped {
        /// The phase.
        phase: PhaseNumber,
        /// Which change for this phase.
        number: u32,
        /// Why.
        reason: String,
    },
    /// The run works by the changed plan from here on.
    Replanned {
        /// The phase that it is about.
        phase: PhaseNumber,
        /// Which change for this phase.
        number: u32,
    },
    /// The integration branch is to be moved.
    MergeIntended {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// From where to where.
        movement: RefMove,
        /// Those of a batch that go in with it, before it, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        after: Vec<Joined>,
    },
    /// The integration branch was moved: a phase is complete, or a repair is in.
    Merged {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// The branch's new commit.
        commit: Oid,
    },
    /// The user's branch has commits that the run has not seen; they are to be merged into the integration branch before
    /// it is delivered. The steps that do it exist from here on.
    BaseMoved {
        /// The step that was to deliver.
        step: StepId,
        /// The try.
        attempt: u32,
        /// Which move that the run has seen, from 1.
        number: u32,
        /// Where the user's branch is now.
        commit: Oid,
    },
    /// What the user's branch has does not go in by itself; an agent repairs it, in steps that exist from here on.
    BaseRepairAdded {
        /// Which move of the user's branch.
        number: u32,
        /// Which repair of it, from 1.
        round: u32,
        /// The commit to work on.
        base: Oid,
        /// What is to be repaired.
        failure: Failure,
        /// The two sides, where it is that they do not merge.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conflict: Option<Box<Conflict>>,
        /// Whether a person must allow it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        asks: bool,
    },
    /// The user's branch is to be moved.
    DeliveryIntended {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// The branch's full name.
        branch: String,
        /// From where to where.
        movement: RefMove,
    },
    /// The user's branch was moved.
    Delivered {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
    },
    /// The user's branch can not be moved now; the result waits on the run's branch.
    DeliveryDeferred {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// Why.
        reason: String,
        /// The one command that takes the result.
        command: String,
    },
    /// A pull request with the run's result is open; the user's branch is left alone.
    PullRequestOpened {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// Which one.
        request: PullRequest,
    },
    /// A question waits for an answer.
    GateOpened {
        /// The step; it is the gate's id too.
        step: StepId,
        /// The question.
        question: String,
        /// When it is closed unanswered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closes: Option<UtcMillis>,
    },
    /// It was answered.
    GateAnswered {
        /// The step.
        step: StepId,
        /// The answer.
        answer: GateAnswer,
        /// Who.
        by: String,
        /// In their words.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// A person is asked whether a client may do what it asks leave for. The answer is a [`Self::MessageAdded`].
    PermissionOpened {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// The [request](crate::permission::PermissionRequest::id).
        request: String,
        /// The rule for which it is asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// When it is closed unanswered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closes: Option<UtcMillis>,
    },
    /// One more rule counts from here on.
    RuleAdded {
        /// What it does.
        verdict: Leave,
        /// The rule.
        rule: Rule,
        /// Who added it.
        by: String,
    },
    /// A limit is near.
    BudgetWarned {
        /// Which one.
        limit: LimitName,
        /// How much of it is spent.
        spent: u64,
        /// Its amount.
        most: u64,
    },
    /// A limit is spent. Where limits are kept, nothing that it is about begins, and what runs ends after a time of grace.
    BudgetReached {
        /// Which one.
        limit: LimitName,
        /// How much was spent.
        spent: u64,
        /// Its amount.
        most: u64,
    },
    /// Other limits are in force from here on.
    BudgetChanged {
        /// All of them.
        budgets: Box<Budgets>,
        /// Who set them.
        by: String,
    },
    /// What the project's other runs have spent on this day.
    SpentElsewhere {
        /// How much.
        elsewhere: Elsewhere,
    },
    /// A person wants a step tried again at once.
    StepRetried {
        /// The step.
        step: StepId,
        /// Who.
        by: String,
    },
    /// A person leaves a step out, and with a step of a phase the phase.
    StepSkipped {
        /// The step.
        step: StepId,
        /// Who.
        by: String,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Nothing new begins; what runs is ended and kept.
    PauseRequested {
        /// Who.
        by: String,
    },
    /// The pause is over.
    Resumed {
        /// Who.
        by: String,
    },
    /// The run is to end.
    CancelRequested {
        /// Who.
        by: String,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// The outcome is known; trees are to be put away.
    RunClosing {
        /// The outcome.
        outcome: Outcome,
        /// One sentence.
        message: String,
    },
    /// The run has ended.
    RunEnded {
        /// The outcome.
        outcome: Outcome,
        /// Refs that keep unmerged work.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kept: Vec<String>,
        /// Files that were left for the user.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        artifacts: Vec<Artifact>,
    },
}

/// Why a stored record is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A newer program wrote it.
    #[error("event format {found} is newer than the {FORMAT} that this program reads; install a newer `coordinate`")]
    TooNew {
        /// The record's format.
        found: u32,
    },
    /// It is damaged.
    #[error("not an event of format {format}: {cause}")]
    Damaged {
        /// The record's format.
        format: u32,
        /// The parser's message.
        cause: String,
    },
}

impl Event {
    /// The event as JSON text, in the newest format.
    ///
    /// # Errors
    /// None in practice: all parts have string keys.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// An event from its JSON text in any known format.
    ///
    /// # Errors
    /// [`DecodeError`] when it is newer than this program, or damaged.
    pub fn decode(format: u32, body: &[u8]) -> Result<Self, DecodeError> {
        if format > FORMAT {
            return Err(DecodeError::TooNew { found: format });
        }
        serde_json::from_slice(body).map_err(|error| DecodeError::Damaged { format, cause: error.to_string() })
    }
}
