//! Who plays which role, and who goes on where a limit of use holds others back.

use super::agent::choice;
use super::note;
use crate::args::RunArguments;
use crate::config::Config;
use crate::context::Project;
use crate::failure::CommandError;
use crate::wiring::clients;
use coordinate_agents::Clients;
use coordinate_engine::port::Agents;
use coordinate_model::event::AgentChoice;
use coordinate_model::role::Role;
use std::collections::BTreeMap;

/// What Claude Code calls its models; nobody else knows these names.
const CLAUDE_MODELS: &[&str] = &["opus", "sonnet", "haiku", "best", "opusplan", "claude-"];

/// `ROLE=NAME[:MODEL]`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Casting {
    pub(super) role: String,
    /// Empty: the run's agent.
    pub(super) agent: String,
    pub(super) model: Option<String>,
}

impl Casting {
    fn parse(text: &str, origin: &str) -> Result<Self, CommandError> {
        let wrong = || {
            CommandError::usage(format!("{origin}: `{text}` is not of the form ROLE=NAME[:MODEL]"))
                .hint("`plan-architect=codex`, `code-writer=claude:opus`, `research-specialist=:haiku`")
        };
        let (role, player) = text.split_once('=').ok_or_else(wrong)?;
        let (agent, model) = player.split_once(':').map_or((player, None), |(agent, model)| (agent, Some(model)));
        let empty = |text: &str| text.trim().is_empty();
        if empty(role) || model.is_some_and(empty) || empty(player) {
            return Err(wrong());
        }
        let own = |text: &str| text.trim().to_owned();
        Ok(Self { role: own(role), agent: own(agent), model: model.map(own) })
    }
}

/// The roles that the configuration casts, in its order.
pub(super) fn configured(config: &Config) -> Result<Vec<Casting>, CommandError> {
    config.list("agent.roles").iter().map(|text| Casting::parse(text, "`agent.roles`")).collect()
}

/// The agents of single roles: by flag, by configuration, by the model that a role's own file names.
pub(super) fn of_roles(
    project: &Project,
    options: &RunArguments,
    roles: &BTreeMap<String, Role>,
    own: &AgentChoice,
) -> Result<BTreeMap<String, AgentChoice>, CommandError> {
    let config = project.config()?;
    let mut players = by_file(config, roles, own);
    for casting in configured(config)? {
        known(project, &casting.role, "`agent.roles`")?;
        // It may speak of a role that only other workflows have.
        if roles.contains_key(&casting.role) {
            players.insert(casting.role.clone(), player(config, &casting, own)?);
        }
    }
    for text in &options.agent_for {
        players.extend([cast(config, ("`--agent-for`", text), roles, own)?]);
    }
    players.retain(|_, player| player != own);
    Ok(players)
}

/// A role of the workflow and who plays it, as `ROLE=NAME[:MODEL]` says.
pub(super) fn cast(
    config: &Config,
    (origin, text): (&str, &str),
    roles: &BTreeMap<String, Role>,
    own: &AgentChoice,
) -> Result<(String, AgentChoice), CommandError> {
    let casting = Casting::parse(text, origin)?;
    if !roles.contains_key(&casting.role) {
        let names: Vec<&str> = roles.keys().map(String::as_str).collect();
        let message = format!("{origin}: this workflow has no role `{}`", casting.role);
        return Err(CommandError::usage(message).hint(format!("its roles: {}", names.join(", "))));
    }
    Ok((casting.role.clone(), player(config, &casting, own)?))
}

fn known(project: &Project, role: &str, origin: &str) -> Result<(), CommandError> {
    let roles = crate::roles::all(project)?;
    if roles.contains_key(role) {
        return Ok(());
    }
    Err(CommandError::usage(format!("{origin}: there is no role `{role}`")).hint("`coordinate roles` lists them"))
}

/// A role's file may name a model. The one that the user has configured for all counts more, as with limits; and a name
/// of one client's model says nothing to another client.
fn by_file(config: &Config, roles: &BTreeMap<String, Role>, own: &AgentChoice) -> BTreeMap<String, AgentChoice> {
    if own.model.is_some() || config.is_set("agent.model") {
        return BTreeMap::new();
    }
    let named = roles.iter().filter_map(|(name, role)| Some((name, role.model.as_ref()?)));
    let fitting = named.filter(|(_, model)| fits(model, own));
    fitting.map(|(name, model)| (name.clone(), AgentChoice { model: Some(model.clone()), ..own.clone() })).collect()
}

fn fits(model: &str, agent: &AgentChoice) -> bool {
    let of_claude = CLAUDE_MODELS.iter().any(|name| model.to_lowercase().starts_with(name));
    Clients::real().contains(&agent.name.as_str()) && of_claude == (agent.name == "claude")
}

fn player(config: &Config, casting: &Casting, own: &AgentChoice) -> Result<AgentChoice, CommandError> {
    let same = casting.agent.is_empty() || casting.agent == own.name;
    let choice = if same { own.clone() } else { choice(config, &casting.agent, argv(config, &casting.agent), None) };
    let choice = AgentChoice { model: casting.model.clone().or(choice.model), ..choice };
    check(&choice)?;
    Ok(choice)
}

fn argv(config: &Config, name: &str) -> Vec<String> {
    if name == "command" || name == "acp" { config.list("agent.command") } else { Vec::new() }
}

fn check(choice: &AgentChoice) -> Result<(), CommandError> {
    clients()?.check(choice).map_err(|failure| {
        failure.remedy.iter().fold(CommandError::usage(failure.message), |error, hint| error.hint(hint))
    })
}

/// The agents that go on in place of one that a limit of use holds back. One that is not on this machine is left out.
pub(super) fn fallback(config: &Config, own: &AgentChoice) -> Result<Vec<AgentChoice>, CommandError> {
    let mut found = Vec::new();
    for text in config.list("agent.fallback") {
        let (name, model) = text.split_once(':').map_or((text.as_str(), None), |(name, model)| (name, Some(model)));
        if !Clients::is_known(name) {
            let known = Clients::names();
            return Err(CommandError::usage(format!("`agent.fallback` names `{name}`, which is no agent"))
                .hint(format!("the agents are: {}", known.join(", "))));
        }
        let choice = choice(config, name, argv(config, name), model.map(str::to_owned));
        match check(&choice) {
            Ok(()) if choice.name != own.name => found.push(choice),
            Ok(()) => {}
            Err(error) => note(&format!("`agent.fallback`: {} is left out: {}", choice.name, error.message())),
        }
    }
    Ok(found)
}
