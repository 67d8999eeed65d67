//! What people say to a run from beside: pause, cancel, unlock. Each is an input like any other.

use super::print;
use crate::args::{ReplanArguments, SkipArguments, StepArguments};
use crate::context::{Meant, Project, driver_of, find_run};
use crate::failure::{CommandError, Exit};
use coordinate_engine::journal::{Author, Journal};
use coordinate_model::ids::{PhaseNumber, RunId, StepId};
use coordinate_model::input::{Answer, Input};
use coordinate_model::replan::ReplanKind;

pub(crate) fn pause(project: &Project, run: Option<&str>) -> Result<Exit, CommandError> {
    let (journal, id) = open(project, run)?;
    say(&journal, &id, &Input::Pause { by: user() }, "paused")
}

pub(crate) fn cancel(project: &Project, run: Option<&str>, reason: &str) -> Result<Exit, CommandError> {
    let (journal, id) = open(project, run)?;
    say(&journal, &id, &Input::Cancel { by: user(), reason: reason.to_owned() }, "cancelled")
}

pub(crate) fn replan(project: &Project, options: &ReplanArguments) -> Result<Exit, CommandError> {
    let (journal, id) = open(project, options.run.as_deref())?;
    let kind = ReplanKind::named(&options.kind)
        .ok_or_else(|| CommandError::usage(format!("there is no kind of change `{}`", options.kind)))?;
    let input = Input::Replan {
        phase: PhaseNumber(options.phase),
        kind,
        reason: format!("{}: {}", user(), options.reason),
        forced: options.force_replan,
    };
    say(&journal, &id, &input, "the plan is to change")
}

pub(crate) fn retry(project: &Project, options: &StepArguments) -> Result<Exit, CommandError> {
    let (journal, id) = open(project, options.run.as_deref())?;
    let input = Input::Retry { step: StepId::new(&options.step), by: user() };
    say(&journal, &id, &input, &format!("`{}` is tried again", options.step))
}

pub(crate) fn skip(project: &Project, options: &SkipArguments) -> Result<Exit, CommandError> {
    let (journal, id) = open(project, options.which.run.as_deref())?;
    let step = &options.which.step;
    let input = Input::Skip { step: StepId::new(step), by: user(), reason: options.reason.clone() };
    say(&journal, &id, &input, &format!("`{step}` is left out"))
}

pub(crate) fn unlock(project: &Project, run: Option<&str>) -> Result<Exit, CommandError> {
    let (journal, id) = open(project, run)?;
    match journal.unlock(&id)? {
        Some(holder) => print(&format!("taken from process {}; go on with `coordinate resume {id}`", holder.pid)),
        None => print(&format!("nobody had it; go on with `coordinate resume {id}`")),
    }
    Ok(Exit::Done)
}

pub(super) fn open(project: &Project, run: Option<&str>) -> Result<(Journal, RunId), CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, run, Meant::Open)?;
    Ok((journal, id))
}

pub(super) fn say(journal: &Journal, id: &RunId, input: &Input, word: &str) -> Result<Exit, CommandError> {
    let mut run = journal.load(id)?;
    let committed = journal.transact(&mut run, Author::Anyone, std::slice::from_ref(input))?;
    match committed.answers.first() {
        Some(Answer::Accepted) => {
            match driver_of(journal, id)? {
                Some(pid) => print(&format!("{word}; process {pid} drives {id}")),
                None => print(&format!("{word}, recorded; nobody drives this run: coordinate resume {id}")),
            }
            Ok(Exit::Done)
        }
        Some(Answer::AlreadyDone) => {
            print(&format!("that was said already: {id}"));
            Ok(Exit::Done)
        }
        Some(Answer::NotWaiting { reason }) => Err(CommandError::usage(reason.clone())),
        Some(Answer::Fenced) | None => Err(CommandError::internal("the run took no answer")),
    }
}

/// Who says so, for the journal.
pub(super) fn user() -> String {
    let name = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    if name.is_empty() { "the user".to_owned() } else { name }
}
