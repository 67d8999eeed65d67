//! What a request asks for: its scope, with reasons; how many things are to be researched, and which.
//!
//! The rules read English. They decide in this order and stop at the first that decides: what the caller was told (a
//! flag, the environment), an existing plan file that the request names, a classifier's answer if one was asked, the
//! furthest deliverable that is asked for, the default. `docs/scope.md` tells the same to users.

mod asks;
mod classifier;
mod clauses;
mod complexity;
mod existing;
mod frames;
mod limits;
mod reasons;
mod statements;
mod text;
mod topics;
mod verbs;
mod words;

pub use classifier::{Answer, Refusal, judge, question};
pub use topics::Topic;

pub(crate) use text::is_path;
pub(crate) use words::{DETERMINERS, INTERROGATIVES, MODALS, PREPOSITIONS};

use crate::definition::Scope;
use asks::{Ask, Deliverable, plainest};
use clauses::Reading;
use serde::Serialize;

/// What the caller knows besides the request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// The scope that a flag names.
    pub flag: Option<Scope>,
    /// The scope that the environment names.
    pub environment: Option<Scope>,
    /// The configured default.
    pub default_scope: Option<Scope>,
    /// Those of the request's paths that are existing plan files, in the request's own words.
    pub existing_plans: Vec<String>,
    /// Topics that the user chose.
    pub topics: Option<Vec<String>>,
    /// The number of topics that the user chose.
    pub complexity: Option<u32>,
    /// What a classifier answered, if one was asked.
    pub classifier: Option<Result<Answer, Refusal>>,
}

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecidedBy {
    /// A flag.
    Flag,
    /// The environment.
    Environment,
    /// An existing plan file, and what is to be done with it.
    ExistingPlan,
    /// The classifier.
    Classifier,
    /// What is asked for.
    Deliverable,
    /// Nothing in the request: the default.
    Default,
}

impl DecidedBy {
    /// Whether nothing but the reading of the request's words decided: only then is a classifier worth asking.
    #[must_use]
    pub fn is_by_words(self) -> bool {
        match self {
            Self::Deliverable | Self::Default => true,
            Self::Flag | Self::Environment | Self::ExistingPlan | Self::Classifier => false,
        }
    }
}

/// What a request asks for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeDecision {
    /// The scope.
    pub scope: Scope,
    /// The number of topics to research: 1 to 4, or what the user said.
    pub complexity: u32,
    /// What to research: at most as many as `complexity` says, fewer where the request names fewer things.
    pub topics: Vec<Topic>,
    /// Why, the decisive reason first, and how to choose another scope.
    pub reasons: Vec<String>,
    /// The existing plan that the request is about.
    pub plan_path: Option<String>,
    /// What decided.
    pub decided_by: DecidedBy,
    /// The scope that the request alone would have had, where something else decided.
    pub overridden: Option<Scope>,
    /// A failure is to be mended, not only explained.
    pub fix: bool,
}

/// A scope with its reasons, by one of the rules.
struct Verdict {
    scope: Scope,
    by: DecidedBy,
    reasons: Vec<String>,
    plan: Option<String>,
}

/// Decides what a request asks for.
#[must_use]
pub fn decide(request: &str, given: &Given) -> ScopeDecision {
    let reading = clauses::read(request);
    let rules = by_request(&reading, given);
    let stronger = told(given).or_else(|| classifier::verdict(given, &rules));
    let overridden = stronger.as_ref().filter(|stronger| stronger.scope != rules.scope).map(|_| rules.scope);
    let verdict = match stronger {
        Some(told) => {
            let named = rules.plan.filter(|_| told.scope != Scope::DebugOnly);
            Verdict { plan: told.plan.or(named), ..told }
        }
        None => rules,
    };
    let asked = given.classifier.as_ref();
    let answer = asked.and_then(|asked| asked.as_ref().ok()).filter(|_| verdict.by == DecidedBy::Classifier);
    let phrases = topics::phrases(&reading);
    let counted = answer.and_then(Answer::topics_wanted).unwrap_or_else(|| complexity::of(&reading, phrases.listed));
    let topics = topics::choose(&phrases, request, counted, given, answer);
    let complexity = match (&given.topics, given.complexity) {
        (Some(chosen), _) if !chosen.is_empty() => u32::try_from(topics.len()).unwrap_or(u32::MAX),
        (_, Some(number)) => number.max(1),
        (_, None) => counted,
    };
    let fix = verdict.scope == Scope::DebugOnly && mends(&reading);
    let mut reasons = verdict.reasons;
    let refused = asked.and_then(|asked| asked.as_ref().err()).filter(|_| verdict.by.is_by_words());
    reasons.extend(refused.map(Refusal::reason));
    reasons.push(reasons::how_to_override(verdict.scope));
    ScopeDecision {
        scope: verdict.scope,
        complexity,
        topics,
        reasons,
        plan_path: verdict.plan,
        decided_by: verdict.by,
        overridden,
        fix,
    }
}

