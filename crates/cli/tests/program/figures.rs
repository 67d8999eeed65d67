//! The log, the figures of runs, and the pictures of where they stand.

use crate::support::redact::{check, shows};
use crate::support::{Plan, World, json_lines};
use serde_json::Value;

fn world() -> World {
    let plan =
        Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt").sh("two", &[1], "`two.txt`", "echo 2 > two.txt");
    World::with_plan(&plan)
}

const LOG: &str = ".coordinate/state/logs/coordinate.log";

/// Shows S20.
#[test]
fn every_event_is_a_line_of_the_log() {
    let world = world();
    assert_eq!(world.run_offline(&["-c", "test.command=true"]).code, Some(0));
    let text = world.read(LOG);
    let mut events = Vec::new();
    for line in text.lines() {
        let (head, data) = line.rsplit_once(" | data=").expect("data");
        let data: Value = serde_json::from_str(data).expect("its data is JSON");
        let rest = head.strip_prefix('[').and_then(|head| head.split_once("] ")).expect("a time").1;
        let (level, rest) = rest.split_once(' ').expect("a level");
        let (event, _) = rest.split_once(": ").expect("an event");
        assert!(["DEBUG", "INFO", "WARN", "ERROR"].contains(&level), "{line}");
        assert_eq!(data["event"], event, "{line}");
        events.push(event.to_owned());
    }
    let journal = json_lines(&world.coordinate(&["logs", "--json"]).stdout);
    let of_journal: Vec<&str> = journal.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let own: Vec<&str> = events.iter().map(String::as_str).filter(|event| *event != "state_complete").collect();
    assert_eq!(own, of_journal);
    assert_eq!(events.iter().filter(|event| *event == "state_complete").count(), 3, "implement, test, document");
    assert!(
        text.contains("] INFO state_complete: implement: ✓ 6 of 6 steps, `true` passes; next: test | data={"),
        "{text}"
    );
}

/// Shows S20.
#[test]
fn a_full_log_is_put_aside() {
    let world = world();
    assert_eq!(world.run_offline(&["-c", "log.bytes=6000", "-c", "log.files=2"]).code, Some(0));
    let logs = World::entries(&world.repo.join(".coordinate/state/logs"));
    assert_eq!(logs, ["coordinate.log", "coordinate.log.1", "lock"]);
    assert!(world.read(&format!("{LOG}.1")).starts_with('['));
}

#[test]
fn a_log_that_can_not_be_written_stops_nothing() {
    let world = world();
    world.write(".coordinate/state/logs", "a file where a folder should be");
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(outcome.stderr.matches("can not be written").count(), 1, "{outcome:#?}");
}

/// Shows S20.
#[test]
fn the_end_of_each_state_is_an_event_of_the_stream() {
    let world = world();
    let outcome = world.run_offline(&["--json", "-c", "test.command=true"]);
    let ends: Vec<Value> =
        json_lines(&outcome.stdout).into_iter().filter(|event| event["event"] == "state_complete").collect();
    let of = |key: &str| ends.iter().map(|end| end[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("state"), ["implement", "test", "document"]);
    assert_eq!(of("next"), ["test", "document", "the end"]);
    assert_eq!(
        of("verification"),
        ["✓ 6 of 6 steps, `true` passes", "✓ 1 of 1 steps, `true` passes", "✓ 3 of 3 steps, `true` passes"]
    );
    assert!(ends[2]["artifacts"][0].as_str().unwrap().ends_with("_summary.md"), "{ends:#?}");
    let summary = world.read(world.show()["paths"]["summary"].as_str().unwrap());
    assert!(summary.contains("## States\n\n| state | time |\n|---|---|\n| implement | "), "{summary}");
}

#[test]
fn a_state_that_fails_is_told_too() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "`one.txt`", "exit 3"));
    check("state_box_failed", &world, &world.run_offline(&[]));
}

