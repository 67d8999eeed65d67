//! The classifier: asked where the words alone would decide, once, and never again.

use crate::support::World;
use crate::support::redact::{redacted, whole};
use coordinate_testkit::Outcome;
use std::os::unix::fs::PermissionsExt;

const REQUEST: &str = "the parser could be better";
const ANSWER: &str = "{\"scope\": \"research-only\", \"complexity\": 2, \"confidence\": 0.9, \"topics\": \
                      [{\"name\": \"Parser speed\", \"slug\": \"speed\", \"focus\": \"large files\"}, \
                      {\"name\": \"Parser errors\"}]}";

/// A world whose classifier counts its calls, keeps the question, and does this.
fn world(does: &str) -> World {
    let world = World::new(&[("README.md", "# A project\n")]);
    let text = format!("#!/bin/sh\nhere=${{0%/*}}\necho asked >> \"$here/asked\"\ncat > \"$here/question\"\n{does}\n");
    let script = world.env.script("classifier", &text);
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!("[classifier]\ncommand = [\"{}\"]\nseconds = 60\n", script.display());
    let place = world.env.root().join("config/coordinate/config.toml");
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place, config).unwrap();
    world
}

fn answers(answer: &str) -> World {
    world(&format!("cat <<'EOF'\n{answer}\nEOF"))
}

fn asked(world: &World) -> usize {
    world.beside("asked").lines().count()
}

#[track_caller]
fn shows(name: &str, world: &World, arguments: &[&str]) {
    let outcome = world.coordinate(arguments);
    redacted(world, || insta::assert_snapshot!(name, whole(&outcome)));
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), "", "it wrote something");
    let left = World::entries(&world.env.root().join("tmp"));
    assert_eq!(left, Vec::<String>::new(), "the classifier's folder is left");
    world.env.assert_no_leftovers();
}

/// Shows S2.
#[test]
fn an_accepted_answer_decides_and_says_so() {
    let world = answers(ANSWER);
    shows("classifier_accepted", &world, &["scope", REQUEST, "--explain"]);
    shows("classifier_accepted_json", &world, &["scope", REQUEST, "--json"]);
    shows("classifier_fewer_topics", &world, &["scope", REQUEST, "--explain", "--complexity", "1"]);
    assert_eq!(world.beside("question"), format!("{{\"request\":\"{REQUEST}\",\"existing_plans\":[]}}"));
    assert_eq!(asked(&world), 3);
}

/// Shows S2.
#[test]
fn where_it_does_not_count_the_rules_decide_and_the_output_says_why() {
    let unsure = answers("{\"scope\": \"debug-only\", \"confidence\": 0.5}");
    shows("classifier_unsure", &unsure, &["scope", REQUEST, "--explain"]);
    let trusted = unsure.coordinate(&["scope", REQUEST, "-c", "classifier.threshold=0.5"]);
    assert_eq!(whole(&trusted), "--- stdout\ndebug-only\n--- exit 0\n");
    shows("classifier_broken", &answers("Sure! Here it is:"), &["scope", REQUEST, "--json"]);
    shows("classifier_failed", &world("echo no key >&2; exit 3"), &["scope", REQUEST]);
    shows(
        "classifier_missing",
        &answers(ANSWER),
        &["scope", REQUEST, "-c", "classifier.command=[\"no-such-program\"]"],
    );
}

#[test]
fn a_slow_one_is_ended_with_all_its_processes() {
    let world = world("setsid sleep 300 & sleep 300");
    shows("classifier_slow", &world, &["scope", REQUEST, "-c", "classifier.seconds=1"]);
}

#[test]
fn what_is_stronger_is_not_asked_about() {
    let world = answers(ANSWER);
    world.write("plans/a.md", "# A\n\n### Phase 1: One\n- [ ] a\n");
    let scope = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = world.command(&[&["scope"], arguments].concat());
        let outcome: Outcome = command.envs(variables.iter().copied()).output().unwrap().into();
        outcome.stdout.trim_end().to_owned()
    };
    assert_eq!(scope(&[REQUEST, "--scope", "debug-only"], &[]), "debug-only");
    assert_eq!(scope(&[REQUEST], &[("COORDINATE_SCOPE", "debug-only")]), "debug-only");
    assert_eq!(scope(&["implement plans/a.md"], &[]), "full-implementation");
    assert_eq!(scope(&[REQUEST, "-c", "classifier.command=[]"], &[]), "research-and-plan");
    assert_eq!(world.coordinate(&["paths", REQUEST]).code, Some(0));
    assert_eq!(asked(&world), 0);
    assert_eq!(scope(&[REQUEST], &[]), "research-only");
    assert_eq!(asked(&world), 1);
}

#[test]
fn a_run_keeps_the_answer_and_resuming_asks_no_more() {
    let world = answers(ANSWER);
    let wait = "cat >> \"$here/prompts\"\nuntil test -e \"$here/go\"; do sleep 0.02; done\n\
                report x > \"$COORDINATE_ARTIFACT\"";
    world.role("research-specialist", wait);
    let words = world.authored(&["--max-parallel", "1", REQUEST]);
    let run = world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    crate::support::process::await_that("the first agent", || world.calls().len() == 1);
    run.signal(rustix::process::Signal::KILL);
    run.finish();
    world.env.script("go", "");
    let resumed = world.coordinate(&["resume"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    assert_eq!(asked(&world), 1, "it was asked again");
    let prompts = world.beside("prompts");
    assert!(prompts.contains("Subject: Parser speed\n\nFocus: large files\n"), "{prompts}");
    let shown = world.show();
    assert_eq!(shown["scope"], "research-only");
    assert_eq!(shown["reasons"][0], "the classifier says so, with a confidence of 0.9");
    let reports = World::entries(&world.repo.join("specs/001_parser_better/reports"));
    assert_eq!(reports, ["001_speed.md", "002_parser_errors.md", "OVERVIEW.md"]);
    world.assert_nothing_left();
}
