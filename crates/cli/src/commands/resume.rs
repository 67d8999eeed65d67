//! `resume`: goes on with a run, or from an imported checkpoint; by itself only where nothing speaks against it.

use super::detach::{Handing, detach};
use super::drive::{Shown, drive};
use super::{checkpoint, note, print, start};
use crate::args::ResumeArguments;
use crate::context::{Meant, Project, driver_of, find_run};
use crate::display::print_json;
use crate::failure::{CommandError, Exit};
use crate::wiring::SystemClock;
use coordinate_engine::journal::Journal;
use coordinate_engine::port::Clock;
use coordinate_model::ids::RunId;
use coordinate_model::plan::{Source, content_hash};
use coordinate_model::resume::{Facts, Finding, PlanNow};
use coordinate_model::run::Run;
use coordinate_report::diagram;
use serde_json::json;

pub(crate) fn resume(project: &Project, options: &ResumeArguments) -> Result<Exit, CommandError> {
    super::batches::recover(project)?;
    if let Some(entry) = checkpoint::find(project, options.run.as_deref())? {
        return checkpoint::resume(project, &entry, options);
    }
    let journal = project.need_journal()?;
    let id = find_run(&journal, options.run.as_deref(), Meant::Open)?;
    resume_run(project, &journal, &id, options)
}

pub(super) fn resume_run(
    project: &Project,
    journal: &Journal,
    id: &RunId,
    options: &ResumeArguments,
) -> Result<Exit, CommandError> {
    keeps_its_agent(id, options)?;
    // An ended run needs no lease and changes nothing: its listing says so.
    let header = journal.storage().header(id)?;
    if let Some(outcome) = header.and_then(|header| header.outcome) {
        return Ok(ended_before(id, &outcome, options.json));
    }
    let shown = if options.json { Shown::Json } else { Shown::Text };
    // A run that another process drives is refused below; there is nothing to show or to ask then.
    if driver_of(journal, id)?.is_none() {
        let run = journal.load(id)?;
        if !options.json {
            let left = super::show::history(journal, id).left(&run, SystemClock.now());
            note(diagram::draw(&diagram::Drawing::of_run(&run, left), diagram::Format::Text).trim_end());
        }
        if let Some(facts) = Facts::of_run(&run, SystemClock.now(), plan_of(project, &run)) {
            agree(&facts.judge(), id.as_str(), options)?;
        }
        super::budget::raise(project, journal, id, options.limits, shown)?;
    }
    if options.detach && driver_of(journal, id)?.is_none() {
        return detach(project, journal, &Handing { id, begun: false, shown });
    }
    drive(project, journal, id, shown, &[])
}

/// The agent is of a run's first event. To go on with another is not what the journal says of the work done so far.
fn keeps_its_agent(id: &RunId, options: &ResumeArguments) -> Result<(), CommandError> {
    let flag = match (&options.agent, &options.agent_command) {
        (Some(_), _) => "--agent",
        (None, Some(_)) => "--agent-command",
        (None, None) => return Ok(()),
    };
    Err(CommandError::usage(format!(
        "`{flag}` can not be used: `{id}` exists, and a run keeps the agent it began with"
    ))
    .hint(format!("`coordinate resume {id}` goes on with that agent")))
}

/// Shows the conditions, and asks where one does not hold.
pub(super) fn agree(findings: &[Finding], what: &str, options: &ResumeArguments) -> Result<(), CommandError> {
    let against = findings.iter().find(|finding| !finding.holds);
    if options.json {
        let line =
            json!({"event": "resume_conditions", "of": what, "automatic": against.is_none(), "conditions": findings});
        print_json(&line);
    }
    let Some(against) = against else { return Ok(()) };
    if !options.json {
        for finding in findings {
            let mark = if finding.holds { "✓" } else { "✗" };
            note(&format!("{mark} {}: {}", finding.condition, finding.found));
        }
    }
    if options.force || options.yes {
        return Ok(());
    }
    if !options.json && start::ask("go on all the same? [y/N] ")? {
        return Ok(());
    }
    Err(CommandError::question(format!(
        "`{what}` does not go on by itself, for this does not hold: {}: {}",
        against.condition, against.found
    ))
    .hint(format!("`coordinate resume {what} --force` goes on all the same")))
}

/// What became of a run's plan in the checkout.
fn plan_of(project: &Project, run: &Run) -> PlanNow {
    let (Some(plan), Some(hash)) = (run.plan(), run.plan_hash()) else { return PlanNow::None };
    let mut sources = Vec::new();
    for path in &plan.files {
        match std::fs::read_to_string(project.root.join(path)) {
            Ok(text) => sources.push(Source::new(path.clone(), text)),
            Err(error) => return PlanNow::Changed { why: format!("`{path}`: {error}") },
        }
    }
    if content_hash(&sources) == hash {
        return PlanNow::Unchanged;
    }
    let files = plan.files.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    PlanNow::Changed { why: format!("{files} was edited; the run keeps to the plan that it began with") }
}

fn ended_before(id: &RunId, outcome: &str, json: bool) -> Exit {
    if json {
        let line =
            serde_json::json!({"event": "run_ended", "run": id, "outcome": outcome, "message": "it had ended before"});
        print_json(&line);
    } else {
        print(&format!("{id} has ended: {outcome}; look at it with `coordinate show {id}`"));
    }
    match outcome {
        "succeeded" => Exit::Done,
        "cancelled" => Exit::Stopped,
        _ => Exit::Failed,
    }
}
