//! The program `coordinate`: arguments → context → wiring → text, hints and exit codes.

mod args;
mod commands;
mod config;
mod context;
mod display;
mod failure;
mod log;
mod paths;
mod permissions;
mod roles;
mod standards;
mod wiring;
mod workflows;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The program's own child roles come first: they need no arguments, no configuration and no journal.
    let mut words = std::env::args_os().skip(1);
    match (words.next().as_deref().and_then(std::ffi::OsStr::to_str), words.next()) {
        (Some("attempt-shim"), Some(folder)) => {
            return code(coordinate_host::attempts::shim_main(&PathBuf::from(folder)));
        }
        (Some("offline-agent"), Some(order)) => return code(coordinate_agents::offline_main(&PathBuf::from(order))),
        (Some("host-agent"), Some(folder)) => return code(coordinate_agents::host_main(&PathBuf::from(folder))),
        (Some("agent-bridge"), Some(order)) => return code(coordinate_agents::bridge_main(&PathBuf::from(order))),
        _ => {}
    }
    let outcome = match args::short_state_call(std::env::args_os().skip(1)) {
        Some(options) => commands::state(None, &options),
        None => commands::dispatch(&args::Arguments::read()),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => error.print(),
    }
}

/// Exit codes of processes are bytes.
fn code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code.clamp(0, 255)).unwrap_or(u8::MAX))
}
