//! Values that shells hold: their names, how they are written for each shell, how old files of them are read.
//!
//! A shell variable holds any bytes but NUL, so values are bytes here, never text. Nothing in a value means anything:
//! what is written for a shell is quoted so that no byte of it can be executed or expanded.

mod aside;
mod assignments;
mod base64;
mod name;
mod quote;

pub use aside::{Aside, AsideCheckpoint, AsideVariable};
pub use assignments::{Assignment, Passed, Read, read};
pub use base64::{base64, from_base64};
pub use name::{InvalidName, VariableName, WorkflowId};
pub use quote::{Dialect, Unrepresentable, posix_word, render};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Bytes without NUL.
    Text(#[serde(with = "base64::bytes")] Vec<u8>),
    /// Any number of them.
    List(#[serde(with = "base64::list")] Vec<Vec<u8>>),
}

/// All variables of a workflow, in the order of their names.
pub type Variables = BTreeMap<VariableName, Value>;
