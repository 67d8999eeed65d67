//! What may be done: rules that deny, ask and allow, in this order, and what counts where none speaks.

use super::place::Ground;
use super::rule::{Rule, class, command_of};
use super::shell::Line;
use super::{PermissionRequest, ToolKind, unasked};
use serde::{Deserialize, Serialize};

/// Whether a rule is about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Match {
    /// It is not.
    #[default]
    No,
    /// The request's text does not tell.
    Unsure,
    /// It is.
    Yes,
}

/// What becomes of a request, the freest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may be done.
    Allow,
    /// A person is asked.
    Ask,
    /// It may not.
    Deny,
}

impl Verdict {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// What becomes of a request of which no rule speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// What every agent may do unasked is allowed, the rest denied.
    #[default]
    Rules,
    /// A person is asked.
    Ask,
    /// It is denied.
    Deny,
}

impl Otherwise {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 3] = [(Self::Rules, "rules"), (Self::Ask, "ask"), (Self::Deny, "deny")];
}

/// Lists of rules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// What may be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Rule>,
    /// What a person is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ask: Vec<Rule>,
    /// What may never be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<Rule>,
}

impl Rules {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.ask.is_empty() && self.deny.is_empty()
    }

    /// The list of a verdict.
    pub fn list_mut(&mut self, verdict: Verdict) -> &mut Vec<Rule> {
        match verdict {
            Verdict::Allow => &mut self.allow,
            Verdict::Ask => &mut self.ask,
            Verdict::Deny => &mut self.deny,
        }
    }

    /// All of these and of others.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        let joined = |own: &[Rule], others: &[Rule]| own.iter().chain(others).cloned().collect();
        Self {
            allow: joined(&self.allow, &others.allow),
            ask: joined(&self.ask, &others.ask),
            deny: joined(&self.deny, &others.deny),
        }
    }
}

/// How long a question waits where nobody says otherwise, in milliseconds.
pub const TIMEOUT_MS: u64 = 60 * 60_000;

/// A run's policy. Stored, so that a resumed run does not depend on today's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The rules for every role.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub rules: Rules,
    /// What counts where none speaks.
    #[serde(default)]
    pub otherwise: Otherwise,
    /// How long a question waits, in milliseconds; `None`: until it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Whether agents may work that can not be kept to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lenient: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { rules: Rules::default(), otherwise: Otherwise::default(), timeout_ms: Some(TIMEOUT_MS), lenient: false }
    }
}

/// A verdict, and what it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule that speaks; `None`: none does.
    pub rule: Option<Rule>,
    /// Why not, for the agent.
    pub comment: String,
}

/// Judges a request. What denies goes first, then what asks; what can not be told is asked.
#[must_use]
pub fn judge(rules: &Rules, otherwise: Otherwise, request: &PermissionRequest, ground: Ground<'_>) -> Judged {
    let line = command_of(request);
    let touched = |list: &[Rule], least: Match| {
        list.iter().find(|rule| rule.touches(request, line.as_ref(), ground) >= least).cloned()
    };
    if let Some(rule) = touched(&rules.deny, Match::Yes) {
        let comment = format!("the rule `{rule}` denies it: go on without it");
        return Judged { verdict: Verdict::Deny, rule: Some(rule), comment };
    }
    let ask = |rule: Rule| Judged { verdict: Verdict::Ask, rule: Some(rule), comment: String::new() };
    if let Some(rule) = touched(&rules.ask, Match::Yes) {
        return ask(rule);
    }
    let allowed = allowing(rules, request, line.as_ref(), ground);
    let judged = match allowed {
        Some(rule) => Judged { verdict: Verdict::Allow, rule: Some(rule), comment: String::new() },
        None => unruled(otherwise, request, ground),
    };
    let doubt = || touched(&rules.deny, Match::Unsure).or_else(|| touched(&rules.ask, Match::Unsure));
    if judged.verdict == Verdict::Allow { doubt().map_or(judged, ask) } else { judged }
}

fn unruled(otherwise: Otherwise, request: &PermissionRequest, ground: Ground<'_>) -> Judged {
    let (verdict, comment) = match otherwise {
        Otherwise::Rules => {
            let leave = unasked(request, ground.tree);
            (if leave.allowed { Verdict::Allow } else { Verdict::Deny }, leave.comment)
        }
        Otherwise::Ask => (Verdict::Ask, String::new()),
        Otherwise::Deny => (Verdict::Deny, "no rule allows it: go on without it".to_owned()),
    };
    Judged { verdict, rule: None, comment }
}

/// The rule that allows a request, where each of its commands and files is allowed: the first of them.
fn allowing(rules: &Rules, request: &PermissionRequest, line: Option<&Line>, ground: Ground<'_>) -> Option<Rule> {
    let find = |allows: &dyn Fn(&Rule) -> bool| rules.allow.iter().find(|rule| allows(rule)).cloned();
    if let Some(line) = line {
        if line.unsure || line.parts.is_empty() {
            return find(&|rule| rule.allows_all(request));
        }
        let found = line.parts.iter().map(|part| find(&|rule| rule.allows_command(request, part)));
        return found.collect::<Option<Vec<_>>>()?.into_iter().next();
    }
    match class(request) {
        ToolKind::Execute | ToolKind::Fetch | ToolKind::Other => find(&|rule| rule.allows_all(request)),
        ToolKind::Read | ToolKind::Edit => {
            let found = request.paths().map(|path| find(&|rule| rule.allows_path(request, path, ground)));
            found.collect::<Option<Vec<_>>>()?.into_iter().next()
        }
    }
}
