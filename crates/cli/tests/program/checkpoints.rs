//! Checkpoints from outside, and when `resume` goes on by itself.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World, json_lines};
use coordinate_engine::port::Storage;
use coordinate_store::SqliteStorage;
use coordinate_testkit::Outcome;
use serde_json::{Value, json};

#[track_caller]
fn shows(name: &str, world: &World, arguments: &[&str]) -> Outcome {
    let outcome = world.coordinate(arguments);
    redacted(world, || insta::assert_snapshot!(name, whole(&outcome)));
    outcome
}

fn two_phases() -> Plan {
    Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt").sh("two", &[1], "`two.txt`", "echo 2 > two.txt")
}

/// A project with a plan whose first phase is done, and a checkpoint of an older program that says so.
fn older(fields: Value) -> World {
    let world = World::with_plan(&two_phases());
    world.write(".coordinate/config.toml", "[agent]\nname = \"offline\"\n");
    world.write("one.txt", "1\n");
    world.git(&["add", "--all"]);
    world.git(&["commit", "-q", "-m", "phase 1"]);
    let written = world.repo.join("PLAN.md").metadata().unwrap().modified().unwrap();
    let seconds = written.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let today = world.git(&["log", "-1", "--format=%cI"]);
    let mut checkpoint = json!({
        "version": "1.2", "checkpoint_id": "implement_old", "workflow_type": "implement", "status": "in_progress",
        "workflow_description": "small things", "plan_path": "PLAN.md", "plan_modification_time": seconds,
        "current_phase": 2, "total_phases": 2, "completed_phases": [1], "tests_passing": true, "updated_at": today,
        "created_at": "2026-01-01T00:00:00Z",
    });
    checkpoint.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    world.write("../old.json", &checkpoint.to_string());
    world
}

