//! What a run has spent, reserved and left: a pure projection of the folded run, so that resuming resets nothing.
//!
//! Failed attempts count too, they were paid as well. A client of a model that was ended before it told what it used is
//! taken to have used what was reserved for it: otherwise killing it would make its spend disappear.

use crate::budget::{Bound, Budgets, LimitName, Measure, Purse, Usual};
use crate::client::Usage;
use crate::definition::{ForEach, StepKind};
use crate::price::{Prices, find};
use crate::run::{Attempt, Run, Step};
use serde::Serialize;
use std::collections::BTreeMap;

/// Where a sum of money comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Priced {
    /// The client told it, or nothing was used.
    Told,
    /// It is that of the price table.
    Estimated,
    /// Nobody knows the price.
    Unknown,
}

/// What one attempt used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Tokens.
    pub tokens: u64,
    /// Millionths of a US dollar; 0 where nobody knows the price.
    pub micro_usd: u64,
    /// Where that comes from.
    pub priced: Priced,
    /// Whether it is only supposed: the attempt ended before it told.
    pub supposed: bool,
}

/// What an attempt used, as it was told or as it is supposed.
#[must_use]
pub fn cost(run: &Run, step: &Step, attempt: &Attempt, prices: &Prices) -> Cost {
    let told = |usage: Usage| {
        let agent = run.agent_of(step, attempt);
        let model = attempt.model.as_deref().or(agent.model.as_deref());
        let price = model.and_then(|model| find(prices, model));
        let (micro_usd, priced) = match (usage.micro_usd, price) {
            (Some(micro), _) => (micro, Priced::Told),
            (None, Some(price)) => (price.of(&usage), Priced::Estimated),
            (None, None) if usage.tokens() == 0 => (0, Priced::Told),
            (None, None) => (0, Priced::Unknown),
        };
        Cost { tokens: usage.tokens(), micro_usd, priced, supposed: false }
    };
    match (attempt.usage, &attempt.reserved) {
        (Some(usage), _) => told(usage),
        (None, Some(reserved)) if ended_silently(run, step, attempt) => Cost {
            tokens: reserved.tokens.unwrap_or_default(),
            micro_usd: reserved.micro_usd.unwrap_or_default(),
            priced: Priced::Estimated,
            supposed: true,
        },
        (None, _) => told(Usage::default()),
    }
}

/// Whether a client of a model began, is gone, and had no last word.
fn ended_silently(run: &Run, step: &Step, attempt: &Attempt) -> bool {
    let client = step.kind == StepKind::Agent && run.agent_of(step, attempt).concludes;
    client && attempt.started.is_some() && attempt.result.is_none() && !is_at_work(attempt)
}

/// Whether an attempt may still spend.
pub(crate) fn is_at_work(attempt: &Attempt) -> bool {
    attempt.ended.is_none() && attempt.ending.is_none()
}

/// Whether a step's attempts spend.
pub(crate) fn spends(step: &Step) -> bool {
    match step.kind {
        StepKind::Agent | StepKind::SubRun => true,
        StepKind::Command | StepKind::Check | StepKind::Gate | StepKind::Merge => false,
    }
}

/// The role whose attempts a step's spend is: of a run below, that of the agents on its topics.
pub(crate) fn role<'a>(run: &'a Run, step: &Step) -> &'a str {
    if step.kind != StepKind::SubRun {
        return run.role(step);
    }
    let state = run.created.definition.state(&step.of_state);
    let mut on_topics = state.iter().flat_map(|state| &state.steps).filter(|one| one.for_each == Some(ForEach::Topics));
    on_topics.find_map(|one| one.role.as_deref()).unwrap_or("agent")
}

/// What a run has spent in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// Tokens.
    pub tokens: u64,
    /// Millionths of a US dollar, as far as prices are known.
    pub micro_usd: u64,
    /// Attempts that were begun.
    pub attempts: u32,
    /// Whether the price of a part is not known.
    pub unpriced: bool,
}

impl Total {
    /// Both together.
    #[must_use]
    pub fn with(&self, more: &Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(more.tokens),
            micro_usd: self.micro_usd.saturating_add(more.micro_usd),
            attempts: self.attempts.saturating_add(more.attempts),
            unpriced: self.unpriced || more.unpriced,
        }
    }

    /// What came on top of an earlier total.
    #[must_use]
    pub fn without(&self, earlier: &Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(earlier.tokens),
            micro_usd: self.micro_usd.saturating_sub(earlier.micro_usd),
            attempts: self.attempts.saturating_sub(earlier.attempts),
            unpriced: self.unpriced,
        }
    }
}

