//! The arguments of `rewind`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct RewindArguments {
    /// The run, or the beginning of its id; without it, the one that is open
    pub(crate) run: Option<String>,

    /// The event to go back to; or a step, for the moment before it was first begun
    #[arg(long, value_name = "EVENT|STEP")]
    pub(crate) to: String,

    #[command(flatten)]
    pub(crate) what: RewoundArguments,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What goes back.
#[derive(Debug, Clone, Copy, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RewoundArguments {
    /// The code; what people have said to agents since is said again
    #[arg(long)]
    pub(crate) code: bool,

    /// What agents know: they begin anew, whatever they have understood since; the code stays
    #[arg(long)]
    pub(crate) conversation: bool,

    /// Both
    #[arg(long)]
    pub(crate) both: bool,
}
