//! How phases are run: together or one after another, in which trees, up to which failure.

use crate::support::{Plan, World, json_lines, step};

/// Shows S9.
#[test]
fn independent_phases_work_at_the_same_time() {
    // Each waits for the other's mark: one after another they would never end.
    let meet = |own: &str, other: &str| {
        format!("touch \"$HOME/{own}\"\nuntil test -e \"$HOME/{other}\"; do sleep 0.02; done\necho {own} > {own}.txt")
    };
    let plan = Plan::new().sh("left", &[], "", &meet("left", "right")).sh("right", &[], "", &meet("right", "left"));
    let world = World::with_plan(&plan);
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(world.has("left.txt") && world.has("right.txt"));
}

/// Phases that fail when two of them are at work at once.
fn alone() -> Plan {
    let commands =
        |name: &str| format!("mkdir \"$HOME/busy\"\nsleep 0.1\necho {name} > {name}.txt\nrmdir \"$HOME/busy\"");
    ["one", "two", "three"].iter().fold(Plan::new(), |plan, name| plan.sh(name, &[], "", &commands(name)))
}

#[test]
fn no_more_work_at_once_than_is_allowed() {
    for arguments in [&["--max-parallel", "1"][..], &["-c", "max_parallel=1"], &["--workflow", "supervise"]] {
        let world = World::with_plan(&alone());
        let outcome = world.run_offline(arguments);
        assert_eq!(outcome.code, Some(0), "{arguments:?}: {outcome:#?}");
        assert_eq!(world.subjects("main").len(), 4);
    }
}

/// Shows S9.
#[test]
fn a_failed_phase_blocks_only_what_depends_on_it() {
    let plan = Plan::new()
        .sh("bad", &[], "", "false")
        .sh("good", &[], "", "echo 2 > good.txt")
        .sh("after bad", &[1], "", "echo 3 > three.txt")
        .sh("after good", &[2], "", "echo 4 > four.txt");
    let world = World::with_plan(&plan);
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let run = world.show();
    let merged: Vec<bool> =
        run["phases"].as_array().unwrap().iter().filter_map(|phase| phase["merged"].as_bool()).collect();
    assert_eq!(merged, [false, true, false, true]);
    let branch = format!("coordinate/{}/main", run["run"].as_str().unwrap());
    assert!(outcome.stdout.contains(&format!("kept:    {branch}")), "{outcome:#?}");
    assert_eq!(world.git(&["show", &format!("{branch}:four.txt")]), "4");
    assert!(!world.has("good.txt"), "a failed run does not touch the checkout");
}

/// The most attempts that were under way at once, as the journal has it.
fn most_at_once(world: &World) -> usize {
    let (mut live, mut most) = (std::collections::BTreeSet::new(), 0);
    for event in json_lines(&world.coordinate(&["logs", "--json"]).stdout) {
        match event["event"].as_str() {
            Some("attempt_leased") => live.insert(event["step"].to_string()),
            Some("step_succeeded" | "step_failed" | "retry_scheduled") => live.remove(&event["step"].to_string()),
            _ => false,
        };
        most = most.max(live.len());
    }
    most
}

/// Shows S18.
#[test]
fn supervise_never_has_two_attempts_at_once() {
    let plan = "printf '# A plan\\n\\n### Phase 1: One\\n**Files**: one.txt\\n\\n- [ ] one\\n\\n\
                ### Phase 2: Two\\n**Files**: two.txt\\n\\n- [ ] two\\n' > \"$COORDINATE_ARTIFACT\"";
    let most = |workflow: &str| {
        let world = World::new(&[("README.md", "# A project\n"), ("Makefile", "test:\n\ttest -e README.md\n")]);
        world.role("plan-architect", plan);
        let outcome = world.run_authored(&["--workflow", workflow, "implement a greeter and a parser"]);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        assert_eq!(world.show()["artifacts"].as_array().unwrap().len(), 4);
        most_at_once(&world)
    };
    assert_eq!(most("supervise"), 1);
    // The same with the usual workflow, as a check of the check.
    assert!(most("coordinate") > 1);
}

