//! The way from what a run built on to its summary: a line in the metadata of the plan and of the reports.
//!
//! The summary is written when all is delivered, but its path is known from the first event on. So the line can be part
//! of what is delivered. It is made of that path alone and put where an earlier driver put it: made again, it is the
//! same commit. No test is run for it: it changes nothing but metadata of documents.

use super::StepJob;
use crate::port::{CommitSpec, Repository, RepositoryError};
use coordinate_model::artifact::{Field, linked_also};
use coordinate_model::event::RefMove;
use coordinate_model::failure::Failure;
use coordinate_model::ids::Oid;
use coordinate_model::input::Performed;
use std::collections::BTreeSet;

pub(super) fn perform(step: &StepJob) -> Performed {
    match candidate(step) {
        Ok(Some(movement)) => Performed::Merged { movement },
        Ok(None) => Performed::Done { artifacts: Vec::new(), warnings: Vec::new(), verdicts: Vec::new() },
        Err(failure) => Performed::Failed { failure, verdicts: Vec::new() },
    }
}

/// `None` where there is nothing to link: nothing is integrated, or no file has metadata, or all lead there already.
fn candidate(step: &StepJob) -> Result<Option<RefMove>, Failure> {
    let Some(old) = step.job.integration.clone() else { return Ok(None) };
    let repository = step.job.repository()?;
    let system = |error: RepositoryError| Failure::system(error.to_string());
    let files = linked_files(step, repository, &old).map_err(system)?;
    if files.is_empty() {
        return Ok(None);
    }
    let tree = repository.write_files(&old, &files).map_err(system)?;
    let message = format!("docs({:03}): link the summary\n", step.job.created.paths.topic_number);
    let spec = CommitSpec { tree, parents: vec![old.clone()], message, at: step.attempt.leased };
    let new = repository.commit(&spec).map_err(system)?;
    Ok(Some(RefMove { old, new }))
}

/// The files that change. One that git ignores is in nobody's tree, and stays as it is.
fn linked_files(
    step: &StepJob,
    repository: &dyn Repository,
    integration: &Oid,
) -> Result<Vec<(String, Vec<u8>)>, RepositoryError> {
    let paths = &step.job.created.paths;
    let plan = step.job.plan().into_iter().flat_map(|plan| &plan.files);
    let mut files = Vec::new();
    for path in plan.chain(&step.left).collect::<BTreeSet<_>>() {
        let Some(bytes) = repository.read_file(integration, path)? else { continue };
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let linked = linked_also(&text, path, Field::Summary, &paths.summary);
        files.extend(linked.filter(|linked| *linked != text).map(|linked| (path.clone(), linked.into_bytes())));
    }
    Ok(files)
}
