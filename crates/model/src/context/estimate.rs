//! Whether what was produced, or is going to be, is too much for one reader.

/// Tokens of a report of which nothing is known yet.
pub const TYPICAL_REPORT: u64 = 3_000;
/// The part of a model's window that reports may take, in percent. Above it they go through a supervisor, which hands up
/// metadata only.
pub const LARGEST_PERCENT: u64 = 50;

/// How much of a model's window texts take, in percent, rounded up. A window of nothing is always full.
#[must_use]
pub fn percent_of_window(tokens: u64, window: u64) -> u64 {
    if window == 0 { u64::MAX } else { tokens.saturating_mul(100).div_ceil(window) }
}

/// Whether flat results are too much for a window: those that are known, and as many more as are still to come, each
/// taken for as long as the known ones are on the average.
#[must_use]
pub fn is_too_much(known: &[u64], to_come: usize, window: u64) -> bool {
    let sum: u64 = known.iter().fold(0, |sum, tokens| sum.saturating_add(*tokens));
    let each = if known.is_empty() { TYPICAL_REPORT } else { sum / known.len() as u64 };
    percent_of_window(sum.saturating_add(each.saturating_mul(to_come as u64)), window) > LARGEST_PERCENT
}
