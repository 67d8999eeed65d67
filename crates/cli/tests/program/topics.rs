//! Topics from outside: listed, archived, moved, their links kept right; and the way from a plan to its summary.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World};
use coordinate_testkit::Outcome;
use serde_json::json;

const README: (&str, &str) = ("README.md", "# A project\n");
const TOPIC: &str = "specs/001_implement_number_printer";

/// The author's plan, with metadata.
const PLANNER: &str = "printf '# A plan\\n\\n## Metadata\\n\\n- **Date**: 2026-11-21\\n\\n### Phase 1: One\\n**Files**: one.txt\\n\\n- [ ] write one\\n' > \"$COORDINATE_ARTIFACT\"
echo \"PLAN_CREATED: $COORDINATE_ARTIFACT\"";

#[track_caller]
fn shows(name: &str, world: &World, outcome: &Outcome) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
}

#[track_caller]
fn command(name: &str, world: &World, arguments: &[&str]) {
    shows(name, world, &world.coordinate(arguments));
}

/// A project in which a request was carried out to its end, and which has another topic that leads to the first.
fn finished() -> World {
    let world = World::new(&[README]);
    world.role("plan-architect", PLANNER);
    let outcome = world.run_authored(&["implement", "a", "number", "printer"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    world.write(
        "specs/002_other/notes.md",
        &format!("See [the plan](../../{TOPIC}/plans/001_implement_number_printer_plan.md).\n"),
    );
    world
}

/// Shows S17.
#[test]
fn plan_and_reports_lead_to_the_summary_by_a_commit_of_their_own() {
    let world = finished();
    let expected =
        ["docs(001): link the summary", "feat(001): complete phase 1 - One", "docs(001): take in the plan", "first"];
    assert_eq!(world.subjects("main"), expected);
    let line = "- **Summary**: [001_implement_number_printer_summary.md](../summaries/001_implement_number_printer_summary.md)";
    for file in ["plans/001_implement_number_printer_plan.md", "reports/001_number_printer.md"] {
        let text = world.read(&format!("{TOPIC}/{file}"));
        assert!(text.contains(line), "{file}: {text}");
    }
    let changed = world.git(&["diff", "--stat", "HEAD~1", "HEAD"]);
    assert!(changed.contains("2 files changed, 2 insertions(+)"), "{changed}");
    // What was verified is still what is there, but for that line.
    let rows = world.json(&["artifacts", "--type", "report", "--json"]);
    assert_eq!(rows[0]["verdict"], "verified", "{rows:#}");
    let summary = world.read(&format!("{TOPIC}/summaries/001_implement_number_printer_summary.md"));
    assert!(summary.contains("- **Reports**: ["), "{summary}");
    world.assert_nothing_left();
}

/// Shows S17.
#[test]
fn a_finished_topic_is_archived_and_comes_back() {
    let world = finished();
    command("topic_list", &world, &["topic", "list"]);
    command("topic_list_json", &world, &["topic", "list", "--json"]);
    command("topic_archive_dry_run", &world, &["topic", "archive", "--finished", "--dry-run"]);
    assert!(world.has(TOPIC));
    command("topic_archive", &world, &["topic", "archive", "--finished"]);
    command("topic_archive_again", &world, &["topic", "archive", "implement_number_printer"]);
    command("topic_list_archived", &world, &["topic", "list"]);
    command("topic_artifacts_moved", &world, &["artifacts", "--type", "report"]);
    assert!(world.read("specs/002_other/notes.md").contains("(../archive/001_implement_number_printer/plans/"));
    assert_eq!(world.coordinate(&["verify", "links", "specs/002_other/notes.md"]).code, Some(0));

    command("topic_restore", &world, &["topic", "restore", "1"]);
    assert_eq!(world.git(&["status", "--porcelain", "--untracked-files=no"]), "", "what came back is not what it was");
    assert_eq!(World::entries(&world.repo.join(".coordinate/state/batches")), ["lock"]);
}

/// Shows S3.
#[test]
fn the_number_of_an_archived_topic_is_never_given_again() {
    let world = World::new(&[README]);
    world.write("specs/archive/007_old/plans/001_old.md", "# Old\n");
    assert_eq!(world.json(&["paths", "--json", "research the parser"])["topic_number"], 8);
}

#[test]
fn what_is_not_finished_or_in_use_stays() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "until test -e \"$HOME/../go\"; do sleep 0.02; done"));
    world.write("specs/005_idea/reports/001_x.md", "# X\n");
    command("topic_archive_unfinished", &world, &["topic", "archive", "idea"]);
    command("topic_unknown", &world, &["topic", "archive", "nowhere"]);
    world.write("specs/006_idea/reports/001_x.md", "# X\n");
    command("topic_ambiguous", &world, &["topic", "move", "idea", "thought"]);
    command("topic_bad_name", &world, &["topic", "move", "5", "A Thought!"]);
    assert_eq!(world.coordinate(&["topic", "archive", "5", "--force"]).code, Some(0));

    let run = world.start(&["run", "PLAN.md", "--agent", "offline"]);
    let topic = world.repo.join("specs/007_small_things");
    crate::support::process::await_that("the topic", || {
        topic.is_dir()
            && world.json(&["ps", "--json"])[0]["outcome"].is_null()
            && world.json(&["ps", "--json"])[0].is_object()
    });
    for arguments in [
        &["topic", "archive", "7", "--force"][..],
        &["topic", "move", "7", "large_things"],
        &["topic", "update", "7"],
        &["plan", "expand", "PLAN.md", "1"],
    ] {
        let outcome = world.coordinate(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments:?}: {outcome:#?}");
        assert!(outcome.stderr.contains("is open"), "{arguments:?}: {outcome:#?}");
    }
    world.env.script("../go", "");
    assert_eq!(run.finish().code, Some(0));
}

