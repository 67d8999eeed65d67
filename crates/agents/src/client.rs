//! Real clients: how each is started so that it works without a person, in its step's tree, with what it prints as
//! events. What the events mean is in [`crate::stream`].
//!
//! The prompt goes in on standard input with all of them: it is too long for an argument, which others could read too.

mod probe;
mod resume;
mod session;

pub(crate) use probe::{Place, find, find_program, probe_all, probe_place};

use crate::bridge::{self, Protocol};
use crate::command::{environment, write_prompt};
use crate::keeping;
use coordinate_engine::port::{Assignment, AttemptProgram};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::permission::Otherwise;
use std::path::Path;

/// The closed set of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// opencode.
    Opencode,
}

/// What Claude Code may use unasked: whatever it is not allowed is denied, since nobody is there to be asked.
pub(crate) const CLAUDE_TOOLS: &str = "Bash,Edit,Glob,Grep,NotebookEdit,Read,Task,TodoWrite,WebFetch,WebSearch,Write";

/// What makes Claude Code hear while it works.
const CLAUDE_TWO_WAY: &[&str] =
    &["--input-format", "stream-json", "--permission-prompt-tool", "stdio", "--replay-user-messages"];

impl Client {
    /// All, in the order in which `auto` looks for them.
    pub(crate) const ALL: [Self; 4] = [Self::Claude, Self::Codex, Self::Gemini, Self::Opencode];

    /// Its name, which is its program's too.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
        }
    }

    /// The client of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.name() == name)
    }

    /// The version with which it was tested.
    pub(crate) fn tested(self) -> &'static str {
        match self {
            Self::Claude => "2.1.329",
            Self::Codex => "0.169.0",
            Self::Gemini => "0.61.0",
            Self::Opencode => "1.18.33",
        }
    }

    /// How one gets it.
    pub(crate) fn install(self) -> &'static str {
        match self {
            Self::Claude => "npm install -g @anthropic-ai/claude-code",
            Self::Codex => "npm install -g @openai/codex",
            Self::Gemini => "npm install -g @google/gemini-cli",
            Self::Opencode => "npm install -g opencode-ai",
        }
    }

    /// Where it is found.
    pub(crate) fn place(self) -> Place {
        Place { program: self.name(), tested: self.tested(), install: self.install() }
    }

    /// What it can do beyond working: the rest is the same with all of them.
    pub(crate) fn can(self) -> &'static [&'static str] {
        match self {
            Self::Claude => &["tools", "tokens", "cost", "limits", "chosen session", "resume"],
            Self::Codex => &["tools", "tokens", "limits", "resume"],
            Self::Gemini => &["tools", "tokens", "chosen session", "resume"],
            Self::Opencode => &["tools", "tokens", "cost", "resume"],
        }
    }

    fn arguments(self, assignment: &Assignment) -> Vec<String> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        if let Some(session) = &assignment.session {
            return self.going_on(assignment, session);
        }
        let mut arguments = match self {
            Self::Claude => {
                let session = own_session(assignment);
                let fixed = ["-p", "--output-format", "stream-json", "--verbose", "--session-id", &session];
                let two_way = if assignment.agent.hears { CLAUDE_TWO_WAY } else { &[] };
                texts(&[&fixed[..], two_way].concat()).into_iter().chain(claude_tools(assignment)).collect()
            }
            Self::Codex => {
                let tree = assignment.tree.to_string_lossy();
                let quiet = ["features.plugins=false", "features.apps=false", "check_for_update_on_startup=false"];
                let quiet = quiet.into_iter().chain(["analytics.enabled=false"]).flat_map(|value| ["-c", value]);
                let fixed = ["exec", "--json", "-s", "workspace-write", "--skip-git-repo-check", "-C", &tree];
                texts(&fixed.into_iter().chain(quiet).collect::<Vec<_>>())
            }
            Self::Gemini => {
                let session = own_session(assignment);
                texts(&["-o", "stream-json", "--approval-mode", "yolo", "--session-id", &session])
            }
            // It tries again for ever and prints nothing of that: only its log says why.
            Self::Opencode => texts(&["run", "--format", "json", "--print-logs", "--log-level", "ERROR"]),
        };
        let model = assignment.agent.model.iter().flat_map(|model| [self.model_flag().to_owned(), model.clone()]);
        arguments.extend(model);
        if self == Self::Codex {
            // Without this it would take the prompt for missing.
            arguments.push("-".to_owned());
        }
        arguments
    }

    fn model_flag(self) -> &'static str {
        match self {
            Self::Claude => "--model",
            Self::Codex | Self::Gemini | Self::Opencode => "-m",
        }
    }

    /// Variables that keep it quiet, and to this one task.
    pub(crate) fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Claude => &[
                ("DISABLE_TELEMETRY", "1"),
                ("DISABLE_AUTOUPDATER", "1"),
                ("DISABLE_ERROR_REPORTING", "1"),
                ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
                // What it left in the background would be ended with it, and its result would come before the work.
                ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
                // Set where this program was itself started by it: it would take itself for a part of that session.
                ("CLAUDECODE", ""),
            ],
            Self::Codex => &[],
            // A tree that was made a moment ago is in nobody's list of trusted folders; without trust it asks.
            Self::Gemini => &[("GEMINI_CLI_TRUST_WORKSPACE", "true")],
            Self::Opencode => &[("OPENCODE_DISABLE_AUTOUPDATE", "1"), ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1")],
        }
    }

    /// Whether it can be told something while it works, if that is wanted.
    pub(crate) fn can_hear(self) -> bool {
        match self {
            Self::Claude => true,
            Self::Codex | Self::Gemini | Self::Opencode => false,
        }
    }

    /// The program for an assignment; `own` is `coordinate` itself.
    pub(crate) fn program(self, own: &Path, assignment: &Assignment) -> Result<AttemptProgram, Failure> {
        let program = self.found()?;
        let argv = std::iter::once(program).chain(self.arguments(assignment)).collect();
        let quiet = self.variables().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        if assignment.agent.hears && self.can_hear() {
            let mut attempt = bridge::program(own, assignment, (Protocol::Claude, argv), |_| {})?;
            attempt.env.extend(quiet);
            return Ok(attempt);
        }
        let prompt = write_prompt(assignment)?;
        let mut env = environment(assignment, &prompt);
        env.extend(quiet);
        Ok(AttemptProgram { argv, cwd: assignment.tree.clone(), env, stdin: Some(prompt) })
    }

    /// Its program's place, or the failure that says how to get it.
    pub(crate) fn found(self) -> Result<String, Failure> {
        if let Some(place) = find(self) {
            return Ok(place.to_string_lossy().into_owned());
        }
        let name = self.name();
        let text = format!("the client `{name}` was not found");
        Err(Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, text)
            .expected_found(format!("a program `{name}` on the PATH"), "none")
            .remedy(format!("install it: `{}`", self.install()))
            .remedy("or choose another agent with `--agent`; `coordinate agents` lists them"))
    }
}

