//! How much a run may spend: limits of tokens, money, time and attempts, for the run, for a role, for a day.
//!
//! What was spent follows from the events ([`crate::ledger`]), so a resumed run has spent what it had spent. A limit is
//! kept before it is passed: a new attempt reserves what one like it is known to use, and does not begin where that does
//! not fit.

use crate::event::Event;
use crate::price::Prices;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Tokens, those from a cache included.
    Tokens,
    /// Money, in millionths of a US dollar.
    Money,
    /// Time in which something was at work, in milliseconds.
    Time,
    /// Attempts that were begun.
    Attempts,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tokens, Self::Money, Self::Time, Self::Attempts];

    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Money => "money",
            Self::Time => "time",
            Self::Attempts => "attempts",
        }
    }
}

/// Whose spend a limit is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// The run's, with the runs below it.
    Run,
    /// All runs of the project on one day, by the clock of UTC.
    Day,
    /// That of a role's attempts in the run.
    Role(String),
}

/// Names a limit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LimitName {
    /// Whose spend.
    pub bound: Bound,
    /// What is counted.
    pub measure: Measure,
}

impl fmt::Display for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measure = self.measure.name();
        match &self.bound {
            Bound::Run => write!(f, "{measure} of the run"),
            Bound::Day => write!(f, "{measure} of the day"),
            Bound::Role(role) => write!(f, "{measure} of `{role}`"),
        }
    }
}

/// Limits of one bound; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Millionths of a US dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_usd: Option<u64>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u64>,
    /// Attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u64>,
}

impl Limits {
    /// The limit of a measure.
    #[must_use]
    pub fn of(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Tokens => self.tokens,
            Measure::Money => self.micro_usd,
            Measure::Time => self.wall_ms,
            Measure::Attempts => self.attempts,
        }
    }

    /// Whether nothing is limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These, with what others say in their place.
    #[must_use]
    pub fn with(self, others: Self) -> Self {
        Self {
            tokens: others.tokens.or(self.tokens),
            micro_usd: others.micro_usd.or(self.micro_usd),
            wall_ms: others.wall_ms.or(self.wall_ms),
            attempts: others.attempts.or(self.attempts),
        }
    }
}

/// What is done where a limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is told, and the run goes on.
    Warn,
    /// Nothing new begins, what runs is ended after a time of grace, and the run is parked.
    #[default]
    Enforce,
}

/// What an attempt is expected to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usual {
    /// Tokens.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub micro_usd: u64,
}

/// How much a run may spend, and how that is kept. Stored with the run, so that no later configuration changes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Budgets {
    /// Limits of the run.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub run: Limits,
    /// Limits of the day: of tokens and money.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub day: Limits,
    /// Limits of single roles: of tokens, money and attempts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Limits>,
    /// What is done at a limit.
    #[serde(default)]
    pub mode: Mode,
    /// From which part of a limit on it is told, in percent.
    pub warn_percent: u32,
    /// How long what runs may go on at a limit, in milliseconds.
    pub grace_ms: u64,
    /// What is reserved for an attempt where nothing is known of its like.
    #[serde(default)]
    pub reserve: Usual,
    /// What attempts of a role used in this project's earlier runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usual: BTreeMap<String, Usual>,
    /// Prices of models whose clients tell none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: Prices,
    /// For a run below another: the attempt of the step above that gave it these limits. Given twice is given once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub given: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Budgets {
    /// Every limit that is set, with its amount, the run's first.
    pub fn limits(&self) -> impl Iterator<Item = (LimitName, u64)> + '_ {
        let roles = self.roles.iter().map(|(role, limits)| (Bound::Role(role.clone()), *limits));
        let bounds = [(Bound::Run, self.run), (Bound::Day, self.day)].into_iter().chain(roles);
        bounds.flat_map(|(bound, limits)| {
            let named = move |measure| (LimitName { bound: bound.clone(), measure }, limits.of(measure));
            Measure::ALL.into_iter().map(named).filter_map(|(name, most)| Some((name, most?)))
        })
    }

    /// Whether nothing is limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limits().next().is_none()
    }
}

/// What the project's other runs spent on a day: a fact from outside, as it was when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The day in UTC, `2026-11-21`.
    pub day: String,
    /// Tokens.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub micro_usd: u64,
}

/// A limit that was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Which one.
    pub limit: LimitName,
    /// When.
    pub at: UtcMillis,
}

/// The budget of a run as it stands: part of the folded state of a run that has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purse {
    /// The limits in force.
    pub budgets: Budgets,
    /// What other runs spent today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
    /// Time in which something was at work, in milliseconds, up to `clocked`.
    pub worked_ms: u64,
    /// Up to when that is counted.
    pub clocked: UtcMillis,
    /// Limits of which was told that they are near.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned: Vec<LimitName>,
    /// Limits that were reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
}

impl Purse {
    pub(crate) fn new(budgets: Budgets, at: UtcMillis) -> Self {
        Self { budgets, elsewhere: None, worked_ms: 0, clocked: at, warned: Vec::new(), reached: Vec::new() }
    }

    /// Counts the time up to an event. What lies before a driver's beginning was not worked, whatever the state says: the
    /// driver before it was killed. What can follow from people's words says nothing of whether somebody works: the time
    /// is counted with the next event that only a driver writes.
    pub(crate) fn pass(&mut self, at: UtcMillis, event: &Event, working: bool) {
        let began = matches!(event, Event::DriverTook { .. });
        if working && !began {
            if may_come_from_beside(event) {
                return;
            }
            self.worked_ms = self.worked_ms.saturating_add(at.since(self.clocked));
        }
        self.clocked = at;
    }

    /// Other limits are in force from here on; which of them are reached is looked at anew.
    pub(crate) fn change(&mut self, budgets: &Budgets) {
        self.budgets = budgets.clone();
        self.warned.clear();
        self.reached.clear();
    }

    /// What other runs spent is known anew. Another day has its limits whole.
    pub(crate) fn look(&mut self, elsewhere: &Elsewhere) {
        if self.elsewhere.as_ref().is_some_and(|known| known.day != elsewhere.day) {
            self.warned.retain(|limit| limit.bound != Bound::Day);
            self.reached.retain(|reached| reached.limit.bound != Bound::Day);
        }
        self.elsewhere = Some(elsewhere.clone());
    }

    /// Whether a limit was reached.
    #[must_use]
    pub fn has_reached(&self, limit: &LimitName) -> bool {
        self.reached.iter().any(|reached| reached.limit == *limit)
    }
}

fn may_come_from_beside(event: &Event) -> bool {
    matches!(
        event,
        Event::PauseRequested { .. }
            | Event::CancelRequested { .. }
            | Event::GateAnswered { .. }
            | Event::BudgetChanged { .. }
            | Event::SpentElsewhere { .. }
            | Event::MessageAdded { .. }
            | Event::StopRequested { .. }
            | Event::AttemptLeased { .. }
    )
}
