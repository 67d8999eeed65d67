//! Clients that can be told something while they work: a process of this program stands between the shim and the client,
//! speaks the client's two-way protocol, and outlives its orchestrator as the client does.
//!
//! It holds no policy. What the client asks leave for goes to its output, as every line of the client does, and what is to
//! be answered comes as files of the attempt's folder, whoever writes them and whenever. So a request for leave waits
//! through the death of a driver, and its answer comes from the next one.
//!
//! What it sends, and what it alone can know because it remembers, are lines of its own among the client's: [`Note`].

mod acp;
mod claude;
mod order;
mod permission;
mod pump;
mod talk;

pub(crate) use order::{Order, Protocol, program};
pub(crate) use permission::{control_request, kind, request};

use crate::unwritable;
use coordinate_model::client::{Cause, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, Write as _};
use std::path::Path;

/// The exit code when the order can not be read, or the client can not be started.
const BROKEN: i32 = 2;

/// A line of the bridge's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "coordinate", rename_all = "snake_case")]
pub(crate) enum Note {
    /// Sent to the client.
    Sent {
        /// The line.
        line: Value,
    },
    /// A whole message of the model, put together from its pieces.
    Said {
        /// The text.
        text: String,
    },
    /// The session that the client goes on with.
    Session {
        /// Its id.
        id: String,
    },
    /// All that the client has used in this attempt.
    Used {
        /// How much.
        usage: Usage,
    },
    /// The client took something that it was told.
    Heard {
        /// The message's number.
        message: u32,
    },
    /// A request for leave was answered.
    Settled {
        /// The request.
        request: String,
        /// The tool that it was about.
        tool: String,
        /// Whether it may be done.
        allowed: bool,
    },
    /// Requests wait for an answer: silence is no sign of a client that hangs.
    Waits {
        /// How many.
        requests: usize,
    },
    /// The client's last word.
    Ended {
        /// Why it failed; `None`: it says that it did not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        /// What it says.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
    },
}

impl Note {
    /// The note that a line is, if it is one.
    pub(crate) fn of(line: &Value) -> Option<Self> {
        line.get("coordinate").is_some().then(|| Self::deserialize(line).ok()).flatten()
    }
}

/// Speaks with a client until its work is done: the child process of an attempt. Returns its exit code.
#[must_use]
pub fn bridge_main(order: &Path) -> i32 {
    let outcome = Order::read(order).and_then(|order| pump::run(&order));
    outcome.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "failed to speak with the client: {error}");
        BROKEN
    })
}
