//! Adapters: how each client is started, and what its output means.

mod command;
mod host;
mod offline;
mod tokens;
pub mod worker;

pub use host::host_main;
pub use offline::offline_main;
pub use tokens::Cl100k;

use coordinate_engine::port::{AgentProbe, Agents, Assignment, AttemptProgram, TranscriptLine};
use coordinate_model::event::{AgentChoice, Observation};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use std::path::PathBuf;

/// The clients that this program knows.
pub struct Clients {
    program: PathBuf,
    version: String,
}

/// The closed set of adapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Adapter {
    Offline,
    Command,
    Host,
}

impl Clients {
    /// The clients; `program` is the path of `coordinate` itself, which plays the offline agent and waits for
    /// workers.
    #[must_use]
    pub fn new(program: PathBuf, version: impl Into<String>) -> Self {
        Self { program, version: version.into() }
    }

    fn adapter(agent: &AgentChoice) -> Result<Adapter, Failure> {
        match agent.name.as_str() {
            "offline" => Ok(Adapter::Offline),
            "command" => Ok(Adapter::Command),
            "host" => Ok(Adapter::Host),
            other => Err(Failure::new(
                FailureClass::Permanent,
                FailureKind::UnmetNeeds,
                format!("there is no agent `{other}`"),
            )
            .expected_found("one of: offline, command, host", format!("`{other}`"))
            .remedy("choose one with `--agent`; `coordinate agents` lists them")),
        }
    }
}

impl Agents for Clients {
    fn probe(&self) -> Vec<AgentProbe> {
        vec![
            AgentProbe {
                name: "offline".to_owned(),
                found: true,
                version: Some(self.version.clone()),
                detail: "built in: runs `sh` blocks, surveys the repository, plans numbered steps".to_owned(),
            },
            AgentProbe {
                name: "command".to_owned(),
                found: true,
                version: None,
                detail: "any program: `--agent command --agent-command 'PROGRAM ARGUMENTS'`".to_owned(),
            },
            AgentProbe {
                name: "host".to_owned(),
                found: true,
                version: Some(self.version.clone()),
                detail: "workers of yours: they take steps with `coordinate next` and end them with `coordinate done`"
                    .to_owned(),
            },
        ]
    }

    fn check(&self, agent: &AgentChoice) -> Result<(), Failure> {
        match Self::adapter(agent)? {
            Adapter::Offline | Adapter::Host => Ok(()),
            Adapter::Command => command::check(agent),
        }
    }

    fn program(&self, assignment: &Assignment) -> Result<AttemptProgram, Failure> {
        match Self::adapter(&assignment.agent)? {
            Adapter::Offline => offline::program(&self.program, assignment, || self.probe()),
            Adapter::Command => command::program(assignment),
            Adapter::Host => host::program(&self.program, assignment),
        }
    }

    fn keeps_hard_limit(&self, agent: &AgentChoice) -> bool {
        match Self::adapter(agent) {
            Ok(Adapter::Host) => true,
            Ok(Adapter::Offline | Adapter::Command) | Err(_) => false,
        }
    }

    fn read(&self, agent: &AgentChoice, line: &TranscriptLine) -> Vec<Observation> {
        match Self::adapter(agent) {
            Ok(Adapter::Offline) => offline::read(line),
            Ok(Adapter::Command | Adapter::Host) => command::read(line),
            Err(_) => Vec::new(),
        }
    }

    fn shown(&self, agent: &AgentChoice, line: &TranscriptLine) -> Option<String> {
        match Self::adapter(agent) {
            Ok(Adapter::Offline) => offline::shown(line),
            Ok(Adapter::Command | Adapter::Host) | Err(_) => Some(line.text.clone()),
        }
    }
}

/// A file that a client is given could not be written.
fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::system(format!("failed to write `{}`: {error}", path.display()))
}
