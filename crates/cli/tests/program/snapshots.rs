//! What agents have in their trees is kept while they work, and comes back, whatever ended them.

use crate::clients::{self, WRITE, client, with_clients};
use crate::support::process::{Started, await_that};
use crate::support::redact::{check, shows};
use crate::support::{Plan, World};
use coordinate_testkit::processes::kill;
use rustix::process::Signal;
use serde_json::Value;

const AGENT: &str = "implement/p1/agent@1";
const REF: &str = "implement-p1-agent@1";

/// Waits for a file of this name beside the environment's home.
fn until(name: &str) -> String {
    format!("until test -e \"$HOME/../{name}\"; do sleep 0.02; done")
}

/// A project whose one phase does this.
fn one(commands: &str) -> World {
    World::with_plan(&Plan::new().sh("one", &[], "", commands))
}

/// All that is kept of the newest run, as `restore --list` tells it.
fn kept(world: &World) -> Vec<Value> {
    world.json(&["restore", "--list", "--json"])["kept"].as_array().unwrap().clone()
}

/// The moments of the agent's tree, newest first: why it was kept, and how many files differed from the start.
fn moments(world: &World) -> Vec<(String, u64)> {
    let of_agent = |kept: &Value| kept["name"].as_str().unwrap().split('~').next() == Some(REF);
    let told = |kept: Value| (kept["why"].as_str().unwrap().to_owned(), kept["files"].as_u64().unwrap());
    kept(world).into_iter().filter(of_agent).map(told).collect()
}

#[track_caller]
fn await_moment(world: &World, why: &str, files: u64) {
    await_that(why, || moments(world).iter().any(|moment| *moment == (why.to_owned(), files)));
}

/// Waits for the agent to wait for this file.
#[track_caller]
fn await_agent(world: &World, file: &str) {
    let waits = format!("HOME/../{file}");
    await_that("the agent", || world.env.leftovers().iter().any(|process| process.command.contains(&waits)));
}

/// Kills the program, its agents and their shims at once, as a power cut would.
pub(crate) fn kill_all(world: &World, started: Started) {
    started.signal(Signal::KILL);
    started.finish();
    while let Some(process) = world.env.leftovers().first() {
        kill(process.pid);
    }
}

fn run_id(world: &World) -> String {
    world.json(&["ps", "--json"])[0]["run"].as_str().unwrap().to_owned()
}

/// Shows N2.
#[test]
fn what_a_killed_agent_had_written_is_listed_moment_by_moment_and_comes_back() {
    let world = one(&format!(
        "echo first > work.txt\n{}\necho second > work.txt; echo more > more.txt; {}",
        until("go"),
        until("never")
    ));
    let run = world.start(&["run", "PLAN.md", "--agent", "offline", "-c", "snapshots.every_seconds=1"]);
    await_moment(&world, "at work, by the clock", 1);
    world.env.script("../go", "");
    await_moment(&world, "at work, by the clock", 2);
    kill_all(&world, run);
    let id = run_id(&world);
    std::fs::remove_dir_all(world.show()["paths"]["trees"].as_str().unwrap()).unwrap();
    shows("snapshots_list", &world, &["restore", &id, "--list"]);
    shows("snapshots_diff", &world, &["diff", &id, AGENT]);
    shows("snapshots_diff_stat", &world, &["diff", &id, "implement-p1-agent@1~1", AGENT, "--stat", "--", "work.txt"]);
    shows("snapshots_files", &world, &["restore", &id, AGENT, "work.txt"]);
    assert_eq!(world.read("work.txt"), "second\n");
    shows("snapshots_in_the_way", &world, &["restore", &id, "implement-p1-agent@1~1", "work.txt", "PLAN.md"]);
    assert_eq!(world.read("work.txt"), "second\n", "an untracked file was written over");
    shows("snapshots_folder", &world, &["restore", &id, "implement-p1-agent@1~1", "--to", "../back"]);
    assert_eq!(world.read("../back/work.txt"), "first\n");
    shows("snapshots_folder_again", &world, &["restore", &id, AGENT, "--to", "../back"]);
    shows("snapshots_branch", &world, &["restore", &id, AGENT, "--branch", "saved"]);
    assert_eq!(world.git(&["diff", "--name-only", "main", "saved"]), "more.txt\nwork.txt");
}

