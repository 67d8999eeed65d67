//! `steer`: tells agents how to go on.

use super::control::{open, user};
use super::print;
use crate::args::SteerArguments;
use crate::context::{Project, driver_of};
use crate::failure::{CommandError, Exit};
use coordinate_engine::journal::Author;
use coordinate_model::event::Event;
use coordinate_model::ids::StepId;
use coordinate_model::input::{Answer, Input};
use coordinate_model::run::Run;
use coordinate_report::line;

/// The longest text, in bytes: an order that needs more is a plan.
const LONGEST: usize = 16 * 1024;

pub(crate) fn steer(project: &Project, options: &SteerArguments) -> Result<Exit, CommandError> {
    let text = options.text.join(" ");
    if text.len() > LONGEST {
        return Err(CommandError::usage(format!("the text has {} bytes; {LONGEST} at most are told", text.len()))
            .hint("write it into a file of the project, and tell its name"));
    }
    let (journal, id) = open(project, Some(&options.run))?;
    let mut run = journal.load(&id)?;
    let step = options.step.clone().map(StepId::new);
    let input = Input::Steer { step, text, by: user() };
    let committed = journal.transact(&mut run, Author::Anyone, &[input])?;
    if let Some(Answer::NotWaiting { reason }) = committed.answers.first() {
        return Err(CommandError::usage(reason.clone()).hint(format!("`coordinate show {id}` lists the steps")));
    }
    let driver = driver_of(&journal, &id)?;
    for record in &committed.own {
        if let Event::MessageAdded { step, .. } = &record.event {
            print(&way(&run, step, driver.is_some()));
        }
    }
    if driver.is_none() {
        print(&format!("nobody drives this run: coordinate resume {id}"));
    }
    Ok(Exit::Done)
}

/// How the words come to the agent of a step.
fn way(run: &Run, id: &StepId, driven: bool) -> String {
    let Some(step) = run.step(id) else { return id.to_string() };
    let name = line::name(run, step);
    match (run.hears(step), driven) {
        (true, true) => format!("told to the agent at work on {name} (`{id}`)"),
        (true, false) => {
            format!("recorded for the agent at work on {name} (`{id}`), which is told when the run goes on")
        }
        (false, _) => format!("in the next prompt for {name} (`{id}`): nobody can be told at this moment"),
    }
}
