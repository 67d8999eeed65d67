//! Agents: how a client is started, and what its output means.

use super::attempts::{AttemptProgram, Limits, TranscriptLine};
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::event::{AgentChoice, Observation};
use coordinate_model::failure::Failure;
use coordinate_model::ids::{RunId, StepId};
use coordinate_model::permission::Policy;
use coordinate_model::plan::CodeBlock;
use std::path::PathBuf;

/// What an agent is to do in one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The client.
    pub agent: AgentChoice,
    /// Its role.
    pub role: String,
    /// The client's session that it goes on with, in the tree as that left it; `None`: a new one.
    pub session: Option<String>,
    /// All that it is told.
    pub prompt: String,
    /// The fenced blocks of its phase, for the agent that runs them itself.
    pub blocks: Vec<CodeBlock>,
    /// The phase's number as text, or empty.
    pub phase: String,
    /// The run.
    pub run: String,
    /// The step.
    pub step: String,
    /// Which try of the step, from 1.
    pub attempt: u32,
    /// Where it works.
    pub tree: PathBuf,
    /// The attempt's folder, for files that the client is given.
    pub folder: PathBuf,
    /// When the attempt is ended unasked.
    pub limits: Limits,
    /// What it may do, with the rules of its role.
    pub policy: Policy,
    /// The artifact that it is to leave; `None` when its work is the tree itself.
    pub artifact: Option<ArtifactOrder>,
}

/// An artifact that an attempt is to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactOrder {
    /// Its kind.
    pub kind: ArtifactKind,
    /// Where it is to be written: absolute, below the tree.
    pub path: PathBuf,
    /// Whether the file is there already and is to be changed in place.
    pub revise: bool,
    /// The request, in the user's words.
    pub request: String,
    /// What it is about: a topic's name, or the request's.
    pub subject: String,
    /// The day, as `YYYY-MM-DD`.
    pub date: String,
    /// Artifacts of earlier steps that it builds on: absolute, below the tree.
    pub inputs: Vec<PathBuf>,
    /// The shell command that tests the tree, if there is one.
    pub test_command: Option<String>,
}

/// What is known of a client on this machine, found without spending anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentProbe {
    /// Its name.
    pub name: String,
    /// Whether it can be started.
    pub found: bool,
    /// Its version, if it told.
    pub version: Option<String>,
    /// Whether there is something to log in with; `None` where no log-in is needed, or nothing was found to ask.
    pub login: Option<bool>,
    /// What it can do beyond working, in a word each.
    pub can: Vec<String>,
    /// What the user should know: where it was found, or how to get it.
    pub detail: String,
}

/// The clients.
pub trait Agents: Send + Sync {
    /// What is known of all clients.
    fn probe(&self) -> Vec<AgentProbe>;

    /// Whether this choice can be started here.
    fn check(&self, agent: &AgentChoice) -> Result<(), Failure>;

    /// The program that carries out an assignment; writes the files that it needs into the attempt's folder.
    /// A phase that gives the agent nothing to do is a failure here: it never pretends.
    fn program(&self, assignment: &Assignment) -> Result<AttemptProgram, Failure>;

    /// The session of an attempt that starts anew, where the client takes one that it is given: so it is known before
    /// anything is launched, and after a crash at any moment. Always the same for the same attempt.
    fn session(&self, agent: &AgentChoice, run: &RunId, step: &StepId, attempt: u32) -> Option<String>;

    /// Whether the client's process keeps the hard limit itself, from the moment when its work begins: before that it
    /// waits for somebody, and nobody knows for how long.
    fn keeps_hard_limit(&self, agent: &AgentChoice) -> bool;

    /// What a line of output means; several things, or nothing.
    fn read(&self, agent: &AgentChoice, line: &TranscriptLine) -> Vec<Observation>;

    /// A line of output as a person reads it; `None` for one that was meant for this program only.
    fn shown(&self, agent: &AgentChoice, line: &TranscriptLine) -> Option<String>;
}
