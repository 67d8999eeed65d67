//! A phase in a file of its own, and back.

#![expect(clippy::expect_used, reason = "a failed conversion or lookup is a failed test")]

use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::{Source, Split, SplitError, collapse, expand, parse};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const FOLDER: &str = "specs/001_a/plans/001_a";
const FILE: &str = "specs/001_a/plans/001_a.md";

fn one(text: &str) -> Vec<Source> {
    vec![Source::new(FILE, text)]
}

fn there(_: &str) -> bool {
    true
}

fn apart(sources: &[Source], number: u32) -> Result<Split, SplitError> {
    expand(sources, FOLDER, PhaseNumber(number), &|path| !path.contains("/phase_"))
}

fn together(sources: &[Source], number: u32) -> Result<Split, SplitError> {
    collapse(sources, FOLDER, PhaseNumber(number), &|path| !path.contains("phase_9"))
}

/// All files, one below the other.
fn shown(sources: &[Source]) -> String {
    sources.iter().map(|source| format!("=== {}\n{}", source.path, source.text)).collect()
}

const PLAN: &str = "# A plan

See [the report](../reports/001_r.md).

### Phase 1: One [COMPLETE]
**Files**: `one.txt`

- [x] write one

### Phase 2: Two & more
**Dependencies**: [1]

