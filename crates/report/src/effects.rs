//! What may have happened twice outside of a work tree: commands of tries that were followed by another one.
//!
//! A tree is restored, or gone on with as it was left, so what is in it happens once. What a command did elsewhere
//! (a request, a push, a message) nobody takes back: it is told, so that a person can look.

use crate::line::name;
use coordinate_model::event::{Event, Observation};
use coordinate_model::ids::StepId;
use coordinate_model::run::Run;

/// Tools that only look, or only change files that they name, in lower case.
const HARMLESS: &[&str] = &[
    "edit",
    "glob",
    "google_web_search",
    "grep",
    "list",
    "list_directory",
    "ls",
    "multiedit",
    "notebookedit",
    "patch",
    "read",
    "read_file",
    "read_many_files",
    "replace",
    "search_file_content",
    "todoread",
    "todowrite",
    "toolsearch",
    "web search",
    "webfetch",
    "websearch",
    "write",
    "write_file",
    "write_todos",
];

/// The commands that a try ran which was not the last of its step.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Effects {
    /// The step.
    pub step: StepId,
    /// The try.
    pub attempt: u32,
    /// The commands, as the client told them, in order.
    pub commands: Vec<String>,
}

/// All of them in a run, out of its events.
pub fn of_run<'a>(run: &Run, events: impl IntoIterator<Item = &'a Event>) -> Vec<Effects> {
    let mut all: Vec<Effects> = Vec::new();
    for event in events {
        let Event::AgentObserved { step, attempt, observations, .. } = event else { continue };
        let last = run.step(step).and_then(|step| step.attempt()).map_or(0, |last| last.number);
        let commands: Vec<String> = observations.iter().filter_map(command).collect();
        if *attempt >= last || commands.is_empty() {
            continue;
        }
        match all.iter_mut().find(|effects| effects.step == *step && effects.attempt == *attempt) {
            Some(known) => known.commands.extend(commands),
            None => all.push(Effects { step: step.clone(), attempt: *attempt, commands }),
        }
    }
    all
}

fn command(observation: &Observation) -> Option<String> {
    match observation {
        Observation::ToolStarted { tool, detail, file: None, .. } => {
            let harmless = HARMLESS.contains(&tool.to_lowercase().as_str());
            (!harmless).then(|| format!("{tool}: {detail}"))
        }
        _ => None,
    }
}

/// How many commands of a try are shown.
const SHOWN: usize = 5;

/// The lines for a person.
#[must_use]
pub fn lines(run: &Run, all: &[Effects]) -> Vec<String> {
    let mut lines = Vec::new();
    for effects in all {
        let who = run.step(&effects.step).map_or_else(|| effects.step.to_string(), |step| name(run, step));
        lines.push(format!(
            "{who}, attempt {}: these commands may act outside of its tree a second time",
            effects.attempt
        ));
        lines.extend(effects.commands.iter().take(SHOWN).map(|command| format!("  {command}")));
        if effects.commands.len() > SHOWN {
            lines.push(format!("  … and {} more", effects.commands.len() - SHOWN));
        }
    }
    lines
}
