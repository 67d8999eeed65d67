//! What `coordinate attempt-shim` is, and a launcher that can be killed, for the tests of attempts.

use coordinate_engine::port::Attempts as _;
use coordinate_host::attempts::{ShimAttempts, shim_main};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["attempt-shim", folder] => ExitCode::from(u8::try_from(shim_main(Path::new(folder))).unwrap_or(u8::MAX)),
        ["launch", launch] => outcome(launch_and_wait(launch)),
        _ => ExitCode::from(2),
    }
}

fn outcome(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Launches the attempt that the argument gives as JSON, says so, and stays until standard input ends.
fn launch_and_wait(launch: &str) -> Result<(), String> {
    let launch = serde_json::from_str(launch).map_err(|error| error.to_string())?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let attempts = ShimAttempts::new(program);
    attempts.launch(&launch).map_err(|error| error.to_string())?;
    let mut out = io::stdout();
    writeln!(out, "launched").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    io::stdin().read_to_end(&mut Vec::new()).map(drop).map_err(|error| error.to_string())
}
