//! What a classifier answers about a request: accepted, or refused with the reason, and then the rules decide.
//!
//! Its process is the caller's; here is only what it is asked and what its answer is worth.

use super::topics::{Named, Topic, with_slugs};
use super::{DecidedBy, Given, Verdict};
use crate::definition::Scope;
use serde::{Deserialize, Serialize};

/// The most topics, as for the user.
const MOST: usize = 64;
/// The longest name or focus of a topic, in characters: it becomes one line of a prompt.
const LONGEST: usize = 300;

/// An answer that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The scope.
    pub scope: Scope,
    /// How many topics, if it says so.
    pub complexity: Option<u32>,
    /// Which, if it says so.
    pub topics: Vec<Topic>,
    /// From 0 to 1.
    pub confidence: f64,
}

impl Answer {
    /// How many topics it wants: those that it names, else the number that it says.
    pub(super) fn topics_wanted(&self) -> Option<u32> {
        let named = u32::try_from(self.topics.len()).ok().filter(|number| *number > 0);
        named.or(self.complexity)
    }
}

/// Why an answer does not count.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Its confidence is too low.
    #[error("it is unsure: its confidence is {confidence}, and {threshold} is needed")]
    Unsure {
        /// What it said.
        confidence: f64,
        /// What is needed.
        threshold: f64,
    },
    /// There is no such scope.
    #[error("there is no scope `{name}`")]
    UnknownScope {
        /// What it said.
        name: String,
    },
    /// A plan can only be revised if it is there.
    #[error("it says `research-and-revise`, and the request names no existing plan")]
    NothingToRevise,
    /// It is not the object that was asked for.
    #[error("its answer can not be read: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// It gave no answer in time.
    #[error("it took longer than {seconds} s")]
    Slow {
        /// The limit.
        seconds: u64,
    },
    /// It failed.
    #[error("{reason}")]
    Failed {
        /// How.
        reason: String,
    },
}

impl Refusal {
    /// What the user is told.
    #[must_use]
    pub fn reason(&self) -> String {
        format!("the classifier did not decide: {self}; the rules did")
    }
}

#[derive(Serialize)]
struct Question<'a> {
    request: &'a str,
    existing_plans: &'a [String],
}

/// What a classifier is asked: one JSON object.
#[must_use]
pub fn question(request: &str, existing_plans: &[String]) -> String {
    serde_json::to_string(&Question { request, existing_plans }).unwrap_or_default()
}

/// The answer as it is written. Keys beyond these are no mistake: a classifier may tell its reasons there.
#[derive(Deserialize)]
struct Written {
    scope: String,
    confidence: f64,
    complexity: Option<u32>,
    #[serde(default)]
    topics: Vec<WrittenTopic>,
}

#[derive(Deserialize)]
struct WrittenTopic {
    name: String,
    slug: Option<String>,
    focus: Option<String>,
}

/// Judges the text of an answer.
///
/// # Errors
/// Why it does not count.
pub fn judge(text: &str, threshold: f64, existing_plans: &[String]) -> Result<Answer, Refusal> {
    let malformed = |reason: &str| Refusal::Malformed { reason: reason.to_owned() };
    let written: Written = serde_json::from_str(text).map_err(|error| malformed(&error.to_string()))?;
    if !(0.0..=1.0).contains(&written.confidence) {
        return Err(malformed("`confidence` must be a number from 0 to 1"));
    }
    if written.complexity.is_some_and(|number| !(1..=MOST).contains(&(number as usize))) || written.topics.len() > MOST
    {
        return Err(malformed("there must be 1 to 64 topics"));
    }
    let scope = Scope::ALL.into_iter().find(|scope| scope.name() == written.scope);
    let scope = scope.ok_or_else(|| Refusal::UnknownScope { name: shortened(&written.scope) })?;
    if scope == Scope::ResearchAndRevise && existing_plans.is_empty() {
        return Err(Refusal::NothingToRevise);
    }
    if written.confidence < threshold {
        return Err(Refusal::Unsure { confidence: written.confidence, threshold });
    }
    let topics = written.topics.into_iter().map(named).collect::<Option<Vec<_>>>();
    let topics = topics.ok_or_else(|| malformed("a topic must have a name"))?;
    let (complexity, confidence) = (written.complexity, written.confidence);
    Ok(Answer { scope, complexity, topics: with_slugs(topics), confidence })
}

