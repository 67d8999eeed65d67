//! What models cost where their clients do not say it: a table of list prices, with its date.

use crate::client::Usage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The table that ships with the program.
const SHIPPED: &str = include_str!("prices.toml");

/// Tokens that a price is for.
const MILLION: u128 = 1_000_000;

/// Prices of a model for a million tokens, in millionths of a US dollar: whole numbers, so that sums do not depend on
/// their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of what is read anew.
    pub input: u64,
    /// Of what is read from a cache.
    pub cached: u64,
    /// Of what is written.
    pub output: u64,
}

impl Price {
    /// What this use costs, in millionths of a US dollar, rounded up.
    #[must_use]
    pub fn of(&self, usage: &Usage) -> u64 {
        let cost = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let sum = cost(usage.input, self.input)
            .saturating_add(cost(usage.cached, self.cached))
            .saturating_add(cost(usage.output, self.output));
        u64::try_from(sum.div_ceil(MILLION)).unwrap_or(u64::MAX)
    }

    /// Read from three figures in US dollars; `None` for what is no price.
    #[must_use]
    pub fn of_usd(figures: [f64; 3]) -> Option<Self> {
        let [input, cached, output] = figures.map(micro);
        Some(Self { input: input?, cached: cached?, output: output? })
    }
}

/// US dollars in millionths; `None` for what is no sum of money: negative, endless, or more than anybody has.
#[must_use]
pub fn micro(usd: f64) -> Option<u64> {
    let micro = (usd * 1e6).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at just before")]
    (0.0..=1e15).contains(&micro).then_some(micro as u64)
}

/// Prices by the names of models.
pub type Prices = BTreeMap<String, Price>;

/// The table as it ships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// When its prices were looked up, `2026-11-21`.
    pub date: String,
    /// The pages that name them.
    pub sources: Vec<String>,
    /// The prices.
    pub models: Prices,
}

#[derive(Deserialize)]
struct Written {
    date: String,
    sources: Vec<String>,
    models: BTreeMap<String, [f64; 3]>,
}

/// The table that ships with the program; empty if its file could not be read, which a test rules out.
#[must_use]
pub fn shipped() -> Table {
    let Ok(written) = toml::from_str::<Written>(SHIPPED) else {
        return Table { date: String::new(), sources: Vec::new(), models: Prices::new() };
    };
    let priced = |(name, figures): (String, [f64; 3])| Some((name, Price::of_usd(figures)?));
    let models = written.models.into_iter().filter_map(priced).collect();
    Table { date: written.date, sources: written.sources, models }
}

/// The price of a model. A provider's name before it (`openai/…`) does not count, nor does a date, `-latest` or `-preview`
/// behind it; any other ending is another model, with a price of its own.
#[must_use]
pub fn find<'a>(prices: &'a Prices, model: &str) -> Option<&'a Price> {
    let bare = model.rsplit('/').next().unwrap_or(model).trim();
    let known = |name: &&String| bare.strip_prefix(name.as_str()).is_some_and(is_release);
    let name = prices.keys().filter(known).max_by_key(|name| name.len())?;
    prices.get(name)
}

fn is_release(ending: &str) -> bool {
    let date = |text: &str| text.len() >= 8 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
    match ending.strip_prefix(['-', '@']) {
        None => ending.is_empty(),
        Some("latest" | "preview") => true,
        Some(rest) => date(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(model: &str, expected: Option<&str>) {
        let prices = shipped().models;
        assert_eq!(find(&prices, model), expected.map(|name| prices.get(name).expect("it is in the table")), "{model}");
    }

    #[test]
    fn the_shipped_table_has_a_date_sources_and_prices() {
        let table = shipped();
        assert_eq!(table.date.len(), 10, "{table:?}");
        assert!(!table.sources.is_empty() && table.models.len() > 20, "{table:?}");
        let written: Written = toml::from_str(SHIPPED).expect("it is read");
        assert_eq!(table.models.len(), written.models.len(), "each is a price");
        for (name, price) in &table.models {
            assert!(price.cached < price.input && price.input < price.output, "{name}: {price:?}");
        }
    }

    #[test]
    fn a_release_of_a_model_has_its_price_and_another_model_has_none() {
        check("gpt-5.2", Some("gpt-5.2"));
        check("openai/gpt-5.2-2026-01-15", Some("gpt-5.2"));
        check("claude-opus-4-5-20251101", Some("claude-opus-4-5"));
        check("claude-opus-5-5", Some("claude-opus-5-5"));
        check("gemini-3-pro-preview", Some("gemini-3-pro"));
        for other in ["gpt-5-pro", "gpt-5.25", "claude-opus-4", "opus", "", "claude-opus-5-fast"] {
            check(other, None);
        }
    }

    #[test]
    fn a_cost_is_exact_and_rounded_up() {
        let price = Price::of_usd([1.25, 0.125, 10.0]).expect("a price");
        let usage = Usage { input: 1_000_000, cached: 2_000_000, output: 100_000, micro_usd: None };
        assert_eq!(price.of(&usage), 2_500_000);
        assert_eq!(price.of(&Usage { input: 1, ..Usage::default() }), 2);
        let all = Usage { input: u64::MAX, cached: u64::MAX, output: u64::MAX, micro_usd: None };
        assert!(price.of(&all) > 0);
        assert_eq!([-1.0, f64::NAN, f64::INFINITY].map(micro), [None; 3]);
    }
}
