//! Context economy: what of earlier artifacts an agent is handed, and what it costs.
//!
//! A text is read by whoever needs it, out of its file. What is handed on by itself is its metadata, and of a state that
//! was left only what the next state's policy carries on. One place decides it: the prompts are made of it, and `show
//! --context` counts it.

mod account;
mod carried;
mod estimate;
mod tell;

pub use account::{Account, Produced, Received, Receiver};
pub use carried::{Depth, Item, carried};
pub use estimate::{LARGEST_PERCENT, TYPICAL_REPORT, is_too_much, percent_of_window};
pub use tell::{TARGET_FROM, TARGET_PER_MILLE, Told, is_reached, less_per_mille, tell};

#[cfg(test)]
mod tests;
