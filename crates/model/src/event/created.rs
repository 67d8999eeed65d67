//! The first event of a run: all that it needs to know from then on, so that no later configuration changes it.

use crate::budget::Budgets;
use crate::definition::{Definition, Scope, StepTemplate, When};
use crate::forecast::{self, Learned};
use crate::ids::{Oid, PhaseNumber, RunId, StepId, Token};
use crate::merge::Merging;
use crate::permission::Policy;
use crate::plan::Plan;
use crate::quota::Quota;
use crate::replan::Replanning;
use crate::role::{self, Role};
use crate::standards::Standards;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

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
    /// What is done about phases that change the same files; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<forecast::Settings>,
    /// What verdicts are kept for; `None`: for the run alone, whatever they ran in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<Box<Verdicts>>,
    /// Longest time of a test or check command, in milliseconds.
    pub test_limit_ms: u64,
    /// Limits of attempts.
    pub limits: AttemptLimits,
    /// How much it may spend; `None`: as much as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Box<Budgets>>,
    /// How work is merged, and where the result goes.
    #[serde(default, skip_serializing_if = "Merging::is_default")]
    pub merge: Merging,
    /// Shell commands that prepare a fresh tree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tree_setup: Vec<String>,
    /// Untracked paths of the checkout that each tree gets as links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tree_links: Vec<String>,
    /// How often the tree of an attempt at work is kept on its ref, in milliseconds; 0: not by the clock.
    #[serde(default = "a_minute", skip_serializing_if = "is_a_minute")]
    pub snapshot_ms: u64,
}

/// How often a tree is kept where nobody said so: what is redone after a loss is not worth less than its cost.
pub const SNAPSHOT_MS: u64 = 60_000;

fn a_minute() -> u64 {
    SNAPSHOT_MS
}

fn is_a_minute(millis: &u64) -> bool {
    *millis == SNAPSHOT_MS
}

/// What is done about the results of commands on trees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    /// Whether one that passed counts for other runs of the project with the same tree, command and environment.
    pub shared: bool,
    /// The variables that are a part of the environment.
    pub variables: Vec<String>,
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

/// The past that a run has from another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkedFrom {
    /// The other run.
    pub run: RunId,
    /// The last of its events that are this run's past too.
    pub at: u64,
    /// The first token of this run's own attempts. The sessions of those before are the other run's: it may have gone on
    /// with them, and what they know by now is not this run's past.
    pub tokens: Token,
    /// The other run's first commit, where it made one only after the fork: the run's own files as they were then. In the
    /// checkout they may have been changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Oid>,
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
    /// Where its past comes from, for a fork.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked: Option<ForkedFrom>,
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
    /// What the history showed of the plan's phases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learned: Vec<Learned>,
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

    /// Whether the attempt with this token is the run's own, and not of the past that it has from another run.
    #[must_use]
    pub fn is_own(&self, token: Token) -> bool {
        self.forked.as_ref().is_none_or(|forked| forked.tokens <= token)
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
