//! Plans in one file, put together from every spelling of headings, fields, lists and tasks, and disturbed.

use crate::one;
use coordinate_model::complexity::{self, Tenths};
use coordinate_model::forecast::files;
use coordinate_model::plan::{Graph, Overview, Plan, Source, content_hash, dot, mermaid, parse, tick};
use coordinate_model::replan::Replanning;
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const TITLES: [&str; 10] = [
    "# Plan: sign in\n",
    "# A plan #\n",
    "A plan\n======\n",
    "---\ntitle: x\n---\n# Behind a front matter\n",
    "---\ntitle: x\n## Phase 9: Within\n- [ ] x\n---\n",
    "---\n\n# A rule and no front matter\n---\n",
    "\u{feff}# With a mark\n",
    "\u{feff}---\na: b\n---\nText\n",
    "",
    "Two\nlines\n---\n",
];

const HEADINGS: [&str; 40] = [
    "### Phase {n}: Set up",
    "### Phase {n}: Set up [COMPLETE]",
    "## Phase {n} - The *rest* ##",
    "### **Phase {n}: Bold**",
    "### __Phase {n}: Lined__",
    "### *Phase {n}*",
    "### _Phase {n}_",
    "### [Phase {n}: Linked](phase_{n}.md)",
    "### Phase {n}: [Linked](phase_{n}.md) ✅",
    "### Phase {n}: [Two](a.md) [links](b.md)",
    "### ✓ Phase {n}: Ticked before",
    "### ✅\u{fe0f}  Phase {n}. Full stop (done)",
    "### Phase {n}) Round (completed) [x]",
    "### [COMPLETE] Phase {n} — Long dash",
    "### Phase {n}: Waves [Wave 2]",
    "### Phase {n}: Waves (wave: #3) (DONE ✅)",
    "### Phase {n}: Waves (wave 3 of many)",
    "### Phase {n}: State [IN PROGRESS]",
    "### Phase {n}: State (not started)",
    "### Phase {n}: State (blocked by them)",
    "### Phase {n} Nameless colon",
    "### Phase {n}",
    "### phase {n}：Wide",
    "### PHASE {n}: C#",
    "#### Phase {n}: Too deep",
    "### Phase {n}.5: Half",
    "### Phase {n}a: Letter",
    "### Phase {n}-3: Range",
    "### Phase 99999999999: Big",
    "Phase {n}: Underlined\n---------------------",
    "# Phase {n}: First level",
    "### Phase {n}: **Two** bold **",
    "### Phase{n}: No space",
    "### Phase one: Word",
    "### **Phase {n}: Half bold",
    "### Phase {n}: Half bold**",
    "### *Phase {n}: Half",
    "### [Phase {n}: Half](x.md",
    "### Phase {n}: Wave (wave x)",
    "### Phase {n}: Both ✅ (wave 1) [done]",
];

const NAMES: [&str; 26] = [
    "**Dependencies**",
    "**Depends on**",
    "- **Depends-on**",
    "DEPENDENCY",
    "depends_on",
    "**Objective**",
    "Goal",
    "**Complexity**",
    "*Complexity score*",
    "**Risk**",
    "risk level",
    "**Estimated Time**",
    "`Duration`",
    "__Files__",
    "**Files**",
    "Files to modify",
    "**Files Deleted**",
    "**Files to remove**",
    "**Waves**",
    "#### Files",
    "#### Goal",
    "#### Dependencies",
    "**Owner**",
    "1. **Files**",
    "  - Files",
    "**Execution Waves**",
];

const COLONS: [&str; 8] = [": ", ": ", ": ", ":", " : ", ":\n", ":\n\n", "\n"];

