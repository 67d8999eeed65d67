//! Everything that can be wrong with a plan, as it is shown: `file:line: message`.

use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::{Graph, Severity, Source, parse};

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    check_folder(&[Source::new("plan.md", text)], expected);
}

#[track_caller]
fn check_folder(sources: &[Source], expected: &[&str]) {
    let shown: Vec<_> = parse(sources).diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected);
}

/// A plan whose phases each have a task and these dependencies; phase n begins at line 3n - 2.
fn plan(dependencies: &[&str]) -> String {
    let phase = |(index, needs): (usize, &&str)| format!("## Phase {}: N\ndepends_on: {needs}\n- [ ] t\n", index + 1);
    dependencies.iter().enumerate().map(phase).collect()
}

#[test]
fn an_unknown_dependency() {
    check(&plan(&["9"]), &["plan.md:2: phase 1 depends on phase 9, which does not exist; the plan has only phase 1"]);
    check(
        &plan(&["", "1, 7, 8", "1-9"]),
        &[
            "plan.md:5: phase 2 depends on phase 7, which does not exist; the plan has 3 phases, 1 to 3",
            "plan.md:5: phase 2 depends on phase 8, which does not exist; the plan has 3 phases, 1 to 3",
            "plan.md:8: phase 3 depends on itself; remove 3 from its dependencies",
            "plan.md:8: phase 3 depends on phase 4, which does not exist; the plan has 3 phases, 1 to 3",
        ],
    );
}

#[test]
fn a_self_dependency() {
    check(&plan(&["", "[1, 2]"]), &["plan.md:5: phase 2 depends on itself; remove 2 from its dependencies"]);
}

#[test]
fn a_duplicate_dependency() {
    check(
        &plan(&["", "[1, phase_1]", "1-2, 2"]),
        &[
            "plan.md:5: phase 2 lists its dependency 1 more than once; name it once",
            "plan.md:8: phase 3 lists its dependency 2 more than once; name it once",
        ],
    );
}

const FORWARD: &str = "plan.md:2: phase 1 depends on the later phase 2; \
                       number the phases so that each comes after those it depends on";

#[test]
fn a_forward_reference() {
    check(&plan(&["2", ""]), &[FORWARD]);
}

/// Shows S8.
#[test]
fn cycles_each_once_from_their_lowest_phase() {
    check(
        &plan(&["", "3", "2"]),
        &["plan.md:5: phase 2 lies on the dependency cycle 2 → 3 → 2; remove one of these dependencies"],
    );
    check(
        &plan(&["3", "1", "2", "5", "4", "1, 4"]),
        &[
            "plan.md:2: phase 1 lies on the dependency cycle 1 → 3 → 2 → 1; remove one of these dependencies",
            "plan.md:11: phase 4 lies on the dependency cycle 4 → 5 → 4; remove one of these dependencies",
        ],
    );
}

#[test]
fn a_forward_reference_to_a_cycle_is_told_beside_the_cycle() {
    check(
        &plan(&["2", "3", "2"]),
        &[FORWARD, "plan.md:5: phase 2 lies on the dependency cycle 2 → 3 → 2; remove one of these dependencies"],
    );
}

#[test]
fn duplicate_numbers_name_both_places() {
    check(
        "## Phase 1: A\n- [ ] a\n## Phase 1: B\n- [ ] b\n## Phase 1: C\n- [ ] c\n",
        &[
            "plan.md:3: phase 1 is defined a second time, first at plan.md:1; give each phase its own number",
            "plan.md:5: phase 1 is defined a second time, first at plan.md:1; give each phase its own number",
        ],
    );
    check_folder(
        &[Source::new("a.md", "# Phase 1: A\n- [ ] a\n"), Source::new("b.md", "\n# Phase 1: B\n- [ ] b\n")],
        &["b.md:2: phase 1 is defined a second time, first at a.md:1; give each phase its own number"],
    );
    check_folder(
        &[
            Source::new("a.md", "# T\n## Phase 1: A\n- [ ] a\n## Phase 2: B\n- [ ] b\n"),
            Source::new("b.md", "# U\n## Phase 1: C\n- [ ] c\n## Phase 3: D\n- [ ] d\n"),
        ],
        &["b.md:2: phase 1 is defined a second time, first at a.md:2; give each phase its own number"],
    );
}

