//! The live display of a run, as lines: what a terminal shows and draws again with every event.

use crate::budget;
use crate::estimate;
use crate::limits;
use crate::line::name;
use crate::metrics::NOT_TOLD;
use crate::spend;
use crate::text::span;
use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::Graph;
use coordinate_model::run::{PhaseRun, Run, Step};
use coordinate_model::time::UtcMillis;

/// Where, when and how the run is shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The time.
    pub now: UtcMillis,
    /// What is left, in milliseconds; `None` without a history.
    pub left: Option<u64>,
    /// Columns of the terminal.
    pub width: usize,
    /// Its rows.
    pub height: usize,
    /// Whether colours are shown.
    pub colour: bool,
}

/// Cells of a wave's bar.
const BAR: usize = 20;

/// The smallest window that it fits in: columns and rows.
pub const SMALLEST: (usize, usize) = (40, 10);

/// The lines, each at most as wide as the window, and fewer than it has rows.
#[must_use]
pub fn lines(run: &Run, view: View) -> Vec<String> {
    let room = view.height.saturating_sub(2 + usize::from(run.parked_until().is_some()));
    let mut lines = vec![head(run, view), states(run, view)];
    let waves = waves(run);
    let tasks: Vec<String> = run.live().map(|step| task(run, step, view.now)).collect();
    // What is going on now matters most; of the waves those that are not done.
    let for_waves = room.saturating_sub(lines.len() + 1 + tasks.len().min(room / 2)).max(1);
    lines.extend(shortened(waves, for_waves));
    lines.extend(shortened(tasks, room.saturating_sub(lines.len() + 1).max(1)));
    lines.extend(limits::parked(run).map(|text| plain(&format!("  waits {text}"))));
    lines.push(foot(run));
    lines.iter().map(|line| clipped(line, view.width.saturating_sub(1))).collect()
}

fn head(run: &Run, view: View) -> String {
    let passed = span(view.now.since(run.started));
    let text = format!("{} {}: {passed}, {}", run.created.definition.name, run.id(), estimate::words(view.left));
    coloured(&text, "1", view.colour)
}

fn states(run: &Run, view: View) -> String {
    let mut shown = Vec::new();
    let way = crate::diagram::way(run);
    // A round of debugging is off the way, and shown where the run is.
    let off = (!way.contains(&run.state)).then_some(&run.state);
    for state in way.iter().chain(off) {
        shown.push(if *state == run.state {
            coloured(&format!("▶ {state}"), "1;33", view.colour)
        } else if run.completed.contains(state) {
            coloured(&format!("✓ {state}"), "32", view.colour)
        } else {
            format!("· {state}")
        });
    }
    shown.join("  ")
}

/// A bar for each wave of the plan.
fn waves(run: &Run) -> Vec<String> {
    let Some(graph) = run.plan().and_then(|plan| Graph::new(plan).ok()) else { return Vec::new() };
    let merged = |number: &PhaseNumber| run.phases.get(number).is_some_and(PhaseRun::is_done);
    let bar = |(at, wave): (usize, Vec<PhaseNumber>)| {
        let done = wave.iter().filter(|number| merged(number)).count();
        let full = done.saturating_mul(BAR).checked_div(wave.len()).unwrap_or(0);
        let numbers: Vec<String> = wave.iter().map(ToString::to_string).collect();
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR.saturating_sub(full)));
        format!("wave {:<2} {bar} {done}/{}  phases {}", at + 1, wave.len(), numbers.join(", "))
    };
    graph.waves().into_iter().enumerate().map(bar).collect()
}

fn task(run: &Run, step: &Step, now: UtcMillis) -> String {
    let attempt = step.attempt();
    let since = attempt.map_or_else(String::new, |attempt| format!(", {}", span(now.since(attempt.leased))));
    let doing =
        attempt.and_then(|attempt| attempt.doing.as_ref()).map_or_else(String::new, |doing| format!(": {doing}"));
    plain(&format!("  {} ({}{since}){doing}", name(run, step), step.kind.name()))
}

/// Without control characters: an agent's words must not move the cursor.
fn plain(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).collect()
}

fn foot(run: &Run) -> String {
    let tests = run.newest_verdict().map_or_else(
        || "no tests yet".to_owned(),
        |verdict| {
            let before = if verdict.before.is_some() { ", as judged before" } else { "" };
            format!("`{}` {}{before}", verdict.command, if verdict.passed { "passes" } else { "fails" })
        },
    );
    let tests = plain(&tests);
    let spend = spend::line(spend::of(run, &[])).unwrap_or_else(|| NOT_TOLD.to_owned());
    let limits = budget::short(run).map_or_else(String::new, |limits| format!("   budget: {limits}"));
    format!("tests: {tests}   spend: {spend}{limits}")
}

/// At most so many lines; the last then says how many more there are.
fn shortened(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() <= most {
        return lines;
    }
    let hidden = lines.len() - most + 1;
    lines.truncate(most.saturating_sub(1));
    lines.push(format!("  … and {hidden} more"));
    lines
}

fn coloured(text: &str, code: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Cut to a width, escape sequences not counted, control characters of an agent's words left out.
fn clipped(line: &str, width: usize) -> String {
    let mut text = String::new();
    let mut cells = 0;
    let mut escaped = false;
    for one in line.chars() {
        if escaped || one == '\u{1b}' {
            escaped = one != 'm';
            text.push(one);
        } else if cells < width && !one.is_control() {
            cells += 1;
            text.push(one);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_by_what_is_seen_of_it() {
        assert_eq!(clipped("\u{1b}[1mabcdef\u{1b}[0mgh", 4), "\u{1b}[1mabcd\u{1b}[0m");
        assert_eq!(clipped("a\tb\nc", 10), "abc");
    }

    #[test]
    fn a_long_list_says_how_many_more_there_are() {
        let lines = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
        assert_eq!(shortened(lines(3), 3), ["0", "1", "2"]);
        assert_eq!(shortened(lines(5), 3), ["0", "1", "  … and 3 more"]);
    }
}
