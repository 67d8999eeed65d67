//! What the project's other runs spend today, for limits of a day.

use crate::failure::CommandError;
use crate::wiring::SystemClock;
use coordinate_engine::driver::{Listener, Outbox};
use coordinate_engine::journal::{Author, Journal, Record};
use coordinate_engine::port::{Clock, RunHeader};
use coordinate_model::budget::Elsewhere;
use coordinate_model::ids::Token;
use coordinate_model::input::Input;
use coordinate_model::ledger::day_total;
use coordinate_model::price::Prices;
use coordinate_model::run::Run;
use coordinate_model::time::UtcMillis;

/// How often is looked, in milliseconds: other runs spend while this one does.
const EVERY: u64 = 10_000;

/// Looks what other runs have spent, now and then, and says so to the run.
pub(crate) struct DayWatch {
    journal: Journal,
    outbox: Outbox,
    looked: UtcMillis,
}

impl DayWatch {
    /// For a run that is about to be driven.
    pub(crate) fn new(journal: &Journal, outbox: Outbox) -> Self {
        Self { journal: journal.clone(), outbox, looked: SystemClock.now() }
    }
}

/// Tells a run what others have spent today, before a driver begins anything of it.
pub(crate) fn look(journal: &Journal, run: &mut Run, epoch: Token) -> Result<(), CommandError> {
    if has_day(run) {
        let elsewhere = spent_elsewhere(journal, run, SystemClock.now())?;
        journal.transact(run, Author::Driver(epoch), &[Input::SpentElsewhere { elsewhere }])?;
    }
    Ok(())
}

impl Listener for DayWatch {
    fn on_event(&mut self, _run: &Run, _record: &Record) {}

    fn on_tick(&mut self, run: &Run) {
        let now = SystemClock.now();
        if !has_day(run) || now.since(self.looked) < EVERY {
            return;
        }
        self.looked = now;
        // What can not be read now is read the next time; a display's failure is its own.
        if let Ok(elsewhere) = spent_elsewhere(&self.journal, run, now)
            && run.purse.as_deref().is_some_and(|purse| purse.elsewhere.as_ref() != Some(&elsewhere))
        {
            self.outbox.send(Input::SpentElsewhere { elsewhere });
        }
    }
}

fn has_day(run: &Run) -> bool {
    run.purse.as_deref().is_some_and(|purse| !purse.budgets.day.is_empty())
}

/// What all runs but one, and those below it, have spent on this day.
fn spent_elsewhere(journal: &Journal, own: &Run, now: UtcMillis) -> Result<Elsewhere, CommandError> {
    let day = now.day();
    let none = Prices::new();
    let prices = own.purse.as_deref().map_or(&none, |purse| &purse.budgets.prices);
    let today = |header: &RunHeader| header.updated.day() == day;
    let others = journal.storage().headers()?.into_iter();
    let others =
        others.filter(|header| header.run != *own.id() && header.parent.as_ref() != Some(own.id()) && today(header));
    others.map(|header| Ok(journal.load(&header.run)?)).try_fold(
        Elsewhere { day: day.clone(), ..Elsewhere::default() },
        |sum, run: Result<Run, CommandError>| {
            let spent = day_total(&run?, &day, prices);
            Ok(Elsewhere {
                tokens: sum.tokens.saturating_add(spent.tokens),
                micro_usd: sum.micro_usd.saturating_add(spent.micro_usd),
                ..sum
            })
        },
    )
}
