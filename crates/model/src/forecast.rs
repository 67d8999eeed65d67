//! Which phases of a plan are going to change the same files: told before they begin, by what the plan says and by what
//! the history shows.
//!
//! A forecast is a hint and never a lock: it decides which of two phases that could run at once begins later, and not
//! what either may change.

mod files;
mod learn;
mod meet;
mod pattern;

pub use files::{Named, files};
pub use learn::{COMMITS, Learned, Past, learn};
pub use meet::meetings;

use crate::ids::{PhaseNumber, StepId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Plans with more phases get no forecast: whether two of them wait for one another is looked up for every pair.
pub const MOST_PHASES: usize = 1_000;

/// How sure it is that a phase changes a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sure {
    /// The history shows that it changes with what the phase changes.
    Learned,
    /// A task of the phase names it.
    Mentioned,
    /// The phase's files field names it.
    Declared,
}

impl Sure {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Learned => "learned",
            Self::Mentioned => "mentioned",
            Self::Declared => "declared",
        }
    }
}

/// A path that two phases change, and how sure that is: as sure as the less sure of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// The path, or the pattern where only patterns meet.
    pub path: String,
    /// How sure it is.
    pub sure: Sure,
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.path)
    }
}

/// Two phases that may run at once and change the same paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// The phase with the lower number.
    pub first: PhaseNumber,
    /// The other one.
    pub second: PhaseNumber,
    /// How sure it is: as sure as its surest path.
    pub sure: Sure,
    /// What both change: the surest first, then by name; no more than a few.
    pub paths: Vec<Shared>,
    /// How many more paths there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u32,
}

/// Another phase that a phase meets, as the phase itself sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// The other phase.
    pub phase: PhaseNumber,
    /// How sure it is.
    pub sure: Sure,
    /// What both change.
    pub paths: Vec<String>,
}

/// What is done about phases that meet. Runs of older formats have none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether phases that are foreseen to meet are kept from running at once.
    pub avoid: bool,
    /// What follows where two are seen to meet while they work.
    pub overlap: Overlapping,
}

impl Default for Settings {
    fn default() -> Self {
        Self { avoid: true, overlap: Overlapping::Pause }
    }
}

/// What follows where two phases are seen to change the same files while they work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlapping {
    /// The one that began later is stopped, kept, and goes on when the other is merged.
    Pause,
    /// It is told, and nothing else.
    Warn,
    /// Nobody looks.
    Off,
}

impl Overlapping {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pause, Self::Warn, Self::Off];

    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }
}

/// Two phases that were seen to change the same files while they worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// The phase that began first.
    pub earlier: PhaseNumber,
    /// The other one.
    pub later: PhaseNumber,
    /// The other one's step.
    pub step: StepId,
    /// The try that made way, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What both had changed.
    pub paths: Vec<String>,
}

impl Overlap {
    /// Whether it is of these two phases, whichever was first.
    #[must_use]
    pub fn is_of(&self, one: PhaseNumber, two: PhaseNumber) -> bool {
        (self.earlier, self.later) == (one, two) || (self.earlier, self.later) == (two, one)
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
