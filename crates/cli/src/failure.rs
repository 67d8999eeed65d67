//! What ends a command: exit codes, and errors with their hints.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// The exit codes of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// The run failed.
    Failed,
    /// Bad usage or input.
    Usage,
    /// A person must answer.
    Waiting,
    /// Nothing can be done now, but later.
    Parked,
    /// Paused or cancelled.
    Stopped,
    /// A fault of this program or of the machine.
    Internal,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Waiting => 3,
            Exit::Parked => 4,
            Exit::Stopped => 5,
            Exit::Internal => 10,
        })
    }
}

/// An error that ends a command: what failed, and hints.
#[derive(Debug)]
pub(crate) struct CommandError {
    exit: Exit,
    message: String,
    hints: Vec<String>,
}

impl CommandError {
    /// The user's input can not be used.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hints: Vec::new() }
    }

    /// A person must answer first.
    pub(crate) fn question(message: impl Into<String>) -> Self {
        Self { exit: Exit::Waiting, message: message.into(), hints: Vec::new() }
    }

    /// The machine or this program failed.
    pub(crate) fn internal(message: impl Display) -> Self {
        Self { exit: Exit::Internal, message: message.to_string(), hints: Vec::new() }
    }

    /// Adds a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The error as one line, for a note.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Prints the error and gives its exit code.
    pub(crate) fn print(&self) -> ExitCode {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "error: {}", self.message);
        for hint in &self.hints {
            let _ = writeln!(err, "  hint: {hint}");
        }
        self.exit.into()
    }
}

impl From<coordinate_engine::journal::JournalError> for CommandError {
    fn from(error: coordinate_engine::journal::JournalError) -> Self {
        use coordinate_engine::journal::JournalError as E;
        let exit = match &error {
            E::NoRun { .. } | E::Driven { .. } => Exit::Usage,
            E::TakenOver { .. } => Exit::Stopped,
            E::Storage(_) | E::Unreadable { .. } | E::Corrupt { .. } | E::Encode(_) => Exit::Internal,
        };
        Self { exit, message: error.to_string(), hints: Vec::new() }
    }
}

impl From<coordinate_engine::port::StorageError> for CommandError {
    fn from(error: coordinate_engine::port::StorageError) -> Self {
        Self::internal(error)
    }
}

impl From<coordinate_engine::port::RepositoryError> for CommandError {
    fn from(error: coordinate_engine::port::RepositoryError) -> Self {
        Self::internal(error)
    }
}

impl From<coordinate_store::shell::ShellError> for CommandError {
    fn from(error: coordinate_store::shell::ShellError) -> Self {
        use coordinate_store::shell::ShellError as E;
        let exit = match &error {
            E::NoWorkflow { .. } | E::NotAList { .. } => Exit::Usage,
            E::Busy { .. } | E::TooNew { .. } | E::Foreign { .. } | E::Medium { .. } => Exit::Internal,
        };
        Self { exit, message: error.to_string(), hints: Vec::new() }
    }
}

impl From<coordinate_model::shell::InvalidName> for CommandError {
    fn from(error: coordinate_model::shell::InvalidName) -> Self {
        Self::usage(error.to_string())
    }
}
