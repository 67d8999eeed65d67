//! `run --estimate`: what a request is going to take, by this project's own runs.

use super::{print, print_json};
use crate::context::{Project, runs_below};
use crate::failure::{CommandError, Exit};
use crate::wiring::SystemClock;
use coordinate_engine::journal::Journal;
use coordinate_engine::port::{Clock, RunHeader};
use coordinate_model::decide;
use coordinate_model::event::{AgentChoice, Created, Outcome};
use coordinate_model::price::Prices;
use coordinate_model::run::{Position, Run};
use coordinate_report::forecast::{self, Past};

/// How many earlier runs tell what things take.
const HISTORY: usize = 20;

/// Prints the estimate of a run that would begin like this. Makes nothing.
pub(super) fn estimate(project: &Project, first: Created, as_json: bool) -> Result<Exit, CommandError> {
    let prices = super::budget::prices(project.config()?)?;
    let past = match project.journal()? {
        Some(journal) => history(&journal, &first.options.agent, &prices)?,
        None => Past::default(),
    };
    let position = Position { sequence: 1, at: SystemClock.now() };
    let run = Run::begin(position, &decide::create(first)).map_err(CommandError::internal)?;
    let forecast = forecast::forecast(&run, &past);
    match as_json {
        true => print_json(&serde_json::to_value(&forecast).map_err(CommandError::internal)?),
        false => print(forecast::text(&forecast).trim_end()),
    }
    Ok(Exit::Done)
}

/// The newest runs that went well, and worked with this client: another one takes other sums.
pub(super) fn history(journal: &Journal, agent: &AgentChoice, prices: &Prices) -> Result<Past, CommandError> {
    let mut past = Past::default();
    let headers = journal.storage().headers()?;
    let good =
        |header: &&RunHeader| header.parent.is_none() && header.outcome.as_deref() == Some(Outcome::Succeeded.name());
    // One that can not be read tells nothing, and stops nothing.
    let runs = headers.iter().filter(good).filter_map(|header| journal.load(&header.run).ok());
    for run in runs.filter(|run| run.created.options.agent.name == agent.name).take(HISTORY) {
        past.add(&run, &runs_below(journal, &headers, run.id()).unwrap_or_default(), prices);
    }
    Ok(past)
}
