//! The main job with the programs that people have: Claude Code, Codex, Gemini CLI and opencode do the work of whole
//! runs, against a model API on loopback, in a network namespace in which there is nothing else.
//!
//! `cargo xtask test` installs the clients; `cargo xtask clients --test` runs these tests alone.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a failed set-up can only end the test")]
#![expect(clippy::print_stdout, reason = "how long each failure took is worth a line")]

mod acp;
mod asks;
mod faults;
mod kills;
mod limits;
mod replayed;
#[expect(dead_code, reason = "most of it is for the program's other tests")]
#[path = "../support/mod.rs"]
mod support;

use crate::support::{PROGRAM, World, eight};
use coordinate_testkit::Outcome;
use coordinate_testkit::api::script::{Turn, marker};
use coordinate_testkit::clients::{Client, Installed, isolated};
use std::path::Path;
use std::process::Command;

/// What the model does in every step: it lets the client's own tool run the author's script, and ends.
fn script(world: &World) -> String {
    let _ = world.author();
    the_authors_part()
}

/// The script of every role: which one it is, the author is told by the variables of the attempt.
fn the_authors_part() -> String {
    let work = Turn { run: Some("sh \"$HOME/../scripts/author\"".to_owned()), ..Turn::default() };
    marker(&[work, Turn { say: Some("Done.".to_owned()), ..Turn::default() }])
}

/// An agent of the program, and the client that it is.
#[derive(Clone, Copy)]
struct Agent {
    name: &'static str,
    /// The name in the table of installed clients.
    installed: &'static str,
    client: Client,
    /// Arguments of its own.
    with: &'static [&'static str],
}

/// The agents that can be talked to.
impl Agent {
    const CLAUDE_ACP: Self = Self { name: "claude-acp", installed: "claude-acp", client: Client::Claude, with: &[] };
    const CLAUDE_TWO_WAY: Self =
        Self { name: "claude", installed: "claude", client: Client::Claude, with: &["-c", "agent.two_way=true"] };
    const CODEX_ACP: Self = Self { name: "codex-acp", installed: "codex-acp", client: Client::Codex, with: &[] };
    const GEMINI_ACP: Self = Self { name: "gemini-acp", installed: "gemini", client: Client::Gemini, with: &[] };
    const OPENCODE_ACP: Self =
        Self { name: "opencode-acp", installed: "opencode", client: Client::Opencode, with: &[] };
}

impl From<Client> for Agent {
    fn from(client: Client) -> Self {
        Self { name: client.name(), installed: client.name(), client, with: &[] }
    }
}

/// Runs `coordinate run` with the agent, beside the fake API.
#[track_caller]
fn run(world: &World, installed: &Installed, agent: impl Into<Agent>, words: &[&str]) -> Outcome {
    let agent = agent.into();
    let mut command = within(world, installed, agent);
    command.arg(PROGRAM).args(["run", "--agent", agent.name, "-c", "agent.hard_seconds=120"]);
    command.args(agent.with).args(words);
    command.output().expect("the fake API can be started").into()
}

/// A command in the repository, beside the fake API, that finds the client; what it is to be is still to be added.
#[track_caller]
fn within(world: &World, installed: &Installed, agent: impl Into<Agent>) -> Command {
    let agent = agent.into();
    let client = agent.client;
    client.prepare(&world.env);
    let mut command = isolated(&world.env, &world.repo);
    let program = installed.program_named(agent.installed);
    let folder = program.parent().unwrap_or(Path::new("/")).display().to_string();
    // By itself it tries ten times, for minutes.
    command.env("CLAUDE_CODE_MAX_RETRIES", "1");
    command.envs(client.variables()).env("PATH", format!("{folder}:{}", std::env::var("PATH").unwrap_or_default()));
    command
}

#[track_caller]
fn ends_well(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
}

/// A whole research and plan, then the two phases of that plan.
#[track_caller]
fn works(agent: impl Into<Agent>) {
    let agent = agent.into();
    let Some(installed) = Installed::find() else { return };
    let world = World::new(&[("README.md", "# A project\n")]);
    let request = format!("research the parser and the lexer and plan a rewrite. {}", script(&world));
    ends_well(&run(&world, &installed, agent, &[&request]));
    let planned = world.show();
    let kinds: Vec<&str> =
        planned["artifacts"].as_array().unwrap().iter().map(|artifact| artifact["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "report").count(), 2, "{planned:#}");
    assert_eq!(kinds.last(), Some(&"plan"), "{planned:#}");
    let plan = planned["paths"]["plan"].as_str().unwrap().to_owned();
    let text = world.read(&plan).replace("- [ ] write one", &format!("- [ ] write one {}", script(&world)));
    world.write(&plan, &text.replace("- [ ] write two", &format!("- [ ] write two {}", script(&world))));
    ends_well(&run(&world, &installed, agent, &[&plan]));
    assert_eq!((world.read("one.txt"), world.read("two.txt")), ("one\n".to_owned(), "two\n".to_owned()));
    let subjects = world.subjects("main");
    assert!(subjects.contains(&"feat(001): complete phase 2 - Two".to_owned()), "{subjects:?}");
    let metrics = world.json(&["metrics", "--json"]);
    assert!(metrics["tokens"].is_object() || metrics["tokens"].as_u64().is_some(), "{metrics:#}");
    world.assert_nothing_left();
    replayed::come_again(&world, agent.client);
}

/// Shows P1, N8.
#[test]
fn claude_code_does_whole_runs() {
    works(Client::Claude);
}

#[test]
fn codex_does_whole_runs() {
    works(Client::Codex);
}

#[test]
fn gemini_cli_does_whole_runs() {
    works(Client::Gemini);
}

#[test]
fn opencode_does_whole_runs() {
    works(Client::Opencode);
}

/// One request through all eight states, with a test that fails in the end and is mended, and a phase whose text is
/// changed because it failed. The script stands where the client looks by itself, so that every role has it.
#[test]
fn claude_code_passes_all_eight_states() {
    let Some(installed) = Installed::find() else { return };
    let world = eight::world(&[("CLAUDE.md", &format!("# How to work here\n\n{}\n", the_authors_part()))]);
    let _ = world.author();
    ends_well(&run(&world, &installed, Client::Claude, &eight::ARGUMENTS));
    eight::assert_done(&world);
    replayed::come_again(&world, Client::Claude);
}
