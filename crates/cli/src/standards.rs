//! The project's standards: `CLAUDE.md` and `AGENTS.md` from its root down to the folder that we are in.

use crate::context::Project;
use coordinate_model::standards::{File, Language, Standards, language};
use std::path::{Path, PathBuf};

/// The names, the weaker first.
const NAMES: [&str; 2] = ["AGENTS.md", "CLAUDE.md"];

/// What counts in a project.
pub(crate) struct InForce {
    /// The standards.
    pub(crate) standards: Standards,
    /// The files that say so; empty where the customs of the language count.
    pub(crate) files: Vec<String>,
    /// The language whose customs count where no file says anything.
    pub(crate) language: Language,
}

/// Reads what counts now. A file that can not be read says nothing.
pub(crate) fn read(project: &Project) -> InForce {
    let mut files = Vec::new();
    for folder in folders(&project.root) {
        for name in NAMES {
            let path = folder.join(name);
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let shown = path.strip_prefix(&project.root).unwrap_or(&path).to_string_lossy().into_owned();
            files.push(File { path: shown, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }
    let language = language(&mut |name| project.root.join(name).is_file());
    let said = Standards::of(&files);
    let silent = said.is_empty();
    InForce {
        standards: if silent { Standards::default_of(language) } else { said },
        files: if silent { Vec::new() } else { files.into_iter().map(|file| file.path).collect() },
        language,
    }
}

/// The folders from the root down to the one that we are in, if that lies below it.
fn folders(root: &Path) -> Vec<PathBuf> {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let below = here.as_deref().and_then(|here| here.strip_prefix(&real).ok()).map(Path::to_owned).unwrap_or_default();
    let mut folders = vec![root.to_owned()];
    for part in below.components() {
        let next = folders.last().map(|folder| folder.join(part));
        folders.extend(next);
    }
    folders
}