/// What Claude Code may do. Where rules forbid something and it can ask, it asks for all that it changes; where it can not, it
/// is told the rules.
fn claude_tools(assignment: &Assignment) -> Vec<String> {
    let policy = &assignment.policy;
    let asks = assignment.agent.hears && keeping::binds(policy);
    let (mode, allowed, denied) = if asks {
        ("default", Vec::new(), keeping::claude_denied(policy))
    } else {
        let (allowed, denied) = keeping::claude_tools(policy);
        (if policy.otherwise == Otherwise::Rules { "acceptEdits" } else { "dontAsk" }, allowed, denied)
    };
    let mut arguments = vec!["--permission-mode".to_owned(), mode.to_owned()];
    let lists = [("--allowedTools", allowed), ("--disallowedTools", denied)];
    for (flag, tools) in lists.into_iter().filter(|(_, tools)| !tools.is_empty()) {
        arguments.extend([flag.to_owned(), tools.join(",")]);
    }
    arguments
}

fn own_session(assignment: &Assignment) -> String {
    session::id(&assignment.run, &assignment.step, assignment.attempt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinate_engine::port::Limits;
    use coordinate_model::event::AgentChoice;

    fn assignment(client: Client, model: Option<&str>) -> Assignment {
        Assignment {
            agent: AgentChoice {
                name: client.name().to_owned(),
                model: model.map(str::to_owned),
                ..AgentChoice::default()
            },
            role: "implementation-executor".to_owned(),
            session: None,
            prompt: "do it".to_owned(),
            blocks: Vec::new(),
            phase: "1".to_owned(),
            run: "run_1".to_owned(),
            step: "implement/p1/agent".to_owned(),
            attempt: 2,
            tree: "/trees/p1".into(),
            folder: "/attempts/p1".into(),
            limits: Limits { idle_ms: None, hard_ms: None, output_bytes: 1, grace_ms: 1 },
            policy: coordinate_model::permission::Policy::default(),
            artifact: None,
        }
    }

    #[test]
    fn each_client_is_started_by_its_own_arguments() {
        let line = |client: Client| {
            format!("{} {}", client.name(), client.arguments(&assignment(client, Some("some-model"))).join(" "))
        };
        insta::assert_snapshot!(Client::ALL.map(line).join("\n"), @r"
        claude -p --output-format stream-json --verbose --session-id af78156e-ebc5-8b10-8e43-440241a19935 --permission-mode acceptEdits --allowedTools Bash,Edit,Glob,Grep,NotebookEdit,Read,Task,TodoWrite,WebFetch,WebSearch,Write --model some-model
        codex exec --json -s workspace-write --skip-git-repo-check -C /trees/p1 -c features.plugins=false -c features.apps=false -c check_for_update_on_startup=false -c analytics.enabled=false -m some-model -
        gemini -o stream-json --approval-mode yolo --session-id af78156e-ebc5-8b10-8e43-440241a19935 -m some-model
        opencode run --format json --print-logs --log-level ERROR -m some-model
        ");
    }

    #[test]
    fn without_a_model_the_client_chooses() {
        for client in Client::ALL {
            let arguments = client.arguments(&assignment(client, None));
            assert!(!arguments.iter().any(|argument| argument == client.model_flag()), "{arguments:?}");
        }
    }
}