/// Shows S6.
#[test]
fn a_run_is_exported_at_its_end_and_at_an_event() {
    let world = World::with_plan(&two_phases());
    assert_eq!(world.run_offline(&[]).code, Some(0));
    let end = world.json(&["checkpoint", "export"]);
    assert_eq!((&end["status"], &end["state_machine"]["current_state"]), (&json!("completed"), &json!("complete")));
    assert_eq!(end["waves"]["wave_results"]["1"]["status"], "completed");
    assert_eq!(end["phase_data"]["completed_phases"], json!([1, 2]));
    let begin = world.json(&["checkpoint", "export", "--at", "1"]);
    assert_eq!(
        (&begin["status"], &begin["event"], &begin["waves"]["current_wave"]),
        (&json!("in_progress"), &json!(1), &json!(1))
    );
    let written = world.coordinate(&["checkpoint", "export", "-o", "../end.json"]);
    assert_eq!((written.code, written.stdout.as_str()), (Some(0), ""), "{written:#?}");
    assert_eq!(world.json(&["checkpoint", "check", "../end.json", "--json"])["problems"], json!([]));
    shows("checkpoint_check", &world, &["checkpoint", "check", "../end.json"]);
    shows("checkpoint_no_event", &world, &["checkpoint", "export", "--at", "9999"]);
    let edited = world.read("../end.json").replace("\"completed\"", "\"failed\"");
    world.write("../edited.json", &edited);
    shows("checkpoint_edited", &world, &["checkpoint", "check", "../edited.json"]);
    shows("checkpoint_import_edited", &world, &["checkpoint", "import", "../edited.json"]);
    // The run itself is here, so that nothing is begun anew.
    let id =
        world.json(&["checkpoint", "import", "../end.json", "--json"])["checkpoint_id"].as_str().unwrap().to_owned();
    let resumed = world.coordinate(&["resume", &id]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    assert!(resumed.stdout.contains("has ended: succeeded"), "{resumed:#?}");
    assert_eq!(world.json(&["ps", "--json"]).as_array().unwrap().len(), 1);
}

/// Shows S6.
#[test]
fn an_older_checkpoint_is_imported_once_and_its_plan_goes_on() {
    let world = older(json!({}));
    let before = world.read("../old.json");
    shows("checkpoint_import", &world, &["checkpoint", "import", "../old.json"]);
    assert_eq!(world.coordinate(&["checkpoint", "import", "../old.json"]).code, Some(0));
    assert_eq!(world.read("../old.json"), before);
    let listed = world.json(&["checkpoint", "list", "--json"]);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &json!("implement_old")));
    assert_eq!(world.read(".coordinate/state/checkpoints/implement_old/original.json"), before);

    let outcome = world.coordinate(&["resume", "implement_old"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let run = world.show();
    assert_eq!(run["outcome"], "succeeded");
    let begun: Vec<&str> = run["steps"].as_array().unwrap().iter().filter_map(|step| step["id"].as_str()).collect();
    assert!(!begun.iter().any(|step| step.starts_with("implement/p1/")), "phase 1 was done again: {begun:?}");
    assert_eq!(world.read("two.txt"), "2\n");

    let again = world.coordinate(&["resume", "implement_old"]);
    assert!(again.stdout.contains("has ended: succeeded"), "{again:#?}");
    assert_eq!(world.json(&["ps", "--json"]).as_array().unwrap().len(), 1, "a second run was begun");
    assert_eq!(world.json(&["checkpoint", "list", "--json"])[0]["run"], run["run"]);
}

fn runs(world: &World) -> Vec<Value> {
    world.json(&["ps", "--json"]).as_array().unwrap().clone()
}

/// The run goes on once, whatever was noted for the checkpoint before.
#[track_caller]
fn goes_on_with_one_run(world: &World) {
    assert_eq!((runs(world).len(), &world.json(&["checkpoint", "list", "--json"])[0]["run"]), (0, &Value::Null));
    assert_eq!(world.coordinate(&["resume", "implement_old"]).code, Some(0));
    let again = world.coordinate(&["resume", "implement_old"]);
    assert!(again.stdout.contains("has ended: succeeded"), "{again:#?}");
    assert_eq!(runs(world).len(), 1);
    assert_eq!(world.json(&["checkpoint", "list", "--json"])[0]["run"], runs(world)[0]["run"]);
}

#[test]
fn a_run_that_was_noted_and_never_began_is_begun_once() {
    let world = older(json!({}));
    world.coordinate(&["checkpoint", "import", "../old.json"]);
    world.write(".coordinate/state/checkpoints/implement_old/run", "run_01jd0000000000000000000000\n");
    goes_on_with_one_run(&world);
}

#[test]
fn a_resume_that_is_killed_before_its_run_began_leaves_a_note_and_no_run() {
    let world = older(json!({}));
    world.coordinate(&["checkpoint", "import", "../old.json"]);
    let noted = world.repo.join(".coordinate/state/checkpoints/implement_old/run");
    let journal = SqliteStorage::open(&world.repo.join(".coordinate/state/journal.db")).unwrap();
    // While this transaction is open no run can begin.
    let held = journal.transaction(&"run_01jd0000000000000000000000".parse().unwrap(), &mut |_| {
        let resume = world.start(&["resume", "implement_old"]);
        crate::support::process::await_that("the note", || noted.exists());
        resume.signal(rustix::process::Signal::KILL);
        resume.finish();
        Ok(false)
    });
    held.unwrap();
    goes_on_with_one_run(&world);
}

#[test]
fn a_checkpoint_s_run_is_begun_with_the_agent_that_is_named_and_keeps_it() {
    let world = older(json!({}));
    world.write(".coordinate/config.toml", "");
    world.coordinate(&["checkpoint", "import", "../old.json"]);
    let unchosen = world.coordinate(&["resume", "implement_old"]);
    assert_eq!(unchosen.code, Some(2), "{unchosen:#?}");
    let resumed = world.coordinate(&["resume", "implement_old", "--agent", "offline"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    assert_eq!(world.show()["options"]["agent"]["name"], "offline");
    shows("resume_other_agent", &world, &["resume", "implement_old", "--agent", "command", "--agent-command", "x"]);
    let run = runs(&world)[0]["run"].as_str().unwrap().to_owned();
    let of_run = world.coordinate(&["resume", &run, "--agent-command", "x"]);
    assert_eq!((of_run.code, of_run.stderr.contains("`--agent-command`")), (Some(2), true), "{of_run:#?}");
}

/// The first condition that does not hold is the reason; nothing is begun.
#[track_caller]
fn asks(fields: Value, condition: &str) {
    let world = older(fields);
    assert_eq!(world.coordinate(&["checkpoint", "import", "../old.json"]).code, Some(0));
    let outcome = world.coordinate(&["resume", "implement_old", "--json"]);
    assert_eq!(outcome.code, Some(3), "{outcome:#?}");
    let lines = json_lines(&outcome.stdout);
    assert_eq!((lines.len(), &lines[0]["automatic"]), (1, &json!(false)), "{outcome:#?}");
    let against = lines[0]["conditions"].as_array().unwrap().iter().find(|one| one["holds"] == false).unwrap();
    assert_eq!(against["condition"], condition, "{outcome:#?}");
    assert_eq!(world.json(&["ps", "--json"]), json!([]));
    let forced = world.coordinate(&["resume", "implement_old", "--force"]);
    assert_eq!(forced.code, Some(0), "{forced:#?}");
}

/// Shows S7.
#[test]
fn each_condition_that_does_not_hold_asks() {
    asks(json!({"tests_passing": false, "last_error": "x"}), "tests_passing");
    asks(json!({"last_error": "no space left", "status": "failed"}), "no_last_error");
    asks(json!({"status": "failed", "updated_at": "2020-01-01T00:00:00Z"}), "in_progress");
    asks(json!({"updated_at": "2020-01-01T00:00:00", "plan_modification_time": 1}), "recent");
    asks(json!({"updated_at": "yesterday"}), "recent");
    asks(json!({"plan_modification_time": 1_700_000_000}), "plan_unchanged");
    asks(json!({"plan_modification_time": null}), "plan_unchanged");
}

#[test]
fn a_refused_resume_says_why() {
    let world = older(json!({"tests_passing": false, "plan_modification_time": 5}));
    world.coordinate(&["checkpoint", "import", "../old.json"]);
    shows("resume_refused", &world, &["resume", "implement_old"]);
}

#[test]
fn an_imported_checkpoint_of_research_names_its_request() {
    let world = older(json!({"workflow_type": "coordinate", "current_phase": 1, "completed_phases": [0]}));
    shows("checkpoint_import_research", &world, &["checkpoint", "import", "../old.json"]);
}

/// Shows S7.
#[test]
fn a_run_whose_plan_was_edited_asks_and_ticks_are_no_edit() {
    let wait = "until test -e \"$HOME/../go\"; do sleep 0.02; done; echo 1 > one.txt";
    let world = World::with_plan(&Plan::new().sh("one", &[], "`one.txt`", wait));
    let run = world.start(&["run", "PLAN.md", "--agent", "offline"]);
    crate::support::process::await_that("the agent", || world.coordinate(&["why"]).stdout.contains("one"));
    run.signal(rustix::process::Signal::KILL);
    run.finish();
    world.env.script("../go", "");
    let plan = world.read("PLAN.md");
    world.write("PLAN.md", &plan.replace("do one", "do something else"));
    shows("resume_edited_plan", &world, &["resume"]);
    world.write("PLAN.md", &plan);
    let outcome = world.coordinate(&["resume"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
}

#[test]
fn named_texts_are_those_of_shell_state() {
    let world = World::new(&[("README.md", "# A project\n")]);
    world.coordinate(&["state", "init", "w"]);
    let text = "{\"supervisor_id\": \"r\", \"aggregated_metadata\": {}}";
    assert_eq!(world.coordinate(&["checkpoint", "save", "research_supervisor", text]).code, Some(0));
    assert_eq!(world.json(&["checkpoint", "load", "research_supervisor"])["supervisor_id"], "r");
    assert_eq!(world.json(&["state", "checkpoint", "load", "research_supervisor"])["supervisor_id"], "r");
    assert_eq!(world.json(&["checkpoint", "list", "--json"])[0]["id"], "research_supervisor");
    shows("checkpoint_load_unknown", &world, &["checkpoint", "load", "nobody"]);
}
