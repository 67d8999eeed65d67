//! What went wrong: closed classes that decide the handling, finer kinds for people, and the five parts of a message.

pub mod diagnose;
mod groups;
mod recognise;

pub use groups::{FailingGroup, FailingTests};
pub use recognise::{CLASS_MARK, RULES, Recognised, Rule, recognise};

use diagnose::diagnose;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Decides what is done about a failure. The one table is [`FailureClass::handling`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// May pass by itself: locked, busy, timed out, overloaded.
    Transient,
    /// A usage limit with a reset time. Not a failure of the work.
    Quota,
    /// The work itself is wrong: a test fails, a command exits non-zero, a merge conflicts.
    Permanent,
    /// The machine can not go on: disk full, permission denied, corruption.
    Fatal,
    /// Somebody asked for it.
    Cancelled,
    /// The agent broke its contract: no artifact, wrong place, claims without work.
    AgentMisbehaved,
}

/// What a class leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handling {
    /// Whether the same step is tried again, within its retry policy.
    pub retried: bool,
    /// Whether an agent that takes feedback may be asked to repair it.
    pub repairable: bool,
    /// What becomes of the step when it is not, or no more, tried again.
    pub then: &'static str,
}

impl FailureClass {
    /// All classes.
    pub const ALL: [Self; 6] =
        [Self::Transient, Self::Quota, Self::Permanent, Self::Fatal, Self::Cancelled, Self::AgentMisbehaved];

    /// The one table of handlings. The page on errors is made from it.
    #[must_use]
    pub fn handling(self) -> Handling {
        const FAILS: &str = "the step fails, and what depends on it is not begun";
        match self {
            Self::Transient => Handling { retried: true, repairable: false, then: FAILS },
            Self::Permanent => Handling {
                retried: false,
                repairable: true,
                then: "failing tests go to an agent that takes feedback, at most three rounds; else the step fails",
            },
            Self::Quota => Handling {
                retried: false,
                repairable: false,
                then: "the step waits for the end of the limit, or goes on with another agent; the try does not count",
            },
            Self::Fatal => Handling { retried: false, repairable: false, then: FAILS },
            Self::Cancelled => Handling { retried: false, repairable: false, then: "the step ends as it was asked to" },
            Self::AgentMisbehaved => Handling {
                retried: false,
                repairable: false,
                then: "an artifact that does not keep its contract goes back to its agent, at most twice; else the step fails",
            },
        }
    }

    /// What the class means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Transient => "may pass by itself: locked, busy, timed out, network, rate limit, overloaded",
            Self::Quota => "a usage limit, which ends at its reset",
            Self::Permanent => {
                "the work itself is wrong: a test fails, a command ends with an error, a merge conflicts"
            }
            Self::Fatal => "the machine can not go on: disk full, permission denied, corruption",
            Self::Cancelled => "somebody asked for it",
            Self::AgentMisbehaved => "the agent broke its contract: no artifact, wrong place, claims without work",
        }
    }

    /// The class's name, as it is written in journals and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Quota => "quota",
            Self::Permanent => "permanent",
            Self::Fatal => "fatal",
            Self::Cancelled => "cancelled",
            Self::AgentMisbehaved => "agent-misbehaved",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The finer kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The program ended with a non-zero exit code.
    ExitCode,
    /// A model's client said that it failed.
    ClientFailed,
    /// A model's client ended without saying how its work went.
    NoResult,
    /// The program was ended by a signal.
    Crash,
    /// The program could not be started.
    NotStarted,
    /// No output for longer than the idle limit.
    IdleTimeout,
    /// It took longer than the hard limit.
    HardTimeout,
    /// It wrote more than its output limit.
    OutputLimit,
    /// A file that it had to leave is not there.
    MissingFile,
    /// A file that it had to leave is empty.
    EmptyFile,
    /// A file that had to go is still there.
    FileStillThere,
    /// A file lies outside the project, or a link leads there.
    OutsideProject,
    /// An artifact lacks what the contract of its kind asks for.
    ContractUnmet,
    /// A file is no JSON, or does not keep the JSON Schema of its role.
    SchemaUnmet,
    /// A plan can not be read, or its phases can not be put into an order.
    PlanInvalid,
    /// A link of an artifact leads nowhere.
    BrokenLink,
    /// A commit that there should be is not there, or not where it should be.
    MissingCommit,
    /// It reported success and changed nothing.
    NoWork,
    /// It changed the plan, which only the orchestrator does.
    PlanEdited,
    /// It moved its branch away from the commit that it was given.
    HistoryRewritten,
    /// The phase gives the chosen agent nothing to do.
    NoInstructions,
    /// Tests fail.
    TestFailure,
    /// A verifier found that the work lacks what its phase asks for.
    RequirementUnmet,
    /// The phase's work does not merge with what is there.
    Conflict,
    /// A person (or a policy) said no.
    GateRejected,
    /// A state's needs are not met.
    UnmetNeeds,
    /// The attempt's supervisor was lost too many times.
    Lost,
    /// Git, the file system or the operating system failed.
    System,
}