const VALUES: [&str; 72] = [
    "[1]",
    "[1, 2]",
    "1, 2,\n3",
    "[1,\n- 2,\n3]",
    "Phase 1 and\nPhase 2",
    "none",
    "None - the first one",
    "none - phase 1 first",
    "n/a (see above)",
    "[]",
    "()",
    "(none)",
    "(see phase 1)",
    "Phases 1-2",
    "1..3",
    "1...3",
    "1....3",
    "phase-1",
    "phase_1, phase_2.",
    "P1; p2",
    "p 1",
    "1 to phase 3",
    "1 through 2 complete, 3 done",
    "Phase 1: Set up, 2 - the rest",
    "Phase 1:",
    "1 -, 2",
    "3-1",
    "2-2",
    "1 2",
    "1, 1-2, 2",
    "2b",
    "1.5",
    "1.",
    "[1",
    "1 (2",
    "1 (after (2)) & 3",
    "@1",
    "4294967296",
    "serde",
    "to 2",
    ": 1",
    "1: phase 2",
    "[[1], [2, 3]]",
    "[[1], [2], [3]]",
    "[[1, 2], 3]",
    "[1], [2]",
    "- Wave 1 (parallel): Phase 1, 2\n- **Wave 2**: 3",
    "- Wave 1\n- 2",
    "- 1\n- 2, 3",
    "* Phase 1\n  * nested 2\n* 3\n\n* 4",
    "- a.rs\n- b.rs: why, and.more\n\nand text",
    "- `src/a.rs` - new\n  over two lines\n- `b.rs`\n\n  - c.rs\ntext",
    "1. a.rs\n2) b.rs",
    "High",
    "**Medium**",
    "**low** to **high**",
    "7/10",
    "10",
    "12 of 10",
    "moderate risk, critical path",
    "2 hours",
    "to make it work\nin two lines\n\nand more",
    "a | **Risk**: low | **Depends on:** [1]",
    "b; **Files**: a.rs, **Goal**: go · **Complexity**: 3 •",
    "c **Risk**: high",
    "`src/a.rs`, src/b.rs (new)",
    "src/{a,b}.rs, src/**/*.md",
    "../out.rs",
    "",
    "",
    "see, **Nothing**: x",
    "x |",
];

const BODIES: [&str; 47] = [
    "- [ ] do it",
    "- [x] done",
    "- [X] Done `src/a.rs`",
    "* [ ] star",
    "1. [ ] numbered",
    "- [ ] two\n  lines of `src/lib.rs:10`\n  - [ ] nested `docs/`\n    - [x] twice",
    "- [ ] one\nnot set in\n- [x] *em* **strong** [link](a.md) `code` <b>x</b>",
    "- [ ] first\n\n  **Risk**: high\n\n  second paragraph",
    "- [ ] before\n**Risk**: low",
    "- [ ] with **bold**",
    "- [ ] with [a link](x.md)",
    "- [ ] with *emphasis*\n\n  - plain\n- [ ] next",
    "- []  empty box",
    "-[ ] no space",
    "- [ ](link.md)",
    "- [x]: ref",
    "- [ ]",
    "    - [ ] set in too far",
    "> - [ ] quoted\n> ### Phase 8: Quoted",
    "- > - [ ] quoted in a list",
    "```sh\ncargo test\n- [ ] in code\n### Phase 7: In code\n```",
    "~~~~ rust\nfn a() {}\n~~~~",
    "```\nnever closed",
    "~~~~\nclosed too shortly\n~~~",
    "````\nclosed\n````",
    "<!-- - [ ] hidden -->",
    "<!--\n- [ ] hidden\n**Risk**: high\n-->",
    "<!-- never closed\n- [ ] lost",
    "<div>\n- [ ] in a tag\n</div>",
    "#### Stage 1: First\n\n- [ ] of a stage\n**Files**: c.rs\n**Risk**: high",
    "#### Stage 2 - Second [COMPLETE]\n- [x] of it\n##### Deeper\n- [ ] deeper\n#### Else\n- [ ] no stage",
    "### **Stage 3: Bold**\n- [ ] x",
    "#### Stage x: none",
    "- ### Phase 8: In a list\n- - ### Phase 7: Deeper\n\n  ### Phase 6: Below",
    "- a\n  - b\n\n- ### Phase 8: Behind a list",
    "1. ~~~\n   - [ ] in a fence of a list",
    "#### Stage 4 No colon\n- [ ] x",
    "#### Stage 99999999999: big",
    "#### Task 1: Part\n**Dependencies**: [9]\n#### Notes\n**Complexity**: 9",
    "##### Step 2\n**Risk**: high\n#### Higher\n**Risk**: none",
    "#### [Task 3](x.md)\n**Goal**: hidden",
    "Text with\ttab.\r\nAnd a carriage return.\rAnd a lone one.",
    "| a | b |\n|---|---|\n| - [ ] | c |",
    "## Notes\n\n- [ ] no phase's",
    "#### Phase {n} inside",
    "***\n\n---",
    "\u{a0}\u{2003}é 漢字 - [ ] x",
];

