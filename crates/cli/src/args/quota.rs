//! How `run` and `resume` wait for limits of use.

use clap::Args;

#[derive(Debug, Default, Args)]
pub(crate) struct QuotaArguments {
    /// Does not wait for the end of a limit of use: ends with exit 4 as soon as nothing else is left to do
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// Does not go on by itself when a limit of use ends: the run stands still until `resume`
    #[arg(long)]
    pub(crate) no_auto_resume: bool,
}

impl QuotaArguments {
    /// The same as settings, so that a process that is started for the run has them too.
    pub(super) fn settings(&self) -> impl Iterator<Item = String> {
        let of = |said: bool, key: &str| said.then(|| format!("{key}=false"));
        of(self.no_wait, "quota.wait").into_iter().chain(of(self.no_auto_resume, "quota.auto_resume"))
    }
}
