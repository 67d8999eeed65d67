//! A person changes the plan of a run under way, in each of the five ways; and says that nobody is to be asked.

use crate::support::process::await_that;
use crate::support::redact::{redacted, whole};
use crate::support::{Started, World};
use coordinate_testkit::Outcome;

const PLAN: &str = "# A plan\n\n### Phase 1: One\n**Dependencies**: []\n**Files**: one.txt\n\n- [ ] write one\n\n\
                    ### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] write two\n- [ ] write more\n\n\
                    ### Phase 3: Three\n**Dependencies**: [2]\n**Files**: three.txt\n\n- [ ] write three\n";

/// Phase 1 waits until it may go on.
const EXECUTOR: &str = "case $COORDINATE_STEP in\n\
    */p1/*) until test -e \"$here/go\"; do sleep 0.02; done; echo one > one.txt ;;\n\
    */p2/*|*/p2v2/*) echo two > two.txt ;;\n\
    */p3/*|*/p3v2/*) echo three > three.txt ;;\n\
    */p4/*) echo four > four.txt ;;\n\
    esac\necho \"PHASE_COMPLETE: $COORDINATE_PHASE\"";

const FOURTH: &str = "printf '\\n### Phase 4: Four\\n**Dependencies**: [3]\\n**Files**: four.txt\\n\\n- [ ] write four\\n' >> \"$COORDINATE_ARTIFACT\"";

/// What the agent does to the plan for each kind of change of phase 2.
const KINDS: [(&str, &str); 5] = [
    ("expand", "sed -i 's/^- \\[ \\] write two/- [ ] begin two\\n- [ ] end two/' \"$COORDINATE_ARTIFACT\""),
    ("add", FOURTH),
    ("split", "sed -i '/write more/d' \"$COORDINATE_ARTIFACT\"\n"),
    ("update", "sed -i 's/write more/write less/' \"$COORDINATE_ARTIFACT\""),
    (
        "collapse",
        "sed -i '/^### Phase 2/,/^### Phase 3/{/^### Phase 3/!d}; s/write three/write three and two/; s/\\[2\\]/[1]/' \"$COORDINATE_ARTIFACT\"",
    ),
];

fn world(change: &str) -> World {
    let world = World::new(&[("PLAN.md", PLAN)]);
    world.role("implementation-executor", EXECUTOR);
    world.role("revision-specialist", &format!("{change}\necho \"REVISION_COMPLETED: $COORDINATE_ARTIFACT\""));
    world
}

/// A run that is held in its first phase.
#[track_caller]
fn held(world: &World) -> Started {
    let words = world.authored(&["--max-parallel", "1", "PLAN.md"]);
    let run = world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    await_that("the first agent", || world.calls() == ["implement/p1/agent"]);
    run
}

#[track_caller]
fn shows(name: &str, world: &World, outcome: &Outcome) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
}

/// Shows S15.
#[test]
fn a_person_changes_a_phase_in_each_of_the_five_ways() {
    let mut differences = String::new();
    for (kind, change) in KINDS {
        let change = if kind == "split" { format!("{change}{FOURTH}") } else { change.to_owned() };
        let world = world(&change);
        let run = held(&world);
        let asked = world.coordinate(&["replan", "--phase", "2", "--kind", kind, "-m", "it must be so"]);
        assert_eq!(asked.code, Some(0), "{kind}: {asked:#?}");
        world.env.script("go", "");
        let outcome = run.finish();
        assert_eq!(outcome.code, Some(0), "{kind}: {outcome:#?}");
        let changes = world.json(&["show", "--changes", "--json"]);
        let one = &changes["replans"][0];
        assert_eq!((&one["kind"], &one["state"]), (&kind.into(), &"adopted".into()), "{changes:#}");
        assert_eq!(world.has("four.txt"), matches!(kind, "add" | "split"), "{kind}");
        assert_eq!(world.has("two.txt"), kind != "collapse", "{kind}");
        let plan = world.read("PLAN.md");
        assert!(
            !plan.contains("- [ ]") && plan.matches("[COMPLETE]").count() == plan.matches("### ").count(),
            "{plan}"
        );
        differences.push_str(&world.coordinate(&["show", "--changes"]).stdout);
    }
    redacted(&world(""), || insta::assert_snapshot!("replan_kinds", differences));
}

#[test]
fn what_can_not_be_changed_by_hand_is_refused_with_the_reason() {
    let world = world("sed -i 's/write more/write less/' \"$COORDINATE_ARTIFACT\"");
    let run = held(&world);
    let asks = |arguments: &[&str]| world.coordinate(&[&["replan"], arguments].concat());
    let mut text = whole(&asks(&["--phase", "9", "-m", "why"]));
    text.push_str(&whole(&asks(&["--phase", "2", "-m", "first"])));
    text.push_str(&whole(&asks(&["--phase", "2", "-m", "second"])));
    text.push_str(&whole(&asks(&["--phase", "2", "--kind", "burn", "-m", "third"])));
    world.env.script("go", "");
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    text.push_str(&whole(&asks(&["--phase", "2", "-m", "late"])));
    redacted(&world, || insta::assert_snapshot!("replan_refused", text));
}

/// Shows S15.
#[test]
fn a_forced_run_asks_nobody() {
    let drift =
        "if [ \"$COORDINATE_STEP\" = implement/p2/agent ]; then echo 'SCOPE_DRIFT: less is enough'; exit 1; fi\n";
    let run = |name: &str, first: &[&str]| {
        let world = world("sed -i 's/write more/write less/' \"$COORDINATE_ARTIFACT\"");
        world.env.script("go", "");
        world.role("implementation-executor", &format!("{drift}{EXECUTOR}"));
        let limited = ["-c", "replan.limit=0", "--max-parallel", "1", "PLAN.md"];
        shows(name, &world, &world.run_authored(&[first, &limited].concat()));
        world
    };
    let asking = run("replan_limit_asks", &[]);
    assert_eq!(asking.coordinate(&["approve", "-m", "once"]).code, Some(0));
    shows("replan_limit_allowed", &asking, &asking.coordinate(&["resume", "--force"]));
    let forced = run("replan_forced", &["--force-replan"]);
    assert_eq!(forced.json(&["metrics", "--json"])["replans"], 1);
}
