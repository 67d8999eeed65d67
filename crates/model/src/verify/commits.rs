//! Commits that somebody says there are.

use super::{Check, Verdict, repair};
use crate::artifact::Problem;
use crate::failure::FailureKind;

/// What was seen of the commits that a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitSeen {
    /// All of them are reachable from HEAD.
    Reachable,
    /// There is no such commit.
    Unknown,
    /// It is there, but HEAD does not reach it.
    Elsewhere,
    /// The range holds no commit.
    NoneInRange,
}

/// Judges a revision or a range `a..b`.
#[must_use]
pub fn judge_commits(name: &str, seen: CommitSeen) -> Verdict {
    let problem = |message: &str, expected: &str, found: &str| {
        Some(Problem::new(FailureKind::MissingCommit, message, expected, found))
    };
    let wanted = "a commit that HEAD reaches";
    let (problem, causes): (_, &[&str]) = match seen {
        CommitSeen::Reachable => (None, &[]),
        CommitSeen::Unknown => (
            problem("there is no such commit", wanted, "no commit of this name"),
            &["the commit was told and never made", "it was made in another clone", "the name is misspelt"],
        ),
        CommitSeen::Elsewhere => (
            problem("HEAD does not reach the commit", wanted, "a commit elsewhere"),
            &["it lies on a branch that was not merged", "the branch was rewritten after it"],
        ),
        CommitSeen::NoneInRange => (
            problem("the range is empty", "at least one commit", "none"),
            &["nothing was committed", "the ends of the range are the wrong way round"],
        ),
    };
    let word = repair::word(name);
    let repairs = match seen {
        CommitSeen::Reachable => Vec::new(),
        CommitSeen::Unknown => vec!["git log --oneline --all -10".to_owned()],
        CommitSeen::Elsewhere => vec![format!("git branch --all --contains {word}")],
        CommitSeen::NoneInRange => vec!["git log --oneline -10".to_owned(), "git status --short".to_owned()],
    };
    Verdict {
        name: name.to_owned(),
        check: Check::Commits.name().to_owned(),
        bytes: None,
        problems: problem.into_iter().collect(),
        folder: None,
        causes: causes.iter().map(|cause| (*cause).to_owned()).collect(),
        repairs,
    }
}
