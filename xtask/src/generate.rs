//! Files that are made from the code, so that they cannot fall behind it.

use crate::catalogue::{TESTKIT, entry};
use crate::shell::TaskError;
use crate::workspace::{Crate, Workspace};
use std::fmt::Write;

/// A file and the function that makes its whole text.
///
/// For a reference that the program prints itself, add an entry whose function returns
/// `shell::output(&mut shell::cargo(&["run", "--quiet", "--package", "coordinate-cli", "--", …]))`.
pub(crate) struct Generated {
    /// Where it lies, relative to the root.
    pub(crate) path: &'static str,
    /// Makes its text.
    pub(crate) make: fn(&Workspace) -> Result<String, TaskError>,
}

/// Every generated file.
pub(crate) const GENERATED: &[Generated] = &[
    Generated { path: "docs/crates.md", make: crates_page },
    Generated { path: "docs/cli.md", make: cli_page },
    Generated { path: "docs/configuration.md", make: configuration_page },
    Generated { path: "docs/schemas/checkpoint.schema.json", make: checkpoint_schema },
    Generated { path: "docs/errors.md", make: errors_page },
    Generated { path: "docs/fault-matrix.md", make: crate::faults::page },
    Generated { path: "docs/proof.md", make: crate::proof::page },
    Generated { path: "docs/features.md", make: crate::features::page },
];

/// Writes all of them.
pub(crate) fn write_all(workspace: &Workspace) -> Result<(), TaskError> {
    for file in GENERATED {
        let text = (file.make)(workspace)?;
        write(workspace, file.path, &text)?;
        println!("{}", file.path);
    }
    Ok(())
}

fn write(workspace: &Workspace, path: &str, text: &str) -> Result<(), TaskError> {
    let whole = workspace.root.join(path);
    let made = whole.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(&whole, text))
        .map_err(|cause| TaskError::failed(format!("failed to write `{path}`: {cause}")))
}

fn cli_page(_: &Workspace) -> Result<String, TaskError> {
    reference("cli")
}

fn configuration_page(_: &Workspace) -> Result<String, TaskError> {
    reference("config")
}

fn checkpoint_schema(_: &Workspace) -> Result<String, TaskError> {
    reference("checkpoint")
}

fn errors_page(_: &Workspace) -> Result<String, TaskError> {
    reference("errors")
}

/// A page that the program prints itself.
fn reference(page: &str) -> Result<String, TaskError> {
    let run = ["run", "--quiet", "--package", "coordinate-cli", "--", "reference", page];
    crate::shell::output(&mut crate::shell::cargo(&run))
}

fn crates_page(workspace: &Workspace) -> Result<String, TaskError> {
    Ok(crates_text(&workspace.crates))
}

/// A table and a graph of our crates as the manifests have them today.
fn crates_text(crates: &[Crate]) -> String {
    let mut text = String::from(
        "# Crates\n\nMade by `cargo xtask generate` from the manifests; `cargo xtask tidy` compares.\n\n\
         | crate | holds | depends on |\n|---|---|---|\n",
    );
    for one in crates {
        let holds = entry(&one.name).map_or("", |entry| entry.holds);
        let edges: Vec<String> = edges(one, crates).iter().map(|name| format!("`{}`", short(name))).collect();
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "| `{}` | {holds} | {} |", short(&one.name), edges.join(", "));
    }
    text.push_str("\n```mermaid\ngraph TD\n");
    for one in crates.iter().filter(|one| one.name != TESTKIT) {
        for edge in edges(one, crates) {
            let _infallible = writeln!(text, "    {} --> {}", short(&one.name), short(edge));
        }
    }
    text.push_str("```\n");
    text
}

/// Those of our crates that this one depends on, not counting its tests.
fn edges<'a>(one: &'a Crate, crates: &[Crate]) -> Vec<&'a str> {
    let normal = one.dependencies.iter().filter(|dependency| !dependency.dev);
    let mut names: Vec<&str> = normal
        .map(|dependency| dependency.name.as_str())
        .filter(|name| crates.iter().any(|other| other.name == *name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn short(name: &str) -> &str {
    name.strip_prefix("coordinate-").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    #[test]
    fn the_page_shows_normal_edges_between_our_crates_only() {
        let dependency = |name: &str, dev| Dependency { name: name.into(), dev };
        let one = |name: &str, dependencies| Crate { name: name.into(), manifest: String::new(), dependencies };
        let engine = vec![
            dependency("coordinate-model", false),
            dependency("coordinate-testkit", true),
            dependency("serde", false),
        ];
        let crates =
            [one("coordinate-engine", engine), one("coordinate-model", vec![]), one("coordinate-testkit", vec![])];
        let text = crates_text(&crates);
        assert!(text.contains("| `engine` | the ports (traits) and the dispatcher | `model` |\n"), "{text}");
        assert!(text.ends_with("```mermaid\ngraph TD\n    engine --> model\n```\n"), "{text}");
    }
}
