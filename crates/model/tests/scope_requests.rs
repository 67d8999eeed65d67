//! Labelled requests, and what the rules make of them.

use coordinate_model::definition::Scope;
use coordinate_model::scope::{Given, decide, paths_in};

/// Written before the rules, by what a sensible person means.
const REQUESTS: &str = include_str!("scope_requests.tsv");

/// Paths in the tables that look like plans exist.
fn given(request: &str) -> Given {
    let existing_plans = paths_in(request).into_iter().filter(|path| path.contains("/plans/")).collect();
    Given { existing_plans, ..Given::default() }
}

/// What is wrong with a row.
fn fault(row: &str) -> Option<String> {
    let (label, request) = row.split_once('\t')?;
    let request = request.replace("\\n", "\n");
    let decision = decide(&request, &given(&request));
    let reasons = decision.reasons.join("\n    ");
    (decision.scope.name() != label)
        .then(|| format!("{request}\n  expected {label}, got {}\n    {reasons}", decision.scope))
}

#[track_caller]
fn check(table: &str, least: usize) {
    let rows: Vec<&str> = table.lines().filter(|line| !line.is_empty()).collect();
    let known = |row: &&str| Scope::ALL.iter().any(|scope| row.starts_with(&format!("{scope}\t")));
    assert!(rows.len() >= least && rows.iter().all(known), "the table is not what it should be");
    let faults: Vec<String> = rows.iter().filter_map(|row| fault(row)).collect();
    assert!(faults.is_empty(), "{} of {} rows:\n{}", faults.len(), rows.len(), faults.join("\n"));
}

/// Shows S2.
#[test]
fn every_labelled_request_gets_its_scope() {
    check(REQUESTS, 150);
}

/// Written after the rules stood, to see how they do on what they were not made for.
const LATER: &str = include_str!("scope_requests_later.tsv");

/// Shows S2.
#[test]
fn requests_that_the_rules_were_not_made_for_get_theirs() {
    check(LATER, 40);
}
