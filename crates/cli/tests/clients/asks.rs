//! Real clients ask leave by their own protocol; the question waits in the inbox, and the answer reaches the client.

use crate::replayed::come_again;
use crate::support::process::await_that;
use crate::support::{PROGRAM, World, step};
use crate::{Agent, within};
use coordinate_testkit::Outcome;
use coordinate_testkit::api::script::{ToolCall, Turn, marker};
use coordinate_testkit::clients::{Client, Installed};
use serde_json::json;
use std::process::Stdio;

const COPY: &str = "cp PLAN.md whole.txt";

/// The model wants the copy. That of Codex has to say that it wants out of the sandbox: in it nothing can be written, and
/// nothing is asked.
fn copies(client: Client) -> Turn {
    let input = json!({"cmd": COPY, "sandbox_permissions": "require_escalated", "justification": "it writes a file"});
    match client {
        Client::Codex => Turn { call: vec![ToolCall { tool: "exec_command".to_owned(), input }], ..Turn::default() },
        Client::Claude | Client::Gemini | Client::Opencode => Turn { run: Some(COPY.to_owned()), ..Turn::default() },
    }
}

fn world(client: Client) -> World {
    let turns = [copies(client), Turn { say: Some("Done.".to_owned()), ..Turn::default() }];
    let plan = format!("# One\n\n### Phase 1: One\n**Files**: whole.txt\n\n- [ ] make it {}\n", marker(&turns));
    World::new(&[("PLAN.md", &plan)])
}

/// Runs the plan, answers the one question that the client has, and gives how the run ended.
#[track_caller]
fn answered(agent: Agent, answer: &str) -> Option<(World, Outcome)> {
    let installed = Installed::find()?;
    let world = world(agent.client);
    let mut command = within(&world, &installed, agent);
    command.arg(PROGRAM).args(["run", "PLAN.md", "--agent", agent.name, "-c", "test.command=true"]);
    command.args(["-c", "permissions.ask=[\"Bash(cp)\"]", "-c", "agent.hard_seconds=120"]).args(agent.with);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the fake API can be started");
    let questions = || world.json(&["inbox", "--json"]);
    await_that("a question", || questions().as_array().is_some_and(|all| !all.is_empty()));
    let question = questions()[0].clone();
    assert!(question.to_string().contains(COPY), "{question:#}");
    let said = world.coordinate(&[answer, question["id"].as_str().unwrap(), "--comment", "so it is"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    Some((world, run.wait_with_output().expect("the run ends").into()))
}

#[track_caller]
fn is_asked(agent: Agent) {
    let Some((world, outcome)) = answered(agent, "approve") else { return };
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(world.has("whole.txt"));
    assert_eq!(step(&world.show(), "implement/p1/agent")["attempts"].as_array().map(Vec::len), Some(1));
    world.assert_nothing_left();
    come_again(&world, agent.client);
}

#[test]
fn claude_code_asks_by_the_protocol() {
    is_asked(Agent::CLAUDE_ACP);
}

#[test]
fn claude_code_asks_two_way() {
    is_asked(Agent::CLAUDE_TWO_WAY);
}

#[test]
fn codex_asks_by_the_protocol() {
    is_asked(Agent::CODEX_ACP);
}

#[test]
fn gemini_cli_asks_by_the_protocol() {
    is_asked(Agent::GEMINI_ACP);
}

#[test]
fn opencode_asks_by_the_protocol() {
    is_asked(Agent::OPENCODE_ACP);
}

/// A no is a no also for the client, and nothing is made in spite of it.
#[test]
fn a_no_reaches_claude_code() {
    let Some((world, outcome)) = answered(Agent::CLAUDE_ACP, "reject") else { return };
    assert_eq!((outcome.code, world.has("whole.txt")), (Some(1), false), "{outcome:#?}");
    come_again(&world, Agent::CLAUDE_ACP.client);
}
