//! Context economy: what agents are told of what others left, and what it costs.

use crate::support::World;
use crate::support::redact::{redacted, whole};
use coordinate_testkit::Outcome;

/// Reports as long as real ones are.
const REPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/reports");
/// Leaves the report whose number the topic ends with.
const LEAVE: &str = "cp \"$here\"/reports/0\"${COORDINATE_SUBJECT##* }\"_*.md \"$COORDINATE_ARTIFACT\"";
/// Keeps what the role is told.
const KEEP: &str = "cp \"$COORDINATE_PROMPT_FILE\" \"$here/prompt\"";

fn world() -> World {
    let world = World::new(&[("README.md", "# A project\n")]);
    world.role("research-specialist", LEAVE);
    let place = world.env.root().join("scripts/reports");
    std::fs::create_dir_all(&place).unwrap();
    for entry in std::fs::read_dir(REPORTS).unwrap().flatten() {
        std::fs::copy(entry.path(), place.join(entry.file_name())).unwrap();
    }
    world
}

#[track_caller]
fn ends_well(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
}

#[track_caller]
fn shows(name: &str, world: &World, text: &str) {
    redacted(world, || insta::assert_snapshot!(name, text));
}

/// What the role that kept its prompt was told of what the others left.
fn told(world: &World) -> String {
    let prompt = world.beside("prompt");
    let list = prompt.lines().skip_while(|line| !line.starts_with("Read first"));
    list.take_while(|line| !line.starts_with("End every process")).collect::<Vec<_>>().join("\n")
}

/// Shows S13.
#[test]
fn the_planner_is_told_what_the_reports_are_about_and_no_more() {
    let world = world();
    world.role("plan-architect", &format!("{KEEP}; plan > \"$COORDINATE_ARTIFACT\""));
    let words = ["--topic", "storage 11", "--topic", "tests 12", "--topic", "webhooks 13"];
    ends_well(&world.run_authored(&[&words[..], &["research the shop and plan a rewrite"]].concat()));
    shows("context_planner", &world, &told(&world));
    let prompt = world.beside("prompt");
    assert!(!prompt.contains("autovacuum") && !prompt.contains("Autovacuum"), "a text was handed whole: {prompt}");
    let text = whole(&world.coordinate(&["show", "--context"]));
    let json = world.json(&["show", "--context", "--json"]);
    // The path of the tree counts, and it is a little longer or shorter each time.
    let handed = &json["receivers"][0]["handed"];
    assert!(handed.as_u64().is_some_and(|tokens| (280..340).contains(&tokens)), "{json:#}");
    insta::with_settings!({filters => [
        (r" +\d+ +\d\d\.\d %  (\S+ \(details\))", " [N] [N] %  $1"),
        (r"4815 +\d+ +\d\d\.\d %", "4815 [N] [N] %"),
    ]}, { shows("context_show", &world, &text) });
    assert_eq!(json["artifacts"].as_array().map(Vec::len), Some(4));
}

/// A world in which a report was made and a plan of it, by a workflow that says this in place of that.
#[track_caller]
fn planned_by(that: &str, this: &str) -> World {
    let world = world();
    world.role("plan-architect", &format!("{KEEP}; plan > \"$COORDINATE_ARTIFACT\""));
    let text = world.coordinate(&["workflows", "show", "coordinate"]).stdout;
    world.write("mine.toml", &text.replace(that, this));
    let words = ["--workflow", "mine.toml", "--topic", "storage 11", "research the shop and plan a rewrite"];
    ends_well(&world.run_authored(&words));
    world
}

#[test]
fn a_role_that_asks_for_it_is_handed_the_whole_text() {
    let world = planned_by("writes = \"plan\"\n", "writes = \"plan\"\ninputs = \"full\"\n");
    assert!(world.beside("prompt").contains("Autovacuum keeps"), "{}", world.beside("prompt"));
    let shown = world.coordinate(&["show", "--context"]).stdout;
    assert!(shown.contains("(full text)"), "{shown}");
}

#[test]
fn where_paths_alone_are_carried_no_more_is_told() {
    let world = planned_by("carry = \"metadata\"\n", "carry = \"paths\"\n");
    let prompt = world.beside("prompt");
    assert!(prompt.contains("\nRead first:\n- `"), "{prompt}");
    assert!(!prompt.contains("its title and the beginning"), "{prompt}");
}

#[test]
fn phases_work_by_the_plan_and_are_told_of_no_report() {
    let world = world();
    world.role("implementation-executor", &format!("{KEEP}; echo \"$COORDINATE_STEP\" | tee -a one.txt >> two.txt"));
    ends_well(&world.run_authored(&["--topic", "storage 11", "implement a number printer"]));
    assert_eq!(told(&world), "");
    assert!(!world.coordinate(&["show", "--context"]).stdout.contains("what implement"));
}

/// Shows S13.
#[test]
fn several_reports_get_an_overview_and_a_second_run_gets_its_own() {
    let world = world();
    let words = ["--max-parallel", "1", "--topic", "storage 11", "--topic", "tests 12", "research the shop"];
    let outcome = world.run_authored(&words);
    shows("context_overview", &world, &whole(&outcome));
    let reports = world.repo.join("specs/001_shop/reports");
    let first = std::fs::read_to_string(reports.join("OVERVIEW.md")).unwrap();
    ends_well(&world.run_authored(&words));
    let names = World::entries(&reports);
    assert!(names.contains(&"OVERVIEW_002.md".to_owned()), "{names:?}");
    assert_eq!(std::fs::read_to_string(reports.join("OVERVIEW.md")).unwrap(), first);
}

#[test]
fn one_report_needs_no_overview_and_neither_does_a_plan() {
    let world = world();
    ends_well(&world.run_authored(&["--topic", "storage 11", "research the shop"]));
    ends_well(&world.run_authored(&["--topic", "a 11", "--topic", "b 12", "research the store and plan a rewrite"]));
    assert!(!world.calls().iter().any(|call| call.ends_with("/overview")), "{:?}", world.calls());
}

#[test]
fn nothing_that_was_counted_is_said() {
    let world = world();
    world.role("research-specialist", "echo nothing > /dev/null");
    let _ = world.run_authored(&["--topic", "storage 11", "research the shop"]);
    shows("context_nothing", &world, &whole(&world.coordinate(&["show", "--context"])));
}
