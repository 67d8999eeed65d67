//! What was written: the events of a run's journal. What follows from them is in [`crate::run`].
//!
//! An event's meaning never changes once a release has written it. A new meaning is a new event; an old payload is
//! brought to the newest form in [`Event::decode`].

mod observation;

pub use observation::Observation;

use crate::artifact::Metadata;
use crate::budget::{Budgets, Elsewhere, LimitName, Limits};
use crate::client::UsageLimit;
use crate::definition::{Definition, Scope, StateName, StepTemplate, When};
use crate::failure::{FailingGroup, Failure};
use crate::ids::{Oid, PhaseNumber, RunId, StepId, Token};
use crate::permission::{Policy, Rule, Verdict as Leave};
use crate::plan::Plan;
use crate::quota::Quota;
use crate::replan::{Evaluation, Proposal, ReplanKind, Replanning, Trigger};
use crate::role::{self, Role};
use crate::said::Said;
use crate::standards::Standards;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Version of the event format that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 4;

/// The agent that a run works with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AgentChoice {
    /// The name of the client.
    pub name: String,
    /// Program and arguments of a `command` agent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// Whether it can use feedback: then failing tests go to it for repair.
    pub repairs: bool,
    /// The model that it works with; `None`: the client's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether it says at its end how its work went: an end without that is no success.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub concludes: bool,
    /// Whether it can go on with a session of an earlier attempt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumes: bool,
    /// Whether the totals of its use count from the start of a session that it goes on with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sums_session: bool,
    /// Whether it can be told something while it works.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hears: bool,
}

/// Time limits of attempts, in milliseconds, and of their output, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptLimits {
    /// Longest silence.
    pub idle_ms: u64,
    /// Longest time in all; `None` is no limit.
    pub hard_ms: Option<u64>,
    /// Most output.
    pub output_bytes: u64,
    /// From TERM to KILL.
    pub grace_ms: u64,
    /// Longest silence after a client's last word: some hang then.
    #[serde(default = "conclude_ms", skip_serializing_if = "is_conclude_ms")]
    pub conclude_ms: u64,
    /// Longest time in which a client says something and does nothing.
    #[serde(default = "stall_ms", skip_serializing_if = "is_stall_ms")]
    pub stall_ms: u64,
}

/// What runs of format 3 and before, which had no such limit, are given too.
fn conclude_ms() -> u64 {
    10_000
}

fn is_conclude_ms(value: &u64) -> bool {
    *value == conclude_ms()
}

/// As long as a test may take by default: a client that waits for one says nothing else.
fn stall_ms() -> u64 {
    1_800_000
}

fn is_stall_ms(value: &u64) -> bool {
    *value == stall_ms()
}

impl Default for AttemptLimits {
    fn default() -> Self {
        Self {
            idle_ms: 600_000,
            hard_ms: None,
            output_bytes: 256 * 1024 * 1024,
            grace_ms: 5_000,
            conclude_ms: conclude_ms(),
            stall_ms: stall_ms(),
        }
    }
}

/// What the person chose for this run. Stored, so that a resumed run does not depend on today's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Agents and commands at once.
    pub max_parallel: u32,
    /// Of these, the most that research topics at once; `None`: as many as there is room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_research: Option<u32>,
    /// Whether failing tests lead to debugging by themselves, where the workflow says so.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub auto_create_debug: bool,
    /// When the plan is changed on the way; `None`: never by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replan: Option<Replanning>,
    /// What agents may do, and what people are asked; `None`: what every agent may do unasked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Box<Policy>>,
    /// How long a gate waits where its step does not say, in milliseconds; `None`: until it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_ms: Option<u64>,
    /// The agent.
    pub agent: AgentChoice,
    /// What is done about limits of use.
    #[serde(default, skip_serializing_if = "Quota::is_default")]
    pub quota: Quota,
    /// Whether what was interrupted is taken up in its client's session, and whether it outlives its driver.
    #[serde(default, skip_serializing_if = "Interrupted::is_default")]
    pub interrupted: Interrupted,
    /// Agents of single roles, in its place.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub role_agents: BTreeMap<String, AgentChoice>,
    /// The shell command that tests a tree; `None`: detected in each tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_command: Option<String>,
    /// The shell command that checks a phase's own tree before it is merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_command: Option<String>,
    /// Longest time of a test or check command, in milliseconds.
    pub test_limit_ms: u64,
    /// Limits of attempts.
    pub limits: AttemptLimits,
    /// How much it may spend; `None`: as much as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Box<Budgets>>,
    /// Shell commands that prepare a fresh tree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tree_setup: Vec<String>,
    /// Untracked paths of the checkout that each tree gets as links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tree_links: Vec<String>,
}

/// What becomes of an attempt that is interrupted: by a kill, a pause, a limit of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// Whether it is taken up in its client's session and its own tree, where the client can.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub resumed: bool,
    /// Whether it ends with the driver that began it, and is not left at work for the next one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_with_driver: bool,
}

