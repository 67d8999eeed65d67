//! The end of a run: its summary, and its trees and branches put away. What is not merged is kept on refs.

use super::places::slug;
use super::testing::TEST_TREE;
use super::{Job, below, recording};
use crate::port::{PathKind, Repository, RepositoryError};
use coordinate_model::definition::StepKind;
use coordinate_model::digest::hex_sha256;
use coordinate_model::event::{Artifact, Outcome};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::Oid;
use coordinate_model::input::{Input, Performed};
use coordinate_model::links::relative_links;
use coordinate_model::run::{DeliveryResult, Run, Step, StepState};
use std::path::Path;

/// Writes the summary and verifies it.
pub(super) fn summary(job: &Job, text: &str) -> Performed {
    match write_summary(job, text) {
        Ok(artifact) => Performed::Done { artifacts: vec![artifact], warnings: Vec::new(), verdicts: Vec::new() },
        Err(failure) => Performed::Failed { failure, verdicts: Vec::new() },
    }
}

pub(super) fn write_summary(job: &Job, text: &str) -> Result<Artifact, Failure> {
    let place = &job.created.paths.summary;
    let path = job.in_project(place);
    job.tools.files.write(&path, text.as_bytes()).map_err(|error| Failure::system(error.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let broken =
        relative_links(text).into_iter().find(|link| job.tools.files.kind(&folder.join(link)) == PathKind::Nothing);
    if let Some(link) = broken {
        return Err(Failure::new(
            FailureClass::Permanent,
            FailureKind::MissingFile,
            format!("the summary links to `{link}`, which is not there"),
        )
        .expected_found("links that resolve", "a broken link")
        .remedy(format!("look at `{place}`")));
    }
    Ok(Artifact {
        kind: "summary".to_owned(),
        path: place.clone(),
        hash: hex_sha256(text.as_bytes()),
        bytes: text.len() as u64,
        // Nobody in the run reads it: it is for people.
        metadata: None,
    })
}

/// Puts everything away. Never fails: what could not be put away is named among what is kept.
pub(super) fn close(job: &Job, run: &Run) -> Input {
    let mut artifacts = Vec::new();
    let mut kept = below::close(job, run);
    let succeeded = run.closing.as_ref().is_some_and(|closing| closing.outcome == Outcome::Succeeded);
    if !succeeded && !run.completed.is_empty() && run.integration.is_some() {
        match write_summary(job, &(job.tools.summary)(run)) {
            Ok(artifact) => artifacts.push(artifact),
            Err(failure) => kept.push(format!("(no summary: {})", failure.message)),
        }
    }
    if let Ok(repository) = job.repository() {
        if let Err(error) = recording::hold(run, repository) {
            kept.push(format!("(no recording: {error})"));
        }
        for name in tree_names(run) {
            if let Err(error) = put_tree_away(job, run, repository, &name) {
                kept.push(format!("{} ({error})", job.tree(&name).display()));
            }
        }
        if let Err(error) = put_branches_away(job, run, repository) {
            kept.push(format!("({error})"));
        }
        kept.extend(left(job, run, repository));
    }
    let trees = Path::new(&job.created.paths.trees);
    job.tools.files.remove_empty(trees);
    Input::Closed { kept, artifacts }
}

fn tree_names(run: &Run) -> Vec<String> {
    let tried = run.steps.iter().filter(|step| !step.attempts.is_empty());
    let mut names: Vec<String> = tried.map(|step| slug(&step.id)).collect();
    names.push(TEST_TREE.to_owned());
    names
}

/// A tree's content goes to a ref before the tree goes. The test tree holds nobody's work.
fn put_tree_away(job: &Job, run: &Run, repository: &dyn Repository, name: &str) -> Result<(), RepositoryError> {
    let path = job.tree(name);
    if job.tools.files.kind(&path) == PathKind::Folder {
        // A link that can not be removed is kept like a file; nothing is lost by it.
        let _ = job.unlink(&path);
        if !is_kept_and_removed(job, run, repository, name) {
            keep_and_remove(job, run, repository, name)?;
        }
    }
    if name == TEST_TREE {
        for spare in [job.snapshot_ref(name), job.snapshot_ref("test.before")] {
            repository.delete_ref(&spare)?;
        }
    } else {
        for spare in spare_refs(job, run, name) {
            repository.delete_ref(&spare)?;
        }
    }
    Ok(())
}

/// Whether the tree could go under the snapshot of its last attempt: one that holds less than the tree is refused.
fn is_kept_and_removed(job: &Job, run: &Run, repository: &dyn Repository, name: &str) -> bool {
    let step = run.steps.iter().find(|step| slug(&step.id) == name);
    let last = step.and_then(Step::attempt).map(|last| job.snapshot_ref(&format!("{name}@{}", last.number)));
    let kept = last.filter(|last| repository.resolve(last).is_ok_and(|kept| kept.is_some()));
    kept.is_some_and(|last| repository.remove_tree(&job.tree(name), &last).is_ok())
}

fn keep_and_remove(job: &Job, run: &Run, repository: &dyn Repository, name: &str) -> Result<(), RepositoryError> {
    let (path, reference) = (job.tree(name), job.snapshot_ref(name));
    let message = format!("{name} as it was left\n");
    let snapshot = repository.snapshot(&path, &reference, &message, job.tools.clock.now())?;
    repository.remove_tree(&path, &reference)?;
    // A tree in which nothing was done needs no ref: what it holds is merged, or lies in the checkout, already.
    let base = run.integration.as_ref().or(run.created.base.commit.as_ref());
    let spare = || base.is_some_and(|base| has_only_artifacts(job, run, repository, base, &snapshot.commit));
    if snapshot.clean && is_integrated(run, repository, &snapshot.head)? || spare() {
        repository.delete_ref(&reference)?;
    }
    Ok(())
}

/// The refs of a step that hold nothing of their own: verified work has a ref for itself, and merged work needs none.
/// What earlier, interrupted attempts left stays.
fn spare_refs(job: &Job, run: &Run, name: &str) -> Vec<String> {
    let step = run.steps.iter().find(|step| slug(&step.id) == name);
    let Some(step) = step.filter(|step| step.work.is_some() || is_merged(run, name)) else { return Vec::new() };
    let last = step.attempt().map_or(0, |attempt| attempt.number);
    let mut spare = vec![job.snapshot_ref(name), job.snapshot_ref(&format!("{name}@{last}"))];
    if is_merged(run, name) {
        spare.extend(["conflict", "candidate"].map(|what| job.snapshot_ref(&format!("{name}.{what}"))));
    }
    if is_merged(run, name) && !is_blended(run, step) || is_brought(job, run, step) {
        spare.push(job.work_ref(name));
    }
    spare
}

/// Whether a step's work went in only as an agent brought it together with another: as it was it is nowhere else.
fn is_blended(run: &Run, step: &Step) -> bool {
    let phase = step.phase.and_then(|number| run.phases.get(&number));
    let conflicts = phase.map(|phase| &phase.conflicts).into_iter().flat_map(|conflicts| conflicts.values());
    let Some(work) = &step.work else { return false };
    conflicts.into_iter().any(|conflict| conflict.theirs == work.commit)
}

/// Whether a step's work is in the integration branch, so that its refs hold nothing more.
fn is_merged(run: &Run, name: &str) -> bool {
    let Some(step) = run.steps.iter().find(|step| slug(&step.id) == name) else { return false };
    match (step.phase.and_then(|number| run.phases.get(&number)), run.base_of(step)) {
        (Some(phase), _) => phase.merged,
        (None, Some(base)) => base.merged,
        (None, None) => run.steps.iter().any(|other| is_merge_of(other, step)),
    }
}

/// Whether all that a step left is an artifact, which lies in the checkout.
fn is_brought(job: &Job, run: &Run, step: &Step) -> bool {
    let (Some(work), true) = (&step.work, run.writes(step).is_some()) else { return false };
    job.repository().is_ok_and(|repository| has_only_artifacts(job, run, repository, &work.base, &work.commit))
}

/// Whether all that a commit changed lies in the checkout, byte by byte: artifacts of the run, and files that the request
/// named and that were put there.
fn has_only_artifacts(job: &Job, run: &Run, repository: &dyn Repository, base: &Oid, commit: &Oid) -> bool {
    let is_brought = |path: &String| {
        let bytes = repository.read_file(commit, path).ok().flatten();
        let named = run.created.paths.named.contains(path);
        if named && bytes.is_some() && job.tools.files.read(&job.in_project(path)).ok().flatten() == bytes {
            return true;
        }
        let hash = bytes.map(|bytes| hex_sha256(&bytes));
        run.artifacts.iter().any(|artifact| artifact.path == *path && Some(&artifact.hash) == hash.as_ref())
    };
    repository.changed_paths(base, commit).is_ok_and(|changed| changed.iter().all(is_brought))
}

/// Whether a step has merged the work of another one beside it, as `debug#2/merge` does for `debug#2/agent`.
fn is_merge_of(merge: &Step, step: &Step) -> bool {
    let beside = |step: &Step| step.id.as_str().rsplit_once('/').map(|(place, _)| place.to_owned());
    merge.kind == StepKind::Merge && merge.state == StepState::Succeeded && beside(merge) == beside(step)
}

fn is_integrated(run: &Run, repository: &dyn Repository, commit: &Oid) -> Result<bool, RepositoryError> {
    let holds = run.integration.as_ref().or(run.created.base.commit.as_ref());
    holds.map_or(Ok(false), |holds| repository.is_ancestor(commit, holds))
}

/// Branches of steps go when a ref or the integration branch holds their work; the integration branch goes when the
/// user's branch holds it.
fn put_branches_away(job: &Job, run: &Run, repository: &dyn Repository) -> Result<(), RepositoryError> {
    let delivered = run.delivery == Some(DeliveryResult::Delivered);
    let integration = job.integration_ref();
    for (branch, commit) in repository.refs(&format!("refs/heads/{}/", job.branch("").trim_end_matches('/')))? {
        if branch == integration {
            let untouched = run.created.base.commit.as_ref() == Some(&commit);
            if delivered || untouched {
                repository.delete_ref(&branch)?;
            }
            continue;
        }
        let name = branch.rsplit('/').next().unwrap_or_default().to_owned();
        let step = run.steps.iter().find(|step| slug(&step.id) == name);
        let spare = name == TEST_TREE || step.is_some_and(|step| is_brought(job, run, step));
        let merged = is_merged(run, &name) || spare;
        if !merged && !is_integrated(run, repository, &commit)? {
            let reference = job.snapshot_ref(&format!("{name}.branch"));
            let present = repository.resolve(&reference)?;
            repository.move_ref(&reference, &commit, present.as_ref())?;
        }
        repository.delete_ref(&branch)?;
    }
    Ok(())
}

/// The refs that stay. One that names nothing but what the user's or the integration branch holds goes.
fn left(job: &Job, run: &Run, repository: &dyn Repository) -> Vec<String> {
    let mut snapshots = repository.refs(job.snapshot_ref("").as_str()).unwrap_or_default();
    snapshots.retain(|(name, commit)| {
        let spare = is_integrated(run, repository, commit).unwrap_or(false);
        !(spare && repository.delete_ref(name).is_ok())
    });
    let integration = repository.resolve(&job.integration_ref()).ok().flatten().map(|_| job.integration_branch());
    snapshots.into_iter().map(|(name, _)| name).chain(integration).collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::step;
    use super::is_merge_of;
    use serde_json::json;

    #[test]
    fn work_is_merged_by_the_merge_beside_it_that_succeeded() {
        let agent = step("debug#2/agent", &json!({}));
        let merge = |id: &str, kind: &str, state: &str| step(id, &json!({"kind": kind, "state": state}));
        assert!(is_merge_of(&merge("debug#2/merge", "merge", "succeeded"), &agent));
        assert!(!is_merge_of(&merge("debug#1/merge", "merge", "succeeded"), &agent));
        assert!(!is_merge_of(&merge("debug#2/merge", "merge", "failed"), &agent));
        assert!(!is_merge_of(&merge("debug#2/check", "check", "succeeded"), &agent));
    }
}
