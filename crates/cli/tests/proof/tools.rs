//! SIGKILL at random moments, of the orchestrator and of a client that works by tools: no process of it is left, and no
//! tool is executed again once its result was recorded.
//!
//! The client is a script of Claude Code's name and words. Each of its tools runs in a session of its own and leaves there
//! what would live for a quarter of an hour.

use crate::support::{Driver, Project, Random, count, text};
use coordinate_testkit::processes::kill;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const PHASES: [u64; 4] = [1, 2, 3, 4];
const TOOLS: usize = 6;
/// Kills of one run. A client that is killed a third time at the same step would have failed for good.
const KILLS: u64 = 2;
/// About as long as a client works.
const LIFE: Duration = Duration::from_millis(400);

const CLIENT: &str = r#"#!/bin/sh
[ "$1" != --version ] || { echo '9.9.9 (Claude Code)'; exit; }
cat > /dev/null
for n in 1 2 3 4 5 6; do
    id="${COORDINATE_ATTEMPT#*/}#$n"
    printf '{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Bash","id":"%s","input":{}}]}}\n' "$id"
    setsid sh -c 'echo "$0" >> "$HOME/../tools"; setsid sleep 900 & sleep 0.05' "$id"
    printf '{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"%s","is_error":false}]}}\n' "$id"
done
echo done > "part-$COORDINATE_PHASE.txt"
printf '{"type":"result","subtype":"success","is_error":false,"result":"Done."}\n'
"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Orchestrator,
    Client,
}

fn project() -> Project {
    let phase = |number: &u64| {
        format!("\n### Phase {number}: Part {number}\n**Files**: part-{number}.txt\n\n- [ ] Make part {number}\n")
    };
    let plan = format!("# Tools\n{}", PHASES.iter().map(phase).collect::<String>());
    let project = Project::new(&[("plan.md", &plan)], &["plan.md", "--agent", "claude", "-c", "test.command="]);
    let client = project.env.script("claude", CLIENT);
    fs::set_permissions(client, fs::Permissions::from_mode(0o755)).expect("own file, own mode");
    project
}

/// How often each tool was executed, by the attempt that it belongs to and its number there.
fn executed(project: &Project) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(project.env.root().join("tools")).unwrap_or_default().lines() {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}

/// The tools whose results stand in the journal.
#[track_caller]
fn recorded(project: &Project) -> BTreeSet<String> {
    let Some(run) = project.run() else { return BTreeSet::new() };
    let logs = project.call(&["logs", &run, "--json"]);
    let events = logs.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let observed = events.filter(|event| event["event"] == "agent_observed");
    let each = observed.flat_map(|event| event["observations"].as_array().cloned().unwrap_or_default());
    each.filter(|one| one["what"] == "tool_ended").map(|one| text(&one, "call").to_owned()).collect()
}

/// The step that a tool belongs to: its attempt without the number.
fn step_of(tool: &str) -> &str {
    tool.split('@').next().unwrap_or(tool)
}

/// The clients that are at work.
fn clients(project: &Project) -> Vec<u32> {
    let mut attempts = project.attempts();
    attempts.retain(|process| process.command.contains("/scripts/claude -p"));
    attempts.into_iter().map(|process| process.pid).collect()
}

/// Kills a client at a moment of its life; whether there was one.
fn strike(project: &Project, driver: &mut Driver, random: &mut Random) -> bool {
    while clients(project).is_empty() {
        if !driver.lives_for(Duration::from_millis(5)) {
            return false;
        }
    }
    driver.lives_for(random.moment(LIFE));
    let clients = clients(project);
    let place = random.below(u64::try_from(clients.len()).unwrap_or(1));
    let chosen = usize::try_from(place).ok().and_then(|place| clients.get(place));
    chosen.inspect(|pid| kill(**pid)).is_some()
}

/// How long an undisturbed run takes.
fn time() -> Duration {
    static TIME: OnceLock<Duration> = OnceLock::new();
    *TIME.get_or_init(|| {
        let project = project();
        let begun = Instant::now();
        project.start(&[]).end().assert_succeeded();
        assert_eq!(executed(&project).len(), PHASES.len() * TOOLS);
        begun.elapsed()
    })
}

/// One run that is struck at random moments; how often it was.
#[track_caller]
fn survive(victim: Victim, moment: u64) -> u64 {
    let mut random = Random::of(0x700 + victim as u64, moment);
    let project = project();
    let mut kills = 0;
    let mut before = (BTreeSet::new(), BTreeMap::new());
    let mut driver = project.drive();
    while kills < KILLS {
        match victim {
            Victim::Orchestrator => {
                if !driver.lives_for(random.moment(time() / 2)) {
                    break;
                }
                driver.kill();
                kills += 1;
                // Looked at first: what is recorded now was executed before.
                before = (recorded(&project), executed(&project));
                driver = project.drive();
            }
            Victim::Client if strike(&project, &mut driver, &mut random) => kills += 1,
            Victim::Client if driver.lives_for(Duration::ZERO) => {}
            Victim::Client => break,
        }
    }
    driver.end().assert_succeeded();
    project.env.assert_no_leftovers();
    check(&project, victim, kills, &before);
    kills
}

#[track_caller]
fn check(
    project: &Project,
    victim: Victim,
    kills: u64,
    (recorded_before, executed_before): &(BTreeSet<String>, BTreeMap<String, usize>),
) {
    let executed = executed(project);
    for (tool, times) in &executed {
        assert_eq!(*times, 1, "{tool} was executed {times} times");
    }
    for tool in recorded_before {
        assert_eq!(executed.get(tool), executed_before.get(tool), "{tool} was executed again after its result");
    }
    // A client that lives is taken over, whatever becomes of who started it; one that was killed begins its step again.
    let most = if victim == Victim::Orchestrator { 0 } else { kills };
    for step in executed.keys().map(|tool| step_of(tool)).collect::<BTreeSet<_>>() {
        let attempts: BTreeSet<&str> =
            executed.keys().filter(|tool| step_of(tool) == step).filter_map(|tool| tool.split('#').next()).collect();
        assert!(attempts.len() as u64 <= 1 + most, "{step} was begun by {attempts:?} after {kills} kills");
    }
    let recorded = recorded(project);
    assert!(
        !recorded.is_empty() && recorded.iter().all(|tool| executed.contains_key(tool)),
        "a result without an execution"
    );
    project.assert_clean("specs");
}

#[track_caller]
fn survive_all(victim: Victim) {
    let kills: u64 = (0..count(13)).map(|moment| survive(victim, moment)).sum();
    println!("{kills} kills of {victim:?}");
    assert!(kills >= count(13), "the moments came too late: {kills} kills");
}

/// Shows S7.
#[test]
fn no_tool_is_executed_twice_when_the_orchestrator_is_killed() {
    survive_all(Victim::Orchestrator);
}

/// Shows S7.
#[test]
fn nothing_of_a_client_that_is_killed_is_left() {
    survive_all(Victim::Client);
}
