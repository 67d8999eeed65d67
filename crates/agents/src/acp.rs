//! Agents that speak the Agent Client Protocol: any command line that does, and those that are known by name.

use crate::bridge::{self, Order, Protocol};
use crate::client::{CLAUDE_TOOLS, Client, Place, find_program};
use crate::command;
use crate::keeping;
use coordinate_engine::port::{AgentProbe, Assignment, AttemptProgram};
use coordinate_model::event::AgentChoice;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::permission::Policy;
use serde_json::json;
use std::path::Path;

/// The closed set of such agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AcpAgent {
    /// The command line that the user gives.
    Any,
    /// Claude Code, by the program that lends it the protocol.
    Claude,
    /// Codex, likewise.
    Codex,
    /// Gemini CLI itself.
    Gemini,
    /// opencode itself.
    Opencode,
}

impl AcpAgent {
    /// All, in the order in which they are listed.
    pub(crate) const ALL: [Self; 5] = [Self::Any, Self::Claude, Self::Codex, Self::Gemini, Self::Opencode];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "acp",
            Self::Claude => "claude-acp",
            Self::Codex => "codex-acp",
            Self::Gemini => "gemini-acp",
            Self::Opencode => "opencode-acp",
        }
    }

    /// The agent of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|agent| agent.name() == name)
    }

    /// The client that does the work: its log-in is the agent's.
    pub(crate) fn client(self) -> Option<Client> {
        match self {
            Self::Any => None,
            Self::Claude => Some(Client::Claude),
            Self::Codex => Some(Client::Codex),
            Self::Gemini => Some(Client::Gemini),
            Self::Opencode => Some(Client::Opencode),
        }
    }

    /// Where it is found, and with what it was tested.
    fn place(self) -> Option<Place> {
        match self {
            Self::Any => None,
            Self::Claude => Some(Place {
                program: "claude-agent-acp",
                tested: "0.100.0",
                install: "npm install -g @agentclientprotocol/claude-agent-acp",
            }),
            Self::Codex => Some(Place {
                program: "codex-acp",
                tested: "2.6.0",
                install: "npm install -g @agentclientprotocol/codex-acp",
            }),
            Self::Gemini => Some(Client::Gemini.place()),
            Self::Opencode => Some(Client::Opencode.place()),
        }
    }

    /// What makes its program speak the protocol. Gemini CLI takes its model here: without one it would ask a model which
    /// model to take.
    fn arguments(self, model: Option<&str>) -> Vec<String> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        match (self, model) {
            (Self::Any | Self::Claude | Self::Codex, _) => Vec::new(),
            (Self::Gemini, Some(model)) => texts(&["--acp", "-m", model]),
            (Self::Gemini, None) => texts(&["--acp"]),
            (Self::Opencode, _) => texts(&["acp"]),
        }
    }

    /// What is its own in an order: the mode in which it asks as little as the single-shot client does, so that work goes on
    /// while nobody drives; but where rules forbid something, the mode in which it asks for all that it changes.
    fn adapt(self, order: &mut Order, policy: &Policy) {
        let asks = keeping::binds(policy);
        order.bound = asks;
        let mode = |mode: &str| Some(mode.to_owned());
        match self {
            Self::Any | Self::Opencode => {}
            Self::Claude if asks => {
                order.mode = mode("default");
                // What only reads is not asked for, also in this mode.
                let tools = keeping::claude_denied(policy);
                order.meta = Some(json!({"claudeCode": {"options": {"disallowedTools": tools}}}));
            }
            Self::Claude => {
                order.mode = mode("acceptEdits");
                let tools: Vec<&str> = CLAUDE_TOOLS.split(',').collect();
                order.meta = Some(json!({"claudeCode": {"options": {"allowedTools": tools}}}));
            }
            Self::Codex => order.mode = mode(if asks { "read-only" } else { "workspace-write" }),
            Self::Gemini => {
                order.mode = mode(if asks { "default" } else { "yolo" });
                order.model = None;
            }
        }
    }

    /// opencode allows everything by itself, and asks only where it is told to.
    fn asking(self, policy: &Policy) -> Option<(String, String)> {
        let asks = r#"{"edit":"ask","bash":"ask","webfetch":"ask","external_directory":"ask"}"#;
        let told = self == Self::Opencode && keeping::binds(policy);
        told.then(|| ("OPENCODE_PERMISSION".to_owned(), asks.to_owned()))
    }

    fn argv(self, agent: &AgentChoice) -> Result<Vec<String>, Failure> {
        let Some(place) = self.place() else {
            return check_command(agent).map(|()| agent.argv.clone());
        };
        let program = find_program(place.program).ok_or_else(|| missing(self.name(), place))?;
        let arguments = self.arguments(agent.model.as_deref());
        Ok(std::iter::once(program.to_string_lossy().into_owned()).chain(arguments).collect())
    }

    /// Whether it can be started here.
    pub(crate) fn check(self, agent: &AgentChoice) -> Result<(), Failure> {
        self.argv(agent).map(drop)
    }

    /// The program for an assignment; `program` is `coordinate` itself.
    pub(crate) fn program(self, program: &Path, assignment: &Assignment) -> Result<AttemptProgram, Failure> {
        let argv = self.argv(&assignment.agent)?;
        let mut attempt = bridge::program(program, assignment, (Protocol::Acp, argv), |order| {
            self.adapt(order, &assignment.policy);
        })?;
        let own = self.client().map(Client::variables).unwrap_or_default();
        attempt.env.extend(own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        attempt.env.extend(self.asking(&assignment.policy));
        Ok(attempt)
    }

    /// What is known of it on this machine; `clients` is what is known of the clients.
    pub(crate) fn probe(self, clients: &[AgentProbe]) -> AgentProbe {
        let can = || ["tools", "tokens", "steering", "asks leave", "resume"].map(str::to_owned).to_vec();
        match self {
            Self::Any => AgentProbe {
                name: self.name().to_owned(),
                found: true,
                version: None,
                login: None,
                can: can(),
                detail: "any program that speaks the Agent Client Protocol: `--agent acp --agent-command 'PROGRAM \
                         ARGUMENTS'`"
                    .to_owned(),
            },
            Self::Claude | Self::Codex => {
                let probe =
                    self.place().zip(self.client()).map(|(place, client)| crate::client::probe_place(place, client));
                let probe = probe.unwrap_or_else(|| unknown(self.name()));
                AgentProbe { name: self.name().to_owned(), can: can(), ..probe }
            }
            // The same program: it need not be asked twice.
            Self::Gemini | Self::Opencode => {
                let name = self.client().map(Client::name);
                let known = clients.iter().find(|probe| Some(probe.name.as_str()) == name).cloned();
                let probe = known.unwrap_or_else(|| unknown(self.name()));
                AgentProbe { name: self.name().to_owned(), can: can(), ..probe }
            }
        }
    }
}

fn unknown(name: &str) -> AgentProbe {
    let (name, can, detail) = (name.to_owned(), Vec::new(), "it could not be asked".to_owned());
    AgentProbe { name, found: false, version: None, login: None, can, detail }
}

fn check_command(agent: &AgentChoice) -> Result<(), Failure> {
    command::check(agent).map_err(|_| {
        Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, "the agent `acp` has no program")
            .expected_found("a program that speaks the Agent Client Protocol", "none")
            .remedy("name it: `--agent acp --agent-command 'PROGRAM ARGUMENTS'`")
            .remedy("or in `.coordinate/config.toml`: `[agent] command = [\"PROGRAM\", \"ARGUMENT\"]`")
    })
}

fn missing(name: &str, place: Place) -> Failure {
    let text = format!("the agent `{name}` is not installed");
    Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, text)
        .expected_found(format!("a program `{}` on the PATH", place.program), "none")
        .remedy(format!("install it: `{}`", place.install))
        .remedy("or choose another agent with `--agent`; `coordinate agents` lists them")
}
