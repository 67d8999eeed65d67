//! What a run's clients used: tokens and money, as far as they tell it; money they do not tell, by a table of list prices.

use coordinate_model::client::Usage;
use coordinate_model::definition::StepKind;
use coordinate_model::ledger::{Priced, cost};
use coordinate_model::price::Prices;
use coordinate_model::run::{Attempt, Run, Step};

/// The sum over all tries of a run and of those below it, failed ones too: they were paid as well. `None` where no client
/// told anything.
#[must_use]
pub fn of(run: &Run, below: &[Run]) -> Option<Usage> {
    attempts(run, below).filter_map(|(_, _, attempt)| attempt.usage).reduce(Usage::with)
}

/// What a step whose work is a run below tells of it is not counted beside that run.
fn attempts<'a>(run: &'a Run, below: &'a [Run]) -> impl Iterator<Item = (&'a Run, &'a Step, &'a Attempt)> {
    let is_told_below = !below.is_empty();
    let steps = std::iter::once(run).chain(below).flat_map(|run| run.steps.iter().map(move |step| (run, step)));
    let own = steps.filter(move |(_, step)| !(is_told_below && step.kind == StepKind::SubRun));
    own.flat_map(|(run, step)| step.attempts.iter().map(move |attempt| (run, step, attempt)))
}

/// A sum of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Money {
    /// Millionths of a US dollar.
    pub micro_usd: u64,
    /// Whether a part of it is that of the price table, and not told by a client.
    pub estimated: bool,
}

impl Money {
    /// `0.0132 USD`, `about 0.0132 USD`.
    #[must_use]
    pub fn words(self) -> String {
        let about = if self.estimated { "about " } else { "" };
        format!("{about}{}", money(self.micro_usd))
    }
}

/// The money of a run and of those below it; `None` where a part of it is not known: neither told, nor in the table.
#[must_use]
pub fn paid(run: &Run, below: &[Run], prices: &Prices) -> Option<Money> {
    let told = attempts(run, below).filter(|(_, _, attempt)| attempt.usage.is_some());
    let costs = told.map(|(run, step, attempt)| cost(run, step, attempt, prices));
    let sum = |sum: Option<Money>, one: coordinate_model::ledger::Cost| {
        let known = sum.unwrap_or_default();
        match one.priced {
            Priced::Unknown => Err(()),
            Priced::Told | Priced::Estimated => Ok(Some(Money {
                micro_usd: known.micro_usd.saturating_add(one.micro_usd),
                estimated: known.estimated || one.priced == Priced::Estimated,
            })),
        }
    };
    costs.into_iter().try_fold(None, sum).ok().flatten()
}

/// Money in US dollars.
#[must_use]
pub fn usd(micro_usd: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 9 000 million dollars")]
    let micro = micro_usd as f64;
    micro / 1e6
}

/// `0.0132 USD`, `12.40 USD`: small sums with the places that tell them apart.
#[must_use]
pub fn money(micro_usd: u64) -> String {
    money_of(usd(micro_usd))
}

/// The same of whole dollars.
pub(crate) fn money_of(usd: f64) -> String {
    if usd > 0.0 && usd < 1.0 { format!("{usd:.4} USD") } else { format!("{usd:.2} USD") }
}

/// `120 read, 40 written`, with what came from a cache.
#[must_use]
pub fn tokens(usage: &Usage) -> String {
    let cached = if usage.cached == 0 { String::new() } else { format!(", {} from a cache", usage.cached) };
    format!("{} read{cached}, {} written", usage.input, usage.output)
}

/// Tokens and money in one line; `None` where nothing was told.
#[must_use]
pub fn line(usage: Option<Usage>) -> Option<String> {
    let usage = usage?;
    let money = usage.micro_usd.map_or_else(String::new, |micro| format!(", {}", money(micro)));
    Some(format!("{} tokens{money}", usage.tokens()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_told_as_they_are_known() {
        let usage = Usage { input: 20, cached: 0, output: 40, micro_usd: Some(880) };
        assert_eq!(tokens(&usage), "20 read, 40 written");
        assert_eq!(line(Some(usage)).as_deref(), Some("60 tokens, 0.0009 USD"));
        let unpriced = Usage { cached: 5, micro_usd: None, ..usage };
        assert_eq!(tokens(&unpriced), "20 read, 5 from a cache, 40 written");
        assert_eq!(line(Some(unpriced)).as_deref(), Some("65 tokens"));
        assert_eq!(line(None), None);
        assert_eq!((money(12_400_000), money(0)), ("12.40 USD".to_owned(), "0.00 USD".to_owned()));
    }
}
