//! Verification of an agent's attempt: success is what we find, not what the agent says.

use super::places::slug;
use super::prompt::completion;
use super::{StepJob, artifact, judge, replan, sides};
use crate::port::{CommitSpec, Repository, RepositoryError, Snapshot};
use coordinate_model::definition::Writes;
use coordinate_model::event::Work;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::Oid;
use coordinate_model::input::{Input, Left};
use coordinate_model::plan::{Expectation, PlannedFile};
use coordinate_model::role::{Completion, claim};
use coordinate_model::time::UtcMillis;
use std::path::Path;

pub(super) fn verify(step: &StepJob) -> Input {
    let result = match (&step.order, &step.change) {
        (Some(order), Some(change)) => replan::examine(step, order, change),
        (Some(order), None) if order.writes == Writes::Verdict => judge::examine(step, order),
        (Some(order), None) => artifact::examine(step, order),
        (None, _) => keep(step).and_then(|work| examine(step, work)),
    };
    Input::Verified { of: step.of.clone(), result }
}

fn system(error: &RepositoryError) -> Failure {
    Failure::system(error.to_string())
}

pub(super) fn misbehaved(kind: FailureKind, message: String) -> Failure {
    Failure::new(FailureClass::AgentMisbehaved, kind, message)
}

/// Commits everything in the attempt's tree and keeps it on a ref; the tree's own branch and index stay as the agent
/// left them, so that repeating it after a crash gives the same commit.
pub(super) fn keep(step: &StepJob) -> Result<Work, Failure> {
    let repository = step.job.repository()?;
    let base = step.attempt.base.clone().ok_or_else(|| Failure::system("the attempt has no commit to start from"))?;
    let name = slug(&step.step.id);
    step.job.unlink(&step.job.tree(&name))?;
    let reference = step.job.snapshot_ref(&name);
    let at = step.attempt.started.unwrap_or(step.attempt.leased);
    let snapshot = repository
        .snapshot(&step.job.tree(&name), &reference, &format!("{name} as it is verified\n"), at)
        .map_err(|error| system(&error))?;
    if !repository.is_ancestor(&base, &snapshot.head).map_err(|error| system(&error))? {
        return Err(misbehaved(
            FailureKind::HistoryRewritten,
            "the agent left the commit that it was given".to_owned(),
        )
        .expected_found(format!("commits on top of {}", base.short()), format!("{} elsewhere", snapshot.head.short()))
        .remedy(format!("its work is kept at `{reference}`")));
    }
    let commit = work_commit(step, repository, &snapshot, at).map_err(|error| system(&error))?;
    Ok(Work { commit, tree: snapshot.tree, own_commits: snapshot.head != base, base })
}

fn work_commit(
    step: &StepJob,
    repository: &dyn Repository,
    snapshot: &Snapshot,
    at: UtcMillis,
) -> Result<Oid, RepositoryError> {
    let commit = if snapshot.clean {
        snapshot.head.clone()
    } else {
        repository.commit(&CommitSpec {
            tree: snapshot.tree.clone(),
            parents: vec![snapshot.head.clone()],
            message: work_message(step),
            at,
        })?
    };
    let reference = step.job.work_ref(&slug(&step.step.id));
    let present = repository.resolve(&reference)?;
    repository.move_ref(&reference, &commit, present.as_ref())?;
    Ok(commit)
}

fn work_message(step: &StepJob) -> String {
    let what = step
        .phase()
        .map_or_else(|| step.step.id.to_string(), |phase| format!("phase {} - {}", phase.number, phase.name));
    format!("work of {} on {what}\n", step.agent.name)
}

fn examine(step: &StepJob, work: Work) -> Result<Left, Failure> {
    let repository = step.job.repository()?;
    let changed = repository.changed_paths(&work.base, &work.commit).map_err(|error| system(&error))?;
    plan_untouched(step, &changed)?;
    let mut warnings = Vec::new();
    if changed.is_empty() {
        warnings.extend(no_work(step)?);
    }
    for file in step.phase().filter(|_| step.step.repair.is_none()).into_iter().flat_map(|phase| &phase.files) {
        expect_file(step, repository, &work, &changed, file)?;
    }
    warnings.extend(claimed(step));
    if let Some(conflict) = &step.conflict {
        warnings.extend(sides::examine(step, &work, conflict)?);
    }
    Ok(Left { work: Some(work), warnings, ..Left::default() })
}

