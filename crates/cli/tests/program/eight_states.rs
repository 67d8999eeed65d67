//! One request through all eight states: researched, planned, implemented with a change of the plan on the way, tested,
//! debugged, documented.

use crate::support::redact::{redacted, whole};
use crate::support::{World, step};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const REQUEST: &str = "implement a greeter and a parser";
const TOPIC: &str = "specs/001_implement_greeter_parser";
const PLAN: &str = "specs/001_implement_greeter_parser/plans/001_implement_greeter_parser_plan.md";

/// Red until all parts are there; what is wrong between them shows only then, when no phase alone is to blame.
const TESTS: &str = r#"for part in greeter parser parting; do
    test -e $part.txt || { echo "FAIL: parts.sh: $part.txt is missing"; exit 1; }
done
code=0
cmp -s greeter.txt parser.txt || { echo "FAIL: greeting.sh: the parser does not know the greeting"; code=1; }
grep -q bye parting.txt || { echo "FAIL: parting.sh: it is too loud"; code=1; }
exit $code
"#;

/// What a phase's own tree must keep to.
const CHECK: &str = "test ! -e word.txt || grep good word.txt\n";

const PLANNED: &str = r#"cat > "$COORDINATE_ARTIFACT" <<'END'
# A greeter and its parser

### Phase 1: Greeter
**Files**: greeter.txt

- [ ] write the greeting
- [ ] write the parting

### Phase 2: Parser
**Dependencies**: [1]
**Files**: parser.txt

- [ ] read the greeting
END
echo "PLAN_CREATED: $COORDINATE_ARTIFACT"
"#;

/// The second task of phase 1 becomes phase 3.
const SPLIT: &str = r#"sed -i '/write the parting/d' "$COORDINATE_ARTIFACT"
printf '\n### Phase 3: Parting\n**Dependencies**: [2]\n**Files**: parting.txt\n\n- [ ] write the parting\n' >> "$COORDINATE_ARTIFACT"
echo "REVISION_COMPLETED: $COORDINATE_ARTIFACT"
"#;

