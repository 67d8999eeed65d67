//! Entering a state: its needs, and the integration branch when work is to be merged.

use super::Job;
use crate::port::CommitSpec;
use coordinate_model::definition::{Need, StateName};
use coordinate_model::event::EntryFacts;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::Oid;
use std::collections::BTreeSet;

pub(super) fn enter(job: &Job, to: &StateName) -> Result<EntryFacts, Failure> {
    let needs = job.created.definition.state(to).map(|state| state.needs.clone()).unwrap_or_default();
    let mut facts = EntryFacts::default();
    for need in needs {
        match need {
            Need::Repository if works_on_repository(job, to) => facts = integrate(job)?,
            Need::Repository => {}
            Need::Agent => check_agents(job, to)?,
            Need::Plan => {
                job.plan().ok_or_else(no_plan)?;
            }
        }
    }
    Ok(facts)
}

/// Each agent that plays a role in the state, once.
fn check_agents(job: &Job, to: &StateName) -> Result<(), Failure> {
    let state = job.created.definition.state(to);
    let steps = state.iter().flat_map(|state| &state.steps).filter(|step| job.created.applies(step));
    let mut agents = vec![&job.created.options.agent];
    agents.extend(steps.filter_map(|step| step.role.as_deref()).map(|role| job.created.agent_of(role)));
    agents.dedup();
    agents.into_iter().try_for_each(|agent| job.tools.agents.check(agent))
}

/// A state whose steps leave nothing but artifacts in this run touches no branch.
fn works_on_repository(job: &Job, to: &StateName) -> bool {
    let state = job.created.definition.state(to);
    let mut steps = state.iter().flat_map(|state| &state.steps).filter(|step| job.created.applies(step));
    steps.any(|step| step.writes.is_none())
}

fn no_plan() -> Failure {
    Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, "there is no plan to implement")
        .expected_found("a plan with phases", "none")
        .remedy("name a plan file: `coordinate run PLAN.md`")
}

/// Makes the integration branch, once. The first commit takes in what the run needs and git does not have yet.
fn integrate(job: &Job) -> Result<EntryFacts, Failure> {
    if job.integration.is_some() {
        return Ok(EntryFacts::default());
    }
    let repository = job.repository()?;
    let base = job.created.base.commit.clone().ok_or_else(no_commit)?;
    let mut facts = EntryFacts::default();
    let files = untracked(job, &base, &mut facts)?;
    for link in &job.created.options.tree_links {
        if !repository.is_ignored(link).map_err(|error| Failure::system(error.to_string()))? {
            facts.warnings.push(format!(
                "`{link}` is linked into each work tree and git does not ignore it: an agent that commits all commits the link"
            ));
        }
    }
    let commit = if files.is_empty() { base.clone() } else { take_in(job, &base, &files, &mut facts)? };
    repository.move_ref(&job.integration_ref(), &commit, None).map_err(|error| Failure::system(error.to_string()))?;
    facts.integration = Some(commit);
    Ok(facts)
}

fn no_commit() -> Failure {
    Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, "the repository has no commit yet")
        .expected_found("a commit to start from", "none")
        .remedy("run `git add -A && git commit -m start` first")
}

/// The run's own files whose content in the checkout is not what the base commit has.
fn untracked(job: &Job, base: &Oid, facts: &mut EntryFacts) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let repository = job.repository()?;
    let system = |error: &dyn std::fmt::Display| Failure::system(error.to_string());
    let plan = job.plan().into_iter().flat_map(|plan| plan.files.iter().cloned());
    let topic = job.tools.files.walk(&job.in_project(&job.created.paths.topic));
    let topic = topic.into_iter().map(|path| format!("{}/{path}", job.created.paths.topic));
    let mut files = Vec::new();
    for path in plan.chain(topic).collect::<BTreeSet<_>>() {
        let as_then = as_at_fork(job, &path)?;
        let read = || job.tools.files.read(&job.in_project(&path)).map_err(|error| system(&error));
        let Some(bytes) = as_then.map_or_else(read, |bytes| Ok(Some(bytes)))? else {
            continue;
        };
        if repository.is_ignored(&path).map_err(|error| system(&error))? {
            facts.warnings.push(format!("`{path}` is ignored by git, so it stays out of the commits"));
            continue;
        }
        if repository.read_file(base, &path).map_err(|error| system(&error))?.as_ref() != Some(&bytes) {
            files.push((path, bytes));
        }
    }
    Ok(files)
}

/// A file of the plan as the run had it that this one is a fork of. In the checkout it may be ticked by now, for phases
/// that this run has still to do.
fn as_at_fork(job: &Job, path: &String) -> Result<Option<Vec<u8>>, Failure> {
    let first = job.created.forked.as_ref().and_then(|forked| forked.first.as_ref());
    let Some(first) = first.filter(|_| job.plan().is_some_and(|plan| plan.files.contains(path))) else {
        return Ok(None);
    };
    job.repository()?.read_file(first, path).map_err(|error| Failure::system(error.to_string()))
}

fn take_in(job: &Job, base: &Oid, files: &[(String, Vec<u8>)], facts: &mut EntryFacts) -> Result<Oid, Failure> {
    let repository = job.repository()?;
    let build = || -> Result<Oid, crate::port::RepositoryError> {
        let tree = repository.write_files(base, files)?;
        for (path, _) in files {
            if let Some(blob) = repository.blob_of(&tree, path)? {
                facts.taken_in.push((path.clone(), blob));
            }
        }
        repository.commit(&CommitSpec {
            tree,
            parents: vec![base.clone()],
            message: format!("docs({:03}): take in the plan\n", job.created.paths.topic_number),
            at: job.started,
        })
    };
    let mut build = build;
    build().map_err(|error| Failure::system(error.to_string()))
}
