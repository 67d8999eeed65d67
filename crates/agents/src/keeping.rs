//! How agents are kept to the rules of a run.
//!
//! An agent that asks leave is judged at each request. One that is told at its start what it may do is told the rules then,
//! and nobody can be asked: what is to be asked is denied. Any other can not be kept to rules, and a rule that is silently
//! not kept is worse than none, so it is refused.

use crate::acp::AcpAgent;
use crate::client::{CLAUDE_TOOLS, Client};
use coordinate_model::event::AgentChoice;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::permission::{Otherwise, Policy, Rule, Tool, ToolKind, What};

/// Whether a policy forbids something that agents may do unasked: then they must be kept to it.
pub(crate) fn binds(policy: &Policy) -> bool {
    policy.otherwise != Otherwise::Rules || !policy.rules.ask.is_empty() || !policy.rules.deny.is_empty()
}

/// Whether an agent can be kept to a policy.
pub(crate) fn keeps(agent: &AgentChoice, policy: &Policy) -> Result<(), Failure> {
    let can = AcpAgent::named(&agent.name).is_some() || agent.name == Client::Claude.name();
    if can || !binds(policy) {
        return Ok(());
    }
    let text = format!("`{}` can not be kept to the rules of `permissions`: it asks nobody", agent.name);
    let failure = Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, text)
        .expected_found("an agent that asks leave", agent.name.clone());
    let with_protocol = Client::named(&agent.name).map(|client| format!("take `--agent {}-acp`", client.name()));
    Err(with_protocol
        .into_iter()
        .fold(failure, Failure::remedy)
        .remedy("take an agent that asks leave: `coordinate agents` lists them")
        .remedy("or start it unkept with `permissions.unkept = \"warn\"`"))
}

/// The tools of Claude Code that it may use, and those that it may not, in its own notation.
pub(crate) fn claude_tools(policy: &Policy) -> (Vec<String>, Vec<String>) {
    let usual = || CLAUDE_TOOLS.split(',').map(str::to_owned);
    let listed = policy.rules.allow.iter().flat_map(|rule| claude_rule(rule, false));
    let allowed = match policy.otherwise {
        Otherwise::Rules => usual().chain(listed).collect(),
        Otherwise::Ask | Otherwise::Deny => listed.collect(),
    };
    let denied = policy.rules.deny.iter().chain(&policy.rules.ask);
    (allowed, denied.flat_map(|rule| claude_rule(rule, true)).collect())
}

/// The tools of Claude Code that may never be used, for where the rest is asked.
pub(crate) fn claude_denied(policy: &Policy) -> Vec<String> {
    policy.rules.deny.iter().flat_map(|rule| claude_rule(rule, true)).collect()
}

/// `broad`: words of a command are taken for its begin.
fn claude_rule(rule: &Rule, broad: bool) -> Vec<String> {
    let names: Vec<&str> = match rule.tool() {
        Tool::Any => CLAUDE_TOOLS.split(',').collect(),
        Tool::Named(name) => vec![name],
        Tool::Kind(ToolKind::Execute) => vec!["Bash"],
        Tool::Kind(ToolKind::Edit) => vec!["Edit", "Write", "NotebookEdit"],
        Tool::Kind(ToolKind::Read) => vec!["Read", "Glob", "Grep"],
        Tool::Kind(ToolKind::Fetch) => vec!["WebFetch", "WebSearch"],
        Tool::Kind(ToolKind::Other) => Vec::new(),
    };
    let (first, what) = match rule.what() {
        What::All => return names.into_iter().map(str::to_owned).collect(),
        What::Command { words, whole } => {
            let end = if *whole && !broad { "" } else { ":*" };
            ("Bash", format!("{}{end}", words.join(" ")))
        }
        What::Path(path) => {
            let rooted = if path.starts_with('/') { format!("/{path}") } else { path.clone() };
            (names.first().copied().unwrap_or("Edit"), rooted)
        }
    };
    vec![format!("{first}({what})")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinate_model::permission::Rules;

    fn policy() -> Policy {
        let rules = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Policy {
            rules: Rules {
                allow: rules(&["Bash(cargo test)", "mcp__docs__get"]),
                ask: rules(&["Edit(Cargo.toml)"]),
                deny: rules(&["Bash(git push)", "Read(/etc/**)", "WebFetch"]),
            },
            ..Policy::default()
        }
    }

    #[test]
    fn claude_is_told_the_rules_in_its_own_notation() {
        let (allowed, denied) = claude_tools(&policy());
        assert!(allowed.join(",").ends_with("WebSearch,Write,Bash(cargo test),mcp__docs__get"), "{allowed:?}");
        let expected = ["Bash(git push:*)", "Read(//etc/**)", "WebFetch", "WebSearch", "Edit(Cargo.toml)"];
        assert_eq!(denied, expected, "what is to be asked is denied, since nobody can be asked");
        let (allowed, _) = claude_tools(&Policy { otherwise: Otherwise::Deny, ..policy() });
        assert_eq!(allowed, ["Bash(cargo test)", "mcp__docs__get"]);
    }

    #[test]
    fn who_asks_nobody_is_refused_where_rules_bind() {
        let agent = |name: &str| AgentChoice { name: name.to_owned(), ..AgentChoice::default() };
        for name in ["claude", "acp", "codex-acp"] {
            assert!(keeps(&agent(name), &policy()).is_ok(), "{name}");
        }
        let refused = keeps(&agent("codex"), &policy()).unwrap_err();
        assert!(refused.remedy.iter().any(|remedy| remedy.contains("codex-acp")), "{refused:?}");
        assert!(keeps(&agent("command"), &policy()).is_err());
        assert!(keeps(&agent("command"), &Policy::default()).is_ok());
    }
}
