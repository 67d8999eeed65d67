//! What a person wants to know when a run has ended: what was made, how it was verified, what it took, what is next.

use crate::budget;
use crate::line;
use crate::spend;
use crate::text::span;
use coordinate_model::definition::Scope;
use coordinate_model::event::Outcome;
use coordinate_model::price::Prices;
use coordinate_model::run::Run;

/// The lines at the end of a run, each a name and a text. What the runs below it used is its spend too.
#[must_use]
pub fn lines(run: &Run, below: &[Run], prices: &Prices) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: String| lines.push((name.to_owned(), text));
    let merged = run.phases.values().filter(|phase| phase.merged).count();
    if run.phases.values().any(|phase| phase.merged || !phase.steps.is_empty()) {
        let skipped = run.phases.values().filter(|phase| phase.skipped).count();
        let left_out = if skipped == 0 { String::new() } else { format!(", {skipped} left out") };
        line("phases", format!("{merged} of {} merged{left_out}", run.phases.len()));
    }
    if let Some(verdict) = run.newest_verdict() {
        let result = if verdict.passed { "passes" } else { "fails" };
        line("tests", format!("`{}` {result}", verdict.command));
    }
    if let Some(sentence) = line::delivery(run) {
        line("result", sentence);
    }
    for artifact in &run.artifacts {
        line(&artifact.kind, artifact.path.clone());
    }
    if run.outcome == Some(Outcome::Succeeded) && !run.artifacts.is_empty() {
        line("checked", verified(run).to_owned());
    }
    line("time", span(run.updated.since(run.started)));
    let used = spend::of(run, below);
    if let Some(usage) = &used {
        line("tokens", spend::tokens(usage));
    }
    let cost = spend::paid(run, below, prices).map(spend::Money::words);
    line("cost", cost.unwrap_or_else(|| "n/a (the agent tells none)".to_owned()));
    for text in budget::text(run) {
        line("budget", text);
    }
    for warning in &run.warnings {
        line("note", warning.clone());
    }
    for kept in &run.kept {
        line("kept", kept.clone());
    }
    if let Some(next) = line::next(run) {
        line("next", next);
    }
    lines
}

/// How what a run of its scope leaves was verified.
fn verified(run: &Run) -> &'static str {
    match run.scope() {
        Scope::ResearchOnly => "each report by its contract: sections, metadata, links",
        Scope::ResearchAndPlan => "reports by their contract, the plan by reading it: phases, tasks, dependencies",
        Scope::ResearchAndRevise => "the plan by reading it, and that it was changed",
        Scope::FullImplementation => "each phase by its files, its checks and the tests on the merged tree",
        Scope::DebugOnly if run.created.fix => "the report by its contract, the fix by the tests on the merged tree",
        Scope::DebugOnly => "the report by its contract: evidence, cause, next steps",
    }
}
