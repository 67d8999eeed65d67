//! `rewind`: a fork that takes the place of its run. A journal is only ever added to, so the old run stays, cancelled.

use super::control::user;
use super::fork::{Wanted, make, point_of, written};
use super::{note, print, print_json};
use crate::args::RewindArguments;
use crate::context::{Meant, Project, driver_of, find_run};
use crate::failure::{CommandError, Exit};
use coordinate_engine::journal::{Author, Journal, JournalError};
use coordinate_model::event::Event;
use coordinate_model::fork::{Changes, Point, Written};
use coordinate_model::ids::RunId;
use coordinate_model::input::Input;
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
    let said = |run: &Run| if options.what.code { said_since(run, &past, &to) } else { Vec::new() };
    let (made, said) = match cut_off(&journal, &at)? {
        Some(run) => (run, 0),
        None => {
            let wanted = Wanted { changes: Changes::default(), answers: Vec::new(), said: &said };
            let (forked, said) = make(project, &journal, (&past, &at), wanted)?;
            (forked.run, said)
        }
    };
    supersede(&journal, &id, made.id(), to.at)?;
    report(&id, &to, options, &made, said);
    Ok(Exit::Done)
}

/// An unchanged fork at this event that nobody has driven: a rewind that was killed made it, and the run that it is to
/// replace is still open. It is taken, so that whoever types the command again does not get a second one.
fn cut_off(journal: &Journal, at: &Point) -> Result<Option<Run>, CommandError> {
    let old = &at.run;
    let open = journal.storage().headers()?.into_iter().filter(|header| header.outcome.is_none());
    for header in open {
        let run = journal.load(&header.run)?;
        let is_of = run.created.forked.as_ref().is_some_and(|from| from.run == *old.id() && from.at == at.at);
        let is_unchanged = run.created.options == old.created.options && run.driver == old.driver;
        if is_of && is_unchanged && run.cancelled.is_none() {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

/// What people said to agents after the event, to be said to those of the new run.
fn said_since(run: &Run, past: &[Written], to: &Point) -> Vec<Input> {
    let later = past.iter().filter(|(position, _)| position.sequence > to.at);
    let steering = later.filter_map(|(_, event)| {
        let Event::MessageAdded { step, said, .. } = event else { return None };
        let Saying::Steer { text } = &said.what else { return None };
        let step = run.step(step).map(|step| step.id.clone());
        Some(Input::Steer { step, text: text.clone(), by: said.by.clone() })
    });
    steering.collect()
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
