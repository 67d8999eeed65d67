//! The arguments of `metrics`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct MetricsArguments {
    #[command(subcommand)]
    pub(crate) command: Option<MetricsCommand>,

    /// The run, or the beginning of its id; without it, the newest
    pub(crate) run: Option<String>,

    /// Every run of this project, and all of them together
    #[arg(long, conflicts_with = "run")]
    pub(crate) all: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MetricsCommand {
    /// Records a figure of yours, for good
    Add {
        /// Its name: letters, digits, `.`, `_`, `-`
        name: String,
        /// Its value, as JSON
        value: String,
        /// The run that it is of, or the beginning of its id
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
    },
    /// Lists the figures that were recorded
    List {
        /// Of this name only
        name: Option<String>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}
