//! What may be cleaned: never of an open run.

use super::batch::{Item, Kind};
use crate::commands::checkpoint::Store;
use crate::context::Project;
use crate::failure::CommandError;
use coordinate_engine::journal::Journal;
use coordinate_engine::port::Repository;
use coordinate_engine::work::recording_ref;
use coordinate_model::ids::{Oid, RunId};
use coordinate_model::retention::{CheckpointRun, Retention};
use coordinate_model::run::Run;
use coordinate_model::time::UtcMillis;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What was found.
pub(super) struct Found {
    /// What is put aside.
    pub(super) items: Vec<Item>,
    /// Work trees that ended runs could not put away.
    pub(super) trees: Vec<Tree>,
    /// What stays, and why.
    pub(super) kept: Vec<Kept>,
}

/// A work tree of an ended run.
pub(super) struct Tree {
    /// Its folder.
    pub(super) path: PathBuf,
    /// The refs of which one should hold what is in it: that of its last attempt, or its own.
    pub(super) snapshots: Vec<String>,
}

/// Something that stays.
#[derive(Debug, Serialize)]
pub(super) struct Kept {
    /// What.
    pub(super) path: String,
    /// Why.
    pub(super) why: String,
}

/// All but the state of shell blocks: that is found while it is locked.
pub(super) fn all(
    project: &Project,
    journal: Option<&Journal>,
    retention: &Retention,
    now: UtcMillis,
) -> Result<Found, CommandError> {
    let mut found = Found { items: Vec::new(), trees: Vec::new(), kept: Vec::new() };
    checkpoints(project, journal, retention, now, &mut found)?;
    let headers = journal.map_or_else(|| Ok(Vec::new()), |journal| journal.storage().headers())?;
    let known: BTreeSet<&str> = headers.iter().map(|header| header.run.as_str()).collect();
    found.kept.extend(trees_of_nobody(project, &known)?);
    let Some(journal) = journal else { return Ok(found) };
    for header in &headers {
        if header.outcome.is_none() {
            continue;
        }
        match journal.load(&header.run) {
            Ok(run) => of_run(project, &run, retention, now, &mut found)?,
            // A run that can not be read can not be judged.
            Err(error) => found.kept.push(Kept { path: header.run.to_string(), why: error.to_string() }),
        }
    }
    Ok(found)
}

fn checkpoints(
    project: &Project,
    journal: Option<&Journal>,
    retention: &Retention,
    now: UtcMillis,
    found: &mut Found,
) -> Result<(), CommandError> {
    let store = Store::of(project);
    for entry in store.list()? {
        let folder = store.folder().join(entry.id.as_str());
        let run = run_of(journal, entry.run.as_ref())?;
        let Some(imported) = store.imported(&entry.id) else { continue };
        if let Some(why) = retention.checkpoint(run, imported, now) {
            found.items.push(Item::file(Kind::Checkpoint, &project.state(), &folder, why));
        }
    }
    Ok(())
}

fn run_of(journal: Option<&Journal>, run: Option<&RunId>) -> Result<CheckpointRun, CommandError> {
    let (Some(journal), Some(run)) = (journal, run) else { return Ok(CheckpointRun::None) };
    Ok(match journal.storage().header(run)?.map(|header| header.outcome) {
        Some(None) => CheckpointRun::Open,
        Some(Some(outcome)) if outcome == "succeeded" => CheckpointRun::Succeeded,
        Some(Some(_)) | None => CheckpointRun::None,
    })
}

/// What an ended run left: transcripts, refs, and trees that were in somebody's way when it ended.
fn of_run(
    project: &Project,
    run: &Run,
    retention: &Retention,
    now: UtcMillis,
    found: &mut Found,
) -> Result<(), CommandError> {
    let Some(why) = retention.run(run.ended, now) else { return Ok(()) };
    let attempts = project.attempts().join(run.id().as_str());
    if attempts.is_dir() {
        found.items.push(Item::file(Kind::Attempts, &project.state(), &attempts, why.clone()));
    }
    let Some(repository) = &project.repository else { return Ok(()) };
    let refs = repository.refs(&format!("refs/coordinate/{}/", run.id()))?;
    let trees = left_trees(run, &refs);
    // Refs hold what is in the trees: they stay until those are gone.
    if trees.is_empty() {
        let of_recording = repository.refs(&recording_ref(run.id()))?;
        let item = |(name, commit)| Item::reference(name, commit, why.clone());
        found.items.extend(refs.into_iter().chain(of_recording).map(item));
    }
    found.trees.extend(trees);
    Ok(())
}

/// Trees of runs that the journal does not have, or has no more. Nobody can say whether somebody works in them.
fn trees_of_nobody(project: &Project, known: &BTreeSet<&str>) -> Result<Vec<Kept>, CommandError> {
    let runs = std::fs::read_dir(project.trees(project.config()?)).into_iter().flatten().flatten();
    // The place may be one of the user's, with other things in it.
    let is_unknown = |name: &str| name.parse::<RunId>().is_ok() && !known.contains(name);
    let unknown = runs.filter(|run| is_unknown(&run.file_name().to_string_lossy()));
    let trees = unknown.flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten().flatten());
    let trees = trees.map(|tree| tree.path()).filter(|tree| tree.join(".git").exists());
    let why = "its run is not in the journal; look into it, then use `git worktree remove`";
    Ok(trees.map(|tree| Kept { path: tree.display().to_string(), why: why.to_owned() }).collect())
}

fn left_trees(run: &Run, refs: &[(String, Oid)]) -> Vec<Tree> {
    let entries = std::fs::read_dir(&run.created.paths.trees).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().join(".git").exists());
    let tree = |entry: std::fs::DirEntry| {
        let own = format!("refs/coordinate/{}/{}", run.id(), entry.file_name().to_string_lossy());
        let of_attempt = |name: &&String| name.strip_prefix(&own).is_some_and(|rest| rest.starts_with('@'));
        let of_attempts = refs.iter().map(|(name, _)| name).rev().filter(of_attempt).cloned();
        Tree { path: entry.path(), snapshots: std::iter::once(own.clone()).chain(of_attempts).collect() }
    };
    folders.map(tree).collect()
}
