//! Attempts as real processes: how they end, what survives which kill, and that nothing is ever left behind.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test, as the tests themselves do")]

mod crashes;
mod endings;
mod output;
mod place;
mod stopping;
