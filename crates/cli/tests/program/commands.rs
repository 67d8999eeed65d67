//! What each command prints, whole: output, errors, exit code.

use crate::support::redact::{check, redacted, shows};
use crate::support::{Plan, World};
use coordinate_testkit::Outcome;

fn diamond() -> Plan {
    Plan::new()
        .sh("base", &[], "`base.txt`", "echo base > base.txt")
        .sh("left", &[1], "`left.txt`", "echo left > left.txt")
        .sh("right", &[1], "`right.txt`", "echo right > right.txt")
        .sh("join", &[2, 3], "`join.txt`", "cat left.txt right.txt > join.txt")
}

const BAD: &str = "# Bad

### Phase 1: One
**Dependencies**: [9]
- [ ] a

### Phase 2: Two
**Dependencies**: [2]
- [ ] b

### Phase 3: Three
**Dependencies**: [4]
- [ ] c

### Phase 4: Four
**Dependencies**: [3]
- [ ] d

### Phase 5: Five

### Phase 5: Five again
- [ ] e

### Phase 6: Six
**Dependencies**: [7]
- [ ] f

### Phase 7: Seven
**Files**: `../outside.txt`
- [ ] g
";

/// Shows S8, S9.
#[test]
fn plan_commands_on_a_good_plan() {
    let world = World::with_plan(&diamond());
    shows("plan_check_good", &world, &["plan", "check", "PLAN.md"]);
    shows("plan_waves", &world, &["plan", "waves", "PLAN.md"]);
    shows("plan_waves_json", &world, &["plan", "waves", "PLAN.md", "--json"]);
    shows("plan_graph", &world, &["plan", "graph", "PLAN.md"]);
    shows("plan_graph_mermaid", &world, &["plan", "graph", "PLAN.md", "--format", "mermaid"]);
    shows("plan_graph_dot", &world, &["plan", "graph", "PLAN.md", "--format", "dot"]);
    shows("run_dry", &world, &["run", "PLAN.md", "--agent", "offline", "--dry-run"]);
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), "", "a dry run writes nothing");
}

/// Shows S8.
#[test]
fn plan_commands_on_a_bad_plan() {
    let world = World::new(&[("BAD.md", BAD), ("empty.md", "# Nothing\n"), ("folder/readme.txt", "no plan\n")]);
    shows("plan_check_bad", &world, &["plan", "check", "BAD.md"]);
    shows("plan_waves_bad", &world, &["plan", "waves", "BAD.md"]);
    shows("plan_check_empty", &world, &["plan", "check", "empty.md"]);
    shows("plan_check_missing", &world, &["plan", "check", "no.md"]);
    shows("plan_check_folder_without_plan", &world, &["plan", "check", "folder"]);
    shows("run_bad", &world, &["run", "BAD.md", "--agent", "offline"]);
    assert!(!world.has(".coordinate") && !world.has("specs"), "a refused run writes nothing");
}

#[test]
fn a_declared_list_of_waves_that_differs_is_a_warning() {
    let text = format!("{}\n## Waves\n\n- Wave 1: [1, 2]\n- Wave 2: [3, 4]\n", diamond().text());
    let world = World::new(&[("PLAN.md", &text)]);
    shows("plan_check_warning", &world, &["plan", "check", "PLAN.md"]);
}

/// A run of phases that all wait for the one before, so that the order of its lines is the same each time.
fn ran() -> (World, Outcome) {
    let plan = Plan::new()
        .sh("base", &[], "`base.txt`", "echo base > base.txt")
        .sh("middle", &[1], "`middle.txt`", "echo middle > middle.txt")
        .sh("top", &[2], "`top.txt`", "echo on top\ncat base.txt middle.txt > top.txt");
    let world = World::with_plan(&plan);
    let outcome = world.run_offline(&[]);
    (world, outcome)
}

/// Shows S1, S22.
#[test]
fn a_run_that_succeeds() {
    let (world, outcome) = ran();
    check("run_good", &world, &outcome);
    shows("ps", &world, &["ps"]);
    shows("ps_json", &world, &["ps", "--json"]);
    shows("show", &world, &["show"]);
    shows("show_diagram", &world, &["show", "--diagram"]);
    shows("show_diagram_mermaid", &world, &["show", "--diagram", "mermaid"]);
    shows("show_diagram_dot", &world, &["show", "--diagram", "dot"]);
    shows("show_at", &world, &["show", "--at", "12"]);
    shows("show_diagram_at", &world, &["show", "--diagram", "--at", "12"]);
    shows("why_succeeded", &world, &["why"]);
    shows("logs", &world, &["logs"]);
    shows("logs_step", &world, &["logs", "--step", "implement/p3/agent"]);
    shows("logs_unknown_step", &world, &["logs", "--step", "implement/p9/agent"]);
    shows("show_at_too_late", &world, &["show", "--at", "99999"]);
    shows("resume_ended", &world, &["resume", &world.show()["run"].as_str().unwrap()[..12]]);
    shows("resume_none_open", &world, &["resume"]);
    let summary = world.show()["paths"]["summary"].as_str().unwrap().to_owned();
    redacted(&world, || insta::assert_snapshot!("summary", world.read(&summary)));
    shows("run_nothing_to_do", &world, &["run", "PLAN.md", "--agent", "offline"]);
}

