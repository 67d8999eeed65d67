//! The scripted agent does what its script says, in every way that a real agent goes wrong.

#![expect(clippy::expect_used, reason = "a test's own set-up can only fail the test")]

use coordinate_testkit::{Execution, Hermetic, Outcome, hermetic, scripted_agent, wait_until};
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

fn agent(env: &Hermetic, script: &str) -> Command {
    let mut command = env.command(scripted_agent());
    command.env("SCRIPTED_AGENT_SCRIPT", env.script("script", script)).stdin(Stdio::null());
    command
}

#[track_caller]
fn run(env: &Hermetic, script: &str) -> Outcome {
    agent(env, script).output().expect("the agent starts").into()
}

#[track_caller]
fn status(env: &Hermetic, script: &str) -> ExitStatus {
    agent(env, script).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the agent starts")
}

fn read(env: &Hermetic, path: &str) -> String {
    fs::read_to_string(env.root().join(path)).unwrap_or_else(|error| panic!("`{path}`: {error}"))
}

fn outcome(code: i32, stdout: &str, stderr: &str) -> Outcome {
    Outcome { code: Some(code), stdout: stdout.into(), stderr: stderr.into() }
}

/// The numbers in `/proc/PID/stat` after the command's name: parent is 1, group 2, session 3.
fn stat_field(pid: &str, index: usize) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    let (_, fields) = stat.rsplit_once(')').expect("the name is in brackets");
    fields.split_whitespace().nth(index).expect("the field is there").to_owned()
}

#[track_caller]
fn wait_for_file(path: &Path) {
    assert!(wait_until(LIMIT, || path.exists()), "`{}` did not come", path.display());
}

/// Stops the child when a test fails before its end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _waited_for_already = self.0.wait();
    }
}

#[test]
fn files_and_lines_come_in_order_and_exactly() {
    let env = hermetic();
    let script = r"
        write deep/report.md # Title\n\n- [x] done\n
        append deep/report.md more
        write empty.md
        touch marker
        say to the one
        err to the other
        bytes ff0a
        sh echo from a shell; pwd > where
        exit 7
        say never";
    let seen = run(&env, script);
    assert_eq!(seen, outcome(7, "to the one\n\u{fffd}\nfrom a shell\n", "to the other\n"));
    assert_eq!(read(&env, "deep/report.md"), "# Title\n\n- [x] done\nmore");
    assert_eq!(read(&env, "empty.md"), "");
    assert_eq!(read(&env, "marker"), "");
    assert_eq!(read(&env, "where").trim_end(), env.root().to_string_lossy());
}

