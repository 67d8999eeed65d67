//! The merge queue: which trees of a batch are tested, and what their results mean. Pure.
//!
//! A batch is a chain of candidate commits, one per phase, one on another. Its tip is tested first: where that is green
//! all of them go in with one move of the branch. Where it is red, the chain is halved until the first commit is found
//! that fails while the one before it does not. Nothing of this is kept: where a bisection stands follows from the verdicts
//! on the trees, so that a kill loses one test run at most and repeats none.

use crate::failure::Failure;
use crate::ids::{Oid, StepId};
use serde::{Deserialize, Serialize};

/// How work is merged, as a person chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merging {
    /// The most phases that are merged and tested together; 1: each by itself.
    pub batch: u32,
    /// Who mends a merge that does not go in.
    #[serde(default, skip_serializing_if = "is_agent")]
    pub repair: Repairing,
    /// Where the result goes.
    #[serde(default, skip_serializing_if = "is_branch")]
    pub into: Destination,
}

impl Default for Merging {
    fn default() -> Self {
        Self { batch: 4, repair: Repairing::Agent, into: Destination::Branch }
    }
}

impl Merging {
    /// Whether it is what a run has of which nobody said anything.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Who mends a merge that conflicts, or whose tests fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repairing {
    /// An agent, at once.
    #[default]
    Agent,
    /// An agent, once a person has allowed it.
    Gate,
    /// Nobody: the phase fails, and both sides are kept.
    Off,
}

impl Repairing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Agent, Self::Gate, Self::Off];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Gate => "gate",
            Self::Off => "off",
        }
    }
}

/// Where the result of a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Destination {
    /// The user's branch, by fast-forward.
    #[default]
    Branch,
    /// A pull request; the user's branch is left alone.
    Pr,
    /// Nowhere: it waits on the run's branch.
    None,
}

impl Destination {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Branch, Self::Pr, Self::None];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Pr => "pr",
            Self::None => "none",
        }
    }
}

fn is_agent(repair: &Repairing) -> bool {
    *repair == Repairing::Agent
}

fn is_branch(into: &Destination) -> bool {
    *into == Destination::Branch
}

/// A commit whose tree is tested, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The commit.
    pub commit: Oid,
    /// Its tree.
    pub tree: Oid,
    /// The command that tests it; `None`: it has no tests, which counts as green.
    pub command: Option<String>,
}

/// Two sides that do not merge by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The integration branch at that time, or its candidate.
    pub ours: Oid,
    /// The work that was to be merged.
    pub theirs: Oid,
    /// The paths in conflict.
    pub paths: Vec<String>,
    /// The commit on both that holds the merge as far as it goes, with git's markers where it does not. Whoever repairs it
    /// begins there.
    pub marked: Oid,
}

/// One phase of a batch, as its candidate came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its merge step.
    pub step: StepId,
    /// The candidate commit, on the one before it in the chain; or why there is none.
    pub joined: Result<Probe, Box<Apart>>,
}

/// Why a phase can not be a part of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// In words.
    pub failure: Failure,
    /// The two sides.
    pub conflict: Conflict,
}

/// One phase of a chain that goes in, as it is written into the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// Its merge step.
    pub step: StepId,
    /// The try.
    pub attempt: u32,
    /// Its commit.
    pub commit: Oid,
}

/// What is known of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its tests pass, or it has none.
    Green,
    /// Its tests fail.
    Red,
    /// They were not run on it.
    Unknown,
}

/// What is to be done with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Test the tree at this place; 0 is the branch itself.
    Test(usize),
    /// All of it goes in.
    Take,
    /// The commit at this place fails where the one before it does not: those before it go in.
    Guilty(usize),
}

/// What follows from what is known of a chain: `standings` begins with the branch itself, the chain's commits follow.
///
/// Tests that failed before anything was merged are nobody's fault here, so a red branch takes everything. Else the first
/// guilty commit is found with as few runs as halving takes.
#[must_use]
pub fn next(standings: &[Standing]) -> Next {
    let tip = standings.len().saturating_sub(1);
    let at = |place: usize| standings.get(place).copied().unwrap_or(Standing::Unknown);
    if tip == 0 {
        return Next::Take;
    }
    match (at(tip), at(0)) {
        (Standing::Unknown, _) => Next::Test(tip),
        (Standing::Green, _) | (Standing::Red, Standing::Red) => Next::Take,
        (Standing::Red, Standing::Unknown) => Next::Test(0),
        (Standing::Red, Standing::Green) => halve(tip, at),
    }
}

