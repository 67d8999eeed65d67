//! `show` and `why`.

use super::liveness::Liveness;
use super::{print, print_json};
use crate::args::{ShowArguments, StatesFormat};
use crate::context::{Meant, Project, driver_of, find_run};
use crate::failure::{CommandError, Exit};
use crate::wiring::SystemClock;
use crate::workflows;
use coordinate_engine::journal::Journal;
use coordinate_engine::port::{Clock, RunHeader};
use coordinate_model::definition::StateName;
use coordinate_model::event::Outcome;
use coordinate_model::ids::RunId;
use coordinate_model::run::{Run, Step};
use coordinate_report::diagram::{Drawing, Format, checkpoint_way, draw};
use coordinate_report::effects::{self, Effects};
use coordinate_report::estimate::History;
use coordinate_report::text::{moment, span};
use coordinate_report::{json, line};
use std::path::Path;

/// How many earlier runs tell how long things take.
const HISTORY: usize = 20;

pub(crate) fn show(project: &Project, options: &ShowArguments) -> Result<Exit, CommandError> {
    if let (Some(file), Some(format)) = (&options.checkpoint, options.diagram) {
        return show_checkpoint(project, file, format);
    }
    let journal = project.need_journal()?;
    let id = find_run(&journal, options.run.as_deref(), Meant::Newest)?;
    let wanted = wanted_event(&journal, &id, options)?;
    let run = match wanted {
        Some(sequence) => journal.load_at(&id, sequence)?,
        None => journal.load(&id)?,
    };
    if options.changes {
        match options.json {
            true => print_json(&json::changes(&run)),
            false => print(coordinate_report::changes::text(&run).trim_end()),
        }
    } else if options.context {
        super::context::show(&run, options.json);
    } else if options.json {
        let mut shown = json::run(&run);
        shown["effects"] = serde_json::to_value(twice(&journal, &run)?).map_err(CommandError::internal)?;
        print_json(&shown);
    } else if let Some(format) = options.diagram {
        // A run as it was is measured by the time that it was then.
        let now = if wanted.is_some() { run.updated } else { SystemClock.now() };
        let left = history(&journal, &id).left(&run, now);
        print(draw(&Drawing::of_run(&run, left), drawn_as(format)).trim_end());
    } else {
        let driver = driver_of(&journal, &id)?;
        // A run as it was had processes that nobody can ask any more.
        print_run(&run, driver, &Liveness::of(project, &run, driver.is_some() || wanted.is_some()));
        for line in effects::lines(&run, &twice(&journal, &run)?) {
            print(&format!("note      {line}"));
        }
    }
    Ok(Exit::Done)
}

/// What may have acted outside of a tree a second time, by the run's events up to where it is shown.
fn twice(journal: &Journal, run: &Run) -> Result<Vec<Effects>, CommandError> {
    // Only a step that was tried again has such a thing: of all others nothing is read.
    if run.steps.iter().all(|step| step.attempts.len() < 2) {
        return Ok(Vec::new());
    }
    let records = journal.records(run.id(), 0)?;
    let shown = records.iter().filter(|record| record.sequence <= run.sequence);
    Ok(effects::of_run(run, shown.map(|record| &record.event)))
}

/// The event up to which a run is wanted; `None` for all of it.
fn wanted_event(journal: &Journal, id: &RunId, options: &ShowArguments) -> Result<Option<u64>, CommandError> {
    if let Some(sequence) = options.at {
        let last = journal.load(id)?.sequence;
        if sequence > last {
            return Err(CommandError::usage(format!("`{id}` has no event {sequence}, its newest is {last}")));
        }
        return Ok(Some(sequence));
    }
    let Some(time) = options.as_of else { return Ok(None) };
    let records = journal.records(id, 0)?;
    match records.iter().rev().find(|record| record.at <= time) {
        Some(record) => Ok(Some(record.sequence)),
        None => {
            let began = records.first().map_or_else(String::new, |first| format!(", it began at {}", moment(first.at)));
            Err(CommandError::usage(format!("`{id}` was not there at {}{began}", moment(time))))
        }
    }
}

fn drawn_as(format: StatesFormat) -> Format {
    match format {
        StatesFormat::Text => Format::Text,
        StatesFormat::Mermaid => Format::Mermaid,
        StatesFormat::Dot => Format::Dot,
        StatesFormat::Svg => Format::Svg,
    }
}

