//! The place where pull requests are opened.

use coordinate_model::event::PullRequest;
use coordinate_model::ids::Oid;
use std::path::PathBuf;

/// A pull request to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The commit that is to be taken.
    pub commit: Oid,
    /// The branch that it is pushed as, without `refs/heads/`. Each run has its own, always the same.
    pub branch: String,
    /// Full name of the user's branch that is to take it.
    pub base: String,
    /// The title.
    pub title: String,
    /// The file with the text.
    pub body: PathBuf,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It is open.
    Open(PullRequest),
    /// It could not be opened, which is no failure of the run.
    Declined {
        /// Why, as one sentence.
        reason: String,
        /// The commands that do by hand what is missing, quoted for a shell, in order.
        commands: Vec<String>,
    },
}

/// Opens pull requests.
pub trait Forge: Send + Sync {
    /// Pushes the commit, never by force, and opens a pull request for it.
    ///
    /// Repeating it after a crash at any point in it ends with the same one pull request: a branch that is pushed
    /// already is left, and a request that exists for the branch is found and not opened again.
    fn propose(&self, proposal: &Proposal) -> Answered;
}
