//! Claude Code itself meets a limit of use, and is killed with its driver: it goes on in its session.

use crate::replayed::come_again;
use crate::support::{PROGRAM, World, step};
use crate::{Agent, within};
use coordinate_testkit::Outcome;
use coordinate_testkit::api::script::{Fault, FaultKind, Turn, marker};
use coordinate_testkit::clients::{Client, Installed};

fn does(command: &str) -> Turn {
    Turn { run: Some(command.to_owned()), ..Turn::default() }
}

fn world(turns: &[Turn]) -> World {
    let plan = format!("# One\n\n### Phase 1: One\n**Files**: whole.txt\n\n- [ ] write it {}\n", marker(turns));
    World::new(&[("PLAN.md", &plan)])
}

/// Runs a shell script beside the fake API, with the agent's client on its path and the program in `$COORDINATE`.
#[track_caller]
fn shell(world: &World, installed: &Installed, (agent, script): (Agent, &str), variables: &[(&str, &str)]) -> Outcome {
    let mut command = within(world, installed, agent);
    command.args(["sh", "-c", script]).env("COORDINATE", PROGRAM).envs(variables.iter().copied());
    command.output().expect("the fake API can be started").into()
}

#[track_caller]
fn went_on(world: &World, client: Client) {
    assert_eq!(world.read("whole.txt"), "half\n");
    let attempts = step(&world.show(), "implement/p1/agent")["attempts"].clone();
    assert_eq!(attempts.as_array().map(Vec::len), Some(2), "{attempts:#}");
    assert_eq!(attempts[1]["resumes"], attempts[0]["session"], "{attempts:#}");
    world.assert_no_trees();
    come_again(world, client);
}

/// Shows N5.
#[test]
fn claude_code_waits_for_the_end_of_its_limit_and_goes_on_in_its_session() {
    let Some(installed) = Installed::find() else { return };
    let limit =
        Fault { kind: FaultKind::UsageLimit, times: Some(1), name: Some("limit".to_owned()), reset_after: Some(4) };
    let turns = [
        does("echo half > half.txt"),
        Turn { fault: Some(limit), ..does("mv half.txt whole.txt") },
        Turn { say: Some("Done.".to_owned()), ..Turn::default() },
    ];
    let world = world(&turns);
    let script = "\"$COORDINATE\" run PLAN.md --agent claude -c test.command=true";
    // With a plan, not with a key, it tells the time in an event of its own. The token opens nothing.
    let plan = [("ANTHROPIC_API_KEY", ""), ("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-fake")];
    let outcome = shell(&world, &installed, (Client::Claude.into(), script), &plan);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("`claude` has reached a limit of use (five_hour); it goes on at "), "{outcome:#?}");
    went_on(&world, Client::Claude);
}

/// The driver and what the shim has started are killed in the middle of a command.
#[track_caller]
fn goes_on_after_a_kill(agent: Agent) {
    let Some(installed) = Installed::find() else { return };
    let turns = [
        does("echo half > half.txt"),
        does("if [ ! -e \"$HOME/again\" ]; then touch \"$HOME/again\"; sleep 100; fi"),
        // What was interrupted may count as a turn, or not: the client tells the model of it in its own way.
        does("[ -e whole.txt ] || mv half.txt whole.txt"),
        does("[ -e whole.txt ] || mv half.txt whole.txt"),
        does("[ -e whole.txt ] || mv half.txt whole.txt"),
        Turn { say: Some("Done.".to_owned()), ..Turn::default() },
    ];
    let world = world(&turns);
    let begin = format!("\"$COORDINATE\" run PLAN.md --agent {} -c test.command=true & driver=$!\n", agent.name);
    let script = "until [ -e \"$HOME/again\" ]; do kill -0 $driver || exit 99; sleep 0.05; done\n\
                  shim=$(\"$COORDINATE\" show --json | sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p' | head -n 1)\n\
                  kill -9 $driver; kill -9 $(cat /proc/$shim/task/$shim/children)\n\
                  wait $driver; \"$COORDINATE\" resume";
    let script = begin + script;
    let outcome = shell(&world, &installed, (agent, &script), &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("phase 1 - One goes on, in its session (attempt 2)"), "{outcome:#?}");
    went_on(&world, agent.client);
}

#[test]
fn claude_code_that_was_killed_with_its_driver_goes_on_in_its_session() {
    goes_on_after_a_kill(Client::Claude.into());
}

#[test]
fn so_it_does_by_the_protocol() {
    goes_on_after_a_kill(Agent::CLAUDE_ACP);
}

#[test]
fn so_does_opencode_by_the_protocol() {
    goes_on_after_a_kill(Agent::OPENCODE_ACP);
}
