//! What may have led to a refused artifact, and what to do about it.

use super::{Check, Observed};
use crate::artifact::Problem;
use crate::failure::FailureKind;
use crate::shell::posix_word;

/// Likely causes, each once, in the order of the faults.
pub(super) fn causes(problems: &[Problem], seen: &Observed) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    for problem in problems {
        for cause in of(problem, seen) {
            if !causes.iter().any(|known| known == *cause) {
                causes.push((*cause).to_owned());
            }
        }
    }
    causes
}

fn of(problem: &Problem, seen: &Observed) -> &'static [&'static str] {
    match problem.kind {
        FailureKind::OutsideProject => &[
            "the path was put together from another folder than the project's",
            "a symbolic link on the way leads out of the project",
        ],
        FailureKind::MissingFile if !seen.folder.exists => {
            &["the agent stopped before it wrote anything", "it wrote below another folder"]
        }
        FailureKind::MissingFile => &[
            "the agent wrote under another name: compare with the newest files of the folder",
            "it printed the text instead of writing the file",
            "it stopped early",
        ],
        FailureKind::EmptyFile => &[
            "the file was made in advance and never filled",
            "the agent was stopped while it wrote",
            "the disk is full",
        ],
        FailureKind::ContractUnmet => &[
            "the agent wrote in a form of its own instead of the one that its prompt asks for",
            "it stopped before it had filled in all of it",
        ],
        FailureKind::SchemaUnmet => &["the agent wrote words around the JSON, or other fields than its role asks for"],
        FailureKind::PlanInvalid => &["the plan was written in another form than phases with tasks and dependencies"],
        FailureKind::BrokenLink if problem.found.contains("root") => {
            &["links were written from the project's root; they count from the file's own folder"]
        }
        FailureKind::BrokenLink => &["the file was moved, renamed or never written"],
        FailureKind::System => &["the file belongs to somebody else, or its permissions forbid reading it"],
        FailureKind::ExitCode
        | FailureKind::MissingCommit
        | FailureKind::Crash
        | FailureKind::ClientFailed
        | FailureKind::NoResult
        | FailureKind::NotStarted
        | FailureKind::IdleTimeout
        | FailureKind::HardTimeout
        | FailureKind::OutputLimit
        | FailureKind::FileStillThere
        | FailureKind::NoWork
        | FailureKind::PlanEdited
        | FailureKind::HistoryRewritten
        | FailureKind::NoInstructions
        | FailureKind::TestFailure
        | FailureKind::RequirementUnmet
        | FailureKind::Conflict
        | FailureKind::GateRejected
        | FailureKind::UnmetNeeds
        | FailureKind::Lost => &[],
    }
}

/// Commands to look and to repair, in the order of the faults; last the one that checks again.
pub(super) fn commands((what, options): (Check, &str), problems: &[Problem], seen: &Observed) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for kind in problems.iter().map(|problem| problem.kind) {
        for command in for_kind(what, kind, seen) {
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
    }
    if !problems.is_empty() {
        let words = ["coordinate verify", what.name(), options, &word(&seen.path)];
        commands.push(words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    }
    commands
}

fn for_kind(what: Check, kind: FailureKind, seen: &Observed) -> Vec<String> {
    let path = word(&seen.path);
    let name = word(seen.path.rsplit('/').next().unwrap_or_default());
    let folder = word(&seen.folder.path);
    match kind {
        FailureKind::MissingFile if seen.folder.exists => {
            vec![format!("ls -lat {folder}"), format!("find . -name {name} -not -path './.git/*'")]
        }
        FailureKind::MissingFile => {
            vec![format!("find . -name {name} -not -path './.git/*'"), format!("mkdir -p {folder}")]
        }
        FailureKind::OutsideProject => vec![format!("ls -l {path}")],
        FailureKind::System => vec![format!("ls -ld {folder} {path}")],
        FailureKind::EmptyFile => vec!["df -h .".to_owned()],
        FailureKind::PlanInvalid => vec![format!("coordinate plan check {path}")],
        // The command that checks again shows them.
        FailureKind::BrokenLink if what == Check::Links => Vec::new(),
        FailureKind::BrokenLink => vec![format!("coordinate verify links {path}")],
        FailureKind::ContractUnmet
        | FailureKind::SchemaUnmet
        | FailureKind::MissingCommit
        | FailureKind::ExitCode
        | FailureKind::Crash
        | FailureKind::ClientFailed
        | FailureKind::NoResult
        | FailureKind::NotStarted
        | FailureKind::IdleTimeout
        | FailureKind::HardTimeout
        | FailureKind::OutputLimit
        | FailureKind::FileStillThere
        | FailureKind::NoWork
        | FailureKind::PlanEdited
        | FailureKind::HistoryRewritten
        | FailureKind::NoInstructions
        | FailureKind::TestFailure
        | FailureKind::RequirementUnmet
        | FailureKind::Conflict
        | FailureKind::GateRejected
        | FailureKind::UnmetNeeds
        | FailureKind::Lost => Vec::new(),
    }
}

/// A path as the shell reads it back unchanged; plain ones stay readable.
pub(super) fn word(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@".contains(c);
    if !path.is_empty() && !path.starts_with('-') && path.chars().all(plain) {
        return path.to_owned();
    }
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    String::from_utf8_lossy(&posix_word(path.as_bytes())).into_owned()
}