/// Between a green place and a red one behind it, until they are neighbours.
fn halve(tip: usize, at: impl Fn(usize) -> Standing) -> Next {
    let (mut green, mut red) = (0, tip);
    while red - green > 1 {
        let middle = green + (red - green) / 2;
        match at(middle) {
            Standing::Green => green = middle,
            Standing::Red => red = middle,
            Standing::Unknown => return Next::Test(middle),
        }
    }
    Next::Guilty(red)
}

/// What is known of a chain's trees, by the verdicts that there are. The branch itself counts as green where it is tested
/// by another command than the tip: that command's failure was not there before.
pub fn standings(base: &Probe, chain: &[&Probe], passed: impl Fn(&str, &Oid) -> Option<bool>) -> Vec<Standing> {
    let of = |probe: &Probe| match probe.command.as_deref().map(|command| passed(command, &probe.tree)) {
        None | Some(Some(true)) => Standing::Green,
        Some(Some(false)) => Standing::Red,
        Some(None) => Standing::Unknown,
    };
    let same = chain.last().is_none_or(|tip| tip.command == base.command);
    let first = if same { of(base) } else { Standing::Green };
    std::iter::once(first).chain(chain.iter().map(|probe| of(probe))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Follows a chain to its end, where the tests fail from each of these commits up to the one before the second
    /// number; gives what came of it and the trees that were tested.
    fn follow(length: usize, red: impl Fn(usize) -> bool) -> (Next, Vec<usize>) {
        let mut known = vec![Standing::Unknown; length + 1];
        let mut tested = Vec::new();
        loop {
            match next(&known) {
                Next::Test(at) => {
                    assert!(!tested.contains(&at), "{at} is tested twice");
                    tested.push(at);
                    known[at] = if red(at) { Standing::Red } else { Standing::Green };
                }
                end => return (end, tested),
            }
        }
    }

    #[test]
    fn a_green_tip_needs_one_run_and_one_guilty_phase_few() {
        assert_eq!(follow(0, |_| true), (Next::Take, vec![]));
        assert_eq!(follow(4, |_| false), (Next::Take, vec![4]));
        assert_eq!(follow(1, |at| at > 0), (Next::Guilty(1), vec![1, 0]));
        assert_eq!(follow(4, |at| at >= 3), (Next::Guilty(3), vec![4, 0, 2, 3]));
        assert_eq!(follow(8, |at| at >= 1), (Next::Guilty(1), vec![8, 0, 4, 2, 1]));
    }

    #[test]
    fn what_was_red_before_is_nobodys_fault() {
        assert_eq!(follow(3, |_| true), (Next::Take, vec![3, 0]));
    }

    #[test]
    fn a_branch_that_is_tested_otherwise_was_not_red_before() {
        let probe = |name: &str, command: Option<&str>| Probe {
            commit: crate_oid(name),
            tree: crate_oid(name),
            command: command.map(str::to_owned),
        };
        let (base, tip) = (probe("a", Some("make test")), probe("b", Some("cargo test")));
        assert_eq!(standings(&base, &[&tip], |_, _| Some(false)), [Standing::Green, Standing::Red]);
        let none = probe("c", None);
        assert_eq!(standings(&none, &[&none], |_, _| None), [Standing::Green, Standing::Green]);
        assert_eq!(standings(&tip, &[&tip], |_, _| None), [Standing::Unknown, Standing::Unknown]);
    }

    fn crate_oid(name: &str) -> Oid {
        serde_json::from_value(serde_json::Value::String(name.repeat(40))).unwrap()
    }

    proptest! {
        /// Whatever fails: who is blamed is red, and who goes before it is green.
        #[test]
        fn the_guilty_one_is_red_and_the_one_before_it_green(length in 1..40_usize, red in proptest::collection::vec(any::<bool>(), 41)) {
            let (end, tested) = follow(length, |at| red[at]);
            match end {
                Next::Take => prop_assert!(!red[length] || red[0]),
                Next::Guilty(at) => prop_assert!(red[at] && !red[at - 1]),
                Next::Test(_) => prop_assert!(false),
            }
            prop_assert!(tested.len() <= 2 + length.ilog2() as usize + 1);
        }
    }
}
