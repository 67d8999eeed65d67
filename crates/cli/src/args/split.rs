//! The arguments of `plan expand` and `plan collapse`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct PlanPhaseArguments {
    /// A plan file, or a folder with a plan file for each phase
    pub(crate) file: PathBuf,

    /// The number of the phase
    pub(crate) phase: u32,

    /// Says what would be done, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}
