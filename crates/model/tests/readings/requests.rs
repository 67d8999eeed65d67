//! Requests, put together from pieces of those that have labels.

use crate::one;
use coordinate_model::scope::{Given, decide, paths_in};
use coordinate_model::topic;
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const LABELLED: [&str; 2] = [include_str!("../scope_requests.tsv"), include_str!("../scope_requests_later.tsv")];

const JOINTS: [&str; 16] = [
    ", ",
    " and ",
    ". ",
    "; ",
    " then ",
    ", then ",
    " but ",
    "\n",
    ": ",
    ", and ",
    " - ",
    "\n- ",
    "? ",
    " or ",
    " before you ",
    ", but only ",
];

const BEGINNINGS: [&str; 18] = [
    "",
    "",
    "",
    "",
    "do not ",
    "don't ",
    "just ",
    "only ",
    "please ",
    "could you ",
    "without you ",
    "no need to ",
    "never ",
    "I want you to ",
    "first ",
    "we already ",
    "\"",
    "`",
];

/// The pieces between joints of all requests with a label.
fn pieces() -> Vec<String> {
    let rows = LABELLED.iter().flat_map(|table| table.lines()).filter_map(|row| row.split_once('\t'));
    let texts = rows.map(|(_, request)| request.replace("\\n", "\n"));
    let split = |text: String| {
        let parts = text
            .split([',', '.', ';', '\n'])
            .flat_map(|part| part.split(" and "))
            .flat_map(|part| part.split(" then "));
        parts.map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect::<Vec<_>>()
    };
    texts.flat_map(split).collect()
}

/// A word is left out, said twice, or written otherwise.
fn disturbed(chance: &mut Chance, piece: &str) -> String {
    let mut words: Vec<String> = piece.split(' ').map(str::to_owned).collect();
    let at = chance.below(words.len());
    match chance.below(8) {
        0 => drop(words.remove(at)),
        1 => words.insert(at, words[at].clone()),
        2 => words[at] = words[at].to_uppercase(),
        3 => words[at].push(*chance.pick(&['s', ',', '!', ')', '"', '-', 'd', ':']).unwrap()),
        4 => drop(words[at].pop()),
        5 => {
            let other = chance.below(words.len());
            words.swap(at, other);
        }
        _ => {}
    }
    words.join(" ")
}

fn request(chance: &mut Chance) -> String {
    let pieces = pieces();
    let mut text = String::new();
    for nth in 0..=chance.below(4) {
        if nth > 0 {
            text += one(chance, &JOINTS);
        }
        text += one(chance, &BEGINNINGS);
        let piece = chance.pick(&pieces).unwrap().clone();
        text += &disturbed(chance, &piece);
    }
    text
}

#[test]
fn requests() {
    let lines = readings("requests", 1_500, request, |request, out| {
        let paths = paths_in(request);
        let existing_plans = paths.iter().filter(|path| path.contains("/plans/")).cloned().collect();
        let decision = decide(request, &Given { existing_plans, ..Given::default() });
        let (name, slug) = (topic::name(request), topic::slug(request));
        write!(out, "{decision:#?}\n{paths:#?}\n{name}\n{slug}").unwrap();
    });
    insta::assert_snapshot!(lines);
}
