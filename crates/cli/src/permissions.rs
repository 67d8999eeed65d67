//! The policy of a run: read from the configuration and from roles, and refused where an agent could not keep to it.

use crate::config::Config;
use crate::failure::CommandError;
use coordinate_agents::Clients;
use coordinate_model::event::AgentChoice;
use coordinate_model::permission::{Otherwise, Policy, Rule, Rules, Verdict};
use coordinate_model::role::Role;
use std::collections::BTreeMap;

/// The policy that the configuration sets; `None` where it sets nothing.
pub(crate) fn of_run(config: &Config) -> Result<Option<Box<Policy>>, CommandError> {
    let mut rules = Rules::default();
    for verdict in [Verdict::Allow, Verdict::Ask, Verdict::Deny] {
        let key = format!("permissions.{}", verdict.name());
        for text in config.list(&key) {
            let rule = text.parse::<Rule>().map_err(|error| wrong(&key, error))?;
            rules.list_mut(verdict).push(at_home(rule));
        }
    }
    let minutes = config.number("permissions.timeout_minutes").filter(|minutes| *minutes > 0);
    let policy = Policy {
        rules,
        otherwise: otherwise(config.text("permissions.default").unwrap_or("rules"))?,
        timeout_ms: minutes.map(|minutes| minutes.saturating_mul(60_000)),
        lenient: lenient(config.text("permissions.unkept").unwrap_or("refuse"))?,
    };
    Ok((policy != Policy::default()).then(|| Box::new(policy)))
}

fn wrong(key: &str, error: impl std::fmt::Display) -> CommandError {
    CommandError::usage(format!("`{key}`: {error}"))
        .hint("a rule is `Bash(git push:*)`, `Edit(.github/**)`, `Read(~/.ssh/**)`, `WebFetch`, or a tool's own name")
}

fn otherwise(name: &str) -> Result<Otherwise, CommandError> {
    let known = Otherwise::ALL.into_iter().find(|(_, known)| *known == name).map(|(otherwise, _)| otherwise);
    known.ok_or_else(|| {
        CommandError::usage(format!("`permissions.default` is `{name}`, which is none of `rules`, `ask`, `deny`"))
    })
}

fn lenient(name: &str) -> Result<bool, CommandError> {
    match name {
        "refuse" => Ok(false),
        "warn" => Ok(true),
        other => {
            Err(CommandError::usage(format!("`permissions.unkept` is `{other}`, which is neither `refuse` nor `warn`")))
        }
    }
}

/// `~` is this user's home: whoever resumes the run may be another.
fn at_home(rule: Rule) -> Rule {
    match std::env::var("HOME") {
        Ok(home) => rule.at_home(&home),
        Err(_) => rule,
    }
}

/// The rules of roles, with `~` as this user's home.
pub(crate) fn of_roles(roles: &mut BTreeMap<String, Role>) {
    let lists = roles.values_mut().flat_map(|role| [&mut role.rules.allow, &mut role.rules.ask, &mut role.rules.deny]);
    for list in lists {
        *list = std::mem::take(list).into_iter().map(at_home).collect();
    }
}

/// Refuses a run whose agents can not be kept to its rules, or warns of it where that is wanted.
pub(crate) fn check<'a>(
    policy: Option<&Policy>,
    roles: &BTreeMap<String, Role>,
    agent: impl Fn(&str) -> &'a AgentChoice,
) -> Result<(), CommandError> {
    let policy = policy.cloned().unwrap_or_default();
    for (name, role) in roles {
        let own = Policy { rules: policy.rules.with(&role.rules), ..policy.clone() };
        if let Err(failure) = Clients::keeps(agent(name), &own) {
            let text = format!("{} (role `{name}`)", failure.message);
            if policy.lenient {
                super::commands::note(&text);
                continue;
            }
            return Err(failure.remedy.iter().fold(CommandError::usage(text), |error, hint| error.hint(hint)));
        }
    }
    Ok(())
}
