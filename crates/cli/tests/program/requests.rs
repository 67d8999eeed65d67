//! Requests in plain words, from the words to the files, through an agent that is a real script.

use crate::support::redact::{redacted, whole};
use crate::support::{World, step};
use coordinate_testkit::Outcome;

const README: (&str, &str) = ("README.md", "# A project\n");

fn world() -> World {
    World::new(&[README])
}

/// A project whose test fails until `word.txt` says good.
fn failing() -> World {
    World::new(&[README, ("word.txt", "bad\n"), ("Makefile", "test:\n\tgrep good word.txt\n")])
}

#[track_caller]
fn shows(name: &str, world: &World, outcome: &Outcome) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
}

#[track_caller]
fn ends(outcome: &Outcome, code: i32) {
    assert_eq!(outcome.code, Some(code), "{outcome:#?}");
}

#[test]
fn a_research_and_plan_leaves_reports_and_a_plan_and_nothing_else() {
    let world = world();
    let outcome = world.run_authored(&["--max-parallel", "1", "research the parser and the lexer and plan a rewrite"]);
    shows("request_research_and_plan", &world, &outcome);
    let topic = "specs/001_parser_lexer_plan_rewrite";
    assert!(world.read(&format!("{topic}/reports/001_parser.md")).starts_with("# parser\n"));
    assert!(world.read(&format!("{topic}/reports/002_lexer.md")).starts_with("# lexer\n"));
    assert_eq!(
        world.coordinate(&["plan", "check", &format!("{topic}/plans/001_parser_lexer_plan_rewrite_plan.md")]).code,
        Some(0)
    );
    assert_eq!(world.git(&["status", "--porcelain"]), "?? specs/");
    assert_eq!(world.git(&["log", "--oneline"]).lines().count(), 1);
    let log = world.coordinate(&["logs", "--json"]).stdout;
    assert!(!log.contains("\"integration\":\""), "no branch was made for it: {log}");
    world.assert_nothing_left();
}

#[test]
fn the_planner_finds_the_reports_in_its_tree() {
    let world = world();
    let copy = "printf '%s\\n' \"$COORDINATE_INPUTS\" | while read -r f; do cat \"$f\"; done > \"$here/seen\"\nplan > \"$COORDINATE_ARTIFACT\"";
    world.role("plan-architect", copy);
    ends(&world.run_authored(&["research the parser and plan a rewrite"]), 0);
    let seen = world.beside("seen");
    assert!(seen.contains("## Executive Summary"), "{seen}");
    assert!(world.show()["warnings"][0].as_str().unwrap().contains("ended without its line `PLAN_CREATED"));
}

#[test]
fn words_are_researched_planned_implemented_and_delivered() {
    let world = failing();
    world.write("word.txt", "good\n");
    world.git(&["commit", "-qam", "good"]);
    let outcome = world.run_authored(&["implement", "a", "number", "printer"]);
    ends(&outcome, 0);
    assert_eq!(
        world.subjects("main"),
        [
            "docs(001): link the summary",
            "feat(001): complete phase 2 - Two",
            "feat(001): complete phase 1 - One",
            "docs(001): take in the plan",
            "good",
            "first"
        ]
    );
    assert_eq!(world.read("two.txt"), "two\n");
    let plan = world.read("specs/001_implement_number_printer/plans/001_implement_number_printer_plan.md");
    assert!(plan.contains("- [x] write one") && plan.contains("- [x] write two"), "{plan}");
    assert_eq!(world.show()["completed_states"].as_array().unwrap().len(), 6);
    // A plan that was ticked is still the one that was verified.
    let plans = world.json(&["artifacts", "--type", "plan", "--json"]);
    assert_eq!((plans.as_array().unwrap().len(), &plans[0]["verdict"]), (1, &"verified".into()));
    assert!(world.coordinate(&["logs", "--json"]).stdout.contains("\"integration\":\""));
    let warnings = world.show()["warnings"].to_string();
    assert!(!warnings.contains("ended without its line"), "{warnings}");
    world.assert_nothing_left();
}

