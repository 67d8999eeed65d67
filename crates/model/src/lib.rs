//! The pure core: what a run is, what may happen to it, and what is to be done next.
//!
//! Nothing in this crate reads a file, a clock, the environment or a random number, and nothing in it
//! panics on any input. Bad input gives diagnostics with a place; an impossible journal gives
//! [`Corruption`](run::Corruption).

pub mod ids;
pub mod time;
