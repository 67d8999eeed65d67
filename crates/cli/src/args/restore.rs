//! The arguments of `restore` and `diff`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The run: the beginning of its id; or what was cleaned together, as `--list` names it. Without it, the only thing
    /// that was cleaned
    #[arg(value_name = "RUN")]
    pub(crate) id: Option<String>,

    /// What of the run, as `--list` names it: `STEP@ATTEMPT`, with `~N` the Nth moment before; `newest`; the beginning of a
    /// commit; a time, for the newest at that time
    pub(crate) which: Option<String>,

    /// Only these files and folders, relative to the repository; they go into the checkout, where that destroys nothing
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// Lists what can be brought back: what was cleaned, and every kept moment of the trees of a run, or of all
    #[arg(long, conflicts_with_all = ["which", "paths", "to", "branch"])]
    pub(crate) list: bool,

    /// The folder to write to, which must not be there yet; else one below `.coordinate/state/restored`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,

    /// Makes a branch of it, and writes no files
    #[arg(long, value_name = "NAME", conflicts_with_all = ["paths", "to"])]
    pub(crate) branch: Option<String>,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The run: the beginning of its id
    pub(crate) run: String,

    /// A kept moment, as `restore --list` names it, against what its attempt began with; two: one against the other.
    /// Without any, the run's merged work against what the run began with
    #[arg(num_args = 0..=2)]
    pub(crate) which: Vec<String>,

    /// Only these files and folders, relative to the repository
    #[arg(last = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// A line for each file instead of all that changed
    #[arg(long)]
    pub(crate) stat: bool,

    /// Prints JSON: the files, with the lines that were added and removed
    #[arg(long, conflicts_with = "stat")]
    pub(crate) json: bool,
}
