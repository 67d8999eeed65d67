//! `run`.

use super::detach::{Handing, detach};
use super::drive::{Shown, drive};
use super::request::{self, Requested, Words};
use super::start::{Plan, read_plan};
use super::{estimate, note, print, prompts, start};
use crate::args::RunArguments;
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::paths::Taking;
use coordinate_engine::journal::Journal;
use coordinate_model::definition::Scope;
use coordinate_model::event::Created;
use coordinate_model::ids::{PhaseNumber, RunId};
use coordinate_report::limits;
use std::io::IsTerminal;

pub(crate) fn run(project: &Project, options: &RunArguments) -> Result<Exit, CommandError> {
    super::batches::recover(project)?;
    run_requested(project, request::read(project, options)?, options, |_| Ok(()))
}

/// Carries out what was asked for. `noted` is told the run's id before there is a run of that id.
pub(super) fn run_requested(
    project: &Project,
    requested: Requested,
    options: &RunArguments,
    noted: impl FnOnce(&RunId) -> Result<(), CommandError>,
) -> Result<Exit, CommandError> {
    match requested {
        Requested::Plan(path, words) => run_plan(project, &path, words.as_ref(), options, noted),
        Requested::Words(words) => run_words(project, &words, options, noted),
    }
}

fn run_words(
    project: &Project,
    words: &Words,
    options: &RunArguments,
    noted: impl FnOnce(&RunId) -> Result<(), CommandError>,
) -> Result<Exit, CommandError> {
    let choices = start::choices(project, options)?;
    request::check(project, words, &choices)?;
    if options.estimate {
        let base = request::base(project, words)?;
        let first = request::create(project, words, choices, base, Taking::Supposed)?;
        return estimate::estimate(project, first, options.json);
    }
    if options.show_prompts {
        let base = request::base(project, words)?;
        return prompts::show(project, request::create(project, words, choices, base, Taking::Supposed)?, options.json);
    }
    if options.dry_run {
        return dry_run_words(project, words, &choices);
    }
    let base = request::base(project, words)?;
    let journal = project.create_journal()?;
    super::clean::prune(project, &journal);
    let first = request::create(project, words, choices, base, Taking::Taken)?;
    begin(project, &journal, first, options, noted)
}

/// From its first event on the run exists, and whatever becomes of this process, it can be resumed. It is noted before:
/// a note of a run that never came to be means nothing, but a run that nobody noted would be begun a second time.
fn begin(
    project: &Project,
    journal: &Journal,
    first: Created,
    options: &RunArguments,
    noted: impl FnOnce(&RunId) -> Result<(), CommandError>,
) -> Result<Exit, CommandError> {
    tell_standards(journal, &first, options)?;
    noted(&first.run)?;
    let (run, begun) = journal.create(first)?;
    super::names::tell(project, &run);
    let shown = if options.json { Shown::Json } else { Shown::Text };
    if options.detach {
        return detach(project, journal, &Handing { id: run.id(), begun: true, shown });
    }
    drive(project, journal, run.id(), shown, &begun)
}

/// What the project's standards decide, and, once, that there are none.
fn tell_standards(journal: &Journal, first: &Created, options: &RunArguments) -> Result<(), CommandError> {
    let named = first.standards.test.as_ref().filter(|_| first.options.test_command.is_none() && !options.json);
    if let Some(test) = named {
        note(&format!("tests: `{}`, as {} says", test.command, test.origin()));
    }
    let none = first.standards.sections.iter().all(|section| section.file.is_empty());
    if none && std::io::stderr().is_terminal() && journal.storage().headers()?.is_empty() {
        note(
            "there is no `CLAUDE.md` or `AGENTS.md`, so the customs of the language count: `coordinate init` writes one",
        );
    }
    Ok(())
}

fn dry_run_words(project: &Project, words: &Words, choices: &start::Choices) -> Result<Exit, CommandError> {
    let layout = request::layout(project, words, choices)?;
    print(super::scope::explanation(&words.decision).trim_end());
    for path in &layout.reports {
        print(&format!("report: {path}"));
    }
    for track in choices.tracks(words) {
        let topics = track.iter().filter_map(|&at| words.decision.topics.get(at as usize));
        let names: Vec<&str> = topics.map(|topic| topic.name.as_str()).collect();
        print(&format!("led together: {}", names.join(", ")));
    }
    if request::has_overview(words, choices) {
        print(&format!("overview: {}", layout.overview));
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
    noted: impl FnOnce(&RunId) -> Result<(), CommandError>,
) -> Result<Exit, CommandError> {
    let plan = read_plan(project, path)?;
    let done = start::done_phases(project, &plan, options)?;
    implement(project, options, (plan, words), done, noted)
}

/// Runs a plan of which these phases are done, for a request or for itself.
pub(super) fn implement(
    project: &Project,
    options: &RunArguments,
    (plan, words): (Plan, Option<&Words>),
    done: Vec<PhaseNumber>,
    noted: impl FnOnce(&RunId) -> Result<(), CommandError>,
) -> Result<Exit, CommandError> {
    if done.len() == plan.plan.phases.len() {
        print("nothing to do: every phase of the plan is done (`--all` does them again)");
        return Ok(Exit::Done);
    }
    let choices = start::choices(project, options)?;
    if !choices.definition.scope.contains_key(&Scope::FullImplementation) {
        return Err(request::lacks(project, &choices.definition, Scope::FullImplementation));
    }
    if options.estimate {
        let base = start::base(project)?;
        let first = start::create(project, plan, words, done, choices, base, Taking::Supposed)?;
        return estimate::estimate(project, first, options.json);
    }
    if options.show_prompts {
        let base = start::base(project)?;
        let first = start::create(project, plan, words, done, choices, base, Taking::Supposed)?;
        return prompts::show(project, first, options.json);
    }
    if options.dry_run {
        return Ok(dry_run(&plan, &choices));
    }
    let base = start::base(project)?;
    if !options.json {
        note(super::plan::waves_text(&plan.plan, &plan.graph).trim_end());
    }
    let journal = project.create_journal()?;
    super::clean::prune(project, &journal);
    let first = start::create(project, plan, words, done, choices, base, Taking::Taken)?;
    begin(project, &journal, first, options, noted)
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
    print(&format!("agent: {}", limits::shown(&choices.options.agent)));
    for (role, agent) in &choices.options.role_agents {
        print(&format!("agent for {role}: {}", limits::shown(agent)));
    }
    let fallback: Vec<String> = choices.options.quota.fallback.iter().map(limits::shown).collect();
    if !fallback.is_empty() {
        print(&format!("at a limit of use: {}", fallback.join(", ")));
    }
    print(&format!("at once: {}", choices.options.max_parallel));
    for line in choices.options.budget.iter().flat_map(|budgets| super::budget::lines(budgets)) {
        print(&format!("budget: {line}"));
    }
    let standards =
        || choices.standards.test.as_ref().map(|test| format!("{}  (as {} says)", test.command, test.origin()));
    let test = choices.options.test_command.clone().or_else(standards);
    print(&format!("tests: {}", test.as_deref().unwrap_or("(detected in each tree)")));
}
