//! What a request would mean: `scope` and `topic name`, whole outputs.

use crate::support::World;
use crate::support::redact::{redacted, whole};
use serde_json::Value;

const PLAN: &str = "# Auth\n\n### Phase 1: One\n- [ ] a\n";

fn world() -> World {
    World::new(&[
        ("specs/012_auth/plans/001_auth_plan.md", PLAN),
        ("notes/todo.md", PLAN),
        ("notes/other.md", "# Other\n"),
    ])
}

#[track_caller]
fn shows(name: &str, world: &World, arguments: &[&str]) {
    let outcome = world.coordinate(arguments);
    redacted(world, || insta::assert_snapshot!(name, whole(&outcome)));
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), "", "it wrote something");
}

#[track_caller]
fn scope_of(world: &World, arguments: &[&str]) -> String {
    let outcome = world.coordinate(&[&["scope"], arguments].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    outcome.stdout.trim().to_owned()
}

/// Shows S2.
#[test]
fn scope_says_what_decided() {
    let world = world();
    let request = "We are slow. Compare Redis, Memcached and Hazelcast, then write a plan. Do not implement it.";
    shows("scope", &world, &["scope", request]);
    shows("scope_explain", &world, &["scope", request, "--explain"]);
    shows("scope_json", &world, &["scope", request, "--json"]);
    shows("scope_explain_fix", &world, &["scope", "fix", "the", "token", "refresh", "bug", "--explain"]);
    let plan = "revise specs/012_auth/plans/001_auth_plan.md to use sessions";
    shows("scope_explain_plan", &world, &["scope", plan, "--explain"]);
    shows("scope_explain_flag", &world, &["scope", plan, "--explain", "--scope", "debug-only"]);
    shows("scope_unknown", &world, &["scope", "add login", "--scope", "everything"]);
    shows("scope_nothing", &world, &["scope", "  "]);
}

#[test]
fn scope_as_json_has_exactly_the_published_keys() {
    let outcome = world().coordinate(&["scope", "implement notes/todo.md", "--json"]);
    let value: Value = serde_json::from_str(&outcome.stdout).expect("one object");
    let keys: Vec<&String> = value.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["complexity", "plan_path", "reasons", "scope", "topics"]);
    assert_eq!(value["scope"], "full-implementation");
    assert_eq!(value["plan_path"], "notes/todo.md");
}

#[test]
fn only_a_file_with_phases_or_among_plans_is_a_plan() {
    let world = world();
    assert_eq!(scope_of(&world, &["update notes/todo.md with what we learned"]), "research-and-revise");
    assert_eq!(scope_of(&world, &["update notes/other.md with what we learned"]), "full-implementation");
    assert_eq!(scope_of(&world, &["update notes/gone.md with what we learned"]), "full-implementation");
}

#[test]
fn environment_and_configuration_stand_in_their_order() {
    let world = world();
    let scope = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = world.command(&[&["scope", "implement login"], arguments].concat());
        let output = command.envs(variables.iter().copied()).output().expect("the program can be started");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let (ours, older) = (("COORDINATE_SCOPE", "debug-only"), ("CLAUDE_WORKFLOW_SCOPE", "research-only"));
    assert_eq!(scope(&[], &[]), "full-implementation");
    assert_eq!(scope(&[older], &[]), "research-only");
    assert_eq!(scope(&[older, ours], &[]), "debug-only");
    assert_eq!(scope(&[older, ours], &["--scope", "research-and-plan"]), "research-and-plan");
    assert_eq!(scope_of(&world, &["the dashboard", "-c", "default_scope=research-only"]), "research-only");
    shows("scope_bad_default", &world, &["scope", "the dashboard", "-c", "default_scope=all"]);
}

#[test]
fn topics_can_be_chosen() {
    let world = world();
    shows(
        "scope_topics",
        &world,
        &["scope", "research locks", "--explain", "--topic", "Lock order", "--topic", "Deadlocks"],
    );
}

#[test]
fn topic_name_prints_the_name_alone() {
    let world = world();
    shows("topic_name", &world, &["topic", "name", "Research the /home/user/nvim/docs directory"]);
    shows("topic_name_nothing", &world, &["topic", "name", ""]);
}
