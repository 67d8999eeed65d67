//! Fields of a phase and the lines below them: lists of phases, paths and prose in every order and indentation.

use crate::one;
use coordinate_model::plan::{Source, parse};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const NAMES: [&str; 18] = [
    "**Files**:",
    "**Files:**",
    "Files:",
    "- **Files**:",
    "  - Files:",
    "#### Files",
    "#### Files: a.rs",
    "**Files Deleted**:",
    "**Files to remove:**",
    "**Dependencies**:",
    "**Depends on:**",
    "- depends_on:",
    "#### Dependencies",
    "**Objective**:",
    "#### Goal",
    "**Risk**:",
    "**Complexity:**",
    "**Waves**:",
];

/// Entries of a files field.
const PATHS: [&str; 92] = [
    "`src/a.rs`",
    "src/b.rs",
    "a.rs",
    "`a.rs` (new)",
    "b.rs (deleted)",
    "c.rs [new]",
    "d.rs lines 3 to 5",
    "Create `src/n.rs`",
    "Delete src/d.rs",
    "remove: `r.rs`",
    "(new) e.rs",
    "Modify: `m.rs`",
    "Update",
    "Edit: f.rs: why",
    "**Add** g.rs",
    "`my file.txt`",
    "`a - b.rs` - why",
    "`a: b.rs`: why",
    "`c,d.rs`",
    "`e;f (x.rs`",
    "`g and h.rs`",
    "(a, b) c.rs",
    "{a,b}.rs",
    "src/{a, b}.rs",
    "a} b.rs",
    "x.rs- y",
    "x.rs -y",
    "x.rs - y.rs",
    "x.rs – y.rs",
    "x.rs — y",
    "x - `y.rs`",
    "z.rs:why",
    "z.rs: why",
    "the: a: b: c: d.rs",
    "src/a.rs:10",
    "src/a.rs:10-20",
    "src/a.rs:1,2–3",
    "src/a.rs:x",
    "src/a.rs:",
    "x:10",
    "xy:10",
    ":10",
    "`src/a.rs:10`",
    "`:7`",
    "old.rs → new.rs",
    "`old.rs` -> `new.rs`",
    "old => new.rs",
    "various -> x.rs",
    "a > b.rs",
    "-> x.rs",
    "[a.rs](../../src/a.rs)",
    "[the file](src/t.rs)",
    "[the file](src/t.rs) deleted",
    "[a b.rs](the file)",
    "[no](path)",
    "[a/b](c)",
    "[open](src/o.rs",
    "[x](src/l.rs:4)",
    "`",
    "``",
    "` `",
    "`open.rs",
    "*",
    "...",
    ".",
    ".gitignore",
    "--",
    "src/",
    "./",
    "/etc/x",
    "~/x.rs",
    "C:\\x.rs",
    "1:\\x.rs",
    "a:",
    "..\\x.rs",
    "a\\..\\b.rs",
    "../x.rs",
    "a/../b.rs",
    "a/../../x.rs",
    "a//b/./c.rs/",
    "\\\\host\\x",
    "and/or more",
    "the read and/or write paths",
    "src/* files",
    "src/ folder",
    "./run it",
    "a.b/ c",
    "x.y! z",
    "TBD",
    "Makefile",
    "several files",
    "e.g. this.",
];

const TOKENS: [&str; 34] = [
    "1", "2", "3", "02", "4", "5-1", "phase", "Phase 1", "phases", "P2", "p", "ph3", "and", "to", "through", "thru",
    "-", "–", "..", "...", ".", ":", ",", ";", "&", "+", "(note)", "(", "[", "]", "complete", "Set up", "done", "#",
];

const WORDS: [&str; 30] = [
    "none",
    "None.",
    "none - first",
    "none - 1",
    "none, yes",
    "none yet",
    "non",
    "N/A",
    "-",
    "[]",
    "()",
    "(none)",
    "(see 1)",
    "no dependencies",
    "High",
    "**High**",
    "**a** b **c**",
    "words, ",
    "words &",
    "words and",
    "[open",
    "close]",
    "[1,",
    "2]",
    "**Risk**: low",
    "a | **Risk**: low",
    "a, **Goal**: b",
    "a **Risk**: b",
    "[[1], [2, 3]]",
    "",
];

const BEGINS: [&str; 16] =
    ["", "", "- ", "- ", "- ", "  - ", "    - ", "* ", "1. ", "2) ", "  ", "\t", "> ", "- [ ] ", "#### ", "-"];

fn text(chance: &mut Chance) -> String {
    match chance.below(8) {
        0..4 => {
            let joint = one(chance, &[", ", "; ", " and ", ",", " "]);
            let entries: Vec<&str> = (0..=chance.below(3)).map(|_| one(chance, &PATHS)).collect();
            entries.join(joint)
        }
        4 | 5 => {
            let tokens: Vec<&str> = (0..=chance.below(5)).map(|_| one(chance, &TOKENS)).collect();
            tokens.join(one(chance, &[" ", " ", ", "]))
        }
        _ => one(chance, &WORDS).to_owned(),
    }
}

/// Three phases, each with some fields and what stands around them.
fn plan(chance: &mut Chance) -> String {
    let mut plan = "# P\n".to_owned();
    for number in 1..=3 {
        write!(plan, "\n### Phase {number}: Part\n").unwrap();
        for _ in 0..=chance.below(2) {
            plan += one(chance, &["", "", "", "#### Stage 1: S\n", "##### Step 2\n", "#### Else\n"]);
            let value = if chance.percent(60) { text(chance) } else { String::new() };
            writeln!(plan, "{} {value}", one(chance, &NAMES)).unwrap();
            for _ in 0..chance.below(5) {
                let line = if chance.percent(20) { String::new() } else { text(chance) };
                writeln!(plan, "{}{line}", one(chance, &BEGINS)).unwrap();
            }
        }
        plan += one(chance, &["- [ ] task\n", "\n- [ ] task\n", "\n- [x] `a.rs`\n", "#### Tasks\n- [ ] task\n"]);
    }
    plan
}

#[test]
fn fields() {
    let lines = readings("fields", 1_500, plan, |text, out| {
        let parsed = parse(&[Source::new("a.md", text.clone())]);
        for phase in &parsed.plan.phases {
            let Some(last) = phase.tasks.last() else { continue };
            let words = [&phase.objective, &phase.complexity, &phase.risk, &phase.estimated_time];
            writeln!(out, "{:?} {:?} {}", phase.depends_on, phase.files, phase.files_none).unwrap();
            writeln!(out, "{words:?} {} {last:?}", phase.depends_line).unwrap();
        }
        writeln!(out, "{:?} {:?}", parsed.plan.declared_waves, parsed.diagnostics).unwrap();
    });
    insta::assert_snapshot!(lines);
}