/// What a run has spent in all, those below it left out.
#[must_use]
pub fn total(run: &Run) -> Total {
    let none = Prices::new();
    let prices = run.purse.as_deref().map_or(&none, |purse| &purse.budgets.prices);
    total_of(run, prices, |_| true)
}

/// What a run has spent on a day, those below it left out. An attempt counts when it ends; one at work counts today.
#[must_use]
pub fn day_total(run: &Run, day: &str, prices: &Prices) -> Total {
    // What the past of a fork has spent counts once: by the run that spent it.
    let own = |attempt: &Attempt| run.created.is_own(attempt.token);
    total_of(run, prices, |attempt| own(attempt) && attempt.ended.is_none_or(|ended| ended.day() == day))
}

fn total_of(run: &Run, prices: &Prices, counts: impl Fn(&Attempt) -> bool) -> Total {
    let agents = run.steps.iter().filter(|step| step.kind == StepKind::Agent);
    let attempts = agents.flat_map(|step| step.attempts.iter().map(move |attempt| (step, attempt)));
    let costs = attempts.filter(|(_, attempt)| counts(attempt)).map(|(step, attempt)| cost(run, step, attempt, prices));
    costs.fold(Total::default(), |sum, cost| {
        let unpriced = cost.priced == Priced::Unknown;
        sum.with(&Total { tokens: cost.tokens, micro_usd: cost.micro_usd, attempts: 1, unpriced })
    })
}

/// A sum of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    spent: Usual,
    reserved: Usual,
    attempts: u64,
    live: u64,
    estimated: bool,
    unpriced: u64,
}

impl Sum {
    fn add(&mut self, cost: Cost, attempt: &Attempt, begun: u64) {
        self.spent = plus(self.spent, Usual { tokens: cost.tokens, micro_usd: cost.micro_usd });
        self.attempts = self.attempts.saturating_add(begun);
        self.estimated |= cost.priced == Priced::Estimated;
        self.unpriced = self.unpriced.saturating_add(if cost.priced == Priced::Unknown { cost.tokens } else { 0 });
        if is_at_work(attempt) {
            let reserved = attempt.reserved.unwrap_or_default();
            let open = |reserved: Option<u64>, used: u64| reserved.unwrap_or_default().saturating_sub(used);
            let open = Usual {
                tokens: open(reserved.tokens, cost.tokens),
                micro_usd: open(reserved.micro_usd, cost.micro_usd),
            };
            self.reserved = plus(self.reserved, open);
            self.live += 1;
        }
    }
}

fn plus(one: Usual, other: Usual) -> Usual {
    Usual { tokens: one.tokens.saturating_add(other.tokens), micro_usd: one.micro_usd.saturating_add(other.micro_usd) }
}

/// One limit, and how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Which limit.
    pub limit: LimitName,
    /// Its amount: tokens, millionths of a US dollar, milliseconds, attempts.
    pub most: u64,
    /// How much of it is spent.
    pub spent: u64,
    /// How much of it is reserved for attempts that are at work.
    pub reserved: u64,
    /// Whether a part of what was spent is an estimate, by the price table or by what was reserved.
    pub estimated: bool,
    /// Tokens whose price nobody knows, so that they are missing in what was spent; of money alone.
    pub unpriced: u64,
    /// How many attempts that count are at work.
    #[serde(skip)]
    pub(crate) live: u64,
}

impl Line {
    /// What is neither spent nor reserved.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.most.saturating_sub(self.spent).saturating_sub(self.reserved)
    }

    /// Whether nothing is left to spend.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.spent >= self.most
    }

    /// Whether that part of it, in percent, is spent.
    #[must_use]
    pub fn is_near(&self, percent: u32) -> bool {
        u128::from(self.spent) * 100 >= u128::from(self.most) * u128::from(percent)
    }

    /// Whether an attempt that needs so much may begin. One alone always may, while something is left: how much it
    /// needs is only supposed.
    #[must_use]
    pub fn has_room(&self, need: u64) -> bool {
        match self.limit.measure {
            Measure::Time | Measure::Attempts => !self.is_spent(),
            Measure::Tokens | Measure::Money => need <= self.left() || self.live == 0 && !self.is_spent(),
        }
    }
}

