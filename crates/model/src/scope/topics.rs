//! What is to be researched, named by the request's own noun phrases.

use super::Given;
use super::classifier::Answer;
use super::clauses::Reading;
use super::text::{Kind, Token};
use super::verbs::{self, Class};
use super::words::{
    DETERMINERS, FILLERS, FINITE, INTERROGATIVES, MODALS, PLAN_NOUNS, PREPOSITIONS, PRONOUNS, REPORT_NOUNS,
    SUBORDINATORS,
};
use crate::topic;
use serde::Serialize;

/// One thing to research.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// As the request says it.
    pub name: String,
    /// For file names; no two topics of a request have the same.
    pub slug: String,
    /// What of it matters, where the classifier said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focus: Option<String>,
}

/// The noun phrases of a request.
#[derive(Debug, Default)]
pub(crate) struct Phrases {
    /// Items and objects, which say what it is about.
    main: Vec<String>,
    /// What these are for, of, in.
    aside: Vec<String>,
    /// The request names several things side by side.
    pub(crate) listed: bool,
}

impl Phrases {
    /// The phrases, what matters most first.
    pub(crate) fn names(&self) -> Vec<String> {
        self.main.iter().chain(&self.aside).cloned().collect()
    }
}

/// How an object is split into phrases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Split {
    /// By its conjunctions.
    Plain,
    /// "with" and "to" join things as well.
    Compared,
    /// A plan, or the like: what it is called is no topic.
    Document,
}

/// The longest topic's name, in words.
const MOST_WORDS: usize = 7;

/// Finds the noun phrases: the objects of what is asked for, research first, then what statements speak of.
pub(crate) fn phrases(reading: &Reading<'_>) -> Phrases {
    let mut found = Phrases::default();
    let research = |class: Class| matches!(class, Class::Research | Class::Fix);
    let decisive = || reading.asks.iter().filter(|ask| ask.deliverable.is_some());
    let ordered = decisive().filter(|ask| research(ask.class)).chain(decisive().filter(|ask| !research(ask.class)));
    for ask in ordered {
        let tokens = reading.sentences.get(ask.sentence).map(|sentence| sentence.tokens.as_slice()).unwrap_or_default();
        let next = reading
            .asks
            .iter()
            .filter(|other| other.sentence == ask.sentence && other.at > ask.at)
            .map(|other| other.at)
            .min();
        let end = next.unwrap_or(tokens.len());
        let kind = match ask.class {
            Class::Research if matches!(ask.verb.as_str(), "compare" | "contrast") => Split::Compared,
            Class::Plan | Class::Make | Class::Give => Split::Document,
            Class::Research | Class::Fix | Class::Change | Class::Execute | Class::Neutral => Split::Plain,
        };
        add(&mut found, reading.request, tokens.get(ask.object.start..end).unwrap_or_default(), kind);
    }
    items(&mut found, reading);
    if found.main.is_empty() {
        for sentence in &reading.sentences {
            add(&mut found, reading.request, &sentence.tokens, Split::Plain);
        }
    }
    found
}

/// Items of a list that ask for nothing themselves are what the request is about.
fn items(found: &mut Phrases, reading: &Reading<'_>) {
    let asked = |number: usize| reading.asks.iter().any(|ask| ask.sentence == number);
    let items: Vec<_> =
        reading.sentences.iter().enumerate().filter(|(number, sentence)| sentence.item && !asked(*number)).collect();
    found.listed |= items.len() > 1;
    for (_, sentence) in items {
        let mut inner = Phrases::default();
        add(&mut inner, reading.request, &sentence.tokens, Split::Plain);
        let first = inner.main.into_iter().chain(inner.aside).next();
        found.main.extend(first);
    }
}

/// What ends a phrase, and how what follows belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    /// One more of the same.
    List,
    /// Members of a list follow: "between".
    Members,
    /// Something about the phrase follows.
    Aside,
    /// A predicate follows, which names nothing unless it has an article.
    Predicate,
}

fn break_at(token: &Token, compares: bool) -> Option<Break> {
    if token.is_mark(",") || token.is_mark("/") || token.is_one(&["and", "or", "&", "vs", "versus", "plus"]) {
        return Some(Break::List);
    }
    if token.is("between") || (compares && token.is_one(&["with", "to", "against"])) {
        return Some(Break::Members);
    }
    if [FINITE, MODALS].iter().any(|list| token.is_one(list)) || token.is("not") {
        return Some(Break::Predicate);
    }
    let aside = [PREPOSITIONS, INTERROGATIVES, SUBORDINATORS].iter().any(|list| token.is_one(list));
    let joins = token.is_one(&["that", "then", "but", "so"]);
    (token.kind == Kind::Mark || aside || joins).then_some(Break::Aside)
}

