//! `plan forecast`: which phases would change the same files if they ran at the same time.

use super::{note, plan, print, print_json};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use coordinate_engine::port::Repository;
use coordinate_model::forecast::{COMMITS, Learned, MOST_PHASES, Meeting, Sure, files, learn, meetings};
use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::{Graph, Phase, Plan};
use std::fmt::Write;
use std::path::Path;

/// What the history shows of a plan's phases. Without a repository, and where git can not tell, it shows nothing.
pub(super) fn learned(project: &Project, plan: &Plan) -> Vec<Learned> {
    let Some(repository) = &project.repository else { return Vec::new() };
    let head = repository.head().ok().and_then(|head| head.commit);
    let history = head.and_then(|commit| repository.history(&commit, COMMITS).ok());
    learn(plan, &history.unwrap_or_default())
}

pub(crate) fn run(project: &Project, file: &Path, as_json: bool) -> Result<Exit, CommandError> {
    let (plan, graph) = plan::sound(file)?;
    let learned = learned(project, &plan);
    let found = open(&plan, meetings(&plan, &graph, &learned));
    let silent = silent(&plan);
    match as_json {
        true => print_json(&serde_json::json!({
            "meetings": found,
            "learned": learned,
            "without_files": silent,
            "too_many_phases": plan.phases.len() > MOST_PHASES,
        })),
        false => print(text(&plan, &found, &silent).trim_end()),
    }
    Ok(Exit::Done)
}

/// One line on standard error where phases meet by what the plan itself says.
pub(super) fn hint(plan: &Plan, file: &Path) {
    let Ok(graph) = Graph::new(plan) else { return };
    let found = open(plan, meetings(plan, &graph, &[]));
    let what = match found.len() {
        0 => return,
        1 => "two phases that could run at the same time change".to_owned(),
        pairs => format!("{pairs} pairs of phases that could run at the same time change"),
    };
    note(&format!("{what} the same files: `coordinate plan forecast {}`", file.display()));
}

/// What is done already meets nobody.
fn open(plan: &Plan, mut found: Vec<Meeting>) -> Vec<Meeting> {
    let done = |number: PhaseNumber| plan.phase(number).is_some_and(Phase::done);
    found.retain(|meeting| !done(meeting.first) && !done(meeting.second));
    found
}

/// The open phases of which nothing can be told.
fn silent(plan: &Plan) -> Vec<PhaseNumber> {
    let open = plan.phases.iter().filter(|phase| !phase.done() && !phase.files_none);
    open.filter(|phase| files(plan, phase).is_empty()).map(|phase| phase.number).collect()
}

fn text(plan: &Plan, found: &[Meeting], silent: &[PhaseNumber]) -> String {
    if plan.phases.len() > MOST_PHASES {
        return format!("a plan of more than {MOST_PHASES} phases gets no forecast");
    }
    let mut text = String::new();
    for meeting in found {
        let _ = writeln!(text, "phases {} and {} ({})", meeting.first, meeting.second, consequence(meeting.sure));
        for shared in &meeting.paths {
            let _ = writeln!(text, "  {shared} ({})", shared.sure.name());
        }
        if meeting.more > 0 {
            let _ = writeln!(text, "  and {} more", meeting.more);
        }
    }
    if found.is_empty() {
        let _ = writeln!(text, "no two phases that could run at the same time are known to change the same files");
    }
    let shown: Vec<String> = silent.iter().map(ToString::to_string).collect();
    match shown.as_slice() {
        [] => {}
        [one] => drop(writeln!(text, "phase {one} names no files: of it nothing can be told")),
        all => drop(writeln!(text, "phases {} name no files: of them nothing can be told", all.join(", "))),
    }
    text
}

/// What the scheduler makes of it.
fn consequence(sure: Sure) -> &'static str {
    match sure {
        Sure::Declared => "one waits until the other is merged",
        Sure::Mentioned | Sure::Learned => "likely: others go first",
    }
}
