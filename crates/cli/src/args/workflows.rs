//! The arguments of `workflows`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct WorkflowsArguments {
    #[command(subcommand)]
    pub(crate) command: Option<WorkflowsCommand>,

    /// Prints the list as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowsCommand {
    /// Lists the definitions: those that ship, the project's and the user's
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints a definition
    Show {
        /// Its name
        name: String,
        /// Prints it whole, with all that it builds on
        #[arg(long)]
        whole: bool,
        /// Prints it whole, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Checks definitions: one `file:line: message` for each problem, exit 2 if there is one
    Check {
        /// Files or names; without them, all of the project's and the user's
        #[arg(value_name = "FILE")]
        files: Vec<String>,
    },
    /// Copies a definition into the project, `.coordinate/workflows/NAME.toml`, to be changed
    Eject {
        /// Its name
        name: String,
        /// Replaces the file that is there
        #[arg(long)]
        force: bool,
    },
}
