//! Running other programs, and what can go wrong with a task.

use std::fmt;
use std::process::{Command, ExitCode};

/// Why a task failed.
#[derive(Debug)]
pub(crate) struct TaskError {
    message: String,
    code: u8,
}

impl TaskError {
    /// The task found something that must be mended.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// The task was called in a way that it does not know.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// This failure, already told where it happened: nothing more is to be printed.
    pub(crate) fn told(self) -> Self {
        Self { message: String::new(), ..self }
    }

    /// Whether there is still something to print.
    pub(crate) fn is_told(&self) -> bool {
        self.message.is_empty()
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The cargo that runs this task, so that one toolchain does everything.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Runs a command with our outputs. Its exit code becomes ours when it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), TaskError> {
    let status = command.status().map_err(|cause| not_started(command, &cause))?;
    if status.success() {
        return Ok(());
    }
    // A signal has no code; 1 says as much.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(TaskError { message: format!("`{}` failed: {status}", line(command)), code })
}

/// Runs a command and gives back its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, TaskError> {
    let output = command.output().map_err(|cause| not_started(command, &cause))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(TaskError::failed(format!("`{}` failed: {}\n{said}", line(command), output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the command can be started and ends well; what it says is dropped.
pub(crate) fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn not_started(command: &Command, cause: &std::io::Error) -> TaskError {
    TaskError::failed(format!("failed to start `{}`: {cause}", line(command)))
}

fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let words = program.file_name().into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
