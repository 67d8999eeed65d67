//! Verification of artifacts: what stands on the disk becomes a verdict, with likely causes and the commands to repair.
//!
//! Pure: the engine observes, this judges, and the reporters show it.

mod commits;
mod repair;
#[cfg(test)]
mod tests;

use crate::artifact::{ArtifactKind, Problem, check, check_plan};
use crate::failure::{Failure, FailureClass, FailureKind};
use crate::links::FileLink;
use crate::plan::Source;
pub use commits::{CommitSeen, judge_commits};
use serde::{Deserialize, Serialize};

/// What an artifact is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// That it is there, inside the project, and keeps the contract of its kind.
    Artifact(ArtifactKind),
    /// That it is there, inside the project, and its links lead to files.
    Links,
    /// Of commits: that they are there and reachable.
    Commits,
}

impl Check {
    /// The name of what is checked, as `coordinate verify` calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Artifact(ArtifactKind::Output) => "file",
            Self::Artifact(kind) => kind.name(),
            Self::Links => "links",
            Self::Commits => "commits",
        }
    }

    /// Whether broken links are faults. A plan may link to files that its phases are to make.
    fn wants_links(self) -> bool {
        match self {
            Self::Links => true,
            Self::Commits => false,
            Self::Artifact(kind) => match kind {
                ArtifactKind::Report | ArtifactKind::Overview | ArtifactKind::Debug | ArtifactKind::Summary => true,
                ArtifactKind::Plan | ArtifactKind::Output => false,
            },
        }
    }
}

/// What stands at an artifact's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Nothing,
    /// A folder, with the Markdown files in it.
    Folder(Vec<Source>),
    /// A file that could not be read.
    Unreadable {
        /// The system's message.
        cause: String,
    },
    /// A file that is no UTF-8 text.
    Bytes,
    /// A text.
    Text(String),
}

/// Where a link leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// To something that is there.
    Somewhere,
    /// To nothing; but from the project's root it would lead to something.
    FromRootOnly,
    /// To nothing.
    Nowhere,
}

/// The folder in which an artifact lies, or should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// Its path.
    pub path: String,
    /// Whether it is there.
    pub exists: bool,
    /// The newest names in it, newest first.
    pub newest: Vec<String>,
}

/// All that was seen of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Its path: relative to the project if it lies in it.
    pub path: String,
    /// Whether it lies inside the project, links followed. What does not is not read.
    pub inside: bool,
    /// Its size in bytes.
    pub bytes: u64,
    /// What stands there.
    pub content: Content,
    /// Its folder.
    pub folder: Folder,
    /// Its links, and where each leads.
    pub links: Vec<(FileLink, Leads)>,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The artifact's path, or the commits as they were named.
    pub name: String,
    /// What it was checked for, as [`Check::name`] says it.
    pub check: String,
    /// Its size in bytes, if it is a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What is wrong, the gravest first.
    pub problems: Vec<Problem>,
    /// The folder in which it lies, or should.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<Folder>,
    /// What may have led to it, the likelier first.
    pub causes: Vec<String>,
    /// What to run or to do, in this order.
    pub repairs: Vec<String>,
}

/// Judges what was seen.
#[must_use]
pub fn judge(what: Check, seen: &Observed) -> Verdict {
    judge_by(what, seen, "", &|_| Vec::new())
}

/// Judges what was seen; a text that is there is also looked at by `more`, which `coordinate verify` does by `options`.
#[must_use]
pub fn judge_by(what: Check, seen: &Observed, options: &str, more: &dyn Fn(&str) -> Vec<Problem>) -> Verdict {
    let mut problems = match (standing(what, seen), &seen.content) {
        (Some(problem), _) => vec![problem],
        (None, Content::Text(text)) => [content_problems(what, seen), more(text)].concat(),
        (None, Content::Nothing | Content::Folder(_) | Content::Unreadable { .. } | Content::Bytes) => {
            content_problems(what, seen)
        }
    };
    problems.extend(seen.links.iter().filter(|_| what.wants_links()).filter_map(broken));
    let causes = repair::causes(&problems, seen);
    let repairs = repair::commands((what, options), &problems, seen);
    Verdict {
        name: seen.path.clone(),
        check: what.name().to_owned(),
        bytes: Some(seen.bytes),
        problems,
        // What lies outside the project is nobody's business here.
        folder: seen.inside.then(|| seen.folder.clone()),
        causes,
        repairs,
    }
}