impl FailureKind {
    /// Whether an artifact is there, and its text is what is wrong: its agent can mend that when it is told.
    #[must_use]
    pub fn is_of_text(self) -> bool {
        matches!(self, Self::ContractUnmet | Self::SchemaUnmet | Self::PlanInvalid | Self::BrokenLink)
    }

    /// The kind's name, as it is written in journals and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ExitCode => "exit-code",
            Self::ClientFailed => "client-failed",
            Self::NoResult => "no-result",
            Self::Crash => "crash",
            Self::NotStarted => "not-started",
            Self::IdleTimeout => "idle-timeout",
            Self::HardTimeout => "hard-timeout",
            Self::OutputLimit => "output-limit",
            Self::MissingFile => "missing-file",
            Self::EmptyFile => "empty-file",
            Self::FileStillThere => "file-still-there",
            Self::OutsideProject => "outside-project",
            Self::ContractUnmet => "contract-unmet",
            Self::SchemaUnmet => "schema-unmet",
            Self::PlanInvalid => "plan-invalid",
            Self::BrokenLink => "broken-link",
            Self::MissingCommit => "missing-commit",
            Self::NoWork => "no-work",
            Self::PlanEdited => "plan-edited",
            Self::HistoryRewritten => "history-rewritten",
            Self::NoInstructions => "no-instructions",
            Self::TestFailure => "test-failure",
            Self::RequirementUnmet => "requirement-unmet",
            Self::Conflict => "conflict",
            Self::GateRejected => "gate-rejected",
            Self::UnmetNeeds => "unmet-needs",
            Self::Lost => "lost",
            Self::System => "system",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failure with the five parts of its message: what failed (the step says where), what was expected, what was
/// found, the context, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Decides the handling.
    pub class: FailureClass,
    /// The finer kind.
    pub kind: FailureKind,
    /// What failed, as one sentence without a full stop.
    pub message: String,
    /// What was expected.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// What was found.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub found: String,
    /// Lines that help to understand it: the end of an output, the newest files of a folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// What to do next, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedy: Vec<String>,
}

/// How a run goes on after what stopped it is mended: it may have ended by it.
pub const GO_ON: &str = "go on with `coordinate resume`, or `coordinate rewind` where the run has ended";

impl Failure {
    /// A failure with its message; the other parts are added by the `with` methods.
    #[must_use]
    pub fn new(class: FailureClass, kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            class,
            kind,
            message: message.into(),
            expected: String::new(),
            found: String::new(),
            context: Vec::new(),
            remedy: Vec::new(),
        }
    }

    /// A failure of git, the file system or the operating system.
    #[must_use]
    pub fn system(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Fatal, FailureKind::System, message)
            .remedy(format!("mend what the message names, then {GO_ON}"))
    }

    /// Says what was expected and what was found.
    #[must_use]
    pub fn expected_found(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = expected.into();
        self.found = found.into();
        self
    }

    /// Adds to the message what an output tells of the error and where it first shows, and what to try.
    #[must_use]
    pub fn diagnosed(mut self, lines: &[String]) -> Self {
        let diagnosis = diagnose(lines);
        let words = diagnosis.words();
        if !words.is_empty() {
            self.message = format!("{}: {words}", self.message);
        }
        self.remedy.extend(diagnosis.suggestions());
        self
    }

    /// Adds lines of context.
    #[must_use]
    pub fn context(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.context.extend(lines);
        self
    }

    /// Adds a line of what to do next.
    #[must_use]
    pub fn remedy(mut self, line: impl Into<String>) -> Self {
        self.remedy.push(line.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.message, self.class, self.kind)
    }
}
