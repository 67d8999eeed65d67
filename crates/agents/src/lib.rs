//! Adapters: how each client is started, and what its output means.

mod acp;
mod bridge;
mod client;
mod command;
mod host;
mod keeping;
mod offline;
mod recorded;
mod stream;
mod tokens;
pub mod worker;

pub use bridge::bridge_main;
pub use host::host_main;
pub use offline::offline_main;
pub use recorded::{Recorded, Recording, Restore};
pub use tokens::Cl100k;

use acp::AcpAgent;
use client::Client;
use coordinate_engine::port::{AgentProbe, Agents, Assignment, AttemptProgram, TranscriptLine};
use coordinate_model::event::{AgentChoice, Observation};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{RunId, StepId};
use coordinate_model::permission::Policy;
use std::path::PathBuf;
use stream::Dialect;

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
    Acp(AcpAgent),
}

impl Adapter {
    /// How its output is to be read, where it is a real client's.
    fn dialect(self) -> Option<Dialect> {
        match self {
            Self::Offline | Self::Command | Self::Host => None,
            Self::Client(client) => Some(Dialect::Own(client)),
            Self::Acp(_) => Some(Dialect::Acp),
        }
    }
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
            other => {
                let client = Client::named(other).map(Adapter::Client);
                let known = client.or_else(|| AcpAgent::named(other).map(Adapter::Acp));
                known.ok_or_else(|| unknown(other))
            }
        }
    }

    /// The choice of an agent by its name.
    #[must_use]
    pub fn choice(name: &str, argv: Vec<String>, model: Option<String>) -> AgentChoice {
        let hears = AcpAgent::named(name).is_some();
        let real = Client::named(name).is_some();
        AgentChoice {
            name: name.to_owned(),
            argv,
            repairs: name != "offline",
            model,
            concludes: hears || real,
            resumes: real || hears,
            sums_session: matches!(name, "claude" | "codex"),
            hears,
        }
    }

    /// Whether there is an agent of this name, found or not.
    #[must_use]
    pub fn is_known(name: &str) -> bool {
        Self::adapter(&Self::choice(name, Vec::new(), None)).is_ok()
    }

    /// Whether an agent can be kept to a policy.
    ///
    /// # Errors
    /// A failure that names agents that can.
    pub fn keeps(agent: &AgentChoice, policy: &Policy) -> Result<(), Failure> {
        keeping::keeps(agent, policy)
    }

    /// The same choice, which can be told something while it works where the client can.
    #[must_use]
    pub fn hearing(choice: AgentChoice) -> AgentChoice {
        let hears = choice.hears || Client::named(&choice.name).is_some_and(Client::can_hear);
        AgentChoice { hears, ..choice }
    }

    /// The names of all agents.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let own = ["offline", "command", "host"].into_iter();
        own.chain(Self::real()).chain(AcpAgent::ALL.map(AcpAgent::name)).collect()
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
        let clients = client::probe_all();
        let by_protocol: Vec<_> = AcpAgent::ALL.into_iter().map(|agent| agent.probe(&clients)).collect();
        all.extend(clients.into_iter().chain(by_protocol));
        all
    }

    fn check(&self, agent: &AgentChoice) -> Result<(), Failure> {
        match Self::adapter(agent)? {
            Adapter::Offline | Adapter::Host => Ok(()),
            Adapter::Command => command::check(agent),
            Adapter::Client(client) => client.found().map(|_| ()),
            Adapter::Acp(acp) => acp.check(agent),
        }
    }

    fn program(&self, assignment: &Assignment) -> Result<AttemptProgram, Failure> {
        // Another agent than the one that the run began with may have taken over.
        if !assignment.policy.lenient {
            keeping::keeps(&assignment.agent, &assignment.policy)?;
        }
        match Self::adapter(&assignment.agent)? {
            Adapter::Offline => offline::program(&self.program, assignment, || self.probe()),
            Adapter::Command => command::program(assignment),
            Adapter::Host => host::program(&self.program, assignment),
            Adapter::Client(client) => client.program(&self.program, assignment),
            Adapter::Acp(acp) => acp.program(&self.program, assignment),
        }
    }

    fn session(&self, agent: &AgentChoice, run: &RunId, step: &StepId, attempt: u32) -> Option<String> {
        Client::named(&agent.name)?.chosen_session(run.as_str(), step.as_str(), attempt)
    }

    fn keeps_hard_limit(&self, agent: &AgentChoice) -> bool {
        match Self::adapter(agent) {
            Ok(Adapter::Host) => true,
            Ok(Adapter::Offline | Adapter::Command | Adapter::Client(_) | Adapter::Acp(_)) | Err(_) => false,
        }
    }

    fn read(&self, agent: &AgentChoice, line: &TranscriptLine) -> Vec<Observation> {
        match Self::adapter(agent) {
            Ok(Adapter::Offline) => offline::read(line),
            Ok(Adapter::Command | Adapter::Host) => command::read(line),
            Ok(adapter @ (Adapter::Client(_) | Adapter::Acp(_))) => {
                adapter.dialect().map(|dialect| stream::read(dialect, line)).unwrap_or_default()
            }
            Err(_) => Vec::new(),
        }
    }

    fn shown(&self, agent: &AgentChoice, line: &TranscriptLine) -> Option<String> {
        match Self::adapter(agent) {
            Ok(Adapter::Offline) => offline::shown(line),
            Ok(adapter @ (Adapter::Client(_) | Adapter::Acp(_))) => {
                adapter.dialect().and_then(|dialect| stream::shown(dialect, line))
            }
            Ok(Adapter::Command | Adapter::Host) | Err(_) => Some(line.text.clone()),
        }
    }
}

fn unknown(name: &str) -> Failure {
    let known = Clients::names();
    let text = format!("there is no agent `{name}`");
    Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, text)
        .expected_found(format!("one of: {}", known.join(", ")), format!("`{name}`"))
        .remedy("choose one with `--agent`; `coordinate agents` lists them")
}

/// A file that a client is given could not be written.
fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::system(format!("failed to write `{}`: {error}", path.display()))
}
