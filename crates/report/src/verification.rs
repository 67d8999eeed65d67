//! What came out of a verification: a glyph for what is good, the whole story of what is not.

use coordinate_model::verify::{Verdict, folder_line, line_of};
use serde_json::{Value, json};
use std::fmt::Write;

/// The verdicts as text: `✓` for each good one, and no more unless `verbose`; all that is known of each other one.
#[must_use]
pub fn text(verdicts: &[Verdict], verbose: bool) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        match (verdict.ok(), verbose) {
            (true, false) => text.push_str("✓\n"),
            (true, true) => {
                let size = verdict.bytes.map_or_else(String::new, |bytes| format!(" ({bytes} bytes)"));
                let _ = writeln!(text, "✓ {} `{}`{size}", verdict.check, verdict.name);
            }
            (false, _) => refused(verdict, &mut text),
        }
    }
    let failed = verdicts.iter().filter(|verdict| !verdict.ok()).count();
    if failed > 0 && verdicts.len() > 1 {
        let _ = writeln!(text, "{failed} of {} failed", verdicts.len());
    }
    text
}

fn refused(verdict: &Verdict, text: &mut String) {
    let _ = writeln!(text, "✗ {} `{}`", verdict.check, verdict.name);
    for problem in &verdict.problems {
        let _ = writeln!(text, "  {}", line_of(problem));
        let _ = writeln!(text, "    expected: {}", problem.expected);
        let _ = writeln!(text, "    found:    {}", problem.found);
    }
    if let Some(folder) = &verdict.folder {
        let _ = writeln!(text, "  {}", folder_line(folder));
    }
    for (title, lines) in [("likely causes:", &verdict.causes), ("to repair:", &verdict.repairs)] {
        if !lines.is_empty() {
            let _ = writeln!(text, "  {title}");
        }
        for line in lines {
            let _ = writeln!(text, "    {line}");
        }
    }
}

/// The verdicts as one object.
#[must_use]
pub fn json(verdicts: &[Verdict]) -> Value {
    let checked: Vec<Value> = verdicts
        .iter()
        .map(|verdict| {
            json!({
                "name": verdict.name,
                "check": verdict.check,
                "ok": verdict.ok(),
                "bytes": verdict.bytes,
                "problems": verdict.problems,
                "folder": verdict.folder,
                "causes": verdict.causes,
                "repairs": verdict.repairs,
            })
        })
        .collect();
    json!({ "ok": verdicts.iter().all(Verdict::ok), "checked": checked })
}
