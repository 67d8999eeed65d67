//! The files that a phase names.

use super::Sure;
use crate::artifact::paths_in_code;
use crate::plan::{Phase, Plan};
use std::collections::BTreeMap;

/// The most paths of one phase that are looked at.
const MOST: usize = 256;

/// Paths, folders and patterns, each with how sure it is that the phase changes it.
pub type Named = BTreeMap<String, Sure>;

/// What a phase names: in its files field, and between backticks in its tasks. One that says that it changes no file names
/// none. The plan's own files are ticked by the orchestrator, and are no phase's.
#[must_use]
pub fn files(plan: &Plan, phase: &Phase) -> Named {
    if phase.files_none {
        return Named::new();
    }
    let declared = phase.files.iter().map(|file| (file.path.as_str(), Sure::Declared));
    let mentioned: Vec<String> = phase.tasks.iter().flat_map(|task| paths_in_code(&task.text)).collect();
    let mentioned = mentioned.iter().map(|path| (path.as_str(), Sure::Mentioned));
    let mut named = Named::new();
    for (path, sure) in declared.chain(mentioned) {
        let path = path.trim_end_matches('/');
        if path.is_empty() || named.len() == MOST || plan.files.iter().any(|own| own == path) {
            continue;
        }
        let known = named.entry(path.to_owned()).or_insert(sure);
        *known = (*known).max(sure);
    }
    named
}
