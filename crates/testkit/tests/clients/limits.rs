//! What clients say when money, quota or a stream is gone: adapters live by these words.

use super::{Bench, events, say};
use coordinate_testkit::Outcome;
use coordinate_testkit::api::script::{Fault, FaultKind, Turn, marker};
use coordinate_testkit::clients::Client;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const HOUR: u64 = 3600;

fn failing(kind: FaultKind, reset_after: Option<u64>) -> String {
    let fault = Fault { kind, times: None, name: None, reset_after };
    marker(&[Turn { fault: Some(fault), ..say("never") }])
}

#[track_caller]
fn event(outcome: &Outcome, kind: &str) -> Value {
    events(outcome)
        .into_iter()
        .find(|event| event["type"] == kind)
        .unwrap_or_else(|| panic!("no `{kind}`: {outcome:#?}"))
}

/// No money left comes as a `result` that says so, whatever its `subtype` says.
#[test]
fn claude_says_that_credit_is_gone() {
    let Some(bench) = Bench::new(Client::Claude) else { return };
    let outcome = bench.run(&failing(FaultKind::Credit, None), &[]);
    let result = event(&outcome, "result");
    assert_eq!((&result["is_error"], &result["api_error_status"]), (&json!(true), &json!(400)));
    assert_eq!((&result["result"], outcome.code), (&json!("Credit balance is too low"), Some(1)));
}

/// With a plan, not with a key, the client tells the time in an event of its own. The token opens nothing.
#[test]
fn claude_says_until_when_a_plan_is_used_up() {
    let Some(bench) = Bench::new(Client::Claude) else { return };
    let mut command = bench.client.command(&bench.installed, &bench.env, &bench.folder);
    command.args(bench.client.arguments(&failing(FaultKind::UsageLimit, Some(HOUR))));
    command.env_remove("ANTHROPIC_API_KEY").env("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-fake");
    let before = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let outcome = Outcome::from(command.output().expect("the fake API starts"));
    let info = event(&outcome, "rate_limit_event")["rate_limit_info"].clone();
    assert_eq!((&info["status"], &info["rateLimitType"]), (&json!("rejected"), &json!("five_hour")));
    assert!(info["resetsAt"].as_u64().is_some_and(|at| (before + HOUR..before + HOUR + 60).contains(&at)), "{info}");
    // A limit of an hour is not waited for.
    assert_eq!((bench.requests(), outcome.code), (1, Some(1)));
}

#[test]
fn codex_says_until_when_a_plan_is_used_up() {
    let Some(bench) = Bench::new(Client::Codex) else { return };
    let outcome = bench.run(&failing(FaultKind::UsageLimit, Some(HOUR)), &[]);
    let failed = event(&outcome, "turn.failed");
    let message = failed["error"]["message"].as_str().expect("a message");
    assert!(message.starts_with("You\u{2019}ve hit your usage limit. Try again at "), "{message}");
    assert_eq!((bench.requests(), outcome.code), (1, Some(1)));
}

/// The exit code is the status, as far as one byte holds it: 429 is 173.
#[test]
fn gemini_says_until_when_a_quota_is_used_up() {
    let Some(bench) = Bench::new(Client::Gemini) else { return };
    let outcome = bench.run(&failing(FaultKind::UsageLimit, Some(HOUR)), &[]);
    let result = event(&outcome, "result");
    assert_eq!((&result["status"], outcome.code), (&json!("error"), Some(173)));
    assert!(result["error"]["message"].as_str().is_some_and(|text| text.contains("retry after 3600s")), "{result}");
}

/// An exit code of 0 is no success: only the result tells.
#[test]
fn gemini_exits_well_after_a_broken_stream() {
    let Some(bench) = Bench::new(Client::Gemini) else { return };
    let outcome = bench.run(&failing(FaultKind::Cut, None), &[]);
    assert_eq!((&event(&outcome, "result")["status"], outcome.code), (&json!("error"), Some(0)));
}
