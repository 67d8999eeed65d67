//! One request through all eight states: researched, planned, implemented with a change of the plan on the way, tested,
//! debugged, documented.

use crate::support::World;
use crate::support::eight::{ARGUMENTS, PLAN, TOPIC, assert_done, world};
use crate::support::redact::{redacted, whole};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn arguments(world: &World) -> Vec<String> {
    world.authored(&ARGUMENTS)
}

/// Shows S1, S15, S16, S17.
#[test]
fn a_request_passes_all_eight_states() {
    let world = world(&[]);
    let words = arguments(&world);
    let outcome = world.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>());
    redacted(&world, || insta::assert_snapshot!("eight_states", whole(&outcome)));
    assert_done(&world);
    redacted(&world, || insta::assert_snapshot!("eight_states_plan", world.read(PLAN)));
    for (name, command) in [
        ("eight_states_changes", &["show", "--changes"][..]),
        ("eight_states_diagram", &["show", "--diagram"]),
        ("eight_states_metrics", &["metrics"]),
    ] {
        redacted(&world, || insta::assert_snapshot!(name, whole(&world.coordinate(command))));
    }
    // The size of a summary depends on the times in it.
    let artifacts = world.json(&["artifacts", "--json"]);
    let columns = |artifact: &Value| {
        ["type", "verdict", "step", "path"].map(|name| artifact[name].as_str().unwrap_or("?")).join("  ")
    };
    let artifacts: Vec<String> = artifacts.as_array().expect("an array").iter().map(columns).collect();
    redacted(&world, || insta::assert_snapshot!("eight_states_artifacts", artifacts.join("\n")));
    let log = world.git(&["log", "--format=%s", "--name-status", "main"]);
    redacted(&world, || insta::assert_snapshot!("eight_states_commits", log));
}

/// Runs the program until it has come to another state, and kills it there. Whether there was one.
#[track_caller]
fn killed_at_a_border(mut command: Command) -> bool {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program can be started");
    let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines().map_while(Result::ok);
    let border = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    let found = border.into_iter().any(|event| event["event"] == "transition_completed");
    if found {
        child.kill().expect("a child that was not waited for can be killed");
    }
    let status = child.wait().expect("a child can be waited for");
    assert!(found || status.success(), "{status}");
    found
}

/// Shows S7, S22.
#[test]
fn killed_at_every_border_of_states_it_ends_the_same() {
    let undisturbed = world(&[]);
    let words = arguments(&undisturbed);
    let outcome = undisturbed.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");

    let world = world(&[]);
    let words = [arguments(&world), vec!["--json".to_owned()]].concat();
    let mut kills = 0;
    let mut next = world.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    while killed_at_a_border(next) {
        kills += 1;
        next = world.command(&["resume", "--yes", "--json"]);
        if world.show()["outcome"] != Value::Null {
            break;
        }
    }
    // States without work of agents may be left before the kill comes.
    assert!((5..=8).contains(&kills), "killed at {kills} borders");
    assert_done(&world);
    let tree = |world: &World| world.git(&["rev-parse", "main^{tree}"]);
    assert_eq!(tree(&world), tree(&undisturbed), "the result differs from that of an undisturbed run");
    let mut calls = [world.calls(), undisturbed.calls()];
    calls.iter_mut().for_each(|calls| calls.sort());
    assert_eq!(calls[0], calls[1], "a step was done twice, or not at all");
    assert!(world.has(&format!("{TOPIC}/summaries/001_implement_greeter_parser_summary.md")));
}
