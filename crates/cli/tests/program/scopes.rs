//! Every workflow that ships, with every scope: where it ends and what it leaves, or why it is refused.

use crate::support::World;
use crate::support::redact::redacted;
use serde_json::Value;

const PLAN: &str = "specs/001_old/plans/001_old_plan.md";

const PLANNED: &str = "# Old\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] write one\n";

const SCOPES: [&str; 5] =
    ["research-only", "research-and-plan", "research-and-revise", "full-implementation", "debug-only"];

/// A request that goes with a scope.
fn request(workflow: &str, scope: &str) -> &'static str {
    match (workflow, scope) {
        ("implement", _) => PLAN,
        (_, "research-and-revise") => "revise specs/001_old/plans/001_old_plan.md to add a ninth phase",
        (_, "debug-only") => "fix the failing test",
        (_, _) => "a number printer",
    }
}

fn world() -> World {
    // Only who is to debug finds something to debug.
    let tests = "test:\n\ttest ! -e word.txt || grep good word.txt\n";
    let world = World::new(&[("README.md", "# A project\n"), (PLAN, PLANNED), ("Makefile", tests)]);
    world.role("debug-specialist", "echo good > word.txt");
    world
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().expect("an array").iter().filter_map(Value::as_str).collect()
}

/// What came of it, in a line.
#[track_caller]
fn ended(workflow: &str, scope: &str) -> String {
    let world = world();
    if scope == "debug-only" {
        world.write("word.txt", "bad\n");
        world.git(&["add", "word.txt"]);
        world.git(&["commit", "-qm", "bad"]);
    }
    let outcome = world.run_authored(&["--workflow", workflow, "--scope", scope, request(workflow, scope)]);
    if outcome.code == Some(2) {
        assert_eq!(World::entries(&world.repo.join("specs")), ["001_old"], "{outcome:#?}");
        return format!("{workflow} {scope}: exit 2\n{}", outcome.stderr);
    }
    let run = world.show();
    let states = [words(&run["completed_states"]), vec![run["state"].as_str().expect("a state")]].concat();
    let left = world.json(&["artifacts", "--json"]);
    let left: Vec<&str> = left.as_array().expect("an array").iter().filter_map(|one| one["type"].as_str()).collect();
    world.env.assert_no_leftovers();
    let code = outcome.code.expect("an exit code");
    format!("{workflow} {scope}: exit {code}, {} ({})\n", states.join(" → "), left.join(", "))
}

#[track_caller]
fn shows(workflows: &[&str]) {
    let mut table = String::new();
    for workflow in workflows {
        for scope in SCOPES {
            table.push_str(&ended(workflow, scope));
        }
    }
    let name = format!("scopes_{}", workflows[0]);
    redacted(&world(), || insta::assert_snapshot!(name, table));
}

/// Shows S1, S2, S18.
#[test]
fn coordinate_ends_where_each_scope_says() {
    shows(&["coordinate"]);
}

/// Shows S18.
#[test]
fn orchestrate_ends_where_each_scope_says() {
    shows(&["orchestrate"]);
}

/// Shows S18.
#[test]
fn supervise_ends_where_each_scope_says() {
    shows(&["supervise"]);
}

/// Shows S18.
#[test]
fn small_workflows_have_one_scope_and_refuse_the_others() {
    shows(&["research", "plan", "revise", "implement", "debug"]);
}
