//! What the program can do, each feature with the page that says how and the tests that prove it.
//!
//! A test says which rows it shows by a line of its doc comment, `/// Shows S8, S16.`. The table is made from these
//! lines, so it can neither name a test that is gone nor keep a feature that nothing shows.

mod markers;

use crate::shell::TaskError;
use crate::workspace::Workspace;
pub(crate) use markers::{Marker, markers};
use std::fmt::Write;

/// One feature.
#[derive(Debug)]
pub(crate) struct Row {
    /// Under this name tests refer to it.
    pub(crate) id: &'static str,
    /// What it is, in a line.
    pub(crate) feature: &'static str,
    /// Its page, below `docs/`.
    pub(crate) page: &'static str,
    /// How to see it; empty where only tests show it.
    pub(crate) see: &'static str,
}

const fn row(id: &'static str, feature: &'static str, page: &'static str, see: &'static str) -> Row {
    Row { id, feature, page, see }
}

/// Every feature. Add a row, and a test that shows it.
pub(crate) const ROWS: &[Row] = &[
    row(
        "S1",
        "states as data: eight of them, validated transitions in two events, an end for each scope",
        "workflows.md",
        "`coordinate show --diagram`",
    ),
    row(
        "S2",
        "five scopes, decided by what is asked for, with the reasons; a classifier may be asked first",
        "scope.md",
        "`coordinate scope TEXT --explain`",
    ),
    row(
        "S3",
        "topics: numbers that are never given twice, names from the request, folders made when first written to",
        "scope.md",
        "`coordinate topic name TEXT`",
    ),
    row("S4", "all paths of a request before anything runs", "requests.md", "`coordinate paths TEXT --shell`"),
    row(
        "S5",
        "state for shell blocks that share nothing: any value survives, none is executed, workflows do not mix",
        "shell-state.md",
        "`coordinate state`",
    ),
    row(
        "S6",
        "checkpoints: export, import of the formats 1.0 to 2.1, a seal that shows edits",
        "checkpoints.md",
        "`coordinate checkpoint export`",
    ),
    row(
        "S7",
        "going on after any kill, by itself only if five conditions hold, which are shown",
        "checkpoints.md",
        "`coordinate resume`",
    ),
    row(
        "S8",
        "plans: four notations of dependencies, one file or many, exact errors, a tick and a commit for each phase",
        "plans.md",
        "`coordinate plan check PLAN.md`",
    ),
    row(
        "S9",
        "phases in parallel, by readiness and critical path; the saving is measured",
        "plans.md",
        "`coordinate plan waves PLAN.md`",
    ),
    row(
        "S10",
        "22 roles with contracts and completion lines, standards of the project, a check for roles",
        "roles.md",
        "`coordinate roles check`",
    ),
    row(
        "S11",
        "supervision from four topics on: sub-runs, which hand up what reports are about and no more",
        "supervision.md",
        "`coordinate run --complexity 6 TEXT`",
    ),
    row(
        "S12",
        "every artifact is verified: one sign for success, everything that is known for a failure",
        "verification.md",
        "`coordinate verify report FILE`",
    ),
    row("S13", "context economy, counted in tokens", "context.md", "`coordinate show --context`"),
    row(
        "S14",
        "classes of failures, each with its handling; places and suggestions; retries with jitter",
        "errors.md",
        "`coordinate why`",
    ),
    row(
        "S15",
        "the plan changes while it is carried out: what calls for it, five kinds, limits, history",
        "replanning.md",
        "`coordinate show --changes`",
    ),
    row(
        "S16",
        "test, debug, test again: failing tests in groups, one analyst each, at most three rounds",
        "debugging.md",
        "`coordinate run PLAN.md`",
    ),
    row(
        "S17",
        "the end of a run: summary, links between all that it left, the plan's ticks, an archive for finished topics",
        "topics.md",
        "`coordinate topic archive TOPIC`",
    ),
    row(
        "S18",
        "eight workflows, among them one with a pull request and a strict one; own ones as files",
        "workflows.md",
        "`coordinate workflows`",
    ),
    row(
        "S19",
        "an existing plan is revised in place, after research; the old text is kept, what changed is shown",
        "requests.md",
        "`coordinate run \"revise PLAN to …\"`",
    ),
    row(
        "S20",
        "log with rotation, figures, progress lines, a live display that falls back by itself",
        "logs.md",
        "`coordinate metrics`",
    ),
    row(
        "S21",
        "layers of configuration, the origin of each value, folders by XDG",
        "configuration.md",
        "`coordinate config --show-origin`",
    ),
    row(
        "S22",
        "one journal of events, every operation repeatable, a run as it was at an event or a moment",
        "state.md",
        "`coordinate show --at EVENT`, `--as-of TIME`",
    ),
    row(
        "S23",
        "one driver for each run: a second is refused, a dead one replaced, `unlock` fences a living one",
        "runs.md",
        "`coordinate unlock`",
    ),
    row(
        "S24",
        "cleaning by age, with a way back; never what is open, never work that is kept nowhere else",
        "checkpoints.md",
        "`coordinate clean --dry-run`",
    ),
    row(
        "S26",
        "a register of artifacts; batches of files, all or nothing; import of older state",
        "state.md",
        "`coordinate artifacts`",
    ),
    row(
        "P1",
        "clients: Claude Code, Codex, Gemini CLI, opencode, any that speaks ACP, any command, the built-in offline agent",
        "agents.md",
        "`coordinate agents`",
    ),
    row(
        "P13",
        "control of a run at work: pause, cancel, steer; a step tried again at once, or left out",
        "runs.md",
        "`coordinate retry STEP`, `coordinate skip STEP`",
    ),
    row(
        "N1",
        "a proof of every kill: at each write, rename, start, ref update and message of small runs; the same end, no step twice",
        "proof.md",
        "`cargo xtask crash-sweep`",
    ),
    row(
        "N2",
        "uncommitted work can not be lost: trees are kept by the clock, after tool calls and before every kill, moment by moment",
        "snapshots.md",
        "`coordinate restore --list`, `coordinate diff RUN`",
    ),
    row(
        "N3",
        "a merge queue: plan order, merge, tests, bisection of a batch, a conflict agent, in a gate where wanted; base moves",
        "merging.md",
        "`coordinate run PLAN -c merge.repair=gate`, `--merge=pr`",
    ),
    row(
        "N4",
        "conflicts forecast from what phases declare and from the history; overlaps of trees at work seen, the later one makes way",
        "forecast.md",
        "`coordinate plan forecast PLAN`",
    ),
    row(
        "N5",
        "quota as a clock: a limit of use parks what it holds back, burns no try, wakes with jitter; fallback, quiet hours, off switch",
        "quota.md",
        "`coordinate run --no-wait`, `coordinate why`",
    ),
    row(
        "P3",
        "gates and questions: yes or no with a comment, timeouts, closed when nobody answers",
        "permissions.md",
        "`coordinate reject ID --comment TEXT`",
    ),
    row(
        "P4",
        "budgets of tokens, money, time and attempts: of a run, a role, a day; told, or kept; exit code 4",
        "budgets.md",
        "`coordinate budget`",
    ),
    row(
        "P6",
        "structured output: a role's JSON Schema, checked here",
        "roles.md",
        "`coordinate verify file --role NAME FILE`",
    ),
    row(
        "N6",
        "an estimate from the project's own runs, reservations, a ledger that resuming does not reset, a time of grace",
        "budgets.md",
        "`coordinate run --estimate`",
    ),
    row(
        "N7",
        "one inbox for gates and for what agents ask leave for, with evidence; rules that deny first, and that learn",
        "permissions.md",
        "`coordinate inbox`",
    ),
    row(
        "P5",
        "time travel: a run as it was, shown once more, forked at any event with its code, or rewound",
        "time.md",
        "`coordinate fork RUN --at EVENT`",
    ),
    row(
        "N8",
        "recordings: a run is carried out once more without a client, event by event; one answer changed, the branch is seen",
        "time.md",
        "`coordinate replay RUN --execute --with answer:GATE=rejected`",
    ),
    row(
        "N9",
        "verdicts by command, environment and tree, reused for no other tree; a verifier that sees requirement and tree alone",
        "verification.md",
        "`coordinate run PLAN --blind-verify`",
    ),
    row(
        "N10",
        "liveness by work: leases and fencing, agents that outlive their driver, nothing left over, and `why` in one line",
        "runs.md",
        "`coordinate why`",
    ),
];

