//! Requests that have labels, each word by word: without it, with it said twice, with the rest as another sentence, and with
//! all that people add before and behind.

use crate::one;
use coordinate_model::definition::Scope;
use coordinate_model::scope::{Given, decide, judge, paths_in, question};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const LABELLED: [&str; 2] = [include_str!("../scope_requests.tsv"), include_str!("../scope_requests_later.tsv")];

const BEFORE: [&str; 12] = [
    "do not ",
    "don't ",
    "just ",
    "could you please ",
    "Question: ",
    "TODO: ",
    "when you are done, ",
    "why does it fail? ",
    "the plan is in specs/plans/a.md. ",
    "\"quoted\" ",
    "so, ",
    "- ",
];

const BEHIND: [&str; 14] = [
    ", nothing else",
    " only",
    ", no code",
    " and then implement it",
    " but do not write any code",
    ", then report back to me",
    "?",
    " without a plan",
    ", and a plan for that",
    " (research only)",
    "; the tests must pass",
    " such as caching, retries, and logging",
    "\n1. parser\n2. printer\n3. linker",
    " to see why",
];

/// One request, and all that is made of it.
fn request(chance: &mut Chance) -> Vec<String> {
    let rows: Vec<&str> = LABELLED.iter().flat_map(|table| table.lines()).collect();
    let row = chance.pick(&rows).and_then(|row| row.split_once('\t')).map_or("", |(_, text)| text);
    let text = row.replace("\\n", "\n");
    let words: Vec<&str> = text.split(' ').collect();
    let mut made = vec![text.clone()];
    for at in 0..words.len() {
        let (begin, end) = (words[..at].join(" "), words[at + 1..].join(" "));
        made.push(format!("{begin} {end}"));
        made.push(format!("{begin} {0} {0} {end}", words[at]));
        made.push(format!("{begin}{} {} {end}", one(chance, &[",", ".", ":", ";", " -", " and"]), words[at]));
    }
    made.extend(BEFORE.iter().map(|before| format!("{before}{text}")));
    made.extend(BEHIND.iter().map(|behind| format!("{text}{behind}")));
    made
}

#[test]
fn words() {
    let lines = readings("words", 160, request, |requests, out| {
        for request in requests {
            let decision = decide(request, &Given::default());
            write!(out, "{decision:?}\n{:?}\n", paths_in(request)).unwrap();
        }
    });
    insta::assert_snapshot!(lines);
}

/// What the caller knows besides a request: one or several of a flag, settings, plans, topics and a classifier's answer.
fn given(chance: &mut Chance, request: &str) -> Given {
    let mut scope = || *chance.pick(&Scope::ALL).unwrap();
    let scopes = [scope(), scope(), scope()];
    let answers = [
        r#"{"scope": "research-only", "confidence": 0.9, "complexity": 3}"#,
        r#"{"scope": "full-implementation", "confidence": 0.95, "topics": [{"name": "parser"}, {"name": "printer"}]}"#,
        r#"{"scope": "research-and-plan", "confidence": 0.2}"#,
        r#"{"scope": "everything", "confidence": 1}"#,
        r#"{"scope": "research-and-revise", "confidence": 0.7, "topics": [{"name": "it", "slug": "It is", "focus": "all"}]}"#,
        r#"{"scope": "debug-only", "confidence": 0.8, "complexity": 0, "topics": []}"#,
        "no answer",
    ];
    let plans: Vec<String> = paths_in(request).into_iter().filter(|path| path.contains("/plans/")).collect();
    let answer = judge(one(chance, &answers), 0.7, &plans);
    let topics = ["parser", "printer", "linker"].map(str::to_owned);
    Given {
        flag: Some(scopes[0]).filter(|_| chance.percent(15)),
        environment: Some(scopes[1]).filter(|_| chance.percent(15)),
        default_scope: Some(scopes[2]).filter(|_| chance.percent(30)),
        existing_plans: if chance.percent(80) { plans } else { Vec::new() },
        topics: Some(topics[..chance.below(4)].to_vec()).filter(|_| chance.percent(25)),
        complexity: Some(chance.draw() as u32 % 5).filter(|_| chance.percent(25)),
        classifier: Some(answer).filter(|_| chance.percent(50)),
    }
}

#[test]
fn given_besides() {
    let made = |chance: &mut Chance| {
        let requests = request(chance);
        let request = requests[chance.below(requests.len())].clone();
        let given = given(chance, &request);
        (request, given)
    };
    let lines = readings("given_besides", 600, made, |(request, given), out| {
        write!(out, "{:?}\n{}", decide(request, given), question(request, &given.existing_plans)).unwrap();
    });
    insta::assert_snapshot!(lines);
}
