use super::*;
use proptest::prelude::*;

/// As many tokens as words, and as signs outside ASCII.
fn count(text: &str) -> u64 {
    let words = text.split_whitespace().count() as u64;
    words + text.chars().filter(|c| !c.is_ascii()).count() as u64
}

#[track_caller]
fn of(text: &str) -> Metadata {
    Metadata::of(text, &count)
}

const REPORT: &str = "\
# Token *refresh* in `auth`

## Metadata

- **Date**: 2026-11-21
- **Agent**: x

## Executive Summary

The refresh in [`src/auth/token.rs`](../../src/auth/token.rs) races with **logout**.
It should hold the lock of `session.rs:41`.

## Findings

Both `src/auth/token.rs:12-30` and src/http/client.rs are involved; `self.token` is not a file, and neither is
https://example.org/a.html or and/or. See ./Makefile and `tests/auth/refresh_test.py`.

```rust
use not/a/file.rs;
```

## Recommendations

1. **Hold the lock** while refreshing.
   - detail that is not told
2. Write a test in `tests/auth/`.

   More about it.
3. [ ] Remove the retry.

## References

- `src/auth/token.rs`
";

#[test]
fn a_report_is_told_in_its_own_words() {
    let metadata = of(REPORT);
    assert_eq!(metadata.title, "Token refresh in auth");
    assert_eq!(
        metadata.summary,
        "The refresh in src/auth/token.rs races with logout. It should hold the lock of session.rs:41."
    );
    assert_eq!(
        metadata.paths,
        ["src/auth/token.rs", "session.rs", "src/http/client.rs", "Makefile", "tests/auth/refresh_test.py"]
    );
    assert_eq!(
        metadata.recommendations,
        ["Hold the lock while refreshing.", "Write a test in tests/auth/.", "Remove the retry."]
    );
    assert_eq!((metadata.tokens, metadata.carried), (count(REPORT), 18));
}

#[track_caller]
fn recommends(section: &str, expected: &[&str]) {
    let text = format!("# T\n\n## Summary\n\nS.\n\n{section}\n\n## References\n\n- `x.rs`\n");
    assert_eq!(of(&text).recommendations, expected, "{section}");
}

#[test]
fn sub_headings_are_recommendations_unless_they_only_group() {
    recommends(
        "## Recommendations\n\n### Recommendation 1: Use a lock\n\n**Priority**: high\n\n- why\n\n### 2. Test it\n\nText.\n",
        &["Use a lock", "Test it"],
    );
    recommends(
        "## 5. Recommendations\n\n### Immediate actions (this week)\n\n1. Use a lock\n2. Test it\n\n### Later\n\n* Remove it\n",
        &["Use a lock", "Test it", "Remove it"],
    );
    recommends(
        "## Recommendations\n\n### Cache the index\n\n- Priority: high\n- Effort: low\n\n### Keep one writer for each file\n\n- simpler\n",
        &["Cache the index", "Keep one writer for each file"],
    );
    recommends("## Recommendations\n\n### Recommendation 1\n\nUse a lock.\n", &["Use a lock."]);
}

#[test]
fn recommendations_stand_in_tables_and_paragraphs_and_under_other_names_too() {
    recommends(
        "## Next Steps\n\n| What | Why |\n|---|---|\n| lock | races |\n| test | none |\n",
        &["lock — races", "test — none"],
    );
    recommends("## RECOMMENDATION\n\nUse a lock.\n\nTest it.\n", &["Use a lock.", "Test it."]);
    recommends("## Recommendations\n\n1. a\n2. b\n3. c\n4. d\n5. e\n6. f\n", &["a", "b", "c", "d", "e"]);
    recommends("## Recommendations\n\n```sh\nrm x\n```\n", &[]);
    recommends("## Other\n\n- a\n", &[]);
}

#[test]
fn without_a_summary_the_first_prose_counts() {
    let text = "---\ntitle: From the front\n---\n\n## Metadata\n\nDate: today\n\n## Findings\n\nIt is *so*.\n";
    let metadata = of(text);
    assert_eq!((metadata.title.as_str(), metadata.summary.as_str()), ("Metadata", "It is so."));
    assert_eq!(of("---\ntitle: From the front\n---\n\nIt is so.\n").title, "From the front");
    assert_eq!(of("just a line\nand another\n").title, "just a line and another");
    assert_eq!(of("# T\n\n## Summary\n\n| a | b |\n|---|---|\n| 1 | 2 |\n").summary, "1 — 2");
    assert_eq!(of("").summary, "");
}

#[test]
fn line_ends_of_windows_make_no_difference() {
    let other = of(&REPORT.replace('\n', "\r\n"));
    let metadata = of(REPORT);
    assert_eq!(Metadata { tokens: metadata.tokens, ..other }, metadata);
}

#[test]
fn a_summary_is_fifty_words_and_in_scripts_without_spaces_a_hundred_signs() {
    let words: Vec<String> = (1..=80).map(|number| format!("w{number}")).collect();
    let summary = of(&format!("# T\n\n## Summary\n\n{}\n", words.join(" "))).summary;
    assert_eq!(summary.split(' ').count(), 50);
    assert!(summary.ends_with("w50…"), "{summary}");
    let metadata = of(&format!("# 題\n\n## Summary\n\n{}。\n", "言葉".repeat(300)));
    assert!(metadata.carried <= MOST_TOKENS && metadata.carried > 90, "{metadata:?}");
    assert_eq!(metadata.shorter(3).chars().count(), 7);
}

#[test]
fn one_word_without_an_end_is_cut_too() {
    let letters = |text: &str| text.chars().count() as u64;
    let metadata = Metadata::of(&format!("# {}\n\n## Summary\n\nShort.\n", "x".repeat(5000)), &letters);
    assert!(metadata.carried <= MOST_TOKENS && metadata.carried > 100, "{metadata:?}");
}

proptest! {
    #[test]
    fn any_text_has_metadata_within_the_limits(text in "(#{1,4} |[-*] |1\\. |```|\\| |\n|\r\n|[a-z]{1,9}[ ./]|[^a-z]{1,4}|Summary\n|Recommendations\n){0,60}") {
        let metadata = of(&text);
        prop_assert!(metadata.carried <= MOST_TOKENS);
        prop_assert!(metadata.paths.len() <= MOST_PATHS);
        prop_assert!(metadata.recommendations.len() <= MOST_RECOMMENDATIONS);
        prop_assert!(!metadata.title.contains('\n') && !metadata.summary.contains('\n'));
        prop_assert!(metadata.recommendations.iter().all(|line| !line.is_empty() && !line.contains('\n')));
        prop_assert_eq!(&of(&text), &metadata);
    }
}
