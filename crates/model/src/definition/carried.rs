//! What of earlier artifacts is carried on: data of a definition.

use super::{ForEach, Retry, StateDefinition, StepKind, StepTemplate, Writes};
use serde::{Deserialize, Serialize};

/// What is carried into a state of what the states before it left. Their texts never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carry {
    /// Paths, with what is known of each artifact without its text.
    Metadata,
    /// Paths alone.
    Paths,
    /// Nothing: the plan and the files that the request names are all that its agents are given.
    Nothing,
}

/// How much an agent is handed of an artifact that it builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handed {
    /// Title and the beginning of the summary.
    Summary,
    /// Also what it recommends and the files that it names, as far as there is room.
    Details,
    /// The whole text.
    Full,
}

impl Handed {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Summary, Self::Details, Self::Full];

    /// Its name, as definitions and roles write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Details => "details",
            Self::Full => "full",
        }
    }
}

impl StateDefinition {
    /// What is carried into the state. Unless it says so itself: what writes artifacts builds on artifacts, phases work
    /// by the plan, and everything else may look where it needs to.
    #[must_use]
    pub fn carries(&self) -> Carry {
        let phased = || self.steps.iter().any(|step| step.for_each == Some(ForEach::Phases));
        let writes = || self.steps.iter().any(|step| step.writes.is_some());
        match self.carry {
            Some(carry) => carry,
            None if phased() => Carry::Nothing,
            None if writes() => Carry::Metadata,
            None => Carry::Paths,
        }
    }
}

impl StepTemplate {
    /// A step that no workflow names.
    pub(crate) fn untold(id: &str, kind: StepKind) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            role: None,
            for_each: None,
            needs: Vec::new(),
            action: None,
            run: Vec::new(),
            writes: None,
            inputs: None,
            when: None,
            question: None,
            timeout_minutes: None,
            retry: Retry::default(),
        }
    }

    /// How much the step's agent is handed of each artifact. `asked` is what its role asks for; the template's own word
    /// counts before it.
    #[must_use]
    pub fn handed(&self, asked: Option<Handed>) -> Handed {
        let usual = match self.writes {
            Some(Writes::Plan | Writes::Revision | Writes::Overview) => Handed::Details,
            Some(Writes::Report | Writes::Debug | Writes::Replan | Writes::Output | Writes::Verdict) | None => {
                Handed::Summary
            }
        };
        self.inputs.or(asked).unwrap_or(usual)
    }
}
