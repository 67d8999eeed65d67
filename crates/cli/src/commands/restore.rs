//! `restore`: kept moments of agents' trees come back as a folder, as files or as a branch; what was cleaned comes back to
//! its place.

use super::kept::{Shelf, WHY_NOTHING, why};
use super::{clean, note, print, print_json};
use crate::args::RestoreArguments;
use crate::context::{Project, first_line, make_state_folder};
use crate::failure::{CommandError, Exit};
use coordinate_engine::port::RepositoryError;
use coordinate_host::git::{Brought, Extent, GitRepository, KeptTree};
use coordinate_report::text::moment;
use serde_json::{Value, json};
use std::path::{Component, Path, PathBuf};

pub(super) fn restore(project: &Project, options: &RestoreArguments) -> Result<Exit, CommandError> {
    if options.list {
        return list(project, options);
    }
    let Some(id) = options.id.as_deref() else { return clean::restore(project, None, options.json) };
    if clean::is_cleaned(project, id)? {
        return clean::restore(project, Some(id), options.json);
    }
    let repository = project.need_repository()?;
    let shelf = Shelf::of(project, id)?;
    let kept = shelf.find(options.which.as_deref())?;
    let paths = plain(&options.paths)?;
    match (&options.branch, &options.to) {
        (Some(branch), _) => as_branch(repository, kept, branch, options.json),
        (None, None) if !paths.is_empty() => into_checkout(project, repository, kept, paths, options),
        (None, to) => {
            let folder = match to {
                Some(to) => std::path::absolute(to).map_err(CommandError::internal)?,
                None => default_folder(project, &shelf, kept)?,
            };
            into_folder(repository, kept, paths, &folder, options.json)
        }
    }
}

/// Paths of the repository: none leads out of it.
pub(super) fn plain(paths: &[String]) -> Result<&[String], CommandError> {
    let is_plain = |path: &&String| {
        let path = Path::new(path.as_str());
        !path.as_os_str().is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)))
    };
    match paths.iter().find(|path| !is_plain(path)) {
        Some(path) => Err(CommandError::usage(format!("`{path}` is no path inside the repository"))
            .hint("write it relative to the repository's top, without `.` and `..`")),
        None => Ok(paths),
    }
}

/// A place of its own in the state folder, which version control ignores.
fn default_folder(project: &Project, shelf: &Shelf, kept: &KeptTree) -> Result<PathBuf, CommandError> {
    make_state_folder(&project.state())?;
    Ok(project.state().join("restored").join(&shelf.id).join(&kept.name))
}

fn into_folder(
    repository: &GitRepository,
    kept: &KeptTree,
    paths: &[String],
    folder: &Path,
    as_json: bool,
) -> Result<Exit, CommandError> {
    if folder.symlink_metadata().is_ok() {
        return Err(CommandError::usage(format!("`{}` is there already", folder.display()))
            .hint("name a new folder with `--to FOLDER`; nothing is written over"));
    }
    let files = repository.write_kept(kept, paths, folder).map_err(refused)?;
    if as_json {
        print_json(&json!({"kept": kept.name, "commit": kept.commit.as_str(), "folder": folder, "files": files}));
    } else {
        let word = if files == 1 { "file" } else { "files" };
        print(&format!("restored  {}: {files} {word}, as of {}", folder.display(), moment(kept.at)));
    }
    Ok(Exit::Done)
}

fn into_checkout(
    project: &Project,
    repository: &GitRepository,
    kept: &KeptTree,
    paths: &[String],
    options: &RestoreArguments,
) -> Result<Exit, CommandError> {
    make_state_folder(&project.state())?;
    match repository.bring_back(kept, paths, &project.state().join("restored")).map_err(refused)? {
        Brought::Back(back) if options.json => {
            print_json(&json!({"kept": kept.name, "commit": kept.commit.as_str(), "restored": back}));
        }
        Brought::Back(back) => {
            if back.is_empty() {
                note("all of it is there already");
            }
            back.iter().for_each(|path| print(&format!("restored  {path}")));
        }
        Brought::Blocked(blocked) => {
            let error = CommandError::usage("files that git has nowhere else stand in the way; nothing was done");
            let error = blocked.iter().fold(error, |error, path| error.hint(format!("in the way: {path}")));
            return Err(error.hint("commit, stash or move them, or write to a new folder with `--to FOLDER`"));
        }
    }
    Ok(Exit::Done)
}

