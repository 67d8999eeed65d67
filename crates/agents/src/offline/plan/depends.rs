//! What an item waits for, as far as the request says it.

use super::enumeration::{Enumeration, Item};

/// For each item, those that it waits for, from 0, ascending.
///
/// What an item says of itself counts first: `after 2`, `depends on 1 and 3`, `in parallel with 2`, `independent`. Else,
/// where items follow one another, each waits for the one before it, or for all that run beside that one.
pub(super) fn of(enumeration: &Enumeration) -> Vec<Vec<usize>> {
    let items = &enumeration.items;
    let mut after: Vec<Vec<usize>> = Vec::new();
    // The items that run beside the last one, and itself: the next waits for them all.
    let mut beside: Vec<usize> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let said = said(item, at, items);
        let joins = matches!(said, Said::Beside(_) | Said::Alone);
        after.push(match said {
            Said::After(others) => others,
            Said::Nothing if enumeration.in_order => beside.clone(),
            Said::Alone | Said::Nothing => Vec::new(),
            Said::Beside(Some(other)) => after.get(other).cloned().unwrap_or_default(),
            Said::Beside(None) => at.checked_sub(1).and_then(|before| after.get(before)).cloned().unwrap_or_default(),
        });
        if !joins {
            beside.clear();
        }
        beside.push(at);
    }
    after
}

/// What an item says of its place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Nothing,
    /// It waits for these.
    After(Vec<usize>),
    /// It runs beside another one, or the one before it.
    Beside(Option<usize>),
    /// It waits for nothing.
    Alone,
}

const AFTER: &[&str] = &["depends on", "depending on", "after", "requires", "needs", "once", "blocked by", "based on"];
const BESIDE: &[&str] =
    &["in parallel with", "in parallel to", "at the same time as", "alongside", "concurrently with"];
const BESIDE_LAST: &[&str] = &["in parallel", "at the same time", "concurrently"];
const ALONE: &[&str] = &["independent of", "independently", "depends on nothing", "no dependencies", "(independent)"];

fn said(item: &Item, at: usize, items: &[Item]) -> Said {
    let low = item.text.to_lowercase();
    let numbers = |words: &[&str]| words.iter().flat_map(|word| numbers_behind(&low, word)).collect::<Vec<_>>();
    let others = |numbers: Vec<usize>| {
        let mut found: Vec<usize> = numbers.into_iter().filter_map(|number| place(number, items)).collect();
        found.retain(|other| *other != at);
        found.sort_unstable();
        found.dedup();
        found
    };
    let waits = others(numbers(AFTER));
    if !waits.is_empty() {
        return Said::After(waits);
    }
    if let Some(other) = others(numbers(BESIDE)).first() {
        // Only what is known by then can be joined; a later one is joined by saying so there.
        return if *other < at { Said::Beside(Some(*other)) } else { Said::Nothing };
    }
    if ALONE.iter().any(|words| low.contains(words)) {
        return Said::Alone;
    }
    if BESIDE_LAST.iter().any(|words| low.contains(words)) { Said::Beside(None) } else { Said::Nothing }
}

/// Where the item with a number stands: by its own number, else by its place.
fn place(number: usize, items: &[Item]) -> Option<usize> {
    let own = |item: &Item| item.number == Some(number);
    let unique = items.iter().filter(|item| own(item)).count() == 1;
    let by_number = items.iter().position(own).filter(|_| unique);
    by_number.or_else(|| number.checked_sub(1).filter(|at| *at < items.len() && !unique))
}

/// The numbers behind some words: `after steps 1, 2 and 3`. What is counted in something is no item: `after 5 minutes`.
fn numbers_behind(text: &str, words: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(words) {
        let whole = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        let rest = text[at + words.len()..].trim_start_matches(':');
        if whole && rest.starts_with(' ') {
            found.extend(listed(rest));
        }
    }
    found
}

/// The numbers that a text begins with, between words that only bind them.
fn listed(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || ",;()[]".contains(c)).filter(|w| !w.is_empty()).collect();
    for (at, word) in words.iter().enumerate() {
        let bare = word.trim_matches(|c: char| ".:#".contains(c));
        if let Ok(number) = bare.parse() {
            let next = words.get(at + 1).copied().unwrap_or_default();
            let counted = COUNTED.iter().any(|unit| next.starts_with(unit)) && !word.ends_with(['.', ':']);
            if counted {
                return found;
            }
            found.push(number);
        } else if !BINDING.contains(&bare) {
            return found;
        }
    }
    found
}

const BINDING: &[&str] = &[
    "and", "&", "step", "steps", "phase", "phases", "item", "items", "point", "points", "task", "tasks", "number",
    "both",
];
const COUNTED: &[&str] = &[
    "second", "minute", "hour", "day", "week", "month", "year", "tr", "attempt", "retr", "fail", "request", "time",
    "file", "line", "ms", "byte", "percent", "test", "error",
];

#[cfg(test)]
mod tests {
    use super::super::enumeration;
    use super::*;

    #[track_caller]
    fn check(request: &str, expected: &[&[usize]]) {
        let found = of(&enumeration::read(request).unwrap());
        assert_eq!(found, expected, "{request}");
    }

    #[test]
    fn numbers_follow_one_another_and_points_do_not() {
        check("1. a\n2. b\n3. c", &[&[], &[0], &[1]]);
        check("- a\n- b\n- c", &[&[], &[], &[]]);
        check("in this order:\n- a\n- b", &[&[], &[0]]);
        check("do these in any order: 1) a 2) b", &[&[], &[]]);
    }

    #[test]
    fn what_an_item_says_counts_first() {
        check("1. a\n2. b (no dependencies)\n3. c", &[&[], &[], &[0, 1]]);
        check("1. a\n2. b\n3. c, after step 1", &[&[], &[0], &[0]]);
        check("- a (depends on: 2)\n- b", &[&[1], &[]]);
        check("1. a\n2. b\n3. c in parallel with 2\n4. d", &[&[], &[0], &[0], &[1, 2]]);
        check("1. a\n2. b\n3. c, in parallel\n4. d", &[&[], &[0], &[0], &[1, 2]]);
    }

    #[test]
    fn amounts_are_no_items() {
        check("- a\n- stop after 1 minute\n- needs 2 attempts", &[&[], &[], &[]]);
        check("- a\n- b after 9", &[&[], &[]]);
    }
}
