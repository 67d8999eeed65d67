//! `show` and `why`.

use super::{print, print_json};
use crate::args::{DiagramFormat, ShowArguments};
use crate::context::{Meant, Project, driver_of, find_run};
use crate::failure::{CommandError, Exit};
use coordinate_model::run::{Run, Step};
use coordinate_report::diagram::{Format, draw};
use coordinate_report::text::{moment, span};
use coordinate_report::{json, line};

pub(crate) fn show(project: &Project, options: &ShowArguments) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, options.run.as_deref(), Meant::Newest)?;
    let run = match options.at {
        Some(sequence) => {
            let last = journal.load(&id)?.sequence;
            if sequence > last {
                return Err(CommandError::usage(format!("`{id}` has no event {sequence}, its newest is {last}")));
            }
            journal.load_at(&id, sequence)?
        }
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
        print_json(&json::run(&run));
    } else if let Some(format) = options.diagram {
        let format = match format {
            DiagramFormat::Text => Format::Text,
            DiagramFormat::Mermaid => Format::Mermaid,
            DiagramFormat::Dot => Format::Dot,
        };
        print(draw(&run, format).trim_end());
    } else {
        print_run(&run, driver_of(&journal, &id)?);
    }
    Ok(Exit::Done)
}

fn print_run(run: &Run, driver: Option<u32>) {
    let outcome =
        run.outcome.map_or_else(|| format!("open, in state `{}`", run.state), |outcome| outcome.name().to_owned());
    print(&format!("run       {}", run.id()));
    print(&format!("request   {}", run.created.request.trim()));
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
    if let Some(sentence) = line::delivery(run) {
        print(&format!("result    {sentence}"));
    }
    for artifact in &run.artifacts {
        print(&format!("{:<9} {}", artifact.kind, artifact.path));
    }
    for replan in &run.replans {
        print(&format!("change    {}", coordinate_report::changes::line(replan)));
    }
    print("steps");
    for step in &run.steps {
        print(&step_line(run, step));
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

fn step_line(run: &Run, step: &Step) -> String {
    let tries = if step.attempts.len() > 1 { format!("  ({} attempts)", step.attempts.len()) } else { String::new() };
    format!("  {:<10} {:<34} {}{tries}", step.state.name(), step.id.as_str(), line::name(run, step))
}

pub(crate) fn why(project: &Project, run: Option<&str>) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, run, Meant::Newest)?;
    let state = journal.load(&id)?;
    print(&coordinate_report::why::why(&state, driver_of(&journal, &id)?));
    Ok(Exit::Done)
}
