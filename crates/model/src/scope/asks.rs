//! What a clause asks for: a verb, its object, and the deliverable that follows from both.

use super::text::{Kind, Token};
use super::verbs::{self, Class};
use super::words::{
    BUG_NOUNS, COSMETIC, DETERMINERS, FAILING, FILLERS, FINITE, INTERROGATIVES, PLAN_NOUNS, PREPOSITIONS, REPORT_NOUNS,
    SUBORDINATORS,
};
use std::ops::Range;

/// What is to be there at the end, in the order in which the furthest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deliverable {
    /// What is known.
    Reports,
    /// What is wrong, and why.
    Debug,
    /// What is to be done.
    Plan,
    /// It is done.
    Code,
}

/// How plainly something is asked for. Only what is asked most plainly counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// A failure is stated, and nothing is asked.
    Hint,
    /// A wish ("we want to …"), or a bare noun ("auth refactor plan").
    Weak,
    /// An order, a request, a question.
    Strong,
}

/// One thing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    /// What it leads to; `None` for verbs that decide nothing.
    pub(crate) deliverable: Option<Deliverable>,
    /// The kind of its verb.
    pub(crate) class: Class,
    /// Its verb, as written.
    pub(crate) verb: String,
    /// How plainly it is asked for.
    pub(crate) strength: Strength,
    /// It asks that something be mended, not only that its cause be found.
    pub(crate) mends: bool,
    /// The sentence.
    pub(crate) sentence: usize,
    /// The place of its verb among the sentence's tokens.
    pub(crate) at: usize,
    /// Its object and what belongs to it.
    pub(crate) object: Range<usize>,
}

/// The head of a noun phrase: its last word, and the one before.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// All words but articles.
    pub(crate) words: Vec<String>,
    /// Where the phrase ends.
    pub(crate) end: usize,
}

