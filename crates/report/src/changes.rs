//! How the plan of a run was changed: what called for it, what came of it.

use coordinate_model::replan::{Replan, ReplanState};
use coordinate_model::run::Run;
use std::fmt::Write;

/// One change in a line.
#[must_use]
pub fn line(replan: &Replan) -> String {
    let Replan { phase, number, kind, trigger, reason, .. } = replan;
    let reason = reason.lines().next().unwrap_or_default();
    format!("{kind} phase {phase} #{number}, {} ({}): {reason}", state(replan.state), trigger.name())
}

fn state(state: ReplanState) -> &'static str {
    match state {
        ReplanState::Pending => "open",
        ReplanState::Adopted => "adopted",
        ReplanState::Dropped => "dropped",
    }
}

/// All changes with their differences.
#[must_use]
pub fn text(run: &Run) -> String {
    let mut text = String::new();
    if let Some(adopted) = run.adopted.as_ref().filter(|adopted| !adopted.diff.is_empty()) {
        let _ = writeln!(text, "revision\n{}", adopted.diff);
    }
    for replan in &run.replans {
        let diff = replan.proposal.as_ref().map_or("", |proposal| proposal.diff.as_str());
        let _ = writeln!(text, "{}\n{diff}", line(replan));
    }
    if text.is_empty() { "the plan was not changed".to_owned() } else { text }
}
