//! Real clients, played by scripts of their name that print what the real ones printed: found, chosen, started,
//! understood.

use crate::support::redact::{redacted, whole};
use crate::support::{World, json_lines};
use coordinate_testkit::Outcome;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const PLAN: &str = "# One\n\n### Phase 1: One\n**Files**: hello.txt\n\n- [ ] write it\n";

/// What Claude Code printed when it wrote a file, and when its service refused it.
pub(crate) const WRITE: &str = include_str!("../../../agents/tests/transcripts/claude-write.jsonl");
pub(crate) const REFUSED: &str = include_str!("../../../agents/tests/transcripts/claude-err-401.jsonl");
const LIMIT: &str = include_str!("../../../agents/tests/transcripts/codex-usage.jsonl");

pub(crate) fn world() -> World {
    World::new(&[("PLAN.md", PLAN)])
}

/// Puts a client of this name on the search path: it keeps its arguments and its prompt beside it, does its work by these
/// lines, and prints this transcript.
pub(crate) fn client(world: &World, name: &str, lines: &str, transcript: &str) {
    let said = world.env.script(&format!("{name}.jsonl"), transcript);
    let script = format!(
        "#!/bin/sh\n[ \"$1\" != --version ] || {{ echo '9.9.9 ({name})'; exit; }}\nhere=$(dirname \"$0\")\n\
         printf '%s\\n' \"$*\" >> \"$here/{name}.arguments\"\ncat > \"$here/{name}.prompt\"\n{lines}\ncat '{}'\n",
        said.display()
    );
    let program = world.env.script(name, &script);
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn with_clients(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    let known = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value);
    let known = known.expect("the environment has a search path").to_string_lossy().into_owned();
    command.env("PATH", format!("{}:{known}", world.env.root().join("scripts").display()));
    command
}

pub(crate) fn run(world: &World, arguments: &[&str]) -> Outcome {
    with_clients(world, arguments).output().unwrap().into()
}

#[track_caller]
fn check(name: &str, world: &World, outcome: &Outcome) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
}

#[test]
fn clients_are_found_with_version_and_log_in() {
    let world = world();
    client(&world, "claude", "", "");
    client(&world, "gemini", "", "");
    let mut command = with_clients(&world, &["agents"]);
    let outcome: Outcome = command.env("ANTHROPIC_API_KEY", "a-secret").output().unwrap().into();
    assert!(!outcome.stdout.contains("a-secret"));
    check("clients_found", &world, &outcome);
}

#[test]
fn auto_takes_the_first_client_that_is_preferred_and_found() {
    let world = world();
    client(&world, "codex", "", REFUSED);
    client(&world, "claude", "", REFUSED);
    let called = || ["claude", "codex"].map(|name| world.beside(&format!("{name}.arguments")).lines().count());
    assert_eq!(run(&world, &["run", "PLAN.md"]).code, Some(1));
    assert_eq!(called(), [1, 0]);
    assert_eq!(run(&world, &["run", "PLAN.md", "-c", "agent.preference=[\"opencode\", \"codex\"]"]).code, Some(1));
    assert_eq!(called(), [1, 1]);
    let unknown = run(&world, &["run", "PLAN.md", "-c", "agent.preference=[\"clod\"]"]);
    check("clients_preference_unknown", &world, &unknown);
    let none = run(&world, &["run", "PLAN.md", "-c", "agent.preference=[\"opencode\"]"]);
    check("clients_none_found", &world, &none);
}

