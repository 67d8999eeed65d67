//! The plan of a run changes while it is under way: after failing tests, for too big phases, by an agent's word, by a
//! person's.

use crate::support::World;
use crate::support::redact::{redacted, whole};
use coordinate_testkit::Outcome;

const PLAN: &str = "# A plan\n\n### Phase 1: One\n**Dependencies**: []\n**Files**: one.txt\n\n- [ ] write one\n- [ ] write more\n\n\
                    ### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] write two\n";

/// Splits phase 1: its second task becomes phase 3.
const SPLIT: &str = "sed -i '/write more/d' \"$COORDINATE_ARTIFACT\"\n\
    printf '\\n### Phase 3: More\\n**Dependencies**: [2]\\n**Files**: three.txt\\n\\n- [ ] write more\\n' >> \"$COORDINATE_ARTIFACT\"\n\
    cp \"$COORDINATE_PROMPT_FILE\" \"$here/replan-prompt\"\n\
    echo \"REVISION_COMPLETED: $COORDINATE_ARTIFACT\"";

/// Phase 1 breaks the tests until its text was changed.
const EXECUTOR: &str = "case $COORDINATE_STEP in\n\
    implement/p1/*) echo one > one.txt; echo bad > word.txt ;;\n\
    implement/p1v*) echo one > one.txt ;;\n\
    */p2/*) echo two > two.txt ;;\n\
    */p3/*) echo three > three.txt ;;\n\
    esac; echo \"PHASE_COMPLETE: $COORDINATE_PHASE\"";

fn world() -> World {
    let world = World::new(&[("PLAN.md", PLAN), ("word.txt", "good\n"), ("Makefile", "test:\n\tgrep good word.txt\n")]);
    world.role("implementation-executor", EXECUTOR);
    world.role("debug-specialist", "echo still bad > word.txt");
    world.role("revision-specialist", SPLIT);
    world
}

#[track_caller]
fn shows(name: &str, world: &World, outcome: &Outcome) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
}

/// Shows S15.
#[test]
fn a_phase_that_fails_twice_is_split_and_the_run_goes_on() {
    let world = world();
    let outcome = world.run_authored(&["--max-parallel", "1", "PLAN.md"]);
    shows("replan_after_failing_tests", &world, &outcome);
    let subjects = [
        "feat(001): complete phase 3 - More",
        "feat(001): complete phase 2 - Two",
        "feat(001): complete phase 1 - One",
        "docs(001): split phase 1 in the plan",
    ];
    let mut found = world.subjects("main");
    found.retain(|subject| subjects.contains(&subject.as_str()));
    found.sort();
    let mut wanted = subjects.to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    let plan = world.read("PLAN.md");
    assert_eq!(plan.matches("- [x]").count(), 3, "{plan}");
    assert!(plan.contains("### Phase 3: More [COMPLETE]"), "{plan}");
    shows("replan_changes", &world, &world.coordinate(&["show", "--changes"]));
    redacted(&world, || insta::assert_snapshot!("replan_prompt", world.beside("replan-prompt")));
    world.assert_no_trees();
}

