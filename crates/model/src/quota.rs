//! Quota as a clock: a limit of use parks what it holds back until it ends, and is nobody's failure.
//!
//! A limit belongs to an agent, and so to all steps that the agent would do: while it lasts nothing begins with that
//! agent. So a hundred steps that wait for the same limit cost as many refused requests as were under way when it was met,
//! and not a hundred. Where the run names other agents, they go on in its place at once.

mod quiet;
mod reset;
mod zone;

pub use quiet::Quiet;
pub use reset::reset;
pub use zone::is_zone;

use crate::definition::StepKind;
use crate::event::AgentChoice;
use crate::run::{Lane, Run, Step};
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// The first pause where nobody tells when a limit ends.
const UNKNOWN_MS: u64 = 15 * 60_000;

/// What a run does about limits of use. Stored with it, so that resuming it does not depend on today's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The pause after a limit whose end nobody told; doubled with each further one, up to an hour. In milliseconds.
    #[serde(default = "unknown_ms")]
    pub unknown_ms: u64,
    /// Hours of the day in which nothing goes on by itself after a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// The time zone of a client's words that name none; `None`: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The agents that go on where a limit holds the one of the role back, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<AgentChoice>,
}

fn unknown_ms() -> u64 {
    UNKNOWN_MS
}

impl Default for Quota {
    fn default() -> Self {
        Self { unknown_ms: UNKNOWN_MS, quiet: None, zone: None, fallback: Vec::new() }
    }
}

impl Quota {
    /// Whether it is what a run has whose first event says nothing of it.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A limit that holds an agent back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limited {
    /// Nothing begins with the agent before.
    pub until: UtcMillis,
    /// Which limit, in the client's words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub window: String,
}

impl Run {
    /// The agents that may do a step, the preferred one first.
    pub fn players<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a AgentChoice> {
        let own = self.created.agent_of(self.role(step));
        let others = self.created.options.quota.fallback.iter().filter(move |other| other.name != own.name);
        std::iter::once(own).chain(others)
    }

    /// The agent that a step would begin with now; `None`: limits hold back all that may do it.
    #[must_use]
    pub fn player_now<'a>(&'a self, step: &'a Step) -> Option<&'a AgentChoice> {
        self.players(step).find(|agent| !self.limits.contains_key(&agent.name))
    }

    /// Whether a step may begin for all that limits of use say.
    #[must_use]
    pub fn is_within_limits(&self, step: &Step) -> bool {
        step.kind != StepKind::Agent || self.limits.is_empty() || self.player_now(step).is_some()
    }

    /// The steps that could begin if no limit of use held them back.
    pub fn held_back(&self) -> impl Iterator<Item = &Step> {
        let ready = (!self.limits.is_empty()).then(|| self.ready_in(Lane::of(StepKind::Agent)));
        ready.into_iter().flatten().filter(|step| !self.is_within_limits(step))
    }

    /// When the first of those limits ends that hold steps back.
    #[must_use]
    pub fn parked_until(&self) -> Option<UtcMillis> {
        let players = self.held_back().flat_map(|step| self.players(step));
        players.filter_map(|agent| self.limits.get(&agent.name)).map(|limit| limit.until).min()
    }
}
