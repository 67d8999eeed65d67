//! Attempts that outlive their orchestrator are adopted; those that lose their shim are tried again.

use crate::support::{Driver, LONG, Project, text};
use coordinate_testkit::processes::kill;
use coordinate_testkit::{scripted_agent, wait_until};
use serde_json::Value;
use std::fs;

fn project(script: &str) -> Project {
    let plan = format!("# Proof\n\n### Phase 1: Wait\n- [ ] Wait for the file\n\n```script\n{script}\n```\n");
    let program = scripted_agent();
    let line = format!("'{}'", program.display());
    let arguments = ["plan.md", "--agent", "command", "--agent-command", &line, "-c", "test.command="];
    Project::new(&[("plan.md", &plan)], &arguments)
}

/// What agents said, as the events of the journal tell it.
#[track_caller]
fn messages(project: &Project, run: &str) -> Vec<String> {
    let logs = project.call(&["logs", run, "--json"]);
    let events = logs.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let observed = events.filter(|event| event["event"] == "agent_observed");
    let texts = observed.flat_map(|event| event["observations"].as_array().cloned().unwrap_or_default());
    texts.map(|observation| text(&observation, "text").to_owned()).collect()
}

#[track_caller]
fn attempt(project: &Project, run: &str) -> Value {
    let shown = project.json(&["show", run, "--json"]);
    let steps = shown["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["kind"] == "agent").expect("the phase has an agent's step");
    step["attempts"].as_array().and_then(|attempts| attempts.last()).expect("it was tried").clone()
}

/// Reads until the journal has this message.
#[track_caller]
fn hear(driver: &mut Driver, message: &str) {
    assert!(driver.read_until(|event| event["observations"].to_string().contains(message)), "no `{message}` came");
}

/// Shows N10.
#[test]
fn a_living_attempt_is_adopted_and_its_events_come_once_each() {
    let said = |from: u32, to: u32| (from..=to).map(|n| format!("say PROGRESS: word {n}\n")).collect::<String>();
    // From a work tree (state/coordinate/PROJECT/RUN/STEP) to the environment's root.
    let script = format!("{}wait-for ../../../../../go\n{}write whole.txt whole", said(1, 40), said(41, 80));
    let project = project(&script);
    let mut driver = project.start(&[]);
    hear(&mut driver, "word 40");
    driver.kill();
    let run = project.run().expect("the run is there");
    let before = attempt(&project, &run);
    let agent = project.env.executions()[0].pid;
    let lives = || project.attempts().iter().any(|process| process.pid == agent);
    assert!(lives(), "the agent went with its orchestrator");

    let mut driver = project.drive();
    assert!(driver.read_until(|event| event["event"] == "driver_took"));
    // An adopted attempt can lose its second orchestrator as well.
    driver.kill();
    let mut driver = project.drive();
    assert!(driver.read_until(|event| event["event"] == "driver_took"));
    assert!(lives(), "the agent did not live to be adopted");
    fs::write(project.env.root().join("go"), "").expect("the file can be made");
    driver.end().assert_succeeded();

    let after = attempt(&project, &run);
    assert_eq!((&after["pid"], &after["number"]), (&before["pid"], &before["number"]));
    assert_eq!(project.env.executions().len(), 1, "the agent was started again");
    let wanted: Vec<String> = (1..=80).map(|n| format!("word {n}")).collect();
    assert_eq!(messages(&project, &run), wanted);
    assert_eq!(fs::read_to_string(project.root.join("whole.txt")).expect("delivered"), "whole");
    project.assert_clean("specs");
}

#[test]
fn an_attempt_without_its_shim_is_tried_again_in_a_restored_tree() {
    let script = "if-attempt 1 write half.txt half\nif-attempt 1 append README.md spoiled\n\
                  if-attempt 1 fork-session child.pid\nsay PROGRESS: ready\nif-attempt 1 hang\n\
                  sh test ! -e half.txt\nwrite whole.txt whole";
    let project = project(script);
    let mut driver = project.start(&[]);
    hear(&mut driver, "ready");
    let run = text(&driver.events[0], "run").to_owned();
    let shim = attempt(&project, &run)["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("a pid");
    let first: Vec<u32> =
        project.attempts().into_iter().map(|process| process.pid).filter(|pid| *pid != shim).collect();
    assert!(first.len() >= 2, "the agent and its child in a session of its own: {first:?}");
    assert_ne!(shim, driver.pid());
    kill(shim);

    assert!(driver.read_until(|event| event["event"] == "attempt_ended"));
    assert_eq!(driver.events.last().map(|event| &event["ending"]["how"]), Some(&Value::from("lost")));
    let gone = || !project.attempts().iter().any(|process| first.contains(&process.pid));
    assert!(wait_until(LONG, gone), "descendants of the killed shim are left");
    driver.end().assert_succeeded();
    assert_eq!(attempt(&project, &run)["number"], 2);
    assert_eq!(project.env.executions().len(), 2);
    assert!(!project.root.join("half.txt").exists(), "the lost attempt's work came in");
    assert_eq!(fs::read_to_string(project.root.join("whole.txt")).expect("delivered"), "whole");
    let kept = project.json(&["show", &run, "--json"])["kept"].to_string();
    assert!(kept.contains("agent@1"), "what the lost attempt had done is kept: {kept}");
    project.assert_clean("specs");
}
