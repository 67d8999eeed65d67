//! Who plays which role.

use super::{Attempt, Run, Step};
use crate::event::AgentChoice;

impl Run {
    /// The role of a step's agent. A repair is done by the role that debugs, and judged by whoever judges.
    #[must_use]
    pub fn role(&self, step: &Step) -> &str {
        let own = self.template(step).and_then(|template| template.role.as_deref());
        let mends = step.repair.is_some() && !self.judges(step);
        let role = if mends { self.created.definition.debugger().or(own) } else { own };
        role.unwrap_or("agent")
    }

    /// The agent of a step: that of its newest attempt, else the one that plays its role.
    #[must_use]
    pub fn agent<'a>(&'a self, step: &'a Step) -> &'a AgentChoice {
        let own = step.attempt().and_then(|attempt| attempt.agent.as_deref());
        own.unwrap_or_else(|| self.created.agent_of(self.role(step)))
    }

    /// The agent of one attempt of a step.
    #[must_use]
    pub fn agent_of<'a>(&'a self, step: &Step, attempt: &'a Attempt) -> &'a AgentChoice {
        attempt.agent.as_deref().unwrap_or_else(|| self.created.agent_of(self.role(step)))
    }

    /// The agent that mends what fails.
    #[must_use]
    pub fn mender(&self) -> &AgentChoice {
        self.player(self.created.definition.debugger())
    }

    /// The agent that changes plans.
    #[must_use]
    pub fn planner(&self) -> &AgentChoice {
        self.player(self.created.definition.replanner())
    }

    fn player(&self, role: Option<&str>) -> &AgentChoice {
        role.map_or(&self.created.options.agent, |role| self.created.agent_of(role))
    }
}
