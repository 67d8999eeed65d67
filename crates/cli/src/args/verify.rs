//! The arguments of `verify`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Any file: it is there, is not empty, lies inside the project
    File(VerifyFile),
    /// A research report: its metadata, its sections, its links
    Report(VerifyPaths),
    /// A plan, in a file or a folder: its phases can be read and put into an order
    Plan(VerifyPaths),
    /// The summary of a run
    Summary(VerifyPaths),
    /// A debug report: evidence, cause, next steps
    Debug(VerifyPaths),
    /// An overview of several reports, with links to them
    Overview(VerifyPaths),
    /// A Markdown text's links to files
    Links(VerifyPaths),
    /// Commits: each is there and reachable from HEAD; a range `a..b` holds at least one
    Commits(VerifyCommits),
    /// Runs the tests in a clean tree of the commit that HEAD is at; what is not committed is not tested
    Tests(VerifyTests),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyFile {
    #[command(flatten)]
    pub(crate) files: VerifyPaths,

    /// It is JSON that keeps this JSON Schema, which is fetched from nowhere
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,

    /// It is JSON that keeps the JSON Schema of this role
    #[arg(long, value_name = "NAME", conflicts_with = "schema")]
    pub(crate) role: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyPaths {
    /// The files to look at
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) shown: VerifyShown,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyCommits {
    /// Commits as git knows them: hashes, branches, ranges
    #[arg(required = true, value_name = "RANGE|HASH")]
    pub(crate) revisions: Vec<String>,

    #[command(flatten)]
    pub(crate) shown: VerifyShown,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyTests {
    /// The shell command that tests a tree; else `test.command`, else the one that the project's standards name, else it
    /// is detected
    #[arg(long, value_name = "COMMAND")]
    pub(crate) command: Option<String>,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Prints all that the command prints, also when it succeeds
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyShown {
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Names what is good too, with its size
    #[arg(long, short)]
    pub(crate) verbose: bool,
}