/// Phase 1 does what its check refuses until its text was changed.
const EXECUTOR: &str = r#"case $COORDINATE_STEP in
implement/p1/*) echo hello > greeter.txt; echo bad > word.txt ;;
implement/p1v2/*) echo hello > greeter.txt ;;
*/p2/*) grep -q hello greeter.txt; echo HELLO > parser.txt ;;
*/p3/*) grep -q hello greeter.txt; echo BYE > parting.txt ;;
esac
echo "PHASE_COMPLETE: $COORDINATE_PHASE"
"#;

/// Mends no phase, and all that is wrong in the end, if it was told by the analysts.
const DEBUGGER: &str = r#"case $COORDINATE_STEP in
implement/*) echo worse > word.txt ;;
debug/*)
    folder=$(sed -n 's/^In `\(.*debug\)`:$/\1/p' "$COORDINATE_PROMPT_FILE")
    for report in 1_1_greeting 1_2_parting; do
        grep -q "_$report.md" "$COORDINATE_PROMPT_FILE"
        grep -q '^## Cause' "$folder"/*_$report.md
    done
    echo hello > parser.txt; echo bye > parting.txt ;;
esac
"#;

fn world() -> World {
    let world = World::new(&[("README.md", "# A project\n"), ("test.sh", TESTS), ("check.sh", CHECK)]);
    world.role("plan-architect", PLANNED);
    world.role("revision-specialist", SPLIT);
    world.role("implementation-executor", EXECUTOR);
    world.role("debug-specialist", DEBUGGER);
    world
}

fn arguments(world: &World) -> Vec<String> {
    let own = ["--max-parallel", "1", "-c", "test.command=sh test.sh", "-c", "check.command=sh check.sh", REQUEST];
    world.authored(&own)
}

fn texts(values: &Value) -> Vec<&str> {
    values.as_array().expect("an array").iter().filter_map(Value::as_str).collect()
}

/// What must be there at the end, however the run came to it.
#[track_caller]
fn assert_done(world: &World) {
    let run = world.show();
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    let states = ["initialize", "research", "plan", "implement", "test", "debug", "test", "document"];
    assert_eq!((texts(&run["completed_states"]), &run["state"]), (states.to_vec(), &"complete".into()));
    for (step_id, state) in
        [("debug/g1/analysis", "succeeded"), ("test/check", "failed"), ("test#2/check", "succeeded")]
    {
        assert_eq!(step(&run, step_id)["state"], state, "{step_id}");
    }
    let plan = world.read(PLAN);
    assert_eq!(
        (plan.matches("[COMPLETE]").count(), plan.matches("- [x]").count(), plan.matches("- [ ]").count()),
        (3, 3, 0)
    );
    for (file, text) in [("greeter.txt", "hello\n"), ("parser.txt", "hello\n"), ("parting.txt", "bye\n")] {
        assert_eq!(world.read(file), text, "{file}");
    }
    let metrics = world.json(&["metrics", "--json"]);
    let figures = ["repairs", "replans", "debug_rounds"].map(|name| metrics[name].as_u64());
    assert_eq!(figures, [Some(1), Some(1), Some(1)], "{metrics:#}");
    assert_eq!(metrics["artifacts"], serde_json::json!({"part": 6, "of": 6}));
    world.assert_nothing_left();
}

/// Shows S1, S15, S16, S17.
#[test]
fn a_request_passes_all_eight_states() {
    let world = world();
    let words = arguments(&world);
    let outcome = world.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>());
    redacted(&world, || insta::assert_snapshot!("eight_states", whole(&outcome)));
    assert_done(&world);
    redacted(&world, || insta::assert_snapshot!("eight_states_plan", world.read(PLAN)));
    for (name, command) in [
        ("eight_states_changes", &["show", "--changes"][..]),
        ("eight_states_diagram", &["show", "--diagram"]),
        ("eight_states_metrics", &["metrics"]),
    ] {
        redacted(&world, || insta::assert_snapshot!(name, whole(&world.coordinate(command))));
    }
    // The size of a summary depends on the times in it.
    let artifacts = world.json(&["artifacts", "--json"]);
    let columns = |artifact: &Value| {
        ["type", "verdict", "step", "path"].map(|name| artifact[name].as_str().unwrap_or("?")).join("  ")
    };
    let artifacts: Vec<String> = artifacts.as_array().expect("an array").iter().map(columns).collect();
    redacted(&world, || insta::assert_snapshot!("eight_states_artifacts", artifacts.join("\n")));
    let log = world.git(&["log", "--format=%s", "--name-status", "main"]);
    redacted(&world, || insta::assert_snapshot!("eight_states_commits", log));
}

/// Runs the program until it has come to another state, and kills it there. Whether there was one.
#[track_caller]
fn killed_at_a_border(mut command: Command) -> bool {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program can be started");
    let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines().map_while(Result::ok);
    let border = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    let found = border.into_iter().any(|event| event["event"] == "transition_completed");
    if found {
        child.kill().expect("a child that was not waited for can be killed");
    }
    let status = child.wait().expect("a child can be waited for");
    assert!(found || status.success(), "{status}");
    found
}

/// Shows S7, S22.
#[test]
fn killed_at_every_border_of_states_it_ends_the_same() {
    let undisturbed = world();
    let words = arguments(&undisturbed);
    let outcome = undisturbed.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");

    let world = world();
    let words = [arguments(&world), vec!["--json".to_owned()]].concat();
    let mut kills = 0;
    let mut next = world.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    while killed_at_a_border(next) {
        kills += 1;
        next = world.command(&["resume", "--yes", "--json"]);
        if world.show()["outcome"] != Value::Null {
            break;
        }
    }
    // States without work of agents may be left before the kill comes.
    assert!((5..=8).contains(&kills), "killed at {kills} borders");
    assert_done(&world);
    let tree = |world: &World| world.git(&["rev-parse", "main^{tree}"]);
    assert_eq!(tree(&world), tree(&undisturbed), "the result differs from that of an undisturbed run");
    let mut calls = [world.calls(), undisturbed.calls()];
    calls.iter_mut().for_each(|calls| calls.sort());
    assert_eq!(calls[0], calls[1], "a step was done twice, or not at all");
    assert!(world.has(&format!("{TOPIC}/summaries/001_implement_greeter_parser_summary.md")));
}
