//! What may be said to a run. Each input names what it speaks of, so that saying it twice changes nothing.

use crate::budget::{Budgets, Elsewhere};
use crate::definition::StateName;
use crate::event::{Artifact, AttemptEnding, EntryFacts, GateAnswer, Observation, PullRequest, RefMove, Verdict, Work};
use crate::failure::Failure;
use crate::forecast::Learned;
use crate::ids::{Oid, PhaseNumber, StepId, Token};
use crate::judgement::Judgement;
use crate::merge::{Link, Probe};
use crate::permission::Rule;
use crate::plan::Plan;
use crate::replan::{Proposal, ReplanKind};
use crate::time::UtcMillis;

/// The outside facts of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The time.
    pub now: UtcMillis,
    /// A random number, for jitter. What is made of it is written into the event.
    pub entropy: u64,
}

/// Speaks of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Of {
    /// The step.
    pub step: StepId,
    /// The try.
    pub attempt: u32,
    /// The token of its lease.
    pub token: Token,
}

/// A plan that an attempt left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftPlan {
    /// As it was read.
    pub plan: Box<Plan>,
    /// Its hash without its check marks.
    pub hash: String,
    /// For a revision: what it changed, line by line.
    pub diff: String,
    /// What the history shows of its phases.
    pub learned: Vec<Learned>,
}

/// What an attempt left that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Left {
    /// Its work tree's content; `None` outside git.
    pub work: Option<Work>,
    /// Files that it left for the user.
    pub artifacts: Vec<Artifact>,
    /// The plan that it left.
    pub plan: Option<LeftPlan>,
    /// The changed plan that it left.
    pub proposal: Option<Proposal>,
    /// What it found, where it judged a phase's work.
    pub judgement: Option<Box<Judgement>>,
    /// Things that the user should know.
    pub warnings: Vec<String>,
}

