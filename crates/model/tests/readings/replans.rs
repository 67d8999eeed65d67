//! Plans before and after a change, and what is wrong with it.

use crate::{one, plans};
use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::{Plan, Source, parse};
use coordinate_model::replan::{ReplanKind, Standing, check, diff, drift};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const LINES: [&str; 26] = [
    "- [ ] a",
    "- [x] a",
    "- [X] b `x.rs`",
    "- [ ] c",
    "  more of it",
    "**Files**: a.rs",
    "**Files**: b.rs",
    "**Dependencies**: [1]",
    "**Dependencies**: none",
    "**Risk**: high",
    "#### Stage 1: One",
    "#### Stage 2: Two",
    "Prose.",
    "",
    "",
    "### Phase 4: Four",
    "### Phase 4: Four [COMPLETE]",
    "### Phase 2: Two",
    "### Phase 2: Other",
    "### Phase 3: Three",
    "- [ ] d",
    "- [ ] e",
    "text [x] in a line",
    "text [ ] in a line",
    "**Complexity**: 9/10",
    "Done [COMPLETE]",
];

fn before(chance: &mut Chance) -> Vec<String> {
    let mut lines = vec!["# P".to_owned()];
    for number in 1..=3 {
        lines.push(format!("\n### Phase {number}: {}\n", one(chance, &["One", "Two", "Three"])));
        for _ in 0..=chance.below(4) {
            lines.push(one(chance, &LINES[..14]).to_owned());
        }
        lines.push("- [ ] last\n".to_owned());
    }
    lines
}

/// A few lines go, come, or become others.
fn changed(chance: &mut Chance, lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    for _ in 0..chance.below(4) {
        let at = chance.below(lines.len());
        match chance.below(5) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, one(chance, &LINES).to_owned()),
            2 => lines[at] = one(chance, &LINES).to_owned(),
            3 => lines.push(format!("\n{}\n\n- [ ] new", one(chance, &LINES[15..20]))),
            _ => lines[at] = lines[at].replace("[ ]", "[x]"),
        }
    }
    lines
}

fn plan(lines: &[String]) -> Plan {
    parse(&[Source::new("p.md", lines.join("\n"))]).plan
}

#[test]
fn replans() {
    let make = |chance: &mut Chance| {
        let lines = before(chance);
        let after = changed(chance, &lines);
        (lines, after, chance.draw())
    };
    let lines = readings("replans", 600, make, |(old, new, seed), out| {
        let (before, after) = (plan(old), plan(new));
        let standing = |number: PhaseNumber| match (seed >> number.0) % 3 {
            0 => Standing::Untouched,
            1 => Standing::Begun,
            _ => Standing::Done,
        };
        for kind in ReplanKind::ALL {
            for target in (1..=4).map(PhaseNumber) {
                let problems = check((&before, &after), (target, kind), standing);
                writeln!(out, "{kind} {target}: {problems:#?}").unwrap();
            }
        }
        for (one, other) in before.phases.iter().zip(&after.phases) {
            writeln!(out, "{} {:?}", one.asks_same_as(other), plans::RULES.evaluate(other)).unwrap();
        }
        out.push_str(&diff("p.md", &old.join("\n"), &new.join("\n")));
    });
    insta::assert_snapshot!(lines);
}

#[test]
fn what_one_thing_alone_changes() {
    let phase = |body: &str| plan(&[format!("# P\n\n{body}")]).phases.remove(0);
    let own = phase("### Phase 1: One\n\n**Files**: a.rs\n\n- [ ] a");
    let mut others = [(); 5].map(|()| own.clone());
    others[0].number = PhaseNumber(2);
    others[1].name = "Other".to_owned();
    others[2].depends_on = vec![PhaseNumber(7)];
    others[3].files.clear();
    others[4].tasks[0].text = "b".to_owned();
    assert!(own.asks_same_as(&own));
    assert!(others.iter().all(|other| !own.asks_same_as(other)));
    let mut ticked = own.clone();
    ticked.body = own.body.replace("[ ]", "[X]") + " [COMPLETE]";
    ticked.tasks[0].done = true;
    assert!(own.asks_same_as(&ticked), "marks do not count");
    ticked.body.push_str(" and more");
    assert!(!own.asks_same_as(&ticked));
}

#[test]
fn kinds_and_what_agents_report() {
    let mut shown = String::new();
    for kind in ReplanKind::ALL {
        let claims = [format!("SCOPE_DRIFT: {}: {}", kind.name().to_uppercase(), kind.task())];
        writeln!(shown, "{kind} holds={} {:?}", kind.holds(), drift(&claims)).unwrap();
    }
    for failures in 1..=3 {
        writeln!(shown, "{}", plans::RULES.after_failures(PhaseNumber(3), failures).fired).unwrap();
    }
    for told in ["SCOPE_DRIFT:x", " SCOPE_DRIFT: : x", "SCOPE_DRIFT: split:", "scope_drift: x", "SCOPE_DRIFT: a: b: c"]
    {
        writeln!(shown, "{told:?} {:?}", drift(&["SCOPE_DRIFT: first".to_owned(), told.to_owned()])).unwrap();
    }
    insta::assert_snapshot!(shown);
}
