//! Budgets, with clients of models played by scripts of their name that tell what they used.

use crate::clients::{client, run, with_clients};
use crate::support::process::await_that;
use crate::support::redact::check;
use crate::support::{Plan, Started, World, json_lines, step};
use coordinate_testkit::Outcome;
use rustix::process::Signal;
use serde_json::Value;

/// What Claude Code printed when it wrote a file: 60 tokens, 0.00088 USD.
const WRITE: &str = include_str!("../../../agents/tests/transcripts/claude-write.jsonl");
/// What Codex printed: 60 tokens, no price.
const CODEX: &str = include_str!("../../../agents/tests/transcripts/codex-exec.jsonl");

/// A step of opencode that used 30 tokens and goes on, and the last one.
const STEP: &str =
    r#"{"type":"step_finish","part":{"reason":"tool-calls","tokens":{"input":10,"output":20},"cost":0}}"#;
const LAST: &str = r#"{"type":"step_finish","part":{"reason":"stop","tokens":{"input":10,"output":20},"cost":0}}"#;

const HELLO: &str = "n=$(grep -o 'Phase [0-9]*' \"$here/$(basename \"$0\").prompt\" | head -1 | tr -dc 0-9)\n\
                     echo hello >> \"$n.txt\"\necho \"$n\" >> \"$here/calls\"";

/// Three phases, one after another.
fn chain() -> World {
    let plan =
        Plan::new().sh("one", &[], "`1.txt`", "x").sh("two", &[1], "`2.txt`", "x").sh("three", &[2], "`3.txt`", "x");
    World::with_plan(&plan)
}

fn implement(world: &World, arguments: &[&str]) -> Outcome {
    run(world, &[&["run", "PLAN.md", "-c", "test.command=true"], arguments].concat())
}

/// How much of the first limit of the newest run is spent, reserved and left.
fn ledger(world: &World) -> [u64; 3] {
    let limits = world.json(&["budget", "--json"])["limits"][0].clone();
    ["spent", "reserved", "left"].map(|name| limits[name].as_u64().unwrap())
}

/// Shows P4.
#[test]
fn a_spent_budget_parks_the_run_until_it_is_given_more() {
    let world = chain();
    client(&world, "claude", HELLO, WRITE);
    let parked = implement(&world, &["--budget-tokens", "100"]);
    check("budget_parked", &world, &parked);
    assert_eq!((parked.code, ledger(&world)), (Some(4), [120, 0, 0]));
    check("budget_why", &world, &world.coordinate(&["why"]));
    check("budget_shown", &world, &world.coordinate(&["budget"]));
    let again = run(&world, &["resume"]);
    assert_eq!(again.code, Some(4), "{again:#?}");
    assert_eq!(ledger(&world), [120, 0, 0], "resuming resets nothing");
    let raised = run(&world, &["resume", "--budget-tokens", "1000"]);
    check("budget_raised", &world, &raised);
    assert_eq!(ledger(&world), [180, 0, 820]);
    assert_eq!(world.calls(), ["1", "2", "3"], "each was begun once");
    world.assert_nothing_left();
}

#[test]
fn money_is_kept_like_tokens_and_a_limit_that_is_only_told_stops_nothing() {
    let world = chain();
    client(&world, "claude", HELLO, WRITE);
    let parked = implement(&world, &["--budget-usd", "0.0017"]);
    assert_eq!(parked.code, Some(4), "{parked:#?}");
    assert_eq!(ledger(&world), [1760, 0, 0]);
    let warned = run(&world, &["resume", "-c", "budget.mode=warn"]);
    assert_eq!(warned.code, Some(0), "{warned:#?}");
    let told = "budget reached: money of the run: 0.0018 USD of 0.0017 USD spent; the run goes on";
    assert!(warned.stderr.contains(told), "{warned:#?}");
}