#[test]
fn the_script_may_stand_in_the_prompt() {
    let env = hermetic();
    let mut child = env.command(scripted_agent()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    let prompt = "# Phase 1\n\n```script\nsay one\n```\n\nthen\n\n```script\nexit 4\n```\n";
    child.stdin.take().expect("it is piped").write_all(prompt.as_bytes()).expect("the agent reads");
    let seen = Outcome::from(child.wait_with_output().expect("the agent ends"));
    assert_eq!(seen, outcome(4, "one\n", ""));
}

#[test]
fn a_mistake_in_the_script_is_found_before_anything_is_done() {
    let env = hermetic();
    let seen = run(&env, "touch early\nfly");
    assert_eq!(seen.code, Some(64));
    assert!(seen.stderr.starts_with("scripted-agent: script line 2: unknown action `fly`"), "{}", seen.stderr);
    assert!(!env.root().join("early").exists());

    let seen = env.run(scripted_agent(), env.root(), &[]);
    assert_eq!(seen.code, Some(64), "no script at all: {seen:?}");
}

#[test]
fn conditions_look_at_attempt_and_role() {
    let env = hermetic();
    let script = "if-attempt 1 say first\nif-attempt 2 say second\nif-role tester exit 9";
    let with = |attempt: &str, role: &str| -> Outcome {
        let mut command = agent(&env, script);
        command.env("COORDINATE_ATTEMPT", attempt).env("COORDINATE_ROLE", role);
        command.output().expect("the agent starts").into()
    };
    assert_eq!(with("run_x/implement/p1/agent@1", "code-writer"), outcome(0, "first\n", ""));
    assert_eq!(with("run_x/implement/p1/agent@2", "tester"), outcome(9, "second\n", ""));
    assert_eq!(with("run_x/implement/p1/agent@12", "tests"), outcome(0, "", ""));
}

#[test]
fn each_execution_is_counted_once_also_at_the_same_time() {
    let env = hermetic();
    let mut children: Vec<Child> = (0..8)
        .map(|n| {
            agent(&env, "exit 0").env("COORDINATE_ATTEMPT", format!("step {n}@1")).spawn().expect("the agent starts")
        })
        .collect();
    let mut expected: Vec<Execution> = (0..8)
        .zip(&mut children)
        .map(|(n, child)| {
            assert!(child.wait().expect("the agent ends").success());
            Execution { attempt: format!("step {n}@1"), pid: child.id() }
        })
        .collect();
    expected.sort_by_key(|execution| execution.pid);
    let mut counted = env.executions();
    counted.sort_by_key(|execution| execution.pid);
    assert_eq!(counted, expected);
}

#[test]
fn crashes_end_by_their_signal() {
    let env = hermetic();
    assert_eq!(status(&env, "crash").signal(), Some(6));
    assert_eq!(status(&env, "kill-self SEGV").signal(), Some(11));
    assert_eq!(status(&env, "kill-self 9").signal(), Some(9));
    assert_eq!(status(&env, "half-write half.md 0123456789").signal(), Some(6));
    assert_eq!(read(&env, "half.md"), "01234");
    assert_eq!(status(&env, "half-write half.md").signal(), Some(6));
    assert_eq!(read(&env, "half.md"), "01");
    assert_eq!(status(&env, "sh kill -9 $$").code(), Some(137));
}

#[test]
fn a_flood_has_the_size_that_was_asked_for() {
    let env = hermetic();
    let seen = run(&env, "flood 100001");
    assert_eq!((seen.code, seen.stdout.len()), (Some(0), 100_001));
    assert!(seen.stdout.lines().all(|line| line.len() <= 1023));
}

#[test]
fn term_ends_a_hanging_agent_but_not_one_that_ignores_it() {
    let env = hermetic();
    for (script, ends) in [("touch ready\nhang", true), ("ignore-term\ntouch ready\nhang", false)] {
        let ready = env.root().join("ready");
        let mut child = Running(agent(&env, script).spawn().expect("the agent starts"));
        wait_for_file(&ready);
        fs::remove_file(&ready).expect("the marker is there");
        let pid = child.0.id().to_string();
        assert_eq!(env.run("kill", env.root(), &["-TERM", &pid]).code, Some(0));
        if ends {
            assert_eq!(child.0.wait().expect("it ends").signal(), Some(15));
        } else {
            // Delivered and survived: no longer pending (the 29th number), and the process still answers.
            assert!(wait_until(LIMIT, || stat_field(&pid, 28) == "0"), "the signal stays pending");
            assert_eq!(child.0.try_wait().expect("it can be asked"), None);
        }
    }
}

#[test]
fn waiting_ends_when_the_file_comes() {
    let env = hermetic();
    let mut child = Running(agent(&env, "touch started\nwait-for go\nexit 5").spawn().expect("the agent starts"));
    wait_for_file(&env.root().join("started"));
    assert_eq!(child.0.try_wait().expect("it can be asked"), None);
    fs::write(env.root().join("go"), "").expect("the file can be made");
    assert_eq!(child.0.wait().expect("it ends").code(), Some(5));
}

#[test]
fn a_grandchild_in_its_own_session_outlives_the_agent_and_is_seen() {
    let env = hermetic();
    assert_eq!(status(&env, "fork-session far").code(), Some(0));
    let far = read(&env, "far");
    assert_eq!(stat_field(&far, 3), far, "it leads its own session");
    let seen: Vec<String> = env.leftovers().iter().map(|process| process.pid.to_string()).collect();
    assert_eq!(seen, [far]);
}

#[test]
fn a_child_in_our_session_outlives_the_agent_and_is_seen() {
    let env = hermetic();
    assert_eq!(status(&env, "fork-child near").code(), Some(0));
    let near = read(&env, "near");
    assert_eq!(stat_field(&near, 3), stat_field("self", 3), "it stays in our session");
    let seen: Vec<String> = env.leftovers().iter().map(|process| process.pid.to_string()).collect();
    assert_eq!(seen, [near]);
}

#[test]
fn a_dropped_environment_leaves_no_process_and_no_folder() {
    let env = hermetic();
    assert_eq!(status(&env, "fork-session far\nfork-child near").code(), Some(0));
    assert_eq!(env.leftovers().len(), 2);
    let (root, mark) = (env.root().to_owned(), format!("HOME={}", env.home().display()));
    drop(env);
    assert_eq!(coordinate_testkit::count_processes_with_env(&mark), 0);
    assert!(!root.exists());
}

#[test]
fn commits_are_made_in_a_repository_whose_first_commit_is_always_the_same() {
    let env = hermetic();
    let (one, two) = (env.repository("one", &[("a/b", "text\n")]), env.repository("two", &[("a/b", "text\n")]));
    assert_eq!(env.git(&one, &["rev-parse", "HEAD"]), env.git(&two, &["rev-parse", "HEAD"]));
    assert_eq!(env.git(&one, &["branch", "--show-current"]), "main");

    let mut command = agent(&env, "write a/c new\ncommit feat: two words");
    assert!(command.current_dir(&one).status().expect("the agent starts").success());
    assert_eq!(env.git(&one, &["log", "-1", "--format=%an: %s"]), "Ada Author: feat: two words");
    assert_eq!(env.git(&one, &["status", "--porcelain"]), "");
    env.assert_no_leftovers();
}

#[test]
fn nothing_of_the_users_environment_comes_through() {
    let env = hermetic();
    let seen = env.run("env", env.root(), &[]);
    let mut names: Vec<&str> = seen.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.retain(|name| !matches!(*name, "CARGO_HOME" | "RUSTUP_HOME"));
    names.sort_unstable();
    let expected = "COLUMNS GIT_AUTHOR_EMAIL GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_NAME \
                    GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT HOME LC_ALL NO_COLOR PATH \
                    SCRIPTED_AGENT_COUNTER TERM TMPDIR TZ XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME \
                    XDG_RUNTIME_DIR XDG_STATE_HOME";
    assert_eq!(names.join(" "), expected);
}
