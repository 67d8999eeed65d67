//! The checkout belongs to the user: where plans may lie, what may be dirty, when the branch moves and when not.

use crate::support::process::await_that;
use crate::support::{Plan, World, json_lines};

fn one() -> Plan {
    Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt")
}

/// Two independent phases and one after both.
fn three() -> Plan {
    one().sh("two", &[], "`two.txt`", "echo 2 > two.txt").sh(
        "three",
        &[1, 2],
        "`three.txt`",
        "cat one.txt two.txt > three.txt",
    )
}

/// The command that the output offers to take a result that waits.
#[track_caller]
fn offered(stdout: &str) -> String {
    let line = stdout.lines().find(|line| line.starts_with("result:")).expect("a result line");
    line.rsplit_once("take the result with `").expect("a command").1.trim_end_matches('`').to_owned()
}

/// Links of a Markdown file, each of which must lead to a file.
#[track_caller]
fn assert_links_resolve(world: &World, file: &str) {
    let text = world.read(file);
    let folder = world.repo.join(file).parent().unwrap().to_owned();
    let links: Vec<&str> = text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(!links.is_empty(), "{text}");
    for link in links {
        assert!(folder.join(link.replace("%20", " ")).exists(), "{link}: {text}");
    }
}

/// Shows S8, S17.
#[test]
fn a_good_run_leaves_commits_ticks_and_a_summary_and_nothing_else() {
    let world = World::with_plan(&three());
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let mut subjects = world.subjects("main");
    assert_eq!(subjects.remove(0), "feat(001): complete phase 3 - three");
    subjects.sort();
    assert_eq!(subjects, ["feat(001): complete phase 1 - one", "feat(001): complete phase 2 - two", "first"]);
    assert_eq!(world.read("PLAN.md"), three().ticked());
    assert_eq!(world.read("three.txt"), "1\n2\n");
    assert_eq!(world.git(&["status", "--porcelain"]), "?? specs/");
    let run = world.show();
    let summary = run["paths"]["summary"].as_str().unwrap();
    assert_eq!(summary, "specs/001_small_things/summaries/001_small_things_summary.md");
    assert_links_resolve(&world, summary);
    assert_eq!(run["delivery"]["delivery"], "delivered");
    world.assert_nothing_left();
}

#[test]
fn a_dirty_file_is_left_alone_and_the_result_waits_for_one_command() {
    let world = World::with_plan(&three());
    world.write("README.md", "# Mine\n");
    let before = world.git(&["rev-parse", "main"]);
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.git(&["rev-parse", "main"]), before);
    assert_eq!(world.read("README.md"), "# Mine\n");
    assert!(!world.has("one.txt"));
    let run = world.show();
    let command = offered(&outcome.stdout);
    assert_eq!(command, format!("git merge coordinate/{}/main", run["run"].as_str().unwrap()));
    assert!(outcome.stdout.contains("README.md"), "{outcome:#?}");
    let taken = world.env.run("sh", &world.repo, &["-c", &command]);
    assert_eq!(taken.code, Some(0), "{taken:#?}");
    assert_eq!((world.read("three.txt").as_str(), world.read("README.md").as_str()), ("1\n2\n", "# Mine\n"));
    world.assert_no_trees();
}

#[test]
fn an_untracked_file_in_the_way_is_left_alone() {
    let world = World::with_plan(&one());
    world.write("one.txt", "mine\n");
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("one.txt"), "mine\n");
    assert_eq!(world.subjects("main"), ["first"]);
    assert!(offered(&outcome.stdout).starts_with("git merge coordinate/"), "{outcome:#?}");
}

#[test]
fn an_untracked_plan_is_taken_in() {
    let world = World::new(&[("README.md", "# A project\n")]);
    world.write("PLAN.md", &one().text());
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.subjects("main"), ["feat(001): complete phase 1 - one", "docs(001): take in the plan", "first"]);
    assert!(world.read("PLAN.md").contains("- [x] do one"));
    assert_eq!(world.git(&["status", "--porcelain"]), "?? specs/");
    world.assert_nothing_left();
}

