//! `plan expand|collapse`: the same plan in other files, from outside.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World};

const FILE: &str = "specs/001_small_things/plans/001_small_things.md";
const FOLDER: &str = "specs/001_small_things/plans/001_small_things";

#[track_caller]
fn command(name: &str, world: &World, arguments: &[&str]) {
    let outcome = world.coordinate(arguments);
    redacted(world, || insta::assert_snapshot!(name, whole(&outcome)));
}

fn plan() -> Plan {
    Plan::new().sh("one", &[], "one.txt", "echo 1 > one.txt").sh("two", &[1], "two.txt", "echo 2 > two.txt")
}

fn world() -> World {
    World::new(&[
        ("README.md", "# A project\n"),
        (FILE, &plan().text()),
        ("specs/001_small_things/reports/001_r.md", "# R\n\nFor [the plan](../plans/001_small_things.md).\n"),
    ])
}

/// Shows S8.
#[test]
fn a_phase_gets_its_own_file_and_comes_back() {
    let world = world();
    command("plan_expand_dry_run", &world, &["plan", "expand", FILE, "2", "--dry-run"]);
    assert!(world.has(FILE));
    command("plan_expand", &world, &["plan", "expand", FILE, "2"]);
    command("plan_expand_again", &world, &["plan", "expand", FILE, "2"]);
    command("plan_expand_json", &world, &["plan", "expand", FOLDER, "1", "--json"]);
    let mut files = World::entries(&world.repo.join(FOLDER));
    files.retain(|file| file.starts_with("phase"));
    assert_eq!(files, ["phase_1_one.md", "phase_2_two.md"]);
    assert!(
        world
            .read("specs/001_small_things/reports/001_r.md")
            .contains("](../plans/001_small_things/001_small_things.md)")
    );
    assert_eq!(world.coordinate(&["plan", "check", FOLDER]).code, Some(0));

    command("plan_collapse", &world, &["plan", "collapse", FOLDER, "2"]);
    let overview = format!("{FOLDER}/001_small_things.md");
    command("plan_collapse_last", &world, &["plan", "collapse", &overview, "1"]);
    assert!(!world.has(FOLDER));
    assert_eq!(world.git(&["status", "--porcelain"]), "", "there and back is not what it was");
}

/// Shows S8.
#[test]
fn an_expanded_plan_is_implemented_and_ticked_in_all_its_files() {
    let world = world();
    assert_eq!(world.coordinate(&["plan", "expand", FILE, "2"]).code, Some(0));
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "apart"]);
    let outcome = world.coordinate(&["run", FOLDER, "--agent", "offline"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("two.txt"), "2\n");
    for file in ["001_small_things.md", "phase_2_two.md"] {
        assert!(world.read(&format!("{FOLDER}/{file}")).contains("Phase 2: two [COMPLETE]"), "{file}");
    }
    assert_eq!(world.coordinate(&["plan", "collapse", FOLDER, "2"]).code, Some(0));
    assert_eq!(world.read(FILE), plan().ticked());
}

#[test]
fn what_can_not_be_split_says_why() {
    let world = world();
    command("plan_expand_no_phase", &world, &["plan", "expand", FILE, "9"]);
    command("plan_expand_no_plan", &world, &["plan", "expand", "nowhere.md", "1"]);
    command("plan_collapse_there", &world, &["plan", "collapse", FILE, "1"]);
    world.write("../outside.md", &plan().text());
    command("plan_expand_outside", &world, &["plan", "expand", "../outside.md", "1"]);
    world.write(FILE, "# P\n\n### Phase 1: A\n");
    command("plan_expand_unsound", &world, &["plan", "expand", FILE, "1"]);
}
