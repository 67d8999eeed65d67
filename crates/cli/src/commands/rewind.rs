//! `rewind`: a fork that takes the place of its run. A journal is only ever added to, so the old run stays, cancelled.

use super::control::user;
use super::fork::{make, point_of, written};
use super::{note, print, print_json};
use crate::args::RewindArguments;
use crate::context::{Meant, Project, driver_of, find_run};
use crate::failure::{CommandError, Exit};
use coordinate_engine::journal::{Author, Journal, JournalError};
use coordinate_model::event::Event;
use coordinate_model::fork::{Changes, Point, Written};
use coordinate_model::ids::RunId;
use coordinate_model::input::{Answer, Input};
use coordinate_model::run::Run;
use coordinate_model::said::Saying;
use serde_json::json;

pub(crate) fn rewind(project: &Project, options: &RewindArguments) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, options.run.as_deref(), Meant::Open)?;
    if let Some(pid) = driver_of(&journal, &id)? {
        return Err(CommandError::from(JournalError::Driven { run: id.clone(), pid })
            .hint(format!("`coordinate pause {id}` ends what works, and keeps it")));
    }
    let past = written(&journal, &id)?;
    let to = point_of(&past, &options.to)?;
    let last = past.last().map_or(0, |(position, _)| position.sequence);
    // No fork goes on with sessions that began before it: one at the newest event keeps the code, and nothing else.
    let at = if options.what.conversation { point_of(&past, &last.to_string())? } else { to.clone() };
    let made = make(project, &journal, (&past, &at), Changes::default(), Vec::new())?;
    let said = if options.what.code { say_again(&journal, &made.run, &past, &to)? } else { 0 };
    supersede(&journal, &id, made.run.id(), to.at)?;
    report(&id, &to, options, &made.run, said);
    Ok(Exit::Done)
}

/// What people said to agents after the event, said to those of the new run.
fn say_again(journal: &Journal, run: &Run, past: &[Written], to: &Point) -> Result<usize, CommandError> {
    let later = past.iter().filter(|(position, _)| position.sequence > to.at);
    let steering: Vec<Input> = later
        .filter_map(|(_, event)| {
            let Event::MessageAdded { step, said, .. } = event else { return None };
            let Saying::Steer { text } = &said.what else { return None };
            let step = run.step(step).map(|step| step.id.clone());
            Some(Input::Steer { step, text: text.clone(), by: said.by.clone() })
        })
        .collect();
    let mut now = run.clone();
    let answers = journal.transact(&mut now, Author::Anyone, &steering)?.answers;
    Ok(answers.iter().filter(|answer| **answer == Answer::Accepted).count())
}

/// The old run ends, with the new one as the reason. Its driver, if there is one again, puts its work on refs.
fn supersede(journal: &Journal, old: &RunId, new: &RunId, to: u64) -> Result<(), CommandError> {
    let mut run = journal.load(old)?;
    let cancel = Input::Cancel { by: user(), reason: format!("rewound to event {to}; {new} goes on in its place") };
    journal.transact(&mut run, Author::Anyone, &[cancel])?;
    Ok(())
}

fn report(old: &RunId, to: &Point, options: &RewindArguments, run: &Run, said: usize) {
    let id = run.id();
    if options.json {
        print_json(&json!({"run": id, "rewound": old, "to": to.at, "state": run.state, "said_again": said}));
        return;
    }
    let what = match (options.what.code, options.what.conversation) {
        (true, _) => "the code",
        (_, true) => "what agents know",
        _ => "code and conversations",
    };
    note(&format!("{old} is rewound to event {}: {what}; it is cancelled and stays as it is", to.at));
    note(&format!("put its trees away: coordinate resume {old}"));
    if said > 0 {
        note(&format!("said again to agents: {said}"));
    }
    note(&format!("go on in its place: coordinate resume {id}"));
    print(id.as_str());
}