#[test]
fn an_untracked_plan_that_is_edited_meanwhile_is_not_overwritten() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let edit = "echo 1 > one.txt; echo mine >> \"$HOME/../repo/PLAN.md\"";
    world.write("PLAN.md", &Plan::new().sh("one", &[], "", edit).text());
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(world.read("PLAN.md").ends_with("mine\n"), "{}", world.read("PLAN.md"));
    assert_eq!(world.subjects("main"), ["first"]);
    assert!(outcome.stdout.contains("PLAN.md"), "{outcome:#?}");
}

#[test]
fn an_ignored_plan_stays_out_of_the_commits_and_is_ticked_where_it_lies() {
    let world = World::new(&[(".gitignore", "PLAN.md\nspecs/\n")]);
    world.write("PLAN.md", &three().text());
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("PLAN.md"), three().ticked());
    assert_eq!(world.git(&["ls-files"]), ".gitignore\none.txt\nthree.txt\ntwo.txt");
    let run = world.show();
    assert!(run["warnings"].to_string().contains("`PLAN.md` is ignored by git"), "{:#}", run["warnings"]);
    world.assert_nothing_left();
}

/// A phase that changes nothing that git keeps is done all the same, and its commit says so.
#[test]
fn a_phase_that_changes_nothing_has_its_commit() {
    let world = World::new(&[(".gitignore", "PLAN.md\nspecs/\n")]);
    world.write("PLAN.md", &Plan::new().sh("one", &[], "none", "true").text());
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.subjects("main"), ["feat(001): complete phase 1 - one", "first"]);
}

#[test]
fn a_plan_from_outside_gets_a_topic_of_its_own() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let outside = world.env.script("somewhere/else.md", &one().text()).display().to_string();
    let outcome = world.coordinate(&["run", &outside, "--agent", "offline"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(world.read("specs/001_small_things/plans/001_small_things_plan.md").contains("- [x] do one"));
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), one().text());
    assert_links_resolve(&world, world.show()["paths"]["summary"].as_str().unwrap());
    world.assert_nothing_left();
}

