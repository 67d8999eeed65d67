//! Roles, standards and prompts, from the files to what an agent is really told.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World};
use coordinate_testkit::Outcome;

const README: (&str, &str) = ("README.md", "# A project\n");

const OWN: &str = "---
name: plan-architect
description: Plans as this project plans
contract: plan
idle_minutes: 7
---
Plan {{request}} for {{topic}}.

1. Read the standards of the project.
2. Write the plan.
";

const FOREIGN: &str = "---
name: security-auditor
description: Use this agent when code is to be audited. It looks for holes.
tools: Read, Grep
model: opus
color: red
---

You are an auditor.

1. You look at the code.
";

const BAD: &str = "---
name: bad
contract: report
---
Write to {{place}}.

1. Reading `src/main.rs` comes first.
2. Run /plan.
";

fn shows(name: &str, world: &World, outcome: &Outcome) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
}

/// Shows S10.
#[test]
fn roles_come_from_four_places_and_the_nearest_wins() {
    let files = [README, (".coordinate/roles/plan.md", OWN), (".claude/agents/audit.md", FOREIGN)];
    let world = World::new(&files);
    shows("roles_list", &world, &world.coordinate(&["roles", "list"]));
    shows("roles_show", &world, &world.coordinate(&["roles", "show", "plan-architect"]));
    shows("roles_show_json", &world, &world.coordinate(&["roles", "show", "security-auditor", "--json"]));
    shows("roles_show_shipped", &world, &world.coordinate(&["roles", "show", "complexity-estimator"]));
    shows("roles_show_unknown", &world, &world.coordinate(&["roles", "show", "cook"]));
    let listed = world.json(&["roles", "list", "--json"]);
    let architect = listed.as_array().unwrap().iter().find(|role| role["name"] == "plan-architect").unwrap();
    assert_eq!(architect["origin"], "project");
    assert_eq!(architect["instead_of"], serde_json::json!(["shipped"]));
}

/// Shows S10.
#[test]
fn what_is_wrong_with_a_role_is_told_by_line() {
    let world = World::new(&[README, (".claude/agents/audit.md", FOREIGN), ("bad.md", BAD)]);
    shows("roles_check_warnings", &world, &world.coordinate(&["roles", "check"]));
    shows("roles_check_bad", &world, &world.coordinate(&["roles", "check", "bad.md"]));
    shows("roles_check_bad_json", &world, &world.coordinate(&["roles", "check", "bad.md", "--json"]));
    shows("roles_check_missing", &world, &world.coordinate(&["roles", "check", "no.md"]));
    world.write(".coordinate/roles/bad.md", BAD);
    assert_eq!(world.coordinate(&["roles", "check"]).code, Some(2));
}

const STANDARDS: &str = "# The project

Be brief.

## Project structure

`src` holds all.

## Testing

Run `make check`.

## Code style

Two spaces; lint with `npm run lint`.
";

#[test]
fn prompts_are_shown_before_anything_is_done() {
    let world = World::new(&[README, ("CLAUDE.md", STANDARDS), (".coordinate/roles/plan.md", OWN)]);
    let words =
        world.authored(&["--dry-run", "--show-prompts", "research the parser and the lexer and plan a rewrite"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    shows("prompts_research_and_plan", &world, &world.coordinate(&words));
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), "", "a dry run writes nothing");
    assert!(!world.env.root().join("state/coordinate").exists(), "a dry run makes no tree");
}

