//! How much there is to do in a phase: one formula, in tenths of a point.
//!
//! | what | points |
//! |---|---|
//! | each task | 0.5 |
//! | each file that it says it touches | 0.3 |
//! | each phase that it depends on | 0.2 |
//! | risk: medium, high | 0.5, 1.0 |
//! | complexity as its author wrote it: medium, high; or `N/10` | 1.0, 2.0; or N / 5 |
//!
//! Nothing caps the sum. What counts as too much is a threshold of the project (`replan.complexity`).

use crate::plan::Phase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

const TASK: u32 = 5;
const FILE: u32 = 3;
const DEPENDENCY: u32 = 2;

/// Points of complexity, in tenths: whole numbers compare exactly, on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Tenths(pub u32);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

/// The complexity of a phase.
#[must_use]
pub fn of_phase(phase: &Phase) -> Tenths {
    let parts = [
        counted(phase.tasks.len(), TASK),
        counted(phase.files.len(), FILE),
        counted(phase.depends_on.len(), DEPENDENCY),
        phase.risk.as_deref().map_or(0, |risk| level(risk) * 5),
        phase.complexity.as_deref().map_or(0, written),
    ];
    Tenths(parts.into_iter().fold(0, u32::saturating_add))
}

fn counted(things: usize, each: u32) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX).saturating_mul(each)
}

/// What the author wrote: `7/10`, `7`, or a word.
fn written(text: &str) -> u32 {
    let number = text.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
    match number.and_then(|number| number.parse::<u32>().ok()) {
        Some(number) => number.min(10) * 2,
        None => level(text) * 10,
    }
}

/// 0 for low or nothing, 1 for medium, 2 for high.
fn level(text: &str) -> u32 {
    let text = text.to_lowercase();
    if ["high", "critical", "complex"].iter().any(|word| text.contains(word)) {
        return 2;
    }
    u32::from(["medium", "moderate"].iter().any(|word| text.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Source, parse};

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let text = format!("# P\n\n### Phase 1: One\n\n- [ ] x\n\n### Phase 2: Two\n\n{body}\n");
        let plan = parse(&[Source::new("p.md", text)]).plan;
        assert_eq!(of_phase(&plan.phases[1]).to_string(), expected, "{body}");
    }

    /// Shows S15.
    #[test]
    fn the_formula() {
        check("- [ ] a", "0.5");
        check("- [ ] a\n- [x] b\n- [ ] c", "1.5");
        check("**Dependencies**: [1]\n**Files**: `a.rs`, `b.rs`\n\n- [ ] a", "1.3");
        check("**Risk**: High\n**Complexity**: 7/10\n\n- [ ] a", "2.9");
        check("**Risk**: medium\n**Complexity**: Medium\n\n- [ ] a", "2.0");
        check("**Complexity**: Low\n**Risk**: none\n\n- [ ] a", "0.5");
        check("**Complexity**: 4000000000000\n\n- [ ] a", "0.5");
    }
}
