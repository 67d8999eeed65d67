//! The project's own tasks: `cargo xtask COMMAND`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of the build talks to a terminal only")]

mod bench;
mod catalogue;
mod clients;
mod faults;
mod features;
mod generate;
mod proof;
mod shell;
mod test;
mod tidy;
mod tools;
mod workspace;

use shell::TaskError;
use std::process::ExitCode;
use workspace::Workspace;

const HELP: &str = "\
cargo xtask test [--fast] [--proof N]   everything that must pass: format, lints, docs, licences, tidy, all tests,
                                        with the real clients, which it installs
                                        --fast: only the tests of model, engine, report and the agents' parsers
                                        --proof N: N rounds for each test of the proof layer
cargo xtask tidy                        rules that no compiler checks: crate edges, forbidden texts, generated files
cargo xtask crash-sweep [--scenario NAME] [--stride N] [--jobs N] [--write]
                                        a kill at every point of small runs: what is lost, what is repeated
cargo xtask simulate [--seeds N] [--seed N] [--write]
                                        the driver in worlds that seeds make, in which everything fails
cargo xtask fuzz [--seconds N] [--seed N] [--target NAME] [--write]
                                        random texts into all that reads what others wrote
                                        --write: put the counts into docs/proof.md
cargo xtask bench [--full]              measure: ours, the disk's limit, ninja
cargo xtask clients [--test] [NAME…]    only install the clients; --test: and run their tests alone
cargo xtask generate                    write the generated files that tidy compares
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_told() {
                eprintln!("xtask: {error}");
            }
            error.exit_code()
        }
    }
}

fn dispatch(words: &[&str]) -> Result<(), TaskError> {
    match words {
        ["test", options @ ..] => test::run_all(&Workspace::load()?, &test::Options::parse(options)?),
        ["tidy"] => tidy::run(&Workspace::load()?),
        ["bench", options @ ..] => bench::run_all(&Workspace::load()?, options),
        ["clients", words @ ..] => clients::install(&Workspace::load()?, words),
        ["crash-sweep", words @ ..] => proof::crash_sweep(&Workspace::load()?, words),
        ["simulate", words @ ..] => proof::simulate(&Workspace::load()?, words),
        ["fuzz", words @ ..] => proof::fuzz(&Workspace::load()?, words),
        ["generate"] => generate::write_all(&Workspace::load()?),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        [unknown, ..] => Err(TaskError::usage(format!("no task `{unknown}`, or it takes no such arguments\n{HELP}"))),
    }
}