fn show_checkpoint(project: &Project, file: &Path, format: StatesFormat) -> Result<Exit, CommandError> {
    let checkpoint = super::checkpoint::parsed(file)?;
    let definition = workflows::find(project, &checkpoint.definition).ok();
    let way = checkpoint_way(&checkpoint, definition.as_ref());
    let machine = &checkpoint.state_machine;
    let done = |state: &&StateName| machine.completed_states.contains(state) && **state != machine.current_state;
    let works = |state: &&StateName| {
        let known = definition.as_ref().and_then(|definition| definition.state(state));
        known.is_some_and(|state| !state.steps.is_empty())
    };
    let own = checkpoint.run.as_ref().and_then(|run| run.parse().ok());
    let history = project.journal()?.map(|journal| newest(&journal, own.as_ref())).unwrap_or_default();
    let rest = way.iter().filter(|state| !done(state)).filter(works);
    let left = definition.is_some().then(|| history.sum(rest.map(StateName::as_str))).flatten();
    print(draw(&Drawing::of_checkpoint(&checkpoint, definition.as_ref(), left), drawn_as(format)).trim_end());
    Ok(Exit::Done)
}

/// How long things took in earlier runs of this project. One that can not be read tells nothing, and stops nothing.
pub(super) fn history(journal: &Journal, run: &RunId) -> History {
    newest(journal, Some(run))
}

fn newest(journal: &Journal, without: Option<&RunId>) -> History {
    let mut history = History::default();
    let headers = journal.storage().headers().unwrap_or_default();
    let good =
        |header: &&RunHeader| header.parent.is_none() && header.outcome.as_deref() == Some(Outcome::Succeeded.name());
    let others = headers.iter().filter(good).filter(|header| Some(&header.run) != without);
    for run in others.take(HISTORY).filter_map(|header| journal.load(&header.run).ok()) {
        history.add(&run);
    }
    history
}

fn print_run(run: &Run, driver: Option<u32>, liveness: &Liveness<'_>) {
    let outcome =
        run.outcome.map_or_else(|| format!("open, in state `{}`", run.state), |outcome| outcome.name().to_owned());
    print(&format!("run       {}", run.id()));
    print(&format!("request   {}", run.created.request.trim()));
    if let Some(parent) = &run.created.parent {
        print(&format!("part of   {} ({})", parent.run, parent.step));
    }
    if let Some(forked) = &run.created.forked {
        print(&format!("forked    from {} after event {}", forked.run, forked.at));
    }
    print(&format!("scope     {} ({})", run.scope(), run.created.definition.name));
    print(&format!("outcome   {outcome}"));
    print(&format!(
        "started   {}, {} events, {}",
        moment(run.started),
        run.sequence,
        span(run.updated.since(run.started))
    ));
    if let Some(pid) = driver {
        print(&format!("driver    process {pid}"));
    }
    if liveness.is_left_at_work() {
        print(&format!("driver    none; `coordinate resume {}` goes on", run.id()));
    }
    if let Some(sentence) = line::delivery(run) {
        print(&format!("result    {sentence}"));
    }
    for line in coordinate_report::budget::text(run) {
        print(&format!("budget    {line}"));
    }
    for artifact in &run.artifacts {
        print(&format!("{:<9} {}", artifact.kind, artifact.path));
    }
    for replan in &run.replans {
        print(&format!("change    {}", coordinate_report::changes::line(replan)));
    }
    let now = SystemClock.now();
    for question in coordinate_report::inbox::entries(run, false) {
        print(&format!("question  {}", question.line(now)));
    }
    for said in coordinate_report::said::lines(run) {
        print(&format!("said      {said}"));
    }
    print("steps");
    for step in &run.steps {
        print(&step_line(run, step, liveness.word(step)));
    }
    for (step, failure) in run.failures() {
        print(&line::failure(run, step, failure));
    }
    for warning in &run.warnings {
        print(&format!("note      {warning}"));
    }
    for kept in &run.kept {
        print(&format!("kept      {kept}"));
    }
}

fn step_line(run: &Run, step: &Step, state: &str) -> String {
    let tries = if step.attempts.len() > 1 { format!("  ({} attempts)", step.attempts.len()) } else { String::new() };
    let below = step.track.filter(|_| !step.attempts.is_empty()).map(|_| format!("  ({})", run.id().below(&step.id)));
    let (id, name) = (step.id.as_str(), line::name(run, step));
    format!("  {state:<10} {id:<34} {name}{tries}{}", below.unwrap_or_default())
}

pub(crate) fn why(project: &Project, run: Option<&str>) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, run, Meant::Newest)?;
    let state = journal.load(&id)?;
    print(&coordinate_report::why::why(&state, driver_of(&journal, &id)?));
    Ok(Exit::Done)
}