/// Shows S12.
#[test]
fn a_plan_with_a_circle_goes_back_with_the_diagnostics() {
    let world = world();
    let first = "if [ -e \"$here/second\" ]; then grep -q ': .2.' \"$COORDINATE_ARTIFACT\"; cp \"$COORDINATE_PROMPT_FILE\" \"$here/prompt\"; plan > \"$COORDINATE_ARTIFACT\"; else\n\
        touch \"$here/second\"; plan | sed 's/: \\[\\]/: [2]/' > \"$COORDINATE_ARTIFACT\"; fi";
    world.role("plan-architect", first);
    ends(&world.run_authored(&["plan a rewrite of the parser"]), 0);
    let prompt = world.beside("prompt");
    assert!(prompt.contains("What was wrong with your last text"), "{prompt}");
    assert!(prompt.contains("1 → 2 → 1"), "{prompt}");
    assert_eq!(step(&world.show(), "plan/plan")["attempts"].as_array().unwrap().len(), 2);
}

#[test]
fn a_plan_goes_back_twice_and_no_more() {
    let world = world();
    world.role("plan-architect", "echo '# No phases' > \"$COORDINATE_ARTIFACT\"");
    let outcome = world.run_authored(&["plan a rewrite of the parser"]);
    shows("request_plan_refused", &world, &outcome);
    let calls: Vec<String> = world.calls().into_iter().filter(|call| call == "plan/plan").collect();
    assert_eq!(calls.len(), 3);
    assert!(!world.has("specs/001_plan_rewrite_parser/plans"), "a refused plan reached the checkout");
}

#[test]
fn an_agent_that_says_done_and_left_no_file_has_failed() {
    let world = world();
    world.role("research-specialist", "echo \"REPORT_CREATED: $COORDINATE_ARTIFACT\"");
    shows("request_no_report", &world, &world.run_authored(&["research the parser"]));
    assert_eq!(world.calls().len(), 1);
}

#[test]
fn what_an_agent_changes_besides_its_file_is_kept_and_not_taken() {
    let world = world();
    world.role("research-specialist", "report x > \"$COORDINATE_ARTIFACT\"; echo mine > README.md; echo new > new.txt");
    let outcome = world.run_authored(&["research the parser"]);
    ends(&outcome, 0);
    assert_eq!(world.read("README.md"), "# A project\n");
    assert!(!world.has("new.txt"));
    let run = world.show();
    let kept = run["kept"][0].as_str().unwrap();
    assert_eq!(world.git(&["show", &format!("{kept}:new.txt")]), "new");
    assert!(run["warnings"].to_string().contains("changed 2 files besides its own"), "{}", run["warnings"]);
}

/// A copy of the report elsewhere, and another text of a file that the request names, are nowhere but in its tree.
#[test]
fn copies_and_changes_of_named_files_are_kept_too() {
    let world = world();
    world.write("notes.txt", "mine\n");
    for (does, file, text) in
        [("cp \"$COORDINATE_ARTIFACT\" copy.md", "copy.md", "# x"), ("echo other > notes.txt", "notes.txt", "other")]
    {
        world.role("research-specialist", &format!("report x > \"$COORDINATE_ARTIFACT\"; {does}"));
        ends(&world.run_authored(&["--topic", "parser", "research the parser from notes.txt"]), 0);
        let run = world.show();
        let kept = run["kept"][0].as_str().unwrap_or_else(|| panic!("`{file}` is not kept: {run:#}"));
        assert!(world.git(&["show", &format!("{kept}:{file}")]).starts_with(text), "{file}");
    }
    assert_eq!(world.read("notes.txt"), "mine\n");
}

