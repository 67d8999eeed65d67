//! The arguments about what a run may spend.

use clap::Args;
use coordinate_model::price::micro;

/// Limits of a run. A limit of 0 is none.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct LimitArguments {
    /// The most tokens that the run may use; 0 is no limit. More limits are in the configuration, `budget.*`
    #[arg(long, value_name = "N")]
    pub(crate) budget_tokens: Option<u64>,

    /// The most US dollars that the run may cost, for example 2.50; 0 is no limit
    #[arg(long, value_name = "X", value_parser = micro_usd)]
    pub(crate) budget_usd: Option<u64>,
}

/// US dollars as millionths.
fn micro_usd(text: &str) -> Result<u64, String> {
    text.parse().ok().and_then(micro).ok_or_else(|| "not a sum of US dollars, 0 or more, as `2.50`".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct BudgetArguments {
    /// The run, or the beginning of its id; without it, the newest
    pub(crate) run: Option<String>,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}
