//! Real clients for tests: where they are, and what each needs to talk to the [fake API](crate::api) and to nobody
//! else. `cargo xtask clients` installs them.

use crate::hermetic::{Hermetic, beside};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Name, package, version and program of each, for the installer too.
const TABLE: &str = include_str!("../clients.txt");
/// Names the folder that they are installed in.
const FOLDER: &str = "COORDINATE_CLIENTS";
/// Makes their absence a failure.
const REQUIRED: &str = "COORDINATE_CLIENTS_REQUIRED";

/// Any port is free in a namespace of its own, so settings can be written before the server is there.
const PORT: u16 = 8000;

/// What Claude Code does besides its work is switched off by these.
const CLAUDE_QUIET: &[&str] = &[
    "DISABLE_TELEMETRY",
    "DISABLE_AUTOUPDATER",
    "DISABLE_ERROR_REPORTING",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
];

/// A client that tests know how to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// opencode.
    Opencode,
}

/// The folder in which clients are installed.
#[derive(Debug)]
pub struct Installed {
    root: PathBuf,
}

impl Installed {
    /// The folder named by `COORDINATE_CLIENTS`. `None`, with a word on standard error, when it is not set.
    ///
    /// # Panics
    /// When it is not set and `COORDINATE_CLIENTS_REQUIRED` is `1`.
    #[track_caller]
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a test that shows nothing has to say so")]
    pub fn find() -> Option<Self> {
        let root = std::env::var_os(FOLDER).map(PathBuf::from);
        let required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
        assert!(root.is_some() || !required, "`{FOLDER}` names no folder: `cargo xtask clients` installs the clients");
        if root.is_none() {
            eprintln!("SKIPPED, NOTHING IS SHOWN: `{FOLDER}` is not set; `cargo xtask clients --test` sets it");
        }
        root.map(|root| Self { root })
    }

    /// The client's program.
    ///
    /// # Panics
    /// When it is not installed in the version of the table.
    #[track_caller]
    #[must_use]
    pub fn program(&self, client: Client) -> PathBuf {
        self.program_named(client.name())
    }

    /// The program of this name in the table.
    ///
    /// # Panics
    /// When it is not installed in the version of the table.
    #[track_caller]
    #[must_use]
    pub fn program_named(&self, name: &str) -> PathBuf {
        let (version, program) = line(name);
        let folder = self.root.join(format!("{name}-{version}"));
        let path = folder.join("node_modules/.bin").join(program);
        assert!(path.exists(), "no `{}`: `cargo xtask clients` installs it", path.display());
        path
    }
}