impl Head {
    /// The last word.
    pub(crate) fn noun(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    fn before(&self) -> &str {
        self.words.len().checked_sub(2).and_then(|at| self.words.get(at)).map_or("", String::as_str)
    }

    fn has_one(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    /// The document that the phrase names.
    pub(crate) fn document(&self) -> Option<Deliverable> {
        let noun = self.noun();
        let holds = matches!(noun, "document" | "doc" | "file" | "draft");
        if PLAN_NOUNS.contains(&noun) || (holds && PLAN_NOUNS.contains(&self.before())) {
            return Some(Deliverable::Plan);
        }
        (REPORT_NOUNS.contains(&noun) && !holds).then_some(Deliverable::Reports)
    }

    /// It names the cause of something.
    pub(crate) fn is_cause(&self) -> bool {
        self.has_one(&["cause", "causes", "culprit", "culprits"])
    }

    fn is_reference(&self) -> bool {
        let noun = self.noun();
        matches!(noun, "" | "it" | "that" | "this" | "them" | "everything" | "implementation" | "work" | "rest")
    }

    pub(crate) fn is_bug(&self) -> bool {
        self.has_one(BUG_NOUNS)
    }

    fn is_cosmetic(&self) -> bool {
        COSMETIC.contains(&self.noun()) || self.words.first().is_some_and(|word| word.starts_with("typo"))
    }
}

/// Whether a token ends the noun phrase before it.
fn ends_phrase(token: &Token) -> bool {
    let lists = [PREPOSITIONS, SUBORDINATORS, INTERROGATIVES, FINITE];
    token.kind == Kind::Mark
        || lists.iter().any(|list| token.is_one(list))
        || token.is_one(&["and", "or", "but", "then", "that", "so", "&", "not", "don't"])
}

/// The noun phrase that begins at a place, up to its first preposition, conjunction or verb.
pub(crate) fn head(tokens: &[Token], from: usize) -> Head {
    let rest = tokens.get(from..).unwrap_or_default();
    let first_that = usize::from(rest.first().is_some_and(|token| token.is_one(&["that", "one"])));
    let length = rest.iter().skip(first_that).take_while(|token| !ends_phrase(token)).count() + first_that;
    let phrase = rest.get(..length).unwrap_or_default();
    let mut words: Vec<String> = phrase.iter().filter(|token| !token.is_one(DETERMINERS)).map(noun_of).collect();
    while words.len() > 1 && words.last().is_some_and(|word| FILLERS.contains(&word.as_str()) || word.ends_with("ly")) {
        words.pop();
    }
    Head { words, end: from + length }
}

/// A word; a path to a plan is a plan, and anything else opaque.
fn noun_of(token: &Token) -> String {
    let plan = |path: &str| path.contains("plans/") || path.trim_end_matches(".md").ends_with("plan");
    match token.kind {
        Kind::Word => token.word.replace("'s", ""),
        Kind::Path if plan(&token.word) => "plan".to_owned(),
        Kind::Path | Kind::Quoted | Kind::Mark => "\u{1}".to_owned(),
    }
}

/// What a verb asks for, with what stands after it.
pub(crate) fn deliverable(class: Class, verb: &str, tokens: &[Token], object: usize) -> Option<Deliverable> {
    let phrase = head(tokens, object);
    let document = phrase.document();
    match class {
        Class::Research => Some(researched(verb, &phrase, tokens, object)),
        Class::Fix => Some(fixed(verb, &phrase)),
        Class::Plan if verb == "plan" => Some(Deliverable::Plan),
        Class::Plan if verb.starts_with("work out") && asks_why(tokens, object) => {
            Some(researched(verb, &phrase, tokens, object))
        }
        Class::Plan => document.or(Some(Deliverable::Plan)),
        Class::Change => document.filter(|_| revises(verb)).or(Some(Deliverable::Code)),
        Class::Make => document.or(Some(Deliverable::Code)),
        Class::Give => document,
        Class::Execute => executes(&phrase, tokens, object).then_some(Deliverable::Code),
        Class::Neutral => None,
    }
}

/// Whether a verb changes a text that is there.
pub(crate) fn revises(verb: &str) -> bool {
    matches!(
        verb,
        "revise"
            | "update"
            | "modify"
            | "extend"
            | "amend"
            | "adjust"
            | "change"
            | "edit"
            | "refine"
            | "rework"
            | "expand"
            | "adapt"
            | "rewrite"
            | "improve"
            | "correct"
            | "enhance"
            | "simplify"
    )
}

fn asks_why(tokens: &[Token], object: usize) -> bool {
    tokens.get(object).is_some_and(|token| token.is("why") || token.is("what"))
}

/// Whether something after a place says that something is wrong.
pub(crate) fn tells_failure(tokens: &[Token], from: usize) -> bool {
    tokens.get(from..).unwrap_or_default().iter().any(|token| token.is_one(FAILING))
}

fn researched(verb: &str, phrase: &Head, tokens: &[Token], object: usize) -> Deliverable {
    let finds = matches!(verb, "find" | "identify" | "determine" | "locate" | "discover");
    let finds_out = matches!(verb, "find out" | "figure out" | "work out");
    let why = tokens.get(object).is_some_and(|token| token.is("why")) && tells_failure(tokens, object + 1);
    if (finds && phrase.is_cause()) || (finds_out && why) { Deliverable::Debug } else { Deliverable::Reports }
}

/// `fix` and its like ask for debugging, but an edit needs no diagnosis, and `address the comments` is a change.
fn fixed(verb: &str, phrase: &Head) -> Deliverable {
    let careful = matches!(verb, "debug" | "troubleshoot" | "diagnose" | "track down" | "hunt down");
    if careful {
        return Deliverable::Debug;
    }
    let weak = matches!(verb, "resolve" | "solve" | "correct" | "address");
    if phrase.is_cosmetic() || (weak && !phrase.is_bug() && !phrase.is_reference()) {
        return Deliverable::Code;
    }
    Deliverable::Debug
}

/// Whether `run` or `continue` speaks of a plan or of what was spoken of before.
fn executes(phrase: &Head, tokens: &[Token], object: usize) -> bool {
    if tokens.get(object).is_some_and(|token| token.is("with")) {
        return executes(&head(tokens, object + 1), tokens, object + 1);
    }
    phrase.is_reference()
        || phrase.has_one(&["plan", "plans", "phase", "phases", "step", "steps", "wave", "task", "tasks"])
}

/// The asks that count: the plainest.
pub(crate) fn plainest(asks: &[Ask]) -> Vec<&Ask> {
    let decisive = || asks.iter().filter(|ask| ask.deliverable.is_some());
    let strength = decisive().map(|ask| ask.strength).max();
    decisive().filter(|ask| Some(ask.strength) == strength).collect()
}

/// The name of a class, for a gerund or participle that stands for its verb.
pub(crate) fn inflected(word: &str) -> Option<(String, Class)> {
    verbs::gerund(word).or_else(|| verbs::participle(word))
}
