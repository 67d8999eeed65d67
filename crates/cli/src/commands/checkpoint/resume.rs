//! Going on from an imported checkpoint: with the run that it is of, or with a new one.

use super::describe;
use super::store::{Entry, Store};
use crate::args::{QuotaArguments, ResumeArguments, RunArguments};
use crate::commands::resume::{agree, resume_run};
use crate::commands::{note, print, request, run, start};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::wiring::SystemClock;
use coordinate_engine::journal::Journal;
use coordinate_engine::port::Clock;
use coordinate_model::checkpoint::{Checkpoint, Continuation};
use coordinate_model::definition::builtin;
use coordinate_model::ids::{PhaseNumber, RunId};
use coordinate_model::resume::{Facts, PlanNow};
use coordinate_model::time::UtcMillis;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The imported checkpoint of a name.
pub(in crate::commands) fn find(project: &Project, name: Option<&str>) -> Result<Option<Entry>, CommandError> {
    match name.and_then(|name| name.parse().ok()) {
        Some(id) => Store::of(project).get(&id),
        None => Ok(None),
    }
}

/// Goes on from a checkpoint. Where its run is in this journal, that run goes on: it knows more than any export of it.
/// A run that was noted and is not there was cut off before it began.
pub(in crate::commands) fn resume(
    project: &Project,
    entry: &Entry,
    options: &ResumeArguments,
) -> Result<Exit, CommandError> {
    if let Some((journal, run)) = own_run(project, entry)? {
        note(&format!("`{}` is of {run}", entry.id));
        return resume_run(project, &journal, &run, options);
    }
    let continuation = entry.checkpoint.continuation();
    match &continuation {
        Continuation::Nothing => {
            print(&format!("`{}` is complete: there is nothing left to do", entry.id));
            return Ok(Exit::Done);
        }
        Continuation::Unknown => {
            return Err(CommandError::usage(format!("`{}` names neither a request nor a plan", entry.id))
                .hint("begin a run with `coordinate run PLAN.md`"));
        }
        Continuation::Plan { .. } | Continuation::Request { .. } => {}
    }
    if !options.json {
        describe(entry, &|line| note(line));
    }
    let facts = facts(project, &entry.checkpoint, &continuation)?;
    agree(&facts.judge(), entry.id.as_str(), options)?;
    resume_checkpoint(project, entry, continuation, options)
}

fn own_run(project: &Project, entry: &Entry) -> Result<Option<(Journal, RunId)>, CommandError> {
    let Some(journal) = project.journal()? else { return Ok(None) };
    let exported: Option<RunId> = entry.checkpoint.run.as_ref().and_then(|run| run.parse().ok());
    for run in entry.run.iter().chain(&exported) {
        if journal.storage().header(run)?.is_some() {
            return Ok(Some((journal, run.clone())));
        }
    }
    Ok(None)
}

fn facts(project: &Project, checkpoint: &Checkpoint, next: &Continuation<'_>) -> Result<Facts, CommandError> {
    let plan = match next {
        Continuation::Plan { path, .. } => plan_now(project, checkpoint, path)?,
        Continuation::Nothing | Continuation::Request { .. } | Continuation::Unknown => PlanNow::None,
    };
    let updated = checkpoint.updated_at.as_deref().and_then(moment);
    Ok(Facts::of_checkpoint(checkpoint, updated, SystemClock.now(), plan))
}

/// A time as older programs wrote it: with a zone, or without one in UTC.
fn moment(text: &str) -> Option<UtcMillis> {
    let with_zone = text.trim().parse::<jiff::Timestamp>().ok();
    let without = || text.trim().parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let at = with_zone.or_else(|| without().map(|zoned| zoned.timestamp()))?;
    Some(UtcMillis(at.as_millisecond()))
}

/// What became of the plan: told by its hash, in older formats by the time when it was written, else by nothing.
fn plan_now(project: &Project, checkpoint: &Checkpoint, path: &str) -> Result<PlanNow, CommandError> {
    let place = project.root.join(path);
    let changed = |why: String| Ok(PlanNow::Changed { why });
    if !place.exists() {
        return changed(format!("`{path}` is not there"));
    }
    if let Some(hash) = &checkpoint.plan_hash {
        let same = start::read_plan(project, &place.to_string_lossy())?.hash() == *hash;
        return if same { Ok(PlanNow::Unchanged) } else { changed(format!("`{path}` was edited")) };
    }
    match (checkpoint.plan_modification_time, written(&place)) {
        (Some(then), Some(now)) if then == now => Ok(PlanNow::Unchanged),
        (Some(_), _) => changed(format!("`{path}` was written since")),
        (None, _) => changed(format!("the checkpoint does not say what `{path}` was")),
    }
}

fn written(place: &Path) -> Option<i64> {
    let since = place.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// Begins the run that goes on from a checkpoint, once it is agreed. Which one it is was noted before.
fn resume_checkpoint(
    project: &Project,
    entry: &Entry,
    continuation: Continuation<'_>,
    options: &ResumeArguments,
) -> Result<Exit, CommandError> {
    let mut arguments = arguments(&entry.checkpoint, options);
    let note = |run: &RunId| Store::of(project).note_run(&entry.id, run);
    match continuation {
        Continuation::Plan { path, done } => {
            let plan = start::read_plan(project, &project.root.join(path).to_string_lossy())?;
            let done = done_of(project, &plan, &done, &arguments)?;
            run::implement(project, &arguments, (plan, None), done, note)
        }
        Continuation::Request { text, scope } => {
            arguments.asked.scope = scope;
            let requested = request::understand(project, text.to_owned(), &arguments)?;
            run::run_requested(project, requested, &arguments, note)
        }
        Continuation::Nothing | Continuation::Unknown => Ok(Exit::Done),
    }
}

/// The phases of the plan that are done: those of the checkpoint, and ticked ones that it does not speak of only as for
/// any other run, for such a tick is a claim.
fn done_of(
    project: &Project,
    plan: &start::Plan,
    listed: &[PhaseNumber],
    options: &RunArguments,
) -> Result<Vec<PhaseNumber>, CommandError> {
    let mut done: Vec<_> = listed.iter().copied().filter(|number| plan.plan.phase(*number).is_some()).collect();
    if plan.plan.phases.iter().any(|phase| phase.done() && !done.contains(&phase.number)) {
        done.extend(start::done_phases(project, plan, options)?);
        done.sort_unstable();
        done.dedup();
    }
    Ok(done)
}

/// What the user would have typed. A workflow that is not one of this program's is done by the usual one.
fn arguments(checkpoint: &Checkpoint, options: &ResumeArguments) -> RunArguments {
    let known = builtin(&checkpoint.definition).map(|definition| definition.name);
    RunArguments {
        workflow: known.unwrap_or_else(|| "coordinate".to_owned()),
        agent: options.agent.clone(),
        agent_command: options.agent_command.clone(),
        limits: options.limits,
        quota: QuotaArguments { no_wait: options.quota.no_wait, no_auto_resume: options.quota.no_auto_resume },
        detach: options.detach,
        yes: options.yes || options.force,
        json: options.json,
        ..RunArguments::default()
    }
}
