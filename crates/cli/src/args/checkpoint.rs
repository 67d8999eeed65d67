//! The arguments of `checkpoint`.

use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum CheckpointsCommand {
    /// Prints a run as a checkpoint: what it was at an event, as JSON for other programs and projects
    Export(ExportArguments),
    /// Checks a checkpoint of any format: each problem with its place, exit 2 if it can not be imported
    Check(CheckpointFile),
    /// Imports a checkpoint of any format, for `resume`; the file stays as it is
    Import(CheckpointFile),
    /// Lists the imported checkpoints, and the JSON texts that were saved by name
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the JSON schema of the newest format
    Schema,
    /// Saves a JSON text under a name; one of that name is replaced. The same as `state checkpoint save`
    Save {
        /// The name
        name: String,
        /// The JSON text; without it, or with `-`, standard input
        json: Option<OsString>,
        /// The workflow that it belongs to; else as for `state`
        #[arg(long, value_name = "ID")]
        workflow_id: Option<String>,
    },
    /// Prints the JSON text of that name, for example a supervisor's aggregation. The same as `state checkpoint load`
    Load {
        /// The name
        name: String,
        /// The workflow that it belongs to; else as for `state`
        #[arg(long, value_name = "ID")]
        workflow_id: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The run, or the beginning of its id; without it, the newest
    pub(crate) run: Option<String>,

    /// The run as it was at this event
    #[arg(long, value_name = "EVENT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) at: Option<u64>,

    /// Where to write it; without this, standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckpointFile {
    /// The file; `-` is standard input
    pub(crate) file: PathBuf,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}