/// What the agent said of its work, where it does not go with what it left. The work counts all the same: it is the tests
/// that judge it.
fn claimed(step: &StepJob) -> Vec<String> {
    let mut warnings = Vec::new();
    let id = &step.step.id;
    let wanted = completion(step).filter(|_| step.agent.repairs);
    if let Some(line) = wanted.as_deref().and_then(claim)
        && !step.claims().any(|claim| claim == line)
    {
        warnings.push(format!("`{id}` ended without its line `{}: {}`; its work is there", line.name, line.value));
    }
    let failed = step.claims().filter_map(|claim| claim.of(Completion::TestsFailed)).last();
    if let Some(number) = failed.filter(|number| *number != "0") {
        warnings.push(format!("`{id}` says that tests fail: {number}"));
    }
    warnings
}

fn plan_untouched(step: &StepJob, changed: &[String]) -> Result<(), Failure> {
    let mut plan = step.job.plan().into_iter().flat_map(|plan| &plan.files);
    match plan.find(|path| changed.contains(path)) {
        None => Ok(()),
        Some(path) => Err(misbehaved(FailureKind::PlanEdited, format!("the agent edited the plan `{path}`"))
            .expected_found("the plan as it was given", "another text")
            .remedy("phases are ticked by coordinate; tell the agent to leave the plan alone")),
    }
}

/// An agent that works by itself must leave something. One that only runs the plan's own commands has done so by
/// running them, and a repair that changes nothing is one of the rounds.
fn no_work(step: &StepJob) -> Result<Option<String>, Failure> {
    let Some(phase) = step.phase().filter(|_| step.step.repair.is_none()) else {
        return Ok(Some(format!("`{}` changed nothing", step.step.id)));
    };
    if phase.files_none {
        return Ok(None);
    }
    if !step.agent.repairs {
        return Ok(Some(format!("phase {} changed no file that git keeps", phase.number)));
    }
    Err(misbehaved(FailureKind::NoWork, "the agent reported success and changed nothing".to_owned())
        .expected_found("changes in its tree", "none")
        .remedy("write `Files: none` into the phase if it is meant to change nothing"))
}

fn expect_file(
    step: &StepJob,
    repository: &dyn Repository,
    work: &Work,
    changed: &[String],
    file: &PlannedFile,
) -> Result<(), Failure> {
    // A plan may name a folder with a slash at its end.
    let path = file.path.trim_end_matches('/');
    let read = || repository.read_file(&work.commit, path).map_err(|error| system(&error));
    match file.expectation {
        Expectation::Glob => Ok(()),
        Expectation::Absent => {
            let folder = || repository.has_folder(&work.commit, path).map_err(|error| system(&error));
            let found = if read()?.is_some() {
                "the file"
            } else if folder()? {
                "the folder"
            } else {
                return Ok(());
            };
            Err(misbehaved(FailureKind::FileStillThere, format!("`{}` is still there", file.path))
                .expected_found(format!("{found} removed"), found)
                .remedy("mend the phase's `Files` field if it is to stay")
                .remedy(read_it(step)))
        }
        Expectation::Present => match read()? {
            Some(bytes) if !bytes.is_empty() => Ok(()),
            // A folder is named: something below it must be there.
            None if changed.iter().any(|changed| changed.starts_with(&format!("{path}/"))) => Ok(()),
            Some(_) => Err(missing(step, changed, file, FailureKind::EmptyFile, "an empty file")),
            None => Err(missing(step, changed, file, FailureKind::MissingFile, "no such file")),
        },
    }
}

fn missing(step: &StepJob, changed: &[String], file: &PlannedFile, kind: FailureKind, found: &str) -> Failure {
    let tree = step.job.tree(&slug(&step.step.id));
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let newest = step.job.tools.files.newest(&tree.join(folder), 5);
    let shown = if folder.as_os_str().is_empty() { ".".to_owned() } else { folder.display().to_string() };
    let there = if newest.is_empty() {
        format!("the folder `{shown}` is empty or not there")
    } else {
        format!("newest in `{shown}`: {}", newest.join(", "))
    };
    let touched: Vec<&str> = changed.iter().take(10).map(String::as_str).collect();
    let touched = if touched.is_empty() { "nothing".to_owned() } else { touched.join(", ") };
    misbehaved(kind, format!("`{}` was not left as the plan says", file.path))
        .expected_found(format!("`{}` with content", file.path), found)
        .context([there, format!("changed instead: {touched}")])
        .remedy("likely causes: the agent wrote elsewhere, stopped early, or git ignores the path")
        .remedy(read_it(step))
        .remedy("mend the phase's `Files` field if it names the wrong path")
}

/// Where to read what the agent did.
pub(super) fn read_it(step: &StepJob) -> String {
    format!("read what it printed with `coordinate logs --step {}`", step.step.id)
}
