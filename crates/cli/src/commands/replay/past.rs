//! The past of a fork: another run's, perhaps under other options. It is taken as it is, and the replay begins after it.

use super::first_of;
use super::scratch::Scratch;
use crate::context::Project;
use crate::failure::CommandError;
use coordinate_engine::fork::hold;
use coordinate_engine::journal::{Journal, Record};
use coordinate_model::event::Event;
use coordinate_model::run::{Position, Run};

/// Writes a fork's past into the replay's journal, with its code and its files into the replay's repository.
pub(super) fn take_over(
    project: &Project,
    run: &Run,
    records: &[Record],
    scratch: &Scratch,
    journal: &Journal,
    at: u64,
) -> Result<Run, CommandError> {
    // Between the other run's events and the first driver stand the ends of what was at work.
    let driven = |record: &&Record| record.sequence > at && matches!(record.event, Event::DriverTook { .. });
    let end = records.iter().find(driven).map_or(u64::MAX, |record| record.sequence);
    let first = Event::RunCreated(Box::new(scratch.created(run)));
    let began = first_of(records)?;
    let mut events = vec![(began.at, first.clone())];
    let mut past = Run::begin(Position { sequence: 1, at: began.at }, &first).map_err(CommandError::internal)?;
    for record in records.iter().skip(1).take_while(|record| record.sequence < end) {
        let position = Position { sequence: record.sequence, at: record.at };
        past.apply(position, &record.event).map_err(CommandError::internal)?;
        events.push((record.at, record.event.clone()));
    }
    journal.adopt(&past, events)?;
    if let Some(repository) = &scratch.repository {
        hold(&**repository, &past).map_err(CommandError::internal)?;
    }
    for artifact in &past.artifacts {
        if let Ok(bytes) = std::fs::read(project.state().join("objects").join(&artifact.hash)) {
            scratch.write(&artifact.path, &bytes)?;
        }
    }
    Ok(past)
}
