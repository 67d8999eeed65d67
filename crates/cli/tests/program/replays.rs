//! Runs are carried out once more: those in which more than one thing happens at once, and one that is interrupted.

use crate::forecast::meeting;
use crate::queue::{AGENT, Queue, with_commit};
use crate::support::process::await_that;
use crate::support::{Plan, World};
use coordinate_testkit::Outcome;
use rustix::process::Signal;

/// Shows a run once more, and carries it out once more: each event as recorded, and nothing of the user's is touched.
#[track_caller]
fn again(world: &World, told: &[&str]) {
    let (head, refs) = (world.git(&["rev-parse", "HEAD"]), world.refs("refs"));
    let shown = world.coordinate(&["replay", "--speed", "max"]);
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    for part in told {
        assert!(shown.stdout.contains(part), "no `{part}`: {}", shown.stdout);
    }
    let replayed = world.coordinate(&["replay", "--execute"]);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    assert!(replayed.stdout.contains(" events, each as recorded"), "{replayed:#?}");
    assert_eq!((world.git(&["rev-parse", "HEAD"]), world.refs("refs")), (head, refs));
    world.env.assert_no_leftovers();
}

#[track_caller]
fn good(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
}

/// Shows N8.
#[test]
fn one_in_which_a_phase_made_way_for_another() {
    let world = World::with_plan(&meeting());
    good(&world.run_scripted(&[]));
    again(&world, &["`shared.txt`"]);
}

/// Shows N8.
#[test]
fn one_that_a_blind_verifier_sent_to_repair() {
    let world = crate::verdicts::wordy("grep -q better one.txt || printf '' > one.txt\n");
    world.role("debug-specialist", "echo 'hello, better' > one.txt; echo 'MENDED'\n");
    good(&world.run_authored(&["--blind-verify", "PLAN.md"]));
    let judged = world.show()["judgements"].as_array().expect("judgements").len();
    assert_eq!(judged, 2, "{:#}", world.show());
    again(&world, &["`blind-verifier` finds 0 of 1 met", "`blind-verifier` finds 1 of 1 met"]);
}

/// Shows N8.
#[test]
fn one_whose_merges_went_in_together_and_were_halved() {
    let queue = Queue::new(&[("one", &[]), ("two", &[]), ("three", &[]), ("four", &[])]);
    queue.put("agent", &AGENT.replace("sed -i 's/^middle", "true 's/^middle"));
    queue.put("mend.sh", "touch parts/both\n");
    good(&queue.run_together(3, &["--max-parallel", "4"]));
    again(&queue.world, &["fails with phases "]);
}

/// Shows N8.
#[test]
fn one_whose_conflict_was_repaired() {
    let queue = Queue::new(&[("left", &[]), ("right", &[])]);
    good(&queue.run_together(1, &["--max-parallel", "2"]));
    again(&queue.world, &["goes to repair, round 1"]);
}

/// Shows N8.
#[test]
fn one_whose_result_had_to_wait_for_the_user() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "one.txt", "echo 1 > one.txt; echo 2 >> README.md"));
    world.write("README.md", "# Mine\n");
    good(&world.run_offline(&[]));
    assert_eq!(world.show()["delivery"]["delivery"], "deferred");
    again(&world, &["README.md"]);
}

/// Shows N8.
#[test]
fn one_that_took_in_what_the_user_had_committed_meanwhile() {
    let (queue, outcome) = with_commit("mine.txt", "mine\n", None, &[]);
    good(&outcome);
    again(&queue.world, &["its commits are taken in first"]);
}