#[test]
fn a_change_that_touches_what_is_finished_goes_back_with_the_reason() {
    let plan = "# A plan\n\n### Phase 1: Base\n**Files**: base.txt\n\n- [ ] write it\n\n\
                ### Phase 2: One\n**Dependencies**: [1]\n**Files**: one.txt\n\n- [ ] write one\n- [ ] write more\n";
    let world = World::new(&[("PLAN.md", plan), ("word.txt", "good\n"), ("Makefile", "test:\n\tgrep good word.txt\n")]);
    let executor = "case $COORDINATE_STEP in */p1/*) echo base > base.txt ;; */p2/*) echo one > one.txt; echo bad > word.txt ;;\n\
                    */p2v2/*) echo one > one.txt ;; */p3/*) echo three > three.txt ;; esac";
    world.role("implementation-executor", executor);
    world.role("debug-specialist", "echo still bad > word.txt");
    // The text that was sent back is there to be mended.
    let wrong = "sed -i 's/write it/write that/' \"$COORDINATE_ARTIFACT\"";
    let mended = "sed -i 's/write that/write it/' \"$COORDINATE_ARTIFACT\"";
    let once = format!("if [ ! -e \"$here/once\" ]; then touch \"$here/once\"; {wrong}; exit; fi\n{mended}\n{SPLIT}");
    world.role("revision-specialist", &once);
    let outcome = world.run_authored(&["--max-parallel", "1", "PLAN.md"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let prompt = world.beside("replan-prompt");
    assert!(prompt.contains("phase 1 is finished, and must stay as it is"), "{prompt}");
    assert!(prompt.contains("phase 2 was not split: there is no new phase"), "{prompt}");
}

/// Shows S15.
#[test]
fn a_phase_with_too_many_tasks_is_split_before_it_begins() {
    let world = world();
    world.role("implementation-executor", &EXECUTOR.replace("echo bad > word.txt", "true"));
    let outcome = world.run_authored(&["-c", "replan.tasks=1", "--max-parallel", "1", "PLAN.md"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("phase 1: tasks 2 (threshold 1): fired"), "{outcome:#?}");
    assert_eq!(world.calls()[..2], ["implement/p1/replan#1/plan", "implement/p1v2/agent"]);
}

/// Shows S15.
#[test]
fn what_an_agent_reports_as_missing_is_added() {
    let world = world();
    world.role(
        "implementation-executor",
        &EXECUTOR.replace("echo bad > word.txt", "echo 'SCOPE_DRIFT: three is missing'"),
    );
    let add = SPLIT.replace("sed -i '/write more/d' \"$COORDINATE_ARTIFACT\"\n", "");
    world.role("revision-specialist", &add);
    let outcome = world.run_authored(&["--max-parallel", "1", "PLAN.md"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("three.txt"), "three\n");
    let changes = world.json(&["show", "--changes", "--json"]);
    assert_eq!(changes["replans"][0]["kind"], "add");
    assert_eq!(changes["replans"][0]["reason"], "three is missing");
}

/// Shows S15.
#[test]
fn the_third_change_waits_for_a_person() {
    let world = world();
    world.role("implementation-executor", "echo x > one.txt; echo bad > word.txt");
    let update = "echo >> \"$here/changes\"\n\
        printf '\\n### Phase %s: More\\n**Dependencies**: [1]\\n\\n- [ ] more\\n' $((2 + $(wc -l < \"$here/changes\"))) >> \"$COORDINATE_ARTIFACT\"\n";
    world.role("revision-specialist", update);
    let outcome = world.run_authored(&["--max-parallel", "1", "PLAN.md"]);
    shows("replan_third_asks", &world, &outcome);
    assert!(outcome.stdout.contains("the plan was changed 2 times for phase 1; change it once more?"), "{outcome:#?}");
    let rejected = world.coordinate(&["reject", "-m", "enough"]);
    assert_eq!(rejected.code, Some(0), "{rejected:#?}");
    let outcome = world.coordinate(&["resume", "--force"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("said no: enough"), "{outcome:#?}");
    shows("replan_third_refused", &world, &outcome);
}

#[test]
fn a_plan_that_git_ignores_is_changed_where_it_lies() {
    let world = world();
    world.write(".gitignore", "PLAN.md\n");
    world.git(&["rm", "-q", "--cached", "PLAN.md"]);
    world.git(&["add", ".gitignore"]);
    world.git(&["commit", "-qm", "ignored"]);
    let outcome = world.run_authored(&["--max-parallel", "1", "PLAN.md"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let plan = world.read("PLAN.md");
    assert_eq!(plan.matches("- [x]").count(), 3, "{plan}");
    assert!(plan.contains("### Phase 3: More [COMPLETE]"), "{plan}");
    assert!(!world.git(&["ls-tree", "-r", "--name-only", "main"]).contains("PLAN.md"));
}

#[test]
fn what_can_not_be_changed_is_said() {
    let world = world();
    let run = world.coordinate(&["replan", "--phase", "1", "-m", "why"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    let none = world.coordinate(&["replan", "--phase", "1"]);
    assert_eq!(none.code, Some(2), "{none:#?}");
}
