//! The arguments of `next`, `heartbeat`, `done` and `fail`.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct NextArguments {
    /// Of this run only: the beginning of its id; without it, of any run of this project
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,

    /// Waits so long for a step, if there is none now
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u64,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Prints lines for a shell to `eval`
    #[arg(long, conflicts_with = "json")]
    pub(crate) shell: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HeartbeatArguments {
    /// The claim, as `next` gave it
    pub(crate) claim: String,

    /// What is being done, for whoever looks on; `-` reads it from standard input
    #[arg(long, short, value_name = "TEXT", default_value = "", allow_hyphen_values = true)]
    pub(crate) message: String,
}

#[derive(Debug, Args)]
pub(crate) struct DoneArguments {
    /// The claim, as `next` gave it
    pub(crate) claim: String,

    /// What the worker says at its end, with the completion lines that its prompt asks for; `-` reads it from standard
    /// input
    #[arg(long, short, value_name = "TEXT", default_value = "", allow_hyphen_values = true)]
    pub(crate) message: String,
}

#[derive(Debug, Args)]
pub(crate) struct FailArguments {
    /// The claim, as `next` gave it
    pub(crate) claim: String,

    /// Why; `-` reads it from standard input
    #[arg(long, short, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) message: String,

    /// Whether another try may help; without it, the message decides, as the output of any agent does
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<FailArgument>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailArgument {
    /// It may pass by itself: the step is tried again
    Transient,
    /// The work itself is wrong: the step fails
    Permanent,
}

/// The arguments of the process that drives a detached run.
#[derive(Debug, Args)]
pub(crate) struct DriveArguments {
    /// The run
    pub(crate) run: String,

    /// It was created a moment ago
    #[arg(long)]
    pub(crate) begun: bool,
}
