//! What is read from a plan: headings, fields, tasks, stages, code, files, folders.

use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::{Expectation, Graph, Overview, Parsed, Phase, Plan, Source, dot, mermaid, parse};

fn read(text: &str) -> Parsed {
    parse(&[Source::new("plan.md", text)])
}

/// The only phase of a plan in which nothing is wrong.
#[track_caller]
fn only_phase(text: &str) -> Phase {
    let mut parsed = read(text);
    assert_eq!(shown(&parsed), "", "{text}");
    assert_eq!(parsed.plan.phases.len(), 1, "{text}");
    parsed.plan.phases.remove(0)
}

fn shown(parsed: &Parsed) -> String {
    parsed.diagnostics.iter().map(|found| format!("{found}\n")).collect()
}

/// Number, name, dependencies and `done/tasks` of each phase.
fn summary(parsed: &Parsed) -> String {
    let line = |phase: &Phase| {
        let needs: Vec<_> = phase.depends_on.iter().map(ToString::to_string).collect();
        let mark = if phase.marked_complete { " ✓" } else { "" };
        let tasks = format!("{}/{}", phase.tasks_done(), phase.tasks.len());
        format!("{} {:?}{mark} <- [{}] {tasks}\n", phase.number, phase.name, needs.join(", "))
    };
    parsed.plan.phases.iter().map(line).collect()
}

/// Nothing is wrong with the plan, and its phases are these.
#[track_caller]
fn check(parsed: &Parsed, expected: &str) {
    assert_eq!((shown(parsed), summary(parsed)), (String::new(), expected.to_owned()));
}

#[test]
fn a_whole_plan_is_read() {
    let text = "\
# Token refresh plan

## Overview
Some words.

### Phase 1: Storage (Wave 1) [COMPLETE]

**Objective**: Keep tokens
in one place.
**Dependencies**: []
**Complexity**: 4/10
**Risk**: Low
**Estimated Time**: 2 hours
**Files Modified**: `src/store.rs` (new), `src/old.rs` (deleted), `tests/*.rs`

- [x] Write the store
  in Rust
- [X] Test it

```rust
fn main() {}
```

### Phase 2: Refresh (Wave 2)
- **Dependencies**: [1]
- **Files**:
  - `src/refresh.rs` - the loop
- [ ] Refresh

## Risks
- [ ] not a task of any phase
";
    let parsed = read(text);
    check(&parsed, "1 \"Storage\" ✓ <- [] 2/2\n2 \"Refresh\" <- [1] 0/1\n");
    assert_eq!(parsed.plan.title, "Token refresh plan");
    assert_eq!(parsed.plan.files, ["plan.md"]);
    let first = &parsed.plan.phases[0];
    assert_eq!(first.objective.as_deref(), Some("Keep tokens in one place."));
    assert_eq!(first.complexity.as_deref(), Some("4/10"));
    assert_eq!(first.risk.as_deref(), Some("Low"));
    assert_eq!(first.estimated_time.as_deref(), Some("2 hours"));
    let files: Vec<_> = first.files.iter().map(|file| (file.path.as_str(), file.expectation)).collect();
    let expected = [
        ("src/store.rs", Expectation::Present),
        ("src/old.rs", Expectation::Absent),
        ("tests/*.rs", Expectation::Glob),
    ];
    assert_eq!(files, expected);
    assert_eq!((first.tasks[0].text.as_str(), first.tasks[0].line), ("Write the store in Rust", 16));
    let block = &first.blocks[0];
    assert_eq!((block.info.as_str(), block.text.as_str(), block.line), ("rust", "fn main() {}\n", 20));
    assert_eq!((first.file.as_str(), first.line, first.depends_line), ("plan.md", 6, 10));
    assert!(first.body.starts_with("\n**Objective**: Keep"), "{:?}", first.body);
    assert!(first.body.ends_with("```\n\n"), "{:?}", first.body);
    assert_eq!(parsed.plan.phases[1].files[0].path, "src/refresh.rs");
}

#[test]
fn every_level_and_form_of_heading_is_read() {
    for heading in [
        "## Phase 7: Name",
        "### Phase 7: Name",
        "# Phase 7: Name",
        "## Phase 7 - Name",
        "### Phase 7. Name ###",
        "  ### Phase 7: Name (Wave 3)",
        "## Phase 7: Name [COMPLETED]",
        "### ✅ Phase 7: Name",
        "Phase 7: Name\n---",
    ] {
        let phase = only_phase(&format!("{heading}\n- [ ] Do it\n"));
        assert_eq!((phase.number, phase.name.as_str()), (PhaseNumber(7), "Name"), "{heading}");
    }
}