/// The words of a request that look like paths, for the caller to look up which of them are plans.
#[must_use]
pub fn paths_in(request: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let sentences = text::sentences(request);
    let tokens = sentences.iter().flat_map(|sentence| &sentence.tokens);
    for token in tokens.filter(|token| token.kind == text::Kind::Path) {
        if !found.contains(&token.word) {
            found.push(token.word.clone());
        }
    }
    found
}

/// The places in a request of the clauses that decide, for naming.
pub(crate) fn deciding_clauses(request: &str) -> Vec<String> {
    let reading = clauses::read(request);
    let asks = plainest(&reading.asks);
    let furthest = asks.iter().filter_map(|ask| ask.deliverable).max();
    let deciding = asks.iter().filter(|ask| ask.deliverable == furthest);
    deciding.map(|ask| reasons::clause(&reading, ask).to_owned()).collect()
}

/// The things that a request is about, in its own words.
pub(crate) fn subjects(request: &str) -> Vec<String> {
    topics::phrases(&clauses::read(request)).names()
}

fn told(given: &Given) -> Option<Verdict> {
    let verdict = |scope, by, reason: &str| Verdict { scope, by, reasons: vec![reason.to_owned()], plan: None };
    let flag = given.flag.map(|scope| verdict(scope, DecidedBy::Flag, "`--scope` says so"));
    flag.or_else(|| given.environment.map(|scope| verdict(scope, DecidedBy::Environment, "the environment says so")))
}

fn by_request(reading: &Reading<'_>, given: &Given) -> Verdict {
    let existing = existing::decide(reading, &given.existing_plans);
    existing.or_else(|| by_deliverable(reading)).unwrap_or_else(|| by_default(given))
}

fn by_default(given: &Given) -> Verdict {
    let scope = given.default_scope.unwrap_or(Scope::ResearchAndPlan);
    let source = if given.default_scope.is_some() { "`default_scope` is set to it" } else { "it is the default" };
    let reasons = vec![format!("nothing in the request says what is to be there at the end; {source}")];
    Verdict { scope, by: DecidedBy::Default, reasons, plan: None }
}

fn by_deliverable(reading: &Reading<'_>) -> Option<Verdict> {
    let asks = plainest(&reading.asks);
    let furthest = asks.iter().filter_map(|ask| ask.deliverable).max();
    let (limited, limit) = limit(reading, &asks, furthest);
    let deliverable = limited.or(furthest)?;
    let mut reasons: Vec<String> = limit.into_iter().collect();
    reasons.extend(reasons::of_asks(reading, &asks, deliverable));
    Some(Verdict { scope: scope_of(deliverable), by: DecidedBy::Deliverable, reasons, plan: None })
}

fn scope_of(deliverable: Deliverable) -> Scope {
    match deliverable {
        Deliverable::Reports => Scope::ResearchOnly,
        Deliverable::Debug => Scope::DebugOnly,
        Deliverable::Plan => Scope::ResearchAndPlan,
        Deliverable::Code => Scope::FullImplementation,
    }
}

/// What a request's own limits make of what it asks for. A change that is asked for and forbidden is wanted as a plan.
fn limit(reading: &Reading<'_>, asks: &[&Ask], furthest: Option<Deliverable>) -> (Option<Deliverable>, Option<String>) {
    if let Some((only, place)) = &reading.limits.only {
        let said = format!("{} limits it to {}", reasons::quote(reading, place), reasons::noun(*only));
        return (Some(*only), Some(said));
    }
    match (&reading.limits.no_code, furthest) {
        (Some(place), Some(Deliverable::Code)) => {
            let debug = asks.iter().any(|ask| ask.deliverable == Some(Deliverable::Debug));
            let left = if debug { Deliverable::Debug } else { Deliverable::Plan };
            let said =
                format!("{} rules code out, which leaves {}", reasons::quote(reading, place), reasons::noun(left));
            (Some(left), Some(said))
        }
        _ => (None, None),
    }
}

/// Whether a mending verb is asked for and changes are not forbidden.
fn mends(reading: &Reading<'_>) -> bool {
    reading.limits.no_code.is_none() && reading.asks.iter().any(|ask| ask.mends)
}
