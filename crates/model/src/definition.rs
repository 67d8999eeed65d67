//! Workflow definitions: states, transitions, step templates and policy as data, without an expression language.
//!
//! A definition is stored whole in the run's first event; editing a file never changes a run under way.

mod blind;
mod builtin;
mod carried;
mod check;
mod layers;
mod problem;

pub use blind::BLIND_VERIFIER;
pub use builtin::{builtin, builtin_names, builtin_text};
pub use carried::{Carry, Handed};
pub use layers::{Library, Source};
pub use problem::Problem;

use crate::artifact::ArtifactKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The newest format of definition files that this program reads.
pub const FORMAT: u32 = 1;

/// What a request asks for. It names the last working state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Reports.
    ResearchOnly,
    /// Reports and a plan.
    ResearchAndPlan,
    /// A revision of an existing plan.
    ResearchAndRevise,
    /// Merged, tested work.
    FullImplementation,
    /// A root-cause report.
    DebugOnly,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 5] =
        [Self::ResearchOnly, Self::ResearchAndPlan, Self::ResearchAndRevise, Self::FullImplementation, Self::DebugOnly];

    /// The scope's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ResearchOnly => "research-only",
            Self::ResearchAndPlan => "research-and-plan",
            Self::ResearchAndRevise => "research-and-revise",
            Self::FullImplementation => "full-implementation",
            Self::DebugOnly => "debug-only",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of a state of a definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StateName(pub String);

impl StateName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The closed set of step kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// An agent works in a tree of its own.
    Agent,
    /// A program, or an action of the orchestrator itself.
    Command,
    /// The orchestrator checks something.
    Check,
    /// A question to a person.
    Gate,
    /// Work is integrated.
    Merge,
    /// A run of its own.
    SubRun,
}

impl StepKind {
    /// The kind's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Command => "command",
            Self::Check => "check",
            Self::Gate => "gate",
            Self::Merge => "merge",
            Self::SubRun => "sub-run",
        }
    }
}

/// What a template is expanded over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForEach {
    /// One step per phase of the plan.
    Phases,
    /// One step per topic of research.
    Topics,
    /// The steps of a change of the plan; they exist once one is called for.
    Replans,
    /// One step per group of failing tests.
    FailingTests,
    /// One run of its own per track: the topics of research that are led together, where there are too many for one
    /// reader.
    Tracks,
}

/// The artifact that an agent's step leaves. It is checked by its contract and brought to the checkout; the rest of the
/// step's tree is not merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    /// A report on the step's topic.
    Report,
    /// What the reports say together.
    Overview,
    /// A new plan, which the run then works by.
    Plan,
    /// The plan that the request names, changed in place.
    Revision,
    /// A report on the cause of a failure.
    Debug,
    /// The plan that the run works by, changed in place while it works.
    Replan,
    /// A file by the role's own words: JSON where the role has a schema, else a text.
    Output,
    /// A judgement of the phase's work: JSON by the role's schema, whose `passed` decides whether the phase is merged.
    Verdict,
}

impl Writes {
    /// The kind of the artifact.
    #[must_use]
    pub fn kind(self) -> ArtifactKind {
        match self {
            Self::Report => ArtifactKind::Report,
            Self::Overview => ArtifactKind::Overview,
            Self::Plan | Self::Revision | Self::Replan => ArtifactKind::Plan,
            Self::Debug => ArtifactKind::Debug,
            Self::Output | Self::Verdict => ArtifactKind::Output,
        }
    }

    /// The beginning of the completion line that the step's agent ends with.
    #[must_use]
    pub fn completion(self) -> &'static str {
        match self {
            Self::Revision | Self::Replan => "REVISION_COMPLETED",
            Self::Report | Self::Overview | Self::Plan | Self::Debug | Self::Output | Self::Verdict => {
                self.kind().completion()
            }
        }
    }
}

/// When a template counts: all that is said must hold. Decided when its state is entered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The run has one of these scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<Scope>,
    /// What fails is to be mended (implementing always does, debugging where a fix is asked for), or is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<bool>,
    /// The topics are researched by runs of their own, or are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervised: Option<bool>,
    /// The run researches at least so many topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics_min: Option<u32>,
    /// The run researches at most so many topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics_max: Option<u32>,
}

/// What the orchestrator itself does in a `command` or `merge` step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Writes the run's summary.
    Summary,
    /// Moves the user's branch to the run's result.
    Deliver,
    /// Pushes the run's result as a branch and opens a pull request for it, where that can be done.
    PullRequest,
    /// Brings a changed plan into force.
    Replan,
    /// Puts a line that leads to the run's summary into the metadata of the plan and of the reports.
    Link,
}

/// What must be there before a state is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// A git repository with a commit.
    Repository,
    /// The chosen agent can be started.
    Agent,
    /// A plan with phases.
    Plan,
}

/// One template of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepTemplate {
    /// Last part of the step's id.
    pub id: String,
    /// Its kind.
    pub kind: StepKind,
    /// The role of an `agent` step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What it is expanded over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<ForEach>,
    /// Steps of the same state (and the same phase) that must have succeeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// What the orchestrator itself does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Program and arguments of a `command` step; never passed through a shell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run: Vec<String>,
    /// The artifact that an `agent` step leaves; without it its work is the tree itself, which a `merge` step takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<Writes>,
    /// How much its agent is handed of the artifacts that it builds on; usually by what the step writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Handed>,
    /// When the template counts; always, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The question of a `gate` step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// How long the question of a `gate` step waits; then the answer is no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<u32>,
    /// How often a transient failure is tried.
    #[serde(default)]
    pub retry: Retry,
}

