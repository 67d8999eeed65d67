//! `roles`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum RolesCommand {
    /// Lists the roles: what each leaves, where it comes from
    List(RolesListArguments),
    /// Prints a role's file
    Show(RolesShowArguments),
    /// Checks roles: one `file:line: message` for each problem, exit 2 if there is an error
    Check(RolesCheckArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RolesListArguments {
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RolesShowArguments {
    /// The role
    pub(crate) name: String,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RolesCheckArguments {
    /// Role files; without any, all roles that count here. What is found in `.claude/agents` is then a warning: such
    /// files are written for another program
    #[arg(value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}