#[test]
fn a_report_that_its_agent_committed_leaves_no_branch() {
    let world = world();
    let commits = "report x > \"$COORDINATE_ARTIFACT\"; git add --all --force; git commit --quiet --message own";
    world.role("research-specialist", commits);
    ends(&world.run_authored(&["-c", "test.command=true", "research the parser"]), 0);
    assert_eq!(world.refs("refs/coordinate/"), [""; 0]);
    assert_eq!(world.refs("refs/heads"), ["refs/heads/main"]);
}

/// Shows S19.
#[test]
fn a_plan_is_revised_in_place() {
    let world = world();
    ends(&world.run_authored(&["plan a rewrite of the parser"]), 0);
    let plan = "specs/001_plan_rewrite_parser/plans/001_plan_rewrite_parser_plan.md";
    let outcome = world.run_authored(&[&format!("revise {plan} to add a ninth phase")]);
    shows("request_revise", &world, &outcome);
    assert!(world.read(plan).contains("### Phase 1: One") && world.read(plan).contains("### Phase 9: Nine"));
    assert!(world.has("specs/001_plan_rewrite_parser/reports/002_ninth_phase.md"), "{:?}", world.show()["artifacts"]);
    shows("request_revise_changes", &world, &world.coordinate(&["show", "--changes"]));
}

/// Shows S19.
#[test]
fn a_revision_that_changes_nothing_is_none() {
    let world = world();
    ends(&world.run_authored(&["plan a rewrite of the parser"]), 0);
    world.role("revision-specialist", "true");
    let plan = "specs/001_plan_rewrite_parser/plans/001_plan_rewrite_parser_plan.md";
    let outcome = world.run_authored(&[&format!("revise {plan} to add a ninth phase")]);
    ends(&outcome, 1);
    assert!(outcome.stdout.contains(&format!("the plan `{plan}` was not changed")), "{outcome:#?}");
}

/// Shows S19.
#[test]
fn a_backup_that_is_no_copy_of_the_plan_is_made_anew() {
    let world = world();
    ends(&world.run_authored(&["plan a rewrite of the parser"]), 0);
    let plan = "specs/001_plan_rewrite_parser/plans/001_plan_rewrite_parser_plan.md";
    let text = world.read(plan);
    let revise = || ends(&world.run_authored(&[&format!("revise {plan} to add a ninth phase")]), 0);
    revise();
    let artifacts = world.show()["artifacts"].clone();
    let artifacts = artifacts.as_array().expect("artifacts").iter().map(|artifact| artifact["path"].as_str().unwrap());
    let backup = artifacts.clone().find(|path| world.read(path) == text).unwrap_or_else(|| panic!("{artifacts:?}"));
    world.write(plan, &text);
    world.write(backup, "damaged\n");
    revise();
    assert_eq!(world.read(backup), text);
}

/// Shows S19.
#[test]
fn a_plan_that_was_edited_meanwhile_is_not_written_over() {
    let world = world();
    ends(&world.run_authored(&["plan a rewrite of the parser"]), 0);
    let plan = "specs/001_plan_rewrite_parser/plans/001_plan_rewrite_parser_plan.md";
    let edit = format!(
        "echo '- [ ] mine' >> '{}'; echo '- [ ] theirs' >> \"$COORDINATE_ARTIFACT\"",
        world.repo.join(plan).display()
    );
    world.role("revision-specialist", &edit);
    let outcome = world.run_authored(&[&format!("revise {plan} to add a task")]);
    shows("request_revise_edited", &world, &outcome);
    assert!(world.read(plan).ends_with("- [ ] mine\n"), "{}", world.read(plan));
}

