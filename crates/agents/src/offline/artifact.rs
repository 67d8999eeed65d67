//! Carries out an order for an artifact: makes its text, writes it, and says so.

use super::order::Wanted;
use super::search::search;
use super::survey::Terms;
use super::write::write;
use super::{debug, overview, plan, report, tell};
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::event::Observation;
use std::io::Write;

/// The exit code when the artifact could not be written.
const NOT_WRITTEN: i32 = 1;

/// Leaves the artifact. Returns the exit code of the process.
pub(super) fn leave(wanted: &Wanted) -> i32 {
    let text = match text(wanted) {
        Ok(text) => text,
        Err(error) => return not_left(&error),
    };
    if let Err(error) = write(&wanted.tree, &wanted.path, &text) {
        return not_left(&error.to_string());
    }
    let line = format!("{}: {}", wanted.kind.completion(), wanted.path.display());
    tell(&Observation::Claim { line: line.clone() });
    let _ = writeln!(std::io::stdout(), "{line}");
    0
}

fn not_left(why: &str) -> i32 {
    let _ = writeln!(std::io::stderr(), "{why}");
    NOT_WRITTEN
}

fn text(wanted: &Wanted) -> Result<String, String> {
    match wanted.kind {
        ArtifactKind::Report => Ok(survey(wanted)),
        ArtifactKind::Overview => overview::overview(wanted),
        ArtifactKind::Debug => Ok(debug::report(wanted)),
        ArtifactKind::Plan => plan::plan(wanted).map_err(|refusal| refusal.to_string()),
        ArtifactKind::Summary | ArtifactKind::Output => Err(format!("the offline agent writes no {}", wanted.kind)),
    }
}

fn survey(wanted: &Wanted) -> String {
    let terms = Terms::of(&wanted.subject, &wanted.request);
    tell(&Observation::tool_started("survey", wanted.topic()));
    let found = search(&wanted.tree, &wanted.path, terms);
    tell(&Observation::Message {
        text: format!("searched {} files and {} commits", found.read.files, found.looked_at),
    });
    tell(&Observation::tool_ended("survey", true));
    report::report(wanted, &found)
}
