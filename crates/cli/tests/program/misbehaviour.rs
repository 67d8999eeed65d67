//! What an agent can do wrong: each ends in its class, its message and exit code 1, and never in success.

use crate::support::{Plan, World, step};
use serde_json::Value;

const AGENT: &str = "implement/p1/agent";

/// One phase, done by a script.
struct Case<'a> {
    files: &'a str,
    script: &'a str,
    arguments: &'a [&'a str],
}

impl Case<'_> {
    /// Runs the phase, which must fail like this.
    #[track_caller]
    fn fails(&self, class: &str, kind: &str, message: &str) -> World {
        let world = World::with_plan(&Plan::new().script("work", &[], self.files, self.script));
        self.fails_in(world, class, kind, message)
    }

    #[track_caller]
    fn fails_in(&self, world: World, class: &str, kind: &str, message: &str) -> World {
        let before = world.git(&["rev-parse", "main"]);
        let outcome = world.run_scripted(self.arguments);
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
        let shown = [message, &format!("class:    {class} ({kind})"), " failed: phase 1: "];
        for text in shown {
            assert!(outcome.stdout.contains(text), "{text}: {outcome:#?}");
        }
        assert!(!outcome.stdout.contains("succeeded"), "{outcome:#?}");
        let run = world.show();
        assert_eq!(run["outcome"], "failed");
        let agent = step(&run, AGENT);
        assert_eq!(agent["state"], "failed");
        assert_eq!((&agent["failure"]["class"], &agent["failure"]["kind"]), (&class.into(), &kind.into()));
        assert!(agent["failure"]["message"].as_str().unwrap().contains(message), "{agent:#}");
        assert_eq!(step(&run, "implement/p1/merge")["attempts"], Value::Array(Vec::new()));
        assert_eq!(world.git(&["rev-parse", "main"]), before);
        assert_eq!(world.git(&["status", "--porcelain", "PLAN.md"]), "");
        world.assert_no_trees();
        world
    }
}

/// A script alone.
fn script(script: &str) -> Case<'_> {
    Case { files: "", script, arguments: &[] }
}

/// The ending of each attempt of the agent's step.
fn endings(world: &World) -> Vec<String> {
    let run = world.show();
    let attempts = step(&run, AGENT)["attempts"].as_array().unwrap();
    attempts.iter().map(|attempt| attempt["ending"]["how"].as_str().unwrap_or_default().to_owned()).collect()
}

/// What the step's only attempt left, read back with git alone.
#[track_caller]
fn kept(world: &World, path: &str) -> String {
    let run = world.show();
    let snapshot = step(&run, AGENT)["attempts"][0]["snapshot"].as_str().expect("a snapshot").to_owned();
    let refs = world.git(&["for-each-ref", "--contains", &snapshot, "--format=%(refname)", "refs/coordinate"]);
    assert!(!refs.is_empty(), "no ref holds {snapshot}");
    world.git(&["show", &format!("{snapshot}:{path}")])
}

#[test]
fn the_file_that_the_plan_names_is_missing() {
    let case = Case { files: "`out.txt`", script: "write other.txt text", arguments: &[] };
    let world = case.fails("agent-misbehaved", "missing-file", "`out.txt` was not left as the plan says");
    let run = world.show();
    let failure = &step(&run, AGENT)["failure"];
    assert_eq!(failure["expected"], "`out.txt` with content");
    assert_eq!(failure["found"], "no such file");
    assert!(failure["context"].to_string().contains("changed instead: other.txt"), "{failure:#}");
}