#[test]
fn a_topic_gets_another_name_and_its_links_stay_right() {
    let world = finished();
    command("topic_move", &world, &["topic", "move", "1", "count_printer"]);
    assert!(world.read("specs/002_other/notes.md").contains("(../001_count_printer/plans/"));
    assert_eq!(world.coordinate(&["topic", "move", "1", "count_printer"]).stderr, "there is nothing to move\n");
    // Moved by hand, nobody mended the links; then `update` finds what has the number now.
    std::fs::rename(world.repo.join("specs/001_count_printer"), world.repo.join("specs/001_by_hand")).unwrap();
    command("topic_update_mends", &world, &["topic", "update", "2"]);
    assert!(world.read("specs/002_other/notes.md").contains("(../001_by_hand/plans/"));
}

#[test]
fn update_makes_every_file_lead_to_the_others() {
    let world = World::new(&[README]);
    let file = |name: &str| format!("# {name}\n\n## Metadata\n\n- **Date**: today\n\n## Rest\n\n[gone](../gone.md)\n");
    for path in ["reports/001_r.md", "reports/OVERVIEW.md", "plans/001_p.md", "debug/001_d.md", "summaries/001_s.md"] {
        world.write(&format!("specs/003_all/{path}"), &file(path));
    }
    command("topic_update", &world, &["topic", "update", "all"]);
    let texts = ["reports/001_r.md", "plans/001_p.md"].map(|path| world.read(&format!("specs/003_all/{path}")));
    redacted(&world, || insta::assert_snapshot!("topic_update_files", texts.join("\n===\n")));
    command("topic_update_again", &world, &["topic", "update", "all"]);
    assert_eq!(world.json(&["topic", "update", "all", "--json"])["written"], json!([]));
}

/// As a kill leaves it: the record is there, one of two files is written.
fn cut_off(world: &World) {
    world.write("specs/a.md", "new\n");
    world.write("specs/b.md", "old\n");
    let hash = |text: &str| coordinate_hash(world, text);
    let (old, new) = (json!({"hash": hash("old\n"), "mode": 0o644}), hash("new\n"));
    let steps =
        ["specs/a.md", "specs/b.md"].map(|path| json!({"do": "write", "path": path, "before": old, "after": new}));
    let folder = ".coordinate/state/batches/cut";
    world.write(
        &format!("{folder}/batch.json"),
        &json!({"format": 1, "title": "topic move 1 x", "steps": steps}).to_string(),
    );
    world.write(&format!("{folder}/0"), "old\n");
    world.write(&format!("{folder}/1"), "old\n");
}

fn coordinate_hash(world: &World, text: &str) -> String {
    world.write("../hashed", text);
    let output = std::process::Command::new("sha256sum").arg(world.repo.join("../hashed")).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

/// Shows S26.
#[test]
fn a_batch_that_was_cut_off_is_taken_back_by_the_next_command() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "true"));
    for arguments in
        [&["doctor"][..], &["run", "PLAN.md", "--agent", "offline", "--dry-run"], &["topic", "archive", "--finished"]]
    {
        cut_off(&world);
        let outcome = world.coordinate(arguments);
        assert_eq!(outcome.code, Some(0), "{arguments:?}: {outcome:#?}");
        assert!(format!("{outcome:?}").contains("topic move 1 x"), "{arguments:?}: {outcome:#?}");
        assert_eq!(world.read("specs/a.md"), "old\n", "{arguments:?}");
    }
    cut_off(&world);
    world.write("specs/b.md", "mine\n");
    command("batch_stuck", &world, &["topic", "archive", "--finished"]);
    command("batch_stuck_run", &world, &["run", "PLAN.md", "--agent", "offline"]);
    command("batch_stuck_doctor", &world, &["doctor"]);
    assert_eq!((world.read("specs/a.md"), world.read("specs/b.md")), ("new\n".to_owned(), "mine\n".to_owned()));
}

/// Says that this process took the number 002 for a run that has no first event.
fn begun_by(world: &World, process: &serde_json::Value) {
    let place = world.repo.join(".coordinate/state/reserved/specs-001_small_things");
    let taken = "specs/001_small_things/summaries/002_small_things_summary.md";
    std::fs::create_dir_all(place.join("summaries/002_small_things_summary.md")).expect("a mark can be made");
    let mut holder = json!({"run": "run_00000000000000000000000042", "taken": [taken]});
    holder.as_object_mut().expect("an object").extend(process.as_object().expect("an object").clone());
    std::fs::write(place.join("holder.json"), holder.to_string()).expect("it can be written");
}

/// The summary of a second run of one plan, after a process that is told of here has begun one.
#[track_caller]
fn second_summary(process: &serde_json::Value) -> serde_json::Value {
    let world = World::with_plan(&Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt"));
    assert_eq!(world.run_offline(&[]).code, Some(0));
    begun_by(&world, process);
    let outcome = world.run_offline(&["--all"]);
    assert!(matches!(outcome.code, Some(0 | 1)), "{outcome:#?}");
    world.show()["paths"]["summary"].clone()
}

#[test]
fn a_run_that_was_killed_before_its_first_event_leaves_no_gap_in_the_numbers() {
    let dead = second_summary(&json!({"boot_id": "another", "pid": 1, "start_time": 1}));
    assert_eq!(dead, "specs/001_small_things/summaries/002_small_things_summary.md");
    // What nobody can say of is left to it.
    let unknown = second_summary(&json!({"boot_id": null, "pid": null, "start_time": null}));
    assert_eq!(unknown, "specs/001_small_things/summaries/003_small_things_summary.md");
}
