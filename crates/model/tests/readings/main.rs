//! What the model makes of many made texts, held against what it made of them before; see
//! [`coordinate_testkit::readings`] for how to look at one.

#![expect(clippy::unwrap_used, reason = "a failed set-up can only end the test")]

mod artifacts;
mod checkpoints;
mod definitions;
mod edges;
mod failures;
mod fields;
mod folders;
mod forecasts;
mod grammar;
mod leave;
mod limits;
mod names;
mod plans;
mod replans;
mod requests;
mod roles;
mod shells;
mod standards;
mod words;

use coordinate_testkit::seeded::Chance;

/// One of several.
pub(crate) fn one<'a>(chance: &mut Chance, of: &[&'a str]) -> &'a str {
    of[chance.below(of.len())]
}
