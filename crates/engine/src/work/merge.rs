//! Integration: one serial step per phase, merge, tick, test, then one move of the integration branch.

use super::places::slug;
use super::testing::Outcome;
use super::{StepJob, replan};
use crate::port::{CommitSpec, MergeOutcome, Repository, RepositoryError};
use coordinate_model::event::{RefMove, Verdict, Work};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{Oid, PhaseNumber};
use coordinate_model::input::{Input, Performed, Tested};
use coordinate_model::plan::{Source, tick_all};

/// `None` when it was cancelled.
pub(super) fn perform(step: &StepJob) -> Option<Performed> {
    match candidate(step).and_then(|movement| Ok(test(step, &movement)?.map(|tested| (movement, tested)))) {
        Ok(None) => None,
        Ok(Some((movement, tested))) => Some(Performed::Merged { movement, tested }),
        Err(failure) => Some(Performed::Failed { failure, verdicts: Vec::new() }),
    }
}

fn system(error: &RepositoryError) -> Failure {
    Failure::system(error.to_string())
}

/// The commit that the integration branch may go to. Made only of what the journal holds, so that making it again
/// after a crash gives the same object.
fn candidate(step: &StepJob) -> Result<RefMove, Failure> {
    let repository = step.job.repository()?;
    let old = step.job.integration.clone().ok_or_else(|| Failure::system("there is no integration branch"))?;
    let work = step.work.clone().ok_or_else(|| Failure::system("there is no work to merge"))?;
    let merged = match repository.merge(&old, &work.commit).map_err(|error| system(&error))? {
        MergeOutcome::Clean(tree) => tree,
        MergeOutcome::Conflicts { paths, messages } => return Err(conflict(step, &work, &paths, &messages)),
    };
    let tree = match step.step.phase {
        Some(number) => ticked(step, repository, &merged, number).map_err(|error| system(&error))?,
        None => merged,
    };
    if step.step.phase.is_none() && tree == repository.tree_of(&old).map_err(|error| system(&error))? {
        return Ok(RefMove { old: old.clone(), new: old });
    }
    // An agent's own commits stay in the history; work that only we committed becomes one commit.
    let parents = if work.own_commits { vec![old.clone(), work.commit] } else { vec![old.clone()] };
    let spec = CommitSpec { tree, parents, message: message(step), at: step.attempt.leased };
    let new = repository.commit(&spec).map_err(|error| system(&error))?;
    Ok(RefMove { old, new })
}

fn message(step: &StepJob) -> String {
    let topic = step.job.created.paths.topic_number;
    match step.phase() {
        Some(phase) => format!("feat({topic:03}): complete phase {} - {}\n", phase.number, phase.name),
        None => format!("fix({topic:03}): repair after failing tests, round {}\n", step.round),
    }
}