/// Shows S19.
#[test]
fn each_plan_that_can_not_be_revised_has_its_own_message() {
    let world = World::new(&[
        README,
        ("PLAN.md", "# P\n\n### Phase 1: One\n\n- [ ] a\n"),
        ("specs/001_a/plans/001_bad.md", "# P\n\n### Phase 1: One\n**Dependencies**: [7]\n\n- [ ] a\n"),
        ("specs/001_a/plans/folder/phase_1.md", "### Phase 1: One\n\n- [ ] a\n"),
    ]);
    let outside = world.env.root().join("outside/plans");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("p.md"), "# P\n\n### Phase 1: One\n\n- [ ] a\n").unwrap();
    let tries = [
        "revise PLAN.md to add a task".to_owned(),
        "revise specs/001_a/plans/001_bad.md to add a task".to_owned(),
        "revise specs/001_a/plans/folder to add a task".to_owned(),
        format!("revise {} to add a task", outside.join("p.md").display()),
        "revise specs/001_a/plans/002_gone.md to add a task".to_owned(),
    ];
    let mut text = String::new();
    for request in &tries {
        let outcome = world.run_authored(&["--scope", "research-and-revise", request]);
        text.push_str(&whole(&outcome));
    }
    redacted(&world, || insta::assert_snapshot!("request_revise_wrong", text));
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), "");
}

#[test]
fn debugging_ends_with_the_cause() {
    let world = failing();
    let outcome = world.run_authored(&["find out why the test fails"]);
    shows("request_debug", &world, &outcome);
    assert_eq!(world.git(&["log", "--oneline"]).lines().count(), 1);
    let log = world.coordinate(&["logs", "--json"]).stdout;
    assert!(!log.contains("\"integration\":\""), "no branch was made for it: {log}");
    world.assert_nothing_left();
}

#[test]
fn a_fix_is_checked_merged_and_delivered() {
    let world = failing();
    world.role("debug-specialist", "echo good > word.txt");
    let outcome = world.run_authored(&["fix the failing test"]);
    shows("request_fix", &world, &outcome);
    assert_eq!(world.read("word.txt"), "good\n");
    world.assert_nothing_left();
}

#[test]
fn a_fix_that_mends_nothing_is_not_delivered() {
    let world = failing();
    world.role("debug-specialist", "echo worse > word.txt");
    let outcome = world.run_authored(&["fix the failing test"]);
    ends(&outcome, 1);
    assert_eq!(world.read("word.txt"), "bad\n");
    assert_eq!(world.subjects("main"), ["first"]);
    assert!(world.has("specs/001_fix_failing_test/debug/001_fix_failing_test_debug.md"));
}

#[test]
fn outside_git_research_and_planning_work_and_implementing_says_what_to_do() {
    let mut world = world();
    world.repo = world.env.root().join("plain");
    std::fs::create_dir_all(&world.repo).unwrap();
    shows("request_outside_git", &world, &world.run_authored(&["research the parser and plan a rewrite"]));
    shows("request_outside_git_implement", &world, &world.run_authored(&["implement the parser"]));
    world.env.assert_no_leftovers();
}

/// Shows S3.
#[test]
fn sixteen_at_once_get_sixteen_topics_and_numbers() {
    for same in [false, true] {
        let world = world();
        let request =
            |n: usize| if same { "research the parser".to_owned() } else { format!("research the parser{n}") };
        // All of them are held in their first step, so that all are under way at once.
        world.role(
            "research-specialist",
            "until test -e \"$here/go\"; do sleep 0.02; done; report x > \"$COORDINATE_ARTIFACT\"",
        );
        let words: Vec<Vec<String>> = (0..16).map(|n| world.authored(&[&request(n)])).collect();
        let started: Vec<_> =
            words.iter().map(|words| world.start(&words.iter().map(String::as_str).collect::<Vec<_>>())).collect();
        crate::support::process::await_that("16 agents", || world.calls().len() == 16);
        world.env.script("go", "");
        for run in started {
            ends(&run.finish(), 0);
        }
        let topics = World::entries(&world.repo.join("specs"));
        let numbers: Vec<&str> = topics.iter().filter_map(|topic| topic.get(..3)).collect();
        let expected: Vec<String> = (1..=16).map(|number| format!("{number:03}")).collect();
        assert_eq!(numbers, expected, "{topics:?}");
        for topic in &topics {
            assert_eq!(World::entries(&world.repo.join("specs").join(topic).join("reports")).len(), 1, "{topic}");
        }
    }
}

