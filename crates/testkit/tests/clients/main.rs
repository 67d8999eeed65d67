//! Real clients against the fake API, each in a network namespace with only loopback.
//!
//! `cargo xtask test` installs the clients; `cargo xtask clients --test` runs these tests alone.

#![expect(clippy::expect_used, reason = "a test's own set-up can only fail the test")]

mod acp;
mod limits;

use coordinate_testkit::api::script::{Fault, FaultKind, File, ToolCall, Turn, marker};
use coordinate_testkit::clients::{Client, Installed, isolated};
use coordinate_testkit::{Hermetic, Outcome, hermetic};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A client in a repository of its own.
struct Bench {
    installed: Installed,
    env: Hermetic,
    folder: PathBuf,
    client: Client,
}

impl Bench {
    /// `None` where no clients are installed and none are required.
    fn new(client: Client) -> Option<Self> {
        let installed = Installed::find()?;
        let env = hermetic();
        let folder = env.repository("project", &[("README.md", "# A\n")]);
        Some(Self { installed, env, folder, client })
    }

    #[track_caller]
    fn run(&self, prompt: &str, more: &[&str]) -> Outcome {
        let mut command = self.client.command(&self.installed, &self.env, &self.folder);
        command.args(self.client.arguments(prompt)).args(more).env("PROBE", "from outside");
        command.output().expect("the fake API starts").into()
    }

    /// Runs the client and wants it to end well.
    #[track_caller]
    fn succeed(&self, prompt: &str, more: &[&str]) -> Vec<Value> {
        let outcome = self.run(prompt, more);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        events(&outcome)
    }

    #[track_caller]
    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).unwrap_or_else(|cause| panic!("`{path}`: {cause}"))
    }

    /// How many requests the client sent for its conversation.
    fn requests(&self) -> usize {
        fs::read_to_string(self.env.root().join("requests.jsonl")).map_or(0, |text| text.lines().count())
    }
}

fn events(outcome: &Outcome) -> Vec<Value> {
    outcome.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn write(path: &str, text: &str) -> Turn {
    let file = File { path: path.into(), text: text.into() };
    Turn { say: Some("Working.".into()), write: Some(file), ..Turn::default() }
}

fn run(command: &str) -> Turn {
    Turn { run: Some(command.into()), ..Turn::default() }
}

fn say(text: &str) -> Turn {
    Turn { say: Some(text.into()), ..Turn::default() }
}

/// Writes by the client's own tool, runs a command that sees the variables of the client, and ends.
#[track_caller]
fn check_work(client: Client) {
    let Some(bench) = Bench::new(client) else { return };
    let script = marker(&[write("hello.txt", "hello\n"), run("echo \"$PROBE\" > probe.txt"), say("All done.")]);
    let events = bench.succeed(&format!("Do this. {script}"), &[]);
    assert_eq!((bench.read("hello.txt"), bench.read("probe.txt")), ("hello\n".into(), "from outside\n".into()));
    assert!(events.iter().any(|event| event.to_string().contains("All done.")), "{events:#?}");
    bench.env.assert_no_leftovers();
}

/// One failure, and the client's own second try.
#[track_caller]
fn check_second_try(client: Client, kind: FaultKind) {
    let Some(bench) = Bench::new(client) else { return };
    let fault = Fault { kind, times: Some(1), name: None, reset_after: None };
    let script = marker(&[Turn { fault: Some(fault), ..write("a.txt", "a\n") }, say("Recovered.")]);
    let events = bench.succeed(&script, &[]);
    assert_eq!(bench.read("a.txt"), "a\n");
    assert!(events.iter().any(|event| event.to_string().contains("Recovered.")), "{events:#?}");
    assert!(bench.requests() >= 3, "{} requests", bench.requests());
}

#[test]
fn claude_works() {
    check_work(Client::Claude);
}

#[test]
fn codex_works() {
    check_work(Client::Codex);
}

#[test]
fn gemini_works() {
    check_work(Client::Gemini);
}

#[test]
fn opencode_works() {
    check_work(Client::Opencode);
}

#[test]
fn claude_tries_again_after_an_overload() {
    check_second_try(Client::Claude, FaultKind::Overloaded);
}

#[test]
fn codex_tries_again_after_a_cut_stream() {
    check_second_try(Client::Codex, FaultKind::Cut);
}

#[test]
fn gemini_tries_again_after_a_server_error() {
    check_second_try(Client::Gemini, FaultKind::ServerError);
}

/// The server knows nothing of the first run: the session's own conversation tells it all.
#[test]
fn a_resumed_session_goes_on_with_a_new_script() {
    let Some(bench) = Bench::new(Client::Claude) else { return };
    let session = "6160e2c7-3d5f-4b42-99a5-bbe56387fa9d";
    bench.succeed(&marker(&[write("one.txt", "1\n"), say("One.")]), &["--session-id", session]);
    bench.succeed(&marker(&[run("cat one.txt > two.txt"), say("Two.")]), &["--resume", session]);
    assert_eq!(bench.read("two.txt"), "1\n");
}

/// Two conversations at once, each with the script that stands in its own prompt.
#[test]
fn parallel_sub_agents_follow_their_own_scripts() {
    let Some(bench) = Bench::new(Client::Claude) else { return };
    let agent = |name: &str| {
        let prompt = marker(&[write(&format!("{name}.txt"), name), say("Sub done.")]);
        let input = json!({
            "description": "write", "prompt": prompt, "subagent_type": "general-purpose", "run_in_background": false,
        });
        ToolCall { tool: "Agent".into(), input }
    };
    let both = Turn { call: vec![agent("a"), agent("b")], ..Turn::default() };
    bench.succeed(&marker(&[both, say("All done.")]), &[]);
    assert_eq!((bench.read("a.txt"), bench.read("b.txt")), ("a".into(), "b".into()));
}

/// Neither an address of the machine outside nor a name is to be reached.
#[test]
fn a_namespace_has_only_loopback() {
    let env = hermetic();
    let own = isolated(&env, env.root()).args(["ip", "-oneline", "link"]).output().expect("the fake API starts");
    let names: Vec<String> = Outcome::from(own).stdout.lines().filter_map(name_of_link).collect();
    assert_eq!(names, ["lo"]);
    let ends = isolated(&env, Path::new("/")).args(["sh", "-c", "exit 7"]).status().expect("the fake API starts");
    assert_eq!(ends.code(), Some(7));
}

fn name_of_link(line: &str) -> Option<String> {
    line.split(": ").nth(1).map(str::to_owned)
}