/// Shows N2.
#[test]
fn a_tree_is_kept_when_a_tool_call_ends() {
    let world = clients::world();
    let (first, rest): (Vec<&str>, Vec<&str>) = WRITE.lines().partition(|line| !line.contains("\"type\":\"result\""));
    let lines = format!("echo precious > hello.txt\ncat \"$here/first\"\n{}", until("never"));
    world.env.script("first", &(first.join("\n") + "\n"));
    client(&world, "claude", &lines, &rest.join("\n"));
    let words = ["run", "PLAN.md", "--agent", "claude", "-c", "snapshots.every_seconds=0"];
    let run = Started::new(&mut with_clients(&world, &words));
    await_moment(&world, "at work, after a tool call", 1);
    kill_all(&world, run);
    assert_eq!(world.coordinate(&["restore", &run_id(&world), AGENT, "hello.txt"]).code, Some(0));
    assert_eq!(world.read("hello.txt"), "precious\n");
}

/// Shows N2.
#[test]
fn a_tree_is_kept_before_a_limit_and_before_a_stop() {
    let commands = format!("echo half > half.txt; {}", until("never"));
    let silent = one(&commands);
    let limits = ["-c", "snapshots.every_seconds=0", "-c", "agent.idle_seconds=2", "-c", "agent.grace_seconds=1"];
    assert_eq!(silent.run_offline(&limits).code, Some(1));
    assert_eq!(moments(&silent), [("before its time was over".to_owned(), 1)], "the end found nothing new");
    silent.assert_no_trees();

    let stopped = one(&commands);
    let run = stopped.start(&["run", "PLAN.md", "--agent", "offline", "-c", "snapshots.every_seconds=0"]);
    await_agent(&stopped, "never");
    assert_eq!(stopped.coordinate(&["cancel"]).code, Some(0));
    assert_eq!(run.finish().code, Some(5));
    assert_eq!(moments(&stopped), [("before it was stopped".to_owned(), 1)]);
    stopped.assert_no_trees();
}

/// Shows N2.
#[test]
fn a_tree_is_kept_just_before_its_hard_limit() {
    // It is never silent, so that no other limit ends it.
    let world = one("echo half > half.txt; while :; do echo busy; sleep 0.1; done");
    let limits = ["-c", "snapshots.every_seconds=0", "-c", "agent.hard_seconds=2", "-c", "agent.grace_seconds=1"];
    let outcome = world.run_offline(&limits);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("the agent took longer than its hard limit"), "{outcome:#?}");
    assert_eq!(moments(&world), [("before its time was over".to_owned(), 1)], "the end found nothing new");
    world.assert_no_trees();
}

/// Shows N2.
#[test]
fn what_an_agent_took_back_is_kept_as_it_was_before() {
    let world = one(&format!("echo 1 > one.txt; {}; rm one.txt; exit 4", until("go")));
    let run = world.start(&["run", "PLAN.md", "--agent", "offline", "-c", "snapshots.every_seconds=1"]);
    await_moment(&world, "at work, by the clock", 1);
    world.env.script("../go", "");
    assert_eq!(run.finish().code, Some(1));
    assert_eq!(moments(&world).last(), Some(&("at work, by the clock".to_owned(), 1)), "{:?}", moments(&world));
    assert_eq!(moments(&world)[0].1, 0);
}

/// Shows N2.
#[test]
fn what_an_agent_committed_itself_is_kept() {
    let world =
        one(&format!("echo 1 > one.txt; git add one.txt; git commit --quiet --message own; {}", until("never")));
    let run = world.start(&["run", "PLAN.md", "--agent", "offline", "-c", "snapshots.every_seconds=1"]);
    await_moment(&world, "own", 1);
    kill_all(&world, run);
    let commit = kept(&world)[0]["commit"].as_str().unwrap().to_owned();
    assert_eq!(world.git(&["log", "--format=%s", "-1", &commit, "--", "one.txt"]), "own");
}

/// The branches of trees go with them; what was committed there and is merged nowhere stays under a ref.
/// Shows N2.
#[test]
fn what_is_only_on_the_branch_of_a_tree_stays() {
    let own = |file: &str| format!("echo 1 > {file}; git add {file}; git commit --quiet --message 'own {file}'");
    let plan = Plan::new().sh("one", &[], "", &own("one.txt"));
    let world = World::with_plan(&plan.sh("two", &[1], "", &format!("{}; exit 4", own("two.txt"))));
    assert_eq!(world.run_offline(&["-c", "test.command=true"]).code, Some(1));
    let branches: Vec<String> =
        world.refs("refs/coordinate").into_iter().filter(|reference| reference.ends_with(".branch")).collect();
    let [branch] = &branches[..] else { panic!("{branches:?}") };
    assert!(branch.ends_with("/implement-p2-agent.branch"), "{branch}");
    assert_eq!(world.git(&["log", "-1", "--format=%s", branch]), "own two.txt");
    let heads = world.refs("refs/heads/coordinate");
    assert!(heads.iter().all(|head| head.ends_with("/main")), "{heads:?}");
}

