//! Whole outputs as snapshots: what differs from run to run is named by what it is.

use super::World;
use coordinate_testkit::Outcome;

/// What differs, and its name.
const FILTERS: [(&str, &str); 12] = [
    (r"run_[0-9a-z]{26}", "RUN"),
    (r"run_0[0-9a-z]{3}\b", "PREFIX"),
    (r"git version \S+", "GIT VERSION"),
    (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", "TIME"),
    (r"\d{4}-\d{2}-\d{2}", "DAY"),
    (r"\b[0-9a-f]{8}\b", "HASH"),
    (r"\b[0-9a-f]{64}\b", "SHA256"),
    (r"\b[0-9a-f]{40}\b", "COMMIT"),
    (r"\b[0-9a-f]{12}\b", "SHORT"),
    (r"\b\d+ min \d+ s\b|\b\d+(\.\d)? m?s\b", "SPAN"),
    (r"\(process \d+\)|process \d+", "PROCESS"),
    (r"\d+ % saved", "N % saved"),
];

/// Output, errors and exit code as one text.
pub(crate) fn whole(outcome: &Outcome) -> String {
    let code = outcome.code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
    let section = |name: &str, text: &str| {
        if text.is_empty() { String::new() } else { format!("--- {name}\n{}\n", text.trim_end_matches('\n')) }
    };
    format!("{}{}--- exit {code}\n", section("stdout", &outcome.stdout), section("stderr", &outcome.stderr))
}

/// Calls `check` with snapshots' settings: redactions, and a name for each path of this environment.
pub(crate) fn redacted(world: &World, check: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../snapshots");
    let folder = |path: &std::path::Path| path.display().to_string().replace('.', r"\.");
    settings.add_filter(&folder(&world.repo), "[repo]");
    settings.add_filter(&folder(world.env.root()), "[root]");
    settings.add_filter(r"@(\d+)/[0-9a-z]{16}\b", "@$1/[SECRET]");
    for (pattern, name) in FILTERS {
        settings.add_filter(pattern, format!("[{name}]"));
    }
    settings.bind(check);
}

/// Compares a whole output with its snapshot.
#[track_caller]
pub(crate) fn check(name: &str, world: &World, outcome: &Outcome) {
    redacted(world, || insta::assert_snapshot!(name, whole(outcome)));
}

/// Compares what a command prints with its snapshot.
#[track_caller]
pub(crate) fn shows(name: &str, world: &World, arguments: &[&str]) {
    check(name, world, &world.coordinate(arguments));
}
