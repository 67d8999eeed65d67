//! The workspace as `cargo metadata` and `git ls-files` show it.

use crate::shell::{TaskError, cargo, output};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Our crates and our files.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the workspace's manifest.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    /// Our crates, by name.
    pub(crate) crates: Vec<Crate>,
}

/// One crate of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crate {
    /// The package's name.
    pub(crate) name: String,
    /// Its manifest, relative to the root.
    pub(crate) manifest: String,
    /// What it depends on directly.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One entry of a manifest's dependency tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package that is depended on.
    pub(crate) name: String,
    /// Only for tests, examples and benchmarks.
    pub(crate) dev: bool,
}

/// A tracked text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its path, relative to the root.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self, TaskError> {
        let text = output(&mut cargo(&["metadata", "--format-version", "1", "--no-deps"]))?;
        let metadata: Value = serde_json::from_str(&text)
            .map_err(|cause| TaskError::failed(format!("`cargo metadata` gave no JSON: {cause}")))?;
        Self::from_metadata(&metadata)
            .ok_or_else(|| TaskError::failed("`cargo metadata` lacks a field that it always had; look at xtask"))
    }

    /// `None` when a field is missing.
    fn from_metadata(metadata: &Value) -> Option<Self> {
        let root = PathBuf::from(metadata["workspace_root"].as_str()?);
        let target = PathBuf::from(metadata["target_directory"].as_str()?);
        let packages = metadata["packages"].as_array()?;
        let mut crates = packages.iter().map(|package| read_crate(&root, package)).collect::<Option<Vec<_>>>()?;
        crates.sort_by(|a, b| a.name.cmp(&b.name));
        Some(Self { root, target, crates })
    }

    /// All tracked text files that are there. One that git does not know yet is not looked at; one that is no UTF-8
    /// has no lines to judge.
    pub(crate) fn sources(&self) -> Result<Vec<Source>, TaskError> {
        let list = output(Command::new("git").args(["ls-files", "-z"]).current_dir(&self.root))?;
        let paths = list.split('\0').filter(|path| !path.is_empty());
        Ok(paths.filter_map(|path| Some(Source { path: path.to_owned(), text: self.read(path)? })).collect())
    }

    /// The text of a file, if it is there and is text.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }
}

fn read_crate(root: &Path, package: &Value) -> Option<Crate> {
    let manifest = Path::new(package["manifest_path"].as_str()?);
    let dependencies = package["dependencies"].as_array()?.iter().map(|dependency| {
        let dev = dependency["kind"].as_str() == Some("dev");
        Some(Dependency { name: dependency["name"].as_str()?.to_owned(), dev })
    });
    Some(Crate {
        name: package["name"].as_str()?.to_owned(),
        manifest: manifest.strip_prefix(root).ok()?.to_str()?.to_owned(),
        dependencies: dependencies.collect::<Option<Vec<_>>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_is_read() {
        let metadata = json!({
            "workspace_root": "/p", "target_directory": "/p/target",
            "packages": [{
                "name": "b", "manifest_path": "/p/crates/b/Cargo.toml",
                "dependencies": [{"name": "serde", "kind": null}, {"name": "insta", "kind": "dev"}],
            }],
        });
        let workspace = Workspace::from_metadata(&metadata).expect("every field is there");
        let dependency = |name: &str, dev| Dependency { name: name.into(), dev };
        let dependencies = vec![dependency("serde", false), dependency("insta", true)];
        assert_eq!(
            workspace.crates,
            [Crate { name: "b".into(), manifest: "crates/b/Cargo.toml".into(), dependencies }]
        );
        assert!(Workspace::from_metadata(&json!({"packages": []})).is_none());
    }
}
