//! The arguments of `steer`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct SteerArguments {
    /// The run: the beginning of its id
    pub(crate) run: String,

    /// What the agents are told, in plain words
    #[arg(required = true, value_name = "TEXT")]
    pub(crate) text: Vec<String>,

    /// Only the agent of this step; without it, every agent that is at work, or the one that works next
    #[arg(long, value_name = "STEP")]
    pub(crate) step: Option<String>,
}
