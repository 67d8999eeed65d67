//! What was seen of an agent at work.

use crate::client::{ClientResult, Usage, UsageLimit};
use crate::permission::PermissionRequest;
use serde::{Deserialize, Serialize};

/// What an agent did, in the few words that a journal keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Observation {
    /// The client's session.
    Session {
        /// Its id.
        id: String,
    },
    /// A tool or command began.
    ToolStarted {
        /// Its name.
        tool: String,
        /// The first line of what it does.
        detail: String,
        /// The file that it changes, as the client names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        /// The client's id for this call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
    },
    /// A tool or command ended.
    ToolEnded {
        /// Its name; empty where the client names only the call.
        tool: String,
        /// Whether it went well.
        ok: bool,
        /// The client's id for the call that ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
    },
    /// Something was said; at most 4 KiB of it.
    Message {
        /// The text.
        text: String,
    },
    /// A completion line of the contract.
    Claim {
        /// The line.
        line: String,
    },
    /// Something was used.
    Usage {
        /// How much.
        usage: Usage,
        /// Whether it is all that this attempt used so far, and not only what came on top.
        total: bool,
    },
    /// The model that the client works with, where it tells it.
    Model {
        /// Its name.
        name: String,
    },
    /// A run below has spent this so far, since this attempt took it up.
    Below {
        /// What its clients used.
        usage: Usage,
        /// How many attempts were begun there.
        attempts: u32,
    },
    /// A limit of use was met.
    LimitReached {
        /// The limit.
        limit: UsageLimit,
    },
    /// The client was not allowed to use a tool.
    Denied {
        /// The tool's name.
        tool: String,
    },
    /// The client asks leave, and waits for the answer.
    PermissionAsked {
        /// What for.
        request: PermissionRequest,
    },
    /// A request for leave is answered to the client: as it was told, or with no because nobody answered in time.
    PermissionSettled {
        /// The request.
        request: String,
        /// Whether it may be done.
        allowed: bool,
    },
    /// The client took something that it was told.
    Heard {
        /// The message's number in its step, from 1.
        message: u32,
    },
    /// The client's last word; a later one takes its place.
    Result {
        /// What it says.
        result: ClientResult,
    },
}

impl Observation {
    /// A tool that is known by its name alone began.
    #[must_use]
    pub fn tool_started(tool: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::ToolStarted { tool: tool.into(), detail: detail.into(), file: None, call: None }
    }

    /// A tool that is known by its name alone ended.
    #[must_use]
    pub fn tool_ended(tool: impl Into<String>, ok: bool) -> Self {
        Self::ToolEnded { tool: tool.into(), ok, call: None }
    }
}
