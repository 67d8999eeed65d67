//! The arguments of `topic`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct TopicArguments {
    /// The topic: its folder, its number or its name
    pub(crate) topic: String,

    /// Says what would be done, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TopicArchiveArguments {
    /// The topic: its folder, its number or its name
    #[arg(required_unless_present = "finished", conflicts_with = "finished")]
    pub(crate) topic: Option<String>,

    /// Archives every topic of which all plans are done and in which no open run works
    #[arg(long)]
    pub(crate) finished: bool,

    /// Archives a topic that is not finished; never one in which an open run works
    #[arg(long, conflicts_with = "finished")]
    pub(crate) force: bool,

    /// Says what would be done, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TopicMoveArguments {
    /// The topic: its folder, its number or its name
    pub(crate) topic: String,

    /// The new name, without the number: lower-case letters, digits and `_`
    pub(crate) name: String,

    /// Says what would be done, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}