/// Shows S3.
#[test]
fn a_topic_of_exactly_this_name_is_used_again_and_nothing_is_overwritten() {
    let world = world();
    for _ in 0..2 {
        ends(&world.run_authored(&["research the parser"]), 0);
    }
    assert_eq!(World::entries(&world.repo.join("specs")), ["001_parser"]);
    assert_eq!(World::entries(&world.repo.join("specs/001_parser/reports")), ["001_parser.md", "002_parser.md"]);
}

/// Shows S4, S5.
#[test]
fn a_block_of_the_agent_finds_the_runs_paths_and_state() {
    let world = world();
    let ask = format!(
        "eval \"$('{}' --project '{}' state load)\"\nprintf '%s\\n' \"$WORKFLOW_SCOPE\" \"$CURRENT_STATE\" \"$SUCCESSFUL_REPORT_COUNT\" \"$PLAN_PATH\" \"$REPORT_PATH_0\" > \"$here/seen\"\nplan > \"$COORDINATE_ARTIFACT\"",
        crate::support::PROGRAM,
        world.repo.display()
    );
    world.role("plan-architect", &ask);
    ends(&world.run_authored(&["research the parser and plan a rewrite"]), 0);
    let seen = world.beside("seen");
    redacted(&world, || insta::assert_snapshot!("request_shell_names", seen));
}

#[test]
fn what_would_be_done_is_shown_and_nothing_written() {
    let world = world();
    let outcome = world.run_authored(&["--dry-run", "research the parser and the lexer and plan a rewrite"]);
    shows("request_dry_run", &world, &outcome);
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), "");
}

#[test]
fn requests_come_from_files_and_standard_input_too() {
    let world = world();
    let file = world.env.root().join("request.txt");
    std::fs::write(&file, "research the parser\n").unwrap();
    let place = file.display().to_string();
    ends(&world.run_authored(&["--request-file", &place]), 0);
    ends(&world.run_authored(&[&place]), 0);
    let mut text = whole(&world.run_authored(&["-"]));
    text.push_str(&whole(&world.run_authored(&["no/such/plan.md"])));
    text.push_str(&whole(&world.run_authored(&["--workflow", "implement", "research the parser"])));
    redacted(&world, || insta::assert_snapshot!("request_wrong", text));
    assert_eq!(World::entries(&world.repo.join("specs/001_parser/reports")).len(), 2);
}

/// Shows S7.
#[test]
fn a_report_that_is_there_is_not_researched_again_after_a_kill() {
    let world = world();
    let wait = "case $COORDINATE_STEP in */t2/*) until test -e \"$here/go\"; do sleep 0.02; done ;; esac\nreport x > \"$COORDINATE_ARTIFACT\"";
    world.role("research-specialist", wait);
    let words = world.authored(&["research the parser and the lexer and plan a rewrite"]);
    let run = world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let first = world.repo.join("specs/001_parser_lexer_plan_rewrite/reports/001_parser.md");
    crate::support::process::await_that("the first report, the second agent", || {
        first.exists() && world.calls().len() == 2
    });
    run.signal(rustix::process::Signal::KILL);
    run.finish();
    world.env.script("go", "");
    ends(&world.coordinate(&["resume"]), 0);
    assert_eq!(world.calls().len(), 3, "{:?}", world.calls());
    world.assert_nothing_left();
}

