//! Reads a request clause by clause and finds what is asked for.
//!
//! A verb asks only where an order or a request can stand: at the beginning of a clause, after words such as "could you",
//! or as a purpose ("to create a plan"). A verb inside a statement, a subordinate clause, a quotation, a negation or
//! the content of a document that is asked for is background.

use super::asks::{Ask, Deliverable, Strength, deliverable, head, inflected, tells_failure};
use super::frames::{self, Frame};
use super::limits::{self, Limits};
use super::text::{Kind, Sentence, Token, sentences};
use super::verbs::{self, Class};
use super::words::{
    COMPOUNDS, DETERMINERS, EXPLAINED, FILLERS, FINITE, INTERROGATIVES, NOUN_VERBS, PRONOUNS, SUBORDINATORS,
};

/// A request as it was understood.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The request.
    pub(crate) request: &'a str,
    /// Its sentences.
    pub(crate) sentences: Vec<Sentence>,
    /// All that is asked for, in order.
    pub(crate) asks: Vec<Ask>,
    /// What is forbidden.
    pub(crate) limits: Limits,
}

/// What the words at a place are part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// An order or a request may begin here.
    Open,
    /// A statement. In a `series` a verb after a comma or an "and" is one more thing that its subject does.
    Statement { series: bool },
    /// A subordinate or negated clause, likewise.
    Embedded { series: bool },
    /// What a document that is asked for is to say.
    Content,
    /// Background to the end of the sentence.
    Silent,
}

/// Words before a colon that announce background.
const LABELS: &[&str] = &[
    "context",
    "background",
    "note",
    "notes",
    "nb",
    "repro",
    "expected",
    "actual",
    "current behavior",
    "current behaviour",
    "error",
    "log",
    "logs",
    "output",
    "stack trace",
    "stacktrace",
    "environment",
    "example",
    "examples",
    "history",
    "status",
    "fyi",
    "motivation",
    "steps to reproduce",
    "expected behavior",
    "expected behaviour",
    "to reproduce",
    "given",
    "trace",
];

/// Reads a request.
pub(crate) fn read(request: &str) -> Reading<'_> {
    let sentences = sentences(request);
    let mut asks = Vec::new();
    let mut limits = Limits::default();
    let mut inherited = Mood::Open;
    for (number, sentence) in sentences.iter().enumerate() {
        if !sentence.item {
            inherited = Mood::Open;
        }
        let mut scanner = Scanner::new(sentence, number, inherited, &mut asks);
        scanner.scan();
        let mood = scanner.mood;
        let asked = scanner.asked_document();
        if mood != Mood::Silent {
            limits::read(&sentence.tokens, &mut limits);
        }
        if sentence.opens {
            inherited = match mood {
                Mood::Silent | Mood::Content => mood,
                Mood::Open | Mood::Statement { .. } | Mood::Embedded { .. } if asked => Mood::Content,
                Mood::Open | Mood::Statement { .. } | Mood::Embedded { .. } => Mood::Open,
            };
        }
    }
    Reading { request, sentences, asks, limits }
}

/// Words with which a request can begin in the middle of a clause: "it would be nice if you could …".
fn turns_to_you(word: &str) -> bool {
    matches!(word, "if" | "could" | "can" | "would")
}

/// Goes through one sentence.
pub(crate) struct Scanner<'a> {
    pub(super) sentence: &'a Sentence,
    pub(super) tokens: &'a [Token],
    pub(super) number: usize,
    pub(super) asks: &'a mut Vec<Ask>,
    pub(super) before: usize,
    pub(super) mood: Mood,
    pub(super) at: usize,
    pub(super) fresh: bool,
    pub(super) joined: bool,
    pub(super) strength: Strength,
    pub(super) open: Option<usize>,
    pub(super) chain: bool,
}

impl<'a> Scanner<'a> {
    fn new(sentence: &'a Sentence, number: usize, mood: Mood, asks: &'a mut Vec<Ask>) -> Self {
        let before = asks.len();
        Self {
            sentence,
            tokens: &sentence.tokens,
            number,
            asks,
            before,
            mood,
            at: 0,
            fresh: true,
            joined: false,
            strength: Strength::Strong,
            open: None,
            chain: false,
        }
    }

    fn scan(&mut self) {
        if self.is_labelled() {
            self.mood = Mood::Silent;
        }
        while let Some(token) = self.tokens.get(self.at) {
            let start = self.at;
            if token.kind == Kind::Mark {
                self.mark();
            } else if self.fresh {
                self.begin();
            } else {
                self.go_on();
            }
            // Every branch moves on; this keeps a slip in one of them from never ending.
            self.at = self.at.max(start + 1);
        }
        self.close(self.tokens.len());
    }

