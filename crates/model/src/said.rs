//! What people and policies say to the agent of a step, while it works or before it works on.

use crate::ids::StepId;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// Something that is said to an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who says it.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub what: Saying,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Saying {
    /// How to go on.
    Steer {
        /// In the person's words.
        text: String,
    },
    /// The answer to what the client asks leave for.
    Permission {
        /// The [request](crate::permission::PermissionRequest::id).
        request: String,
        /// Whether it may be done.
        allowed: bool,
        /// Why, for the agent.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
}

/// An attempt that something was handed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The step.
    pub step: StepId,
    /// The try.
    pub attempt: u32,
}

/// Something that was said, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What was said.
    pub said: Said,
    /// The only attempt that it is meant for; `None`: whichever works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// When it was said.
    pub at: UtcMillis,
    /// The newest attempt that it was handed to, in its prompt or while it worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Reached>,
    /// Whether that attempt's client took it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub heard: bool,
}

impl Message {
    /// The words of somebody who steers.
    #[must_use]
    pub fn steering(&self) -> Option<&str> {
        match &self.said.what {
            Saying::Steer { text } => Some(text),
            Saying::Permission { .. } => None,
        }
    }

    /// Whether it is to be told to this attempt now.
    #[must_use]
    pub fn is_due(&self, attempt: u32) -> bool {
        self.told.is_none() && self.attempt.is_none_or(|only| only == attempt)
    }
}
