//! What users of other orchestrators suffered from, line by line. Where the behaviour has a test of its own already, it is
//! named here and not written twice:
//!
//! | suffering | shown by |
//! |---|---|
//! | uncommitted work deleted by clean-up | `clean::a_tree_that_was_left_goes_only_when_all_of_it_is_kept`, `misbehaviour::it_fails_with_uncommitted_work_which_is_kept` |
//! | live agents reaped because a status command failed | here |
//! | dead ones shown as running | here |
//! | orphaned process trees | `misbehaviour::it_leaves_processes_in_other_sessions_and_no_work`, the binary `proof` |
//! | guards that are opt-in | here |
//! | approval prompts that block a headless run | here, `control::a_question_waits_for_a_person_and_yes_goes_on` |
//! | retries that hide quota | `clients::a_limit_of_use_is_one_of_quota_and_is_not_tried_again`, `hanging::one_that_is_silent_after_an_error_has_that_error` |
//! | plans that say "done" without artifacts | `misbehaviour::it_claims_an_artifact_without_work`, `misbehaviour::it_ticks_the_plan_itself_and_commits_that` |
//! | `merge --theirs` overwriting work | `merging::a_conflict_stops_that_phase_only_and_loses_nothing` |
//! | secrets in transcripts | here |

use crate::support::process::await_that;
use crate::support::{Plan, Started, World};
use rustix::process::Signal;

/// A phase that begins, waits for leave, and works.
fn waiting() -> World {
    let script = "sh touch \"$HOME/begun\"\nwait-for ../../../../../home/go\nwrite out.txt text";
    World::with_plan(&Plan::new().script("work", &[], "`out.txt`", script))
}

/// Starts the run, waits until its agent works, and kills the orchestrator alone.
#[track_caller]
fn left_alone(world: &World) {
    let run: Started = world.start_scripted(&[]);
    await_that("the agent works", || world.env.home().join("begun").exists());
    run.signal(Signal::KILL);
    run.finish();
}

fn let_go(world: &World) {
    std::fs::write(world.env.home().join("go"), "").unwrap();
}

#[test]
fn live_agents_reaped_because_a_status_command_failed() {
    let world = waiting();
    left_alone(&world);
    let alive = world.env.leftovers().len();
    assert!(alive >= 2, "the agent and its supervisor");
    assert!(world.coordinate(&["show"]).stdout.contains("  running    implement/p1/agent"));
    let journal = world.repo.join(".coordinate");
    for words in [&["ps"][..], &["show"], &["why"], &["logs"], &["clean"], &["doctor"]] {
        // Without git, and then with a journal that is no journal.
        let _ = world.command(words).env("PATH", "/nonexistent").output().unwrap();
        let hidden = world.env.root().join("hidden");
        std::fs::rename(&journal, &hidden).unwrap();
        std::fs::write(&journal, "no folder").unwrap();
        let broken = world.coordinate(words);
        std::fs::remove_file(&journal).unwrap();
        std::fs::rename(&hidden, &journal).unwrap();
        assert!(broken.code.is_some(), "{words:?}: {broken:#?}");
        assert_eq!(world.env.leftovers().len(), alive, "{words:?} ended something");
    }
    let_go(&world);
    assert_eq!(world.coordinate(&["resume"]).code, Some(0));
    assert_eq!(world.env.executions().len(), 1, "the living agent was taken over");
    world.assert_nothing_left();
}

#[test]
fn dead_ones_shown_as_running() {
    let world = waiting();
    left_alone(&world);
    for process in world.env.leftovers() {
        coordinate_testkit::processes::kill(process.pid);
    }
    world.env.assert_no_leftovers();
    let shown = [&["ps"][..], &["show"], &["why"]].map(|words| world.coordinate(words).stdout);
    for text in &shown {
        assert!(!text.contains("running"), "{text}");
    }
    assert!(
        shown[1].contains("driver    none") && shown[1].contains("  halted     implement/p1/agent"),
        "{}",
        shown[1]
    );
    let_go(&world);
    assert_eq!(world.coordinate(&["resume"]).code, Some(0));
    world.assert_nothing_left();
}

#[test]
fn guards_that_are_opt_in() {
    let world = World::new(&[("README.md", "# A project\n")]);
    // With nothing configured each of them is on.
    for guard in [
        "agent.idle_seconds",
        "agent.output_bytes",
        "agent.grace_seconds",
        "agent.conclude_seconds",
        "agent.stall_seconds",
        "test.limit_seconds",
        "replan.limit",
        "max_parallel",
    ] {
        let value = world.coordinate(&["config", "get", guard]).stdout;
        assert!(value.trim().parse::<u64>().is_ok_and(|limit| limit > 0), "{guard}: {value}");
    }
}

#[test]
fn approval_prompts_that_block_a_headless_run() {
    // An agent that asks on its input, or on a terminal, gets an end of file and no terminal: never a wait.
    let script = "sh read answer && exit 3; test ! -t 0 && ! sh -c ': < /dev/tty' 2> /dev/null\nwrite out.txt text";
    let world = World::with_plan(&Plan::new().script("work", &[], "`out.txt`", script));
    let outcome = world.run_scripted(&["-c", "agent.idle_seconds=20"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    world.assert_nothing_left();
}

/// What nobody may find again, whether a variable holds it or an agent has read it in a file.
const SECRETS: [&str; 5] = [
    "hunter2-hunter2",
    "sk-ant-api03-a1b2c3d4e5f6a1b2c3d4e5f6",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
];

#[test]
fn secrets_in_transcripts() {
    let [password, key, token, web, private] = SECRETS;
    let script = format!(
        "sh echo \"password $DEPLOY_PASSWORD\"\nsay key={key}\nerr token {token}\nsay Authorization: Bearer {web}\n\
         say -----BEGIN PRIVATE KEY-----\nsay {private}\nsay -----END PRIVATE KEY-----\nsay in the clear\nexit 3"
    );
    let world = World::new(&[("README.md", "# A project\n")]);
    let script = world.env.script("work", &script);
    world.write("PLAN.md", &Plan::new().script("work", &[], "", "say never").text());
    world.git(&["add", "--all"]);
    world.git(&["commit", "--quiet", "--message", "plan"]);
    let words = crate::support::scripted(&[]);
    let mut command = world.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let run = command.env("DEPLOY_PASSWORD", password).env("SCRIPTED_AGENT_SCRIPT", &script).output().unwrap();
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    let logs = world.coordinate(&["logs", "--step", "implement/p1/agent"]);
    assert!(logs.stdout.contains("in the clear") && logs.stdout.contains("[redacted:DEPLOY_PASSWORD]"), "{logs:#?}");
    let shown = [&["show", "--json"][..], &["why"], &["logs", "--json"]].map(|words| world.coordinate(words).stdout);
    let printed = [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    for text in shown.iter().chain(&printed).chain([&logs.stdout]) {
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
    }
    for folder in [world.repo.join(".coordinate"), world.env.root().join("state")] {
        for secret in SECRETS {
            let found = world.env.run("grep", &folder, &["-rlaF", "-e", secret, "."]);
            assert_eq!((found.stdout.as_str(), found.code), ("", Some(1)), "{secret} in {}", folder.display());
        }
    }
}
