//! `fork`: a run of its own from the past of another one.

mod changes;

use super::control::user;
use super::drive::{Shown, drive};
use super::{names, note, print, print_json, start};
use crate::args::ForkArguments;
use crate::context::{Meant, Project, find_run};
use crate::failure::{CommandError, Exit};
use crate::paths::{self, Taking, topic_named};
use crate::wiring::SystemClock;
use changes::With;
pub(super) use changes::answer;
use coordinate_engine::fork::{self as code, ForkError, hold, let_go};
use coordinate_engine::journal::Journal;
use coordinate_engine::port::{Clock, Repository};
use coordinate_model::decide::advance;
use coordinate_model::definition::StepKind;
use coordinate_model::fork::{self, Changes, Forked, Open, Order, Places, Point, Refusal, Written, before, point};
use coordinate_model::ids::{RunId, StepId};
use coordinate_model::input::{Answer, Context, Input};
use coordinate_model::run::{Position, Run};
use serde_json::json;
use std::fs::File;
use std::path::Path;

pub(crate) fn fork(project: &Project, options: &ForkArguments) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, options.run.as_deref(), Meant::Newest)?;
    let past = written(&journal, &id)?;
    let point = point_of(&past, &options.at)?;
    let with = With::parse(&options.with)?;
    let changes = with.changes(project, &point.run)?;
    let answers = with.answers(&point.run)?;
    let order = Wanted { changes, answers, said: &|_| Vec::new() };
    let (made, _) = make(project, &journal, (&past, &point), order)?;
    let run = made.run.id();
    super::budget::raise(project, &journal, run, with.limits(), if options.json { Shown::Json } else { Shown::Text })?;
    report(&id, &point, options, &made);
    if !options.resume {
        return Ok(Exit::Done);
    }
    drive(project, &journal, run, if options.json { Shown::Json } else { Shown::Text }, &[])
}

/// The events of a run, as the model takes them.
pub(super) fn written(journal: &Journal, id: &RunId) -> Result<Vec<Written>, CommandError> {
    let records = journal.records(id, 0)?.into_iter();
    Ok(records.map(|record| (Position { sequence: record.sequence, at: record.at }, record.event)).collect())
}

/// The point that the user means: an event by its number, or the moment before a step.
pub(super) fn point_of(past: &[Written], at: &str) -> Result<Point, CommandError> {
    let number = at.parse::<u64>();
    let found = number.map_or_else(|_| before(past, &StepId::new(at)), Ok).and_then(|at| point(past, at));
    found.map_err(refused)
}

fn refused(refusal: Refusal) -> CommandError {
    let error = CommandError::usage(refusal.to_string());
    match refusal {
        Refusal::NoEvent { run, .. } => {
            error.hint(format!("`coordinate replay {run} --speed max --format json` numbers them"))
        }
        Refusal::NotBegun { run, .. } => error.hint(format!("`coordinate show {run}` lists its steps")),
        Refusal::Part { .. } => error,
        Refusal::Ending { run, before, .. } => error.hint(format!("`coordinate fork {run} --at {before}`")),
        Refusal::Corrupt(corruption) => CommandError::internal(corruption),
    }
}

/// What a fork has besides its past.
pub(super) struct Wanted<'a> {
    pub(super) changes: Changes,
    pub(super) answers: Vec<(StepId, coordinate_model::event::GateAnswer)>,
    /// What it is told before anybody drives it.
    pub(super) said: &'a dyn Fn(&Run) -> Vec<Input>,
}

