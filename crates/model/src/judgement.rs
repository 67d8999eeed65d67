//! What a verifier found who saw a phase's requirement and the tree, and nothing that the author said.

use crate::digest::hex_sha256;
use crate::failure::{Failure, FailureClass, FailureKind};
use crate::ids::{Oid, PhaseNumber};
use serde::{Deserialize, Serialize};

/// One thing that the phase asks for, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What is asked for.
    pub requirement: String,
    /// What was looked at, and what it showed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    /// `met`, `unmet`, or whatever else the role's schema allows.
    pub verdict: String,
}

/// The answer of a verifier, as its role's schema asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether the tree does all that is asked for.
    pub passed: bool,
    /// What was looked at.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// An answer, with what it is about. It holds for this tree and this requirement, and for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The role that judged.
    pub by: String,
    /// Hex SHA-256 of the requirement, as the verifier was told it.
    pub requirement: String,
    /// The tree.
    pub tree: Oid,
    /// Whether the tree does all that is asked for.
    pub passed: bool,
    /// What was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// The most findings that are handed on to who repairs.
const MOST: usize = 20;

/// What names a requirement.
#[must_use]
pub fn requirement(name: &str, body: &str) -> String {
    hex_sha256(format!("{name}\n{body}").as_bytes())
}

impl Judgement {
    /// What is wrong, for whoever mends it.
    #[must_use]
    pub fn failure(&self, phase: PhaseNumber) -> Failure {
        let unmet = || self.findings.iter().filter(|finding| finding.verdict != "met");
        let first = unmet().next().map_or_else(String::new, |finding| format!(": {}", finding.requirement));
        let line = |finding: &Finding| match finding.evidence.as_str() {
            "" => finding.requirement.clone(),
            evidence => format!("{}: {evidence}", finding.requirement),
        };
        let message = format!("`{}` found that phase {phase} lacks what it asks for{first}", self.by);
        Failure::new(FailureClass::Permanent, FailureKind::RequirementUnmet, message)
            .expected_found("a tree that does what the phase asks for", format!("{} not met", unmet().count()))
            .context(unmet().take(MOST).map(line))
            .remedy("mend the phase in the plan if it asks for what is not meant, or choose an agent that can repair")
    }
}
