//! Which agent a run works with.

use crate::args::RunArguments;
use crate::config::Config;
use crate::failure::CommandError;
use crate::wiring::clients;
use coordinate_agents::Clients;
use coordinate_engine::port::Agents;
use coordinate_model::event::AgentChoice;

/// The agent that flags and configuration name, if it can be started here.
pub(super) fn choose(config: &Config, options: &RunArguments) -> Result<AgentChoice, CommandError> {
    let argv = match &options.agent_command {
        Some(line) => shlex::split(line)
            .ok_or_else(|| CommandError::usage(format!("`--agent-command` has an open quote: {line}")))?,
        None => config.list("agent.command"),
    };
    let named = options.agent.as_deref().or_else(|| config.text("agent.name")).unwrap_or("auto");
    let name = match named {
        "auto" if !argv.is_empty() => "command",
        "auto" => found(&preference(config)?)?,
        other => other,
    };
    let model = config.text("agent.model").filter(|model| !model.is_empty()).map(str::to_owned);
    let choice = choice(config, name, argv, model);
    clients()?.check(&choice).map_err(|failure| {
        failure.remedy.iter().fold(CommandError::usage(failure.message), |error, hint| error.hint(hint))
    })?;
    Ok(choice)
}

/// An agent as the configuration wants it.
pub(super) fn choice(config: &Config, name: &str, argv: Vec<String>, model: Option<String>) -> AgentChoice {
    let choice = Clients::choice(name, argv, model);
    if config.flag("agent.two_way") { Clients::hearing(choice) } else { choice }
}

/// The clients that `auto` looks for, in this order. A name that no client has would never be found, so it is told.
fn preference(config: &Config) -> Result<Vec<String>, CommandError> {
    let names = config.list("agent.preference");
    let known = Clients::real();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(CommandError::usage(format!("`agent.preference` names `{name}`, which is no client"))
            .hint(format!("the clients are: {}", known.join(", ")))),
        None => Ok(names),
    }
}

fn found(names: &[String]) -> Result<&'static str, CommandError> {
    Clients::first_found(names).ok_or_else(|| {
        CommandError::usage("no agent client was found, so `auto` can choose none")
            .hint(format!(
                "it looks for {} (`agent.preference`); `coordinate agents` says how to get them",
                names.join(", ")
            ))
            .hint("`--agent offline` runs the `sh` blocks of the plan's phases")
            .hint("`--agent command --agent-command 'PROGRAM ARGUMENTS'` works with any program")
    })
}