/// Every limit of a run, and how much of it is used; none for a run without a budget.
#[must_use]
pub fn lines(run: &Run) -> Vec<Line> {
    run.purse.as_deref().map(|purse| lines_of(run, purse)).unwrap_or_default()
}

fn lines_of(run: &Run, purse: &Purse) -> Vec<Line> {
    let sums = Sums::of(run, purse);
    purse.budgets.limits().map(|(limit, most)| sums.line(purse, limit, most)).collect()
}

#[derive(Default)]
struct Sums<'a> {
    run: Sum,
    day: Sum,
    roles: BTreeMap<&'a str, Sum>,
}

impl<'a> Sums<'a> {
    fn of(run: &'a Run, purse: &Purse) -> Self {
        let mut sums = Self::default();
        let budgets: &Budgets = &purse.budgets;
        let today = purse.elsewhere.as_ref().filter(|_| !budgets.day.is_empty()).map(|known| known.day.as_str());
        for step in run.steps.iter().filter(|step| spends(step)) {
            let role = role(run, step);
            for attempt in &step.attempts {
                let cost = cost(run, step, attempt, &budgets.prices);
                let begun = match step.kind {
                    StepKind::SubRun => u64::from(attempt.below),
                    StepKind::Agent | StepKind::Command | StepKind::Check | StepKind::Gate | StepKind::Merge => 1,
                };
                sums.run.add(cost, attempt, begun);
                // What the past of a fork has spent is the day's by the run that spent it.
                let own = run.created.is_own(attempt.token);
                if own && today.is_none_or(|today| attempt.ended.is_none_or(|ended| ended.day() == today)) {
                    sums.day.add(cost, attempt, begun);
                }
                if budgets.roles.contains_key(role) {
                    sums.roles.entry(role).or_default().add(cost, attempt, begun);
                }
            }
        }
        sums
    }

    fn line(&self, purse: &Purse, limit: LimitName, most: u64) -> Line {
        let sum = match &limit.bound {
            Bound::Run => self.run,
            Bound::Day => self.day,
            Bound::Role(role) => self.roles.get(role.as_str()).copied().unwrap_or_default(),
        };
        let others = purse.elsewhere.as_ref().filter(|_| limit.bound == Bound::Day);
        let others = others.map(|known| Usual { tokens: known.tokens, micro_usd: known.micro_usd }).unwrap_or_default();
        let (spent, reserved) = match limit.measure {
            Measure::Tokens => (sum.spent.tokens.saturating_add(others.tokens), sum.reserved.tokens),
            Measure::Money => (sum.spent.micro_usd.saturating_add(others.micro_usd), sum.reserved.micro_usd),
            Measure::Time => (purse.worked_ms, 0),
            Measure::Attempts => (sum.attempts, 0),
        };
        let money = limit.measure == Measure::Money;
        let unpriced = if money { sum.unpriced } else { 0 };
        Line { limit, most, spent, reserved, estimated: money && sum.estimated, unpriced, live: sum.live }
    }
}

/// What attempts of a role are expected to use in this run: the most that one has used here, else what was usual before,
/// else what is reserved for the unknown.
#[must_use]
pub fn expected(run: &Run, budgets: &Budgets, role: &str) -> Usual {
    let of_role = run.steps.iter().filter(|step| step.kind == StepKind::Agent && run.role(step) == role);
    let ended = of_role.flat_map(|step| step.attempts.iter().map(move |attempt| (step, attempt)));
    let ended = ended.filter(|(_, attempt)| attempt.usage.is_some() && !is_at_work(attempt));
    let costs = ended.map(|(step, attempt)| cost(run, step, attempt, &budgets.prices));
    let most = costs.fold(Usual::default(), |most, cost| Usual {
        tokens: most.tokens.max(cost.tokens),
        micro_usd: most.micro_usd.max(cost.micro_usd),
    });
    let known = budgets.usual.get(role).copied().unwrap_or(budgets.reserve);
    Usual {
        tokens: if most.tokens > 0 { most.tokens } else { known.tokens },
        micro_usd: if most.micro_usd > 0 { most.micro_usd } else { known.micro_usd },
    }
}