#[test]
fn levels_may_be_mixed_and_numbers_out_of_order() {
    let text = "# P\n## Phase 1: A\n- [ ] a\n### Phase 2: B\n- [ ] b\n## Phase 3: C\n### Tasks\n- [ ] c\n- [x] d\n";
    check(&read(text), "1 \"A\" <- [] 0/1\n2 \"B\" <- [] 0/1\n3 \"C\" <- [] 1/2\n");
    check(&read("## Phase 2: B\n- [ ] b\n## Phase 1: A\n- [ ] a\n"), "1 \"A\" <- [] 0/1\n2 \"B\" <- [] 0/1\n");
}

#[test]
fn a_first_level_heading_is_the_title_where_phases_have_lower_ones() {
    let parsed = read("# Phase 9: the last\n## Phase 1: A\n- [ ] a\n");
    check(&parsed, "1 \"A\" <- [] 0/1\n");
    assert_eq!(parsed.plan.title, "Phase 9: the last");
}

/// Shows S8.
#[test]
fn every_notation_of_dependencies_is_read() {
    for field in [
        "**Dependencies**: [1, 2]",
        "**Dependencies:** [1, 2]",
        "Dependencies: Phase 1, Phase 2",
        "dependencies: [1, 2]",
        "depends_on: [phase_1, phase_2]",
        "**Depends on**: Phases 1-2",
        "DEPENDENCIES: 1–2",
        "- **Dependencies**: [1, 2]",
        "- Depends On: Phase 1 and Phase 2",
        "**Dependencies**:\n- Phase 1\n- Phase 2",
        "**Dependencies**:\n\n* [Phase 1](a.md)\n* 2",
        "- **Dependencies**:\n  - 1\n  - 2\n- **Risk**: low",
        "#### Dependencies\n\n- Phase 1\n- Phase 2",
        "#### Dependencies\nPhase 1, Phase 2",
        "**Dependencies**: [1,\n 2]",
        "dependencies: [\n  1,\n  2\n]",
        "**Risk**: low | **Dependencies**: [1, 2]",
    ] {
        let text = format!("## Phase 1: A\n- [ ] a\n## Phase 2: B\n- [ ] b\n## Phase 3: C\n{field}\n\n- [ ] c\n");
        let parsed = read(&text);
        assert_eq!(shown(&parsed), "", "{field}");
        assert_eq!(parsed.plan.phases[2].depends_on, [PhaseNumber(1), PhaseNumber(2)], "{field}");
    }
}

#[test]
fn no_dependencies_are_none() {
    for field in
        ["", "**Dependencies**: none", "**Dependencies**: None", "Dependencies:", "depends_on: []", "Dependencies: -"]
    {
        let phase = only_phase(&format!("## Phase 3: C\n{field}\n- [ ] c\n"));
        assert_eq!(phase.depends_on, [], "{field}");
    }
}

