//! Ticking phases in a plan's text, and the hash that does not see it.

#![expect(clippy::expect_used, reason = "a missing phase is a failed test")]

use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::{Source, content_hash, parse, tick, tick_all};

#[track_caller]
fn check(text: &str, phase: u32, expected: &str) {
    let ticked = tick(text, PhaseNumber(phase)).expect("the phase is there");
    assert_eq!(ticked, expected);
    assert_eq!(tick(&ticked, PhaseNumber(phase)).as_deref(), Some(expected), "twice is once");
    let hash = |text: &str| content_hash(&[Source::new("plan.md", text)]);
    assert_eq!(hash(&ticked), hash(text));
}

#[test]
fn a_phase_is_ticked_and_nothing_else() {
    let text = "\
# T
- [ ] goal
## Phase 1: A (Wave 1)  \r
- [ ] a\r
  * [x] b
#### Stage 1: S
1. [ ] c
```
- [ ] code
```
## Phase 2: B
- [ ] d";
    let expected = "\
# T
- [ ] goal
## Phase 1: A (Wave 1) [COMPLETE]  \r
- [x] a\r
  * [x] b
#### Stage 1: S
1. [x] c
```
- [ ] code
```
## Phase 2: B
- [ ] d";
    check(text, 1, expected);
    assert_eq!(tick(text, PhaseNumber(3)), None);
}

#[test]
fn the_mark_is_put_where_it_is_lacking() {
    check("## Phase 1: A\n- [ ] a", 1, "## Phase 1: A [COMPLETE]\n- [x] a");
    check("## Phase 1: A [COMPLETED]\n- [ ] a", 1, "## Phase 1: A [COMPLETED]\n- [x] a");
    check("### ✅ Phase 1: A\n- [ ] a", 1, "### ✅ Phase 1: A\n- [x] a");
    check("## Phase 1: A ##\n- [ ] a", 1, "## Phase 1: A [COMPLETE] ##\n- [x] a");
    check("Phase 1: A\n---\n- [ ] a", 1, "Phase 1: A [COMPLETE]\n---\n- [x] a");
    check("## **Phase 1: A**\n- [ ] a", 1, "## **Phase 1: A** [COMPLETE]\n- [x] a");
    check("## Phase 1\n- [\t] a", 1, "## Phase 1 [COMPLETE]\n- [x] a");
}

#[test]
fn a_ticked_phase_is_done() {
    let text = tick("## Phase 1: A\n- [ ] a\n- [ ] b\n", PhaseNumber(1)).expect("the phase is there");
    let plan = parse(&[Source::new("plan.md", text)]).plan;
    assert!(plan.phases[0].done() && plan.phases[0].marked_complete && plan.phases[0].tasks_done() == 2);
}

#[test]
fn a_phase_is_ticked_in_all_its_files() {
    let sources = [
        Source::new("README.md", "# T\n## Phase 1: A\nsee a.md\n## Phase 2: B\n- [ ] b\n"),
        Source::new("a.md", "# About a\n- [ ] a\n"),
    ];
    let changed = tick_all(&sources, PhaseNumber(1)).expect("the phase is there");
    let expected = [
        Source::new("README.md", "# T\n## Phase 1: A [COMPLETE]\nsee a.md\n## Phase 2: B\n- [ ] b\n"),
        Source::new("a.md", "# About a\n- [x] a\n"),
    ];
    assert_eq!(changed, expected);
    assert_eq!(content_hash(&changed), content_hash(&sources));
    assert_eq!(tick_all(&changed, PhaseNumber(1)), Some(vec![]));
    assert_eq!(tick_all(&sources, PhaseNumber(9)), None);
}

#[test]
fn the_hash_sees_everything_but_marks() {
    let hash = |path: &str, text: &str| content_hash(&[Source::new(path, text)]);
    let text = "## Phase 1: A\n- [ ] a\n";
    assert_eq!(hash("plan.md", text), hash("plan.md", "## Phase 1: A ✓\n- [X] a\n"));
    let metadata = "## Metadata\n\n- **Date**: today\n\n";
    let linked = format!("{metadata}- **Summary**: [s](s.md) <!-- coordinate:link -->\n{text}");
    assert_eq!(hash("plan.md", &format!("{metadata}{text}")), hash("plan.md", &linked));
    for (path, other) in [
        ("plan.md", "- **Summary**: [s](s.md)\n## Phase 1: A\n- [ ] a\n"),
        ("plan.md", "## Phase 1: A\n- [ ] b\n"),
        ("plan.md", "## Phase 1: A\n- [ ] a"),
        ("plan.md", "## Phase 2: A\n- [ ] a\n"),
        ("other.md", text),
    ] {
        assert_ne!(hash("plan.md", text), hash(path, other), "{path} {other}");
    }
    let (a, b) = (Source::new("a", "x"), Source::new("b", "y"));
    assert_eq!(content_hash(&[a.clone(), b.clone()]), content_hash(&[b.clone(), a.clone()]));
    assert_ne!(content_hash(&[a, b]), content_hash(&[Source::new("a", "xby")]));
    assert_eq!(content_hash(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
