//! Contracts, as texts and what they lack.

use super::*;
use proptest::prelude::*;

const REPORT: &str = "# Login

## Metadata
- **Date**: 2026-11-21
- **Agent**: research-specialist
- **Topic**: login
- **Report Type**: codebase analysis
- **Complexity**: 3

## Executive Summary
It works.

## Findings
### Sessions
They expire. `{{name}}` is a template's mark.

## Recommendations
1. Keep it.

## References
- `src/login.rs:12`
";

/// The faults of a text as `line: message (found)`.
fn faults(kind: ArtifactKind, text: &str) -> Vec<String> {
    let shown = |problem: &Problem| {
        let line = problem.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
        format!("{line}: {} ({})", problem.message, problem.found)
    };
    check(kind, "x.md", text).iter().map(shown).collect()
}

#[track_caller]
fn report(change: impl Fn(&str) -> String, expected: &[&str]) {
    assert_eq!(faults(ArtifactKind::Report, &change(REPORT)), expected);
}

#[test]
fn a_report_that_keeps_its_contract() {
    report(str::to_owned, &[]);
    report(|text| text.replace("\n## ", "\n#### 2.1) ").replace("### S", "##### S").replace("# Login", "Login"), &[]);
    report(|text| text.replace("## Findings", "## FINDINGS:"), &[]);
    report(|text| text.replace("## Executive Summary", "## **Executive Summary**"), &[]);
    report(|text| text.replace('\n', "\r\n"), &[]);
    report(|text| format!("---\nname: x\n---\n{text}"), &[]);
}

#[test]
fn metadata_may_be_front_matter() {
    let front = "---\ndate: 2026-11-21\nagent: a\ntopic: t\nreport_type: r\ncomplexity: 3\n---\n";
    let body = REPORT.split("## Executive").nth(1).unwrap_or_default();
    assert_eq!(faults(ArtifactKind::Report, &format!("{front}# T\n## Executive{body}")), [""; 0]);
    let less = front.replace("topic: t\n", "").replace("agent: a", "agent: \"\"");
    assert_eq!(
        faults(ArtifactKind::Report, &format!("{less}# T\n## Executive{body}")),
        ["1: the metadata's `Agent` has no value (nothing)", "1: the metadata lack `Topic` (no such line)"]
    );
}

#[test]
fn what_a_report_lacks_is_named_with_its_line() {
    let headings = "`Login`, `Metadata`, `Executive Summary`, `Sessions`, `Recommendations`, `References`";
    report(|text| text.replace("## Findings\n", ""), &[&format!("-: the section `Findings` is missing ({headings})")]);
    report(|text| text.replace("1. Keep it.\n", ""), &["17: the section `Recommendations` is empty (none)"]);
    report(|text| text.replace("1. Keep it.", "*TBD*"), &["17: the section `Recommendations` is empty (none)"]);
    report(|text| text.replace("1. Keep it.", "<!-- here -->"), &["17: the section `Recommendations` is empty (none)"]);
    report(|text| text.replace("- **Topic**: login\n", ""), &["3: the metadata lack `Topic` (no such line)"]);
    report(|text| text.replace(": login", ": [topic]"), &["3: the metadata's `Topic` has no value (`[topic]`)"]);
    report(
        |text| text.replace("They", "{{body}} They"),
        &["15: a placeholder was left in the text (`{{body}} They expire. `{{name}}` is a template's mark.`)"]
            .map(|line| line.replace("`{{name}}`", "          "))
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    report(
        |text| text.replace("It works.", "TODO: fill this in"),
        &["11: a placeholder was left in the text (`TODO: fill this in`)"],
    );
    report(
        |text| format!("---\ndate: x\n{text}"),
        &["1: the front matter is not closed (none up to the end of the file)"],
    );
    report(|_| " \n\u{feff}".to_owned(), &["-: the file is empty (no text)"]);
    assert_eq!(faults(ArtifactKind::Report, "nothing of it").len(), 5);
}

#[test]
fn an_empty_section_before_a_deeper_one_is_empty() {
    report(
        |text| text.replace("1. Keep it.\n\n## References", "### References"),
        &["17: the section `Recommendations` is empty (none)"],
    );
}

#[test]
fn code_is_no_heading() {
    let expected = "-: the section `References` is missing";
    let faults = faults(ArtifactKind::Report, &REPORT.replace("## References", "```\n## References\n```"));
    assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:?}");
}