/// Shows N6.
#[test]
fn what_one_reserves_keeps_another_from_beginning() {
    let plan = Plan::new().sh("one", &[], "`1.txt`", "x").sh("two", &[], "`2.txt`", "x");
    let world = World::with_plan(&plan);
    client(&world, "claude", HELLO, WRITE);
    let outcome = implement(&world, &["--budget-tokens", "100", "-c", "budget.reserve_tokens=60"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let journal = json_lines(&world.coordinate(&["logs", "--json"]).stdout);
    let agents = journal.iter().filter(|event| event["step"].as_str().is_some_and(|step| step.ends_with("/agent")));
    let spans = ["attempt_leased", "attempt_ended"];
    let order: Vec<_> = agents.filter_map(|event| spans.iter().find(|name| event["event"] == **name)).collect();
    assert_eq!(
        order,
        ["attempt_leased", "attempt_ended", "attempt_leased", "attempt_ended"].iter().collect::<Vec<_>>()
    );
    assert_eq!(ledger(&world), [120, 0, 0]);
}

/// A client that tells what it used, leaves a file that is not committed, and then waits until it is let go.
fn waits(world: &World) {
    let lines =
        format!("echo half > half.txt\necho '{STEP}'\nuntil test -e \"$here/go\"; do sleep 0.02; done\n{HELLO}");
    client(world, "opencode", &lines, &format!("{LAST}\n"));
}

fn one_phase() -> World {
    World::with_plan(&Plan::new().sh("one", &[], "`1.txt`", "x"))
}

/// Shows N6.
#[test]
fn who_works_at_the_limit_is_stopped_after_its_grace_and_its_work_is_kept() {
    let world = one_phase();
    waits(&world);
    let arguments = ["--agent", "opencode", "--budget-tokens", "25", "-c", "budget.grace_seconds=1"];
    let parked = implement(&world, &arguments);
    assert_eq!(parked.code, Some(4), "{parked:#?}");
    assert!(parked.stderr.contains("what runs has 1.0 s to end its work"), "{parked:#?}");
    let shown = world.show();
    let agent = step(&shown, "implement/p1/agent");
    assert_eq!((&agent["state"], &agent["attempts"][0]["ending"]["how"]), (&"ready".into(), &"stopped".into()));
    let kept = agent["attempts"][0]["snapshot"].as_str().unwrap();
    assert_eq!(world.git(&["show", &format!("{kept}:half.txt")]), "half");
    assert_eq!(ledger(&world), [30, 0, 0]);
    world.env.script("go", "");
    let done = run(&world, &["resume", "--budget-tokens", "1000"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert_eq!(ledger(&world), [90, 0, 910], "what the stopped one used stays spent");
    world.assert_no_trees();
}

#[test]
fn time_is_limited_too() {
    let world = one_phase();
    waits(&world);
    let arguments = ["--agent", "opencode", "-c", "budget.minutes=0.01", "-c", "budget.grace_seconds=0"];
    let parked = implement(&world, &arguments);
    assert_eq!(parked.code, Some(4), "{parked:#?}");
    assert!(parked.stdout.contains("its budget is spent (time of the run: "), "{parked:#?}");
    world.env.assert_no_leftovers();
}

/// Shows N6.
#[test]
fn a_killed_driver_makes_no_spend_disappear() {
    let world = one_phase();
    waits(&world);
    let arguments = ["run", "PLAN.md", "-c", "test.command=true", "--agent", "opencode", "--budget-tokens", "1000"];
    let started = Started::new(&mut with_clients(&world, &arguments));
    await_that("the first step's use", || {
        let ledger = world.coordinate(&["budget", "--json"]);
        let value: Value = serde_json::from_str(&ledger.stdout).unwrap_or_default();
        value["limits"][0]["spent"] == 30
    });
    started.signal(Signal::KILL);
    let _ = started.finish();
    assert_eq!(ledger(&world)[0], 30);
    world.env.script("go", "");
    let resumed = run(&world, &["resume"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    assert_eq!(ledger(&world), [60, 0, 940], "each step is counted once");
}

#[test]
fn what_runs_spend_on_a_day_is_limited_together() {
    let world = chain();
    client(&world, "claude", HELLO, WRITE);
    assert_eq!(implement(&world, &[]).code, Some(0));
    let day = implement(&world, &["--all", "-c", "budget.day_tokens=200"]);
    assert_eq!(day.code, Some(4), "{day:#?}");
    assert_eq!(ledger(&world), [240, 0, 0], "180 of the run before, and one phase");
}

/// What the runs below have told the newest run of last: their attempts, and the tokens of these. All of it must be so,
/// and none is told twice.
#[track_caller]
fn told(world: &World, is_so: impl Fn(&Value) -> bool) -> (u64, u64) {
    let events = json_lines(&world.coordinate(&["logs", "--json"]).stdout).into_iter();
    let of_below = |event: &Value| event["observations"][0]["what"] == "below";
    let told: Vec<Value> = events.filter(of_below).map(|event| event["observations"][0].clone()).collect();
    assert!(told.iter().all(|below| is_so(&below["usage"])), "{told:#?}");
    assert!(told.windows(2).all(|two| two[0] != two[1]), "{told:#?}");
    let number = |value: &Value| value.as_u64().unwrap();
    told.last().map_or((0, 0), |last| (number(&last["attempts"]), number(&last["usage"]["input"])))
}

/// Research of four topics, which runs below lead, with this client and at most so many tokens.
fn animals(world: &World, agent: &str, tokens: &str) -> Outcome {
    let topics = ["ants", "bees", "cats", "dogs"].into_iter().flat_map(|topic| ["--topic", topic]);
    let first = ["run", "--agent", agent, "--budget-tokens", tokens, "-c", "budget.reserve_tokens=10"];
    run(world, &first.into_iter().chain(topics).chain(["research the animals"]).collect::<Vec<_>>())
}

/// Shows P4.
#[test]
fn what_runs_below_spend_without_a_price_is_told_without_one() {
    let world = World::new(&[("README.md", "# A project\n")]);
    client(&world, "codex", &format!("{} > /dev/null", world.author()), CODEX);
    let done = animals(&world, "codex", "1000");
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert_eq!(
        told(&world, |usage| usage.get("micro_usd").is_none() == (usage["input"] != 0)),
        (4, 240),
        "a price is told of nothing at most"
    );
}

/// Shows P4.
#[test]
fn runs_below_get_their_share_and_park_the_run_above() {
    let world = World::new(&[("README.md", "# A project\n")]);
    client(&world, "claude", &format!("{} > /dev/null", world.author()), WRITE);
    let parked = animals(&world, "claude", "110");
    assert_eq!(parked.code, Some(4), "{parked:#?}");
    let [spent, reserved, _] = ledger(&world);
    let begun = world.calls().len() as u64;
    assert_eq!((spent, reserved), (begun * 60, 0), "{parked:#?}");
    assert!((2..4).contains(&begun), "{parked:#?}");
    let priced = |usage: &Value| usage["micro_usd"].as_u64().unwrap() * 60 == usage["input"].as_u64().unwrap() * 880;
    assert_eq!(told(&world, priced), (begun, begun * 60));
    let done = run(&world, &["resume", "--budget-tokens", "1000"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert_eq!((world.calls().len(), ledger(&world)[0]), (5, 300), "four reports and the overview, once each");
    assert_eq!(world.json(&["metrics", "--json"])["tokens"], 300);
}

/// Shows N6.
#[test]
fn an_estimate_says_what_earlier_runs_took_and_that_there_were_none() {
    let world = chain();
    client(&world, "claude", HELLO, WRITE);
    check("estimate_none", &world, &implement(&world, &["--estimate"]));
    assert!(!world.has(".coordinate/state/journal.db"), "it began nothing");
    assert_eq!(implement(&world, &[]).code, Some(0));
    let again = implement(&world, &["--all", "--estimate"]);
    assert!(again.stdout.lines().any(|line| line.starts_with("time ")), "{again:#?}");
    // Times are as wide as they are long.
    let lines = again.stdout.lines().filter(|line| !line.starts_with("time ")).collect::<Vec<_>>();
    check("estimate", &world, &Outcome { stdout: lines.join("\n"), ..again });
    let json: Value = serde_json::from_str(&implement(&world, &["--all", "--estimate", "--json"]).stdout).unwrap();
    assert_eq!(
        (&json["runs"], &json["tokens"]["expected"], &json["micro_usd"]["high"]),
        (&1.into(), &180.into(), &2640.into())
    );
    let words = run(&world, &["run", "--estimate", "--topic", "ants", "research the ants"]);
    assert!(
        words.stdout.contains("1 × research-specialist (0 in the history)\nno history of such steps"),
        "{words:#?}"
    );
    let all = ["run", "--estimate", "--scope", "full-implementation", "--topic", "ants", "add ants"];
    let part = run(&world, &all).stdout;
    let missing = part.lines().find(|line| line.starts_with("without a history")).unwrap_or_default();
    assert!(missing.contains("plan-architect") && missing.contains("research-specialist"), "{part}");
    assert!(part.contains("the number of its phases is that of earlier runs"), "{part}");
    assert_eq!(world.json(&["ps", "--json"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_price_that_no_client_tells_is_that_of_the_table_and_called_an_estimate() {
    let world = one_phase();
    client(&world, "codex", HELLO, CODEX);
    let arguments = ["--agent", "codex", "-c", "agent.model=gpt-5.2", "--budget-usd", "1"];
    let outcome = implement(&world, &arguments);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    // 20 tokens at 1.75 and 40 at 14 USD for a million.
    assert!(outcome.stdout.contains("cost:    about 0.0006 USD\n"), "{outcome:#?}");
    assert!(outcome.stdout.contains("budget:  money of the run: about 0.0006 USD of 1.00 USD spent"), "{outcome:#?}");
    let metrics = world.json(&["metrics", "--json"]);
    assert_eq!((&metrics["usd"], &metrics["usd_estimated"]), (&0.000_595.into(), &true.into()));
    let unknown = implement(&world, &["--all", "--agent", "codex", "-c", "agent.model=mine", "--budget-usd", "1"]);
    assert!(unknown.stdout.contains("60 tokens have no known price"), "{unknown:#?}");
    let own = ["--all", "--agent", "codex", "-c", "agent.model=mine", "-c", "budget.prices=[\"mine 1 0.1 1\"]"];
    let priced = implement(&world, &own);
    assert!(priced.stdout.contains("cost:    about 0.0001 USD\n"), "{priced:#?}");
}

#[test]
fn a_budget_is_said_before_anything_is_spent_and_set_from_beside() {
    let world = chain();
    client(&world, "claude", HELLO, WRITE);
    let roles = "budget.roles=[\"implementation-executor attempts 2\", \"doc-writer usd 0.5\"]";
    let dry = implement(&world, &["--dry-run", "--budget-usd", "2.50", "-c", roles]);
    check("budget_dry_run", &world, &dry);
    let parked = implement(&world, &["-c", roles]);
    assert_eq!(parked.code, Some(4), "{parked:#?}");
    assert!(parked.stdout.contains("attempts of `implementation-executor`: 2 of 2"), "{parked:#?}");
    let set = world.coordinate(&["budget", "-c", "budget.roles=[\"implementation-executor attempts 9\"]"]);
    check("budget_set", &world, &set);
    assert_eq!(run(&world, &["resume"]).code, Some(0));
    assert_eq!(implement(&world, &["--all"]).code, Some(0));
    check("budget_none", &world, &world.coordinate(&["budget"]));
}

#[test]
fn what_is_no_limit_is_refused_with_the_form_of_one() {
    let world = chain();
    client(&world, "claude", HELLO, WRITE);
    for (name, argument) in [
        ("budget_bad_role", "budget.roles=[\"doc-writer much\"]"),
        ("budget_bad_price", "budget.prices=[\"mine 1\"]"),
        ("budget_bad_mode", "budget.mode=stop"),
        ("budget_bad_usd", "budget.usd=-1"),
    ] {
        check(name, &world, &implement(&world, &["-c", argument]));
    }
    check("budget_bad_flag", &world, &implement(&world, &["--budget-usd", "much"]));
    assert!(!world.has(".coordinate/state/journal.db"), "nothing was begun");
}
