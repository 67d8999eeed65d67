//! The arguments of `clean`.

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
