//! `verify …`: whole outputs, and that nothing is left behind.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World};
use coordinate_testkit::{Outcome, wait_until};
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

const REPORT: &str = "# Login

## Metadata
- **Date**: 2026-11-21
- **Agent**: research-specialist
- **Topic**: login
- **Report Type**: codebase analysis
- **Complexity**: 3

## Executive Summary
It works.

## Findings
[Sessions](../../../src/login.rs) expire.

## Recommendations
1. Keep it.

## References
- [login](../../../src/login.rs:1)
";

const GOOD: &str = "specs/001_login/reports/001_good.md";
const BAD: &str = "specs/001_login/reports/002_bad.md";
const OVERVIEW: &str = "specs/001_login/reports/OVERVIEW.md";
const DEBUG: &str = "specs/001_login/debug/001_debug.md";
const PLAN: &str = "specs/001_login/plans/001_plan.md";

fn world() -> World {
    let bad = REPORT.replace("It works.", "{{summary}}").replace("## Findings", "## Remarks");
    let bad = bad.replace("- **Agent**: research-specialist\n", "").replace("../../../src/login.rs)", "src/login.rs)");
    let overview = "# Overview\n\n## Metadata\n- Date: 2026-11-21\n- Agent: a\n- Topic: login\n\n## Executive Summary\nx\n\n\
                    ## Reports\n- [good](001_good.md)\n- [third](003_third.md)\n\n## Findings\nx\n\n## Recommendations\n- x\n";
    let debug = "# Why\n\n## Metadata\n- Date: 2026-11-21\n- Agent: a\n\n## Summary\nx\n\n## Evidence\nx\n\n## Root cause\n\
                 x\n\n## Next steps\n";
    let plan = "# Plan\n\n### Phase 1: A\nDependencies: [2]\n- [ ] a\n\n### Phase 2: B\nDependencies: [1]\n- [ ] b\n";
    let world = World::new(&[
        (GOOD, REPORT),
        (BAD, &bad),
        (OVERVIEW, overview),
        (DEBUG, debug),
        (PLAN, plan),
        ("src/login.rs", "fn login() {}\n"),
        ("out/empty.txt", ""),
        ("out/folder/x", "x"),
    ]);
    // The newest names of a folder are told, and files that are written at once have the same time.
    for (age, path) in (0_u64..).zip(["out/folder", "out/empty.txt", OVERVIEW, BAD, GOOD]) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 - age);
        std::fs::File::open(world.repo.join(path)).unwrap().set_modified(time).unwrap();
    }
    world
}

#[track_caller]
fn check(name: &str, world: &World, outcome: &Outcome, code: i32) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
    assert_eq!(outcome.code, Some(code), "{outcome:#?}");
}

/// A check, named by its snapshot, that must not write anything.
#[track_caller]
fn verified(name: &str, world: &World, arguments: &[&str], code: i32) {
    let before = world.git(&["status", "--porcelain", "--ignored"]);
    check(name, world, &world.coordinate(&[&["verify"], arguments].concat()), code);
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), before, "it wrote something");
}

/// Shows S12.
#[test]
fn artifacts() {
    let world = world();
    verified("verify_good", &world, &["report", GOOD], 0);
    verified("verify_good_verbose", &world, &["report", GOOD, "-v"], 0);
    verified("verify_file_json", &world, &["file", "src/login.rs", "--json"], 0);
    verified("verify_report", &world, &["report", GOOD, BAD], 1);
    verified("verify_report_json", &world, &["report", BAD, "--json"], 1);
    verified(
        "verify_missing",
        &world,
        &["report", "specs/001_login/reports/004_gone.md", "specs/009_x/reports/1.md"],
        1,
    );
    verified("verify_file", &world, &["file", "out/empty.txt", "out/folder", "src/login.rs"], 1);
    verified("verify_overview", &world, &["overview", OVERVIEW], 1);
    verified("verify_debug", &world, &["debug", DEBUG], 1);
    verified("verify_plan", &world, &["plan", PLAN], 1);
    verified("verify_links", &world, &["links", OVERVIEW, GOOD, BAD], 1);
    verified("verify_no_path", &world, &["report"], 2);
}

#[test]
fn help() {
    let world = World::new(&[]);
    verified("help_verify", &world, &["--help"], 0);
    verified("help_verify_report", &world, &["report", "--help"], 0);
    verified("help_verify_commits", &world, &["commits", "--help"], 0);
    verified("help_verify_tests", &world, &["tests", "--help"], 0);
}

#[test]
fn paths_count_from_the_folder_that_one_is_in() {
    let world = world();
    let mut command = world.command(&["verify", "report", "reports/001_good.md", "-v"]);
    let outcome: Outcome = command.current_dir(world.repo.join("specs/001_login")).output().unwrap().into();
    assert_eq!(outcome.stdout, format!("✓ report `{GOOD}` ({} bytes)\n", REPORT.len()), "{outcome:#?}");
}