/// Splits a range of tokens into phrases.
fn add(found: &mut Phrases, request: &str, tokens: &[Token], kind: Split) {
    let mut main = true;
    let mut predicate = false;
    let mut members = 0;
    let mut rest = tokens;
    loop {
        let end = rest.iter().position(|token| break_at(token, kind == Split::Compared).is_some());
        let piece = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let named = !predicate || piece.first().is_some_and(|token| token.is_one(DETERMINERS));
        let kept = named && keep(found, request, piece, main, kind);
        members += usize::from(kept && main);
        let Some(end) = end else { break };
        let broken = rest.get(end).and_then(|token| break_at(token, kind == Split::Compared));
        match broken {
            Some(Break::List) | None => {}
            Some(Break::Members) => main = true,
            // What a preposition adds to a phrase is an aside; before the first phrase it leads to it.
            Some(Break::Aside | Break::Predicate) => main = main && members == 0,
        }
        predicate = broken == Some(Break::Predicate);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    found.listed |= members > 1;
}

/// Takes a phrase if it names something that is not there yet.
fn keep(found: &mut Phrases, request: &str, piece: &[Token], main: bool, kind: Split) -> bool {
    let empty =
        |token: &&Token| token.is_one(DETERMINERS) || token.is_one(PRONOUNS) || token.is_one(FILLERS) || is_verb(token);
    let mut piece: Vec<&Token> = piece.iter().skip_while(empty).collect();
    while piece.last().is_some_and(|token| {
        let document = kind == Split::Document && token.is_one(PLAN_NOUNS);
        let empty = token.is_one(FILLERS) || token.is_one(PRONOUNS) || token.is_one(DETERMINERS);
        document || empty || token.word.ends_with("ly")
    }) {
        piece.pop();
    }
    let generic = piece.iter().all(|token| is_generic(token));
    let known =
        |name: &String| found.main.iter().chain(&found.aside).any(|other| topic::slug(other) == topic::slug(name));
    if piece.is_empty() || generic {
        return false;
    }
    let Some(name) = shown(request, &piece).filter(|name| !known(name)) else { return false };
    if main {
        found.main.push(name)
    } else {
        found.aside.push(name)
    }
    true
}

/// A verb at the beginning of a phrase, as in "how to *add* plugins", is not part of its name; but a known noun is.
fn is_verb(token: &Token) -> bool {
    let noun = [
        "test", "design", "cache", "code", "format", "report", "document", "hook", "index", "search", "support", "port",
    ];
    token.kind == Kind::Word && verbs::verb(&[&token.word]).is_some() && !token.is_one(&noun)
}

/// Words that make no topic by themselves.
fn is_generic(token: &Token) -> bool {
    let words = [
        "code",
        "implementation",
        "thing",
        "things",
        "way",
        "ways",
        "following",
        "best",
        "new",
        "current",
        "good",
        "better",
        "migration",
        "work",
        "works",
        "half",
        "more",
        "most",
        "same",
        "other",
        "others",
        "use",
        "state",
        "approach",
        "approaches",
        "effort",
        "risks",
        "options",
        "changes",
        "change",
        "kind",
        "lot",
        "step",
        "steps",
        "root",
        "cause",
        "order",
        "tell",
        "does",
        "existing",
        "possible",
        "detailed",
        "comprehensive",
        "full",
        "complete",
        "short",
        "brief",
        "clear",
        "quick",
        "concrete",
        "feature",
        "features",
        "latter",
        "former",
        "online",
        "do",
        "wrong",
        "problem",
        "given",
        "rough",
        "simple",
    ];
    token.is_one(PLAN_NOUNS) || token.is_one(REPORT_NOUNS) || token.is_one(&words) || is_verb(token)
}

/// A phrase as the request writes it.
fn shown(request: &str, piece: &[&Token]) -> Option<String> {
    let from = piece.first()?.place.start;
    let to = piece.get(..MOST_WORDS.min(piece.len()))?.last()?.place.end;
    let text = request.get(from..to)?.split_whitespace().collect::<Vec<_>>().join(" ");
    let name: String = text.trim_matches(|c: char| "\"'`“”‘’«»".contains(c)).chars().take(60).collect();
    (!name.is_empty()).then_some(name)
}

/// The topics: those that the user chose, else those of the classifier, else as many of the request's phrases as `counted`
/// says.
pub(crate) fn choose(
    phrases: &Phrases,
    request: &str,
    counted: u32,
    given: &Given,
    answer: Option<&Answer>,
) -> Vec<Topic> {
    if let Some(chosen) = given.topics.as_ref().filter(|chosen| !chosen.is_empty()) {
        return with_slugs(chosen.clone());
    }
    let most = usize::try_from(given.complexity.unwrap_or(counted).max(1)).unwrap_or(usize::MAX);
    if let Some(answer) = answer.filter(|answer| !answer.topics.is_empty()) {
        return answer.topics.iter().take(most).cloned().collect();
    }
    // The plan that is to be revised or implemented is there to be read anyway. A long name of it was cut.
    let is_plan =
        |name: &String| super::is_path(name) && given.existing_plans.iter().any(|plan| plan.starts_with(name));
    let mut names: Vec<String> = phrases.names().into_iter().filter(|name| !is_plan(name)).collect();
    if names.iter().any(|name| !is_participle(name)) {
        names.retain(|name| !is_participle(name));
    }
    let left_over = phrases.main.len() > most && phrases.listed;
    if left_over {
        // More things than topics: the last topic takes what is left, so that none is forgotten.
        let rest = names.get(most - 1..phrases.main.len().min(names.len())).unwrap_or_default().join(", ");
        names.truncate(most - 1);
        names.push(rest);
    }
    names.truncate(most);
    if names.is_empty() {
        names.push(topic::name(request).replace('_', " "));
    }
    with_slugs(names)
}

/// A lone participle is the end of a statement ("how members are found and inherited"), and no thing to research.
fn is_participle(name: &str) -> bool {
    !name.contains(' ') && name.len() > 4 && name.ends_with("ed") && name.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// A topic before its slug is made unique.
pub(crate) struct Named {
    pub(crate) name: String,
    /// The text that the slug is made from.
    pub(crate) slug: String,
    pub(crate) focus: Option<String>,
}

impl From<String> for Named {
    fn from(name: String) -> Self {
        Self { slug: name.clone(), name, focus: None }
    }
}

pub(crate) fn with_slugs(named: impl IntoIterator<Item = impl Into<Named>>) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    for named in named {
        let Named { name, slug, focus } = named.into();
        let base = topic::slug(&slug);
        let mut slug = base.clone();
        let mut number = 2;
        while topics.iter().any(|topic| topic.slug == slug) {
            let end = format!("_{number}");
            let short: String = base.chars().take(topic::LONGEST - end.len()).collect();
            slug = format!("{}{end}", short.trim_end_matches('_'));
            number += 1;
        }
        topics.push(Topic { name, slug, focus });
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::super::{asks::Deliverable, clauses};
    use super::*;

    #[track_caller]
    fn check(request: &str, expected: &[&str]) {
        assert_eq!(phrases(&clauses::read(request)).names(), expected);
    }

    #[test]
    fn phrases_are_the_requests_own() {
        check("Compare Redis, Memcached and Hazelcast", &["Redis", "Memcached", "Hazelcast"]);
        check("research authentication patterns for the mobile API", &["authentication patterns", "mobile API"]);
        check("research the differences between gRPC and REST", &["differences", "gRPC", "REST"]);
        check("Research the following:\n- how to add plugins\n- sandboxing", &["plugins", "sandboxing"]);
    }

    #[test]
    fn slugs_are_unique() {
        let topics = with_slugs(["The API".to_owned(), "the api".to_owned(), "x".repeat(60), "x".repeat(61)]);
        let slugs: Vec<&str> = topics.iter().map(|topic| topic.slug.as_str()).collect();
        assert_eq!(slugs.first(), Some(&"the_api"));
        assert_eq!(slugs.get(1), Some(&"the_api_2"));
        assert_ne!(slugs.get(2), slugs.get(3));
        assert!(slugs.iter().all(|slug| slug.len() <= topic::LONGEST));
    }

    #[test]
    fn what_is_listed_beyond_the_number_is_not_forgotten() {
        let found = phrases(&clauses::read("Compare A1, B1, C1, D1 and E1"));
        let names: Vec<String> =
            choose(&found, "", 4, &Given::default(), None).into_iter().map(|topic| topic.name).collect();
        assert_eq!(names, ["A1", "B1", "C1", "D1, E1"]);
        assert!(found.listed);
        let deliverable = clauses::read("Compare A1 and B1").asks.first().and_then(|ask| ask.deliverable);
        assert_eq!(deliverable, Some(Deliverable::Reports));
    }
}
