//! How a run's work is judged.

use clap::Args;

#[derive(Debug, Default, Args)]
pub(crate) struct JudgingArguments {
    /// Lets an agent judge each phase's tree by the plan's words alone before it is merged (role `blind-verifier`)
    #[arg(long)]
    pub(crate) blind_verify: bool,

    /// Runs tests and checks also where another run has seen them pass on the same tree in the same environment
    #[arg(long)]
    pub(crate) no_verdict_cache: bool,
}

impl JudgingArguments {
    /// The same as settings.
    pub(super) fn settings(&self) -> impl Iterator<Item = String> {
        let blind = self.blind_verify.then(|| "verify.blind=true".to_owned());
        blind.into_iter().chain(self.no_verdict_cache.then(|| "verdicts.cache=false".to_owned()))
    }
}
