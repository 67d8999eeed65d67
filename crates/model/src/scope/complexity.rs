//! How many topics a request is worth.

use super::asks::Deliverable;
use super::clauses::Reading;
use super::text::Kind;
use super::verbs::Class;

/// Stems of work that touches much.
const BROAD: &[&str] = &["integrat", "migrat", "refactor", "architect"];
/// Beginnings of words for what spans several systems.
const BROADEST: &[&str] =
    &["multi-", "cross-platform", "crossplatform", "distributed", "microservice", "micro-service"];

/// The number of topics: one more than there are indicators (a list of things, a verb of research, of building, of
/// planning), at most 4; at least 3 for broad work; 4 for what spans systems; 1 for a single small fix.
pub(crate) fn of(reading: &Reading<'_>, listed: bool) -> u32 {
    let words: Vec<&str> = words(reading).collect();
    if words.is_empty() {
        return 2;
    }
    let begins = |stems: &[&str]| words.iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)));
    if begins(BROADEST) {
        return 4;
    }
    let least = if begins(BROAD) { 3 } else { 1 };
    if least == 1 && is_small_fix(reading, listed) {
        return 1;
    }
    let asks = |class: &dyn Fn(Class, Option<Deliverable>) -> bool| {
        reading.asks.iter().any(|ask| class(ask.class, ask.deliverable))
    };
    let research = asks(&|class, what| class == Class::Research && what.is_some());
    let build = asks(&|_, what| what == Some(Deliverable::Code));
    let plan = asks(&|_, what| what == Some(Deliverable::Plan));
    let indicators: u32 = [listed, research, build, plan].into_iter().map(u32::from).sum();
    (indicators + 1).min(4).max(least)
}

fn words<'a>(reading: &'a Reading<'_>) -> impl Iterator<Item = &'a str> {
    let tokens = reading.sentences.iter().flat_map(|sentence| &sentence.tokens);
    tokens
        .filter(|token| token.kind != Kind::Mark)
        .map(|token| if token.kind == Kind::Word { token.word.as_str() } else { "\u{1}" })
}

fn is_small_fix(reading: &Reading<'_>, listed: bool) -> bool {
    let decisive: Vec<_> = reading.asks.iter().filter(|ask| ask.deliverable.is_some()).collect();
    matches!(decisive.as_slice(), [only] if only.class == Class::Fix && !listed)
}