/// What is wrong with the file itself, so that its text need not be asked.
fn standing(what: Check, seen: &Observed) -> Option<Problem> {
    if !seen.inside {
        let message = "the path leads out of the project";
        return Some(Problem::new(
            FailureKind::OutsideProject,
            message,
            "a file inside the project",
            "a place outside",
        ));
    }
    let problem = |kind, message: &str, found: &str| Some(Problem::new(kind, message, "a file with content", found));
    match &seen.content {
        Content::Nothing => problem(FailureKind::MissingFile, "the file is missing", "no such file"),
        Content::Folder(_) if what == Check::Artifact(ArtifactKind::Plan) => None,
        Content::Folder(_) => problem(FailureKind::MissingFile, "there is a folder in the file's place", "a folder"),
        Content::Unreadable { cause } => problem(FailureKind::System, "the file can not be read", cause),
        Content::Bytes if what == Check::Artifact(ArtifactKind::Output) => None,
        Content::Bytes => problem(FailureKind::ContractUnmet, "the file is no UTF-8 text", "other bytes"),
        Content::Text(_) => None,
    }
}

fn content_problems(what: Check, seen: &Observed) -> Vec<Problem> {
    match (what, &seen.content) {
        (Check::Artifact(kind), Content::Text(text)) => check(kind, &seen.path, text),
        (Check::Artifact(_), Content::Folder(sources)) => check_plan(sources),
        (Check::Links | Check::Commits, _) | (_, Content::Nothing | Content::Unreadable { .. } | Content::Bytes) => {
            Vec::new()
        }
    }
}

fn broken((link, leads): &(FileLink, Leads)) -> Option<Problem> {
    let found = match leads {
        Leads::Somewhere => return None,
        Leads::FromRootOnly => "a path from the project's root",
        Leads::Nowhere => "no such file",
    };
    let message = format!("the link `{}` leads nowhere", link.target);
    Some(Problem::new(FailureKind::BrokenLink, message, "a path from the file's own folder", found).at(link.line))
}

/// How many faults a failure tells in full; the command that it names tells the rest.
const TOLD: usize = 10;

impl Verdict {
    /// Whether nothing is wrong with it.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// The verdict as the failure of the attempt that was to leave the artifact.
    ///
    /// Its message is that of the gravest fault; the others are its context.
    #[must_use]
    pub fn to_failure(&self) -> Failure {
        let nothing = Problem::new(FailureKind::ContractUnmet, "the artifact was refused", "", "");
        let first = self.problems.first().unwrap_or(&nothing);
        let more = self.problems.len().saturating_sub(1);
        let more_text = if more == 0 { String::new() } else { format!(" (and {more} more)") };
        let message = format!("`{}`: {}{more_text}", self.name, first.message);
        let others = self.problems.iter().skip(1).take(TOLD).map(line_of);
        let causes = self.causes.iter().map(|cause| format!("likely: {cause}"));
        let failure = Failure::new(FailureClass::AgentMisbehaved, first.kind, message)
            .expected_found(first.expected.clone(), first.found.clone())
            .context(others)
            .context(self.folder.iter().map(folder_line))
            .context(causes);
        self.repairs.iter().fold(failure, |failure, repair| failure.remedy(repair.clone()))
    }
}

/// All that a step was to leave as one failure: that of the first artifact that was refused, with the other verdicts
/// as context. `None` when all are good.
#[must_use]
pub fn to_one_failure(verdicts: &[Verdict]) -> Option<Failure> {
    let mut refused = verdicts.iter().filter(|verdict| !verdict.ok());
    let failure = refused.next()?.to_failure();
    let also = refused.flat_map(|verdict| {
        let problems = verdict.problems.iter().take(TOLD);
        problems.map(|problem| format!("also `{}`: {}", verdict.name, line_of(problem)))
    });
    let good = verdicts.iter().filter(|verdict| verdict.ok()).map(|verdict| format!("good: `{}`", verdict.name));
    Some(failure.context(also.chain(good)))
}

/// A fault in one line.
#[must_use]
pub fn line_of(problem: &Problem) -> String {
    match problem.line {
        Some(line) => format!("line {line}: {}", problem.message),
        None => problem.message.clone(),
    }
}

/// What is known of a folder in one line.
#[must_use]
pub fn folder_line(folder: &Folder) -> String {
    let path = &folder.path;
    match (folder.exists, folder.newest.is_empty()) {
        (false, _) => format!("the folder `{path}` is not there"),
        (true, true) => format!("the folder `{path}` is empty"),
        (true, false) => format!("the folder `{path}` is there; newest in it: {}", folder.newest.join(", ")),
    }
}
