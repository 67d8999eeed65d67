//! What is on this machine, found without spending anything and without the network: the program, its version, and
//! whether something to log in with is there. Whether that is still valid only the service could say.

use super::Client;
use coordinate_engine::port::AgentProbe;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The longest time for a client to tell its version. Some of them start an interpreter first, which takes seconds on a
/// busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where a client is found, and with what it was tested.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Its program's name.
    pub(crate) program: &'static str,
    /// The version with which it was tested.
    pub(crate) tested: &'static str,
    /// How one gets it.
    pub(crate) install: &'static str,
}

/// Where the client's program lies: an absolute path.
pub(crate) fn find(client: Client) -> Option<PathBuf> {
    find_program(client.name())
}

/// Where a program lies: an absolute path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// All clients, asked at once: each may take its time.
pub(crate) fn probe_all() -> Vec<AgentProbe> {
    std::thread::scope(|scope| {
        let asked = Client::ALL.map(|client| (client, scope.spawn(move || probe(client))));
        asked.into_iter().filter_map(|(_, thread)| thread.join().ok()).collect()
    })
}

fn probe(client: Client) -> AgentProbe {
    let can = client.can().iter().map(|one| (*one).to_owned()).collect();
    AgentProbe { can, ..probe_place(client.place(), client) }
}

/// What is known of the program at a place that logs in as a client does.
pub(crate) fn probe_place(wanted: Place, client: Client) -> AgentProbe {
    let (name, can) = (client.name().to_owned(), Vec::new());
    let Some(place) = find_program(wanted.program) else {
        let detail = format!("not found; `{}`", wanted.install);
        return AgentProbe { name, found: false, version: None, login: None, can, detail };
    };
    let version = version(&place);
    let login = login(client);
    let words = login.as_ref().map_or_else(|| "no log-in was found".to_owned(), |by| format!("log-in by {by}"));
    let untested = match &version {
        Some(version) if version == wanted.tested => String::new(),
        Some(_) => format!("; tested with {}", wanted.tested),
        None => "; it did not tell its version".to_owned(),
    };
    AgentProbe {
        name,
        found: true,
        version,
        login: Some(login.is_some()),
        can,
        detail: format!("{}; {words}{untested}", place.display()),
    }
}

/// The first word of what it prints that begins like a version.
fn version(program: &Path) -> Option<String> {
    let output = said(program)?;
    let words = output.split_whitespace();
    let version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
    words.map(|word| word.trim_start_matches('v')).find(version).map(str::to_owned)
}

fn said(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    // Gemini CLI would start itself once more with more memory, only to say its version.
    command.env("GEMINI_CLI_NO_RELAUNCH", "true");
    let mut child = command.spawn().ok()?;
    let mut output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = output.read_to_string(&mut text);
        // Nobody may listen any more.
        let _ = sender.send(text);
    });
    let text = receiver.recv_timeout(PATIENCE).ok();
    end(&mut child);
    text
}

/// Ends the whole group: clients are often a script that starts the real program.
fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

/// What there is to log in with: the variable's or the file's name, and never what is in it.
fn login(client: Client) -> Option<String> {
    let by_variable = || {
        let set = |name: &&&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        variables(client).iter().find(set).map(|name| format!("`{name}`"))
    };
    let by_file = || {
        let file = files(client).into_iter().find(|file| file.is_file())?;
        Some(format!("`{}`", file.display()))
    };
    by_variable().or_else(by_file)
}

fn variables(client: Client) -> &'static [&'static str] {
    match client {
        Client::Claude => &[
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CODE_USE_BEDROCK",
            "CLAUDE_CODE_USE_VERTEX",
        ],
        Client::Codex => &["CODEX_API_KEY"],
        Client::Gemini => &["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA"],
        Client::Opencode => &["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"],
    }
}

fn files(client: Client) -> Vec<PathBuf> {
    let home = |rest: &str| std::env::var_os("HOME").map(|home| Path::new(&home).join(rest));
    let below = |variable: &str, rest: &str| {
        std::env::var_os(variable).filter(|folder| !folder.is_empty()).map(|folder| Path::new(&folder).join(rest))
    };
    let file = match client {
        Client::Claude => below("CLAUDE_CONFIG_DIR", ".credentials.json").or_else(|| home(".claude/.credentials.json")),
        Client::Codex => below("CODEX_HOME", "auth.json").or_else(|| home(".codex/auth.json")),
        Client::Gemini => home(".gemini/oauth_creds.json"),
        Client::Opencode => {
            below("XDG_DATA_HOME", "opencode/auth.json").or_else(|| home(".local/share/opencode/auth.json"))
        }
    };
    file.into_iter().collect()
}