#[test]
fn a_plan_in_a_topic_keeps_that_topics_number() {
    let path = "specs/007_old_things/plans/001_plan.md";
    let world = World::new(&[(path, &three().text())]);
    let outcome = world.coordinate(&["run", path, "--agent", "offline"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.subjects("main")[0], "feat(007): complete phase 3 - three");
    let summary = "specs/007_old_things/summaries/001_old_things_summary.md";
    assert_eq!(world.show()["paths"]["summary"], summary);
    assert_links_resolve(&world, summary);
    assert_eq!(World::entries(&world.repo.join("specs")), ["007_old_things"]);
    world.assert_nothing_left();
}

#[test]
fn a_plan_can_be_a_folder() {
    let phase = |number: u32, name: &str, after: &str| {
        format!(
            "## Phase {number}: {name}\n\n**Dependencies**: {after}\n\n- [ ] do it\n\n```sh\necho {name} > {name}.txt\n```\n"
        )
    };
    let (one, two) = (phase(1, "one", "none"), phase(2, "two", "[1]"));
    let world = World::new(&[
        ("specs/003_two/plans/001_plan/phase_1.md", &one),
        ("specs/003_two/plans/001_plan/phase_2.md", &two),
    ]);
    let outcome = world.coordinate(&["run", "specs/003_two/plans/001_plan", "--agent", "offline"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.subjects("main")[..2], ["feat(003): complete phase 2 - two", "feat(003): complete phase 1 - one"]);
    for file in ["phase_1.md", "phase_2.md"] {
        let text = world.read(&format!("specs/003_two/plans/001_plan/{file}"));
        assert!(text.contains("- [x] do it"), "{text}");
    }
    assert_links_resolve(&world, world.show()["paths"]["summary"].as_str().unwrap());
    world.assert_nothing_left();
}

#[test]
fn a_detached_head_keeps_the_result_on_the_runs_branch() {
    let world = World::with_plan(&one());
    world.git(&["checkout", "--quiet", "--detach"]);
    let before = world.git(&["rev-parse", "HEAD"]);
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.git(&["rev-parse", "HEAD"]), before);
    assert!(outcome.stdout.contains("the checkout was on no branch when the run began"), "{outcome:#?}");
    let taken = world.env.run("sh", &world.repo, &["-c", &offered(&outcome.stdout)]);
    assert_eq!(taken.code, Some(0), "{taken:#?}");
    assert_eq!(world.read("one.txt"), "1\n");
}

#[test]
fn a_commit_of_the_user_during_the_run_is_not_lost() {
    let plan = Plan::new().sh("one", &[], "", "echo 1 > one.txt; until test -e \"$HOME/../go\"; do sleep 0.02; done");
    let world = World::with_plan(&plan);
    let run = world.start(&["run", "PLAN.md", "--agent", "offline"]);
    await_that("phase 1 runs", || world.coordinate(&["why"]).stdout.contains("phase 1 - one agent"));
    world.write("mine.txt", "mine\n");
    world.git(&["add", "mine.txt"]);
    world.git(&["commit", "--quiet", "--message", "mine"]);
    world.env.script("../go", "");
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(world.subjects("main").contains(&"mine".to_owned()), "{:?}", world.subjects("main"));
    assert_eq!((world.read("one.txt").as_str(), world.read("mine.txt").as_str()), ("1\n", "mine\n"));
}

#[test]
fn a_run_in_a_subfolder_works_on_the_whole_repository() {
    let world = World::new(&[("PLAN.md", &one().text()), ("sub/file", "x\n")]);
    let outcome =
        world.env.run(crate::support::PROGRAM, &world.repo.join("sub"), &["run", "../PLAN.md", "--agent", "offline"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("one.txt"), "1\n");
    world.assert_nothing_left();
}

/// A plan whose first phase is ticked, without a commit that says so.
fn ticked() -> World {
    let text = three().text().replacen("- [ ]", "- [x]", 1);
    World::new(&[("PLAN.md", &text), ("one.txt", "by hand\n")])
}

#[test]
fn a_tick_without_a_commit_is_a_question() {
    let world = ticked();
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(3), "{outcome:#?}");
    for part in ["ticked, but no commit in the history completes them: phase 1 - one", "--trust-ticks", "--all"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:#?}");
    }
    assert!(!world.has(".coordinate"));
}

#[test]
fn trusted_ticks_are_taken_as_done() {
    for flag in ["--trust-ticks", "--yes"] {
        let world = ticked();
        let outcome = world.run_offline(&[flag]);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        assert_eq!(world.read("three.txt"), "by hand\n2\n");
        assert_eq!(world.subjects("main").len(), 3);
    }
}

#[test]
fn all_phases_are_done_again_when_asked_for() {
    let world = ticked();
    let outcome = world.run_offline(&["--all"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("three.txt"), "1\n2\n");
    assert_eq!(world.subjects("main").len(), 4);
}

#[test]
fn a_tick_with_its_commit_is_believed() {
    let world = ticked();
    world.git(&["commit", "--quiet", "--allow-empty", "--message", "feat(012): complete phase 1 - one"]);
    let outcome = world.run_offline(&["--json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("three.txt"), "by hand\n2\n");
    let began: Vec<_> =
        json_lines(&outcome.stdout).into_iter().filter(|event| event["event"] == "attempt_started").collect();
    assert!(began.iter().all(|event| event["step"] != "implement/p1/agent"), "{began:#?}");
    let again = world.run_offline(&[]);
    assert_eq!((again.code, again.stdout.contains("nothing to do")), (Some(0), true), "{again:#?}");
}

#[test]
fn old_specs_of_claude_are_used_where_they_are() {
    let world = World::new(&[("PLAN.md", &one().text()), (".claude/specs/041_before/plans/001_plan.md", "# Old\n")]);
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.subjects("main")[0], "feat(042): complete phase 1 - one");
    assert!(world.has(".claude/specs/042_small_things/summaries/001_small_things_summary.md"));
}