impl Client {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
        }
    }

    /// The variables that lead it to the fake API and keep it quiet. The keys are no secrets: they open nothing.
    #[must_use]
    pub fn variables(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Claude => {
                let quiet = CLAUDE_QUIET.iter().map(|name| (*name, "1".to_owned()));
                let api = [("ANTHROPIC_BASE_URL", url()), ("ANTHROPIC_API_KEY", "sk-ant-fake".to_owned())];
                quiet.chain(api).collect()
            }
            Self::Codex => vec![("FAKE_KEY", "fake".to_owned())],
            Self::Gemini => vec![("GEMINI_API_KEY", "fake".to_owned()), ("GOOGLE_GEMINI_BASE_URL", url())],
            // It tells of it as an error that it can not reach the list of all models.
            Self::Opencode => vec![("OPENCODE_DISABLE_MODELS_FETCH", "1".to_owned())],
        }
    }

    /// Writes the settings that it reads into the environment's home.
    ///
    /// # Panics
    /// When they can not be written.
    #[track_caller]
    pub fn prepare(self, env: &Hermetic) {
        let (path, text) = match self {
            Self::Claude => return,
            Self::Codex => ("home/.codex/config.toml", codex_settings()),
            Self::Gemini => ("home/.gemini/settings.json", gemini_settings()),
            Self::Opencode => ("config/opencode/opencode.json", opencode_settings()),
        };
        let path = env.root().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the settings' folder can be made");
        fs::write(&path, text).expect("the settings can be written");
    }

    /// One run of it by itself: the prompt is answered, with leave to write and to run, and its events are printed.
    #[must_use]
    pub fn arguments(self, prompt: &str) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Claude => &[
                "-p",
                prompt,
                "--output-format",
                "stream-json",
                "--verbose",
                "--permission-mode",
                "acceptEdits",
                "--allowedTools",
                "Bash,Write,Agent",
            ],
            Self::Codex => &["exec", "--json", "-s", "danger-full-access", "--skip-git-repo-check", prompt],
            // By itself it asks a model which model to take.
            Self::Gemini => &["-m", "gemini-2.5-pro", "-p", prompt, "-o", "stream-json", "--approval-mode", "yolo"],
            Self::Opencode => &["run", "--format", "json", prompt],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// The arguments with which it speaks the Agent Client Protocol itself; `None` if it needs a program between.
    #[must_use]
    pub fn acp(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Claude | Self::Codex => None,
            Self::Gemini => Some(&["-m", "gemini-2.5-pro", "--acp"]),
            Self::Opencode => Some(&["acp"]),
        }
    }

    /// A command that runs the client in `folder`, beside a fake API and in a namespace with only loopback; its
    /// arguments are still to be added. Requests are recorded in the environment's `requests.jsonl`.
    ///
    /// # Panics
    /// When it is not installed, or the fake API's program was not built.
    #[track_caller]
    #[must_use]
    pub fn command(self, installed: &Installed, env: &Hermetic, folder: &Path) -> Command {
        self.prepare(env);
        let mut command = isolated(env, folder);
        command.arg(installed.program(self)).envs(self.variables());
        command
    }
}

/// The version and program of a name in the table.
#[track_caller]
fn line(name: &str) -> (&'static str, &'static str) {
    let lines = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = lines.into_iter().find(|words| words.first() == Some(&name)).expect("the table has each client");
    (line[2], line[3])
}

/// A command that serves the fake API in a namespace of its own while another command runs there; that command is
/// still to be added.
///
/// # Panics
/// When the fake API's program was not built.
#[track_caller]
#[must_use]
pub fn isolated(env: &Hermetic, folder: &Path) -> Command {
    let mut command = env.command(beside("coordinate-fake-api"));
    command.args(["--isolated", "--port", &PORT.to_string(), "--record"]).arg(env.root().join("requests.jsonl"));
    command.arg("--").current_dir(folder).stdin(Stdio::null());
    command
}

fn url() -> String {
    format!("http://127.0.0.1:{PORT}")
}

/// A model that the client has metadata for: only then it offers its tool for patches.
fn codex_settings() -> String {
    format!(
        "model = \"gpt-5.5\"\nmodel_provider = \"fake\"\ncheck_for_update_on_startup = false\n\n\
         [features]\nplugins = false\napps = false\n\n[analytics]\nenabled = false\n\n\
         [model_providers.fake]\nname = \"fake\"\nbase_url = \"{}/v1\"\nenv_key = \"FAKE_KEY\"\n\
         wire_api = \"responses\"\n",
        url()
    )
}

/// Untrusted folders take every leave away, and then it does not run at all. By itself it tries ten times, for minutes.
fn gemini_settings() -> String {
    let security = json!({"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}});
    json!({"security": security, "general": {"maxAttempts": 2}}).to_string()
}

fn opencode_settings() -> String {
    let options = json!({"baseURL": format!("{}/v1", url()), "apiKey": "fake"});
    let models = json!({"fake": {"name": "fake", "tool_call": true}});
    let provider = json!({"npm": "@ai-sdk/openai-compatible", "name": "fake", "options": options, "models": models});
    json!({"autoupdate": false, "share": "disabled", "model": "fake/fake", "provider": {"fake": provider}}).to_string()
}