/// Shows N8.
#[test]
fn one_that_led_runs_of_its_own() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let topics = ["ants", "bees", "cats", "dogs"].into_iter().flat_map(|topic| ["--topic", topic]);
    let words: Vec<&str> = ["--max-parallel", "1"].into_iter().chain(topics).chain(["research the animals"]).collect();
    good(&world.run_authored(&words));
    let all = world.json(&["ps", "--json"]);
    let above = all.as_array().expect("runs").iter().find(|run| run["parent"].is_null()).expect("one above");
    let replayed = world.coordinate(&["replay", above["run"].as_str().expect("an id"), "--execute"]);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    assert!(replayed.stdout.contains(" events, each as recorded"), "{replayed:#?}");
}

/// Shows N8.
#[test]
fn one_that_was_cancelled_while_its_agent_was_at_work() {
    let until = "touch \"$HOME/../begun\"; while :; do sleep 0.05; done";
    let world = World::with_plan(&Plan::new().sh("one", &[], "one.txt", until));
    let run = world.start(&["run", "PLAN.md", "--agent", "offline"]);
    await_that("the agent", || world.env.root().join("begun").exists());
    assert_eq!(world.coordinate(&["cancel"]).code, Some(0));
    assert_eq!(run.finish().code, Some(5));
    again(&world, &["cancelled"]);
}

/// What somebody killed then nobody kills now.
/// Shows N8.
#[test]
fn one_whose_tests_were_killed_goes_otherwise_now() {
    let tests = "test -e \"$HOME/../calm\" || kill -9 $$\n";
    let plan = Plan::new().script("work", &[], "", "write one.txt 1");
    let world = World::new(&[("PLAN.md", &plan.text()), ("test.sh", tests)]);
    let run = world.run_scripted(&["-c", "test.command=exec sh test.sh"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    std::fs::write(world.env.root().join("calm"), "").expect("it can be written");
    let replayed = world.coordinate(&["replay", "--execute"]);
    assert_eq!(replayed.code, Some(1), "{replayed:#?}");
    let parts =
        ["is another than was recorded", "\nrecorded  {", "was killed 3 times", "\nnow       {", "\"passed\":true"];
    assert!(parts.iter().all(|part| replayed.stdout.contains(part)), "{replayed:#?}");
}

/// What a run has merged and put away is enough to carry it out once more, whatever git tidies up.
/// Shows N8.
#[test]
fn one_after_which_git_removed_what_nothing_holds() {
    let script = "if-role implementation-executor write broken yes\nif-role debug-specialist sh rm broken";
    let plan = Plan::new().script("work", &[], "", script);
    let world = World::new(&[("PLAN.md", &plan.text()), ("test.sh", "test ! -e broken\n")]);
    good(&world.run_scripted(&["-c", "test.command=sh test.sh"]));
    world.git(&["reflog", "expire", "--expire=now", "--all"]);
    world.git(&["gc", "--quiet", "--prune=now"]);
    again(&world, &["goes to repair, round 1"]);
}

/// Shows N8.
#[test]
fn an_interrupted_replay_leaves_no_repository_and_no_process_behind() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "one.txt", "echo 1 > one.txt"));
    let tests = "touch \"$HOME/../testing\"; while test -e \"$HOME/../hold\"; do sleep 0.05; done";
    good(&world.run_offline(&["-c", &format!("test.command={tests}")]));
    let (testing, temporary) = (world.env.root().join("testing"), world.env.root().join("temporary"));
    std::fs::remove_file(&testing).expect("the tests ran");
    std::fs::create_dir(&temporary).expect("a folder can be made");
    world.env.script("../hold", "");
    let mut command = world.command(&["replay", "--execute"]);
    let replay = crate::support::Started::new(command.env("TMPDIR", &temporary));
    await_that("the tests", || testing.exists());
    assert_eq!(World::entries(&temporary).len(), 1, "it has a repository of its own");
    replay.signal(Signal::INT);
    let outcome = replay.finish();
    assert_eq!(outcome.code, Some(5), "{outcome:#?}");
    assert_eq!(World::entries(&temporary), Vec::<String>::new());
    world.env.assert_no_leftovers();
    let last = outcome.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("run_") && last.contains(": interrupted after event "), "{outcome:#?}");
}
