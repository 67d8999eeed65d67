//! What a bridge is to do: a file in the attempt's folder.

use super::unwritable;
use crate::command::{environment, write_prompt};
use coordinate_engine::port::{Assignment, AttemptProgram};
use coordinate_host::stored;
use coordinate_model::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of the file. A newer one is refused; there is no older one.
const FORMAT: u32 = 1;

/// How long a request for leave waits before it is denied. A driver that was killed in the evening is there again in the
/// morning.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// How a client is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    /// The Agent Client Protocol.
    Acp,
    /// Claude Code's own.
    Claude,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// How it is spoken with.
    pub(crate) protocol: Protocol,
    /// The client's program and arguments.
    pub(crate) argv: Vec<String>,
    /// Where it works.
    pub(crate) tree: PathBuf,
    /// The attempt's folder.
    pub(crate) folder: PathBuf,
    /// The file with all that it is told first.
    pub(crate) prompt: PathBuf,
    /// The session of an earlier attempt that it goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<String>,
    /// The model that it is to work with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// The client's mode in which it is to work, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<String>,
    /// Whether it must come into that mode: without it, it could not be kept to rules that forbid something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) bound: bool,
    /// What the client is told beside, in the protocol's place for what is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) meta: Option<Value>,
    /// How long a request for leave waits, in milliseconds.
    pub(crate) patience_ms: u64,
    /// The longest silence before the attempt is ended, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idle_ms: Option<u64>,
}

impl Order {
    /// The order for an assignment, whose prompt is written.
    pub(crate) fn of(assignment: &Assignment, protocol: Protocol, argv: Vec<String>, prompt: &Path) -> Self {
        Self {
            protocol,
            argv,
            tree: assignment.tree.clone(),
            folder: assignment.folder.clone(),
            prompt: prompt.to_owned(),
            session: assignment.session.clone(),
            model: assignment.agent.model.clone(),
            mode: None,
            bound: false,
            meta: None,
            patience_ms: u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX),
            idle_ms: assignment.limits.idle_ms,
        }
    }

    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let missing = || io::Error::new(ErrorKind::NotFound, format!("there is no order `{}`", path.display()));
        stored::read(FORMAT, path)?.ok_or_else(missing)
    }
}

/// The process for an assignment; `program` is `coordinate` itself, and `adapt` adds what is the client's own.
pub(crate) fn program(
    program: &Path,
    assignment: &Assignment,
    (protocol, argv): (Protocol, Vec<String>),
    adapt: impl FnOnce(&mut Order),
) -> Result<AttemptProgram, Failure> {
    let prompt = write_prompt(assignment)?;
    let mut order = Order::of(assignment, protocol, argv, &prompt);
    adapt(&mut order);
    let path = assignment.folder.join("bridge.json");
    let text = stored::text(FORMAT, &order).map_err(|error| Failure::system(error.to_string()))?;
    std::fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
    let own = program.to_string_lossy().into_owned();
    Ok(AttemptProgram {
        argv: vec![own, "agent-bridge".to_owned(), path.to_string_lossy().into_owned()],
        cwd: assignment.tree.clone(),
        env: environment(assignment, &prompt),
        stdin: None,
    })
}
