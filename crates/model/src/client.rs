//! What a model's client says of its own work: how it ended, what it used, which limit it met.
//!
//! A client's word is never proof of success: what it left is verified all the same. It counts where it says that it
//! failed, since clients end with 0 also when their service refused every request.

mod cause;

pub use cause::Cause;

use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// What a client used, as it told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens that were read anew, those that were put into a cache included.
    pub input: u64,
    /// Tokens that were read from a cache.
    #[serde(default)]
    pub cached: u64,
    /// Tokens that were written.
    pub output: u64,
    /// Money in millionths of a US dollar; `None` where the client names no price. A whole number, so that sums do not
    /// depend on their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_usd: Option<u64>,
}

impl Usage {
    /// All tokens.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.input.saturating_add(self.cached).saturating_add(self.output)
    }

    /// What is more than this; a price only where both tell one.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        let price = |whole: u64| whole.saturating_sub(part.micro_usd.unwrap_or_default());
        Self {
            input: self.input.saturating_sub(part.input),
            cached: self.cached.saturating_sub(part.cached),
            output: self.output.saturating_sub(part.output),
            micro_usd: self.micro_usd.map(price),
        }
    }

    /// Both together. A price that one of them lacks is not guessed: the sum is then what is known of it.
    #[must_use]
    pub fn with(self, more: Self) -> Self {
        let price = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (known, None) | (None, known) => known,
        };
        Self {
            input: self.input.saturating_add(more.input),
            cached: self.cached.saturating_add(more.cached),
            output: self.output.saturating_add(more.output),
            micro_usd: price(self.micro_usd, more.micro_usd),
        }
    }
}

/// A limit of use that a client has met.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UsageLimit {
    /// Which one, in the client's words: `five_hour`, `seven_day`. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub window: String,
    /// When it ends, if that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UtcMillis>,
}

/// The last word of a client on its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientResult {
    /// Why it failed; `None`: it says that it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What it says; empty where that is no more than its last message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_a_price_that_only_one_side_tells() {
        let free = Usage { input: 1, cached: 2, output: 3, micro_usd: None };
        let priced = Usage { micro_usd: Some(7), ..free };
        assert_eq!(free.with(priced), Usage { input: 2, cached: 4, output: 6, micro_usd: Some(7) });
        assert_eq!(priced.with(priced).micro_usd, Some(14));
        assert_eq!(free.with(free).micro_usd, None);
        assert_eq!(Usage { output: u64::MAX, ..free }.with(free).tokens(), u64::MAX);
    }
}
