//! Kills of single parts: an agent without its shim, a test command's shim, what a killed test leaves behind.

use crate::support::{Driver, LONG, Project};
use coordinate_testkit::processes::kill;
use coordinate_testkit::{scripted_agent, wait_until};

const PLAN: &str = "# Proof\n\n### Phase 1: One file\n- [ ] Write it\n\n```sh\necho one > one.txt\n```\n";

/// The first test never ends by itself. Whoever runs beside a second one spoils that one's tree.
const CHECK: &str = "printf 'TEST 0\\n' >> \"$PROOF_MARKS\"\n\
    if [ \"$(grep -c TEST \"$PROOF_MARKS\")\" = 1 ]; then\n\
    trap 'sleep 0.5; echo x > spoiled; exit 1' TERM\n\
    while :; do sleep 0.05; done\nfi\n\
    for look in 1 2 3 4 5; do sleep 0.2; test ! -e spoiled; done\n";

fn offline() -> Project {
    let arguments = ["plan.md", "--agent", "offline", "-c", "test.command=sh -e check.sh"];
    Project::new(&[("plan.md", PLAN), ("check.sh", CHECK)], &arguments)
}

/// A project whose agent hangs in its first `hangs` attempts.
fn scripted(hangs: usize) -> Project {
    let hanging: String = (1..=hangs).map(|attempt| format!("if-attempt {attempt} hang\n")).collect();
    let plan = format!(
        "# Proof\n\n### Phase 1: One file\n- [ ] Write it\n\n```script\n\
         append one.txt begun\n{hanging}write one.txt one\n```\n"
    );
    let line = format!("'{}'", scripted_agent().display());
    let arguments = ["plan.md", "--agent", "command", "--agent-command", &line, "-c", "test.command="];
    Project::new(&[("plan.md", &plan)], &arguments)
}

fn shims(project: &Project) -> Vec<u32> {
    let shims = project.attempts().into_iter().filter(|process| process.command.contains(" attempt-shim "));
    shims.map(|process| process.pid).collect()
}

/// A driver whose first test runs.
#[track_caller]
fn testing(project: &Project) -> Driver {
    let driver = project.start(&[]);
    let runs = || project.counts("TEST").values().sum::<usize>() == 1 && shims(project).len() == 1;
    assert!(wait_until(LONG, runs), "the test never ran: {:#?}", project.attempts());
    driver
}

#[track_caller]
fn assert_tested_again(project: &Project) {
    assert_eq!(project.counts("TEST")[&0], 2);
    assert_eq!(project.completions("HEAD").len(), 1);
    project.assert_clean("specs");
}

#[test]
fn a_test_whose_shim_is_killed_is_run_again() {
    let project = offline();
    let driver = testing(&project);
    shims(&project).into_iter().for_each(kill);
    driver.end().assert_succeeded();
    assert_tested_again(&project);
}

#[test]
fn a_test_that_outlives_its_driver_for_a_while_does_not_meet_the_next_one() {
    let project = offline();
    testing(&project).kill();
    project.drive().end().assert_succeeded();
    assert_tested_again(&project);
}

#[test]
fn a_test_that_nobody_watches_any_more_is_ended_before_the_next_one() {
    let project = offline();
    let driver = testing(&project);
    let shims = shims(&project);
    // The driver first: the shim's end would make it run the test again by itself.
    driver.kill();
    shims.into_iter().for_each(kill);
    project.drive().end().assert_succeeded();
    assert_tested_again(&project);
}

/// Waits for the next execution of the agent, and kills the agent but not its shim.
#[track_caller]
fn kill_agent(project: &Project, number: usize) {
    let begun = || project.env.executions().len() == number;
    assert!(wait_until(LONG, begun), "attempt {number} never began: {:?}", project.env.executions());
    kill(project.env.executions()[number - 1].pid);
}

#[test]
fn a_killed_agent_is_tried_again() {
    let project = scripted(1);
    let driver = project.start(&[]);
    kill_agent(&project, 1);
    driver.end().assert_succeeded();
    assert_eq!(std::fs::read_to_string(project.root.join("one.txt")).expect("delivered"), "one");
    project.assert_clean("specs");
}

#[test]
fn agents_that_die_with_their_drivers_use_up_no_tries() {
    // One more than the tries that a failing agent has.
    let hangs = 4;
    let project = scripted(hangs);
    for number in 1..=hangs {
        let mut driver = project.drive();
        assert!(driver.read_until(|event| event["event"] == "attempt_started"));
        let begun = || project.env.executions().len() == number;
        assert!(wait_until(LONG, begun), "attempt {number} never began");
        driver.kill();
        kill_agent(&project, number);
    }
    project.drive().end().assert_succeeded();
    assert_eq!(project.env.executions().len(), hangs + 1);
    project.assert_clean("specs");
}