#[test]
fn a_phase_without_tasks() {
    check(
        "## Phase 1: A\nwords\n## Phase 2: B\n- [ ] b\n",
        &["plan.md:1: phase 1 has no tasks; add at least one line `- [ ] …` below its heading"],
    );
    check(
        "## Phase 1: A\nSee [its file](phase_1_a.md).\n",
        &[
            "plan.md:1: phase 1 has no tasks; it refers to `phase_1_a.md`, which is not among the plan's files: check the plan's folder",
        ],
    );
}

#[test]
fn no_phase() {
    let message = "no phase found; write each phase as a heading `### Phase 1: Name` with tasks `- [ ] …` below it";
    let of_file = format!("plan.md:1: {message}");
    check("", &[&of_file]);
    check("# Title\n\n- [ ] a\n", &[&of_file]);
    check_folder(&[], &[&format!("plan:1: {message}")]);
}

#[test]
fn an_unreadable_field_is_never_none() {
    for (field, what) in [
        ("serde, tokio", "`serde` is no phase"),
        ("Phase One", "`Phase` is no phase"),
        ("[1.5]", "`1.5` is no phase"),
        ("(see above)", "`(see above)` is no phase"),
        ("[2", "its brackets do not match"),
        ("[", "its brackets do not match"),
        ("1 or 2", "`or` is no phase"),
    ] {
        let message = format!(
            "plan.md:2: cannot read the dependencies of phase 1: {what}; write numbers like `[1, 2]`, or `none`"
        );
        check(&plan(&[field]), &[&message]);
    }
}

#[test]
fn headings_that_are_nearly_phases() {
    check(
        "## Phase 1: A\n- [ ] a\n### Phase 1 notes\n## Phase 2 Name\n- [ ] b\n## Phase 2.5: C\n- [ ] c\n",
        &[
            "plan.md:4: warning: this heading is not read as phase 2; to make it a phase write `Phase 2: Name`",
            "plan.md:6: `2.5` is no phase number; use whole numbers, as in `Phase 2: Name`",
        ],
    );
}

#[test]
fn a_fence_or_comment_that_takes_the_rest() {
    for (opening, closing) in [("```rust", "```"), ("~~~~", "~~~~"), ("<!-- later\n", "-->")] {
        let message = format!(
            "plan.md:4: phase 1: what begins here is never closed and takes in the rest of the file; \
             close it with {closing} on a line of its own"
        );
        check(&format!("## Phase 1: A\n- [ ] a\n\n{opening}\n## Phase 2: B\n- [ ] b\n"), &[&message]);
        check(&format!("## Phase 1: A\n- [ ] a\n\n{opening}\n## Phase 2: B\n- [ ] b\n{closing}\n"), &[]);
    }
}

#[test]
fn paths_that_leave_the_project() {
    let outside = "which lies outside the project; write paths relative to the project's root";
    check(
        "## Phase 1: A\n**Files**: `/etc/passwd`, a/../../b, `ok.rs`\n- [ ] a\n",
        &[
            &format!("plan.md:2: phase 1 names `/etc/passwd`, {outside}"),
            &format!("plan.md:2: phase 1 names `a/../../b`, {outside}"),
        ],
    );
}

#[test]
fn what_looks_like_a_task_and_is_none() {
    let message = |line: u32| {
        format!(
            "plan.md:{line}: warning: phase 1: this looks like a task, but Markdown does not read it as one; \
             write `- [ ] ` and the task, indented like the tasks around it"
        )
    };
    check(
        "## Phase 1: A\n- [ ] a\n\nwords\n    - [ ] joined\n\nwords\n\n      - [ ] code\n\n-[ ] near\n- [] empty\n- [ ](link)\n",
        &[&message(5), &message(9), &message(11), &message(12)],
    );
}

