//! `run` and `resume`.

use super::drive::{Shown, drive};
use super::request::{self, Requested, Words};
use super::start::{Plan, read_plan};
use super::{note, print, start};
use crate::args::{ResumeArguments, RunArguments};
use crate::context::{Meant, Project, driver_of, find_run};
use crate::failure::{CommandError, Exit};
use coordinate_engine::journal::Journal;
use coordinate_model::event::Created;
use coordinate_report::diagram;

pub(crate) fn run(project: &Project, options: &RunArguments) -> Result<Exit, CommandError> {
    match request::read(project, options)? {
        Requested::Plan(path, words) => run_plan(project, &path, words.as_ref(), options),
        Requested::Words(words) => run_words(project, &words, options),
    }
}

fn run_words(project: &Project, words: &Words, options: &RunArguments) -> Result<Exit, CommandError> {
    let choices = start::choices(project, options)?;
    request::check(project, words, &choices)?;
    if options.dry_run {
        return dry_run_words(project, words, &choices);
    }
    let base = request::base(project, words)?;
    let journal = project.create_journal()?;
    super::state::prune(project, &journal);
    let created = request::create(project, words, choices, base)?;
    begin(project, &journal, created, options)
}

/// From here on the run exists, and whatever becomes of this process, it can be resumed.
fn begin(project: &Project, journal: &Journal, created: Created, options: &RunArguments) -> Result<Exit, CommandError> {
    let (run, begun) = journal.create(created)?;
    super::names::tell(project, &run);
    let shown = if options.json { Shown::Json } else { Shown::Text };
    drive(project, journal, run.id(), shown, &begun)
}

fn dry_run_words(project: &Project, words: &Words, choices: &start::Choices) -> Result<Exit, CommandError> {
    let layout = request::layout(project, words, choices)?;
    print(super::scope::explanation(&words.decision).trim_end());
    for path in &layout.reports {
        print(&format!("report: {path}"));
    }
    let definition = &choices.definition;
    let mut at = &definition.initial;
    let mut states = vec![at.to_string()];
    while let Some(next) = definition.next_state(words.decision.scope, false, at).filter(|_| *at != definition.complete)
    {
        states.push(next.to_string());
        at = next;
    }
    print(&format!("states: {}", states.join(" → ")));
    print_choices(choices);
    print("nothing was done (--dry-run)");
    Ok(Exit::Done)
}

fn run_plan(
    project: &Project,
    path: &str,
    words: Option<&Words>,
    options: &RunArguments,
) -> Result<Exit, CommandError> {
    let plan = read_plan(project, path)?;
    let done = start::done_phases(project, &plan, options)?;
    if done.len() == plan.plan.phases.len() {
        print("nothing to do: every phase of the plan is done (`--all` does them again)");
        return Ok(Exit::Done);
    }
    let choices = start::choices(project, options)?;
    if options.dry_run {
        return Ok(dry_run(&plan, &choices));
    }
    let base = start::base(project)?;
    if !options.json {
        note(super::plan::waves_text(&plan.plan, &plan.graph).trim_end());
    }
    let journal = project.create_journal()?;
    super::state::prune(project, &journal);
    let created = start::create(project, plan, words, done, choices, base)?;
    begin(project, &journal, created, options)
}

fn dry_run(plan: &Plan, choices: &start::Choices) -> Exit {
    print(super::plan::waves_text(&plan.plan, &plan.graph).trim_end());
    print_choices(choices);
    for path in &plan.plan.files {
        print(&format!("plan file: {path}"));
    }
    print("nothing was done (--dry-run)");
    Exit::Done
}

fn print_choices(choices: &start::Choices) {
    print(&format!("workflow: {}", choices.definition.name));
    print(&format!("agent: {}", choices.options.agent.name));
    print(&format!("at once: {}", choices.options.max_parallel));
    let test = choices.options.test_command.as_deref().unwrap_or("(detected in each tree)");
    print(&format!("tests: {test}"));
}

pub(crate) fn resume(project: &Project, options: &ResumeArguments) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, options.run.as_deref(), Meant::Open)?;
    // An ended run needs no lease and changes nothing: its listing says so.
    let header = journal.storage().header(&id)?;
    if let Some(outcome) = header.and_then(|header| header.outcome) {
        return Ok(ended_before(&id, &outcome, options.json));
    }
    // A run that another process drives is refused below; there is nothing to show then.
    if !options.json && driver_of(&journal, &id)?.is_none() {
        note(diagram::draw(&journal.load(&id)?, diagram::Format::Text).trim_end());
    }
    let shown = if options.json { Shown::Json } else { Shown::Text };
    drive(project, &journal, &id, shown, &[])
}

fn ended_before(id: &coordinate_model::ids::RunId, outcome: &str, json: bool) -> Exit {
    if json {
        let line =
            serde_json::json!({"event": "run_ended", "run": id, "outcome": outcome, "message": "it had ended before"});
        crate::display::print_json(&line);
    } else {
        print(&format!("{id} has ended: {outcome}; look at it with `coordinate show {id}`"));
    }
    match outcome {
        "succeeded" => Exit::Done,
        "cancelled" => Exit::Stopped,
        _ => Exit::Failed,
    }
}
