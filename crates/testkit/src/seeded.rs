//! Ids and chance that depend on nothing but what they are asked with, so that a simulation can be repeated.

use coordinate_model::digest::hex_sha256;
use coordinate_model::ids::{Oid, RunId};
use std::fmt::Display;

/// The run id of a number.
#[must_use]
pub fn run_id(number: u64) -> RunId {
    format!("{}{number:026}", RunId::PREFIX).parse().expect("a decimal number of 26 digits is an id")
}

/// The object name of a text: the same text gives the same name.
#[must_use]
pub fn oid(text: impl Display) -> Oid {
    hex_sha256(text.to_string().as_bytes())[..40].parse().expect("a hash is an object name")
}

/// A number that follows from a seed and a key: asked again, also by another process, it is the same.
#[must_use]
pub fn number(seed: u64, key: impl Display) -> u64 {
    let hash = hex_sha256(format!("{seed}/{key}").as_bytes());
    u64::from_str_radix(&hash[..16], 16).expect("16 hexadecimal digits are a number")
}

/// A stream of numbers from a seed (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 for an empty range.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.draw() % end).unwrap_or(0)
    }

    /// True in about `percent` of 100 cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.draw() % 100 < percent
    }

    /// One of a slice.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}
