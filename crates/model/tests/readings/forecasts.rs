//! Plans whose phases name files, folders and patterns, and histories of what changed together.

use crate::one;
use coordinate_model::forecast::{COMMITS, Past, files, learn, meetings};
use coordinate_model::plan::{Graph, Source, parse};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const PATHS: [&str; 40] = [
    "src/a.rs",
    "src/a.rs",
    "src/b.rs",
    "src/b.rs",
    "src/",
    "src",
    "src/*.rs",
    "src/**/*.rs",
    "src/**",
    "**/*.rs",
    "src/{a,b}.rs",
    "src/{a,{b,c}}.rs",
    "src/a?.rs",
    "src/?.rs",
    "src/a*",
    "src/*b.rs",
    "src/x/a.rs",
    "src/*/a.rs",
    "s*c/a.rs",
    "docs/a.md",
    "docs",
    "docs/*",
    "docs/{a,b,c,d}{e,f,g,h}{i,j,k,l}.md",
    "docs/aei.md",
    "Cargo.lock",
    "Cargo.*",
    "*",
    "**",
    "plan.md",
    "src/a",
    "src/ab.rs",
    "srcs/a.rs",
    "src/b{.rs",
    "src/b}.rs",
    "src/a.r",
    "src/**a.rs",
    "doc?/a.md",
    "docs/a.mdx",
    "d*/**/a.md",
    "src/[a].rs",
];

/// A plan, and a history with the newest commit first.
fn world(chance: &mut Chance) -> (String, Vec<Past>) {
    let phases = if chance.percent(2) { 70 } else { 2 + chance.below(5) };
    let mut text = "# P\n".to_owned();
    for number in 1..=phases {
        let needs =
            if number > 1 && chance.percent(35) { (1 + chance.below(number - 1)).to_string() } else { "none".into() };
        writeln!(text, "\n### Phase {number}: Part {number}\n**Dependencies**: {needs}").unwrap();
        let some = if chance.percent(10) { 14 } else { 4 };
        let named: Vec<String> = (0..chance.below(some)).map(|_| format!("`{}`", one(chance, &PATHS))).collect();
        let named = if chance.percent(8) { "none".to_owned() } else { named.join(", ") };
        writeln!(text, "**Files**: {named}\n\n- [ ] change `{}` and {}", one(chance, &PATHS), one(chance, &PATHS))
            .unwrap();
    }
    let most = if chance.percent(3) { COMMITS + 40 } else { 30 };
    let history = (0..chance.below(most)).map(|_| past(chance)).collect();
    (text, history)
}

fn past(chance: &mut Chance) -> Past {
    let subjects = [
        "fix",
        "feat(001): complete phase 7 - Part 2",
        "feat(001): complete phase 7 - Part 1",
        ": complete phase 3 - ",
        "x: complete phase 3",
    ];
    let width = if chance.percent(5) { 49 + chance.below(4) } else { 1 + chance.below(4) };
    let path = |at: usize, chance: &mut Chance| match at {
        0..4 => one(chance, &["src/a.rs", "src/b.rs", "docs/a.md", "Cargo.lock", "plan.md", "new.rs"]).to_owned(),
        _ => format!("f{at}"),
    };
    let mut paths: Vec<String> = (0..width).map(|at| path(at, chance)).collect();
    paths.sort();
    paths.dedup();
    Past { subject: one(chance, &subjects).to_owned(), paths }
}

#[test]
fn forecasts() {
    let lines = readings("forecasts", 250, world, |(text, history), out| {
        let plan = parse(&[Source::new("plan.md", text.clone())]).plan;
        for phase in &plan.phases {
            writeln!(out, "{:?}", files(&plan, phase)).unwrap();
        }
        let learned = learn(&plan, history);
        writeln!(out, "{learned:?}").unwrap();
        if let Ok(graph) = Graph::new(&plan) {
            writeln!(out, "{:?}\n{:?}", meetings(&plan, &graph, &learned), meetings(&plan, &graph, &[])).unwrap();
        }
    });
    insta::assert_snapshot!(lines);
}
