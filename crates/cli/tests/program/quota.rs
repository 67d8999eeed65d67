//! Limits of use: the run waits for their end, or goes on with another agent, or stands still; no try is burned.

use crate::clients::{WRITE, client, run, with_clients};
use crate::support::redact::check;
use crate::support::{World, step};
use coordinate_testkit::Outcome;
use serde_json::Value;

/// Phases without dependencies, each of which writes a file of its own.
fn world(phases: u32) -> World {
    let phase = |at: u32| format!("### Phase {at}: Part {at}\n**Files**: {at}.txt\n\n- [ ] write it\n\n");
    World::new(&[("PLAN.md", &format!("# Parts\n\n{}", (1..=phases).map(phase).collect::<String>()))])
}

/// Two phases, one after the other: what is told has one order.
fn chain() -> World {
    let plan = "# Parts\n\n### Phase 1: Part 1\n**Files**: 1.txt\n\n- [ ] write it\n\n\
                ### Phase 2: Part 2\n**Dependencies**: [1]\n**Files**: 2.txt\n\n- [ ] write it\n";
    World::new(&[("PLAN.md", plan)])
}

/// Lines of a client that meets a limit in its first calls, and does its work in the later ones; the limit ends this many
/// seconds after. That is to be later than a slow machine reads it: one that is over already is asked about a minute later.
fn limited(name: &str, calls: u32, seconds: u32) -> String {
    let event = r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":%s,"rateLimitType":"five_hour"}}\n"#;
    let result = r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"a limit"}\n"#;
    format!(
        "if [ $(wc -l < \"$here/{name}.arguments\") -le {calls} ]; then\n\
         printf '{event}' $(($(date +%s) + {seconds}))\nprintf '{result}'\nexit 1\nfi\n{WORK}"
    )
}

const WORK: &str = "echo work > \"$COORDINATE_PHASE.txt\"";

fn calls(world: &World, name: &str) -> usize {
    world.beside(&format!("{name}.arguments")).lines().count()
}

#[track_caller]
fn ends_with(outcome: &Outcome, code: i32) {
    assert_eq!(outcome.code, Some(code), "{outcome:#?}");
}

/// Shows N5.
#[test]
fn a_run_waits_for_the_end_of_a_limit_and_burns_no_try() {
    let world = world(6);
    client(&world, "claude", &limited("claude", 2, 8), WRITE);
    let arguments = ["run", "PLAN.md", "--agent", "claude", "-c", "test.command=true", "--max-parallel", "2"];
    let outcome = run(&world, &arguments);
    ends_with(&outcome, 0);
    assert!(outcome.stderr.contains("`claude` has reached a limit of use (five_hour); it goes on at "), "{outcome:#?}");
    assert!(outcome.stderr.contains("the limit of use of `claude` is over"), "{outcome:#?}");
    assert_eq!(calls(&world, "claude"), 2 + 6, "as many refused requests as were under way");
    world.assert_nothing_left();
}

#[test]
fn who_does_not_want_to_wait_gets_exit_4_and_resumes_later() {
    let world = world(1);
    client(&world, "claude", &limited("claude", 1, 4000), WRITE);
    let outcome = run(&world, &["run", "PLAN.md", "--agent", "claude", "-c", "test.command=true", "--no-wait"]);
    check("quota_no_wait", &world, &outcome);
    check("quota_why", &world, &run(&world, &["why"]));
    let shown = world.show();
    assert!(shown["parked_until"].is_string() && shown["limits"][0]["agent"] == "claude", "{shown:#}");
    assert_eq!(step(&shown, "implement/p1/agent")["state"], "ready");
    // It is not over: nothing is asked of the client.
    ends_with(&run(&world, &["resume", "--no-wait"]), 4);
    ends_with(&run(&world, &["resume", "-c", "quota.longest_hours=1"]), 4);
    assert_eq!(calls(&world, "claude"), 1);
}

#[test]
fn a_run_that_must_not_go_on_by_itself_waits_for_resume() {
    let world = world(1);
    client(&world, "claude", &limited("claude", 1, 8), WRITE);
    let arguments = ["run", "PLAN.md", "--agent", "claude", "-c", "test.command=true", "--no-auto-resume"];
    ends_with(&run(&world, &arguments), 4);
    let until = || world.show()["parked_until"].clone();
    assert!(until().is_string());
    // `resume` is somebody's will; it goes on as soon as the limit is over.
    ends_with(&run(&world, &["resume"]), 0);
    assert_eq!((until(), calls(&world, "claude")), (Value::Null, 2));
}

/// Shows N5.
#[test]
fn another_agent_goes_on_at_once_where_the_configuration_names_one() {
    let world = chain();
    client(&world, "claude", &limited("claude", 9, 4000), WRITE);
    client(&world, "codex", WORK, CODEX);
    let fallback = "agent.fallback=[\"opencode\", \"codex\"]";
    let outcome = run(
        &world,
        &["run", "PLAN.md", "--agent", "claude", "-c", "test.command=true", "--max-parallel", "1", "-c", fallback],
    );
    check("quota_fallback", &world, &outcome);
    ends_with(&outcome, 0);
    assert_eq!(
        (calls(&world, "claude"), calls(&world, "codex")),
        (1, 2),
        "the second phase does not ask the first one"
    );
    let shown = world.show();
    let attempts = step(&shown, "implement/p1/agent")["attempts"].clone();
    assert_eq!((&attempts[0]["agent"], &attempts[1]["agent"]["name"]), (&Value::Null, &Value::from("codex")));
    let summary = world.read(shown["paths"]["summary"].as_str().unwrap());
    assert!(summary.contains("- **Agent**: claude, codex\n"), "{summary}");
}

const CODEX: &str = "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}\n";

/// The text of a limit is no answer: what it left is refused by the check, and it is not the work's fault.
#[test]
fn the_words_of_a_limit_are_no_work() {
    let world = world(1);
    let script = world.env.script(
        "agent.sh",
        "if [ -e \"$HOME/met\" ]; then echo work > 1.txt; exit; fi\ntouch \"$HOME/met\"\n\
         echo \"You've hit your usage limit. Please retry in 1s.\"\n",
    );
    let line = format!("sh '{}'", script.display());
    let arguments = ["run", "PLAN.md", "--agent", "command", "--agent-command", &line, "-c", "test.command=true"];
    let outcome = world.coordinate(&arguments);
    ends_with(&outcome, 0);
    assert!(outcome.stderr.contains("`command` has reached a limit of use; it goes on at "), "{outcome:#?}");
}

#[test]
fn what_is_set_wrongly_is_said() {
    let world = world(1);
    client(&world, "claude", WORK, WRITE);
    let with = |setting: &str| run(&world, &["run", "PLAN.md", "--dry-run", "-c", setting]);
    check("quota_quiet_wrong", &world, &with("quota.quiet=23:00-23:00"));
    check("quota_zone_wrong", &world, &with("quota.zone=Mars/Base"));
    check("quota_fallback_wrong", &world, &with("agent.fallback=[\"clod\"]"));
    check("quota_on_death_wrong", &world, &with("agent.on_death=live"));
    let missing = with_clients(&world, &["run", "PLAN.md", "--dry-run", "-c", "agent.fallback=[\"gemini\"]"]);
    let mut missing = missing;
    let outcome: Outcome = missing.output().unwrap().into();
    assert!(outcome.stderr.contains("`agent.fallback`: gemini is left out: the client `gemini` was not found"));
}
