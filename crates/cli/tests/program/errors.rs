//! What is refused before anything is done: message, hint, exit code, and that nothing was written.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World};
use coordinate_testkit::hermetic;

fn small() -> World {
    World::with_plan(&Plan::new().sh("one", &[], "", "echo 1 > one.txt"))
}

#[track_caller]
fn refused(name: &str, world: &World, arguments: &[&str], code: i32) {
    let before = world.git(&["status", "--porcelain", "--ignored"]);
    let outcome = world.coordinate(arguments);
    redacted(world, || insta::assert_snapshot!(name, whole(&outcome)));
    assert_eq!(outcome.code, Some(code), "{outcome:#?}");
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), before, "it wrote something");
}

#[test]
fn bad_usage() {
    let world = small();
    for (name, arguments) in [
        ("error_no_plan_file", &["run", "NO.md", "--agent", "offline"][..]),
        ("error_empty_request", &["run", " ", "--agent", "offline"]),
        ("error_no_agent_found", &["run", "PLAN.md"]),
        ("error_unknown_agent", &["run", "PLAN.md", "--agent", "robot"]),
        ("error_command_agent_without_program", &["run", "PLAN.md", "--agent", "command"]),
        ("error_open_quote", &["run", "PLAN.md", "--agent", "command", "--agent-command", "'x"]),
        ("error_unknown_workflow", &["run", "PLAN.md", "--agent", "offline", "--workflow", "mine"]),
        ("error_unknown_key", &["run", "PLAN.md", "--agent", "offline", "-c", "agent.idel_seconds=1"]),
        ("error_no_pair", &["config", "-c", "max_parallel"]),
        ("error_bad_value", &["config", "-c", "max_parallel=many"]),
        ("error_no_parallel", &["run", "PLAN.md", "--max-parallel", "0"]),
        ("error_unknown_command", &["runn"]),
        ("error_unknown_flag", &["run", "PLAN.md", "--fast"]),
        ("error_no_project", &["ps", "--project", "nowhere"]),
        ("error_show_without_runs", &["show"]),
        ("error_contradicting_flags", &["run", "PLAN.md", "--trust-ticks", "--all"]),
    ] {
        refused(name, &world, arguments, 2);
    }
}

#[test]
fn a_workflow_file_with_mistakes_names_them_all() {
    let world = small();
    let text = world.coordinate(&["workflows", "show", "coordinate"]).stdout;
    let text = text.replace("on_failure = \"debug\"", "on_failure = \"debugg\"").replace("format = 1", "format = 9");
    let file = world.env.script("bad.toml", &text).display().to_string();
    refused("error_bad_workflow", &world, &["run", "PLAN.md", "--agent", "offline", "--workflow", &file], 2);
    let file = world.env.script("broken.toml", "format = ").display().to_string();
    refused("error_broken_workflow", &world, &["run", "PLAN.md", "--agent", "offline", "--workflow", &file], 2);
}

#[test]
fn configuration_files_with_mistakes_are_named() {
    let world = small();
    world.write(".coordinate/config.toml", "[agent]\nidle = 3\n");
    refused("error_unknown_key_in_file", &world, &["config"], 2);
    world.write(".coordinate/config.toml", "max_parallel = \n");
    refused("error_broken_file", &world, &["config"], 2);
}

#[test]
fn outside_git_nothing_is_implemented() {
    let env = hermetic();
    let folder = env.root().join("repo");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("PLAN.md"), Plan::new().sh("one", &[], "", ":").text()).unwrap();
    let world = World { env, repo: folder };
    let outcome = world.run_offline(&[]);
    redacted(&world, || insta::assert_snapshot!("error_no_repository", whole(&outcome)));
    assert_eq!(outcome.code, Some(2));
    assert_eq!(World::entries(&world.repo), ["PLAN.md"]);
    assert_eq!(world.coordinate(&["plan", "check", "PLAN.md"]).code, Some(0), "plans can be looked at anywhere");
}

#[test]
fn a_repository_without_a_commit_is_refused() {
    let world = World::new(&[]);
    world.git(&["update-ref", "-d", "refs/heads/main"]);
    world.write("PLAN.md", &Plan::new().sh("one", &[], "", ":").text());
    let outcome = world.run_offline(&[]);
    redacted(&world, || insta::assert_snapshot!("error_no_commit", whole(&outcome)));
    assert_eq!(outcome.code, Some(2));
    assert!(!world.has("specs") && !world.has(".coordinate"), "it wrote something: {outcome:#?}");
}

#[test]
fn runs_are_named_by_the_beginning_of_their_ids() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "false"));
    world.run_offline(&[]);
    world.run_offline(&[]);
    let runs = world.json(&["ps", "--json"]);
    let (newest, oldest) = (runs[0]["run"].as_str().unwrap(), runs[1]["run"].as_str().unwrap());
    assert!(newest > oldest, "{runs:#}");
    refused("error_unknown_run", &world, &["show", "run_zzzz"], 2);
    refused("error_ambiguous_run", &world, &["show", &oldest[..8]], 2);
    refused("error_cancel_ended", &world, &["cancel", newest], 2);
    refused("error_pause_none_open", &world, &["pause"], 2);
    refused("error_approve_nothing", &world, &["approve", newest], 2);
    let bare = oldest.strip_prefix("run_").unwrap();
    assert_eq!(world.json(&["show", bare, "--json"])["run"], oldest);
    assert_eq!(world.json(&["show", &oldest.to_uppercase().replace("RUN_", "run_"), "--json"])["run"], oldest);
}