#[test]
fn declared_waves_that_differ() {
    check(
        "**Waves**: [[1], [2], [3]]\n## Phase 1: A\n- [ ] a\n## Phase 2: B\n- [ ] b\n## Phase 3: C\nDependencies: 1\n- [ ] c\n",
        &[
            "plan.md:1: warning: the plan lists the waves [[1], [2], [3]], but its dependencies give [[1, 2], [3]]; correct the list or the dependencies",
        ],
    );
    check(
        "**Waves**: first 1, then 2\n## Phase 1: A\n- [ ] a\n",
        &["plan.md:1: warning: cannot read the waves at `first 1, then 2`; write them like `[[1], [2, 3]]`"],
    );
}

#[test]
fn lists_of_dependencies_that_differ() {
    check(
        "## Phase 1: A\n- [ ] a\n## Phase 2: B\n- [ ] b\n## Phase 3: C\nDependencies: 1\ndepends_on: [2]\n- [ ] c\n",
        &["plan.md:7: warning: phase 3 has more than one list of dependencies; all of them are waited for"],
    );
    check_folder(
        &[
            Source::new("README.md", "# T\n## Phase 1: A\n- [ ] a\n## Phase 2: B\nDependencies: 1\n"),
            Source::new("phase_2.md", "# Phase 2: B\nDependencies: none\n- [ ] b\n"),
        ],
        &["README.md:5: warning: phase 2 has other dependencies here than in phase_2.md:2, which are used"],
    );
}

/// Shows S8.
#[test]
fn all_errors_are_told_at_once_in_order() {
    let text = "## Phase 1: A\nDependencies: 1\n## Phase 2: B\nDependencies: 9, 3\n- [ ] b\n## Phase 2: C\n\
                ## Phase 3: D\nDependencies: 2\n- [ ] d\n";
    check(
        text,
        &[
            "plan.md:1: phase 1 has no tasks; add at least one line `- [ ] …` below its heading",
            "plan.md:2: phase 1 depends on itself; remove 1 from its dependencies",
            "plan.md:4: phase 2 depends on phase 9, which does not exist; the plan has 3 phases, 1 to 3",
            "plan.md:4: phase 2 lies on the dependency cycle 2 → 3 → 2; remove one of these dependencies",
            "plan.md:6: phase 2 is defined a second time, first at plan.md:3; give each phase its own number",
        ],
    );
}

#[test]
fn findings_carry_their_phase_and_severity() {
    let parsed = parse(&[Source::new("plan.md", "## Phase 4: A\n")]);
    let found = &parsed.diagnostics[0];
    assert_eq!((found.phase, found.severity, found.line), (Some(PhaseNumber(4)), Severity::Error, 1));
    assert!(parsed.has_errors());
}

#[test]
fn a_graph_refuses_what_has_no_order() {
    let parsed = |needs: &[&str]| parse(&[Source::new("plan.md", plan(needs))]).plan;
    let shown = |needs: &[&str]| -> Vec<String> {
        let faults = Graph::new(&parsed(needs)).expect_err("an unsound plan");
        faults.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        shown(&["", "3", "2"]),
        ["plan.md:5: phase 2 lies on the dependency cycle 2 → 3 → 2; remove one of these dependencies"]
    );
    assert_eq!(shown(&["1"]), ["plan.md:2: phase 1 depends on itself; remove 1 from its dependencies"]);
    assert!(Graph::new(&parsed(&["2", ""])).is_ok(), "a forward reference still has an order");
    let mut twice = parsed(&["", ""]);
    twice.phases[1].number = PhaseNumber(1);
    let faults = Graph::new(&twice).expect_err("an unsound plan");
    assert_eq!(
        faults[0].to_string(),
        "plan.md:4: phase 1 is defined a second time, first at plan.md:1; give each phase its own number"
    );
}
