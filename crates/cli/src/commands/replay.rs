//! `replay`: what a run's journal tells, through the reporters of a live run.

mod execute;
mod otherwise;
mod past;
mod recording;
mod same;
mod scratch;
mod then;

use crate::args::{ReplayArguments, ReplayFormat, Speed};
use crate::commands::{print, show};
use crate::context::{Meant, Project, find_run};
use crate::display::{JsonLines, Live, Told, is_live, told};
use crate::failure::{CommandError, Exit};
use coordinate_engine::driver::Listener;
use coordinate_engine::journal::{Journal, Record};
use coordinate_engine::port::Clock;
use coordinate_model::ids::RunId;
use coordinate_model::run::{Position, Run};
use coordinate_model::time::UtcMillis;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The longest pause: nobody looks at a run that waits for the end of a limit of use.
const LONGEST: Duration = Duration::from_secs(2);

/// How often a display is drawn while nothing happens.
const FRAME: Duration = Duration::from_millis(100);

pub(crate) fn replay(project: &Project, options: &ReplayArguments) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, options.run.as_deref(), Meant::Newest)?;
    let records = journal.records(&id, 0)?;
    if options.execute {
        return execute::execute(project, &journal.load(&id)?, &records, options);
    }
    let last = records.last().map_or(0, |record| record.sequence);
    let to = options.to.unwrap_or(last);
    if options.from == 0 || options.from > to || to > last {
        return Err(CommandError::usage(format!("`{id}` has the events 1 to {last}, not {} to {to}", options.from)));
    }
    play(&journal, &id, &records, options, to)
}

fn play(
    journal: &Journal,
    id: &RunId,
    records: &[Record],
    options: &ReplayArguments,
    to: u64,
) -> Result<Exit, CommandError> {
    let first = first_of(records)?;
    let mut run = Run::begin(Position { sequence: first.sequence, at: first.at }, &first.event)
        .map_err(CommandError::internal)?;
    let clock = Arc::new(Then(AtomicI64::new(first.at.0)));
    let mut listener = listener(journal, id, &run, options.format, &clock);
    let mut before = first.at;
    if options.from == 1 {
        listener.on_event(&run, first);
    }
    for record in records.iter().skip(1).take_while(|record| record.sequence <= to) {
        let position = Position { sequence: record.sequence, at: record.at };
        let shown = record.sequence >= options.from;
        if shown {
            pass(&run, &mut *listener, &clock, (before, record.at), options.speed);
        }
        run.apply(position, &record.event).map_err(CommandError::internal)?;
        clock.0.store(record.at.0, Ordering::Relaxed);
        if shown {
            listener.on_event(&run, record);
        }
        before = record.at;
    }
    Ok(Exit::Done)
}

/// The event that a run began with.
fn first_of(records: &[Record]) -> Result<&Record, CommandError> {
    records.first().ok_or_else(|| CommandError::internal("a run without events"))
}

fn listener(
    journal: &Journal,
    id: &RunId,
    run: &Run,
    format: Option<ReplayFormat>,
    clock: &Arc<Then>,
) -> Box<dyn Listener> {
    match format.unwrap_or(if is_live() { ReplayFormat::Progress } else { ReplayFormat::Line }) {
        ReplayFormat::Line => Box::new(Printed),
        ReplayFormat::Json => Box::new(JsonLines),
        ReplayFormat::Progress => {
            let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
            Box::new(Live::new(run, show::history(journal, id), Told::default(), clock))
        }
    }
}

/// Lets the time between two events pass, shorter than it was.
fn pass(run: &Run, listener: &mut dyn Listener, clock: &Then, (from, to): (UtcMillis, UtcMillis), speed: Speed) {
    let Speed::Times(times) = speed else { return };
    let span = Duration::from_millis(to.since(from));
    let pause = span.div_f64(times).min(LONGEST);
    let mut passed = Duration::ZERO;
    while passed < pause {
        let step = FRAME.min(pause - passed);
        std::thread::sleep(step);
        passed += step;
        let share = passed.as_secs_f64() / pause.as_secs_f64();
        let then = UtcMillis::plus(from, span.mul_f64(share).as_millis().try_into().unwrap_or(u64::MAX));
        clock.0.store(then.0, Ordering::Relaxed);
        listener.on_tick(run);
    }
}

/// The time that it was.
struct Then(AtomicI64);

impl Clock for Then {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.0.load(Ordering::Relaxed))
    }

    fn entropy(&self) -> u64 {
        0
    }
}

/// The progress lines of a run, as this command's output.
struct Printed;

impl Listener for Printed {
    fn on_event(&mut self, run: &Run, record: &Record) {
        told(run, record).iter().for_each(|line| print(line));
    }

    fn on_tick(&mut self, _run: &Run) {}
}