#[test]
fn the_prompts_of_a_plan_are_those_of_its_phases() {
    let plan = Plan::new().script("one", &[], "`one.txt`", "write one.txt 1").script(
        "two",
        &[1],
        "`two.txt`",
        "write two.txt 2",
    );
    let world = World::with_plan(&plan);
    let arguments = ["run", "PLAN.md", "--agent", "command", "--agent-command", "true", "--dry-run", "--show-prompts"];
    shows("prompts_plan", &world, &world.coordinate(&arguments));
    let told = world.json(&[arguments.as_slice(), &["--json"]].concat());
    let steps: Vec<&str> = told.as_array().unwrap().iter().map(|told| told["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["implement/p1/agent", "implement/p2/agent"]);
}

/// What the agents of a run were told, by their steps, is what was shown before.
/// Shows S10.
#[test]
fn what_is_shown_is_what_is_sent() {
    let world = World::new(&[README, ("CLAUDE.md", STANDARDS), ("Makefile", "check:\n\ttrue\n")]);
    let save = "cp \"$COORDINATE_PROMPT_FILE\" \"$here/$(echo \"$COORDINATE_STEP\" | tr / -)\"\n";
    world
        .role("research-specialist", &format!("{save}report x > \"$COORDINATE_ARTIFACT\"; echo \"REPORT_CREATED: x\""));
    let request = "research the parser and the lexer";
    let words = world.authored(&["--dry-run", "--show-prompts", "--json", request]);
    let shown = world.json(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let outcome = world.run_authored(&[request]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let run = world.show()["run"].as_str().unwrap().to_owned();
    let nobody = format!("run_{}", "0".repeat(26));
    for step in ["research/t1/report", "research/t2/report"] {
        let told = shown.as_array().unwrap().iter().find(|told| told["step"] == step).unwrap();
        let sent = world.beside(&step.replace('/', "-"));
        assert_eq!(sent, told["prompt"].as_str().unwrap().replace(&nobody, &run));
    }
}

/// What agents before it would leave is told to the next one in a rehearsal too.
/// Shows S10.
#[test]
fn a_rehearsed_plan_is_told_of_the_reports_that_would_be_there() {
    let world = World::new(&[README]);
    let words =
        world.authored(&["--dry-run", "--show-prompts", "--json", "--topic", "ants", "research ants and plan them"]);
    let shown = world.json(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let told = shown.as_array().unwrap().iter().find(|told| told["step"] == "plan/plan");
    let prompt = told.unwrap_or_else(|| panic!("{shown:#}"))["prompt"].as_str().unwrap();
    assert!(prompt.contains("Read first:") && prompt.contains("/reports/001_ants.md"), "{prompt}");
}

#[test]
fn the_prompts_that_a_phase_gets_are_those_that_were_shown() {
    let world = World::new(&[README, ("CLAUDE.md", STANDARDS), ("Makefile", "check:\n\ttrue\n")]);
    world.write("PLAN.md", "# P\n\n### Phase 1: One\n**Files**: `one.txt`\n\n- [ ] write one\n");
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "plan"]);
    let save = "cp \"$COORDINATE_PROMPT_FILE\" \"$here/phase\"; echo one > one.txt; echo \"PHASE_COMPLETE: 1\"";
    world.role("implementation-executor", save);
    let words = world.authored(&["--dry-run", "--show-prompts", "--json", "PLAN.md"]);
    let shown = world.json(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let outcome = world.run_authored(&["PLAN.md"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("tests: `make check`, as `CLAUDE.md`, “Testing” says"), "{outcome:#?}");
    let show = world.show();
    assert_eq!(show["verdicts"][0]["command"], "make check");
    assert_eq!(show["warnings"], serde_json::json!([]));
    let run = show["run"].as_str().unwrap();
    let nobody = format!("run_{}", "0".repeat(26));
    assert_eq!(world.beside("phase"), shown[0]["prompt"].as_str().unwrap().replace(&nobody, run));
}

#[test]
fn a_phase_counts_by_its_work_and_what_is_said_of_it_is_compared() {
    let plan = "# P\n\n### Phase 1: One\n**Files**: `one.txt`\n\n- [ ] write one\n";
    let world = World::new(&[README, ("PLAN.md", plan)]);
    world.role("implementation-executor", "echo one > one.txt; echo \"**TESTS_FAILED**: 2\"");
    assert_eq!(world.run_authored(&["PLAN.md"]).code, Some(0));
    assert_eq!(
        world.show()["warnings"],
        serde_json::json!([
            "`implement/p1/agent` ended without its line `PHASE_COMPLETE: 1`; its work is there",
            "`implement/p1/agent` says that tests fail: 2"
        ])
    );
    let world = World::new(&[README, ("PLAN.md", plan)]);
    world.role("implementation-executor", "echo \"PHASE_COMPLETE: 1\"");
    let outcome = world.run_authored(&["PLAN.md"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("the agent reported success and changed nothing"), "{outcome:#?}");
}

/// The limits of an attempt, as its supervisor was given them.
#[track_caller]
fn idle_limit(world: &World, arguments: &[&str]) -> serde_json::Value {
    let request = ["plan a rewrite of the parser", "--agent", "command", "--agent-command", &world.author()];
    let outcome = world.coordinate(&[arguments, &["run"], request.as_slice()].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let run = world.show()["run"].as_str().unwrap().to_owned();
    let launch = world.read(&format!(".coordinate/state/attempts/{run}/plan-plan@1/launch.json"));
    let launch: serde_json::Value = serde_json::from_str(&launch).unwrap();
    launch["limits"]["idle_ms"].clone()
}

/// Shows S10.
#[test]
fn a_role_has_limits_of_its_own_unless_somebody_configured_them() {
    let world = World::new(&[README, (".coordinate/roles/plan.md", OWN)]);
    assert_eq!(idle_limit(&world, &[]), 420_000);
    assert_eq!(idle_limit(&world, &["-c", "agent.idle_seconds=99"]), 99_000);
    let world = World::new(&[README]);
    assert_eq!(idle_limit(&world, &[]), 300_000);
}

#[test]
fn a_role_that_is_not_there_or_can_not_be_used_is_refused_at_the_start() {
    let world = World::new(&[README, (".coordinate/roles/plan-architect.md", "---\nname: plan-architect\n")]);
    shows("role_unusable", &world, &world.run_authored(&["plan a rewrite of the parser"]));
    let workflow = world.coordinate(&["workflows", "show", "coordinate"]).stdout.replace("plan-architect", "cook");
    world.write("own.toml", &workflow.replace("name = \"coordinate\"", "name = \"own\""));
    let outcome = world.run_authored(&["--workflow", "own.toml", "plan a rewrite of the parser"]);
    assert_eq!(outcome.code, Some(2), "{outcome:#?}");
    for part in ["there is no role `cook`", "known: ", "step `plan` of state `plan` of the workflow `own` needs it"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:#?}");
    }
    assert!(!world.has("specs"), "a refused run writes nothing");
    let checked = world.coordinate(&["workflows", "check", "./own.toml"]);
    assert_eq!((checked.code, checked.stdout.contains("there is no role `cook`")), (Some(2), true), "{checked:#?}");
}
