//! A request that names a plan that is there: to revise it, to carry it out, or to judge it.

use super::asks::{Ask, Deliverable, head, plainest, revises};
use super::clauses::Reading;
use super::text::{Kind, Token};
use super::verbs::Class;
use super::{DecidedBy, Verdict, reasons};
use crate::definition::Scope;

/// What is to be done with the plan, in the order in which the furthest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Review,
    Revise,
    Implement,
}

/// Decides if the request names an existing plan and says what to do with it.
pub(crate) fn decide(reading: &Reading<'_>, plans: &[String]) -> Option<Verdict> {
    let tokens = reading.sentences.iter().flat_map(|sentence| &sentence.tokens);
    let named = tokens.clone().find(|token| token.kind == Kind::Path && plans.contains(&token.word))?;
    let plan = named.word.clone();
    let verdict = |scope, reason: String| {
        let reasons = vec![reason, format!("`{plan}` is an existing plan")];
        Some(Verdict { scope, by: DecidedBy::ExistingPlan, reasons, plan: Some(plan.clone()) })
    };
    let asks = plainest(&reading.asks);
    if reading.asks.is_empty() && tokens.filter(|token| token.kind == Kind::Word).count() <= 2 {
        return verdict(Scope::FullImplementation, "a plan alone is a plan to implement".to_owned());
    }
    let uses = reading.asks.iter().filter_map(|ask| use_of(reading, ask, plans).map(|what| (what, ask)));
    let plain = uses.clone().map(|(_, ask)| ask.strength).max();
    // Several asks may lead equally far; the first of them is the one to quote.
    let (what, ask) = uses.filter(|(_, ask)| Some(ask.strength) == plain).rev().max_by_key(|(what, _)| *what)?;
    let clause = reasons::quote(reading, &reasons::place(reading, ask));
    match what {
        Use::Implement if reading.limits.no_code.is_none() && reading.limits.only.is_none() => {
            verdict(Scope::FullImplementation, format!("{clause} asks to carry the plan out"))
        }
        Use::Revise => verdict(Scope::ResearchAndRevise, format!("{clause} asks to change the plan")),
        Use::Review if !asks.iter().any(|ask| ask.deliverable > Some(Deliverable::Reports)) => {
            verdict(Scope::ResearchOnly, format!("{clause} asks about the plan"))
        }
        Use::Implement | Use::Review => None,
    }
}

fn use_of(reading: &Reading<'_>, ask: &Ask, plans: &[String]) -> Option<Use> {
    let tokens = reading.sentences.get(ask.sentence).map(|sentence| sentence.tokens.as_slice()).unwrap_or_default();
    let carries = matches!(ask.verb.as_str(), "implement" | "build" | "start with" | "begin with");
    match ask.class {
        Class::Execute => Some(Use::Implement),
        Class::Change | Class::Make | Class::Give if carries => Some(Use::Implement),
        Class::Change | Class::Fix | Class::Neutral => speaks_of_plan(ask, tokens, plans).then_some(Use::Revise),
        Class::Research => Some(Use::Review),
        Class::Plan | Class::Make | Class::Give => None,
    }
}

/// Whether what is changed is the plan: its path, the word, a part of it, or "it".
fn speaks_of_plan(ask: &Ask, tokens: &[Token], plans: &[String]) -> bool {
    let from = ask.object.start;
    let phrase = head(tokens, from);
    let inside = tokens.get(from..phrase.end).unwrap_or_default();
    let path = inside.iter().any(|token| token.kind == Kind::Path && plans.contains(&token.word));
    let part = ["plan", "phase", "phases", "stage", "stages", "it", "task", "tasks", "wave"];
    let part = phrase.words.iter().any(|word| part.contains(&word.as_str()));
    path || (part && (revises(&ask.verb) || ask.class == Class::Change))
}
