//! The limits that flags, configuration and roles set.

use crate::args::LimitArguments;
use crate::commands::control::user;
use crate::commands::drive::Shown;
use crate::commands::estimate::history;
use crate::commands::note;
use crate::config::Config;
use crate::context::Project;
use crate::failure::CommandError;
use coordinate_engine::journal::{Author, Journal};
use coordinate_model::budget::{Budgets, Limits, Mode, Usual};
use coordinate_model::event::AgentChoice;
use coordinate_model::ids::RunId;
use coordinate_model::input::{Answer, Input};
use coordinate_model::price::{self, Price, Prices, micro};
use coordinate_model::role::Role;
use coordinate_model::run::Run;
use coordinate_report::line;
use std::collections::BTreeMap;

/// The keys that set a limit.
const LIMITS: [&str; 7] = [
    "budget.tokens",
    "budget.usd",
    "budget.minutes",
    "budget.attempts",
    "budget.day_tokens",
    "budget.day_usd",
    "budget.roles",
];

/// The keys that say how limits are kept.
const MANNERS: [&str; 3] = ["budget.mode", "budget.warn_at", "budget.grace_seconds"];

/// The budget of a run that begins; `None` where nothing is limited.
pub(crate) fn of_run(
    project: &Project,
    flags: LimitArguments,
    roles: &BTreeMap<String, Role>,
    agent: &AgentChoice,
) -> Result<Option<Box<Budgets>>, CommandError> {
    let config = project.config()?;
    let mut budgets = fresh(config)?;
    for (name, role) in roles.iter().filter(|(_, role)| !role.budget.is_empty()) {
        budgets.roles.insert(name.clone(), role.budget);
    }
    set(&mut budgets, config, flags, |_| true)?;
    if budgets.is_empty() {
        return Ok(None);
    }
    if let Some(journal) = project.journal()? {
        budgets.usual = history(&journal, agent, &budgets.prices)?.usual();
    }
    Ok(Some(Box::new(budgets)))
}

/// Whether this very command sets a limit, or how limits are kept.
pub(super) fn are_given(config: &Config, flags: LimitArguments) -> bool {
    let flagged = LIMITS.iter().chain(&MANNERS).any(|name| config.is_flagged(name));
    flagged || flags.budget_tokens.is_some() || flags.budget_usd.is_some()
}

/// The budget of a run with what this very command sets. What the configuration says today does not count: the run keeps
/// what it began with.
pub(super) fn changed(config: &Config, flags: LimitArguments, run: &Run) -> Result<Budgets, CommandError> {
    let known = run.purse.as_deref().map(|purse| purse.budgets.clone());
    let mut budgets = known.map_or_else(|| fresh(config), Ok)?;
    set(&mut budgets, config, flags, |name| config.is_flagged(name))?;
    Ok(budgets)
}

/// Gives an open run the limits that this very command sets, if it sets any.
pub(crate) fn raise(
    project: &Project,
    journal: &Journal,
    id: &RunId,
    flags: LimitArguments,
    shown: Shown,
) -> Result<(), CommandError> {
    let config = project.config()?;
    if !are_given(config, flags) {
        return Ok(());
    }
    let mut run = journal.load(id)?;
    let budgets = Box::new(changed(config, flags, &run)?);
    let said = journal.transact(&mut run, Author::Anyone, &[Input::Budget { budgets, by: user() }])?;
    for record in said.own.iter().filter(|_| shown == Shown::Text) {
        line::progress(&run, &record.event).iter().for_each(|line| note(line));
    }
    match said.answers.first() {
        Some(Answer::NotWaiting { reason }) => Err(CommandError::usage(reason.clone())),
        Some(Answer::Accepted | Answer::AlreadyDone | Answer::Fenced) | None => Ok(()),
    }
}

/// No limits, with all that the configuration says of how limits are kept.
fn fresh(config: &Config) -> Result<Budgets, CommandError> {
    let mut budgets = Budgets {
        reserve: Usual {
            tokens: config.number("budget.reserve_tokens").unwrap_or_default(),
            micro_usd: config.micro("budget.reserve_usd").unwrap_or_default(),
        },
        prices: prices(config)?,
        ..Budgets::default()
    };
    manners(&mut budgets, config, |_| true)?;
    Ok(budgets)
}