/// Whoever tries again begins where the first did, and finds nothing of what another one has begun.
/// Shows N2.
#[test]
fn what_lies_in_a_tree_without_its_ref_is_kept_before_the_next_try() {
    let world = one(&format!(
        "test ! -e half.txt || exit 4\nif test -e \"$HOME/../again\"; then echo done > one.txt; exit; fi\n\
         echo half > half.txt; {}",
        until("never")
    ));
    let run = world.start(&["run", "PLAN.md", "--agent", "offline", "-c", "snapshots.every_seconds=1"]);
    await_moment(&world, "at work, by the clock", 1);
    kill_all(&world, run);
    for reference in world.refs("refs/coordinate").iter().filter(|reference| reference.contains(REF)) {
        world.git(&["update-ref", "-d", reference]);
    }
    world.env.script("../again", "");
    let resumed = world.coordinate(&["resume"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    let has_half = |kept: &Value| world.git(&["ls-tree", "--name-only", kept["commit"].as_str().unwrap(), "half.txt"]);
    assert!(kept(&world).iter().any(|kept| has_half(kept) == "half.txt"), "{:#?}", kept(&world));
}

/// Its limit moves with each word of it, so that there is no moment before its time is over.
#[test]
fn a_tree_is_not_kept_for_a_limit_that_does_not_come() {
    let world = one("echo half > half.txt; for word in $(seq 50); do echo $word; sleep 0.1; done; exit 4");
    let limits = ["-c", "snapshots.every_seconds=0", "-c", "agent.idle_seconds=4"];
    assert_eq!(world.run_offline(&limits).code, Some(1));
    assert_eq!(
        moments(&world),
        [("at work, after a tool call".to_owned(), 1)],
        "what it did was kept when it was done"
    );
}

/// Shows N2.
#[test]
fn links_into_the_checkout_are_no_work_to_be_kept() {
    let commands = format!("cat deps/lib .env > one.txt; ln -s /nowhere own; {}", until("go"));
    let world =
        World::new(&[("PLAN.md", &Plan::new().sh("one", &[], "", &commands).text()), (".gitignore", "deps/\n")]);
    world.write("deps/lib", "lib\n");
    world.write(".env", "PORT=1\n");
    let run = world.start(&[
        "run",
        "PLAN.md",
        "--agent",
        "offline",
        "-c",
        "snapshots.every_seconds=1",
        "-c",
        "worktree.link=[\".env\", \"deps\"]",
    ]);
    await_moment(&world, "at work, by the clock", 2);
    let files = world.git(&["ls-tree", "-r", "--name-only", kept(&world)[0]["commit"].as_str().unwrap()]);
    assert_eq!(files, ".gitignore\nPLAN.md\none.txt\nown");
    world.env.script("../go", "");
    assert_eq!(run.finish().code, Some(0));
    assert_eq!(world.git(&["ls-files"]), ".gitignore\nPLAN.md\none.txt\nown");
    assert_eq!((world.read(".env"), world.read("deps/lib")), ("PORT=1\n".to_owned(), "lib\n".to_owned()));
    let warnings = world.show()["warnings"].to_string();
    assert!(warnings.contains("`.env` is linked into each work tree and git does not ignore it"), "{warnings}");
    assert!(!warnings.contains("`deps`"), "{warnings}");
    world.assert_nothing_left();
}

#[test]
fn an_adopted_agent_is_kept_by_its_new_driver() {
    let world = one(&format!("{}\necho late > late.txt; {}", until("go"), until("done")));
    let every = ["-c", "snapshots.every_seconds=1"];
    let run = world.start(&[&["run", "PLAN.md", "--agent", "offline"], &every[..]].concat());
    await_agent(&world, "go");
    run.signal(Signal::KILL);
    run.finish();
    let driver = world.start(&["resume"]);
    world.env.script("../go", "");
    await_moment(&world, "at work, by the clock", 1);
    world.env.script("../done", "");
    assert_eq!(driver.finish().code, Some(0));
    assert_eq!(kept(&world), Vec::<Value>::new(), "what is merged and delivered is kept twice");
    world.assert_nothing_left();
}

#[test]
fn a_user_who_does_not_wait_loses_nothing() {
    let (go, never) = (until("go"), until("never"));
    let world = one(&format!("echo half > half.txt; trap '' INT TERM; {go}; echo more > more.txt; {never}"));
    let words =
        ["run", "PLAN.md", "--agent", "offline", "-c", "snapshots.every_seconds=0", "-c", "agent.grace_seconds=60"];
    let run = world.start(&words);
    await_agent(&world, "go");
    let more = std::path::PathBuf::from(world.show()["paths"]["trees"].as_str().unwrap()).join("implement-p1-agent");
    await_that("its first file", || more.join("half.txt").exists());
    run.signal(Signal::INT);
    await_moment(&world, "before it was stopped", 1);
    world.env.script("../go", "");
    await_that("its second file", || more.join("more.txt").exists());
    run.signal(Signal::INT);
    assert_eq!(run.finish().code, Some(5));
    assert_eq!(moments(&world)[0], ("before it was stopped".to_owned(), 2));
}

#[test]
fn each_attempt_has_one_ref_and_nothing_is_kept_twice() {
    let world = World::with_plan(&Plan::new().script("one", &[], "", "append half.txt half\ncrash"));
    let outcome = world.run_scripted(&["-c", "snapshots.every_seconds=0"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let names: Vec<String> = kept(&world).iter().map(|kept| kept["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        names,
        world.refs("refs/coordinate").iter().map(|name| name.rsplit('/').next().unwrap()).collect::<Vec<_>>()
    );
    assert!(names.iter().all(|name| name.starts_with("implement-p1-agent@") && !name.contains("before")), "{names:?}");
}

/// Shows N2.
#[test]
fn what_can_not_be_meant_is_refused_with_the_way_out() {
    let world = one("echo 1 > one.txt; exit 4");
    assert_eq!(world.run_offline(&[]).code, Some(1));
    let id = run_id(&world);
    shows("snapshots_unknown_run", &world, &["restore", "run_0none", AGENT]);
    shows("snapshots_unknown_moment", &world, &["restore", &id, "implement/p7/agent@1"]);
    shows("snapshots_foreign_commit", &world, &["restore", &id, &world.git(&["rev-parse", "HEAD"])]);
    shows("snapshots_path_outside", &world, &["restore", &id, AGENT, "../secret"]);
    shows("snapshots_no_such_path", &world, &["restore", &id, AGENT, "gone.txt"]);
    shows("snapshots_branch_taken", &world, &["restore", &id, AGENT, "--branch", "main"]);
    shows("snapshots_diff_nothing_merged", &world, &["diff", &id]);
}

#[test]
fn the_merged_work_of_a_run_is_shown_against_its_start() {
    let world = one("echo 1 > one.txt");
    assert_eq!(world.run_offline(&[]).code, Some(0));
    let id = run_id(&world);
    shows("snapshots_diff_of_run", &world, &["diff", &id, "--stat"]);
    let changed = world.json(&["diff", &id, "--json", "--", "one.txt"]);
    assert_eq!(changed["files"], serde_json::json!([{"path": "one.txt", "added": 1, "removed": 0}]));
}

/// Shows N2.
#[test]
fn what_is_kept_outlives_the_journal_and_its_trees_are_not_cleaned() {
    let world = one(&format!("echo precious > work.txt; {}", until("never")));
    let run = world.start(&["run", "PLAN.md", "--agent", "offline", "-c", "snapshots.every_seconds=1"]);
    await_moment(&world, "at work, by the clock", 1);
    let trees = std::path::PathBuf::from(world.show()["paths"]["trees"].as_str().unwrap());
    kill_all(&world, run);
    std::fs::remove_dir_all(world.repo.join(".coordinate")).unwrap();
    shows("snapshots_list_without_journal", &world, &["restore", "--list"]);
    let nothing_young = ["-c", "retention.transcript_days=0"];
    check("snapshots_clean_without_journal", &world, &world.coordinate(&[&["clean"], &nothing_young[..]].concat()));
    assert_eq!(std::fs::read_to_string(trees.join("implement-p1-agent/work.txt")).unwrap(), "precious\n");
    let id = trees.file_name().unwrap().to_str().unwrap();
    assert_eq!(world.coordinate(&["restore", id, "newest", "work.txt"]).code, Some(0));
    assert_eq!(world.read("work.txt"), "precious\n");
}