impl Default for Interrupted {
    fn default() -> Self {
        Self { resumed: true, ends_with_driver: false }
    }
}

impl Interrupted {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn yes() -> bool {
    true
}

fn is_yes(yes: &bool) -> bool {
    *yes
}

/// Where things lie. Absolute paths are this machine's; paths in the repository are relative to its top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paths {
    /// The project's root in the file system.
    pub project: String,
    /// The folder of this run's work trees.
    pub trees: String,
    /// The topic folder, relative to the project.
    pub topic: String,
    /// The topic's number.
    pub topic_number: u32,
    /// The plan, there already or to be written, relative to the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The debug report to be written, relative to the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debug: Option<String>,
    /// The overview of the reports to be written, relative to the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overview: Option<String>,
    /// The summary to be written, relative to the project.
    pub summary: String,
    /// Files of the checkout that the request names, relative to the project. They may not be committed, so agents get
    /// them in their trees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<String>,
}

/// One topic of research.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResearchTopic {
    /// What it is about, in the request's words.
    pub name: String,
    /// The same as a part of a file's name.
    pub slug: String,
    /// What of it matters, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<String>,
    /// The report to be written, relative to the project.
    pub report: String,
}

/// A step whose work is a run of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its run.
    pub run: RunId,
    /// The step.
    pub step: StepId,
}

/// The first event of every run: all that it needs to know from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The run.
    pub run: RunId,
    /// The request, in the user's words.
    pub request: String,
    /// What it asks for.
    pub scope: Scope,
    /// Why it asks for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Whether debugging is to end with a fix, and not only with the cause.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fix: bool,
    /// The topics of research.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<ResearchTopic>,
    /// Which topics are led together by a run of their own, by their positions; none: each is researched by a step of
    /// this run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<Vec<u32>>,
    /// The step of another run that this run is the work of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Hex SHA-256 of the plan that is to be revised, as it was at the start: an edited one is not overwritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revises: Option<String>,
    /// The workflow, whole.
    pub definition: Definition,
    /// The roles that it names, as they were at the start: an edited file never changes a run under way.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Role>,
    /// The project's standards, as they were at the start.
    #[serde(default, skip_serializing_if = "Standards::is_empty")]
    pub standards: Standards,
    /// The plan as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// The plan's hash without its check marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_hash: Option<String>,
    /// Phases that are done already and trusted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<PhaseNumber>,
    /// Where things lie.
    pub paths: Paths,
    /// What the person chose.
    pub options: Options,
    /// The user's branch (full name) and commit at the start.
    pub base: Base,
    /// The program's version.
    pub program: String,
}

impl Created {
    /// Whether a step's template counts in this run.
    #[must_use]
    pub fn applies(&self, template: &StepTemplate) -> bool {
        let Some(When { scope, fix, supervised, topics_min, topics_max }) = &template.when else { return true };
        let topics = u32::try_from(self.topics.len()).unwrap_or(u32::MAX);
        (scope.is_empty() || scope.contains(&self.scope))
            && fix.is_none_or(|fix| fix == self.mends())
            && supervised.is_none_or(|supervised| supervised != self.tracks.is_empty())
            && topics_min.is_none_or(|least| least <= topics)
            && topics_max.is_none_or(|most| topics <= most)
    }

    /// The role of this name: as the run keeps it, else as it ships with the program, else nothing but its name.
    #[must_use]
    pub fn role(&self, name: &str) -> Cow<'_, Role> {
        match self.roles.get(name) {
            Some(role) => Cow::Borrowed(role),
            None => {
                Cow::Owned(role::builtin(name).unwrap_or_else(|| Role { name: name.to_owned(), ..Role::default() }))
            }
        }
    }

    /// The agent that plays a role: its own, else that of the run.
    #[must_use]
    pub fn agent_of(&self, role: &str) -> &AgentChoice {
        self.options.role_agents.get(role).unwrap_or(&self.options.agent)
    }

    /// The limits of a role's attempts: its own, else those of the run. A run that keeps no roles has only the latter.
    #[must_use]
    pub fn limits_of(&self, role: &str) -> AttemptLimits {
        let (own, common) = (self.roles.get(role), self.options.limits);
        let millis = |minutes: u32| u64::from(minutes) * 60_000;
        AttemptLimits {
            idle_ms: own.and_then(|role| role.idle_minutes).map_or(common.idle_ms, millis),
            hard_ms: own.and_then(|role| role.hard_minutes).map(millis).or(common.hard_ms),
            ..common
        }
    }

    /// Whether what fails is to be mended, and not only explained.
    fn mends(&self) -> bool {
        self.fix || self.scope == Scope::FullImplementation
    }
}

/// The user's branch at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The branch's full name; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// The commit; `None` outside git.
    pub commit: Option<Oid>,
}

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