/// The price table: the shipped one, with the configured prices over it.
pub(crate) fn prices(config: &Config) -> Result<Prices, CommandError> {
    let mut prices = price::shipped().models;
    for line in config.list("budget.prices") {
        let (model, price) = priced(&line).ok_or_else(|| {
            CommandError::usage(format!("`budget.prices` names `{line}`, which is no price")).hint(
                "a price is `MODEL INPUT CACHED OUTPUT`, in US dollars for a million tokens: `my-model 1.25 0.125 10`",
            )
        })?;
        prices.insert(model, price);
    }
    Ok(prices)
}

fn priced(line: &str) -> Option<(String, Price)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [model, input, cached, output] = words.as_slice() else { return None };
    let figures = [input.parse().ok()?, cached.parse().ok()?, output.parse().ok()?];
    Some(((*model).to_owned(), Price::of_usd(figures)?))
}

/// Takes over what is set and `counts`; flags always do.
fn set(
    budgets: &mut Budgets,
    config: &Config,
    flags: LimitArguments,
    counts: impl Fn(&str) -> bool,
) -> Result<(), CommandError> {
    let figure = |name: &str| config.number(name).filter(|_| counts(name));
    let amount = |name: &str| config.micro(name).filter(|_| counts(name));
    let given = Limits {
        tokens: flags.budget_tokens.or_else(|| figure("budget.tokens")),
        micro_usd: flags.budget_usd.or_else(|| amount("budget.usd")),
        wall_ms: amount("budget.minutes").map(|micro| micro.saturating_mul(60) / 1000),
        attempts: figure("budget.attempts"),
    };
    budgets.run = without_zeros(budgets.run.with(given));
    let day = Limits { tokens: figure("budget.day_tokens"), micro_usd: amount("budget.day_usd"), ..Limits::default() };
    budgets.day = without_zeros(budgets.day.with(day));
    for line in config.list("budget.roles").iter().filter(|_| counts("budget.roles")) {
        let (role, limits) = of_role(line)?;
        let known = budgets.roles.entry(role).or_default();
        *known = without_zeros(known.with(limits));
    }
    budgets.roles.retain(|_, limits| !limits.is_empty());
    manners(budgets, config, counts)
}

fn without_zeros(limits: Limits) -> Limits {
    let set = |limit: Option<u64>| limit.filter(|most| *most > 0);
    Limits {
        tokens: set(limits.tokens),
        micro_usd: set(limits.micro_usd),
        wall_ms: set(limits.wall_ms),
        attempts: set(limits.attempts),
    }
}

/// `ROLE tokens N`, `ROLE usd X`, `ROLE attempts N`.
fn of_role(line: &str) -> Result<(String, Limits), CommandError> {
    let wrong = || {
        CommandError::usage(format!("`budget.roles` names `{line}`, which is no limit of a role"))
            .hint("a limit is `ROLE tokens N`, `ROLE usd X` or `ROLE attempts N`")
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    let [role, measure, amount] = words.as_slice() else { return Err(wrong()) };
    let count = || amount.parse::<u64>().map(Some).map_err(|_| wrong());
    let limits = match *measure {
        "tokens" => Limits { tokens: count()?, ..Limits::default() },
        "attempts" => Limits { attempts: count()?, ..Limits::default() },
        "usd" => {
            let usd = amount.parse().ok().and_then(micro).ok_or_else(wrong)?;
            Limits { micro_usd: Some(usd), ..Limits::default() }
        }
        _ => return Err(wrong()),
    };
    Ok(((*role).to_owned(), limits))
}

fn manners(budgets: &mut Budgets, config: &Config, counts: impl Fn(&str) -> bool) -> Result<(), CommandError> {
    if counts("budget.mode") {
        budgets.mode = match config.text("budget.mode").unwrap_or("enforce") {
            "enforce" => Mode::Enforce,
            "warn" => Mode::Warn,
            other => {
                return Err(CommandError::usage(format!(
                    "`budget.mode` is `{other}`, which is neither `enforce` nor `warn`"
                )));
            }
        };
    }
    if let Some(share) = config.share("budget.warn_at").filter(|_| counts("budget.warn_at")) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share lies between 0 and 1")]
        let percent = (share * 100.0).round() as u32;
        budgets.warn_percent = percent;
    }
    if let Some(seconds) = config.number("budget.grace_seconds").filter(|_| counts("budget.grace_seconds")) {
        budgets.grace_ms = seconds.saturating_mul(1000);
    }
    Ok(())
}
