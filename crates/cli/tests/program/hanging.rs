//! Clients that do not come to their end by themselves: they hang after their last word, say it twice or late, or write
//! for ever without doing anything.

use crate::clients::{REFUSED, WRITE, client, run, world};
use crate::support::{World, step};
use coordinate_testkit::Outcome;
use serde_json::Value;
use std::time::{Duration, Instant};

const AGENT: &str = "implement/p1/agent";

/// Prints what it has to say, and then nothing more.
const SAY_AND_HANG: &str = "echo hello > hello.txt; cat \"$here/claude.jsonl\"; exec sleep 1000";

/// What Claude Code says at its end.
fn last_word(transcript: &str) -> &str {
    transcript.lines().find(|line| line.contains("\"type\":\"result\"")).expect("it has a result")
}

/// Runs the plan with a client that does this; the limits are short, that of silence is not.
fn with(world: &World, lines: &str, transcript: &str) -> Outcome {
    client(world, "claude", lines, transcript);
    let limits = ["agent.conclude_seconds=1", "agent.stall_seconds=1", "agent.grace_seconds=1"];
    let limits = limits.into_iter().flat_map(|limit| ["-c", limit]);
    let words = ["run", "PLAN.md", "--agent", "claude"].into_iter().chain(limits);
    run(world, &words.collect::<Vec<_>>())
}

fn agent(world: &World) -> Value {
    step(&world.show(), AGENT).clone()
}

#[track_caller]
fn assert_failed(world: &World, class: &str, kind: &str, message: &str) {
    let failure = agent(world)["attempts"].as_array().unwrap().last().unwrap()["failure"].clone();
    assert_eq!((&failure["class"], &failure["kind"]), (&class.into(), &kind.into()), "{failure:#}");
    assert!(failure["message"].as_str().unwrap().contains(message), "{failure:#}");
}

#[test]
fn the_work_of_one_that_hangs_after_its_last_word_counts() {
    let world = world();
    let begun = Instant::now();
    let outcome = with(&world, SAY_AND_HANG, WRITE);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(begun.elapsed() < Duration::from_secs(60), "it was waited for {:?}", begun.elapsed());
    assert_eq!(agent(&world)["attempts"][0]["ending"]["how"], "idle_limit");
    assert_eq!(world.read("hello.txt"), "hello\n");
    world.assert_nothing_left();
}

#[test]
fn one_that_says_that_it_failed_and_hangs_has_failed_for_that_reason() {
    let world = world();
    assert_eq!(with(&world, SAY_AND_HANG, REFUSED).code, Some(1));
    assert_failed(&world, "permanent", "client-failed", "`claude` says that it failed: ");
    world.assert_no_trees();
}

#[test]
fn the_newest_of_two_last_words_counts() {
    let both = |first: &str, second: &str| format!("{}\n{}\n", last_word(first), last_word(second));
    let good = world();
    assert_eq!(with(&good, "echo hello > hello.txt", &both(REFUSED, WRITE)).code, Some(0));
    let bad = world();
    assert_eq!(with(&bad, "echo hello > hello.txt", &both(WRITE, REFUSED)).code, Some(1));
    assert_failed(&bad, "permanent", "client-failed", "`claude` says that it failed: ");
}

#[test]
fn one_that_goes_on_after_its_last_word_is_let() {
    let world = world();
    let more = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"One more thing."}]}}"#;
    // Three times as long as one that has concluded may be silent.
    let lines =
        format!("grep '\"type\":\"result\"' \"$here/claude.jsonl\"; echo '{more}'; sleep 3; echo hello > hello.txt");
    let outcome = with(&world, &lines, WRITE);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(agent(&world)["attempts"][0]["ending"]["how"], "exited");
    world.assert_nothing_left();
}

#[test]
fn one_that_only_says_that_it_is_alive_is_ended_and_what_it_did_is_kept() {
    let world = world();
    let beat = r#"echo half > hello.txt; while :; do echo '{"type":"system","subtype":"heartbeat"}'; sleep 0.1; done"#;
    assert_eq!(with(&world, beat, WRITE).code, Some(1));
    assert_failed(&world, "transient", "idle-timeout", "the agent did nothing for 1 s");
    let attempts = agent(&world)["attempts"].as_array().unwrap().clone();
    let endings: Vec<&str> = attempts.iter().map(|attempt| attempt["ending"]["how"].as_str().unwrap()).collect();
    assert_eq!(endings, ["stalled"; 3]);
    let snapshot = attempts[2]["snapshot"].as_str().unwrap();
    assert_eq!(world.git(&["show", &format!("{snapshot}:hello.txt")]), "half");
    world.assert_no_trees();
}

#[test]
fn one_that_is_silent_after_an_error_has_that_error() {
    let world = world();
    // It tries again by itself, for ever, and says so only in its log.
    let error =
        "timestamp=T level=ERROR message=\\\"stream error\\\" error.error=\\\"AI_APICallError: usage limit reached\\\"";
    client(&world, "opencode", &format!("echo \"{error}\" >&2; exec sleep 1000"), "");
    let words = ["run", "PLAN.md", "--agent", "opencode", "--no-wait", "-c", "agent.idle_seconds=1"];
    assert_eq!(run(&world, &words).code, Some(4));
    assert_failed(
        &world,
        "quota",
        "client-failed",
        "`opencode` was silent for 1 s after an error: the service refused: usage limit reached",
    );
    assert_eq!(agent(&world)["attempts"].as_array().unwrap().len(), 1, "what waits for a reset is not tried again");
}