#[test]
fn a_run_that_fails() {
    let world =
        World::with_plan(&Plan::new().sh("bad", &[], "", "echo before\nfalse\necho after").sh("next", &[1], "", ":"));
    check("run_failed", &world, &world.run_offline(&[]));
    shows("show_failed", &world, &["show"]);
    shows("why_failed", &world, &["why"]);
    shows("ps_failed", &world, &["ps"]);
    shows("logs_step_failed", &world, &["logs", "--step", "implement/p1/agent"]);
    shows("logs_step_not_begun", &world, &["logs", "--step", "implement/p2/agent"]);
    let id = world.show()["run"].as_str().unwrap().to_owned();
    shows("resume_failed", &world, &["resume", &id]);
    shows("resume_failed_json", &world, &["resume", &id, "--json"]);
}

#[test]
fn commands_that_need_no_run() {
    let world = World::new(&[("README.md", "# A project\n")]);
    for (name, arguments) in [
        ("agents", &["agents"][..]),
        ("agents_json", &["agents", "--json"]),
        ("workflows", &["workflows"]),
        ("workflows_unknown", &["workflows", "show", "none"]),
        ("config", &["config"]),
        ("ps_none", &["ps"]),
        ("ps_none_json", &["ps", "--json"]),
        ("show_none", &["show"]),
        ("why_none", &["why"]),
        ("resume_none", &["resume"]),
        ("init", &["init"]),
        ("init_again", &["init"]),
    ] {
        shows(name, &world, arguments);
    }
    redacted(&world, || insta::assert_snapshot!("config_file", world.read(".coordinate/config.toml")));
    assert_eq!(world.coordinate(&["config"]).code, Some(0), "what `init` writes can be read");
}

/// Shows S21.
#[test]
fn configuration_says_where_each_value_comes_from() {
    let world = World::new(&[(".coordinate/config.toml", "max_parallel = 2\n[test]\ncommand = \"make check\"\n")]);
    let mut command = world.command(&["config", "--show-origin", "-c", "agent.idle_seconds=7"]);
    let outcome: Outcome = command.env("COORDINATE_AGENT_NAME", "offline").output().unwrap().into();
    check("config_show_origin", &world, &outcome);
    shows("config_json", &world, &["config", "--json"]);
}

#[test]
fn doctor_looks_at_everything() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let doctor = |name: &str, folder: &str| {
        std::fs::create_dir_all(world.env.root().join(folder)).unwrap();
        let outcome = world.env.run(crate::support::PROGRAM, &world.env.root().join(folder), &["doctor"]);
        check(name, &world, &outcome);
    };
    doctor("doctor", "repo");
    doctor("doctor_outside_git", "plain");
    world.write(".coordinate/config.toml", "max_parralel = 2\n");
    doctor("doctor_bad_configuration", "repo");
}

#[test]
fn every_help_text() {
    let world = World::new(&[]);
    let commands: [&[&str]; 34] = [
        &[],
        &["run"],
        &["resume"],
        &["ps"],
        &["show"],
        &["logs"],
        &["why"],
        &["pause"],
        &["cancel"],
        &["inbox"],
        &["approve"],
        &["reject"],
        &["unlock"],
        &["next"],
        &["heartbeat"],
        &["done"],
        &["fail"],
        &["plan"],
        &["plan", "check"],
        &["plan", "waves"],
        &["plan", "graph"],
        &["state"],
        &["migrate"],
        &["agents"],
        &["workflows"],
        &["config"],
        &["config", "get"],
        &["config", "set"],
        &["config", "contexts"],
        &["config", "use-context"],
        &["doctor"],
        &["init"],
        &["demo"],
        &["completions"],
    ];
    for words in commands {
        let name = [&["help"], words].concat().join("_");
        shows(&name, &world, &[words, &["--help"]].concat());
    }
}

#[test]
fn completions_know_every_command() {
    let world = World::new(&[]);
    let outcome = world.coordinate(&["completions", "bash"]);
    assert_eq!(outcome.code, Some(0));
    for command in ["run", "resume", "ps", "show", "logs", "why", "pause", "cancel", "approve", "plan", "doctor"] {
        assert!(outcome.stdout.contains(&format!("coordinate__subcmd__{command})")), "{command}");
    }
    let script = world.env.script("completions.bash", &outcome.stdout);
    let loads = world.env.run("bash", &world.repo, &["-n", &script.display().to_string()]);
    assert_eq!(loads.code, Some(0), "{loads:#?}");
}

#[test]
fn a_workflow_can_be_printed_and_used_as_a_file() {
    let world = World::with_plan(&diamond());
    let printed = world.coordinate(&["workflows", "show", "implement"]);
    let file = world.env.script("mine.toml", &printed.stdout).display().to_string();
    let outcome = world.run_offline(&["--workflow", &file]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.show()["workflow"], "implement");
}