    /// Whether the sentence asks for a document, whose content may follow.
    fn asked_document(&self) -> bool {
        let documents = |ask: &Ask| matches!(ask.deliverable, Some(Deliverable::Reports | Deliverable::Plan));
        self.asks.get(self.before..).unwrap_or_default().iter().any(documents)
    }

    fn is_labelled(&self) -> bool {
        let words: Vec<&str> = self.tokens.iter().take(4).map(|token| token.word.as_str()).collect();
        let Some(colon) = words.iter().position(|word| *word == ":") else { return false };
        LABELS.contains(&words.get(..colon).unwrap_or_default().join(" ").as_str())
    }

    pub(super) fn token(&self, at: usize) -> Option<&'a Token> {
        self.tokens.get(at)
    }

    pub(super) fn is_one(&self, at: usize, words: &[&str]) -> bool {
        self.token(at).is_some_and(|token| token.is_one(words))
    }

    pub(super) fn words(&self, from: usize) -> Vec<&'a str> {
        let word = |token: &'a Token| if token.kind == Kind::Word { token.word.as_str() } else { "\u{1}" };
        self.tokens.get(from..).unwrap_or_default().iter().take(10).map(word).collect()
    }

    pub(super) fn close(&mut self, end: usize) {
        if let Some(ask) = self.open.take().and_then(|open| self.asks.get_mut(open)) {
            ask.object.end = end.max(ask.object.start);
        }
    }

    fn mark(&mut self) {
        let mark = self.tokens.get(self.at).map(|token| token.word.as_str()).unwrap_or_default();
        match mark {
            "," => self.comma(),
            ":" => self.colon(),
            ";" | "—" | "–" | "--" | "-" | "(" | ")" | "/" => {
                self.close(self.at);
                if !matches!(self.mood, Mood::Silent | Mood::Content) {
                    self.mood = Mood::Open;
                }
                self.fresh = true;
                self.joined = false;
            }
            _ => {}
        }
        self.at += 1;
    }

    fn comma(&mut self) {
        if matches!(self.mood, Mood::Statement { series: false } | Mood::Embedded { series: false }) {
            self.mood = Mood::Open;
        }
        self.fresh = !self.continues_nouns(self.at + 1);
        self.joined = false;
    }

    fn colon(&mut self) {
        if self.mood == Mood::Silent {
            return;
        }
        let content =
            |ask: &Ask| ask.strength > Strength::Hint && ask.deliverable.is_some_and(|what| what != Deliverable::Code);
        let document = self.open.and_then(|open| self.asks.get(open)).is_some_and(content);
        self.close(self.at);
        self.mood = if document || self.mood == Mood::Content { Mood::Content } else { Mood::Open };
        self.fresh = true;
        self.joined = false;
    }

    /// The beginning of a clause.
    fn begin(&mut self) {
        if self.skip_filler() {
            return;
        }
        self.fresh = false;
        if matches!(self.mood, Mood::Silent | Mood::Content) {
            self.at += 1;
            return;
        }
        let series = matches!(self.mood, Mood::Statement { series: true } | Mood::Embedded { series: true });
        if series && !self.breaks_series() {
            self.at += 1;
            return;
        }
        if frames::negation(&self.words(self.at)).is_some() {
            self.negate();
        } else if let Some(frame) = frames::find(&self.words(self.at)) {
            self.request(&frame);
        } else if self.is_question() {
            self.question();
        } else if self.is_subordinate() {
            self.embed();
        } else {
            self.verb_or_statement();
        }
    }

    /// Skips one word that says nothing; "then" begins anew.
    fn skip_filler(&mut self) -> bool {
        let words = self.words(self.at);
        if let Some(length) = frames::filler(&words) {
            self.at += length;
            return true;
        }
        let Some(token) = self.token(self.at).filter(|token| token.kind == Kind::Word) else { return false };
        let adverb = token.word.ends_with("ly") && !verbs::is_base(&token.word) && token.word.len() > 4;
        if !token.is_one(FILLERS) && !adverb {
            return false;
        }
        if token.is_one(&["then", "finally", "afterwards", "now", "please", "next", "lastly"])
            && self.mood != Mood::Silent
        {
            let item = self.sentence.item && self.mood == Mood::Content;
            self.mood = if item { Mood::Content } else { Mood::Open };
        }
        self.at += 1;
        true
    }

    /// What is no part of a series of things that somebody does: a repair, a request, a document with an article.
    fn breaks_series(&self) -> bool {
        let words = self.words(self.at);
        if frames::find(&words).is_some_and(|frame| frame.asks_you()) {
            return true;
        }
        let Some((class, length)) = verbs::verb(&words) else { return false };
        let object = self.at + length;
        let article = self.is_one(object, &["a", "an", "me"]);
        let named = head(self.tokens, object).document() == Some(Deliverable::Plan);
        // "how we could do it, and write a plan", but not "how agents look around and write a plan".
        let ours =
            self.joined && self.tokens.iter().take(self.at).any(|token| token.is_one(&["we", "i", "you", "one"]));
        let document = matches!(class, Class::Plan | Class::Make | Class::Give) && article && named && ours;
        let embedded = matches!(self.mood, Mood::Embedded { .. });
        let it = self.is_one(object, &["it"]) || head(self.tokens, object).noun() == "plan";
        let plan = self
            .asks
            .last()
            .is_some_and(|ask| ask.deliverable == Some(Deliverable::Plan) && ask.sentence == self.number);
        let carries_out =
            plan && it && words.first().is_some_and(|verb| matches!(*verb, "implement" | "execute" | "build"));
        embedded && (class == Class::Fix || document || carries_out)
    }

    fn negate(&mut self) {
        self.close(self.at);
        let length = frames::negation(&self.words(self.at)).unwrap_or(1);
        let base = self.words(self.at + length).first().is_some_and(|word| verbs::is_base(word));
        self.mood = Mood::Embedded { series: base };
        // A comma or "but" after "do not x" gives the floor back; "and y" is one more thing not to do.
        if base {
            let rest = self.tokens.get(self.at..).unwrap_or_default();
            let stop = |token: &Token| token.kind == Kind::Mark || token.is_one(&["but", "just", "only", "instead"]);
            self.at += rest.iter().position(stop).unwrap_or(rest.len());
            self.mood = Mood::Open;
            self.fresh = true;
        } else {
            self.at += length;
        }
    }

    fn request(&mut self, frame: &Frame) {
        let verb = self.at + frame.length();
        self.strength = frame.strength();
        self.close(self.at);
        match frame {
            Frame::Have { .. } => {
                let what = deliverable(Class::Give, "want", self.tokens, verb);
                self.record(what, Class::Give, "want", (self.at, verb), Strength::Strong);
                self.at = verb;
            }
            Frame::Gerund { .. } => match self.words(verb).first().and_then(|word| inflected(word)) {
                Some((base, class)) => self.ask(class, &base, verb, verb + 1),
                None => self.at = verb,
            },
            Frame::Order { .. } | Frame::Wish { .. } => {
                self.at = verb;
                if !self.imperative() {
                    self.mood = Mood::Statement { series: false };
                }
            }
        }
    }

    /// Takes the verb here as one that asks, if it is a known one.
    fn imperative(&mut self) -> bool {
        while self.skip_filler() {}
        let words = self.words(self.at);
        let Some((class, length)) = verbs::verb(&words) else { return false };
        let starts = words
            .first()
            .is_some_and(|word| matches!(*word, "start" | "begin" | "continue" | "keep" | "finish" | "try"));
        let next = self.at + length + usize::from(words.get(length) == Some(&"by"));
        if let Some((base, class)) = self.words(next).first().filter(|_| starts).and_then(|word| verbs::gerund(word)) {
            self.ask(class, &base, next, next + 1);
            return true;
        }
        let verb = words.get(..length).unwrap_or_default().join(" ");
        self.ask(class, &verb, self.at, self.at + length);
        true
    }

    fn ask(&mut self, class: Class, verb: &str, at: usize, object: usize) {
        let object = object + usize::from(self.is_one(object, &["me", "us"]));
        let what = deliverable(class, verb, self.tokens, object);
        // "we need to have a plan" asks as plainly as "we need a plan".
        let strength = if class == Class::Give && what.is_some() { Strength::Strong } else { self.strength };
        self.record(what, class, verb, (at, object), strength);
        self.mood = Mood::Open;
        self.at = object.max(at + 1);
    }

    pub(super) fn record(
        &mut self,
        what: Option<Deliverable>,
        class: Class,
        verb: &str,
        (at, object): (usize, usize),
        strength: Strength,
    ) {
        self.close(at);
        let careful = matches!(verb, "debug" | "troubleshoot" | "diagnose" | "track down" | "hunt down");
        self.open = Some(self.asks.len());
        self.asks.push(Ask {
            deliverable: what,
            class,
            verb: verb.to_owned(),
            strength,
            mends: class == Class::Fix && !careful,
            sentence: self.number,
            at,
            object: object..object,
        });
    }

    fn is_question(&self) -> bool {
        let words = self.words(self.at);
        let first = words.first().copied().unwrap_or_default();
        let second = words.get(1).copied().unwrap_or_default();
        if INTERROGATIVES.contains(&first) {
            return true;
        }
        if !self.asks.get(self.before..).unwrap_or_default().is_empty() {
            return false;
        }
        let auxiliary = matches!(
            first,
            "is" | "are"
                | "does"
                | "do"
                | "did"
                | "was"
                | "were"
                | "has"
                | "have"
                | "should"
                | "can"
                | "could"
                | "would"
                | "will"
        );
        let subject = PRONOUNS.contains(&second) || DETERMINERS.contains(&second) || second == "there";
        let asks_when = first == "when" && self.sentence.question && FINITE.contains(&second);
        asks_when || (auxiliary && (self.sentence.question || (subject && !matches!(first, "do" | "have"))))
    }

    /// A question asks for reports; why something fails, for its cause; what a good plan would be, for the plan.
    fn question(&mut self) {
        let first = self.asks.get(self.before..).unwrap_or_default().is_empty();
        let from = self.at + 1;
        if first && self.mood == Mood::Open {
            let why = self.is_one(self.at, &["why", "why's"]) && tells_failure(self.tokens, from);
            let rest = self.tokens.get(from..).unwrap_or_default();
            let article = rest.iter().take(4).position(|token| token.is_one(&["a", "the"]));
            let phrase = article.map(|at| head(self.tokens, from + at));
            let plan = phrase.and_then(|phrase| phrase.document()).filter(|what| *what == Deliverable::Plan);
            let plan = plan.filter(|_| self.is_one(self.at, &["what", "what's"]));
            let what = if why { Deliverable::Debug } else { plan.unwrap_or(Deliverable::Reports) };
            let word = self.words(self.at).first().copied().unwrap_or_default().to_owned();
            self.record(Some(what), Class::Research, &word, (self.at, from), Strength::Strong);
        }
        self.mood = Mood::Embedded { series: self.has_base_verb(from) };
        self.at = from;
    }

    fn is_subordinate(&self) -> bool {
        let words = self.words(self.at);
        let first = words.first().copied().unwrap_or_default();
        let purpose = words.starts_with(&["in", "order", "to"]) || (first == "to" && self.at == 0);
        let pronoun = words.get(1).is_some_and(|word| PRONOUNS.contains(word));
        purpose || (SUBORDINATORS.contains(&first) && (first != "as" || pronoun)) || (first == "so" && pronoun)
    }

    fn embed(&mut self) {
        let purpose = self.is_one(self.at, &["in", "to"]);
        self.mood = Mood::Embedded { series: !purpose && self.has_base_verb(self.at + 1) && !self.ends_with_comma() };
        self.at += 1;
    }

    /// A subordinate clause at the beginning ends at its comma.
    fn ends_with_comma(&self) -> bool {
        self.asks.get(self.before..).unwrap_or_default().is_empty()
    }

    fn verb_or_statement(&mut self) {
        let words = self.words(self.at);
        let known = verbs::verb(&words);
        if let Some((class, length)) = known.filter(|_| !self.is_noun_here()) {
            if !self.joined {
                self.strength = Strength::Strong;
            }
            if !self.imperative() {
                self.ask(class, words.first().copied().unwrap_or_default(), self.at, self.at + length);
            }
            return;
        }
        self.joined_document();
        self.statement();
    }

    /// "a comparison and a migration plan": the second of two objects may be what leads furthest.
    fn joined_document(&mut self) {
        let Some(ask) = self.open.and_then(|open| self.asks.get_mut(open)) else { return };
        if matches!(ask.class, Class::Make | Class::Give | Class::Plan) && ask.deliverable.is_some() {
            let document = head(self.tokens, self.at).document();
            ask.deliverable = ask.deliverable.max(document);
        }
    }

    /// Whether the verb here is a noun: "the build and test scripts", "research shows", "plan for x".
    fn is_noun_here(&self) -> bool {
        let words = self.words(self.at);
        let get = |at: usize| words.get(at).copied().unwrap_or_default();
        if FINITE.contains(&get(1)) || matches!(get(1), "of" | "on" | "about" | "between" | ":") {
            return true;
        }
        let object = DETERMINERS.contains(&get(1)) || PRONOUNS.contains(&get(1)) || INTERROGATIVES.contains(&get(1));
        let subject = FINITE.contains(&get(2)) && !object && !get(1).is_empty();
        let compound = COMPOUNDS.contains(&get(1)) && self.joined;
        subject || compound
    }

    /// Inside a clause.
    fn go_on(&mut self) {
        let words = self.words(self.at);
        let first = words.first().copied().unwrap_or_default();
        let free =
            matches!(self.mood, Mood::Open | Mood::Statement { series: false } | Mood::Embedded { series: false });
        if matches!(self.mood, Mood::Silent | Mood::Content) {
            let resumes = first == "then" && !self.sentence.item && self.mood == Mood::Content;
            self.fresh = resumes;
            self.mood = if resumes { Mood::Open } else { self.mood };
        } else if matches!(first, "and" | "or" | "&" | "plus") {
            self.fresh = !self.continues_nouns(self.at + 1);
            self.joined = true;
        } else if matches!(first, "but" | "then") {
            self.close(self.at);
            self.mood = Mood::Open;
            self.fresh = true;
            self.joined = false;
        } else if let Some(frame) = frames::find(&words).filter(|frame| frame.asks_you() && turns_to_you(first)) {
            return self.request(&frame);
        } else if let Some(frame) = frames::find(&words).filter(|frame| self.returns_to_me(frame)) {
            return self.request(&frame);
        } else if free && first != "no" && frames::negation(&words).is_some() {
            return self.negate();
        } else if first == "to" {
            return self.infinitive();
        } else if free && (self.begins_embedded() || self.is_subordinate()) {
            self.close(self.at);
            self.mood = Mood::Embedded { series: self.has_base_verb(self.at + 1) };
        }
        self.at += 1;
    }

    /// "Before I touch it I want a plan": a clause that went before, without its comma.
    fn returns_to_me(&self, frame: &Frame) -> bool {
        let begun = self.tokens.first().is_some_and(|token| token.is_one(SUBORDINATORS));
        let mine = matches!(frame, Frame::Have { .. }) && self.is_one(self.at, &["i", "we"]);
        mine && begun && self.at > 2 && self.asks.len() == self.before
    }

    fn begins_embedded(&self) -> bool {
        self.is_one(self.at, INTERROGATIVES) || self.is_one(self.at, &["that"])
    }

    /// "the research, plan and build phases": after a verb-like noun with an article, the next one is a noun as well.
    fn continues_nouns(&mut self, next: usize) -> bool {
        let before = self.at.checked_sub(1);
        let verb_like =
            |at: usize| self.token(at).is_some_and(|token| token.kind == Kind::Word && verbs::is_base(&token.word));
        let article = before.and_then(|at| at.checked_sub(1)).is_some_and(|at| self.is_one(at, DETERMINERS));
        let noun = before.is_some_and(verb_like) && (article || self.chain) && self.is_one(next, NOUN_VERBS);
        let object = self.is_one(next + 1, DETERMINERS) || self.is_one(next + 1, PRONOUNS);
        self.chain = noun && !object;
        self.chain
    }

    /// "to create a plan": a document counts as what the rest is for; a change that something is for does not, because it
    /// is not what was asked for now.
    fn infinitive(&mut self) {
        let words = self.words(self.at + 1);
        let verb = verbs::verb(&words);
        let free = matches!(self.mood, Mood::Open | Mood::Embedded { series: false });
        let Some((class, length)) = verb.filter(|_| free) else {
            self.at += 1;
            if verb.is_some() {
                self.mood = Mood::Embedded { series: true };
            }
            return;
        };
        let object = self.at + 1 + length;
        let name = words.get(..length).unwrap_or_default().join(" ");
        let what = deliverable(class, &name, self.tokens, object);
        let explained = self.at.checked_sub(1).is_some_and(|before| self.is_one(before, EXPLAINED));
        let inside = matches!(self.mood, Mood::Embedded { .. });
        let counts = match what {
            Some(Deliverable::Plan | Deliverable::Reports) => true,
            Some(Deliverable::Debug) => !inside,
            Some(Deliverable::Code) | None => false,
        };
        self.close(self.at);
        if counts && !explained {
            self.record(what, class, &name, (self.at + 1, object), self.strength);
            self.mood = Mood::Open;
        } else {
            self.mood = Mood::Embedded { series: explained || inside };
        }
        self.at = object;
    }
}
