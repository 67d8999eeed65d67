//! What runs may spend: read from flags, configuration and roles, shown, and raised.

mod day;
mod limits;

pub(super) use day::{DayWatch, look};
pub(super) use limits::{of_run, prices, raise};

use super::control::{say, user};
use super::{print, print_json};
use crate::args::BudgetArguments;
use crate::context::{Meant, Project, find_run};
use crate::failure::{CommandError, Exit};
use coordinate_model::budget::Budgets;
use coordinate_model::input::Input;
use coordinate_model::run::Run;
use coordinate_report::budget as report;

pub(crate) fn budget(project: &Project, options: &BudgetArguments) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let config = project.config()?;
    let changes = limits::are_given(config, options.limits);
    let meant = if changes { Meant::Open } else { Meant::Newest };
    let id = find_run(&journal, options.run.as_deref(), meant)?;
    let run = journal.load(&id)?;
    if changes {
        let budgets = limits::changed(config, options.limits, &run)?;
        return say(&journal, &id, &Input::Budget { budgets: Box::new(budgets), by: user() }, "the budget is set");
    }
    match options.json {
        true => print_json(&report::json(&run)),
        false => shown(&run),
    }
    Ok(Exit::Done)
}

fn shown(run: &Run) {
    let Some(purse) = run.purse.as_deref().filter(|purse| !purse.budgets.is_empty()) else {
        print(&format!("{} has no budget; set one with `coordinate budget {0} --budget-usd X`", run.id()));
        return;
    };
    report::text(run).iter().for_each(|line| print(line));
    print(&report::mode(&purse.budgets));
}

/// What is said of a budget before anything is spent.
pub(super) fn lines(budgets: &Budgets) -> Vec<String> {
    let mut lines = report::limits(budgets);
    lines.push(report::mode(budgets));
    lines
}
