//! The inbox: what agents ask leave for and gates, seen, answered, remembered; rules that deny go first.

use crate::support::process::await_that;
use crate::support::redact::{redacted, whole};
use crate::support::{Started, World, json_lines, step};
use coordinate_testkit::processes::kill;
use coordinate_testkit::{Outcome, scripted_acp_agent};
use rustix::process::Signal;
use serde_json::{Value, json};

const PLAN: &str = "# One\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] write it\n";
const AGENT: &str = "implement/p1/agent";
const ASKS: &str = "permissions.ask=[\"Bash(git push)\"]";

/// A repository, and the arguments of `run` with an agent that follows these acts, under a setting.
fn scripted(acts: &Value, setting: &str) -> (World, Vec<String>) {
    let world = World::new(&[("PLAN.md", PLAN)]);
    let script = world.env.script("acts.json", &acts.to_string());
    let line = format!("'{}' '{}'", scripted_acp_agent().display(), script.display());
    let words =
        ["run", "PLAN.md", "--agent", "acp", "--agent-command", &line, "-c", "test.command=true", "-c", setting];
    (world, words.map(str::to_owned).to_vec())
}

fn run(world: &World, words: &[String]) -> Outcome {
    world.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Starts the run, and waits until it asks.
#[track_caller]
fn asked(world: &World, words: &[String]) -> (Started, String) {
    let running = world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    (running, await_question(world))
}

/// The id of the one question, once there is one.
#[track_caller]
fn await_question(world: &World) -> String {
    let questions = || world.json(&["inbox", "--json"]);
    await_that("a question", || questions().as_array().is_some_and(|all| !all.is_empty()));
    questions()[0]["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn check(name: &str, world: &World, outcome: &Outcome) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
}

/// The agent asks whether it may run this, and runs something else if it may: nothing here is to reach a network.
fn asks(command: &str, does: &str) -> Value {
    let call = json!({"toolCallId": command, "title": command, "kind": "execute", "rawInput": {"command": command}});
    json!({"ask": call, "run": does})
}

fn heard(world: &World) -> String {
    std::fs::read_to_string(world.env.script("acts.seen", "").with_file_name("heard.jsonl")).unwrap_or_default()
}

/// Shows N7.
#[test]
fn a_question_is_in_the_inbox_with_its_evidence_and_yes_goes_on() {
    let (world, words) = scripted(&json!([asks("git push origin main", "echo one > one.txt")]), ASKS);
    let (running, id) = asked(&world, &words);
    let whole = world.coordinate(&["inbox", &id]);
    for part in ["the rule `Bash(git push)`", "command   git push origin main", "role      implementation-executor"] {
        assert!(whole.stdout.contains(part), "{part}: {whole:#?}");
    }
    let line = world.coordinate(&["inbox"]);
    assert!(line.stdout.contains(&id) && line.stdout.contains("git push origin main"), "{line:#?}");
    assert!(world.coordinate(&["why"]).stdout.contains(&format!("coordinate approve {id}")));
    assert!(world.coordinate(&["ps"]).stdout.contains("1 question: `coordinate inbox`"));
    let approved = world.coordinate(&["approve", &id[..4]]);
    assert_eq!(approved.code, Some(0), "{approved:#?}");
    let ended = running.finish();
    assert_eq!((ended.code, world.read("one.txt")), (Some(0), "one\n".to_owned()), "{ended:#?}");
    assert_eq!(world.json(&["inbox", "--json"]), json!([]));
    assert_eq!(world.json(&["inbox", "--all", "--json"])[0]["answer"]["answer"], "approved");
    let late = world.coordinate(&["reject", &id]);
    assert_eq!(late.code, Some(2), "{late:#?}");
    world.assert_nothing_left();
}

/// Shows P3.
#[test]
fn a_no_reaches_the_agent_with_its_reason() {
    let can = json!({"can": {"_meta": {"steering": {"supported": true}}}});
    let acts = json!([can, asks("git push", "echo bad > bad.txt"), {"wait": true}, {"run": "echo one > one.txt"}]);
    let (world, words) = scripted(&acts, ASKS);
    let (running, id) = asked(&world, &words);
    assert_eq!(world.coordinate(&["reject", &id, "--comment", "use a branch"]).code, Some(0));
    let ended = running.finish();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!((world.read("one.txt"), world.has("bad.txt")), ("one\n".to_owned(), false));
    assert!(heard(&world).contains("refused `execute: git push`: use a branch"), "{}", heard(&world));
}

/// Shows N7.
#[test]
fn what_denies_goes_first_and_nobody_is_asked() {
    let acts = json!([asks("cd x && git -C . push", "echo bad > bad.txt"), {"run": "echo one > one.txt"}]);
    let (world, mut words) = scripted(&acts, "permissions.deny=[\"Bash(git push)\"]");
    words.extend(["-c", "permissions.allow=[\"Bash\"]", "-c", "permissions.ask=[\"Bash\"]"].map(str::to_owned));
    let ended = run(&world, &words);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!((world.read("one.txt"), world.has("bad.txt")), ("one\n".to_owned(), false));
    assert!(ended.stderr.contains("it may not (the rule `Bash(git push)`"), "{ended:#?}");
    assert_eq!(world.json(&["inbox", "--all", "--json"]), json!([]));
}

/// Driver and client are killed; the answer waits for who asks again.
///
/// Shows N7.
#[test]
fn an_answer_outlives_everybody() {
    let (world, words) = scripted(&json!([asks("git push", "echo one >> one.txt")]), ASKS);
    let (driver, id) = asked(&world, &words);
    driver.signal(Signal::KILL);
    driver.finish();
    await_that("the end of all", || {
        world.env.leftovers().iter().for_each(|process| kill(process.pid));
        world.env.leftovers().is_empty()
    });
    let approved = world.coordinate(&["approve", &id]);
    assert!(approved.stdout.contains("recorded; nobody drives this run"), "{approved:#?}");
    let resumed = world.coordinate(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    assert_eq!(world.read("one.txt"), "one\n");
    let run = world.show();
    // This agent can not go on in its session: the second try says so and does nothing, and the third begins anew.
    assert_eq!(step(&run, AGENT)["attempts"].as_array().unwrap().len(), 3);
    let prompts = json_lines(&heard(&world)).iter().filter(|message| message["method"] == "session/prompt").count();
    assert_eq!((prompts, run["questions"].as_array().unwrap().len()), (2, 1), "it was asked once");
    world.assert_no_trees();
}

#[test]
fn always_answers_the_like_of_it_and_says_the_rule() {
    let acts = json!([asks("make it", "echo one > one.txt"), asks("make it", "echo two >> one.txt")]);
    let (world, words) = scripted(&acts, "permissions.default=ask");
    let (running, id) = asked(&world, &words);
    let approved = world.coordinate(&["approve", &id, "--always"]);
    assert!(approved.stdout.contains("`allow = [\"Bash(make it)\"]`"), "{approved:#?}");
    assert_eq!(running.finish().code, Some(0));
    assert_eq!(world.read("one.txt"), "one\ntwo\n");
}

#[test]
fn what_can_not_be_kept_or_is_no_rule_is_refused_before_anything_begins() {
    let world = World::new(&[("PLAN.md", PLAN)]);
    let run = |more: &[&str]| world.coordinate(&[&["run", "PLAN.md", "--agent", "offline"], more].concat());
    check("permissions_unkept", &world, &run(&["-c", "permissions.deny=[\"WebFetch\"]"]));
    check("permissions_no_rule", &world, &run(&["-c", "permissions.deny=[\"Bash(git push\"]"]));
    check("permissions_no_default", &world, &run(&["-c", "permissions.default=always"]));
    check("inbox_unknown", &world, &world.coordinate(&["inbox", "q1"]));
    assert_eq!(world.json(&["inbox", "--json"]), json!([]));
}