fn as_branch(repository: &GitRepository, kept: &KeptTree, branch: &str, as_json: bool) -> Result<Exit, CommandError> {
    let commit = repository.branch_from(kept, branch).map_err(refused)?;
    if as_json {
        print_json(&json!({"kept": kept.name, "branch": branch, "commit": commit.as_str()}));
    } else {
        print(&format!("restored  branch {branch} at {}, as of {}", commit.short(), moment(kept.at)));
    }
    Ok(Exit::Done)
}

/// What git refuses here is what was asked for: a name that is taken, a path that is not there.
fn refused(error: RepositoryError) -> CommandError {
    match error {
        RepositoryError::Git { .. } | RepositoryError::RefMoved { .. } => CommandError::usage(error.to_string()),
        RepositoryError::File { .. } => CommandError::internal(error),
    }
}

fn list(project: &Project, options: &RestoreArguments) -> Result<Exit, CommandError> {
    let shelves = match options.id.as_deref() {
        Some(run) => vec![Shelf::of(project, run)?],
        None => Shelf::all(project)?,
    };
    if options.json {
        let kept = shelves.iter().map(|shelf| rows(project, shelf)).collect::<Result<Vec<_>, _>>()?;
        let kept: Vec<Value> = kept.into_iter().flatten().collect();
        let cleaned = if options.id.is_none() { clean::cleaned(project)? } else { json!([]) };
        print_json(&json!({"cleaned": cleaned, "kept": kept}));
        return Ok(Exit::Done);
    }
    let cleaned = if options.id.is_none() { clean::print_cleaned(project)? } else { 0 };
    for shelf in &shelves {
        print_shelf(project, shelf)?;
    }
    if cleaned == 0 && shelves.iter().all(Shelf::is_empty) {
        note(&format!("nothing is kept; {WHY_NOTHING}"));
    }
    Ok(Exit::Done)
}

fn measured(project: &Project, shelf: &Shelf) -> Result<Vec<(KeptTree, Extent)>, CommandError> {
    let pairs: Vec<_> = shelf.kept.iter().map(|kept| (shelf.base(kept), kept.commit.clone())).collect();
    let extents = project.need_repository()?.extents(&pairs)?;
    Ok(shelf.kept.iter().cloned().zip(extents).collect())
}

fn rows(project: &Project, shelf: &Shelf) -> Result<Vec<Value>, CommandError> {
    let row = |(kept, extent): (KeptTree, Extent)| {
        json!({
            "run": shelf.id,
            "name": kept.name,
            "at": moment(kept.at),
            "commit": kept.commit.as_str(),
            "base": shelf.base(&kept).as_str(),
            "committed": kept.commit == kept.head,
            "why": why(&kept),
            "files": extent.files,
            "added": extent.added,
            "removed": extent.removed,
        })
    };
    Ok(measured(project, shelf)?.into_iter().map(row).collect())
}

fn print_shelf(project: &Project, shelf: &Shelf) -> Result<(), CommandError> {
    let request = shelf.run.as_ref().map_or("(not in the journal)", |run| run.created.request.trim());
    print(&format!("{}  {}", shelf.id, first_line(request)));
    let width = shelf.kept.iter().map(|kept| kept.name.len()).max().unwrap_or(0);
    for (kept, Extent { files, added, removed }) in measured(project, shelf)? {
        let word = if files == 1 { "file" } else { "files" };
        let extent = format!("{files} {word} +{added} -{removed}");
        print(&format!("  {:<width$}  {}  {extent:<18}  {}", kept.name, moment(kept.at), why(&kept)));
    }
    Ok(())
}
