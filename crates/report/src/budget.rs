//! What a run may spend and has spent, in words and as JSON.

use crate::spend::money;
use crate::text::span;
use coordinate_model::budget::{Bound, Budgets, LimitName, Measure, Mode};
use coordinate_model::ids::RunId;
use coordinate_model::ledger::{Line, lines};
use coordinate_model::run::Run;
use serde_json::{Value, json};

/// So much of a measure: `1200`, `0.0132 USD`, `2m 3s`.
#[must_use]
pub fn amount(measure: Measure, number: u64) -> String {
    match measure {
        Measure::Tokens | Measure::Attempts => number.to_string(),
        Measure::Money => money(number),
        Measure::Time => span(number),
    }
}

/// One limit in a line: `tokens of the run: 1200 of 2000 spent, 300 reserved, 500 left`.
#[must_use]
pub fn line(line: &Line) -> String {
    let of = |number| amount(line.limit.measure, number);
    let about = if line.estimated { "about " } else { "" };
    let reserved = if line.reserved == 0 { String::new() } else { format!(", {} reserved", of(line.reserved)) };
    let unpriced =
        if line.unpriced == 0 { String::new() } else { format!("; {} tokens have no known price", line.unpriced) };
    let (limit, spent, most, left) = (&line.limit, of(line.spent), of(line.most), of(line.left()));
    format!("{limit}: {about}{spent} of {most} spent{reserved}, {left} left{unpriced}")
}

/// Each limit of a run in a line; none for a run without a budget.
#[must_use]
pub fn text(run: &Run) -> Vec<String> {
    lines(run).iter().map(line).collect()
}

/// Each limit in a few words: `tokens of the run 1200/2000 (+300)`; `None` for a run without a budget.
#[must_use]
pub fn short(run: &Run) -> Option<String> {
    let one = |line: &Line| {
        let of = |number| amount(line.limit.measure, number);
        let reserved = if line.reserved == 0 { String::new() } else { format!(" (+{})", of(line.reserved)) };
        format!("{} {}/{}{reserved}", line.limit, of(line.spent), of(line.most))
    };
    let texts: Vec<String> = lines(run).iter().map(one).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// Limits alone, before anything is spent: `tokens of the run: 2000`.
#[must_use]
pub fn limits(budgets: &Budgets) -> Vec<String> {
    budgets.limits().map(|(limit, most)| format!("{limit}: {}", amount(limit.measure, most))).collect()
}

/// What is done at a limit, in words.
#[must_use]
pub fn mode(budgets: &Budgets) -> String {
    match budgets.mode {
        Mode::Warn => "limits are told, not kept".to_owned(),
        Mode::Enforce => format!("limits are kept; what runs gets {} to end its work", span(budgets.grace_ms)),
    }
}

/// The ledger of a run as JSON; `null` for a run without a budget.
#[must_use]
pub fn json(run: &Run) -> Value {
    let Some(purse) = run.purse.as_deref() else { return Value::Null };
    let shown = |line: &Line| {
        json!({
            "limit": line.limit.to_string(),
            "measure": line.limit.measure,
            "unit": unit(line.limit.measure),
            "of": bound(&line.limit.bound),
            "most": line.most,
            "spent": line.spent,
            "reserved": line.reserved,
            "left": line.left(),
            "estimated": line.estimated,
            "unpriced_tokens": line.unpriced,
            "reached": purse.has_reached(&line.limit),
        })
    };
    json!({
        "mode": purse.budgets.mode,
        "warn_percent": purse.budgets.warn_percent,
        "grace_ms": purse.budgets.grace_ms,
        "limits": lines(run).iter().map(shown).collect::<Vec<_>>(),
        "elsewhere": purse.elsewhere,
    })
}

fn unit(measure: Measure) -> &'static str {
    match measure {
        Measure::Tokens => "tokens",
        Measure::Money => "micro_usd",
        Measure::Time => "ms",
        Measure::Attempts => "attempts",
    }
}

fn bound(bound: &Bound) -> Value {
    match bound {
        Bound::Run => json!("run"),
        Bound::Day => json!("day"),
        Bound::Role(role) => json!({"role": role}),
    }
}

/// A limit is near.
pub(crate) fn warned(limit: &LimitName, spent: u64, most: u64) -> String {
    let of = |number| amount(limit.measure, number);
    format!("budget: {limit}: {} of {} spent", of(spent), of(most))
}

/// A limit is spent, and what follows from that.
pub(crate) fn reached(run: &Run, limit: &LimitName, spent: u64, most: u64) -> String {
    let of = |number| amount(limit.measure, number);
    let purse = run.purse.as_deref().filter(|purse| purse.budgets.mode == Mode::Enforce);
    let follows = match purse {
        None => "the run goes on all the same".to_owned(),
        Some(_) if limit.measure == Measure::Attempts => "no more are begun".to_owned(),
        Some(purse) => format!("nothing more begins, what runs has {} to end its work", span(purse.budgets.grace_ms)),
    };
    format!("budget reached: {limit}: {} of {} spent; {follows}", of(spent), of(most))
}

pub(crate) fn changed(budgets: &Budgets, by: &str) -> String {
    let limits = limits(budgets);
    let limits = if limits.is_empty() { "none".to_owned() } else { limits.join(", ") };
    format!("{by} set the budget: {limits}")
}

/// Why a run is parked, and what brings it further.
#[must_use]
pub fn parked(id: &RunId, line: &Line) -> String {
    let of = |number| amount(line.limit.measure, number);
    let (limit, spent, most) = (&line.limit, of(line.spent), of(line.most));
    format!("its budget is spent ({limit}: {spent} of {most}); give it more with `{}`", remedy(id, line))
}

/// The command that raises a limit, about doubled.
fn remedy(id: &RunId, line: &Line) -> String {
    let more = line.most.max(line.spent).saturating_mul(2);
    let money = |micro: u64| format!("{}.{:02}", micro.div_ceil(10_000) / 100, micro.div_ceil(10_000) % 100);
    let key = match (&line.limit.bound, line.limit.measure) {
        (Bound::Run, Measure::Tokens) => return format!("coordinate resume {id} --budget-tokens {more}"),
        (Bound::Run, Measure::Money) => return format!("coordinate resume {id} --budget-usd {}", money(more)),
        (Bound::Run, Measure::Time) => format!("budget.minutes={}", more.div_ceil(60_000)),
        (Bound::Run, Measure::Attempts) => format!("budget.attempts={more}"),
        (Bound::Day, Measure::Money) => format!("budget.day_usd={}", money(more)),
        (Bound::Day, Measure::Tokens | Measure::Time | Measure::Attempts) => format!("budget.day_tokens={more}"),
        (Bound::Role(role), Measure::Money) => format!("'budget.roles=[\"{role} usd {}\"]'", money(more)),
        (Bound::Role(role), measure) => format!("'budget.roles=[\"{role} {} {more}\"]'", measure.name()),
    };
    format!("coordinate resume {id} -c {key}")
}
