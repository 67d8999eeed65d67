//! `logs`: what happened, or what a step printed.

use super::print;
use crate::args::LogsArguments;
use crate::context::{Meant, Project, driver_of, find_run};
use crate::display::print_json;
use crate::failure::{CommandError, Exit};
use crate::wiring::{clients, program};
use coordinate_engine::journal::{Journal, Record};
use coordinate_engine::port::{Agents, Attempts, TranscriptLine};
use coordinate_engine::work::attempt_folder;
use coordinate_host::attempts::ShimAttempts;
use coordinate_model::ids::{RunId, StepId};
use coordinate_model::run::{Position, Run};
use coordinate_report::text::moment;
use coordinate_report::{json, line};
use std::time::Duration;

/// How often a followed journal is looked at.
const POLL: Duration = Duration::from_millis(200);

pub(crate) fn logs(project: &Project, options: &LogsArguments) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, options.run.as_deref(), Meant::Newest)?;
    match &options.step {
        Some(step) => transcript(project, &journal, &id, step, options.follow),
        None => events(&journal, &id, options),
    }
}

fn events(journal: &Journal, id: &RunId, options: &LogsArguments) -> Result<Exit, CommandError> {
    let records = journal.records(id, 0)?;
    let mut records = records.into_iter();
    let Some(first) = records.next() else {
        return Err(CommandError::usage(format!("there is no run `{id}`")));
    };
    let begin = Run::begin(Position { sequence: first.sequence, at: first.at }, &first.event);
    let mut run = begin.map_err(CommandError::internal)?;
    show(&run, &first, options.json);
    let mut records: Vec<Record> = records.collect();
    loop {
        for record in &records {
            run.apply(Position { sequence: record.sequence, at: record.at }, &record.event)
                .map_err(CommandError::internal)?;
            show(&run, record, options.json);
        }
        if !options.follow || run.outcome.is_some() {
            return Ok(Exit::Done);
        }
        std::thread::sleep(POLL);
        records = journal.records(id, run.sequence)?;
    }
}

fn show(run: &Run, record: &Record, as_json: bool) {
    if as_json {
        print_json(&json::event(run, record.sequence, record.at, &record.event));
    } else if let Some(text) = line::text(run, &record.event) {
        print(&format!("{} [{}] {text}", moment(record.at), run.state));
    }
}

fn transcript(
    project: &Project,
    journal: &Journal,
    id: &RunId,
    step: &str,
    follow: bool,
) -> Result<Exit, CommandError> {
    let run = journal.load(id)?;
    let step = StepId::new(step);
    let known = run.step(&step).ok_or_else(|| {
        let tried = run.steps.iter().filter(|step| !step.attempts.is_empty()).take(12);
        let error = CommandError::usage(format!("`{id}` has no step `{step}`"));
        tried.fold(error, |error, step| error.hint(step.id.as_str()))
    })?;
    let attempt = known
        .attempt()
        .ok_or_else(|| CommandError::usage(format!("`{step}` has not begun; it is {}", known.state.name())))?;
    let folder = attempt_folder(&project.attempts(), id, &step, attempt.number);
    let attempts = ShimAttempts::new(program()?);
    let clients = clients()?;
    let mut on_line = |line: TranscriptLine| {
        if let Some(text) = clients.shown(run.agent(known), &line) {
            print(&text);
        }
        true
    };
    if follow && driver_of(journal, id)?.is_some() {
        attempts.follow(&folder, 0, &mut on_line).map_err(CommandError::internal)?;
    } else {
        coordinate_host::attempts::read_transcript(&folder, &mut on_line).map_err(CommandError::internal)?;
    }
    Ok(Exit::Done)
}
