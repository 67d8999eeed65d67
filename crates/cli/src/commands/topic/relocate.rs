//! Topics that go elsewhere: into the archive, back, under another name. The number stays, and links stay right.

use super::contents::Contents;
use super::find::{self, Found};
use crate::args::{TopicArchiveArguments, TopicArguments, TopicMoveArguments};
use crate::commands::batches::{Hold, Told, open_runs};
use crate::commands::note;
use crate::commands::specs::{Moves, texts};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::paths::{ARCHIVE, specs_root};
use coordinate_host::batch::Operation;
use coordinate_model::topic::{LONGEST, name};
use serde_json::json;

/// How it is done and told.
struct How<'a> {
    title: &'a str,
    dry_run: bool,
    json: bool,
}

pub(crate) fn archive(project: &Project, options: &TopicArchiveArguments) -> Result<Exit, CommandError> {
    let hold = hold(project, options.dry_run)?;
    let root = specs_root(project, project.config()?);
    let runs = open_runs(project)?;
    let all = find::all(project, &root);
    let chosen = match &options.topic {
        Some(named) => vec![find::one(all, named)?],
        None => {
            let finished = |found: &Found| !found.archived && Contents::of(project, found, &runs).is_finished();
            all.into_iter().filter(finished).collect()
        }
    };
    for found in chosen.iter().filter(|found| !found.archived) {
        let contents = Contents::of(project, found, &runs);
        nobody_works_in(found, &contents)?;
        if !options.force && !contents.is_finished() {
            let message = format!("`{}` is not finished: {}", found.topic.path, contents.unfinished());
            return Err(CommandError::usage(message).hint("`--force` archives it all the same"));
        }
    }
    let moved = chosen.iter().filter(|found| !found.archived).map(|found| {
        let folder = found.topic.path.rsplit('/').next().unwrap_or_default();
        (found.topic.path.clone(), format!("{root}/{ARCHIVE}/{folder}"))
    });
    let title = options
        .topic
        .as_ref()
        .map_or_else(|| "topic archive --finished".to_owned(), |named| format!("topic archive {named}"));
    let how = How { title: &title, dry_run: options.dry_run, json: options.json };
    carry(project, hold.as_ref(), &root, moved.collect(), &how)
}

pub(crate) fn restore(project: &Project, options: &TopicArguments) -> Result<Exit, CommandError> {
    let hold = hold(project, options.dry_run)?;
    let root = specs_root(project, project.config()?);
    let found = find::one(find::all(project, &root), &options.topic)?;
    let folder = found.topic.path.rsplit('/').next().unwrap_or_default();
    let moved = found.archived.then(|| (found.topic.path.clone(), format!("{root}/{folder}")));
    let title = format!("topic restore {}", options.topic);
    let how = How { title: &title, dry_run: options.dry_run, json: options.json };
    carry(project, hold.as_ref(), &root, moved.into_iter().collect(), &how)
}

pub(crate) fn rename(project: &Project, options: &TopicMoveArguments) -> Result<Exit, CommandError> {
    let hold = hold(project, options.dry_run)?;
    let root = specs_root(project, project.config()?);
    let found = find::one(find::all(project, &root), &options.topic)?;
    valid(&options.name)?;
    nobody_works_in(&found, &Contents::of(project, &found, &open_runs(project)?))?;
    let (above, _) = found.topic.path.rsplit_once('/').unwrap_or((&root, ""));
    let to = format!("{above}/{:03}_{}", found.topic.number, options.name);
    let moved = (to != found.topic.path).then(|| (found.topic.path.clone(), to));
    let title = format!("topic move {} {}", options.topic, options.name);
    let how = How { title: &title, dry_run: options.dry_run, json: options.json };
    carry(project, hold.as_ref(), &root, moved.into_iter().collect(), &how)
}

pub(super) fn hold(project: &Project, dry_run: bool) -> Result<Option<Hold>, CommandError> {
    (!dry_run).then(|| Hold::take(project)).transpose()
}

fn valid(new: &str) -> Result<(), CommandError> {
    let plain = new.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain && !new.is_empty() && new.len() <= LONGEST {
        return Ok(());
    }
    let message = format!("`{new}` is no name of a topic: lower-case letters, digits and `_`, at most {LONGEST}");
    Err(CommandError::usage(message).hint(format!("for example `{}`", name(new))))
}

/// An open run writes to the paths of its first event, whatever is there.
pub(super) fn nobody_works_in(found: &Found, contents: &Contents) -> Result<(), CommandError> {
    if !contents.is_busy() {
        return Ok(());
    }
    let path = &found.topic.path;
    let Some(run) = contents.runs.first() else {
        return Err(CommandError::usage(format!("a run is just beginning in `{path}`")));
    };
    Err(CommandError::usage(format!("`{run}` works in `{path}` and is open"))
        .hint(format!("let it end with `coordinate resume {run}`, or end it with `coordinate cancel {run}`")))
}

fn carry(
    project: &Project,
    hold: Option<&Hold>,
    root: &str,
    moved: Vec<(String, String)>,
    how: &How<'_>,
) -> Result<Exit, CommandError> {
    let renames = moved.iter().map(|(from, to)| Operation::Rename { from: from.clone(), to: to.clone() });
    let mut operations: Vec<Operation> = renames.collect();
    if !moved.is_empty() {
        let moves = Moves(moved);
        operations.extend(moves.rewrites(project, &texts(project, root)));
    }
    let told = Told::of(&operations);
    if operations.is_empty() && !how.json {
        note("there is nothing to move");
    } else if let Some(hold) = hold {
        hold.perform(how.title, operations)?;
    }
    told.print(how.json, how.dry_run, json!({}));
    Ok(Exit::Done)
}
