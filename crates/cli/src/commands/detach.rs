//! Driving a run in a process of its own, for a caller that has other things to do.

use super::drive::{Shown, drive};
use super::{note, print};
use crate::args::DriveArguments;
use crate::context::{Project, driver_of};
use crate::display::print_json;
use crate::failure::{CommandError, Exit};
use crate::wiring::program;
use coordinate_engine::journal::Journal;
use coordinate_model::ids::RunId;
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How often is looked whether the process drives.
const POLL: Duration = Duration::from_millis(10);

/// The run that is handed over, and how.
pub(super) struct Handing<'a> {
    /// The run.
    pub(super) id: &'a RunId,
    /// Whether it was created a moment ago: its first events are shown and logged by the other process then.
    pub(super) begun: bool,
    /// How the caller is told.
    pub(super) shown: Shown,
}

/// Starts a process that drives the run, and returns when it does: from then on other commands find it driven.
pub(super) fn detach(project: &Project, journal: &Journal, handing: &Handing<'_>) -> Result<Exit, CommandError> {
    let id = handing.id;
    // Beside the transcripts of its agents, so that it is cleaned and brought back with them.
    let log = project.attempts().join(id.as_str()).join("driver.log");
    let mut child = start(project, handing, &log)?;
    let pid = child.id();
    loop {
        if driver_of(journal, id)? == Some(pid) {
            break;
        }
        if let Some(status) = child.try_wait().map_err(CommandError::internal)? {
            // It may have driven the run to its end, or to a question, in the meantime: the run itself says so.
            if matches!(status.code(), Some(0 | 1 | 3 | 4 | 5)) {
                break;
            }
            let error = CommandError::internal(format!("process {pid} did not drive {id}: {status}"));
            return Err(error.hint(format!("read `{}`", log.display())));
        }
        std::thread::sleep(POLL);
    }
    match handing.shown {
        Shown::Json => print_json(&json!({"event": "run_detached", "run": id, "process": pid, "log": log})),
        Shown::Text => {
            note(&format!("process {pid} drives it; what it says is in `{}`", log.display()));
            print(id.as_str());
        }
    }
    Ok(Exit::Done)
}

fn start(project: &Project, handing: &Handing<'_>, log: &Path) -> Result<Child, CommandError> {
    let output = open(log)
        .map_err(|error| CommandError::internal(format!("failed to write the log `{}`: {error}", log.display())))?;
    let errors = output.try_clone().map_err(CommandError::internal)?;
    let mut command = Command::new(program()?);
    command.arg("--project").arg(&project.root).args(project.flags.iter().flat_map(|flag| ["-c", flag]));
    command.arg("drive").arg(handing.id.as_str()).args(handing.begun.then_some("--begun"));
    command.current_dir(&project.root).stdin(Stdio::null()).stdout(output).stderr(errors);
    command.spawn().map_err(|error| CommandError::internal(format!("failed to start the driver: {error}")))
}

fn open(log: &Path) -> std::io::Result<File> {
    log.parent().map_or(Ok(()), coordinate_host::atomic::create_private_folder)?;
    OpenOptions::new().append(true).create(true).mode(0o600).open(log)
}

/// The process that [`detach`] starts.
pub(crate) fn driver(project: &Project, options: &DriveArguments) -> Result<Exit, CommandError> {
    coordinate_host::terminal::leave();
    let journal = project.need_journal()?;
    let id = options.run.parse::<RunId>().map_err(|error| CommandError::usage(error.to_string()))?;
    let begun = if options.begun { journal.records(&id, 0)? } else { Vec::new() };
    drive(project, &journal, &id, Shown::Text, &begun)
}
