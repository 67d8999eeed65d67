//! `diff`: what a run changed, or what lies between two kept moments of its trees.

use super::kept::Shelf;
use super::{print_bytes, print_json};
use crate::args::DiffArguments;
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use coordinate_engine::port::Repository;
use coordinate_host::git::ChangedFile;
use coordinate_model::ids::Oid;
use serde_json::json;

pub(super) fn diff(project: &Project, options: &DiffArguments) -> Result<Exit, CommandError> {
    let repository = project.need_repository()?;
    let shelf = Shelf::of(project, &options.run)?;
    let (from, to) = match options.which.as_slice() {
        [] => of_run(repository.as_ref(), &shelf)?,
        [one] => {
            let kept = shelf.find(Some(one))?;
            (shelf.base(kept), kept.commit.clone())
        }
        [one, other, ..] => (shelf.find(Some(one))?.commit.clone(), shelf.find(Some(other))?.commit.clone()),
    };
    let paths = super::restore::plain(&options.paths)?;
    if options.json {
        let files = repository.changed_files(&from, &to, paths)?;
        print_json(&json!({
            "run": shelf.id,
            "from": from.as_str(),
            "to": to.as_str(),
            "files": files.iter().map(file).collect::<Vec<_>>(),
        }));
    } else {
        print_bytes(&repository.difference(&from, &to, paths, options.stat)?);
    }
    Ok(Exit::Done)
}

fn file(file: &ChangedFile) -> serde_json::Value {
    let (added, removed) = file.lines.unzip();
    json!({"path": file.path, "added": added, "removed": removed})
}

/// The merged work of a run, against what the run began with.
fn of_run(repository: &dyn Repository, shelf: &Shelf) -> Result<(Oid, Oid), CommandError> {
    let run = shelf.run.as_ref().ok_or_else(|| {
        CommandError::usage(format!("`{}` is not in the journal, so nobody knows what it began with", shelf.id))
            .hint("name what is compared; `coordinate restore --list` has the names")
    })?;
    let started = run.created.base.commit.as_ref();
    let work = run.integration.as_ref().filter(|work| Some(*work) != started && repository.tree_of(work).is_ok());
    match (started, work) {
        (Some(base), Some(work)) => Ok((base.clone(), work.clone())),
        _ => Err(CommandError::usage(format!("nothing of `{}` is merged", shelf.id))
            .hint(format!("see what its agents left with `coordinate restore {} --list`", shelf.id))),
    }
}
