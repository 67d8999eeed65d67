//! Plans of an overview and files of their own for phases, and phases that move into such a file and back.

use crate::{one, plans};
use coordinate_model::plan::{Source, collapse, content_hash, expand, parse, tick_all};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const OVERVIEW: &str = "specs/001_a/plans/001_a/001_a.md";

/// What stands in the overview for a phase.
const STUBS: [&str; 14] = [
    "[phase_{n}_x.md](phase_{n}_x.md)",
    "See `phase_{n}_x.md` for more.",
    "[details](./phase_{n}_x.md#top)",
    "[details](../001_a/phase_{n}_x.md).",
    "[details](specs/001_a/plans/001_a/phase_{n}_x.md)",
    "[gone](phase_{n}_gone.md)",
    "- [ ] a task here\n- [x] and one done",
    "**Dependencies**: [1]\n\n[phase_{n}_x.md](phase_{n}_x.md)",
    "**Risk**: high\n**Files**: a.rs\n\n- [ ] `a.rs`\n\n```sh\nmake\n```\n\n[up](../x.md)",
    "#### Stage 1: One\n\n- [ ] one\n\n#### Stage 2: Two\n\n- [x] two [l](../../reports/r.md)",
    "**Dependencies**: none\n- [ ] x\n\n\n",
    "![p](p.png) and [other](other.md)\n\n- [ ] x",
    "",
    "[m](x.markdown)\n\n- [ ] t",
];

const NAMES: [&str; 8] = [
    "Set up",
    "Set up [COMPLETE]",
    "The rest",
    "`x`/y",
    "",
    "漢字",
    "[Set up](phase_{n}_x.md)",
    "Ünïcode, and long names of all kinds that go on",
];

/// Where a phase's own file lies.
const PLACES: [&str; 9] = [
    "phase_{n}_x.md",
    "phase_{n}_x.md",
    "phase_{n}_x.md",
    "phase-0{n}.md",
    "Phase {n}.md",
    "phase_{n}b.md",
    "other.md",
    "sub/phase_{n}_x.md",
    "stage_{n}.md",
];

const HEADS: [&str; 12] = [
    "# Phase {n}: Set up",
    "# Phase {n}: Set up [COMPLETE]",
    "## Phase {n}: The rest",
    "### Phase {n}: Set up",
    "# Phase {n}",
    "# Set up",
    "",
    "# Stage 1: One",
    "# Phase {n}: Set up\n\n## Phase {n}: again",
    "# Phase 9: Other",
    "---\na: b\n---\n# Phase {n}: Set up",
    "# Phase {n}: Set up\n\n## Tasks\n\n### Notes\n\nDeep\n----",
];

/// What leads to a phase's own file.
const LEADING: [&str; 10] = [
    "[{p}]({p})",
    "[{p}]({p})",
    "[details](./{p})",
    "[details]({p}#top)",
    "See [the file]({p}) for more.",
    "[{p}]({p})\n\nA note on it, and [r](../../reports/r.md).",
    "**Risk**: high\n\n[{p}]({p})",
    "**Dependencies**: none\n[{p}]({p})",
    "  [x]({p})  \n[other](other.md)",
    "text [x]({p})",
];

/// What a phase holds.
const BODIES: [&str; 10] = [
    "- [ ] one",
    "- [x] one\n- [ ] two",
    "**Dependencies**: none\n**Files**: a.rs\n\n- [ ] `a.rs`\n\n```sh\nmake\n```",
    "**Dependencies**: [1]\n\n- [ ] x",
    "#### Stage 1: One\n\n- [ ] one\n\n#### Stage 2: Two\n\n- [x] two [l](../../reports/r.md)",
    "## Part\n\n- [ ] part [x](x.md)\n\n### Deeper\n\nWords\n=====\n\n- [ ] more",
    "###### Deep\n\n- [ ] one [up](../001_a.md) ![p](p_x.png)",
    "**Complexity**: 7/10\n**Risk**: low\n\n- [ ] one",
    "- [ ] one\n\n# Top\n\n- [ ] two",
    "Text first.\n\n- [ ] one [s](phase_2_x.md) [r](../../reports/r.md#a)",
];

const OWN_HEADS: [&str; 9] = [
    "# Phase {n}: {name}\n\n",
    "# Phase {n}: {name}\n\n",
    "## Phase {n}: {name}\n",
    "# {name}\n\n",
    "",
    "Above [x](x.md).\n\n# Phase {n}: {name}\n\n",
    "---\na: b\n---\n# Phase {n}: {name}\n\n",
    "\u{feff}# {name}\n\n",
    "## {name}\n\n",
];

