//! Where the older shell scripts kept their state.

use std::path::{Path, PathBuf};

/// How deep folders of old data are looked into; a loop of links ends there too.
const DEEPEST: u32 = 4;

/// A file of old state.
pub(super) struct Found {
    /// Its path.
    pub(super) path: PathBuf,
    /// What it seems to hold.
    pub(super) kind: Kind,
}

/// What an old file holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Lines of shell assignments.
    Variables,
    /// One JSON value.
    Json,
    /// Something else in a folder of old state.
    Other,
}

/// All old state of a project and of its user, in the order of paths, the project's first.
pub(super) fn find(root: &Path, home: Option<&Path>) -> Vec<Found> {
    let mut found = below(root);
    let same = |home: &Path| home.canonicalize().is_ok_and(|home| home == root);
    if let Some(home) = home.filter(|home| !same(home)) {
        found.extend(below(home));
    }
    found
}

fn below(base: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    // The folder for temporary files held much else, so only what is known is taken from it.
    for path in entries(&base.join(".claude/tmp")) {
        let kind = kind(&path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_file() && (kind == Kind::Json || (kind == Kind::Variables && name.starts_with("workflow_"))) {
            found.push(Found { path, kind });
        }
    }
    for folder in ["workflow", "checkpoints"] {
        all(&base.join(".claude/data").join(folder), DEEPEST, &mut found);
    }
    found
}

fn all(folder: &Path, depth: u32, found: &mut Vec<Found>) {
    for path in entries(folder) {
        if path.is_dir() && depth > 0 {
            all(&path, depth - 1, found);
        } else if path.is_file() && !is_hidden(&path) {
            let kind = kind(&path);
            found.push(Found { path, kind });
        }
    }
}

/// Marks such as `.gitkeep` are no state.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn kind(path: &Path) -> Kind {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("sh") => Kind::Variables,
        Some("json") => Kind::Json,
        _ => Kind::Other,
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