#[test]
fn a_folder_that_the_plan_names_is_there_with_anything_below_it() {
    let world = World::with_plan(&Plan::new().script("work", &[], "`src/parts/`", "write src/parts/a.txt text"));
    let outcome = world.run_scripted(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    Case { files: "`src/parts/`", script: "write src/part.txt text", arguments: &[] }.fails(
        "agent-misbehaved",
        "missing-file",
        "`src/parts/` was not left as the plan says",
    );
    let stays = Case { files: "src/parts/ (delete)", script: "write other.txt text", arguments: &[] };
    let plan = Plan::new().script("work", &[], stays.files, stays.script);
    let world = World::new(&[("PLAN.md", &plan.text()), ("src/parts/a.txt", "a\n")]);
    stays.fails_in(world, "agent-misbehaved", "file-still-there", "`src/parts/` is still there");
}

#[test]
fn the_file_is_empty() {
    let case = Case { files: "`out.txt`", script: "write out.txt", arguments: &[] };
    let world = case.fails("agent-misbehaved", "empty-file", "`out.txt` was not left as the plan says");
    assert_eq!(step(&world.show(), AGENT)["failure"]["found"], "an empty file");
}

#[test]
fn the_file_lies_in_the_wrong_place() {
    let case = Case { files: "`src/out.txt`", script: "write out.txt text", arguments: &[] };
    let world = case.fails("agent-misbehaved", "missing-file", "`src/out.txt` was not left as the plan says");
    assert_eq!(kept(&world, "out.txt"), "text");
}

#[test]
fn the_file_lies_in_the_checkout_instead_of_the_tree() {
    let case = Case { files: "`out.txt`", script: r#"sh echo text > "$HOME/../repo/out.txt""#, arguments: &[] };
    let world = case.fails("agent-misbehaved", "no-work", "the agent reported success and changed nothing");
    assert_eq!(world.read("out.txt"), "text\n");
}

/// Shows S12.
#[test]
fn it_claims_an_artifact_without_work() {
    let case = Case { files: "`out.txt`", script: "say SUMMARY_CREATED: out.txt", arguments: &[] };
    let world = case.fails("agent-misbehaved", "no-work", "the agent reported success and changed nothing");
    assert_eq!(step(&world.show(), AGENT)["attempts"][0]["claims"][0], "SUMMARY_CREATED: out.txt");
}

#[test]
fn it_says_done_and_writes_nothing() {
    script("say All done, every test passes.").fails(
        "agent-misbehaved",
        "no-work",
        "the agent reported success and changed nothing",
    );
}

#[test]
fn a_file_that_was_to_be_removed_is_still_there() {
    let plan = Plan::new().script("work", &[], "delete `README.md`", "write other.txt text");
    let case = script("");
    case.fails_in(World::with_plan(&plan), "agent-misbehaved", "file-still-there", "`README.md` is still there");
}

#[test]
fn it_ends_with_an_exit_code() {
    let world = script("say half way\nerr it went wrong\nexit 3").fails(
        "permanent",
        "exit-code",
        "the agent ended with exit code 3",
    );
    assert_eq!(endings(&world), ["exited"]);
    let run = world.show();
    let context = step(&run, AGENT)["failure"]["context"].to_string();
    assert!(context.contains("half way") && context.contains("it went wrong"), "{context}");
}

#[test]
fn it_crashes() {
    let world = script("crash").fails("permanent", "crash", "the agent was ended by signal 6");
    assert_eq!(endings(&world), ["signaled"]);
}

/// Shows S14.
#[test]
fn it_is_killed_from_outside_and_tried_three_times() {
    let world = script("kill-self KILL").fails("transient", "crash", "the agent was killed by signal 9");
    assert_eq!(endings(&world), ["signaled"; 3]);
    // Clients that are told to end, and shells whose command was killed, say it by their exit code.
    let world = script("exit 143").fails("transient", "crash", "the agent was killed by signal 15");
    assert_eq!(endings(&world), ["exited"; 3]);
}

#[test]
fn its_output_stays_half_written() {
    let case = Case { files: "`out.txt`", script: "half-write out.txt 0123456789", arguments: &[] };
    let world = case.fails("permanent", "crash", "the agent was ended by signal 6");
    assert_eq!(kept(&world, "out.txt"), "01234");
}

#[test]
fn it_hangs_and_is_tried_three_times() {
    let case = Case { files: "", script: "say ready\nhang", arguments: &["-c", "agent.idle_seconds=1"] };
    let world = case.fails("transient", "idle-timeout", "the agent was silent for 1 s");
    assert_eq!(endings(&world), ["idle_limit"; 3]);
    assert_eq!(world.env.executions().len(), 3);
}

#[test]
fn it_hangs_once_and_the_second_try_counts() {
    let plan = Plan::new().script("work", &[], "", "if-attempt 1 hang\nwrite out.txt text");
    let world = World::with_plan(&plan);
    let outcome = world.run_scripted(&["-c", "agent.idle_seconds=1"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("phase 1 - work will be tried again: the agent was silent"), "{outcome:#?}");
    assert_eq!(endings(&world), ["idle_limit", "exited"]);
    assert_eq!(world.read("out.txt"), "text");
    world.assert_nothing_left();
}

#[test]
fn it_works_longer_than_its_hard_limit() {
    let script = "sh while :; do echo tick; sleep 0.1; done";
    let case = Case { files: "", script, arguments: &["-c", "agent.hard_seconds=1"] };
    case.fails("permanent", "hard-timeout", "the agent took longer than its hard limit");
}

#[test]
fn it_floods_its_output() {
    let case = Case { files: "", script: "flood 200000\nhang", arguments: &["-c", "agent.output_bytes=10000"] };
    let world = case.fails("agent-misbehaved", "output-limit", "the agent wrote more than 10000 bytes of output");
    assert_eq!(endings(&world), ["output_limit"]);
}

#[test]
fn it_ignores_being_told_to_end() {
    let arguments = ["-c", "agent.output_bytes=10000", "-c", "agent.grace_seconds=1"];
    let case = Case { files: "", script: "ignore-term\nflood 200000\nhang", arguments: &arguments };
    case.fails("agent-misbehaved", "output-limit", "the agent wrote more than 10000 bytes of output");
}

#[test]
fn it_leaves_processes_in_other_sessions_and_no_work() {
    let script_text = "fork-session ../../../../marker\nfork-child\nsay done";
    let world = script(script_text).fails("agent-misbehaved", "no-work", "changed nothing");
    assert_eq!(endings(&world), ["exited"]);
}

#[test]
fn it_crashes_and_its_processes_go_with_it() {
    script("fork-session ../../../../marker\nfork-child\ncrash").fails("permanent", "crash", "signal 6");
}

#[test]
fn processes_that_good_work_leaves_behind_are_ended_too() {
    let plan = Plan::new().script("work", &[], "", "fork-session ../../../../marker\nwrite out.txt text");
    let world = World::with_plan(&plan);
    assert_eq!(world.run_scripted(&[]).code, Some(0));
    world.assert_nothing_left();
}

#[test]
fn it_edits_the_plan() {
    let world = script("append PLAN.md more\nwrite out.txt text").fails(
        "agent-misbehaved",
        "plan-edited",
        "the agent edited the plan `PLAN.md`",
    );
    assert_eq!(kept(&world, "out.txt"), "text");
}

#[test]
fn it_ticks_the_plan_itself_and_commits_that() {
    script("sh sed -i 's/- \\[ \\]/- [x]/' PLAN.md\nwrite out.txt text\ncommit all done").fails(
        "agent-misbehaved",
        "plan-edited",
        "the agent edited the plan `PLAN.md`",
    );
}

#[test]
fn it_rewrites_history() {
    let world = script("write out.txt text\nsh git add -A && git commit -q --amend -m mine").fails(
        "agent-misbehaved",
        "history-rewritten",
        "the agent left the commit that it was given",
    );
    assert_eq!(kept(&world, "out.txt"), "text");
}

#[test]
fn it_switches_to_a_branch_without_history() {
    script("sh git checkout -q --orphan fresh && git commit -q -m fresh --allow-empty").fails(
        "agent-misbehaved",
        "history-rewritten",
        "the agent left the commit that it was given",
    );
}

#[test]
fn it_fails_with_uncommitted_work_which_is_kept() {
    let world = script("write new.txt precious\nappend README.md more\nsh git add new.txt\nexit 3").fails(
        "permanent",
        "exit-code",
        "the agent ended with exit code 3",
    );
    assert_eq!(kept(&world, "new.txt"), "precious");
    assert_eq!(kept(&world, "README.md"), "# A project\nmore");
    let run = world.show();
    let named =
        run["kept"].as_array().unwrap().iter().any(|name| name.as_str().unwrap().contains("implement-p1-agent"));
    assert!(named, "{:#}", run["kept"]);
}

#[test]
fn it_can_not_be_started() {
    let world = World::with_plan(&Plan::new().script("work", &[], "", "say never"));
    let outcome =
        world.coordinate(&["run", "PLAN.md", "--agent", "command", "--agent-command", "no-such-program --now"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let run = world.show();
    let failure = &step(&run, AGENT)["failure"];
    assert_eq!((&failure["class"], &failure["kind"]), (&"permanent".into(), &"not-started".into()), "{failure:#}");
    assert!(outcome.stdout.contains("no-such-program"), "{outcome:#?}");
    world.assert_no_trees();
}

#[test]
fn commits_of_its_own_stay_in_the_history() {
    let plan = Plan::new().script(
        "work",
        &[],
        "`out.txt`",
        "write out.txt text\ncommit agent: one\nappend out.txt ,\ncommit agent: two",
    );
    let world = World::with_plan(&plan);
    let outcome = world.run_scripted(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let subjects = world.subjects("main");
    assert_eq!(subjects.first().map(String::as_str), Some("feat(001): complete phase 1 - work"));
    assert!(["agent: one", "agent: two"].iter().all(|own| subjects.iter().any(|subject| subject == own)));
    assert_eq!(world.read("out.txt"), "text,");
    world.assert_nothing_left();
}

#[test]
fn uncommitted_work_is_committed_for_it() {
    let plan = Plan::new().script("work", &[], "`out.txt`", "write out.txt text\nbytes ff00fe\nsay \\n");
    let world = World::with_plan(&plan);
    let outcome = world.run_scripted(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.subjects("main"), ["feat(001): complete phase 1 - work", "first"]);
    assert_eq!(world.git(&["show", "main:out.txt"]), "text");
    assert!(world.git(&["show", "main:PLAN.md"]).contains("- [x] do work"));
    world.assert_nothing_left();
}
