//! Whatever stands in a request, a file or an output, nothing panics, and a plan that is made is sound.

use super::debug::output::Output;
use super::order::Wanted;
use super::plan::plan;
use super::survey::{Terms, look, measure, rank};
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::plan::{Source, parse};
use proptest::prelude::*;

/// Texts of what requests, programs and lists are made of, and of anything else.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,12}",
        "(1|2|3|9)[.)] ?",
        "[-*] |\n|\n\n|  |```sh\n|```\n|: |\\. |, ",
        "(first|then|finally|after|in parallel with|depends on|phase) ",
        "(fn |def |class |func \\(|// TODO |\"\"\"|'''|#\\[cfg\\(test\\)\\]\nmod )",
        "(a\\.rs:3:|File \"x\", line 2|test x \\.\\.\\. FAILED|\u{1b}\\[31m)",
        "(Token|token_store|größe|Ünlock|src/a\\.rs) ",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn wanted(request: &str) -> Wanted {
    Wanted {
        kind: ArtifactKind::Plan,
        tree: "/tree".into(),
        path: "/tree/specs/001_x/plans/001_x.md".into(),
        request: request.to_owned(),
        subject: String::new(),
        date: "2026-01-02".to_owned(),
        inputs: vec!["/tree/specs/001_x/reports/001_x.md".into()],
        test_command: None,
    }
}

proptest! {
    #[test]
    fn any_request_and_any_file_are_surveyed(subject in text(), request in text(), file in text()) {
        let terms = Terms::of(&subject, &request);
        for path in ["src/a.rs", "a.py", "a.go", "a.ts", "a.c", "A.java", "a.rb", "a.sh", "token/mod.rs", ""] {
            let (ranked, worth) = rank(&[measure(path, &file, &terms)], &terms);
            prop_assert!(ranked.iter().all(|file| file.score.is_finite()));
            let closer = look(path, &file, &terms, &worth);
            prop_assert!(closer.excerpts.iter().all(|part| part.from <= part.line));
        }
    }

    #[test]
    fn any_request_gives_a_sound_plan_or_none(request in text()) {
        if let Ok(text) = plan(&wanted(&request)) {
            prop_assert!(!parse(&[Source::new("plan.md", text.as_str())]).has_errors());
        }
    }

    #[test]
    fn any_output_is_read(lines in proptest::collection::vec(text(), 0..8)) {
        let mut output = Output::default();
        lines.iter().for_each(|line| output.line(line));
        prop_assert_eq!(output.lines(), lines.len());
    }
}
