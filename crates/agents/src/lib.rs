//! Adapters: how each client is started, and what its output means.

mod client;
mod command;
mod host;
mod offline;
mod stream;
mod tokens;
pub mod worker;

pub use host::host_main;
pub use offline::offline_main;
pub use tokens::Cl100k;

use client::Client;
use coordinate_engine::port::{AgentProbe, Agents, Assignment, AttemptProgram, TranscriptLine};
use coordinate_model::event::{AgentChoice, Observation};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{RunId, StepId};
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
    Client(Client),
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
            other => Client::named(other).map(Adapter::Client).ok_or_else(|| unknown(other)),
        }
    }

    /// The choice of an agent by its name.
    #[must_use]
    pub fn choice(name: &str, argv: Vec<String>, model: Option<String>) -> AgentChoice {
        let real = Client::named(name).is_some();
        AgentChoice {
            name: name.to_owned(),
            argv,
            repairs: name != "offline",
            model,
            concludes: real,
            resumes: real,
            hears: false,
        }
    }

    /// Whether there is an agent of this name, found or not.
    #[must_use]
    pub fn is_known(name: &str) -> bool {
        Self::adapter(&Self::choice(name, Vec::new(), None)).is_ok()
    }

    /// The names of the real clients, in the order in which they are looked for where nothing else is wished.
    #[must_use]
    pub fn real() -> [&'static str; 4] {
        Client::ALL.map(Client::name)
    }

    /// The first of these clients whose program is there. Names of no client are passed over: [`Clients::real`] has all.
    #[must_use]
    pub fn first_found(names: &[String]) -> Option<&'static str> {
        let clients = names.iter().filter_map(|name| Client::named(name));
        clients.into_iter().find(|client| client::find(*client).is_some()).map(Client::name)
    }
}

impl Agents for Clients {
    fn probe(&self) -> Vec<AgentProbe> {
        let mut all = vec![
            AgentProbe {
                name: "offline".to_owned(),
                found: true,
                version: Some(self.version.clone()),
                login: None,
                can: Vec::new(),
                detail: "built in: runs `sh` blocks, surveys the repository, plans numbered steps".to_owned(),
            },
            AgentProbe {
                name: "command".to_owned(),
                found: true,
                version: None,
                login: None,
                can: Vec::new(),
                detail: "any program: `--agent command --agent-command 'PROGRAM ARGUMENTS'`".to_owned(),
            },
            AgentProbe {
                name: "host".to_owned(),
                found: true,
                version: Some(self.version.clone()),
                login: None,
                can: Vec::new(),
                detail: "workers of yours: they take steps with `coordinate next` and end them with `coordinate done`"
                    .to_owned(),
            },
        ];
        all.extend(client::probe_all());
        all
    }

    fn check(&self, agent: &AgentChoice) -> Result<(), Failure> {
        match Self::adapter(agent)? {
            Adapter::Offline | Adapter::Host => Ok(()),
            Adapter::Command => command::check(agent),
            Adapter::Client(client) => client.found().map(|_| ()),
        }
    }

    fn program(&self, assignment: &Assignment) -> Result<AttemptProgram, Failure> {
        match Self::adapter(&assignment.agent)? {
            Adapter::Offline => offline::program(&self.program, assignment, || self.probe()),
            Adapter::Command => command::program(assignment),
            Adapter::Host => host::program(&self.program, assignment),
            Adapter::Client(client) => client.program(assignment),
        }
    }

    fn session(&self, agent: &AgentChoice, run: &RunId, step: &StepId, attempt: u32) -> Option<String> {
        Client::named(&agent.name)?.chosen_session(run.as_str(), step.as_str(), attempt)
    }

    fn keeps_hard_limit(&self, agent: &AgentChoice) -> bool {
        match Self::adapter(agent) {
            Ok(Adapter::Host) => true,
            Ok(Adapter::Offline | Adapter::Command | Adapter::Client(_)) | Err(_) => false,
        }
    }

    fn read(&self, agent: &AgentChoice, line: &TranscriptLine) -> Vec<Observation> {
        match Self::adapter(agent) {
            Ok(Adapter::Offline) => offline::read(line),
            Ok(Adapter::Command | Adapter::Host) => command::read(line),
            Ok(Adapter::Client(client)) => stream::read(client, line),
            Err(_) => Vec::new(),
        }
    }

    fn shown(&self, agent: &AgentChoice, line: &TranscriptLine) -> Option<String> {
        match Self::adapter(agent) {
            Ok(Adapter::Offline) => offline::shown(line),
            Ok(Adapter::Client(client)) => stream::shown(client, line),
            Ok(Adapter::Command | Adapter::Host) | Err(_) => Some(line.text.clone()),
        }
    }
}

fn unknown(name: &str) -> Failure {
    let known = ["offline", "command", "host"].into_iter().chain(Clients::real()).collect::<Vec<_>>();
    let text = format!("there is no agent `{name}`");
    Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, text)
        .expected_found(format!("one of: {}", known.join(", ")), format!("`{name}`"))
        .remedy("choose one with `--agent`; `coordinate agents` lists them")
}

/// A file that a client is given could not be written.
fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::system(format!("failed to write `{}`: {error}", path.display()))
}
