//! What a request forbids: "do not change any code", "plan only".

use super::asks::Deliverable;
use super::text::{Kind, Token};
use super::verbs::{self, Class};
use super::words::{DETERMINERS, FILLERS, GENERIC_OBJECTS, PLAN_NOUNS};
use std::ops::Range;

/// What a request forbids, each with the place of the words that do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Nothing is to be changed.
    pub(crate) no_code: Option<Range<usize>>,
    /// Nothing beyond this is wanted.
    pub(crate) only: Option<(Deliverable, Range<usize>)>,
}

/// Takes the limits of a sentence into account.
pub(crate) fn read(tokens: &[Token], limits: &mut Limits) {
    for at in 0..tokens.len() {
        if limits.no_code.is_none() {
            limits.no_code = forbids_code(tokens, at).map(|end| place(tokens, at, end));
        }
        if limits.only.is_none() {
            limits.only = wants_only(tokens, at);
        }
    }
}

fn place(tokens: &[Token], from: usize, end: usize) -> Range<usize> {
    let start = tokens.get(from).map_or(0, |token| token.place.start);
    let last = tokens.get(end.saturating_sub(1)).map_or(start, |token| token.place.end);
    start..last.max(start)
}

/// Words between a negation and its verb.
const BETWEEN: &[&str] = &[
    "you", "to", "start", "begin", "starting", "yet", "actually", "go", "ahead", "and", "want", "need", "me", "even",
    "just", "please", "the",
];
/// Auxiliaries that make a negation a statement.
const STATING: &[&str] = &[
    "did", "does", "was", "is", "are", "were", "has", "have", "had", "could", "can", "may", "might", "would", "agents",
    "it", "that",
];

/// Where words end that forbid every change, if they begin here.
fn forbids_code(tokens: &[Token], at: usize) -> Option<usize> {
    let negator = tokens.get(at)?;
    let negators = ["don't", "dont", "not", "never", "without", "no", "avoid", "won't", "shouldn't"];
    let stated = at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|token| token.is_one(STATING));
    if !negator.is_one(&negators) || (stated && !negator.is("without")) {
        return None;
    }
    if negator.is("no") {
        return forbids_nouns(tokens, at + 1);
    }
    let mut verb = at + 1;
    while tokens.get(verb).is_some_and(|token| token.is_one(BETWEEN)) {
        verb += 1;
    }
    let word = tokens.get(verb).filter(|token| token.kind == Kind::Word)?;
    let class = verbs::verb(&[word.word.as_str()]).map(|(class, _)| class);
    let class = class.or_else(|| verbs::gerund(&word.word).map(|(_, class)| class))?;
    let makes = class == Class::Make;
    let changes = matches!(class, Class::Change | Class::Execute) || makes;
    let rest = tokens.get(verb + 1..)?;
    let object = rest
        .iter()
        .take_while(|token| token.kind != Kind::Mark && !token.is_one(&["but", "just", "only", "until", "before"]));
    let object: Vec<&Token> = object.collect();
    let generic = object.iter().all(|token| token.is_one(GENERIC_OBJECTS));
    let named =
        object.iter().any(|token| token.is_one(&["code", "anything", "it", "changes", "them", "yet", "file", "files"]));
    (changes && generic && (named || !makes)).then_some(verb + 1 + object.len())
}

/// `no code`, `no code changes`, `no implementation yet`.
fn forbids_nouns(tokens: &[Token], at: usize) -> Option<usize> {
    let noun = tokens.get(at)?;
    if !noun.is_one(&["code", "implementation", "coding", "changes", "edits", "modifications"]) {
        return None;
    }
    let after = tokens.get(at + 1);
    let ends = after.is_none_or(|token| token.kind == Kind::Mark || token.is_one(FILLERS));
    let changes = after.is_some_and(|token| token.is_one(&["changes", "change", "edits", "for", "at", "here"]));
    (ends || changes).then_some(at + 1 + usize::from(changes))
}

/// `plan only`, `just a plan`, `only want the report`.
fn wants_only(tokens: &[Token], at: usize) -> Option<(Deliverable, Range<usize>)> {
    let token = tokens.get(at)?;
    let noun_before = at.checked_sub(1).filter(|before| names(tokens, *before).is_some());
    if let Some(before) = noun_before.filter(|_| token.is("only")) {
        return names(tokens, before).map(|what| (what, place(tokens, before, at + 1)));
    }
    if !token.is_one(&["only", "just"]) {
        return None;
    }
    let between = |token: &Token| {
        token.is_one(DETERMINERS) || token.is_one(&["want", "need", "write", "make", "create", "do", "give", "me"])
    };
    let rest = tokens.get(at + 1..)?;
    let noun = at + 1 + rest.iter().take_while(|token| between(token)).count();
    let what = names(tokens, noun)?;
    let after = tokens.get(noun + 1);
    let follows = ["for", "to", "it", "of", "how", "that", "no", "without", "this", "but", "on"];
    let whole = after.is_none_or(|token| token.kind == Kind::Mark || token.is_one(FILLERS) || token.is_one(&follows));
    whole.then(|| (what, place(tokens, at, noun + 1)))
}

fn names(tokens: &[Token], at: usize) -> Option<Deliverable> {
    let token = tokens.get(at)?;
    if token.is_one(PLAN_NOUNS) || token.is("planning") {
        return Some(Deliverable::Plan);
    }
    token.is_one(&["research", "report", "reports", "analysis", "findings", "summary"]).then_some(Deliverable::Reports)
}
