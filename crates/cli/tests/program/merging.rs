//! Integration: conflicts, tests that fail after a merge, tests that were red before.

use crate::support::process::await_that;
use crate::support::{Plan, World, step};
use rustix::process::Signal;
use serde_json::Value;

/// Two phases that write the same file, and a dependent of each. Phase 2 ends after phase 1 is merged.
fn conflicting() -> Plan {
    let after_first = "sh until git log --format=%s coordinate/$COORDINATE_RUN/main | grep -q 'complete phase 1'; do sleep 0.02; done";
    Plan::new()
        .script("left", &[], "", "write shared.txt left\\n")
        .script("right", &[], "", &format!("write shared.txt right\\n\n{after_first}"))
        .script("after left", &[1], "", "write three.txt 3")
        .script("after right", &[2], "", "write four.txt 4")
}

#[test]
fn a_conflict_stops_that_phase_only_and_loses_nothing() {
    let world = World::with_plan(&conflicting());
    let before = world.git(&["rev-parse", "main"]);
    let outcome = world.run_scripted(&["-c", "merge.repair=off"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let run = world.show();
    let id = run["run"].as_str().unwrap();
    let failure = &step(&run, "implement/p2/merge")["failure"];
    let merged = format!("coordinate/{id}/main");
    let work = world.git(&["rev-parse", &format!("refs/coordinate/{id}/implement-p2-agent.work")]);
    let short = failure["expected"].as_str().unwrap().split(' ').nth(4).unwrap().to_owned();
    assert!(work.starts_with(&short) && short.len() >= 7, "{failure:#}");
    assert_eq!(failure["message"], "phase 2 does not merge: conflict in `shared.txt`");
    assert_eq!(failure["expected"], format!("a clean merge of {short} into `{merged}`"));
    assert_eq!(failure["found"], "1 path in conflict");
    assert_eq!((&failure["class"], &failure["kind"]), (&"permanent".into(), &"conflict".into()));
    assert!(outcome.stdout.contains(&format!("git switch {merged} && git merge {short}")), "{outcome:#?}");

    assert_eq!(world.git(&["show", &format!("{merged}:shared.txt")]), "left");
    assert_eq!(world.git(&["show", &format!("{work}:shared.txt")]), "right");
    let subject = world.git(&["log", "-1", "--format=%s", &work]);
    assert!(subject.starts_with("work of ") && subject.ends_with(" on phase 2 - right"), "{subject}");
    assert_eq!(world.git(&["show", &format!("{merged}:three.txt")]), "3");
    assert_eq!(step(&run, "implement/p3/merge")["state"], "succeeded");
    assert_eq!(step(&run, "implement/p4/agent")["state"], "blocked");
    assert_eq!(step(&run, "implement/p4/agent")["attempts"], Value::Array(Vec::new()));
    assert_eq!(world.git(&["rev-parse", "main"]), before);
    assert_eq!(world.read("PLAN.md"), conflicting().text());
    world.assert_no_trees();
}

#[test]
fn what_the_conflict_message_says_can_be_done() {
    let world = World::with_plan(&conflicting());
    let outcome = world.run_scripted(&["-c", "merge.repair=off"]);
    let advice = outcome.stdout.lines().find(|line| line.contains("merge by hand with")).expect("an advice");
    let command = advice.split('`').nth(1).expect("a command").to_owned();
    let merge = world.env.run("sh", &world.repo, &["-c", &command]);
    assert_eq!(merge.code, Some(1), "{merge:#?}");
    assert!(merge.stdout.contains("CONFLICT (add/add): Merge conflict in shared.txt"), "{merge:#?}");
    world.write("shared.txt", "left and right\n");
    world.git(&["commit", "--quiet", "--all", "--message", "feat(001): complete phase 2 - right"]);
    // The rest of the plan goes on from there: three phases are done, and their commits show it.
    world.write("PLAN.md", &world.read("PLAN.md").replace("[ ] do right", "[x] do right"));
    world.git(&["commit", "--quiet", "--all", "--message", "tick"]);
    let again = world.run_scripted(&[]);
    assert_eq!(again.code, Some(0), "{again:#?}");
    assert_eq!(world.read("four.txt"), "4");
    assert_eq!(world.env.executions().len(), 4);
}

/// A repository whose tests fail while `broken` is there, or `fixed` is not.
fn tested(plan: &Plan) -> World {
    let tests = "test ! -e broken || { echo 'one test ran'; echo 'assertion failed: it is broken'; exit 1; }\n";
    World::new(&[("PLAN.md", &plan.text()), ("test.sh", tests)])
}

const TESTS: [&str; 2] = ["-c", "test.command=sh test.sh"];

/// Shows S16.
#[test]
fn tests_that_fail_after_a_merge_are_repaired_by_the_agent() {
    let script =
        "if-role implementation-executor write broken yes\nif-role debug-specialist sh rm broken && echo ok > mended";
    let world = tested(&Plan::new().script("work", &[], "", script).script("next", &[1], "", "write next.txt 2"));
    let outcome = world.run_scripted(&TESTS);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("phase 1 goes to repair, round 1"), "{outcome:#?}");
    assert_eq!(world.subjects("main").len(), 3, "{:?}", world.subjects("main"));
    assert!(world.has("mended") && !world.has("broken"));
    let run = world.show();
    assert_eq!(step(&run, "implement/p1/merge")["superseded"], true);
    assert_eq!(step(&run, "implement/p1/repair#1/merge")["state"], "succeeded");
    let passed: Vec<bool> =
        run["verdicts"].as_array().unwrap().iter().filter_map(|it| it["passed"].as_bool()).collect();
    assert_eq!(passed.last(), Some(&true));
    world.assert_nothing_left();
}

#[test]
fn a_repair_is_told_what_fails() {
    let script = "if-role implementation-executor write broken yes\nif-role debug-specialist sh cp \"$COORDINATE_PROMPT_FILE\" prompt.txt; rm broken";
    let world = tested(&Plan::new().script("work", &[], "", script));
    let outcome = world.run_scripted(&TESTS);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let prompt = world.read("prompt.txt");
    for part in [
        "# Your role: debug-specialist",
        "## What fails",
        "\none test ran\nassertion failed: it is broken\n",
        "## Phase 1: work",
    ] {
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
    assert!(!prompt.contains("merged onto the phases below"), "there are none: {prompt}");
}

#[test]
fn an_interrupt_ends_the_tests_and_resume_runs_them_again() {
    let tests = "test ! -e \"$HOME/again\" || exit 0\ntouch \"$HOME/testing\"\nwhile :; do sleep 0.05; done\n";
    let plan = Plan::new().script("work", &[], "", "write one.txt 1");
    let world = World::new(&[("PLAN.md", &plan.text()), ("test.sh", tests)]);
    let home = world.env.root().join("home");
    let run = world.start_scripted(&TESTS);
    await_that("the tests", || home.join("testing").exists());
    run.signal(Signal::INT);
    assert_eq!(run.finish().code, Some(5));
    world.env.assert_no_leftovers();
    std::fs::write(home.join("again"), "").unwrap();
    let resumed = world.coordinate(&["resume"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
}

/// What is killed has said nothing about the tree.
#[test]
fn tests_that_are_killed_are_run_again_at_once() {
    let tests = "echo run >> \"$HOME/runs\"\ntest \"$(wc -l < \"$HOME/runs\")\" -gt 2 || kill -9 $$\n";
    let plan = Plan::new().script("work", &[], "", "write one.txt 1");
    let world = World::new(&[("PLAN.md", &plan.text()), ("test.sh", tests)]);
    let outcome = world.run_scripted(&["-c", "test.command=exec sh test.sh"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(std::fs::read_to_string(world.env.root().join("home/runs")).unwrap(), "run\nrun\nrun\n");
    let run = world.show();
    assert_eq!(step(&run, "implement/p1/merge")["attempts"].as_array().map(Vec::len), Some(1));
    assert_eq!(run["verdicts"].as_array().map(Vec::len), Some(1), "{:#}", run["verdicts"]);
}

/// Whoever tries again begins in a tree that has nothing of the try before.
#[test]
fn tests_that_are_killed_too_often_are_tried_again_in_a_fresh_tree() {
    let tests = "echo run >> \"$HOME/runs\"\nif test \"$(wc -l < \"$HOME/runs\")\" -gt 3; then grep -x good word.txt && test ! -e left; exit; fi\n\
                 echo bad > word.txt\necho left > left\nkill -9 $$\n";
    let plan = Plan::new().script("work", &[], "", "write one.txt 1");
    let world = World::new(&[("PLAN.md", &plan.text()), ("test.sh", tests), ("word.txt", "good\n")]);
    let outcome = world.run_scripted(&["-c", "test.command=exec sh test.sh"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let run = world.show();
    let attempts = step(&run, "implement/p1/merge")["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{attempts:#?}");
    assert_eq!(attempts[0]["failure"]["message"], "`exec sh test.sh` was killed 3 times");
    assert_eq!(run["phases"][0]["repairs"], 0);
}

#[test]
fn repair_is_given_up_after_three_rounds() {
    let script = "if-role implementation-executor write broken yes\nif-role debug-specialist append broken more";
    let world = tested(&Plan::new().script("work", &[], "", script).script("other", &[], "", "write other.txt 2"));
    let before = world.git(&["rev-parse", "main"]);
    let outcome = world.run_scripted(&[&TESTS[..], &["-c", "replan.failures=100"]].concat());
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("`sh test.sh` fails after phase 1 was merged"), "{outcome:#?}");
    assert!(outcome.stdout.contains("assertion failed: it is broken"), "{outcome:#?}");
    let run = world.show();
    assert_eq!(run["phases"][0]["repairs"], 3);
    assert_eq!((&run["phases"][0]["merged"], &run["phases"][1]["merged"]), (&false.into(), &true.into()));
    assert_eq!(world.git(&["rev-parse", "main"]), before);
    world.assert_no_trees();
}

const DEBUG_REPORT: &str = "# Tests\\n\\n## Metadata\\n\\n- **Date**: 2026-11-21\\n- **Agent**: script\\n- **Topic**: tests\\n\
    - **Report Type**: debug\\n- **Complexity**: 1\\n\\n## Summary\\n\\nIt fails.\\n\\n## Evidence\\n\\n- output\\n\\n\
    ## Cause\\n\\nA file is missing.\\n\\n## Next steps\\n\\n- write it\\n\\n## References\\n\\n- test.sh\\n";

/// Tests that are red from the start: no phase is to blame, the run mends them at its end.
fn red_before(debugger: &str) -> (World, String) {
    let plan = Plan::new().sh("work", &[], "", "echo work > work.txt");
    let tests = "echo run >> \"$HOME/runs\"\ntest -e fixed || { echo 'no fixed here'; exit 1; }\n";
    let world = World::new(&[("PLAN.md", &plan.text()), ("test.sh", tests)]);
    let script = format!(
        "sh cp \"$COORDINATE_PROMPT_FILE\" \"$HOME/prompt-$COORDINATE_ROLE\"\n\
         if-role implementation-executor write work.txt work\nif-role debug-specialist {debugger}\n\
         if-role debug-analyst sh mkdir -p $(dirname \"$COORDINATE_ARTIFACT\") && printf -- '{DEBUG_REPORT}' > \"$COORDINATE_ARTIFACT\"\n"
    );
    let path = world.env.script("agent", &script).display().to_string();
    (world, path)
}

fn run_with(world: &World, script: &str, arguments: &[&str]) -> coordinate_testkit::Outcome {
    let arguments = crate::support::scripted(arguments);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = world.command(&arguments).env("SCRIPTED_AGENT_SCRIPT", script).output();
    output.expect("the program can be started").into()
}

/// Shows S16.
#[test]
fn tests_that_were_red_before_are_debugged_at_the_end() {
    let (world, script) = red_before("write fixed yes");
    let outcome = run_with(&world, &script, &TESTS);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let states = ["implement → test", "test → debug", "debug → test", "test → document", "document → complete"];
    let shown: Vec<&str> = outcome
        .stderr
        .lines()
        .filter_map(|line| line.split(" - ").nth(1))
        .filter(|text| text.contains(" → "))
        .collect();
    assert_eq!(shown[1..], states, "{outcome:#?}");
    let run = world.show();
    assert_eq!(step(&run, "test/check")["failure"]["kind"], "test-failure");
    assert_eq!(step(&run, "test#2/check")["state"], "succeeded");
    assert_eq!(world.subjects("main")[0], "fix(001): repair after failing tests, round 1");
    assert_eq!(world.read("fixed"), "yes");
    assert_eq!(step(&run, "debug/g1/analysis")["state"], "succeeded");
    assert_eq!(run["artifacts"][0]["kind"], "debug");
    for (role, part) in [
        ("implementation-executor", "When you have finished, `sh test.sh` is run on what is merged"),
        ("debug-analyst", "Subject: why `sh test.sh` fails\n"),
        ("debug-analyst", "`sh test.sh` fails:\n\n```\nno fixed here\n```\n"),
        ("debug-specialist", "`sh test.sh` fails:\n\n```\nno fixed here\n```\n"),
    ] {
        let prompt = std::fs::read_to_string(world.env.root().join("home").join(format!("prompt-{role}"))).unwrap();
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
    let runs = std::fs::read_to_string(world.env.root().join("home/runs")).unwrap().lines().count();
    let verdicts = run["verdicts"].as_array().unwrap().iter();
    let trees: std::collections::BTreeSet<_> = verdicts.map(|verdict| verdict["tree"].as_str().unwrap()).collect();
    assert_eq!(runs, trees.len(), "each tree is asked once");
    world.assert_nothing_left();
}

/// Shows S16.
#[test]
fn debugging_at_the_end_is_given_up_after_three_rounds() {
    let (world, script) = red_before("append useless more");
    let outcome = run_with(&world, &script, &TESTS);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("`sh test.sh` fails; `debug` was tried 3 times"), "{outcome:#?}");
    let run = world.show();
    assert_eq!(step(&run, "debug#3/merge")["state"], "succeeded");
    assert_eq!(step(&run, "test#4/check")["state"], "failed");
    assert!(run["steps"].as_array().unwrap().iter().all(|step| !step["id"].as_str().unwrap().starts_with("debug#4")));
    let summary = run["paths"]["summary"].as_str().unwrap();
    assert!(world.read(summary).contains("no fixed here"), "{}", world.read(summary));
    assert_eq!(world.subjects("main"), ["first"]);
    world.assert_no_trees();
}

#[test]
fn the_offline_agent_with_failing_tests_fails_and_says_why() {
    let world = tested(&Plan::new().sh("work", &[], "", "touch broken"));
    let outcome = world.run_offline(&TESTS);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    for part in [
        "`sh test.sh` fails after phase 1 was merged",
        "class:    permanent (test-failure)",
        "| assertion failed: it is broken",
        "choose an agent that can repair (`--agent`)",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:#?}");
    }
    assert!(!world.has("broken"));
    world.assert_no_trees();
}

#[test]
fn the_check_command_judges_a_phase_before_it_is_merged() {
    let world = tested(&Plan::new().sh("work", &[], "", "touch broken").sh("other", &[], "", "echo 2 > other.txt"));
    let outcome = world.run_offline(&["-c", "check.command=sh test.sh"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let run = world.show();
    assert_eq!(step(&run, "implement/p1/check")["failure"]["kind"], "test-failure");
    assert_eq!(step(&run, "implement/p1/merge")["state"], "blocked");
    assert_eq!(step(&run, "implement/p2/merge")["state"], "succeeded");
}

#[test]
fn a_test_command_is_found_in_the_tree_that_a_phase_made() {
    let makefile = "printf 'test:\\n\\t@echo tested\\n' > Makefile";
    let world = World::with_plan(&Plan::new().sh("make", &[], "", makefile));
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stdout.contains("tests:   `make test` passes"), "{outcome:#?}");
    assert_eq!(world.show()["verdicts"][0]["tail"][0], "tested");
}