#[test]
fn what_stands_in_code_comments_and_quotations_is_not_read() {
    let text = "\
## Phase 1: A
- [ ] a

```markdown
## Phase 2: in a fence
**Dependencies**: [7]
- [ ] in a fence
```

~~~~
```
## Phase 3: in a longer fence
~~~~

    ## Phase 4: in indented code

<!--
## Phase 5: in a comment

- [ ] in a comment
**Dependencies**: [9]
-->

> ## Phase 6: in a quotation
> - [ ] quoted

- a list
  ```
  ## Phase 7: in a fence of a list
  - [ ] in a fence of a list
  ```
- [ ] b
";
    let parsed = read(text);
    check(&parsed, "1 \"A\" <- [] 0/2\n");
    assert_eq!(parsed.plan.phases[0].blocks.len(), 3);
}

#[test]
fn stages_divide_a_phase_and_have_fields_of_their_own() {
    let text = "\
### Phase 1: A
- [ ] before

#### Stage 1: One [COMPLETE]
**Dependencies**: Stage 0
**Files**: `one.rs`
- [x] first

### Stage 2: Two
- [ ] second

#### Stage 3: Three
- [ ] third

#### After
- [ ] after
";
    let phase = only_phase(text);
    let stages: Vec<_> = phase.stages.iter().map(|stage| (stage.number, stage.name.as_str(), stage.line)).collect();
    assert_eq!(stages, [(1, "One", 4), (2, "Two", 9), (3, "Three", 12)]);
    let tasks: Vec<_> = phase.tasks.iter().map(|task| (task.text.as_str(), task.stage)).collect();
    let expected = [("before", None), ("first", Some(1)), ("second", Some(2)), ("third", Some(3)), ("after", None)];
    assert_eq!(tasks, expected);
    assert_eq!(phase.files[0].path, "one.rs");
    assert_eq!(phase.depends_on, []);
}

#[test]
fn line_endings_and_byte_order_marks_change_nothing() {
    let text = "# T\n## Phase 1: A\n**Objective**: o\np\n- [ ] a\n## Phase 2: B\n**Dependencies**: [1]\n- [x] b\n";
    let unix = read(text);
    let mut windows = read(&format!("\u{feff}{}", text.replace('\n', "\r\n")));
    for phase in &mut windows.plan.phases {
        phase.body = phase.body.replace("\r\n", "\n");
    }
    assert_eq!(windows, unix);
    check(&unix, "1 \"A\" <- [] 0/1\n2 \"B\" <- [1] 1/1\n");
    check(&read(&text.replace('\n', "\r")), &summary(&unix));
}

#[test]
fn tasks_are_list_items_of_every_kind() {
    let phase = only_phase("## Phase 1: A\n- [ ] a\n* [x] b\n  + [X] c\n\n1. [ ] d `x`\n2) [ ] e\n- no task\n");
    let tasks: Vec<_> = phase.tasks.iter().map(|task| (task.text.as_str(), task.done, task.line)).collect();
    assert_eq!(tasks, [("a", false, 2), ("b", true, 3), ("c", true, 4), ("d `x`", false, 6), ("e", false, 7)]);
    assert!(!phase.done());
    assert_eq!(phase.tasks_done(), 2);
}

#[test]
fn a_field_right_behind_a_task_is_still_a_field() {
    let parsed = read("## Phase 1: A\n- [ ] a\n## Phase 2: B\n- [ ] b\n**Dependencies**: [1]\n");
    check(&parsed, "1 \"A\" <- [] 0/1\n2 \"B\" <- [1] 0/1\n");
    assert_eq!(parsed.plan.phases[1].tasks[0].text, "b");
    let nested = only_phase("## Phase 1: A\n- [ ] update the manifest\n  - Dependencies: serde\n  - Files: x\n");
    assert_eq!((nested.depends_on.len(), nested.files.len()), (0, 0));
}

#[test]
fn a_phase_that_changes_nothing_says_so() {
    for (field, none) in [
        ("**Files**: none", true),
        ("**Files Modified**: None (analysis only)", true),
        ("**Files**:\n- none", true),
        ("", false),
        ("**Files**: a.rs", false),
        ("**Files**: (see below)", false),
    ] {
        let phase = only_phase(&format!("## Phase 1: A\n{field}\n\n- [ ] a\n"));
        assert_eq!(phase.files_none, none, "{field}");
    }
}

#[test]
fn declared_waves_are_read_in_every_form() {
    let phases = "## Phase 1: A\n- [ ] a\n## Phase 2: B\n- [ ] b\n## Phase 3: C\nDependencies: 1\n- [ ] c\n";
    for waves in [
        "**Waves**: [[1, 2], [3]]",
        "Waves: [[1,2],[3]]",
        "**Waves**:\n- Wave 1: Phase 1, 2\n- Wave 2: Phase 3",
        "**Waves**:\nWave 1: Phases 1-2\nWave 2: 3",
        "## Waves\n\n- **Wave 1** (parallel): Phase 1, Phase 2\n- **Wave 2**: Phase 3",
        "Waves:\n- [1, 2]\n- [3]",
    ] {
        for text in [format!("# T\n\n{waves}\n\n{phases}"), format!("{phases}\n{waves}\n")] {
            let parsed = read(&text);
            assert_eq!(shown(&parsed), "", "{text}");
            let expected = vec![vec![PhaseNumber(1), PhaseNumber(2)], vec![PhaseNumber(3)]];
            assert_eq!(parsed.plan.declared_waves, Some(expected), "{text}");
        }
    }
}

/// Shows S8.
#[test]
fn a_folder_is_one_plan() {
    let overview = "\
# The plan
### Phase 1: Small
- [x] all of it
### Phase 2: [Expanded](phase_2_expanded.md) [COMPLETE]
**Dependencies**: [1]
### Phase 3: Listed
**Risk**: High
Details in `parts/third.md`.
";
    let second = "# Phase 2: Expanded\n## Stage 1: S\n- [ ] a\n## Notes\n- [x] b\n";
    let sources = [
        Source::new("specs/plan/README.md", overview),
        Source::new("specs/plan/phase_2_expanded.md", second),
        Source::new("specs/plan/parts/third.md", "---\ndepends_on: [phase_2]\n---\n# Third\n**Risk**: Low\n- [ ] c\n"),
        Source::new("specs/plan/phase_4_last.md", "---\ndepends_on: 1-3\n---\n## Phase 4: Last\n\n## Tasks\n- [ ] d\n"),
    ];
    let parsed = parse(&sources);
    let expected = "\
1 \"Small\" <- [] 1/1
2 \"Expanded\" ✓ <- [1] 1/2
3 \"Third\" <- [2] 0/1
4 \"Last\" <- [1, 2, 3] 0/1
";
    check(&parsed, expected);
    assert_eq!(parsed.plan.title, "The plan");
    let places: Vec<_> = parsed.plan.phases.iter().map(|phase| (phase.file.as_str(), phase.line)).collect();
    let expected = [
        ("specs/plan/README.md", 2),
        ("specs/plan/phase_2_expanded.md", 1),
        ("specs/plan/parts/third.md", 1),
        ("specs/plan/phase_4_last.md", 4),
    ];
    assert_eq!(places, expected);
    let second = &parsed.plan.phases[1];
    assert_eq!((second.depends_file.as_str(), second.depends_line), ("specs/plan/README.md", 5));
    assert_eq!(second.tasks[0].stage, Some(1));
    assert_eq!(parsed.plan.phases[2].risk.as_deref(), Some("Low"));
}

#[test]
fn a_folder_of_phase_files_needs_no_overview_with_phases() {
    let sources = [
        Source::new("p/01.md", "# Phase 1: A\n- [ ] a\n"),
        Source::new("p/02.md", "# Phase 2: B\n**Dependencies**: [1]\nsee README.md\n- [ ] b\n"),
        Source::new("p/README.md", "# All of it\n- [x] [first](01.md)\n- [ ] [second](02.md)\n"),
    ];
    let parsed = parse(&sources);
    check(&parsed, "1 \"A\" <- [] 0/1\n2 \"B\" <- [1] 0/1\n");
    assert_eq!(parsed.plan.title, "All of it");
}

#[test]
fn a_linked_document_without_tasks_does_not_replace_the_phase() {
    let plan = "## Phase 1: A\nSee [the design](design.md).\n- [ ] a\n## Phase 2: B\nSee design.md\n- [ ] b\n";
    let sources = [Source::new("plan.md", plan), Source::new("design.md", "# Design\nwords\n")];
    check(&parse(&sources), "1 \"A\" <- [] 0/1\n2 \"B\" <- [] 0/1\n");
}

#[test]
fn a_linked_checklist_does_not_replace_the_tasks_of_a_phase() {
    let plan = "## Phase 1: A\nSee [the list](list.md).\n- [ ] a\n- [ ] b\n";
    let sources = [Source::new("plan.md", plan), Source::new("list.md", "# For every release\n- [x] look\n")];
    check(&parse(&sources), "1 \"A\" <- [] 0/2\n");
}

#[test]
fn a_plan_survives_json() {
    let text = "# T\n**Waves**: [[1], [2]]\n## Phase 1: A\n**Files**: a*\n- [ ] a\n## Phase 2: B\nDependencies: 1\n\
                ### Stage 1\n```sh\nls\n```\n- [x] b\n";
    let plan = read(text).plan;
    let json = serde_json::to_string(&plan).expect("JSON");
    assert_eq!(serde_json::from_str::<Plan>(&json).expect("a plan"), plan);
}

#[test]
fn the_overview_has_the_shape_that_is_printed() {
    let text =
        "# T\n## Phase 1: A\n- [x] a\n- [x] b\n## Phase 2: B\n**Dependencies**: [1]\n**Complexity**: 3\n- [ ] c\n";
    let parsed = read(text);
    let graph = Graph::new(&parsed.plan).expect("a sound plan");
    let json = serde_json::to_value(Overview::new(&parsed.plan, &graph)).expect("JSON");
    let expected = serde_json::json!({
        "title": "T",
        "phases": [
            {"number": 1, "name": "A", "depends_on": [], "tasks": 2, "tasks_done": 2, "done": true,
             "complexity": null, "estimated_time": null, "file": "plan.md", "line": 2},
            {"number": 2, "name": "B", "depends_on": [1], "tasks": 1, "tasks_done": 0, "done": false,
             "complexity": "3", "estimated_time": null, "file": "plan.md", "line": 5},
        ],
        "waves": [[1], [2]],
        "critical_path": [1, 2],
    });
    assert_eq!(json, expected);
}

#[test]
fn drawings_escape_names() {
    let text = "## Phase 1: Say \"hi\" <b>\\ #1; `x`\n- [x] a\n## Phase 2: B\n**Dependencies**: [1, 9]\n- [ ] b\n";
    let plan = read(text).plan;
    let expected = "\
flowchart LR
    p1[\"Phase 1: Say #quot;hi#quot; #lt;b#gt;#92; #35;1; #96;x#96;\"]:::done
    p2[\"Phase 2: B\"]
    p1 --> p2
    classDef done fill:#d5f5d5,stroke:#3a7d3a
";
    assert_eq!(mermaid(&plan), expected);
    let expected = "\
digraph plan {
    rankdir=LR;
    node [shape=box];
    p1 [label=\"Phase 1: Say \\\"hi\\\" <b>\\\\ #1; `x`\", style=filled, fillcolor=\"#d5f5d5\"];
    p2 [label=\"Phase 2: B\"];
    p1 -> p2;
}
";
    assert_eq!(dot(&plan), expected);
}