/// Shows S9, S20.
#[test]
fn metrics_of_a_run_and_of_all() {
    let world = world();
    assert_eq!(world.run_offline(&["-c", "test.command=true"]).code, Some(0));
    shows("metrics", &world, &["metrics"]);
    let mut all = world.coordinate(&["metrics", "--all"]);
    // A column is as wide as its time.
    let narrow = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    all.stdout = all.stdout.lines().map(narrow).collect::<Vec<_>>().join("\n");
    check("metrics_all", &world, &all);
    let json = world.json(&["metrics", "--json"]);
    assert_eq!((&json["tokens"], &json["usd"], &json["retries"]), (&Value::Null, &Value::Null, &0.into()));
    assert_eq!(json["delegation"], serde_json::json!({"part": 2, "of": 10}));
    assert_eq!(json["artifacts"], serde_json::json!({"part": 1, "of": 1}));
    assert_eq!(world.json(&["metrics", "--all", "--json"])["total"]["runs"], 1);
}

/// Shows S20.
#[test]
fn what_is_asked_for_and_created_is_counted_for_a_request() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let outcome = world.run_authored(&["--scope", "research-and-plan", "--topic", "a", "--topic", "b", "plan it"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let json = world.json(&["metrics", "--json"]);
    assert_eq!(json["artifacts"], serde_json::json!({"part": 3, "of": 3}));
    assert_eq!(json["delegation"], serde_json::json!({"part": 3, "of": 3}));
    assert!(json["saving"]["percent"].is_u64(), "{json:#}");
}

#[test]
fn own_figures_are_kept() {
    let world = world();
    shows("metrics_none", &world, &["metrics"]);
    shows("metrics_add_early", &world, &["metrics", "add", "bench.parse", "{\"ms\": 12}"]);
    assert_eq!(world.run_offline(&[]).code, Some(0));
    let id = world.show()["run"].as_str().unwrap().to_owned();
    assert_eq!(world.coordinate(&["metrics", "add", "tokens", "1200", "--run", &id]).code, Some(0));
    shows("metrics_list", &world, &["metrics", "list"]);
    shows("metrics_list_json", &world, &["metrics", "list", "tokens", "--json"]);
    assert!(world.coordinate(&["metrics"]).stdout.ends_with("recorded    tokens = 1200\n"));
    assert_eq!(world.json(&["metrics", "--json"])["recorded"][0]["value"], 1200);
    shows("metrics_add_no_json", &world, &["metrics", "add", "x", "twelve"]);
    shows("metrics_add_bad_name", &world, &["metrics", "add", "a b", "1"]);
    shows("metrics_add_no_run", &world, &["metrics", "add", "x", "1", "--run", "run_zzz"]);
}

/// Shows S1.
#[test]
fn a_diagram_is_drawn_of_a_run_and_of_a_checkpoint() {
    let world = world();
    assert_eq!(world.run_offline(&[]).code, Some(0));
    shows("show_diagram_without_history", &world, &["show", "--diagram", "--at", "12"]);
    assert_eq!(world.run_offline(&["--all"]).code, Some(0));
    shows("show_diagram_svg", &world, &["show", "--diagram", "svg"]);
    let export = world.coordinate(&["checkpoint", "export", "--at", "12"]);
    let file = world.env.script("at.json", &export.stdout).display().to_string();
    shows("show_diagram_checkpoint", &world, &["show", "--diagram", "--checkpoint", &file]);
    shows("show_diagram_with_history", &world, &["show", "--diagram", "--at", "12"]);
    let old = r#"{"version": "1.0", "checkpoint_id": "old", "workflow_type": "coordinate", "current_phase": 2}"#;
    let old = world.env.script("old.json", old).display().to_string();
    shows("show_diagram_old_checkpoint", &world, &["show", "--diagram", "--checkpoint", &old]);
    let broken = world.env.script("broken.json", "{").display().to_string();
    shows("show_diagram_broken_checkpoint", &world, &["show", "--diagram", "--checkpoint", &broken]);
}
