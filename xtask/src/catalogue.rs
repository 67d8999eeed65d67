//! Our crates: what each holds, which others it may know, which outside crates it must not know.
//!
//! This table is the architecture as far as a program can check it. To add an edge, change it here first and say why.

/// The rules for one crate.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The package's name.
    pub(crate) name: &'static str,
    /// What lies in it, in a line.
    pub(crate) holds: &'static str,
    /// Those of our crates that it may depend on. The test kit is not named: as a development dependency every crate
    /// may have it, and otherwise none.
    pub(crate) knows: &'static [&'static str],
    /// Outside crates that it must not depend on, except for tests.
    pub(crate) never: &'static [&'static str],
}

/// The test kit's package.
pub(crate) const TESTKIT: &str = "coordinate-testkit";

const MODEL: &str = "coordinate-model";
const ENGINE: &str = "coordinate-engine";
const STORE: &str = "coordinate-store";
const HOST: &str = "coordinate-host";
const AGENTS: &str = "coordinate-agents";
const REPORT: &str = "coordinate-report";
const TUI: &str = "coordinate-tui";
const SERVE: &str = "coordinate-serve";
const RESTATE: &str = "coordinate-restate";

/// All crates that there may be.
pub(crate) const CRATES: &[Entry] = &[
    Entry {
        name: MODEL,
        holds: "ids, definitions, plans, events, `Run`, `decide`, `apply`, `outstanding`, policies; all of it pure",
        knows: &[],
        never: &[
            "tokio",
            "async-std",
            "smol",
            "rusqlite",
            "rand",
            "getrandom",
            "fastrand",
            "clap",
            "chrono",
            "time",
            "tempfile",
            "rustix",
            "nix",
            "libc",
            "signal-hook",
            "git2",
            "gix",
            "ratatui",
            "indicatif",
            "axum",
            "hyper",
            "reqwest",
        ],
    },
    Entry {
        name: ENGINE,
        holds: "the ports (traits) and the dispatcher",
        knows: &[MODEL],
        never: &[
            "tokio",
            "rusqlite",
            "git2",
            "gix",
            "http",
            "hyper",
            "reqwest",
            "axum",
            "clap",
            "ratatui",
            "indicatif",
            "rand",
            "rustix",
            "nix",
            "libc",
            "tempfile",
        ],
    },
    Entry {
        name: STORE,
        holds: "the journal on SQLite and in memory, migrations, snapshots, shell state, leases",
        knows: &[MODEL, ENGINE],
        never: &["tokio", "clap", "ratatui", "indicatif", "axum", "git2", "gix"],
    },
    Entry {
        name: HOST,
        holds: "the operating system: shim, process trees, signals, files, locks, git worktrees and refs",
        knows: &[MODEL, ENGINE],
        never: &["rusqlite", "clap", "ratatui", "indicatif", "axum"],
    },
    Entry {
        name: AGENTS,
        holds: "adapters from a client's raw output to normalised agent events; probes",
        knows: &[MODEL, ENGINE, HOST],
        never: &["rusqlite", "clap", "ratatui", "indicatif", "axum"],
    },
    Entry {
        name: REPORT,
        holds: "`RunView` folded from events, and the reporters",
        knows: &[MODEL],
        never: &["tokio", "rusqlite", "ratatui", "axum", "clap", "rustix", "nix", "libc"],
    },
    Entry {
        name: TUI,
        holds: "the terminal dashboard",
        knows: &[MODEL, ENGINE, REPORT],
        never: &["rusqlite", "axum", "clap"],
    },
    Entry {
        name: SERVE,
        holds: "HTTP and SSE interface, web page, MCP server",
        knows: &[MODEL, ENGINE, REPORT],
        never: &["rusqlite", "ratatui", "clap"],
    },
    Entry {
        name: RESTATE,
        holds: "the same functions hosted on Restate",
        knows: &[MODEL, ENGINE],
        never: &["rusqlite", "ratatui", "indicatif", "clap"],
    },
    Entry {
        name: "coordinate-cli",
        holds: "the program `coordinate`: arguments, context, wiring, text, hints, exit codes",
        knows: &[MODEL, ENGINE, STORE, HOST, AGENTS, REPORT, TUI, SERVE, RESTATE],
        never: &[],
    },
    Entry {
        name: TESTKIT,
        holds: "for tests only: builders, scripted agent, fake model API, hermetic environment; nothing of it ships",
        knows: &[MODEL, ENGINE, STORE, HOST, AGENTS, REPORT],
        never: &[],
    },
    Entry {
        name: "coordinate-bench",
        holds: "workloads for `cargo xtask bench`; nothing of it ships",
        knows: &[MODEL, ENGINE, STORE, HOST, AGENTS],
        never: &[],
    },
    Entry { name: "xtask", holds: "the project's own tasks: tests, tidy, generated files", knows: &[], never: &[] },
];

/// The rules for a crate, if it has any.
pub(crate) fn entry(name: &str) -> Option<&'static Entry> {
    CRATES.iter().find(|entry| entry.name == name)
}
