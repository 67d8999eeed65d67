//! `clean`: what finished work left is put aside after a time, and can be brought back for a time.

mod batch;
mod find;
mod shell;
mod trash;

pub(super) use shell::{prune, prune_old};

use super::{note, print, print_json};
use crate::args::CleanArguments;
use crate::config::Config;
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::wiring::SystemClock;
use batch::{Batch, Item};
use coordinate_engine::journal::Journal;
use coordinate_engine::port::{Clock, Repository};
use coordinate_model::retention::Retention;
use coordinate_model::time::UtcMillis;
use coordinate_report::text::moment;
use find::{Found, Kept, Tree};
use serde_json::json;
use trash::Trash;

pub(super) fn clean(project: &Project, options: &CleanArguments) -> Result<Exit, CommandError> {
    let retention = retention(project.config()?);
    let now = SystemClock.now();
    let journal = project.journal()?;
    let mut found = find::all(project, journal.as_ref(), &retention, now)?;
    let trash = Trash::of(project);
    let old: Vec<Batch> = trash.list()?.into_iter().filter(|batch| retention.trash(batch.cleaned, now)).collect();
    if options.dry_run {
        found.items.extend(shell::expired(project, journal.as_ref(), now)?);
        report(&found, &old, None, options);
        return Ok(Exit::Done);
    }
    for batch in &old {
        trash.empty(batch)?;
    }
    let kept = remove_trees(project, &found.trees);
    found.trees.retain(|tree| !tree.path.exists());
    found.kept.extend(kept);
    let batch = put_aside(project, journal.as_ref(), &mut found, now)?;
    report(&found, &old, batch.as_deref(), options);
    Ok(Exit::Done)
}

/// Puts aside all that was found, together with shell state that is too old; that is added to what was found.
fn put_aside(
    project: &Project,
    journal: Option<&Journal>,
    found: &mut Found,
    now: UtcMillis,
) -> Result<Option<String>, CommandError> {
    let trash = Trash::of(project);
    let mut id = None;
    let pruned = shell::runs(journal).and_then(|runs| {
        shell::put_aside(project, &runs, now, |items, shell| {
            id = Some(trash.begin(&[&found.items, items].concat(), shell, now)?);
            Ok(())
        })
    });
    if id.is_none() && !found.items.is_empty() {
        id = Some(trash.begin(&found.items, &[], now)?);
    }
    if let Some(id) = &id {
        trash.carry(id, &found.items)?;
    }
    match pruned {
        Ok(items) => found.items.extend(items),
        // It can not be read or written: that keeps nothing else from being cleaned.
        Err(error) => {
            found.kept.push(Kept { path: "the state of shell blocks".to_owned(), why: error.message().to_owned() });
        }
    }
    Ok(id)
}

fn retention(config: &Config) -> Retention {
    let default = Retention::default();
    let days = |name: &str, default: u64| config.number(name).unwrap_or(default);
    Retention {
        checkpoint_days: days("retention.checkpoint_days", default.checkpoint_days),
        run_days: days("retention.transcript_days", default.run_days),
        trash_days: days("retention.trash_days", default.trash_days),
    }
}

/// Removes work trees that their runs could not put away. Git's own refusal guards what no commit and no ref holds.
fn remove_trees(project: &Project, trees: &[Tree]) -> Vec<Kept> {
    let Some(repository) = &project.repository else { return Vec::new() };
    let removed = trees.iter().filter_map(|tree| {
        // Each is asked in turn; that none holds it all is what the last one says.
        let mut error = None;
        for snapshot in &tree.snapshots {
            error = Some(repository.remove_tree(&tree.path, snapshot).err()?);
        }
        let error = error?;
        Some(Kept { path: tree.path.display().to_string(), why: error.to_string() })
    });
    removed.collect()
}