From [the report](../reports/001_r.md#part).

#### Stage 1: First
- [ ] write two

```sh
echo two > two.txt
```

## Risks

None.
";

#[test]
fn a_phase_gets_a_file_of_its_own() {
    let split = apart(&one(PLAN), 2).expect("it is expanded");
    assert_eq!(split.place, format!("{FOLDER}/phase_2_two_more.md"));
    insta::assert_snapshot!(shown(&split.files), @r"
    === specs/001_a/plans/001_a/001_a.md
    # A plan

    See [the report](../../reports/001_r.md).

    ### Phase 1: One [COMPLETE]
    **Files**: `one.txt`

    - [x] write one

    ### Phase 2: Two & more

    [phase_2_two_more.md](phase_2_two_more.md)

    ## Risks

    None.
    === specs/001_a/plans/001_a/phase_2_two_more.md
    ### Phase 2: Two & more
    **Dependencies**: [1]

    From [the report](../../reports/001_r.md#part).

    #### Stage 1: First
    - [ ] write two

    ```sh
    echo two > two.txt
    ```
    ");
}

#[test]
fn back_and_forth_gives_the_same_bytes() {
    let first = apart(&one(PLAN), 2).expect("it is expanded").files;
    let both = apart(&first, 1).expect("it is expanded").files;
    assert_eq!(both.len(), 3);
    let left = together(&both, 2).expect("it is collapsed").files;
    assert_eq!(left.len(), 2);
    assert_eq!(together(&left, 1).expect("it is collapsed").files, one(PLAN));
}

#[test]
fn a_folder_of_another_hand_becomes_one_file() {
    let sources = [
        Source::new(
            "p/README.md",
            "# Plan\n\n## Phase 1: One\n\n[here](phase_1.md)\n\nBy Monday.\n\n## Phase 2: Two\n- [ ] b\n",
        ),
        Source::new("p/phase_1.md", "# The first\n**Files**: a\n\n## Tasks\n- [ ] a\n"),
    ];
    let joined = collapse(&sources, "p", PhaseNumber(1), &there).expect("it is collapsed");
    insta::assert_snapshot!(shown(&joined.files), @r"
    === p.md
    # Plan

    ## Phase 1: The first

    **Files**: a

    ### Tasks
    - [ ] a

    By Monday.

    ## Phase 2: Two
    - [ ] b
    ");
}

#[test]
fn a_tick_in_either_file_is_kept() {
    let mut files = apart(&one(PLAN), 1).expect("it is expanded").files;
    for source in &mut files {
        if source.path.contains("phase_1") {
            source.text = source.text.replace(" [COMPLETE]", "");
        }
    }
    let joined = together(&files, 1).expect("it is collapsed").files;
    assert_eq!(joined, one(PLAN));
}

#[track_caller]
fn refused(outcome: Result<Split, SplitError>, expected: &str) {
    assert_eq!(outcome.expect_err("it is refused").to_string(), expected);
}

#[test]
fn what_can_not_be_done_says_why() {
    refused(apart(&one(PLAN), 7), "the plan has no phase 7; it has: 1, 2");
    refused(together(&one(PLAN), 1), &format!("phase 1 is in `{FILE}` already"));
    let files = apart(&one(PLAN), 2).expect("it is expanded").files;
    refused(apart(&files, 2), &format!("phase 2 is in `{FOLDER}/phase_2_two_more.md` already"));
    refused(
        expand(&one(PLAN), FOLDER, PhaseNumber(2), &there),
        &format!("`{FOLDER}/phase_2_two_more.md` is a file of the plan already"),
    );
    refused(apart(&one("# P\n\n## Phase 1: A\n"), 1), "the plan has errors; `coordinate plan check` lists them");
    let files = [
        Source::new("p/phase_1.md", "# Phase 1: A\n- [ ] a\n"),
        Source::new("p/phase_2.md", "# Phase 2: B\n- [ ] b\n"),
    ];
    refused(
        collapse(&files, "p", PhaseNumber(1), &there),
        "no overview has a heading for phase 1: write `### Phase 1: Name` where it is to go",
    );
}

const PIECES: &[&str] = &[
    "- [ ] a task\n",
    "- [x] done [l](../reports/r.md)\n",
    "**Objective**: to be done\n",
    "**Files**: `a.rs`, b.rs (removed)\n",
    "\n",
    "\n\n",
    "text\n",
    "#### Stage 1: First\n",
    "##### Deep\n",
    "```sh\necho 1\n```\n",
    "> quoted\n",
    "| a | b |\n|---|---|\n",
    "1. one\n",
    "  indented\n",
    "    code\n",
    "see [x]\n",
    "**Complexity**: 3/10\n",
    "<div>\n",
    "---\n",
    "trailing  \n",
    "depends_on: [phase_1]\n",
    "\r\n",
    "word\n===\n",
    "***\n",
    "Waves: [1], [2]\n",
    "# Title\n",
    "[broken](phase_9.md)\n",
    "éü\n",
];

fn body() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        rng_seed: RngSeed::Fixed(0x0c00_4d1b),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What is expanded is the same plan, and collapsed in any order it has the same bytes again.
    #[test]
    fn expanded_and_collapsed_plans_are_the_same(
        head in body(),
        bodies in proptest::collection::vec(body(), 1..5),
        marks in proptest::collection::vec(proptest::sample::select(vec!["", " [COMPLETE]", " (Wave 1)", " ##"]), 5),
        level in 2..4_usize,
        order in proptest::collection::vec(0..5_u32, 1..5),
        end in proptest::sample::select(vec!["", "\n", "\n## Risks\n\nnone\n\n[x]: ../y.md\n"]),
    ) {
        let phase = |(at, body): (usize, &String)| {
            format!("{} Phase {}: Name {at}{}\n- [ ] t\n{body}", "#".repeat(level), at + 1, marks[at])
        };
        let phases: String = bodies.iter().enumerate().map(phase).collect();
        let text = format!("# P\n{head}\n{phases}{end}");
        let begin = one(&text);
        let mut files = begin.clone();
        let mut moved = Vec::new();
        for number in order {
            if let Ok(split) = apart(&files, number) {
                prop_assert!(!parse(&split.files).has_errors());
                prop_assert_eq!(split.files.len(), if files.len() == 1 { 2 } else { files.len() + 1 });
                files = split.files;
                moved.push(number);
            }
        }
        for number in moved {
            match together(&files, number) {
                Ok(joined) => files = joined.files,
                Err(error) => prop_assert!(false, "phase {} stays apart: {}\n{}", number, error, shown(&files)),
            }
        }
        // A heading that is underlined may get a blank line above it.
        let bare = |files: &[Source]| shown(files).replace(['\n', '\r'], "");
        prop_assert_eq!(bare(&files), bare(&begin));
        prop_assert!(text.contains("===") || text.contains("---") || files == begin, "{}", shown(&files));
    }
}
