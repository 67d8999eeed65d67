//! The arguments of `retry` and `skip`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct StepArguments {
    /// The step: `coordinate show` lists them, for example `implement/p3/agent`
    pub(crate) step: String,

    /// The run, or the beginning of its id; without it, the one that is open
    pub(crate) run: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SkipArguments {
    #[command(flatten)]
    pub(crate) which: StepArguments,

    /// Why, for whoever reads the summary
    #[arg(long, short = 'm', value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}
