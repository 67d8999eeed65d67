//! The arguments of `clean` and `restore`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct CleanArguments {
    /// Says what would be cleaned, and cleans nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// What was cleaned together, as `--list` names it; without it, the only one
    pub(crate) id: Option<String>,

    /// Lists what can be brought back
    #[arg(long, conflicts_with = "id")]
    pub(crate) list: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}