#[test]
fn an_overview_links_to_its_reports() {
    let text = "# O\n## Metadata\n- Date: 1\n- Agent: a\n- Topic: t\n## Executive Summary\nx\n## Reports\n- [a](001_a.md)\n\
                ## Findings\nx\n## Recommendations\nx\n";
    assert_eq!(faults(ArtifactKind::Overview, text), [""; 0]);
    assert_eq!(
        faults(ArtifactKind::Overview, &text.replace("[a](001_a.md)", "`001_a.md`")),
        ["8: the section `Reports` links to nothing (no link to a file)"]
    );
}

#[test]
fn a_debug_report_may_have_more_sections() {
    let text = "# D\n## Metadata\n- Date: 1\n- Agent: a\n## Summary\nx\n## Timeline\nx\n## Evidence\n```\nx\n```\n\
                ## Root cause\nx\n## Next steps\n- x\n";
    assert_eq!(faults(ArtifactKind::Debug, text), [""; 0]);
    assert_eq!(faults(ArtifactKind::Debug, &text.replace("Root cause", "Reason")).len(), 1);
}

#[test]
fn a_plan_must_be_one_that_can_be_run() {
    let good = "# P\n### Phase 1: A\n- [ ] a\n### Phase 2: B\nDependencies: [1]\n- [ ] b\n";
    assert_eq!(faults(ArtifactKind::Plan, good), [""; 0]);
    let circle = good.replace("A\n", "A\nDependencies: [2]\n");
    let found = check(ArtifactKind::Plan, "x.md", &circle);
    assert!(found.iter().any(|problem| problem.message.contains("1 → 2 → 1")), "{found:?}");
    assert!(found.iter().all(|problem| problem.kind == FailureKind::PlanInvalid && problem.line.is_some()));
    assert_eq!(check(ArtifactKind::Plan, "x.md", "# P\nwords\n").len(), 1);
}

#[test]
fn an_output_must_only_hold_something() {
    assert_eq!(faults(ArtifactKind::Output, "x"), [""; 0]);
    assert_eq!(faults(ArtifactKind::Output, "\n").len(), 1);
}

use crate::failure::FailureKind;

/// Of what texts are made that come near a contract.
const PIECES: &[&str] = &[
    "---\n",
    "# ",
    "## ",
    "Metadata\n",
    "- **Date**: x\n",
    "Findings",
    "\n",
    "```\n",
    "`",
    "{{",
    "}}",
    "[a](",
    ")",
    "<!--",
    "-->",
    "| a | b |\n|---|---|\n",
    "é",
    "\u{feff}",
    "\r\n",
    "    ",
    "> ",
    "1. ",
    "\0",
    "### Phase 1: A\n",
    "- [ ] a\n",
    "Setext\n===\n",
    "&amp;",
    "\\",
    "TODO: fill",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_a_check(picks in prop::collection::vec(0..PIECES.len(), 0..40), tail in any::<String>()) {
        let text: String = picks.iter().map(|pick| PIECES[*pick]).chain([tail.as_str()]).collect();
        let lines = u32::try_from(text.split('\n').count()).unwrap_or(u32::MAX);
        for kind in ArtifactKind::ALL {
            for problem in check(kind, "x.md", &text) {
                prop_assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)), "{problem:?} of {lines}");
                prop_assert!(!problem.message.is_empty() && !problem.expected.is_empty() && !problem.found.is_empty());
            }
        }
    }

    #[test]
    fn what_is_put_before_the_sections_changes_no_verdict(words in "[a-z ]{0,40}") {
        let text = REPORT.replace("# Login\n", &format!("# Login\n\n{words}\n"));
        prop_assert!(check(ArtifactKind::Report, "x.md", &text).is_empty());
    }
}
