//! Clauses that begin with no verb: statements, wishes in the passive, bare noun phrases.

use super::asks::{Deliverable, Strength, deliverable, head};
use super::clauses::{Mood, Scanner};
use super::text::{Kind, Token};
use super::verbs::{self, Class};
use super::words::{FAILURE_PREDICATES, FINITE, MODALS, PRONOUNS};

impl Scanner<'_> {
    /// A clause that begins with no verb: a subject, or a bare noun phrase that is all there is.
    pub(super) fn statement(&mut self) {
        let from = self.at;
        let nothing = self.asks.get(self.before..).unwrap_or_default().is_empty();
        if nothing && self.mood == Mood::Open {
            self.bare_phrase(from);
            self.passive(from);
        }
        // What follows a comma inside an object is one more object, unless it is a clause of its own.
        let clause = self.tokens.get(from..).unwrap_or_default();
        let clause = clause.iter().take_while(|token| token.kind != Kind::Mark);
        if clause.clone().any(|token| token.is_one(FINITE)) || self.is_one(from, PRONOUNS) {
            self.close(from);
        }
        if !matches!(self.mood, Mood::Embedded { .. }) {
            self.mood = Mood::Statement { series: self.has_series(from) };
        }
        self.at = from + 1;
    }

    /// "auth refactor plan", "bug in checkout", "overview of the store".
    fn bare_phrase(&mut self, from: usize) {
        let phrase = head(self.tokens, from);
        let article = self.is_one(from, &["the", "this", "that", "our", "my", "there"]);
        let finite = self.tokens.get(phrase.end).is_some_and(|token| token.is_one(FINITE));
        let what = match phrase.document() {
            Some(document) => Some(document),
            None if phrase.is_bug() && !phrase.words.iter().any(|word| word == "handling" || word == "message") => {
                Some(Deliverable::Debug)
            }
            None => None,
        };
        let what = if phrase.is_cause() { Some(Deliverable::Debug) } else { what };
        let path = self.token(from).is_some_and(|token| token.kind != Kind::Word);
        let noun_ends = phrase.noun().is_empty() || article || finite || path;
        if let Some(what) = what.filter(|_| !noun_ends) {
            let mends = phrase.noun().ends_with("fix");
            self.record(Some(what), Class::Give, "", (from, from), Strength::Weak);
            if let Some(ask) = self.asks.last_mut() {
                ask.mends = mends;
            }
        } else if self.states_failure(from) {
            self.record(Some(Deliverable::Debug), Class::Neutral, "", (from, from), Strength::Hint);
        }
    }

    fn states_failure(&self, from: usize) -> bool {
        let rest = self.tokens.get(from..self.until_mark(from)).unwrap_or_default();
        let subject = !rest.is_empty();
        let predicate = rest.iter().skip(1).any(|token| token.is_one(FAILURE_PREDICATES));
        let not = |pair: &[Token]| matches!(pair, [a, b] if a.is_one(&["doesn't", "don't", "not", "doesnt", "dont", "stopped"]) && b.is_one(&["work", "working", "works"]));
        let there = matches!(rest, [a, b, ..] if a.is("there") && b.is_one(&["is", "are"]))
            && head(self.tokens, from + 2).is_bug();
        subject && (predicate || there || rest.windows(2).any(not))
    }

    /// "the cache should be rewritten", "the parser needs to be split", "the test needs fixing".
    fn passive(&mut self, from: usize) {
        for at in from..self.until_mark(from) {
            let words = self.words(at);
            let found = match words.as_slice() {
                ["should" | "must", "be", verb, ..] => verbs::participle(verb),
                ["needs" | "need" | "has" | "have", "to", "be", verb, ..] => verbs::participle(verb),
                ["needs" | "need", verb, ..] => verbs::gerund(verb),
                _ => None,
            };
            if let Some((verb, class)) = found {
                let what = deliverable(class, &verb, self.tokens, self.tokens.len());
                self.record(what, class, &verb, (from, from), Strength::Weak);
                return;
            }
        }
    }

    /// Whether a statement's subject does a series of known things: "agents research, plan and build".
    fn has_series(&self, from: usize) -> bool {
        let first = self.is_one(from, &["i", "we", "i'm", "we're"]);
        let until = self.until_mark(from);
        (from..until).any(|at| {
            let base = self.token(at).is_some_and(|token| token.kind == Kind::Word && verbs::is_base(&token.word));
            let intends = self.is_one(at + 1, &["to"]);
            base && !intends && at > from && self.can_act(at - 1, from) && !(first && self.is_one(at - 1, MODALS))
        })
    }

    /// Whether the word at a place can be the subject, or the modal verb, of a base form that follows.
    pub(super) fn can_act(&self, at: usize, from: usize) -> bool {
        let plural = |token: &Token| {
            token.kind == Kind::Word
                && token.word.ends_with('s')
                && !token.word.ends_with("ss")
                && !token.is_one(FINITE)
                && !token.is_one(&["this", "as"])
        };
        let token = self.token(at);
        token.is_some_and(|token| {
            token.is_one(MODALS)
                || token.is_one(&["i", "we", "you", "they", "people", "who", "which"])
                || (plural(token) && at >= from)
        })
    }

    pub(super) fn until_mark(&self, from: usize) -> usize {
        let rest = self.tokens.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|token| token.kind != Kind::Mark).count()
    }

    /// Whether an embedded clause has a verb to which a base form after "and" can be joined: "which build plans and …",
    /// but not "how it works and …".
    pub(super) fn has_base_verb(&self, from: usize) -> bool {
        let rest = self.tokens.get(from..).unwrap_or_default();
        let stop = |token: &Token| token.kind == Kind::Mark || token.is_one(&["and", "or", "but", "then"]);
        let until = from + rest.iter().position(stop).unwrap_or(rest.len());
        (from..until).any(|at| {
            let modal = self.is_one(at, MODALS) && at + 1 < until;
            let base = self.token(at).is_some_and(|token| verbs::is_base(&token.word));
            modal || (base && at > 0 && self.can_act(at - 1, from))
        })
    }
}
