//! The built-in agent: it runs the phase's `sh` blocks and never pretends.

use crate::support::{Plan, World, step};

#[test]
fn a_phase_without_commands_fails_with_the_hint() {
    let plan = Plan::new().script("words", &[], "", "say nothing").sh("other", &[], "", "echo 2 > other.txt");
    let world = World::with_plan(&plan);
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    for part in [
        "phase 1 has no fenced `sh` block, and the offline agent does nothing else",
        "class:    permanent (no-instructions)",
        "next: choose an agent that can work on its own: `--agent NAME` (`coordinate agents` lists them)",
        "next: or write the phase's commands into a ```sh block",
        "phases:  1 of 2 merged",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:#?}");
    }
    assert_eq!(world.subjects("main"), ["first"]);
    world.assert_no_trees();
}

/// Commands that must fail, with the exit code and what is left undone.
#[track_caller]
fn stops(commands: &str, code: i32) {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", &format!("{commands}\necho after > after.txt")));
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains(&format!("the agent ended with exit code {code}")), "{outcome:#?}");
    assert!(outcome.stdout.contains("the `sh` block at line"), "{outcome:#?}");
    let run = world.show();
    let snapshot = step(&run, "implement/p1/agent")["attempts"][0]["snapshot"].as_str().map(str::to_owned);
    let files = snapshot.map(|snapshot| world.git(&["ls-tree", "--name-only", &snapshot])).unwrap_or_default();
    assert!(!files.contains("after.txt"), "{files}");
}

#[test]
fn the_first_failing_command_stops_the_phase() {
    stops("echo before > before.txt\nsh -c 'exit 7'", 7);
}

#[test]
fn an_unset_variable_stops_the_phase() {
    stops("echo \"$COORDINATE_NEVER_SET\"", 2);
}

#[test]
fn a_command_that_is_not_there_stops_the_phase() {
    stops("no-such-command", 127);
}

#[test]
fn blocks_run_in_order_and_share_the_tree_but_no_variables() {
    let text = "# Blocks

### Phase 1: One

- [ ] do it

```sh
name=first
echo \"$name\" > list.txt
```

```text
exit 9
```

```sh
echo \"${name-unset}\" >> list.txt
```
";
    let world = World::new(&[("PLAN.md", text)]);
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("list.txt"), "first\nunset\n");
}

#[test]
fn what_a_phase_prints_is_in_its_log() {
    let world = World::with_plan(&Plan::new().sh(
        "one",
        &[],
        "`one.txt`",
        "echo to the log\necho to errors >&2\necho 1 > one.txt",
    ));
    assert_eq!(world.run_offline(&[]).code, Some(0));
    let log = world.coordinate(&["logs", "--step", "implement/p1/agent"]);
    assert_eq!(log.code, Some(0), "{log:#?}");
    let lines: Vec<&str> = log.stdout.lines().collect();
    assert!(lines.contains(&"to the log") && lines.contains(&"to errors"), "{log:#?}");
}

#[test]
fn secrets_of_the_environment_are_not_in_the_log() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "echo \"token: $API_TOKEN\"\necho 1 > one.txt"));
    let mut command = world.command(&["run", "PLAN.md", "--agent", "offline"]);
    let output = command.env("API_TOKEN", "k3JfT9sQx7Lm2Wp8").output().unwrap();
    assert!(output.status.success(), "{output:#?}");
    let log = world.coordinate(&["logs", "--step", "implement/p1/agent"]).stdout;
    assert!(log.contains("token: ") && !log.contains("k3JfT9sQx7Lm2Wp8"), "{log}");
}

#[test]
fn a_phase_that_names_a_file_it_does_not_make_fails() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "`one.txt`", "echo 1 > other.txt"));
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert_eq!(step(&world.show(), "implement/p1/agent")["failure"]["kind"], "missing-file");
}