pub(crate) const RULES: Replanning =
    Replanning { complexity: Tenths(15), tasks: 2, failures: 2, limit: 2, forced: false };

/// A heading, fields, and what stands below them.
fn phase(chance: &mut Chance, number: usize) -> String {
    let heading = if chance.percent(60) { HEADINGS[chance.below(2)] } else { one(chance, &HEADINGS) };
    let mut text = format!("{heading}\n");
    for _ in 0..chance.below(5) {
        let (name, colon, value) = (one(chance, &NAMES), one(chance, &COLONS), one(chance, &VALUES));
        let gap = one(chance, &["\n", "\n", "\n\n"]);
        write!(text, "{name}{colon}{value}{gap}").unwrap();
    }
    text += one(chance, &["\n", ""]);
    for _ in 0..=chance.below(3) {
        text += if chance.percent(40) { BODIES[0] } else { one(chance, &BODIES) };
        text += one(chance, &["\n", "\n\n", "\n", "\r\n", "\n\n\n"]);
    }
    text.replace("{n}", &number.to_string())
}

pub(crate) fn text(chance: &mut Chance) -> String {
    let mut text = one(chance, &TITLES).to_owned();
    let first = chance.below(8) / 7;
    for number in 1..=1 + chance.below(4) {
        let number = if chance.percent(90) { number - first } else { chance.below(6) };
        text += &phase(chance, number);
    }
    if chance.percent(15) {
        let at = chance.below(text.len());
        text = text.char_indices().filter(|(index, _)| *index != at).map(|(_, c)| c).collect();
    }
    text
}

/// All that can be said of a plan without its texts.
pub(crate) fn of_plan(plan: &Plan, out: &mut String) {
    writeln!(out, "{}{}", mermaid(plan), dot(plan)).unwrap();
    for phase in &plan.phases {
        let (done, words) = (phase.done(), complexity::of_phase(phase));
        writeln!(out, "{} {done} {words} {:?}", phase.number, RULES.evaluate(phase)).unwrap();
        writeln!(out, "{:?}", files(plan, phase)).unwrap();
    }
    let graph = match Graph::new(plan) {
        Ok(graph) => graph,
        Err(faults) => return writeln!(out, "{faults:?}").unwrap(),
    };
    writeln!(out, "{}", serde_json::to_string(&Overview::new(plan, &graph)).unwrap()).unwrap();
    let weight = |number: coordinate_model::ids::PhaseNumber| u64::from(number.0 * 7 % 5);
    writeln!(out, "{:?} {:?}", graph.critical_path_by(weight), graph.priorities_by(weight)).unwrap();
    for number in graph.phases() {
        let (before, after): (Vec<_>, Vec<_>) =
            (graph.dependencies(*number).collect(), graph.dependents(*number).collect());
        writeln!(out, "{number}: {before:?} {after:?} {}", graph.priority(*number)).unwrap();
    }
    writeln!(out, "saves {}", graph.expected_saving()).unwrap();
}

#[test]
fn plans() {
    let lines = readings("plans", 1_200, text, |text, out| {
        let source = Source::new("plans/a.md", text);
        let sources = [source];
        let parsed = parse(&sources);
        writeln!(out, "{parsed:?}\n{}", parsed.has_errors()).unwrap();
        parsed.diagnostics.iter().for_each(|found| writeln!(out, "{found}").unwrap());
        of_plan(&parsed.plan, out);
        for phase in &parsed.plan.phases {
            writeln!(out, "{:?}", tick(text, phase.number)).unwrap();
        }
        out.push_str(&content_hash(&sources));
    });
    insta::assert_snapshot!(lines);
}