/// Shows S18.
#[test]
fn supervise_stops_at_the_first_failure() {
    let plan = Plan::new().sh("bad", &[], "", "false").sh("other", &[], "", "echo 2 > other.txt");
    let world = World::with_plan(&plan);
    let outcome = world.run_offline(&["--workflow", "supervise"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let run = world.show();
    assert_eq!(step(&run, "implement/p2/agent")["attempts"], serde_json::json!([]));
    world.assert_no_trees();
}

#[test]
fn trees_are_prepared_by_the_projects_own_commands() {
    let plan = Plan::new().sh("one", &[], "", "cat generated/by-setup > one.txt");
    let world = World::new(&[("PLAN.md", &plan.text()), (".gitignore", "generated/\n")]);
    let outcome =
        world.run_offline(&["-c", "worktree.setup=[\"mkdir generated\", \"echo made > generated/by-setup\"]"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("one.txt"), "made\n");
    let failing = World::with_plan(&plan);
    let outcome = failing.run_offline(&["-c", "worktree.setup=[\"echo no network; exit 9\"]"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    for part in
        ["the tree's set-up command `echo no network; exit 9` failed", "| no network", "mend `[worktree] setup`"]
    {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:#?}");
    }
}

#[test]
fn linked_paths_of_the_checkout_are_in_each_tree_and_in_no_commit() {
    let plan = Plan::new().sh("one", &[], "", "cat .env deps/lib > one.txt");
    let world = World::new(&[("PLAN.md", &plan.text()), (".gitignore", "deps\n")]);
    world.write("deps/lib", "lib\n");
    world.write(".env", "PORT=1\n");
    let tests = ["-c", "test.command=test -e deps/lib && test -e .env"];
    let outcome = world.run_offline(&[&tests[..], &["-c", "worktree.link=[\".env\", \"deps\"]"]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("one.txt"), "PORT=1\nlib\n");
    assert_eq!(world.git(&["ls-files"]), ".gitignore\nPLAN.md\none.txt");
    assert_eq!((world.read(".env"), world.read("deps/lib")), ("PORT=1\n".to_owned(), "lib\n".to_owned()));
    world.assert_nothing_left();
    let replayed = world.coordinate(&["replay", "--execute"]);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    assert_eq!((world.read(".env"), world.read("deps/lib")), ("PORT=1\n".to_owned(), "lib\n".to_owned()));
}

#[test]
fn an_empty_test_command_is_no_tests() {
    let world = World::new(&[
        ("PLAN.md", &Plan::new().sh("one", &[], "", "echo 1 > one.txt").text()),
        ("Makefile", "test:\n\tfalse\n"),
    ]);
    let outcome = world.run_offline(&["-c", "test.command=\"\""]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.show()["verdicts"], serde_json::json!([]));
}

#[test]
fn two_runs_of_one_project_do_not_mix() {
    let plan = |name: &str| Plan::new().sh(name, &[], "", &format!("echo {name} > {name}.txt; sleep 0.2")).text();
    let world = World::new(&[("a.md", &plan("a")), ("b.md", &plan("b"))]);
    let runs = ["a.md", "b.md"].map(|file| world.start(&["run", file, "--agent", "offline"]));
    let outcomes = runs.map(crate::support::Started::finish);
    assert!(outcomes.iter().all(|outcome| outcome.code == Some(0)), "{outcomes:#?}");
    assert_eq!(World::entries(&world.repo.join("specs")), ["001_small_things", "002_small_things"]);
    // One moved the branch; the other finds it moved, or came before it.
    let waits = outcomes.iter().filter(|outcome| outcome.stdout.contains("take the result with")).count();
    assert_eq!(world.refs("refs/heads").len(), 1 + waits);
    world.assert_no_trees();
}