#[test]
fn a_phase_that_only_looks_succeeds_with_a_note() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "ls"));
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let run = world.show();
    assert!(run["warnings"].to_string().contains("phase 1 changed no file that git keeps"), "{:#}", run["warnings"]);
    assert_eq!(world.subjects("main")[0], "feat(001): complete phase 1 - one");
}

#[test]
fn the_demo_ends_merged_tested_and_summarised() {
    let world = World::new(&[]);
    let place = world.env.root().join("demo").display().to_string();
    let outcome = world.coordinate(&["demo", "--dir", &place]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(
        outcome.stdout.contains("phases:  6 of 6 merged")
            && outcome.stdout.contains("tests:   `sh tests/all.sh` passes"),
        "{outcome:#?}"
    );
    let demo = World { repo: place.into(), env: world.env };
    demo.assert_nothing_left();
    assert_eq!(demo.git(&["status", "--porcelain"]), "?? specs/");
    let taken = demo.coordinate(&["demo", "--dir", &demo.repo.display().to_string()]);
    assert_eq!(taken.code, Some(2), "{taken:#?}");
}

/// A small program with a test that fails.
fn words() -> World {
    World::new(&[
        ("README.md", "# Words\n"),
        ("src/count.py", "def count_words(text):\n    return len(text.split(' '))\n"),
        ("src/shout.py", "def shout(text):\n    return text.upper()\n"),
        ("test.sh", "python3 -c 'import sys; sys.exit(\"src/count.py:2: wrong count\")'\n"),
    ])
}

#[track_caller]
fn run(world: &World, words: &[&str]) -> coordinate_testkit::Outcome {
    world.coordinate(&[&["run", "--agent", "offline"], words].concat())
}

#[test]
fn offline_research_surveys_the_repository() {
    let world = words();
    let outcome = run(&world, &["research how words are counted"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let report = world.read("specs/001_words_counted/reports/001_words.md");
    assert!(report.contains("1. `src/count.py`"), "{report}");
    assert_eq!(world.coordinate(&["verify", "report", "specs/001_words_counted/reports/001_words.md"]).code, Some(0));
    assert_eq!(world.show()["warnings"], serde_json::json!([]));
    world.assert_nothing_left();
}

#[test]
fn an_enumerated_request_is_planned_and_implemented_offline() {
    let world = World::new(&[("README.md", "# Words\n")]);
    let request = "implement these steps:\n\n1. write one\n\n   ```sh\n   echo one > one.txt\n   ```\n\n2. write two\n\n   \
                   ```sh\n   cat one.txt > two.txt\n   ```\n";
    let outcome = run(&world, &[request]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("two.txt"), "one\n");
    assert_eq!(world.subjects("main").len(), 5);
    world.assert_nothing_left();
}

#[test]
fn what_it_can_not_plan_revise_or_mend_it_refuses() {
    let world = words();
    world.write("specs/001_words/plans/001_plan.md", "# Words\n\n### Phase 1: One\n\n- [ ] one\n");
    let mut text = String::new();
    for request in [
        "plan a faster word counter",
        "revise specs/001_words/plans/001_plan.md to add a phase",
        "fix the failing test of the word counter",
    ] {
        let outcome = run(&world, &["-c", "test.command=sh test.sh", request]);
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
        text.push_str(&crate::support::redact::whole(&coordinate_testkit::Outcome {
            stderr: String::new(),
            ..outcome
        }));
    }
    crate::support::redact::redacted(&world, || insta::assert_snapshot!("offline_refuses", text));
    assert_eq!(world.subjects("main"), ["first"]);
}

#[test]
fn offline_debugging_tells_what_fails_and_where() {
    let world = words();
    let outcome = run(&world, &["-c", "test.command=sh test.sh", "find out why the test fails"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let report = world.read("specs/001_find_test_fails/debug/001_find_test_fails_debug.md");
    assert!(report.contains("sh test.sh") && report.contains("src/count.py:2"), "{report}");
    world.assert_nothing_left();
}
