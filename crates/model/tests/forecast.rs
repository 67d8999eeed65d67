//! Which phases are foreseen to change the same files: plans and histories as data.

use coordinate_model::forecast::{Past, files, learn, meetings};
use coordinate_model::plan::{Graph, Plan, Source, parse};
use std::fmt::Write;

/// A plan of phases, each with its dependencies and the rest of its text.
fn plan(phases: &[(&str, &str)]) -> Plan {
    let mut text = "# A plan\n".to_owned();
    for (number, (after, body)) in (1..).zip(phases) {
        let _ = writeln!(text, "\n### Phase {number}: Part {number}\n**Dependencies**: [{after}]\n{body}\n");
    }
    let parsed = parse(&[Source::new("plan.md", text)]);
    assert!(parsed.diagnostics.iter().all(|found| !found.to_string().contains("error")), "{:?}", parsed.diagnostics);
    parsed.plan
}

fn past(subject: &str, paths: &[&str]) -> Past {
    Past { subject: subject.to_owned(), paths: paths.iter().map(|path| (*path).to_owned()).collect() }
}

/// The meetings, one a line.
#[track_caller]
fn check(phases: &[(&str, &str)], history: &[Past], expected: &[&str]) {
    let plan = plan(phases);
    let Ok(graph) = Graph::new(&plan) else { panic!("the plan has no order") };
    let found = meetings(&plan, &graph, &learn(&plan, history));
    let shown: Vec<String> = found
        .iter()
        .map(|one| {
            let paths: Vec<String> =
                one.paths.iter().map(|shared| format!("{} {}", shared.path, shared.sure.name())).collect();
            format!("{}+{} {}: {}", one.first, one.second, one.sure.name(), paths.join(", "))
        })
        .collect();
    assert_eq!(shown, expected);
}

/// Shows N4.
#[test]
fn phases_that_do_not_wait_for_one_another_meet_in_files_folders_and_patterns() {
    let phases = [
        ("", "**Files**: src/lib.rs, src/a.rs"),
        ("1", "**Files**: src/lib.rs"),
        ("", "**Files**: src/lib.rs (new), tests/"),
        ("", "**Files Modified**: `tests/*.rs`"),
        ("3", "**Files**: tests/x/y.rs"),
        ("", "**Files**: docs/a.md"),
    ];
    let expected =
        ["1+3 declared: src/lib.rs declared", "2+3 declared: src/lib.rs declared", "3+4 declared: tests/*.rs declared"];
    // 1 and 2 wait for one another, and so do 3 and 5; `tests/*.rs` holds no file of a folder below.
    check(&phases, &[], &expected);
}

#[test]
fn what_waits_through_others_does_not_meet() {
    check(&[("", "**Files**: a.rs"), ("1", ""), ("2", "**Files**: a.rs")], &[], &[]);
}

#[test]
fn tasks_mention_what_no_field_declares() {
    let phases = [
        ("", "**Files**: src/lib.rs\n\n- [ ] change `src/lib.rs` and `Run::step`, as `src/b.rs:10` does"),
        ("", "- [ ] read `src/b.rs` and plain src/lib.rs"),
        ("", "**Files**: none\n\n- [ ] look at `src/b.rs` and `src/lib.rs`"),
    ];
    check(&phases, &[], &["1+2 mentioned: src/b.rs mentioned"]);
    let plan = plan(&phases);
    assert!(files(&plan, &plan.phases[2]).is_empty(), "a phase that changes nothing names nothing");
}

#[test]
fn files_that_change_together_are_learned() {
    let phases = [("", "**Files**: src/a.rs"), ("", "**Files**: src/b.rs"), ("", "**Files**: lock")];
    let together = past("x", &["src/a.rs", "src/b.rs", "lock"]);
    let alone = || past("y", &["src/a.rs"]);
    // Half of the commits of `src/a.rs` are enough.
    let history = [together.clone(), alone(), together.clone(), alone()];
    let all = "learned: lock learned, src/a.rs learned, src/b.rs learned";
    let expected = ["1+2", "1+3", "2+3"].map(|pair| format!("{pair} {all}"));
    check(&phases, &history, &expected.each_ref().map(String::as_str));
    // Once is chance, and a commit of everything is no work on one thing.
    check(&phases, std::slice::from_ref(&together), &[]);
    let wide: Vec<String> = (0..60).map(|at| format!("f{at}")).collect();
    let wide: Vec<&str> = wide.iter().map(String::as_str).chain(["src/a.rs", "src/b.rs"]).collect();
    check(&phases, &[past("w", &wide), past("w", &wide)], &[]);
}

#[test]
fn what_a_phase_of_the_same_name_changed_before_is_learned() {
    let phases = [("", "**Files**: src/a.rs"), ("", "**Files**: src/b.rs")];
    let history = [past("feat(001): complete phase 7 - Part 2", &["src/b.rs", "src/a.rs"])];
    check(&phases, &history, &["1+2 learned: src/a.rs learned"]);
}
