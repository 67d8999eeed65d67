//! A request for leave that a person is asked about: kept with all that the person is to see, and with the answer.

use super::{LONGEST, PermissionRequest};
use crate::digest::hex_sha256;
use crate::event::GateAnswer;
use crate::ids::{RunId, StepId};
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// Who answers when nobody did in time.
pub const TIMEOUT: &str = "the timeout";

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Whether it may be done.
    pub allowed: bool,
    /// Who says so.
    pub by: String,
    /// In their words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// When.
    pub at: UtcMillis,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The try whose client asks.
    pub attempt: u32,
    /// What it asks for.
    pub request: PermissionRequest,
    /// The rule for which it is asked; `None`: no rule speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Since when it waits.
    pub opened: UtcMillis,
    /// When it is closed unanswered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<UtcMillis>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answered>,
    /// Whether the client waits no more although nobody has answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

impl Question {
    /// Whether an answer is wanted.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.answer.is_none() && !self.withdrawn
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_due(&self, now: UtcMillis) -> bool {
        self.is_open() && self.closes.is_some_and(|closes| closes <= now)
    }

    /// A person's answer, for a later try that asks for the very same.
    #[must_use]
    pub fn standing(&self, attempt: u32, request: &PermissionRequest) -> Option<&Answered> {
        let same = self.attempt < attempt && self.request.is_same(request);
        self.answer.as_ref().filter(|answer| same && answer.by != TIMEOUT)
    }
}

impl PermissionRequest {
    /// Whether another asks for the very same. What was cut may differ where it was cut, so it is never the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let nameless = |request: &Self| Self { id: String::new(), title: String::new(), ..request.clone() };
        let cut = |text: &str| text.len() + 4 > LONGEST;
        let texts = [Some(&self.input), self.command.as_ref(), self.diff.as_ref()];
        nameless(self) == nameless(other) && !texts.into_iter().flatten().any(|text| cut(text))
    }
}

/// The short name of a question: of a gate by its step, of a request for leave by its try and id too. Six letters and
/// digits that follow from what it names, so that everybody sees the same one.
#[must_use]
pub fn short_id(run: &RunId, step: &StepId, request: Option<(u32, &str)>) -> String {
    let of_request = request.map(|(attempt, id)| format!("\n{attempt}\n{id}")).unwrap_or_default();
    let hash = hex_sha256(format!("{run}\n{step}{of_request}").as_bytes());
    format!("q{}", hash.get(..6).unwrap_or_default())
}

/// An answer in one word.
#[must_use]
pub fn answer_of(allowed: bool) -> GateAnswer {
    if allowed { GateAnswer::Approved } else { GateAnswer::Rejected }
}