/// How often, and with what pauses, a transient failure is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Tries in all.
    pub tries: u32,
    /// The upper end of the first pause, in milliseconds; doubled with each try.
    pub base_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { tries: 3, base_ms: 500 }
    }
}

/// One state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateDefinition {
    /// Where a transition may lead.
    pub to: Vec<StateName>,
    /// Where it leads when all went well and the scope does not end here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success: Option<StateName>,
    /// Where it leads when a step failed and an agent can repair; without it a failure ends the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<StateName>,
    /// Checked on entry only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// What is carried into it of what earlier states left; usually by what its steps do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry: Option<Carry>,
    /// The steps.
    #[serde(default, rename = "step", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepTemplate>,
}

/// Where a scope begins and ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopePath {
    /// The first working state.
    pub first: StateName,
    /// The first working state when the request names a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_with_plan: Option<StateName>,
    /// The last working state; then comes the transition to the complete state.
    pub last: StateName,
}

/// Limits and habits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Steps of agents and commands that may run at once.
    pub max_parallel: u32,
    /// Rounds of debugging, in the run and in each phase.
    pub debug_rounds: u32,
    /// Whether the first failure stops everything that has not begun.
    pub fail_fast: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { max_parallel: 3, debug_rounds: 3, fail_fast: false }
    }
}

/// A workflow definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Version of the file format.
    pub format: u32,
    /// Its name.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The first state.
    pub initial: StateName,
    /// The terminal state.
    pub complete: StateName,
    /// Limits and habits.
    #[serde(default)]
    pub policy: Policy,
    /// Where each scope begins and ends.
    pub scope: BTreeMap<Scope, ScopePath>,
    /// The states.
    pub state: BTreeMap<StateName, StateDefinition>,
}

/// Why a definition can not be used: every problem, each naming the state or step and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("workflow definition `{name}` is not valid:\n{}", lines(problems))]
pub struct InvalidDefinition {
    /// The definition's name, or where it came from.
    pub name: String,
    /// All problems.
    pub problems: Vec<Problem>,
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A transition that the definition does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot go from `{from}` to `{to}`; valid from `{from}`: {}", list(valid))]
pub struct InvalidTransition {
    /// Where the run is.
    pub from: StateName,
    /// Where it was to go.
    pub to: StateName,
    /// Where it may go.
    pub valid: Vec<StateName>,
}

fn list(states: &[StateName]) -> String {
    if states.is_empty() {
        return "none, it is the end".to_owned();
    }
    states.iter().map(|state| format!("`{state}`")).collect::<Vec<_>>().join(", ")
}

impl Definition {
    /// The state of this name.
    #[must_use]
    pub fn state(&self, name: &StateName) -> Option<&StateDefinition> {
        self.state.get(name)
    }

    /// Whether a transition exists.
    ///
    /// # Errors
    /// [`InvalidTransition`] with the valid ones.
    pub fn transition(&self, from: &StateName, to: &StateName) -> Result<(), InvalidTransition> {
        let valid = self.state(from).map(|state| state.to.clone()).unwrap_or_default();
        if valid.contains(to) {
            return Ok(());
        }
        Err(InvalidTransition { from: from.clone(), to: to.clone(), valid })
    }

    /// The first working state of a scope.
    #[must_use]
    pub fn first_state(&self, scope: Scope, has_plan: bool) -> Option<&StateName> {
        let path = self.scope.get(&scope)?;
        let with_plan = path.first_with_plan.as_ref().filter(|_| has_plan);
        Some(with_plan.unwrap_or(&path.first))
    }

    /// Where a run of this scope goes from a state in which all went well.
    #[must_use]
    pub fn next_state(&self, scope: Scope, has_plan: bool, from: &StateName) -> Option<&StateName> {
        if *from == self.initial {
            return self.first_state(scope, has_plan);
        }
        if self.scope.get(&scope).is_some_and(|path| path.last == *from) {
            return Some(&self.complete);
        }
        self.state(from)?.on_success.as_ref()
    }

    /// The role that debugs: that of the first agent that changes something in a state to which failures lead.
    #[must_use]
    pub fn debugger(&self) -> Option<&str> {
        let states = self.state.values().filter_map(|state| self.state(state.on_failure.as_ref()?));
        let mut agents =
            states.flat_map(|state| &state.steps).filter(|step| step.kind == StepKind::Agent && step.writes.is_none());
        agents.find_map(|step| step.role.as_deref())
    }

    /// The role that changes plans.
    #[must_use]
    pub fn replanner(&self) -> Option<&str> {
        let mut steps = self.state.values().flat_map(|state| &state.steps);
        steps.find(|step| step.writes == Some(Writes::Replan)).and_then(|step| step.role.as_deref())
    }

    /// The roles that its steps name, each once.
    #[must_use]
    pub fn roles(&self) -> std::collections::BTreeSet<&str> {
        self.state.values().flat_map(|state| &state.steps).filter_map(|step| step.role.as_deref()).collect()
    }
}
