//! How work is merged, and where the result goes.

use super::Config;
use crate::failure::CommandError;
use coordinate_model::merge::{Destination, Merging, Repairing};

impl Config {
    /// The choices in force; `into` is the flag, where it was said.
    pub(crate) fn merging(&self, into: Option<&str>) -> Result<Merging, CommandError> {
        let (repair, own) = (self.text("merge.repair"), self.text("merge.into"));
        let batch = self.number("merge.batch").map(|most| u32::try_from(most).unwrap_or(u32::MAX));
        let chosen = Merging::default();
        Ok(Merging {
            batch: batch.unwrap_or(chosen.batch).max(1),
            repair: repair
                .map_or(Ok(chosen.repair), |word| named("merge.repair", word, &Repairing::ALL, Repairing::name))?,
            into: into
                .or(own)
                .map_or(Ok(chosen.into), |word| named("merge.into", word, &Destination::ALL, Destination::name))?,
        })
    }
}

fn named<T: Copy>(key: &str, word: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, CommandError> {
    let known: Vec<String> = all.iter().map(|one| format!("`{}`", name(*one))).collect();
    let found = all.iter().copied().find(|one| name(*one) == word);
    found.ok_or_else(|| {
        CommandError::usage(format!("`{key}` can not be `{word}`")).hint(format!("it is one of {}", known.join(", ")))
    })
}