/// What became of a step that has no process of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Performed {
    /// It is done.
    Done {
        /// Files that it left for the user.
        artifacts: Vec<Artifact>,
        /// Things that the user should know.
        warnings: Vec<String>,
        /// Commands that were run on trees for it.
        verdicts: Vec<Verdict>,
    },
    /// It failed; verdicts tell of commands that were run on trees.
    Failed {
        /// Why.
        failure: Failure,
        /// What was run.
        verdicts: Vec<Verdict>,
    },
    /// A commit of the run's own is there, which needs no test: the integration branch may be moved.
    Merged {
        /// From where to where.
        movement: RefMove,
    },
    /// The candidates of a batch are there, and one of their trees may have been tested just now. While it is not known
    /// what becomes of the batch, the same is asked for again.
    Chained {
        /// The integration branch.
        base: Probe,
        /// The phases of the batch, in order.
        links: Vec<Link>,
        /// The newest result.
        verdict: Option<Verdict>,
    },
    /// The user's branch has commits that are not in the result.
    BaseMoved {
        /// Where it is now.
        commit: Oid,
        /// The reason and the one command that takes the result, if this goes on for too long.
        blocked: (String, String),
    },
    /// The user's branch can be moved.
    Deliverable {
        /// Its full name.
        branch: String,
        /// From where to where.
        movement: RefMove,
    },
    /// A pull request is open.
    Requested {
        /// Which one.
        request: PullRequest,
    },
    /// The run below stands still, because it has spent what it may.
    Parked,
    /// It can not.
    Undeliverable {
        /// Why.
        reason: String,
        /// The one command that takes the result.
        command: String,
    },
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A driver took the run, or simply asks what is next.
    Drive {
        /// The lease's epoch.
        epoch: Token,
        /// The driver's process.
        pid: u32,
    },
    /// Two attempts at work are seen to have changed the same files.
    Overlapping {
        /// The one.
        one: Of,
        /// The other.
        two: Of,
        /// What both have changed, sorted.
        paths: Vec<String>,
    },
    /// A state's needs were checked.
    Entered {
        /// The state.
        state: StateName,
        /// What was found, or why it can not be entered.
        result: Result<EntryFacts, Failure>,
    },
    /// An attempt's process runs.
    Started {
        /// The attempt.
        of: Of,
        /// Its supervising process.
        pid: u32,
        /// Its work tree.
        tree: String,
        /// The client's session, where it is known beforehand.
        session: Option<String>,
    },
    /// An attempt could not be started.
    NotStarted {
        /// The attempt.
        of: Of,
        /// Why.
        failure: Failure,
    },
    /// An agent did something.
    Observed {
        /// The attempt.
        of: Of,
        /// Transcript offset just after it.
        offset: u64,
        /// What one line of it told.
        observations: Vec<Observation>,
    },
    /// What was said is in the hands of the attempt's process.
    Told {
        /// The attempt.
        of: Of,
        /// How many of the step's messages it has now.
        upto: u32,
    },
    /// Somebody tells agents how to go on.
    Steer {
        /// The step; `None`: every agent that is at work, or the one that works next.
        step: Option<StepId>,
        /// In their words.
        text: String,
        /// Who.
        by: String,
    },
    /// An attempt's process tree is gone.
    Ended {
        /// The attempt.
        of: Of,
        /// How.
        ending: AttemptEnding,
        /// What keeps its tree.
        snapshot: Option<Oid>,
        /// The end of what it printed.
        tail: Vec<String>,
    },
    /// What an attempt left was checked.
    Verified {
        /// The attempt.
        of: Of,
        /// What it left, or why it does not count.
        result: Result<Left, Failure>,
    },
    /// A step without a process of its own was carried out.
    Performed {
        /// The attempt.
        of: Of,
        /// What became of it.
        result: Performed,
    },
    /// The integration branch is where it was to go.
    Moved {
        /// The attempt.
        of: Of,
    },
    /// The move of the user's branch was carried out, or is blocked.
    Delivered {
        /// The attempt.
        of: Of,
        /// The reason and the one command that takes the result, if it is blocked.
        blocked: Option<(String, String)>,
    },
    /// The user's branch was not moved, because it has moved by itself meanwhile.
    BaseMoved {
        /// The attempt.
        of: Of,
        /// Where it is now.
        commit: Oid,
        /// The reason and the one command that takes the result, if this goes on for too long.
        blocked: (String, String),
    },
    /// A move failed.
    MoveFailed {
        /// The attempt.
        of: Of,
        /// Why.
        failure: Failure,
    },
    /// A step's pause is over.
    Due {
        /// The step.
        step: StepId,
        /// The time that was waited for: a stale one does nothing.
        due: UtcMillis,
    },
    /// The first limit of use is over.
    LimitOver {
        /// The time that was waited for: a stale one does nothing.
        due: UtcMillis,
    },
    /// A gate is answered.
    Answer {
        /// The gate's step.
        step: StepId,
        /// The answer.
        answer: GateAnswer,
        /// Who.
        by: String,
        /// In their words.
        comment: String,
    },
    /// A request for leave is answered by a person.
    Permit {
        /// The step.
        step: StepId,
        /// The try.
        attempt: u32,
        /// The [request](crate::permission::PermissionRequest::id).
        request: String,
        /// The answer.
        answer: GateAnswer,
        /// Who.
        by: String,
        /// In their words.
        comment: String,
        /// The rule by which the like of it is answered from here on.
        always: Option<Rule>,
    },
    /// The clock came to where questions are closed.
    QuestionsDue,
    /// Somebody wants the plan to change.
    Replan {
        /// The phase that it is about.
        phase: PhaseNumber,
        /// How.
        kind: ReplanKind,
        /// Why.
        reason: String,
        /// Whether the limit does not count.
        forced: bool,
    },
    /// Somebody sets other limits of what may be spent.
    Budget {
        /// All of them.
        budgets: Box<Budgets>,
        /// Who.
        by: String,
    },
    /// The clock came to where the budget is to be looked at.
    BudgetDue,
    /// Somebody looked what the project's other runs have spent today.
    SpentElsewhere {
        /// How much.
        elsewhere: Elsewhere,
    },
    /// Try a step again at once.
    Retry {
        /// The step.
        step: StepId,
        /// Who.
        by: String,
    },
    /// Leave a step out.
    Skip {
        /// The step.
        step: StepId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Stand still.
    Pause {
        /// Who.
        by: String,
    },
    /// Go on.
    Resume {
        /// Who.
        by: String,
    },
    /// End.
    Cancel {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Everything is put away.
    Closed {
        /// Refs that keep unmerged work.
        kept: Vec<String>,
        /// Files that were left for the user.
        artifacts: Vec<Artifact>,
    },
}

/// What a run answers to an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was taken in.
    Accepted,
    /// It was said before.
    AlreadyDone,
    /// A newer holder is at work; whoever said this is not it.
    Fenced,
    /// Nothing waits for this.
    NotWaiting {
        /// What the run says instead, as one sentence.
        reason: String,
    },
}