fn overview(chance: &mut Chance, phases: usize) -> String {
    let mut text = one(
        chance,
        &["# Plan\n\n", "# Plan\n\n[r](../../reports/r.md)\n\n", "", "# Plan\n\n**Waves**: [[1], [2]]\n\n"],
    )
    .to_owned();
    for number in 1..=phases {
        let (marks, name, stub) = (one(chance, &["###", "##", "###"]), one(chance, &NAMES), one(chance, &STUBS));
        let gap = one(chance, &["\n\n", "\n", "\n\n\n", " \n\t\n"]);
        text += &format!("{marks} Phase {number}: {name}\n\n{stub}{gap}").replace("{n}", &number.to_string());
    }
    text + one(chance, &["", "", "## Notes\n\nDone.\n", "after\n"])
}

fn own(chance: &mut Chance, number: usize) -> Source {
    let (place, head, stub) = (one(chance, &PLACES), one(chance, &HEADS), one(chance, &STUBS));
    let tasks = one(chance, &["", "- [ ] own\n", "- [x] own\n", "\n## Part\n\n- [ ] part [x](x.md)\n"]);
    let text = format!("{head}\n\n{stub}\n\n{tasks}").replace("{n}", &number.to_string());
    let place = place.replace("{n}", &number.to_string());
    Source::new(format!("specs/001_a/plans/001_a/{place}"), text)
}

/// An overview and files that refer to each other as they should, so that phases can move.
fn sound(chance: &mut Chance) -> Vec<Source> {
    let mut text = one(chance, &["# Plan\n\n", "# Plan\n\n[r](../../reports/r.md)\n\n"]).to_owned();
    let mut files = Vec::new();
    for number in 1..=1 + chance.below(3) {
        let (marks, name) = (one(chance, &["###", "##", "#"]), one(chance, &NAMES[..5]));
        let place = one(chance, &["phase_{n}_x.md", "phase_{n}.md", "deep/phase_{n}.md"]);
        let own = chance.percent(60);
        let body = if own { one(chance, &LEADING).replace("{p}", place) } else { one(chance, &BODIES).to_owned() };
        let gap = one(chance, &["\n\n", "\n", "\n\n\n", " \n\t\n"]);
        text += &format!("{marks} Phase {number}: {name}\n\n{body}{gap}").replace("{n}", &number.to_string());
        if own {
            let own_name = if chance.percent(70) { name } else { one(chance, &NAMES[..5]) };
            let head = one(chance, &OWN_HEADS).replace("{name}", own_name);
            let own = format!("{head}{}\n", one(chance, &BODIES)).replace("{n}", &number.to_string());
            let place = place.replace("{n}", &number.to_string());
            files.push(Source::new(format!("specs/001_a/plans/001_a/{place}"), own));
        }
    }
    text += one(chance, &["", "", "## Notes\n\nDone.\n", "# End\n"]);
    let alone = files.is_empty() && chance.percent(50);
    files.push(Source::new(if alone { "specs/001_a/plans/001_a.md" } else { OVERVIEW }, text));
    files.reverse();
    files
}

fn folder(chance: &mut Chance) -> Vec<Source> {
    if chance.percent(65) {
        return sound(chance);
    }
    let phases = 1 + chance.below(3);
    let text = if chance.percent(10) { plans::text(chance) } else { overview(chance, phases) };
    let alone = chance.percent(25);
    let path = if alone { one(chance, &["specs/001_a/plans/001_a.md", OVERVIEW, "x.md"]) } else { OVERVIEW };
    let mut files = vec![Source::new(path, text)];
    for number in (1..=phases).filter(|_| !alone) {
        if chance.percent(70) {
            files.push(own(chance, number));
        }
    }
    files
}

#[test]
fn folders() {
    let exists = |path: &str| path.ends_with("r.md") || path.ends_with("001_a.md") || path.contains("_x");
    let lines = readings("folders", 300, folder, |files, out| {
        let parsed = parse(files);
        writeln!(out, "{parsed:?}\n{}", content_hash(files)).unwrap();
        for phase in (1..=4).map(coordinate_model::ids::PhaseNumber) {
            writeln!(out, "{:?}", tick_all(files, phase)).unwrap();
            for plan in ["specs/001_a/plans/001_a", "specs/001_a/plans/001"] {
                let (there, back) = (expand(files, plan, phase, &exists), collapse(files, plan, phase, &exists));
                for moved in [there, back] {
                    match moved {
                        Ok(split) => writeln!(out, "{split:?}\n{:?}", collapse(&split.files, plan, phase, &exists)),
                        Err(error) => writeln!(out, "{error:?} {error}"),
                    }
                    .unwrap();
                }
            }
        }
    });
    insta::assert_snapshot!(lines);
}