/// A topic; `None` if nothing is left of its name. Whatever it wrote, a slug is one.
fn named(topic: WrittenTopic) -> Option<Named> {
    let name = shortened(&topic.name);
    let slug = topic.slug.filter(|slug| !slug.trim().is_empty()).unwrap_or_else(|| name.clone());
    let focus = topic.focus.map(|focus| shortened(&focus)).filter(|focus| !focus.is_empty());
    (!name.is_empty()).then_some(Named { name, slug, focus })
}

/// A text as one line that is not too long.
fn shortened(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

/// The verdict of an accepted answer, where nothing stronger decides.
pub(super) fn verdict(given: &Given, rules: &Verdict) -> Option<Verdict> {
    let answer = given.classifier.as_ref()?.as_ref().ok().filter(|_| rules.by.is_by_words())?;
    let revised = (answer.scope == Scope::ResearchAndRevise).then(|| given.existing_plans.first().cloned()).flatten();
    let reason = format!("the classifier says so, with a confidence of {}", answer.confidence);
    Some(Verdict { scope: answer.scope, by: DecidedBy::Classifier, reasons: vec![reason], plan: revised })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> String {
        match judge(text, 0.7, &[]) {
            Ok(Answer { scope, complexity, topics, confidence }) => {
                let topics: Vec<String> = topics
                    .iter()
                    .map(|topic| format!("{} ({}) {}", topic.name, topic.slug, topic.focus.as_deref().unwrap_or("-")))
                    .collect();
                format!("{scope} {confidence} {complexity:?} [{}]", topics.join(", "))
            }
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn an_answer_is_accepted_or_refused_with_a_reason() {
        for (text, expected) in [
            (r#"{"scope":"debug-only","confidence":0.7}"#, "debug-only 0.7 None []"),
            (r#" {"scope":"debug-only","confidence":1,"complexity":3,"why":"so"} "#, "debug-only 1 Some(3) []"),
            (
                r#"{"scope":"research-only","confidence":0.9,"topics":[
                    {"name":"Lock\n order","slug":"../Evil Name","focus":" depth "},
                    {"name":"Locks","slug":""},{"name":"locks","focus":""}]}"#,
                "research-only 0.9 None [Lock order (evil_name) depth, Locks (locks) -, locks (locks_2) -]",
            ),
            (r#"{"scope":"debug-only","confidence":0.69}"#, "it is unsure: its confidence is 0.69, and 0.7 is needed"),
            (r#"{"scope":"everything","confidence":1}"#, "there is no scope `everything`"),
            (
                r#"{"scope":"research-and-revise","confidence":1}"#,
                "it says `research-and-revise`, and the request names no existing plan",
            ),
            (
                r#"{"scope":"debug-only","confidence":7}"#,
                "its answer can not be read: `confidence` must be a number from 0 to 1",
            ),
            (
                r#"{"scope":"debug-only","confidence":1,"complexity":0}"#,
                "its answer can not be read: there must be 1 to 64 topics",
            ),
            (
                r#"{"scope":"debug-only","confidence":1,"topics":[{"name":" "}]}"#,
                "its answer can not be read: a topic must have a name",
            ),
            (r#"{"scope":"debug-only"}"#, "its answer can not be read: missing field `confidence` at line 1 column 22"),
            ("Sure! {}", "its answer can not be read: expected value at line 1 column 1"),
            ("", "its answer can not be read: EOF while parsing a value at line 1 column 0"),
        ] {
            assert_eq!(judged(text), expected, "{text}");
        }
    }

    #[test]
    fn the_question_is_one_object() {
        let question = question("say \"hi\"", &["a.md".to_owned()]);
        assert_eq!(question, r#"{"request":"say \"hi\"","existing_plans":["a.md"]}"#);
    }
}
