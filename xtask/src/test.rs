//! The one test command: every check in order, the tests themselves last.

use crate::shell::{TaskError, cargo, run};
use crate::workspace::Workspace;
use crate::{clients, tidy, tools};
use std::ffi::OsString;
use std::process::Command;
use std::time::{Duration, Instant};

/// How much to test.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// Only the layer that needs no other process.
    fast: bool,
    /// Rounds of each test of the proof layer; the tests' own number when not given.
    proof: Option<u32>,
}

impl Options {
    /// Reads the command line.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, TaskError> {
        match words {
            [] => Ok(Self::default()),
            ["--fast", rest @ ..] => Ok(Self { fast: true, ..Self::parse(rest)? }),
            ["--proof", number, rest @ ..] => {
                let rounds =
                    number.parse().map_err(|_| TaskError::usage(format!("`{number}` is no number of rounds")))?;
                Ok(Self { proof: Some(rounds), ..Self::parse(rest)? })
            }
            ["--proof"] => Err(TaskError::usage("`--proof` wants a number of rounds")),
            [other, ..] => Err(TaskError::usage(format!("`test` knows no `{other}`, only `--fast` and `--proof N`"))),
        }
    }
}

/// What one step does.
type Step = fn(&Workspace) -> Result<(), TaskError>;

/// The steps before the tests, in order. Cheap ones first; what the tests need last.
const STEPS: &[(&str, Step)] = &[
    ("tools", tools::install),
    ("clients", |workspace| clients::install(workspace, &[])),
    ("format", |_| run(&mut cargo(&["fmt", "--all", "--check"]))),
    ("clippy", |_| run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))),
    // Private items too: their links rot as well, and they are what the next reader needs.
    ("doc", |_| {
        let arguments = ["doc", "--no-deps", "--workspace", "--document-private-items"];
        run(cargo(&arguments).env("RUSTDOCFLAGS", "-D warnings"))
    }),
    ("deny", |workspace| {
        // It reads the manifests of every platform's crates; a fresh machine has built only this one's.
        run(&mut cargo(&["fetch", "--locked"]))?;
        let arguments = ["--offline", "check", "bans", "licenses", "sources"];
        run(Command::new(tools::deny(workspace)).args(arguments).current_dir(&workspace.root))
    }),
    ("tidy", tidy::run),
    ("programs", |_| run(&mut cargo(&["build", "-p", "coordinate-cli", "-p", "coordinate-testkit", "--bins"]))),
    ("doc tests", doc_tests),
];

/// Does everything, also after a failure, so that one call shows all that is wrong. The first failure is the result.
pub(crate) fn run_all(workspace: &Workspace, options: &Options) -> Result<(), TaskError> {
    if options.fast {
        tools::install_nextest()?;
        return run(&mut fast_tests());
    }
    let mut first = Ok(());
    let mut times = Vec::new();
    for (name, step) in STEPS {
        eprintln!("\n=== {name}");
        let start = Instant::now();
        let result = step(workspace);
        times.push((*name, start.elapsed(), result.is_ok()));
        if let Err(error) = &result {
            eprintln!("xtask: {error}");
        }
        first = first.and(result);
    }
    eprintln!("\n{}", time_table(&times));
    eprintln!("=== tests");
    // The output ends with the runner's own summary: it has told of its failures, and the table of the others.
    first.and(run(&mut all_tests(options, clients::variables(workspace)))).map_err(TaskError::told)
}

/// All of them, those with real clients too: one line at the end counts them, and none is skipped.
fn all_tests(options: &Options, variables: Vec<(&'static str, OsString)>) -> Command {
    // Tests that need clients show their output, for whom has none installed; here all are.
    let mut command = cargo(&["nextest", "run", "--workspace", "--success-output", "never"]);
    command.envs(variables);
    if let Some(rounds) = options.proof {
        command.env("COORDINATE_PROOF_COUNT", rounds.to_string());
    }
    command
}

/// What is pure, and of the agents only the parsers, which lie in the library's own tests.
fn fast_tests() -> Command {
    let mut command = cargo(&["nextest", "run"]);
    for package in ["model", "engine", "report", "agents"] {
        command.args(["-p", &format!("coordinate-{package}")]);
    }
    command.args(["-E", "not package(coordinate-agents) or kind(lib)"]);
    command
}

/// Cargo builds every library again for these, so only if one has an example in its comments.
fn doc_tests(workspace: &Workspace) -> Result<(), TaskError> {
    let sources = workspace.sources()?;
    if sources.iter().any(|source| source.path.starts_with("crates/") && has_doc_test(&source.text)) {
        return run(&mut cargo(&["test", "--doc", "--workspace", "--quiet"]));
    }
    eprintln!("no examples in comments");
    Ok(())
}

/// Whether a Rust text has a fenced block in a doc comment that rustdoc would take for Rust.
fn has_doc_test(text: &str) -> bool {
    let comments = text.lines().map(str::trim).filter_map(|line| line.strip_prefix("///").or(line.strip_prefix("//!")));
    let mut fences = comments.filter_map(|line| line.trim().strip_prefix("```"));
    // Every second fence closes a block.
    std::iter::from_fn(|| {
        let opening = fences.next()?;
        fences.next();
        Some(opening)
    })
    .any(|opening| matches!(opening, "" | "rust" | "no_run" | "should_panic" | "compile_fail"))
}

fn time_table(times: &[(&str, Duration, bool)]) -> String {
    let line = |(name, time, passed): &(&str, Duration, bool)| {
        format!("{name:10} {:7.1} s  {}\n", time.as_secs_f64(), if *passed { "passed" } else { "FAILED" })
    };
    times.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_any_order() {
        let both = Options { fast: true, proof: Some(50) };
        assert_eq!(Options::parse(&["--proof", "50", "--fast"]).expect("valid"), both);
        assert_eq!(Options::parse(&[]).expect("valid"), Options::default());
        for bad in [vec!["--proof"], vec!["--proof", "many"], vec!["--slow"]] {
            assert!(Options::parse(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_number_of_rounds_reaches_the_tests() {
        let clients = vec![("COORDINATE_CLIENTS", "/srv/clients".into())];
        let command = all_tests(&Options { fast: false, proof: Some(7) }, clients);
        let expected = [
            ("COORDINATE_CLIENTS".as_ref(), Some("/srv/clients".as_ref())),
            ("COORDINATE_PROOF_COUNT".as_ref(), Some("7".as_ref())),
        ];
        assert_eq!(command.get_envs().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_blocks_of_rust_are_doc_tests() {
        assert!(has_doc_test("/// ```\n/// f();\n/// ```\n"));
        assert!(has_doc_test("//! ```text\n//! x\n//! ```\n//! ```rust\n//! ```\n"));
        assert!(!has_doc_test("/// ```text\n/// x\n/// ```\n"));
        assert!(!has_doc_test("let fence = \"```\";\n"));
    }

    #[test]
    fn the_table_names_what_failed() {
        let table =
            time_table(&[("format", Duration::from_millis(250), true), ("tidy", Duration::from_secs(2), false)]);
        assert_eq!(table, "format         0.2 s  passed\ntidy           2.0 s  FAILED\n");
    }
}