/// Shows S26.
#[test]
fn artifacts_are_listed_with_what_became_of_them() {
    let world = world();
    assert_eq!(whole(&world.coordinate(&["artifacts"])), "--- exit 0\n");
    ends(&world.run_authored(&["--max-parallel", "1", "research the parser and the lexer and plan a rewrite"]), 0);
    world.write("specs/001_parser_lexer_plan_rewrite/reports/001_parser.md", "mine\n");
    std::fs::remove_file(world.repo.join("specs/001_parser_lexer_plan_rewrite/reports/002_lexer.md")).unwrap();
    let mut text = whole(&world.coordinate(&["artifacts"]));
    text.push_str(&whole(&world.coordinate(&["artifacts", "--type", "plan", "--topic", "1", "--json"])));
    text.push_str(&whole(&world.coordinate(&["artifacts", "--topic", "2"])));
    redacted(&world, || insta::assert_snapshot!("artifacts", text));
}

/// Shows S4.
#[test]
fn paths_are_told_without_being_taken() {
    let world = world();
    let mut text = String::new();
    for arguments in [&["--json"][..], &["--shell"], &[], &["--topic", "one", "--topic", "two"]] {
        let request = [&["paths", "research", "the", "parser"], arguments].concat();
        text.push_str(&whole(&world.coordinate(&request)));
    }
    redacted(&world, || insta::assert_snapshot!("paths", text));
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), "");
}

/// Shows S4.
#[test]
fn paths_of_a_hostile_folder_are_data_to_a_shell() {
    let mut world = world();
    world.repo = world.env.root().join("it's $(touch pwned) `touch pwned` \"x\" \\ ;&|");
    std::fs::create_dir_all(&world.repo).unwrap();
    let script = format!(
        "eval \"$('{}' paths --shell research the parser)\"; printf %s \"$TOPIC_PATH\"",
        crate::support::PROGRAM
    );
    for shell in ["sh", "bash"] {
        let mut command = world.env.command(shell);
        let output = command.current_dir(&world.repo).args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}/specs/001_parser", world.repo.display()));
    }
    assert_eq!(World::entries(&world.repo), Vec::<String>::new());
}

#[test]
fn files_that_a_request_names_are_there_for_its_agents() {
    let world = world();
    ends(&world.run_authored(&["research the parser"]), 0);
    let look = "cat specs/001_parser/reports/001_parser.md notes.txt > \"$here/$COORDINATE_ROLE\"\nreport x > \"$COORDINATE_ARTIFACT\"";
    world.role("research-specialist", look);
    world.role("plan-architect", &look.replace("report x", "plan"));
    world.write("notes.txt", "mine\n");
    ends(&world.run_authored(&["plan a rewrite, from the reports in specs/001_parser/reports and notes.txt"]), 0);
    for role in ["research-specialist", "plan-architect"] {
        let seen = world.beside(role);
        assert!(seen.contains("# parser") && seen.ends_with("mine\n"), "{role}: {seen}");
    }
    assert_eq!(world.show()["kept"], serde_json::json!([]));
    world.assert_nothing_left();
}

#[test]
fn a_named_file_may_go_meanwhile_and_a_report_of_the_run_may_not() {
    let world = world();
    world.write("notes.txt", "mine\n");
    let rm = |path: &str| format!("rm -f '{}'; report x > \"$COORDINATE_ARTIFACT\"", world.repo.join(path).display());
    world.role("research-specialist", &rm("notes.txt"));
    ends(&world.run_authored(&["research the parser from notes.txt and plan a rewrite"]), 0);
    assert!(!world.has("notes.txt"));
    world.role("research-specialist", &rm("specs/002_parser_lexer_plan_rewrite/reports/001_parser.md"));
    let outcome = world.run_authored(&["--max-parallel", "1", "research the parser and the lexer and plan a rewrite"]);
    ends(&outcome, 1);
    let told = "`specs/002_parser_lexer_plan_rewrite/reports/001_parser.md` is not there any more";
    assert!(outcome.stdout.contains(told), "{outcome:#?}");
}

/// Reading and writing reports needs nothing that a project's set-up makes.
#[test]
fn trees_of_research_are_not_set_up() {
    let world = world();
    ends(&world.run_authored(&["-c", "worktree.setup=[\"exit 9\"]", "research the parser and plan a rewrite"]), 0);
}
