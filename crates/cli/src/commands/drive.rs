//! Driving a run in this process: the lease, the display, the signals, the end.

use super::names::ShellNames;
use super::{note, print};
use crate::context::{Project, is_alive, runs_below};
use crate::display::{BelowLines, BelowLive, JsonLines, Lines, Live, Told, is_live, print_json};
use crate::failure::{CommandError, Exit};
use crate::log::Log;
use crate::wiring::{SystemClock, holder, tools};
use coordinate_engine::driver::{Driver, Listener, Outbox, Patience, Stopped, mailbox};
use coordinate_engine::journal::{Journal, Record};
use coordinate_engine::work::{Below, Workshop};
use coordinate_model::event::Outcome;
use coordinate_model::ids::{RunId, Token};
use coordinate_model::price::Prices;
use coordinate_model::run::Run;
use coordinate_report::{ending, limits, line};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Takes the run's lease and drives it until nothing is left to do here. `begun` are the events of a run that this
/// very process has created: they are shown first.
pub(crate) fn drive(
    project: &Project,
    journal: &Journal,
    id: &RunId,
    shown: Shown,
    begun: &[Record],
) -> Result<Exit, CommandError> {
    let (mut run, epoch) = journal.take(id, &holder()?, &is_alive)?;
    let ended = drive_taken(project, journal, &mut run, epoch, shown, begun);
    // A lease that can not be given back is harmless: this process will be dead, and the next driver sees that.
    let _ = journal.put_snapshot(&run);
    let _ = journal.release(id, epoch);
    if let Ok(Stopped::Ended(_)) = &ended {
        super::state::forget(project, id);
    }
    let below = runs_below(journal, &journal.storage().headers()?, id)?;
    let prices = super::budget::prices(project.config()?)?;
    report_end(&run, &below, &prices, (ended?, shown))
}

fn drive_taken(
    project: &Project,
    journal: &Journal,
    run: &mut Run,
    epoch: Token,
    shown: Shown,
    begun: &[Record],
) -> Result<Stopped, CommandError> {
    if let Some(outcome) = run.outcome {
        return Ok(Stopped::Ended(outcome));
    }
    if run.paused.is_some() {
        let input = coordinate_model::input::Input::Resume { by: "resume".to_owned() };
        journal.transact(run, coordinate_engine::journal::Author::Driver(epoch), &[input])?;
    }
    super::budget::look(journal, run, epoch)?;
    let (mut lines, mut json, mut live);
    let told = Told::default();
    let listener: &mut dyn Listener = match shown {
        Shown::Json => {
            json = JsonLines;
            &mut json
        }
        Shown::Text if is_live() => {
            live = Live::new(run, super::show::history(journal, run.id()), Arc::clone(&told), Arc::new(SystemClock));
            &mut live
        }
        Shown::Text => {
            lines = Lines;
            &mut lines
        }
    };
    for record in begun {
        listener.on_event(run, record);
    }
    let mailbox = mailbox();
    let mut day = super::budget::DayWatch::new(journal, mailbox.0.clone());
    listen_to_signals(mailbox.0.clone())?;
    let mut names = ShellNames::new(project);
    let mut log = Log::new(project);
    let patience = project.config()?.patience();
    let below = below(journal, &log, shown, told, patience)?;
    let mut executor = Workshop::new(tools(project, Some(below))?, epoch);
    for record in begun {
        log.on_event(run, record);
    }
    let mut listeners = [listener, &mut names, &mut log, &mut day];
    let clock = Arc::new(SystemClock);
    let driver = Driver::new(journal, clock, (run.clone(), epoch), &mut executor, &mut listeners, mailbox);
    let mut driver = driver.waiting_for_limits(patience);
    let stopped = driver.drive(std::process::id());
    *run = driver.run().clone();
    Ok(stopped?)
}

/// Runs below are driven by this process too. They are shown with the run above, and write into the same log.
fn below(journal: &Journal, log: &Log, shown: Shown, told: Told, patience: Patience) -> Result<Below, CommandError> {
    let log = log.again();
    let live = shown == Shown::Text && is_live();
    Ok(Below {
        journal: journal.clone(),
        holder: holder()?,
        alive: is_alive,
        patience,
        listeners: Box::new(move |_| {
            let display: Box<dyn Listener> = match shown {
                Shown::Json => Box::new(JsonLines),
                Shown::Text if live => Box::new(BelowLive(Arc::clone(&told))),
                Shown::Text => Box::new(BelowLines),
            };
            vec![display, Box::new(log.again())]
        }),
    })
}

/// The first interrupt stops cleanly, the second at once.
fn listen_to_signals(outbox: Outbox) -> Result<(), CommandError> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(CommandError::internal)?;
    std::thread::spawn(move || {
        let mut before = false;
        for _ in signals.forever() {
            if !before {
                note("stopping: agents are being ended and their work kept; once more to leave at once");
            }
            before = true;
            outbox.interrupt();
        }
    });
    Ok(())
}

fn report_end(
    run: &Run,
    below: &[Run],
    prices: &Prices,
    (stopped, shown): (Stopped, Shown),
) -> Result<Exit, CommandError> {
    let id = run.id();
    let message = run.closing.as_ref().map(|closing| closing.message.clone()).unwrap_or_default();
    let (exit, outcome, text) = match stopped {
        Stopped::Ended(Outcome::Succeeded) => (Exit::Done, "succeeded", message),
        Stopped::Ended(Outcome::Failed) => (Exit::Failed, "failed", message),
        Stopped::Ended(Outcome::Cancelled) => (Exit::Stopped, "cancelled", message),
        Stopped::Waiting => (Exit::Waiting, "waiting", coordinate_report::why::why(run, None)),
        Stopped::Parked if is_parked(run) => (Exit::Parked, "parked", parked(run)),
        Stopped::Parked => (Exit::Parked, "parked", coordinate_report::why::why(run, None)),
        // What is below it is parked, and it stands still with that.
        Stopped::Paused if below.iter().any(is_parked) => {
            let texts: Vec<String> = below.iter().filter(|run| is_parked(run)).map(parked).collect();
            (Exit::Parked, "parked", texts.join("\n"))
        }
        Stopped::Paused => (Exit::Stopped, "paused", format!("go on with `coordinate resume {id}`")),
        Stopped::Abandoned => (Exit::Stopped, "paused", format!("left at once; go on with `coordinate resume {id}`")),
    };
    match shown {
        Shown::Json => print_json(&coordinate_report::json::run_ended(run, outcome, &text)),
        Shown::Text => print_end(run, below, prices, outcome, &text),
    }
    Ok(exit)
}

fn is_parked(run: &Run) -> bool {
    run.outcome.is_none() && run.parked_until().is_some()
}

fn parked(run: &Run) -> String {
    let waits = limits::parked(run).unwrap_or_default();
    format!("waits {waits}\ngo on then with `coordinate resume {}`", run.id())
}

fn print_end(run: &Run, below: &[Run], prices: &Prices, outcome: &str, text: &str) {
    print(&format!("{} {outcome}: {}", run.id(), text.lines().next().unwrap_or_default()));
    for line in text.lines().skip(1) {
        print(line);
    }
    for (step, failure) in run.failures() {
        print(&line::failure(run, step, failure));
    }
    for (name, text) in ending::lines(run, below, prices) {
        print(&format!("{:<8} {text}", format!("{name}:")));
    }
}
