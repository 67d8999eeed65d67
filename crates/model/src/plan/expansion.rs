//! Turns lists of phases with ranges into the numbers that they name.

use super::depends::Span;
use crate::ids::PhaseNumber;

/// The most dependencies that are listed one by one over a whole plan; beyond it ranges are not
/// expanded. A range is a few bytes and may name four billion phases.
const MOST: usize = 4_000_000;

/// Turns spans into numbers against the phases that exist.
pub(super) struct Expansion<'a> {
    numbers: &'a [PhaseNumber],
    left: usize,
}

/// A list of phases, expanded.
pub(super) struct Expanded {
    /// Ascending, each once.
    pub(super) numbers: Vec<PhaseNumber>,
    /// Those that were named more than once.
    pub(super) repeated: Vec<PhaseNumber>,
    /// Whether the plan names more phases than are listed one by one.
    pub(super) too_many: bool,
}

impl<'a> Expansion<'a> {
    /// With the numbers of all phases of the plan, ascending.
    pub(super) fn new(numbers: &'a [PhaseNumber]) -> Self {
        Self { numbers, left: MOST }
    }

    /// All existing phases of the spans; of the missing ones of a range the first.
    pub(super) fn expand(&mut self, spans: &[Span]) -> Expanded {
        let mut numbers = Vec::new();
        let mut too_many = false;
        for (from, to) in spans {
            let known = self.known(*from, *to);
            let width = u64::from(to - from) + 1;
            if known.len() >= self.left {
                too_many = true;
                continue;
            }
            self.left -= known.len().max(1);
            if width > known.len() as u64 {
                numbers.push(first_missing(*from, known));
            }
            numbers.extend_from_slice(known);
        }
        numbers.sort_unstable();
        let mut repeated: Vec<_> = numbers.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        repeated.dedup();
        numbers.dedup();
        Expanded { numbers, repeated, too_many }
    }

    fn known(&self, from: u32, to: u32) -> &'a [PhaseNumber] {
        let low = self.numbers.partition_point(|number| number.0 < from);
        let high = self.numbers.partition_point(|number| number.0 <= to);
        self.numbers.get(low..high).unwrap_or_default()
    }
}

/// The first number from `from` on that is not in a gapless start of `known`.
fn first_missing(from: u32, known: &[PhaseNumber]) -> PhaseNumber {
    let gap = known.iter().zip(from..=u32::MAX).position(|(number, wanted)| number.0 != wanted);
    let after = gap.unwrap_or(known.len());
    PhaseNumber(from.saturating_add(u32::try_from(after).unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_range_is_not_expanded() {
        let numbers: Vec<_> = (1..=5).map(PhaseNumber).collect();
        let expanded = Expansion::new(&numbers).expand(&[(2, u32::MAX), (4, 4)]);
        assert_eq!(expanded.numbers, [2, 3, 4, 5, 6].map(PhaseNumber));
        assert_eq!(expanded.repeated, [PhaseNumber(4)]);
        assert!(!expanded.too_many);
    }

    #[test]
    fn what_a_whole_plan_lists_is_bounded() {
        let numbers: Vec<_> = (1..=5).map(PhaseNumber).collect();
        let mut expansion = Expansion { numbers: &numbers, left: 9 };
        let mut listed = |spans: &[Span]| {
            let expanded = expansion.expand(spans);
            (expanded.numbers.len(), expanded.too_many)
        };
        assert_eq!(listed(&[(1, 5)]), (5, false));
        assert_eq!(listed(&[(1, 4), (2, 3)]), (2, true), "as many as are left are too many");
        assert_eq!(listed(&[(9, 9)]), (1, false), "one that is missing counts as one");
        assert_eq!(listed(&[(1, 1)]), (0, true));
        assert_eq!(first_missing(u32::MAX, &[PhaseNumber(u32::MAX)]), PhaseNumber(u32::MAX));
    }
}