#[test]
fn a_client_does_a_phase_and_its_use_is_told() {
    let world = world();
    client(&world, "claude", "echo hello > hello.txt", WRITE);
    let outcome = run(&world, &["run", "PLAN.md", "-c", "test.command=true", "-c", "agent.model=opus"]);
    check("clients_run", &world, &outcome);
    assert_eq!(outcome.code, Some(0));
    let arguments = world.beside("claude.arguments");
    assert!(arguments.starts_with("-p --output-format stream-json --verbose --session-id "), "{arguments}");
    assert!(arguments.trim_end().ends_with("--model opus"), "{arguments}");
    let prompt = world.beside("claude.prompt");
    assert!(prompt.starts_with("# Your role: implementation-executor"), "{prompt}");
    let metrics = json_lines(&run(&world, &["metrics", "--json"]).stdout.replace('\n', ""));
    let figures = serde_json::to_string(&metrics).unwrap();
    assert!(figures.contains("\"tokens\":60") && figures.contains("\"usd\":0.00088"), "{figures}");
    let total = world.json(&["metrics", "--all", "--json"])["total"].clone();
    assert_eq!((total["tokens"].as_u64(), total["usd"].as_f64()), (Some(60), Some(0.00088)), "{total}");
    check("clients_logs", &world, &run(&world, &["logs", "--step", "implement/p1/agent"]));
    world.assert_nothing_left();
}

#[test]
fn a_client_that_says_that_it_failed_has_failed_although_it_ends_with_0() {
    let world = world();
    client(&world, "claude", "echo hello > hello.txt", REFUSED);
    check("clients_refused", &world, &run(&world, &["run", "PLAN.md", "--agent", "claude"]));
    world.assert_no_trees();
}

#[test]
fn a_limit_of_use_is_one_of_quota_and_is_not_tried_at_once() {
    let world = world();
    client(&world, "codex", "", LIMIT);
    let outcome = run(&world, &["run", "PLAN.md", "--agent", "codex", "--no-wait"]);
    check("clients_limit", &world, &outcome);
    assert_eq!(world.beside("codex.arguments").lines().count(), 1);
}

#[test]
fn a_client_that_ends_without_a_word_has_not_done_its_work() {
    let world = world();
    client(
        &world,
        "claude",
        "echo hello > hello.txt",
        "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s\"}\n",
    );
    let outcome = run(&world, &["run", "PLAN.md", "--agent", "claude"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stderr.contains("`claude` ended without saying how its work went"), "{outcome:#?}");
}

#[test]
fn what_runs_below_used_is_the_runs_spend() {
    let world = world();
    client(&world, "claude", &format!("{} > /dev/null", world.author()), WRITE);
    let topics = ["ants", "bees", "cats", "dogs"].into_iter().flat_map(|topic| ["--topic", topic]);
    let words = ["run", "--agent", "claude"].into_iter().chain(topics).chain(["research the animals"]);
    let outcome = run(&world, &words.collect::<Vec<_>>());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let metrics = world.json(&["metrics", "--json"]);
    let one = run(&world, &["run", "--agent", "claude", "--topic", "eels", "research more"]);
    let told = |outcome: &Outcome| -> u64 {
        let line = outcome.stdout.lines().find(|line| line.starts_with("tokens:")).expect("it tells tokens").to_owned();
        line.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<u64>().ok()).sum()
    };
    // Four reports below, and the overview.
    assert_eq!(told(&outcome), 5 * told(&one), "{outcome:#?}");
    assert_eq!(metrics["tokens"], told(&outcome));
}

/// A state is not entered whose agents are not there, so that nothing of it is begun in vain.
#[test]
fn a_client_that_is_gone_meanwhile_stops_the_run_before_its_next_state() {
    let world = world();
    client(&world, "claude", &format!("{} > /dev/null; rm \"$here/claude\"", world.author()), WRITE);
    let outcome = run(&world, &["run", "--agent", "claude", "--topic", "ants", "research the ants and plan a farm"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(
        outcome.stdout.contains("state `plan` can not be entered: the client `claude` was not found"),
        "{outcome:#?}"
    );
    let run = world.show();
    let begun: Vec<_> = run["steps"].as_array().unwrap().iter().map(|step| &step["id"]).collect();
    assert_eq!(begun, ["research/t1/report"], "{outcome:#?}");
}
