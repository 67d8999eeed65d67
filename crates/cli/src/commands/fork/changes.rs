//! `--with KEY=VALUE`: what is different in a fork. A closed set of keys, each checked before anything is written.

use crate::args::{LimitArguments, RunArguments};
use crate::commands::{agent, players};
use crate::context::Project;
use crate::failure::CommandError;
use coordinate_model::event::{AgentChoice, GateAnswer};
use coordinate_model::fork::Changes;
use coordinate_model::ids::StepId;
use coordinate_model::price::micro;
use coordinate_model::run::{Run, Waiting};
use std::collections::BTreeMap;

/// Every key, with what it takes.
const KEYS: [(&str, &str); 9] = [
    ("agent", "NAME"),
    ("agent_command", "LINE"),
    ("model", "NAME"),
    ("agent:ROLE", "NAME[:MODEL]"),
    ("max_parallel", "N"),
    ("test_command", "LINE"),
    ("budget_tokens", "N"),
    ("budget_usd", "X"),
    ("answer:GATE", "approved|rejected"),
];

/// What was said, taken apart.
#[derive(Debug, Default)]
pub(super) struct With {
    agent: Option<String>,
    agent_command: Option<String>,
    model: Option<String>,
    roles: Vec<String>,
    max_parallel: Option<u32>,
    test_command: Option<String>,
    limits: LimitArguments,
    answers: Vec<(StepId, GateAnswer)>,
}

impl With {
    pub(super) fn parse(texts: &[String]) -> Result<Self, CommandError> {
        let mut with = Self::default();
        for text in texts {
            let (key, value) = text.split_once('=').ok_or_else(|| unknown(text))?;
            with.take(key, value)?;
        }
        Ok(with)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), CommandError> {
        let text = || Some(value.to_owned());
        match key.split_once(':') {
            None => match key {
                "agent" => self.agent = text(),
                "agent_command" => self.agent_command = text(),
                "model" => self.model = text(),
                "test_command" => self.test_command = text(),
                "max_parallel" => self.max_parallel = Some(number(key, value, |&number| number > 0)?),
                "budget_tokens" => self.limits.budget_tokens = Some(number(key, value, |_| true)?),
                "budget_usd" => self.limits.budget_usd = Some(usd(key, value)?),
                _ => return Err(unknown(key)),
            },
            Some(("agent", role)) => self.roles.push(format!("{role}={value}")),
            Some(("answer", gate)) => self.answers.push((StepId::new(gate), answer(key, value)?)),
            Some(_) => return Err(unknown(key)),
        }
        Ok(())
    }

    pub(super) fn limits(&self) -> LimitArguments {
        self.limits
    }

    /// The options of the fork that differ.
    pub(super) fn changes(&self, project: &Project, run: &Run) -> Result<Changes, CommandError> {
        let agent = self.agent(project, &run.created.options.agent)?;
        let own = agent.as_ref().unwrap_or(&run.created.options.agent);
        let cast = |text: &String| {
            players::cast(project.config()?, ("`--with agent:ROLE`", text.as_str()), &run.created.roles, own)
        };
        Ok(Changes {
            role_agents: self.roles.iter().map(cast).collect::<Result<BTreeMap<_, _>, CommandError>>()?,
            agent,
            max_parallel: self.max_parallel,
            test_command: self.test_command.clone(),
        })
    }

    fn agent(&self, project: &Project, old: &AgentChoice) -> Result<Option<AgentChoice>, CommandError> {
        let named = self.agent.is_some() || self.agent_command.is_some();
        if !named && self.model.is_none() {
            return Ok(None);
        }
        let options = RunArguments {
            agent: self.agent.clone().or_else(|| Some(old.name.clone())),
            agent_command: self.agent_command.clone(),
            ..RunArguments::default()
        };
        let choice = if named { agent::choose(project.config()?, &options)? } else { old.clone() };
        Ok(Some(AgentChoice { model: self.model.clone().or(choice.model), ..choice }))
    }

    /// The answers to gates, each of which must be open at the event.
    pub(super) fn answers(&self, run: &Run) -> Result<Vec<(StepId, GateAnswer)>, CommandError> {
        let open =
            |gate: &StepId| run.step(gate).is_some_and(|step| matches!(step.waiting, Some(Waiting::Answer { .. })));
        match self.answers.iter().find(|(gate, _)| !open(gate)) {
            None => Ok(self.answers.clone()),
            Some((gate, _)) => {
                let at = run.sequence;
                let asked = run.steps.iter().filter(|step| open(&step.id));
                let error = CommandError::usage(format!("`answer:{gate}`: at event {at} no gate `{gate}` is open"));
                Err(asked.fold(error, |error, step| error.hint(format!("open is `{}`", step.id))))
            }
        }
    }
}

fn unknown(key: &str) -> CommandError {
    let error = CommandError::usage(format!("`--with {key}` is none of the keys"));
    KEYS.iter().fold(error, |error, (key, value)| error.hint(format!("{key}={value}")))
}

fn wrong(key: &str, value: &str, wanted: &str) -> CommandError {
    CommandError::usage(format!("`--with {key}={value}`: it is to be {wanted}"))
}

fn number<T: std::str::FromStr>(key: &str, value: &str, good: impl Fn(&T) -> bool) -> Result<T, CommandError> {
    value.parse().ok().filter(good).ok_or_else(|| wrong(key, value, "a whole number"))
}

fn usd(key: &str, value: &str) -> Result<u64, CommandError> {
    value.parse().ok().and_then(micro).ok_or_else(|| wrong(key, value, "a sum of US dollars, as `2.50`"))
}

pub(in crate::commands) fn answer(key: &str, value: &str) -> Result<GateAnswer, CommandError> {
    match value {
        "approved" => Ok(GateAnswer::Approved),
        "rejected" => Ok(GateAnswer::Rejected),
        _ => Err(wrong(key, value, "`approved` or `rejected`")),
    }
}
