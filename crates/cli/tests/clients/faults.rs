//! What becomes of a run whose model's service fails: each way of failing with each client, through `coordinate run`.
//!
//! The snapshots are the table of `docs/fault-matrix.md`: `INSTA_UPDATE=always` with this test writes them anew, then
//! `cargo xtask generate` the page.

use crate::run;
use crate::support::{World, step};
use coordinate_testkit::api::script::{Fault, FaultKind, Turn, marker};
use coordinate_testkit::clients::{Client, Installed};
use serde_json::Value;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Each way of failing, as the table names it; seconds until a reset where one is told.
const FAULTS: [(&str, FaultKind, Option<u64>); 13] = [
    ("rate limit", FaultKind::RateLimit, None),
    ("usage limit", FaultKind::UsageLimit, None),
    ("usage limit with a reset", FaultKind::UsageLimit, Some(3600)),
    ("overloaded", FaultKind::Overloaded, None),
    ("server error", FaultKind::ServerError, None),
    ("unauthorized", FaultKind::Unauthorized, None),
    ("no credit", FaultKind::Credit, None),
    ("prompt too long", FaultKind::PromptTooLong, None),
    ("error in the stream", FaultKind::StreamError, None),
    ("stream cut off", FaultKind::Cut, None),
    ("stream stalls", FaultKind::Stall, None),
    ("connection dropped", FaultKind::Disconnect, None),
    ("no answer", FaultKind::Hang, None),
];

/// One step, tried once: what a failure is called does not depend on how often it is tried again.
const ONCE: &str = r#"format = 1
name = "once"
description = "one report, tried once"
initial = "initialize"
complete = "complete"

[scope.research-only]
first = "research"
last = "research"

[state.initialize]
to = ["research"]

[state.research]
to = ["complete"]
on_success = "complete"
needs = ["agent"]

[[state.research.step]]
id = "report"
kind = "agent"
role = "research-specialist"
for_each = "topics"
writes = "report"
retry = { tries = 1, base_ms = 1 }

[state.complete]
to = []
"#;

/// No run with a failing service may take longer, however the client hangs.
const LONGEST: Duration = Duration::from_secs(150);

/// Longer than the client's own pauses between its tries and than its start takes on a busy machine.
fn idle_seconds(client: Client) -> u32 {
    match client {
        Client::Claude | Client::Codex => 10,
        Client::Gemini => 15,
        Client::Opencode => 30,
    }
}

/// How many runs of one client there are at once: most of them only wait.
const AT_ONCE: usize = 3;

/// opencode is told when to come again, wherever a service can tell it: its own pauses grow for minutes.
fn reset(client: Client, kind: FaultKind, told: Option<u64>) -> Option<u64> {
    let passes = [FaultKind::RateLimit, FaultKind::UsageLimit, FaultKind::Overloaded, FaultKind::ServerError];
    if client == Client::Opencode && passes.contains(&kind) { Some(3600) } else { told }
}

/// Where it depends on the moment whether opencode tells its error before its limit of silence comes. What follows for the
/// run is the same.
const OF_THE_MOMENT: [&str; 4] = ["overloaded", "error in the stream", "stream cut off", "connection dropped"];

/// One line of the table.
fn row(installed: &Installed, client: Client, (name, kind, told): (&str, FaultKind, Option<u64>)) -> String {
    let world = World::new(&[("README.md", "# A project\n"), (".coordinate/workflows/once.toml", ONCE)]);
    let fault = Fault { kind, times: None, name: None, reset_after: reset(client, kind, told) };
    let script = marker(&[Turn { fault: Some(fault), ..Turn::default() }]);
    let begun = Instant::now();
    let idle = format!("agent.idle_seconds={}", idle_seconds(client));
    let request = format!("research the parser. {script}");
    let outcome = run(&world, installed, client, &["--workflow", "once", "--no-wait", "-c", &idle, &request]);
    let time = begun.elapsed();
    assert!(time < LONGEST, "{name}: {time:?}, {outcome:#?}");
    assert_ne!(outcome.code, Some(2), "{name}: {outcome:#?}");
    println!("{} {name}: {time:.1?}", client.name());
    let shown = world.show();
    let step = step(&shown, "research/t1/report");
    let text = |place: &str| step.pointer(place).and_then(Value::as_str).unwrap_or("-").to_owned();
    let ending = match step["attempts"][0]["ending"]["how"].as_str() {
        Some("exited") => format!("exit {}", step["attempts"][0]["ending"]["code"]),
        other => other.unwrap_or("-").replace('_', " "),
    };
    world.env.assert_no_leftovers();
    let code = outcome.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
    // Of the attempt: a step that waits for the end of a limit has not failed.
    let (class, kind) = (text("/attempts/0/failure/class"), text("/attempts/0/failure/kind"));
    if client == Client::Opencode && OF_THE_MOMENT.contains(&name) {
        assert!(["exit 1", "idle limit"].contains(&ending.as_str()), "{name}: {ending}");
        assert!(["client-failed", "idle-timeout"].contains(&kind.as_str()), "{name}: {kind}");
        return format!(
            "| {name} | exit 1 or idle limit | {class} | client-failed or idle-timeout | its error, or its silence | {code} |\n"
        );
    }
    format!("| {name} | {ending} | {class} | {kind} | {} | {code} |\n", text("/attempts/0/failure/message"))
}

/// All lines of one client, some at a time.
#[track_caller]
fn check(client: Client) {
    let Some(installed) = Installed::find() else { return };
    let rows = Mutex::new(vec![String::new(); FAULTS.len()]);
    let next = Mutex::new(FAULTS.into_iter().enumerate());
    let take = || next.lock().expect("no line was broken off").next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((place, fault)) = take() {
                    let row = row(&installed, client, fault);
                    rows.lock().expect("no line was broken off")[place] = row;
                }
            });
        }
    });
    let table = rows.into_inner().expect("no line was broken off").concat();
    // What the client counts and when it thinks that a limit ends differ from run to run; late in the day that is tomorrow.
    insta::with_settings!({ omit_expression => true, filters => vec![(r"([A-Z][a-z]{2} \d+[a-z]{2}, \d{4} )?\d+:\d\d [AP]M", "[time]"), (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[time]"), (r"~\d+ tokens", "~N tokens"), (r"timestamp=[^|]*", "[its log] ")] }, {
        insta::assert_snapshot!(client.name(), table);
    });
}

#[test]
fn claude_code() {
    check(Client::Claude);
}

#[test]
fn codex() {
    check(Client::Codex);
}

#[test]
fn gemini_cli() {
    check(Client::Gemini);
}

#[test]
fn opencode() {
    check(Client::Opencode);
}