fn report(found: &Found, old: &[Batch], batch: Option<&str>, options: &CleanArguments) {
    let Found { items, trees, kept } = found;
    if options.json {
        print_json(&json!({
            "dry_run": options.dry_run,
            "id": batch,
            "items": items,
            "trees": trees.iter().map(|tree| tree.path.to_string_lossy()).collect::<Vec<_>>(),
            "emptied": old.iter().map(|batch| &batch.id).collect::<Vec<_>>(),
            "kept": kept,
        }));
        return;
    }
    for Item { kind, place, why, .. } in items {
        print(&format!("{:<10} {place}  ({why})", kind.name()));
    }
    for tree in trees {
        print(&format!("{:<10} {}", "tree", tree.path.display()));
    }
    for batch in old {
        print(&format!("{:<10} {}, cleaned {}", "for good", batch.id, moment(batch.cleaned)));
    }
    for Kept { path, why } in kept {
        note(&format!("kept: {path}: {why}"));
    }
    match batch {
        _ if options.dry_run => note("nothing was done (--dry-run)"),
        Some(id) => note(&format!("bring it back with `coordinate restore {id}`")),
        None if trees.is_empty() && old.is_empty() => note("there is nothing to clean"),
        None => {}
    }
}

/// Brings back what was cleaned together; `None`: the only thing that was.
pub(super) fn restore(project: &Project, id: Option<&str>, as_json: bool) -> Result<Exit, CommandError> {
    let trash = Trash::of(project);
    let batches = trash.list()?;
    let batch = chosen(&batches, id)?;
    let restored = trash.restore(batch, SystemClock.now())?;
    if as_json {
        print_json(&json!({"id": batch.id, "restored": restored.back, "kept": restored.kept}));
    } else {
        for place in &restored.back {
            print(&format!("restored  {place}"));
        }
    }
    for Kept { path, why } in &restored.kept {
        note(&format!("not restored: {path}: {why}"));
    }
    Ok(if restored.kept.is_empty() { Exit::Done } else { Exit::Usage })
}

/// Whether something was cleaned under this name.
pub(super) fn is_cleaned(project: &Project, id: &str) -> Result<bool, CommandError> {
    Ok(Trash::of(project).list()?.iter().any(|batch| batch.id == id))
}

/// What was cleaned and can be brought back, as JSON.
pub(super) fn cleaned(project: &Project) -> Result<serde_json::Value, CommandError> {
    let batches = Trash::of(project).list()?;
    let rows =
        batches.iter().map(|batch| json!({"id": batch.id, "cleaned": moment(batch.cleaned), "items": batch.items}));
    Ok(rows.collect())
}

/// The same as text. Says how many times something was cleaned.
pub(super) fn print_cleaned(project: &Project) -> Result<usize, CommandError> {
    let batches = Trash::of(project).list()?;
    for batch in &batches {
        print(&format!("{}  {}  {} things", batch.id, moment(batch.cleaned), batch.items.len()));
        for item in &batch.items {
            print(&format!("  {:<10} {}", item.kind.name(), item.place));
        }
    }
    Ok(batches.len())
}

fn chosen<'a>(batches: &'a [Batch], id: Option<&str>) -> Result<&'a Batch, CommandError> {
    match (id, batches) {
        (Some(id), _) => batches.iter().find(|batch| batch.id == id).ok_or_else(|| {
            CommandError::usage(format!("nothing was cleaned as `{id}`"))
                .hint("list it with `coordinate restore --list`")
        }),
        (None, [only]) => Ok(only),
        (None, []) => Err(CommandError::usage("there is nothing to restore")
            .hint("`coordinate clean` has put nothing aside")
            .hint("what agents left is listed by `coordinate restore --list`")),
        (None, several) => {
            let error = CommandError::usage("several things can be restored: say which");
            Err(several
                .iter()
                .fold(error, |error, batch| error.hint(format!("{}  {}", batch.id, moment(batch.cleaned)))))
        }
    }
}
