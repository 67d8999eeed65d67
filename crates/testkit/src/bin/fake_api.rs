//! The fake model API as a program.
//!
//! ```text
//! coordinate-fake-api [--port N] [--record FILE] [--isolated] [-- COMMAND ARGUMENTS…]
//! coordinate-fake-api --marker < SCRIPT.json
//! ```
//!
//! Without a command it prints its address on standard output and serves until it is ended. With one it serves while
//! the command runs, gives it the address as `FAKE_API_URL`, and ends as the command ends. `--isolated` does so in a
//! network namespace of its own in which there is only loopback. `--record` appends each request as a line of JSON.
//! `--marker` prints the text that carries a script in a prompt. Exit codes of its own: 64 wrong arguments, 71 no
//! namespace or no port, 127 the command does not start.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its address and its mistakes are for the terminal")]

use coordinate_testkit::api::{FakeApi, Observer, Recorded, script};
use coordinate_testkit::namespace;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};

const USAGE: &str = "coordinate-fake-api [--port N] [--record FILE] [--isolated] [-- COMMAND ARGUMENTS…], or --marker";

#[derive(Debug, Default)]
struct Options {
    port: u16,
    record: Option<PathBuf>,
    isolated: bool,
    marker: bool,
    command: Vec<OsString>,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args_os().skip(1)) else {
        eprintln!("fake-api: {USAGE}");
        return ExitCode::from(64);
    };
    let done = if options.marker { print_marker() } else { serve(options) };
    done.unwrap_or_else(|error| {
        eprintln!("fake-api: {error}");
        ExitCode::from(71)
    })
}

fn options(mut words: impl Iterator<Item = OsString>) -> Option<Options> {
    let mut options = Options::default();
    while let Some(word) = words.next() {
        match word.to_str()? {
            "--port" => options.port = words.next()?.to_str()?.parse().ok()?,
            "--record" => options.record = Some(words.next()?.into()),
            "--isolated" => options.isolated = true,
            "--marker" => options.marker = true,
            "--" => options.command = words.by_ref().collect(),
            _ => return None,
        }
    }
    Some(options)
}

fn print_marker() -> io::Result<ExitCode> {
    let mut json = String::new();
    io::stdin().read_to_string(&mut json)?;
    println!("{}", script::marker_of(json.trim()));
    Ok(ExitCode::SUCCESS)
}

fn serve(options: Options) -> io::Result<ExitCode> {
    if options.isolated {
        return Err(isolated(&options)?.exec());
    }
    let observer: Observer = match options.record {
        Some(path) => Box::new(move |request| record(&path, request)),
        None => Box::new(|_| {}),
    };
    let api = FakeApi::start(options.port, observer)?;
    let Some((program, arguments)) = options.command.split_first() else {
        println!("{}", api.url());
        io::stdout().flush()?;
        api.serve();
        return Ok(ExitCode::SUCCESS);
    };
    match Command::new(program).args(arguments).env("FAKE_API_URL", api.url()).status() {
        Ok(status) => Ok(code(status)),
        Err(cause) => {
            eprintln!("fake-api: failed to start `{}`: {cause}", program.display());
            Ok(ExitCode::from(127))
        }
    }
}

/// This program again, inside a namespace, with the same options but that one.
fn isolated(options: &Options) -> io::Result<Command> {
    let mut command = namespace::command(&std::env::current_exe()?)?;
    command.arg("--port").arg(options.port.to_string());
    if let Some(path) = &options.record {
        command.arg("--record").arg(path);
    }
    if !options.command.is_empty() {
        command.arg("--").args(&options.command);
    }
    Ok(command)
}

/// A record that can not be written is told and is no reason to fail a client.
fn record(path: &PathBuf, request: &Recorded) {
    let line = format!("{}\n", serde_json::json!({"path": request.path, "body": request.body}));
    let file = OpenOptions::new().create(true).append(true).open(path);
    if let Err(cause) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
        eprintln!("fake-api: failed to record in `{}`: {cause}", path.display());
    }
}

/// As shells tell it: 128 and the signal.
fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
