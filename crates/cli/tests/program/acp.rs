//! Agents that speak the Agent Client Protocol: leave that they ask for, words that reach them, ends of all kinds.

use crate::support::process::await_that;
use crate::support::redact::{redacted, whole};
use crate::support::{Started, World, json_lines, step};
use coordinate_testkit::{Outcome, scripted_acp_agent};
use rustix::process::Signal;
use serde_json::{Value, json};

const PLAN: &str = "# One\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] write it\n";
const AGENT: &str = "implement/p1/agent";
/// Waits until the test lets it go.
const WAITS: &str = "until test -e \"$HOME/../go\"; do sleep 0.02; done";

/// A repository, and the arguments of `run` with an agent that follows these acts.
fn scripted(acts: &Value) -> (World, Vec<String>) {
    let world = World::new(&[("PLAN.md", PLAN)]);
    let script = world.env.script("acts.json", &acts.to_string());
    let line = format!("'{}' '{}'", scripted_acp_agent().display(), script.display());
    let words = ["run", "PLAN.md", "--agent", "acp", "--agent-command", &line, "-c", "test.command=true"];
    (world, words.map(str::to_owned).to_vec())
}

fn run(world: &World, words: &[String]) -> Outcome {
    world.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn start(world: &World, words: &[String]) -> Started {
    world.start(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[track_caller]
fn check(name: &str, world: &World, outcome: &Outcome) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
}

fn asks(path: &str) -> Value {
    json!({"toolCallId": path, "title": format!("Write {path}"), "kind": "edit", "locations": [{"path": path}],
           "content": [{"type": "diff", "path": path, "newText": "one"}]})
}

fn does(command: &str) -> Value {
    json!({"run": command})
}

/// What the agent was sent.
fn heard(world: &World) -> Vec<Value> {
    json_lines(&world.beside("heard.jsonl"))
}

/// Waits until the agent's newest words are these.
#[track_caller]
fn await_doing(world: &World, what: &str) {
    await_that(what, || {
        let shown = world.coordinate(&["show", "--json"]);
        // There may be no run yet, and no step.
        let run: Value = serde_json::from_str(&shown.stdout).unwrap_or_default();
        let steps = run["steps"].as_array().cloned().unwrap_or_default();
        let agent = steps.into_iter().find(|step| step["id"] == AGENT).unwrap_or_default();
        agent["attempts"][0]["doing"].as_str().unwrap_or_default().contains(what)
    });
}

fn prompts(world: &World) -> Vec<String> {
    let heard = heard(world);
    let prompts = heard.iter().filter(|message| message["method"] == "session/prompt");
    prompts.map(|message| message["params"]["prompt"][0]["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn leave_is_given_for_what_lies_in_the_tree_and_nothing_else() {
    let (world, words) = scripted(&json!([
        {"say": "I begin."},
        {"print": "no message at all"},
        {"ask": asks("one.txt"), "run": "echo one > one.txt"},
        {"ask": asks("/etc/one.txt"), "run": "echo bad > bad.txt"},
        {"say": "All is done.\nPHASE_COMPLETE: 1"},
    ]));
    check("acp_leave", &world, &run(&world, &words));
    check("acp_leave_logs", &world, &world.coordinate(&["logs", "--step", AGENT]));
    assert_eq!((world.read("one.txt"), world.has("bad.txt")), ("one\n".to_owned(), false));
    let chosen: Vec<Value> =
        heard(&world).iter().filter_map(|message| message["result"]["outcome"].get("optionId").cloned()).collect();
    assert_eq!(chosen, ["yes", "no"]);
    world.assert_nothing_left();
}

/// It is cancelled, and goes on with what it is told.
#[test]
fn words_reach_an_agent_at_work() {
    let (world, words) = scripted(&json!([does("echo ready"), {"wait": true}, does("echo one > one.txt")]));
    let running = start(&world, &words);
    await_doing(&world, "echo ready");
    let run = world.show()["run"].as_str().unwrap().to_owned();
    check("acp_steer", &world, &world.coordinate(&["steer", &run, "use", "tabs"]));
    let ended = running.finish();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let prompts = prompts(&world);
    assert_eq!(prompts.len(), 2, "{prompts:#?}");
    assert!(prompts[1].ends_with("use tabs"), "{prompts:#?}");
    let said = step(&world.show(), AGENT)["said"][0].clone();
    assert_eq!((&said["told"]["attempt"], &said["heard"]), (&json!(1), &json!(true)), "{said:#}");
    check("acp_steer_show", &world, &world.coordinate(&["show"]));
    world.assert_nothing_left();
}

#[test]
fn words_go_into_the_turn_of_an_agent_that_takes_them_there() {
    let can = json!({"_meta": {"steering": {"supported": true}}});
    let (world, words) =
        scripted(&json!([{"can": can}, does("echo ready"), {"wait": true}, does("echo one > one.txt")]));
    let running = start(&world, &words);
    await_doing(&world, "echo ready");
    let run = world.show()["run"].as_str().unwrap().to_owned();
    assert_eq!(world.coordinate(&["steer", &run, "use tabs", "--step", AGENT]).code, Some(0));
    assert_eq!(running.finish().code, Some(0));
    let steered = heard(&world).into_iter().filter(|message| message["method"] == "_session/steering").count();
    assert_eq!((steered, prompts(&world).len()), (1, 1));
    assert_eq!(step(&world.show(), AGENT)["said"][0]["heard"], true);
}

/// A program that only reads its prompt has it there.
#[test]
fn words_to_an_agent_that_can_not_hear_are_in_its_next_prompt() {
    let world = World::new(&[("PLAN.md", PLAN)]);
    let line = format!("cat > \"$HOME/prompt\"; echo one > one.txt; echo 'PROGRESS: ready'; {WAITS}");
    let script = world.env.script("agent", &line);
    let command = format!("sh '{}'", script.display());
    let words = ["run", "PLAN.md", "--agent", "command", "--agent-command", &command, "-c", "test.command=true"]
        .map(str::to_owned);
    let running = start(&world, &words);
    await_doing(&world, "ready");
    let run = world.show()["run"].as_str().unwrap().to_owned();
    check("steer_next_prompt", &world, &world.coordinate(&["steer", &run, "use tabs"]));
    assert_eq!(world.coordinate(&["pause"]).code, Some(0));
    running.finish();
    world.env.script("../go", "");
    assert_eq!(world.coordinate(&["resume", "--yes"]).code, Some(0));
    let prompt = std::fs::read_to_string(world.env.root().join("home/prompt")).unwrap();
    assert!(prompt.contains("# What was said since") && prompt.contains("- use tabs\n"), "{prompt}");
    let told = step(&world.show(), AGENT)["said"][0]["told"]["attempt"].clone();
    assert_eq!(told, 2);
    check("steer_nobody", &world, &world.coordinate(&["steer", &run, "too late"]));
}

/// Who asks waits through the death of the driver; the next one answers.
#[test]
fn a_request_outlives_the_driver_that_was_to_answer_it() {
    let (world, words) = scripted(&json!([
        does("echo ready"),
        does(WAITS),
        {"ask": asks("one.txt"), "run": "echo one > one.txt"},
    ]));
    let driver = start(&world, &words);
    await_doing(&world, "until");
    driver.signal(Signal::KILL);
    driver.finish();
    world.env.script("../go", "");
    let attempts = world.env.root().join("repo/.coordinate");
    await_that("the request", || holds(&attempts, "session/request_permission"));
    assert!(!heard(&world).iter().any(|message| message["id"] == "ask-1"));
    let resumed = world.coordinate(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    let shown = world.show();
    let agent = step(&shown, AGENT);
    assert_eq!(agent["attempts"].as_array().unwrap().len(), 1, "{agent:#}");
    let answers = heard(&world).iter().filter(|message| message["id"] == "ask-1").count();
    assert_eq!((answers, world.read("one.txt")), (1, "one\n".to_owned()));
    world.assert_nothing_left();
}

/// Whether a transcript below a folder has this text.
fn holds(folder: &std::path::Path, text: &str) -> bool {
    World::entries(folder).into_iter().any(|name| {
        let path = folder.join(&name);
        if path.is_dir() {
            return holds(&path, text);
        }
        name == "transcript" && std::fs::read_to_string(&path).is_ok_and(|found| found.contains(text))
    })
}

#[test]
fn every_bad_end_is_told() {
    for (acts, expected) in [
        (json!([{"say": "x"}, {"exit": 3}]), "exit code 3"),
        (json!([{"stop": "refusal"}]), "it stopped: refusal"),
        (json!([{"stop": "max_tokens"}]), "it stopped: max tokens"),
        (json!([{"can": {"protocolVersion": 2}}]), "it speaks version 2 of the protocol"),
        (json!([{"refuse": {"code": -32000, "message": "Authentication required"}}]), "log in with `acp`"),
        (json!([{"refuse": {"code": -32603, "message": "model not found"}}]), "model not found"),
    ] {
        let (world, words) = scripted(&acts);
        let outcome = run(&world, &words);
        assert_eq!(outcome.code, Some(1), "{acts}: {outcome:#?}");
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(text.contains(expected), "{acts}: {text}");
        world.assert_no_trees();
    }
}

#[test]
fn an_agent_without_a_program_is_refused() {
    let world = World::new(&[("PLAN.md", PLAN)]);
    check("acp_no_program", &world, &world.coordinate(&["run", "PLAN.md", "--agent", "acp"]));
    check("acp_not_installed", &world, &world.coordinate(&["run", "PLAN.md", "--agent", "claude-acp"]));
}
