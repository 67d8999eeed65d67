//! The arguments about questions to people.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct InboxArguments {
    /// One question, by the beginning of its id: all that one must know to answer it
    pub(crate) id: Option<String>,

    /// Also what was answered or closed
    #[arg(long)]
    pub(crate) all: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AnswerArguments {
    /// The question's id, as `inbox` shows it, or the run; each by its beginning
    #[arg(value_name = "ID|RUN")]
    pub(crate) of: Option<String>,

    /// With a run: the question's step; not needed when only one waits
    pub(crate) step: Option<String>,

    /// Why
    #[arg(long, short = 'm', value_name = "TEXT", default_value = "")]
    pub(crate) comment: String,

    /// Answers the like of it so from here on in this run, and says the rule for the configuration
    #[arg(long)]
    pub(crate) always: bool,
}