/// The tree with the phase's tasks ticked in every plan file that it holds.
fn ticked(
    step: &StepJob,
    repository: &dyn Repository,
    tree: &Oid,
    number: PhaseNumber,
) -> Result<Oid, RepositoryError> {
    let mut sources = Vec::new();
    for path in step.job.plan().into_iter().flat_map(|plan| &plan.files) {
        let Some(bytes) = repository.read_file(tree, path)? else { continue };
        sources.push(Source::new(path.clone(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    let ticked = tick_all(&sources, number).unwrap_or_default();
    let files: Vec<_> = ticked.into_iter().map(|source| (source.path, source.text.into_bytes())).collect();
    if files.is_empty() { Ok(tree.clone()) } else { repository.write_files(tree, &files) }
}

fn conflict(step: &StepJob, work: &Work, paths: &[String], messages: &str) -> Failure {
    let name = step.step.phase.map_or_else(|| "the work".to_owned(), |number| format!("phase {number}"));
    let ours = step.job.integration_branch();
    let theirs = work.commit.short().to_owned();
    Failure::new(
        FailureClass::Permanent,
        FailureKind::Conflict,
        format!(
            "{name} does not merge: conflict in {}",
            paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
        ),
    )
    .expected_found(format!("a clean merge of {theirs} into `{ours}`"), counted(paths.len()))
    .context(messages.lines().map(str::to_owned))
    .remedy(format!("both sides are kept: the merged phases on `{ours}`, this phase's work at {theirs}"))
    .remedy(format!("merge by hand with `git switch {ours} && git merge {theirs}`"))
}

fn counted(paths: usize) -> String {
    if paths == 1 { "1 path in conflict".to_owned() } else { format!("{paths} paths in conflict") }
}

/// `None` when it was cancelled.
fn test(step: &StepJob, movement: &RefMove) -> Result<Option<Tested>, Failure> {
    let Some(command) = step.job.test_command(&movement.new)? else {
        return Ok(Some(Tested { candidate: None, before: None }));
    };
    let Some(candidate) = verdict(step, &command, &movement.new)? else { return Ok(None) };
    if candidate.passed {
        return Ok(Some(Tested { candidate: Some(candidate), before: None }));
    }
    // Only now is it worth knowing whether the tests failed before this phase came.
    let before = match step.job.test_command(&movement.old)? {
        Some(same) if same == command => {
            let Some(before) = verdict(step, &command, &movement.old)? else { return Ok(None) };
            Some(before)
        }
        Some(_) | None => None,
    };
    Ok(Some(Tested { candidate: Some(candidate), before }))
}

fn verdict(step: &StepJob, command: &str, commit: &Oid) -> Result<Option<Verdict>, Failure> {
    match step.job.test_commit(command, commit, &step.folder())? {
        Outcome::Ran(verdict) => Ok(Some(verdict)),
        Outcome::Cancelled => Ok(None),
    }
}

/// Moves the integration branch, or finds that it was moved already.
pub(super) fn carry_move(step: &StepJob, movement: &RefMove) -> Input {
    let carried = step.job.repository().and_then(|repository| {
        let reference = step.job.integration_ref();
        repository.move_ref(&reference, &movement.new, Some(&movement.old)).map_err(|error| system(&error))?;
        match &step.change {
            Some(_) => replan::write_outside(step, &movement.new),
            None => tick_outside(step),
        }
    });
    match carried {
        Ok(()) => {
            put_away(step);
            Input::Moved { of: step.of.clone() }
        }
        Err(failure) => Input::MoveFailed { of: step.of.clone(), failure },
    }
}

/// A plan that git ignores is ticked where it lies.
fn tick_outside(step: &StepJob) -> Result<(), Failure> {
    let (Some(plan), Some(number), Some(integration)) = (step.job.plan(), step.step.phase, &step.job.integration)
    else {
        return Ok(());
    };
    let repository = step.job.repository()?;
    let files = &step.job.tools.files;
    let mut sources = Vec::new();
    for path in &plan.files {
        if repository.blob_of(integration, path).map_err(|error| system(&error))?.is_some() {
            continue;
        }
        let read = files.read(&step.job.in_project(path)).map_err(|error| Failure::system(error.to_string()))?;
        let text = read.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        sources.extend(text.map(|text| Source::new(path.clone(), text)));
    }
    for source in tick_all(&sources, number).unwrap_or_default() {
        let place = step.job.in_project(&source.path);
        files.write(&place, source.text.as_bytes()).map_err(|error| Failure::system(error.to_string()))?;
    }
    Ok(())
}

/// The merged phase's trees are not needed any more. What can not be removed now is removed when the run closes.
fn put_away(step: &StepJob) {
    let Ok(repository) = step.job.repository() else { return };
    let Some(parent) = step.step.id.as_str().rsplit_once('/').map(|(parent, _)| parent) else { return };
    for sibling in ["agent", "check"] {
        let name = slug(&coordinate_model::ids::StepId::new(format!("{parent}/{sibling}")));
        let _ = repository.remove_tree(&step.job.tree(&name), &step.job.snapshot_ref(&name));
    }
}