/// Makes the fork: its places, its refs, then its journal in one transaction. Gives how much of what it was told it took.
pub(super) fn make(
    project: &Project,
    journal: &Journal,
    (past, point): (&[Written], &Point),
    wanted: Wanted<'_>,
) -> Result<(Forked, usize), CommandError> {
    let _turn = turn(project)?;
    let repository = project.repository.as_deref().map(|repository| repository as &dyn Repository);
    let is_there = |run: &RunId| !matches!(journal.storage().header(run), Ok(None));
    if let Some(repository) = repository {
        code::sweep(repository, &is_there).map_err(CommandError::internal)?;
    }
    let id = start::run_id(Taking::Taken)?;
    let old = &point.run;
    let trees = Path::new(&old.created.paths.trees).with_file_name(id.as_str());
    let places = places(project, &id, old)?;
    let Wanted { changes, answers, said } = wanted;
    let order = Order { trees: start::text(&trees), run: id, places, changes, answers, by: user() };
    let context = Context { now: SystemClock.now(), entropy: SystemClock.entropy() };
    let mut forked = fork::fork(past, point, &order, context).map_err(CommandError::internal)?;
    let words = said(&forked.run);
    let taken = tell(&mut forked, &words, context)?;
    let held = repository.map(|repository| hold(repository, &forked.run)).transpose();
    let held = held.map_err(|error| gone(&error))?.unwrap_or_default();
    if let Err(error) = journal.adopt(&forked.run, forked.events.clone()) {
        repository.iter().for_each(|repository| let_go(*repository, &held));
        return Err(error.into());
    }
    repository.iter().for_each(|repository| code::made(*repository, forked.run.id()));
    names::tell(project, &forked.run);
    Ok((forked, taken))
}

/// Part of the fork's one transaction, so that a kill can not come between.
fn tell(forked: &mut Forked, inputs: &[Input], context: Context) -> Result<usize, CommandError> {
    let mut taken = 0;
    for input in inputs {
        let decision = advance(&mut forked.run, input, context).map_err(CommandError::internal)?;
        taken += usize::from(decision.answer == Answer::Accepted);
        forked.events.extend(decision.events.into_iter().map(|event| (context.now, event)));
    }
    Ok(taken)
}

/// One maker of forks at a time: another would take the refs of a fork that has no journal yet for what a kill left. The
/// system lets the lock go when its holder dies.
fn turn(project: &Project) -> Result<File, CommandError> {
    let path = project.state().join("forking.lock");
    let opened = File::options().create(true).truncate(false).write(true).open(&path);
    let taken = opened.and_then(|file| file.lock().map(|()| file));
    taken.map_err(|error| CommandError::internal(format!("failed to lock `{}`: {error}", path.display())))
}

fn gone(error: &ForkError) -> CommandError {
    match error {
        ForkError::Gone { .. } => CommandError::usage(error.to_string())
            .hint("git has removed it, as nothing held it any more; fork at an event before it was made"),
        ForkError::Repository(_) => CommandError::internal(error),
    }
}

/// Places in the same topic for all that was not written yet: what the other run has written since is left alone.
fn places(project: &Project, id: &RunId, old: &Run) -> Result<Places, CommandError> {
    let (created, open) = (&old.created, Open::of(old));
    let (root, folder) = created.paths.topic.rsplit_once('/').unwrap_or(("", &created.paths.topic));
    let Some(topic) = topic_named(root, folder) else { return Ok(Places::default()) };
    let slugs: Vec<String> = open.reports.iter().filter_map(|&at| Some(created.topics.get(at)?.slug.clone())).collect();
    let wanted = paths::Wanted { reports: &slugs, overview: open.overview, plan: open.plan, debug: open.debug };
    let layout = paths::reserve(project, root, id, Ok(topic), wanted)?;
    Ok(Places {
        reports: open.reports.iter().copied().zip(layout.reports).collect(),
        overview: open.overview.then_some(layout.overview),
        plan: open.plan.then_some(layout.plan),
        debug: open.debug.then_some(layout.debug),
        summary: Some(layout.summary),
    })
}

fn report(from: &RunId, point: &Point, options: &ForkArguments, made: &Forked) {
    let run = made.run.id();
    if options.json {
        print_json(&json!({
            "run": run,
            "forked_from": from,
            "at": point.at,
            "state": made.run.state,
            "integration": made.run.integration,
            "interrupted": made.interrupted,
        }));
        return;
    }
    note(&format!("forked from {from} after event {}, in state `{}`", point.at, made.run.state));
    if options.at.parse() != Ok(point.at) && options.at.parse::<u64>().is_ok() {
        note(&format!("event {} is one with those up to {}", options.at, point.at));
    }
    for step in &made.interrupted {
        // What the run below it had done by then is in that run's own journal, which the fork has no part of.
        let leads = made.run.step(step).is_some_and(|step| step.kind == StepKind::SubRun);
        let below = if leads { ", and so does the whole run that it leads" } else { "" };
        note(&format!("`{step}` was at work then and begins anew{below}"));
    }
    if !options.resume {
        note(&format!("go on with it: coordinate resume {run}"));
    }
    print(run.as_str());
}
