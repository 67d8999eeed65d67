//! Reasons, in the request's own words.

use super::asks::{Ask, Deliverable};
use super::clauses::Reading;
use super::text::{Kind, Token};
use crate::definition::Scope;
use std::ops::Range;

/// The longest quotation, in characters.
const LONGEST: usize = 90;

/// What a deliverable is called.
pub(crate) fn noun(deliverable: Deliverable) -> &'static str {
    match deliverable {
        Deliverable::Reports => "reports",
        Deliverable::Debug => "debugging",
        Deliverable::Plan => "a plan",
        Deliverable::Code => "code",
    }
}

/// A part of the request in quotation marks, on one line.
pub(crate) fn quote(reading: &Reading<'_>, place: &Range<usize>) -> String {
    let text = reading.request.get(place.clone()).unwrap_or_default();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return format!("“{line}”");
    }
    let short: String = line.chars().take(LONGEST).collect();
    let whole = short.rsplit_once(' ').map_or(short.as_str(), |(whole, _)| whole);
    format!("“{whole} …”")
}

/// The place of an ask: its verb and what belongs to it.
pub(crate) fn place(reading: &Reading<'_>, ask: &Ask) -> Range<usize> {
    let tokens = reading.sentences.get(ask.sentence).map(|sentence| sentence.tokens.as_slice()).unwrap_or_default();
    let start = tokens.get(ask.at).map_or(0, |token| token.place.start);
    let end = ask.object.end.max(ask.at + 1).max(ask.object.start);
    let inside = tokens.get(ask.at..end.min(tokens.len())).unwrap_or_default();
    let joins = |token: &&Token| token.kind == Kind::Mark || token.is_one(&["and", "or", "but", "then", "&"]);
    let last = inside.iter().rfind(|token| !joins(token)).map_or(start, |token| token.place.end);
    start..last.max(start)
}

/// The words of an ask.
pub(crate) fn clause<'a>(reading: &Reading<'a>, ask: &Ask) -> &'a str {
    reading.request.get(place(reading, ask)).unwrap_or_default()
}

/// The ask that decides, and up to three that do not lead as far.
pub(crate) fn of_asks(reading: &Reading<'_>, asks: &[&Ask], deliverable: Deliverable) -> Vec<String> {
    let (deciding, others): (Vec<&Ask>, Vec<&Ask>) = asks.iter().partition(|ask| ask.deliverable == Some(deliverable));
    let said = |ask: &&Ask| {
        let what = ask.deliverable.map_or("nothing", noun);
        format!("{} asks for {what}", quote(reading, &place(reading, ask)))
    };
    let first = deciding.iter().take(1).map(said);
    let rest = others.iter().take(3).map(|ask| {
        let further = ask.deliverable.is_some_and(|what| what > deliverable);
        let why = if further { "which is ruled out" } else { "which does not lead as far" };
        format!("{}, {why}", said(ask))
    });
    first.chain(rest).collect()
}

/// How to choose another scope.
pub(crate) fn how_to_override(scope: Scope) -> String {
    let others: Vec<&str> = Scope::ALL.into_iter().filter(|other| *other != scope).map(Scope::name).collect();
    format!("to choose another: `--scope {}`", others.join("|"))
}
