//! Completion lines: with which an agent says that it is done, and what it left. A claim, never a proof.

use crate::artifact::ArtifactKind;

/// The lines that contracts name. A role may end with another one of the same form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// A report was written.
    Report,
    /// An overview was written.
    Overview,
    /// A plan was written.
    Plan,
    /// A plan was revised.
    Revision,
    /// A debug report was written.
    DebugReport,
    /// A summary was written.
    Summary,
    /// Another file was written.
    Output,
    /// A supervisor hands up its aggregation.
    Supervisor,
    /// A phase is done.
    Phase,
    /// This many tests pass.
    TestsPassed,
    /// This many tests fail.
    TestsFailed,
    /// A pull request was opened.
    PullRequest,
    /// The plan lacks something.
    ScopeDrift,
}

impl Completion {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Report,
        Self::Overview,
        Self::Plan,
        Self::Revision,
        Self::DebugReport,
        Self::Summary,
        Self::Output,
        Self::Supervisor,
        Self::Phase,
        Self::TestsPassed,
        Self::TestsFailed,
        Self::PullRequest,
        Self::ScopeDrift,
    ];

    /// What stands before the colon.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Report => ArtifactKind::Report.completion(),
            Self::Overview => ArtifactKind::Overview.completion(),
            Self::Plan => ArtifactKind::Plan.completion(),
            Self::Revision => "REVISION_COMPLETED",
            Self::DebugReport => ArtifactKind::Debug.completion(),
            Self::Summary => ArtifactKind::Summary.completion(),
            Self::Output => ArtifactKind::Output.completion(),
            Self::Supervisor => "SUPERVISOR_COMPLETE",
            Self::Phase => "PHASE_COMPLETE",
            Self::TestsPassed => "TESTS_PASSED",
            Self::TestsFailed => "TESTS_FAILED",
            Self::PullRequest => "PR_CREATED",
            Self::ScopeDrift => "SCOPE_DRIFT",
        }
    }

    /// What stands behind the colon, for people.
    #[must_use]
    pub fn value(self) -> &'static str {
        match self {
            Self::Report | Self::Overview | Self::Plan | Self::Revision => "PATH",
            Self::DebugReport | Self::Summary | Self::Output => "PATH",
            Self::Supervisor => "JSON",
            Self::Phase => "NUMBER",
            Self::TestsPassed | Self::TestsFailed => "NUMBER",
            Self::PullRequest => "URL",
            Self::ScopeDrift => "WHY",
        }
    }
}

/// A completion line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    /// What stands before the colon.
    pub name: &'a str,
    /// What stands behind it.
    pub value: &'a str,
}

impl<'a> Claim<'a> {
    /// The value, if this is a line of that kind.
    #[must_use]
    pub fn of(&self, completion: Completion) -> Option<&'a str> {
        (self.name == completion.name()).then_some(self.value)
    }
}

/// How the names of completion lines end that no contract knows.
const ENDS: [&str; 6] = ["_CREATED", "_COMPLETE", "_COMPLETED", "_PASSED", "_FAILED", "_DRIFT"];

/// What models put around a line that they want to be seen.
const DRESS: &[char] = &['*', '`', '-', '>', '#', '"', ' ', '\t'];

/// A line of output as a completion line, if it is one: `REPORT_CREATED: path`, also in Markdown's dress.
#[must_use]
pub fn claim(line: &str) -> Option<Claim<'_>> {
    let (name, value) = line.trim_start_matches(DRESS).split_once(':')?;
    let name = name.trim_end_matches(DRESS);
    let of_form = ENDS.iter().any(|end| name.len() > end.len() && name.ends_with(end));
    let plain = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    // JSON ends with what would otherwise be dress.
    let value = value.trim_start_matches(DRESS).trim_end_matches(['*', '`', ' ', '\t', '\r']);
    (of_form && plain && !value.is_empty()).then_some(Claim { name, value })
}
