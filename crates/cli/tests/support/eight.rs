//! One request for all eight states: researched, planned, implemented with a change of the plan on the way, tested,
//! debugged, documented. The author plays all roles, or a real client that lets the author's script do the work.

use super::{World, step};
use serde_json::Value;

pub(crate) const REQUEST: &str = "implement a greeter and a parser";
pub(crate) const TOPIC: &str = "specs/001_implement_greeter_parser";
pub(crate) const PLAN: &str = "specs/001_implement_greeter_parser/plans/001_implement_greeter_parser_plan.md";

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

/// A project that fails its tests in the end, with these files more.
#[track_caller]
pub(crate) fn world(more: &[(&str, &str)]) -> World {
    let own = [("README.md", "# A project\n"), ("test.sh", TESTS), ("check.sh", CHECK)];
    let world = World::new(&[&own[..], more].concat());
    world.role("plan-architect", PLANNED);
    world.role("revision-specialist", SPLIT);
    world.role("implementation-executor", EXECUTOR);
    world.role("debug-specialist", DEBUGGER);
    world
}

/// What `run` is given besides its agent.
pub(crate) const ARGUMENTS: [&str; 7] =
    ["--max-parallel", "1", "-c", "test.command=sh test.sh", "-c", "check.command=sh check.sh", REQUEST];

fn texts(values: &Value) -> Vec<&str> {
    values.as_array().expect("an array").iter().filter_map(Value::as_str).collect()
}

/// What must be there at the end, however the run came to it.
#[track_caller]
pub(crate) fn assert_done(world: &World) {
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