/// Shows S8, S12.
#[test]
fn a_plan_in_a_folder_is_its_markdown_files_and_nothing_below() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "true").sh("two", &[1], "", "true"));
    assert_eq!(world.coordinate(&["plan", "expand", "PLAN.md", "2"]).code, Some(0));
    world.write("PLAN/notes.txt", "### Phase 2: Again\n\n- [ ] again\n");
    world.write("PLAN/old/phase_2_two.md", "### Phase 2: Again\n\n- [ ] again\n");
    let outcome = world.coordinate(&["verify", "plan", "PLAN", "-v"]);
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("✓ plan `PLAN` (0 bytes)\n", Some(0)), "{outcome:#?}");
    world.write("PLAN/phase_3_two.md", "### Phase 2: Again\n\n- [ ] again\n");
    let outcome = world.coordinate(&["verify", "plan", "PLAN"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
}

#[test]
fn what_lies_outside_the_project_is_refused() {
    let world = world();
    std::fs::write(world.env.root().join("outside.md"), REPORT).unwrap();
    symlink(world.env.root().join("outside.md"), world.repo.join("linked.md")).unwrap();
    verified("verify_outside", &world, &["report", "../outside.md", "linked.md"], 1);
    let told = world.coordinate(&["verify", "file", "../outside.md", ".", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&told["checked"][0]["bytes"], &told["checked"][1]["name"]), (&0.into(), &".".into()), "{told:#}");
}

/// Shows S12, S17.
#[test]
fn the_summary_of_a_run_keeps_its_contract() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt"));
    assert_eq!(world.run_offline(&[]).code, Some(0));
    let folder = World::entries(&world.repo.join("specs"))[0].clone();
    let summary = format!("specs/{folder}/summaries/001_{}_summary.md", &folder[4..]);
    let outcome = world.coordinate(&["verify", "summary", &summary]);
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("✓\n", Some(0)), "{outcome:#?}");
    world.write(&summary, &world.read(&summary).replace("## Tests", "## Trials"));
    verified("verify_summary", &world, &["summary", &summary], 1);
}

/// Shows S12.
#[test]
fn commits() {
    let world = world();
    world.git(&["checkout", "-q", "-b", "side"]);
    world.git(&["commit", "-q", "--allow-empty", "-m", "aside"]);
    world.git(&["tag", "aside"]);
    world.git(&["checkout", "-q", "main"]);
    world.git(&["commit", "-q", "--allow-empty", "-m", "second"]);
    verified("verify_commits", &world, &["commits", "HEAD", "HEAD~1..HEAD", "main"], 0);
    verified("verify_commits_verbose", &world, &["commits", "HEAD~1..", "-v"], 0);
    let bad = ["commits", "main", "deadbeef", "aside", "HEAD..HEAD~1", "nothing..HEAD", "--json"];
    verified("verify_commits_json", &world, &bad, 1);
    verified("verify_commits_bad", &world, &bad[..6], 1);
    verified("verify_commits_three_dots", &world, &["commits", "a...b"], 2);
}

/// After a test run nothing of it is left.
#[track_caller]
fn tests_of(name: &str, world: &World, arguments: &[&str], code: i32) {
    let mut outcome = world.coordinate(&[&["verify", "tests"], arguments].concat());
    let timeless = |line: &str| {
        if line.contains("\"duration_ms\"") { "  \"duration_ms\": …".to_owned() } else { line.to_owned() }
    };
    outcome.stdout = outcome.stdout.lines().map(timeless).collect::<Vec<_>>().join("\n");
    check(name, world, &outcome, code);
    assert_eq!(world.refs("refs/coordinate"), Vec::<String>::new());
    assert_eq!(world.refs("refs/heads"), ["refs/heads/main"]);
    assert!(!world.has(".coordinate/state/verify"), "the command's folder is left");
    world.assert_no_trees();
}

/// Shows S12.
#[test]
fn tests_run_on_what_is_committed() {
    let world = World::new(&[("Makefile", "test:\n\t@cat value; test \"$$(cat value)\" = 1\n"), ("value", "1\n")]);
    tests_of("verify_tests_good", &world, &[], 0);
    world.write("value", "2\n");
    world.write("left_over", "x");
    tests_of("verify_tests_uncommitted", &world, &["--verbose"], 0);
    world.git(&["commit", "-q", "-am", "break it"]);
    tests_of("verify_tests_bad", &world, &[], 1);
    tests_of("verify_tests_bad_json", &world, &["--command", "cat value; echo no >&2; exit 3", "--json"], 1);
    tests_of("verify_tests_set_up", &world, &["-c", "worktree.setup=[\"echo 1 > value\"]"], 0);
    tests_of("verify_tests_bad_set_up", &world, &["-c", "worktree.setup=[\"echo broken; false\"]"], 2);
    assert!(world.has("left_over") && world.read("value") == "2\n", "the checkout was touched");
}

#[test]
fn without_a_test_command_or_a_commit() {
    let world = World::new(&[("README.md", "x\n")]);
    verified("verify_tests_no_command", &world, &["tests"], 2);
    verified("verify_tests_empty_command", &world, &["tests", "-c", "test.command="], 2);
    world.git(&["update-ref", "-d", "refs/heads/main"]);
    check("verify_tests_no_commit", &world, &world.coordinate(&["verify", "tests", "--command", "cat README.md"]), 0);
}

#[test]
fn an_interrupt_ends_the_tests_and_puts_the_tree_away() {
    let world = World::new(&[("README.md", "x\n")]);
    let command = format!("touch '{}'; sleep 600", world.env.root().join("began").display());
    let arguments = ["verify", "tests", "--command", &command];
    let mut child = world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(wait_until(Duration::from_secs(30), || world.env.root().join("began").exists()), "it never began");
    let second = world.coordinate(&["verify", "tests", "--command", "true"]);
    assert_eq!(second.code, Some(2), "{second:#?}");
    assert!(second.stderr.contains("another `verify tests` is at work here"), "{second:#?}");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    world.assert_nothing_left();
}

#[test]
fn what_a_kill_left_is_taken_over_by_the_next() {
    let world = World::new(&[("README.md", "x\n")]);
    let command = format!("touch '{}'; touch left; sleep 600", world.env.root().join("began").display());
    let arguments = ["verify", "tests", "--command", &command];
    let mut child = world.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert!(wait_until(Duration::from_secs(30), || world.env.root().join("began").exists()), "it never began");
    child.kill().unwrap();
    child.wait().unwrap();
    let outcome = world.coordinate(&["verify", "tests", "--command", "test ! -e left"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    world.assert_nothing_left();
}