const HEAD: &str = "\
# Features

Made by `cargo xtask generate` from the lines `/// Shows …` of the tests; `cargo xtask tidy` compares, and fails where a
feature has no test. To run one: `cargo nextest run -E 'test(NAME)'`.

| id | feature | page | see it | shown by |
|---|---|---|---|---|
";

/// The whole page.
pub(crate) fn page(workspace: &Workspace) -> Result<String, TaskError> {
    let sources = workspace.sources()?;
    let found: Vec<Marker> = sources.iter().flat_map(markers).collect();
    Ok(table(ROWS, &found))
}

fn table(rows: &[Row], markers: &[Marker]) -> String {
    let mut text = String::from(HEAD);
    for row in rows {
        let tests: Vec<String> = markers.iter().filter(|marker| marker.shows(row.id)).map(linked).collect();
        let Row { id, feature, page, see } = row;
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "| {id} | {feature} | [{page}]({page}) | {see} | {} |", tests.join("<br>"));
    }
    text
}

/// A test by its name, leading to its file.
fn linked(marker: &Marker) -> String {
    format!("[`{}`](../{})", marker.test, marker.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_an_id_of_its_own_and_says_something() {
        let mut ids: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ROWS.len());
        assert!(ROWS.iter().all(|row| row.feature.len() > 20 && !row.feature.contains('|') && !row.see.contains('|')));
    }

    #[test]
    fn a_row_names_its_tests() {
        let marker = |test: &str, ids: &[&str]| Marker {
            path: "crates/a/tests/b.rs".into(),
            line: 1,
            test: test.into(),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        };
        let rows = [row("S1", "one", "a.md", "`x`"), row("S2", "two", "b.md", "")];
        let text = table(&rows, &[marker("a::b m::f", &["S1"]), marker("a::b m::g", &["S2", "S1"])]);
        let f = "[`a::b m::f`](../crates/a/tests/b.rs)";
        let g = "[`a::b m::g`](../crates/a/tests/b.rs)";
        let expected =
            format!("| S1 | one | [a.md](a.md) | `x` | {f}<br>{g} |\n| S2 | two | [b.md](b.md) |  | {g} |\n");
        assert_eq!(text.strip_prefix(HEAD), Some(expected.as_str()));
    }
}
