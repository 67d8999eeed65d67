//! Runs the `sh` blocks of a phase, in order, until one fails.

use super::order::Block;
use super::tell;
use coordinate_model::event::Observation;
use rustix::process::{Signal, getpid, kill_process};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

/// The exit code of the first block that fails, or 0.
pub(super) fn run_all(blocks: &[Block]) -> i32 {
    for block in blocks {
        tell(&Observation::tool_started("sh", first_line(block)));
        let code = run(block);
        if let Some(signal) = killed_by(code) {
            // Not the plan's failure: whoever reads how this process ended must see a kill as a kill.
            let _ = kill_process(getpid(), signal);
        }
        tell(&Observation::tool_ended("sh", code == 0));
        if code != 0 {
            let _ = writeln!(std::io::stderr(), "the `sh` block at line {} of the plan ended with {code}", block.line);
            return code;
        }
    }
    0
}

fn first_line(block: &Block) -> String {
    let mut lines = block.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().unwrap_or_default().chars().take(120).collect()
}

fn run(block: &Block) -> i32 {
    let status = Command::new("sh").args(["-eu", "-c", &block.text]).stdin(Stdio::null()).status();
    match status {
        Ok(status) => status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "failed to start `sh`: {error}");
            127
        }
    }
}

/// A shell ends with 128 and the signal's number when its command was killed.
fn killed_by(code: i32) -> Option<Signal> {
    [Signal::HUP, Signal::INT, Signal::KILL, Signal::TERM].into_iter().find(|signal| code == 128 + signal.as_raw())
}
