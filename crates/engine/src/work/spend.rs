//! What a run below spends is told to the run above while it spends it.

use super::StepJob;
use crate::driver::{Listener, Outbox};
use crate::journal::Record;
use coordinate_model::client::Usage;
use coordinate_model::event::Observation;
use coordinate_model::input::{Input, Of};
use coordinate_model::ledger::{Total, total};
use coordinate_model::run::Run;

/// Watches a run below for the step whose work it is.
pub(super) struct Spend {
    of: Of,
    outbox: Outbox,
    /// What earlier attempts of the step have told already: the run below goes on where those left it.
    before: Total,
    told: Total,
}

impl Spend {
    /// `None` where the run above has no budget, so that nobody asks.
    pub(super) fn of(step: &StepJob, outbox: &Outbox) -> Option<Self> {
        step.attempt.reserved?;
        let earlier = step.step.attempts.iter().filter(|attempt| attempt.number != step.attempt.number);
        let before = earlier.fold(Total::default(), |sum, attempt| {
            let usage = attempt.usage.unwrap_or_default();
            sum.with(&Total {
                tokens: usage.tokens(),
                micro_usd: usage.micro_usd.unwrap_or_default(),
                attempts: attempt.below,
                unpriced: false,
            })
        });
        Some(Self { of: step.of.clone(), outbox: outbox.clone(), before, told: Total::default() })
    }
}

impl Listener for Spend {
    fn on_event(&mut self, run: &Run, _record: &Record) {
        let spent = total(run).without(&self.before);
        if spent == self.told {
            return;
        }
        let micro_usd = Some(spent.micro_usd).filter(|micro| *micro > 0 || !spent.unpriced);
        let usage = Usage { input: spent.tokens, cached: 0, output: 0, micro_usd };
        let observations = vec![Observation::Below { usage, attempts: spent.attempts }];
        self.outbox.send(Input::Observed { of: self.of.clone(), offset: run.sequence, observations });
        self.told = spent;
    }

    fn on_tick(&mut self, _run: &Run) {}
}
