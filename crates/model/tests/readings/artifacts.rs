//! Reports, plans and summaries as agents write them: whole ones, ones that lack something, and what is told of each.

use crate::one;
use coordinate_model::artifact::{ArtifactKind, Field, Metadata, check, linked, linked_also, unlinked};
use coordinate_model::links::{file_links, joined, relative, relinked, with_targets};
use coordinate_model::plan::Source;
use coordinate_model::verify::{Check, Content, Folder, Leads, Observed, judge_by, to_one_failure};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const BEGINNINGS: [&str; 14] = [
    "# The report\n",
    "# The report\n",
    "\u{feff}---\ntitle: From the front\ndate: 2026-01-02\nagent: a\ntopic: t\nreport-type: x\ncomplexity: 3\n---\n",
    "---\ntitle: \"Quoted\"\nDate : \n...\n# Title\n",
    "---\nnever: closed\n",
    "---\n---\n",
    "Title\n=====\n",
    "## Only a second level\n",
    "# \n## Second\n# Third `code` and *em*\n",
    "No heading, but a first line.\nAnd a second.\n",
    "# A title of very many words that goes on and on until nobody would read it any more, which is why it is cut off \
     somewhere behind the twenty-fourth word, as all lines are\n",
    "# 一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十\n",
    "Status: draft\n",
    "",
];

const HEADINGS: [&str; 38] = [
    "Metadata",
    "Metadata",
    "Executive Summary",
    "Executive Summary",
    "Findings",
    "Findings",
    "Recommendations",
    "Recommendations",
    "References",
    "Reports",
    "Summary",
    "Evidence",
    "Cause",
    "Root Cause",
    "Next Steps",
    "Tests",
    "1. Findings:",
    "IV. Findings",
    "V) References",
    "I, Robot",
    "EXECUTIVE   summary!",
    "TL;DR",
    "Overview",
    "Objective",
    "Action items",
    "Suggestions",
    "Conclusion",
    "Short-term",
    "High priority actions",
    "Recommendation 2: Use a lock",
    "Rec 1 - Write it down",
    "Step 3) Ship",
    "2. Use a queue",
    "12",
    "Quick wins that are no group of more than six words here",
    "Immediate",
    "`Code` *heading*",
    "Later on",
];

const METADATA: [&str; 22] = [
    "- **Date**: 2026-01-02",
    "- **Agent**: researcher",
    "- **Topic**: t",
    "- **Report Type**: best practices",
    "- **Complexity**: 3",
    "- **Run**: r1",
    "- **Outcome**: good",
    "- **Duration**: 2 h",
    "Date: [fill]",
    "| Agent | a |",
    "* `topic`: <topic>",
    "> Report_type: TBD",
    "**Complexity**:",
    "- **Date**: YYYY-MM-DD",
    "- **Date**: [a](b.md)",
    "- **Date**: ...",
    "+ Date | to do",
    "- **Research**: [x](../reports/001_x.md), [y](../reports/a%20b.md#top)",
    "- **Reports**: [002_y.md](../reports/002_y.md) <!-- coordinate:link -->",
    "- **Summary**: [s.md](../summaries/s.md), [t.md](t.md) <!-- coordinate:link -->",
    " - **Plan**: [p.md](p.md) <!-- coordinate:link -->",
    "No field <!-- coordinate:link -->",
];

const BLOCKS: [&str; 64] = [
    "Plain prose of a few words.",
    "Priority: high",
    "Why: because",
    ": nothing before",
    "Four words before this: and more",
    "A name that is far too long to be the name of anything: x",
    "- only a point",
    "a b c: three words",
    "a b c d: four words",
    "| a |\n|---|\n| only a row |",
    "- First point\n- Second point\n\n  Its detail\n- [ ] Third, a task\n  - Nested",
    "1. Do this\n2. Do that\n   over two lines\n3. [x] Done\n4. [X] Done too",
    "* One\n\n* Two\n\n* Three\n\n* Four\n\n* Five\n\n* Six",
    "- Priority: high\n- Effort: low",
    "- Priority: high\n- Use a lock\n- Use a queue",
    "- Priority: high\n- Effort: low\n- Use a lock",
    "- Effort: low\n- Use a lock",
    "| What | Why |\n|---|---|\n| lock | races |\n| queue | load |",
    "| | |\n|---|---|\n| | |",
    "TBD",
    "- TODO",
    "*To do.*",
    "...",
    "<!-- nothing -->",
    "<br>",
    "<!-- a --> and words",
    "![picture](p/q.png)",
    "[a](x.md) and [b](https://e.org/y.md) and [c](#part)",
    "[a](../reports/001_x.md) [b](./y.md \"title\") [c](</p q.md>) [d](a%20b.md#top)",
    "[r][ref] and [s]\n\n[ref]: ../z.md\n[s]: <w.md> 'x'",
    "[m](mailto:a@b.c) [w](c:/x.md) [n](a.b:c) [d](dir/) [up](..) [abs](/etc/x)",
    "[l](src/main.rs:12) [l](src/main.rs:12-20) [l](src/main.rs:12:3) [l](:12) [l](main.rs:x)",
    "[e](\\(x.md) [same](001_a.md) [bare]()",
    "See `src/lib.rs`, `src/a.rs:10`, src/b.rs:1-2 and ../other/c.md.",
    "Files: main.rs, self.field, Makefile, .env, .gitignore, a/.hidden, a/LICENSE, e.g. and/or a//b.rs /abs/x.rs",
    "docs/x.verylongending docs/x.tenletters docs/x.elevenchars docs/x.1a src/.env x.RS (y.toml) \"z.json\"; w.md!",
    "word.md#anchor <v.rs> *u.py* [t.go] {s.sh} r.c? `q r.md` p\\o.md n@2.md m+1.rs ~/l.rs k.md: j.md..",
    "[see](linked/only.md) <https://e.org/auto.md>",
    "```rust\n// in_block.rs\nTODO: fill me in\n{{braces}}\n```",
    "~~~\n## Findings\n~~~\nbehind code",
    "    indented/code.rs",
    "TODO: fill this in",
    "todo fill",
    "[Fill in the rest]",
    "<fill in>",
    "[Insert here] and `[insert code]`",
    "[TODO]",
    "Lorem ipsum dolor",
    "{{ name }} and {{",
    "}} before {{",
    "`{{in code}}` only",
    "> Quoted words of somebody",
    "**Bold: beginning** of a paragraph\nover lines  \nwith a hard break",
    "One two three four five six seven eight nine ten eleven twelve one two three four five six seven eight nine ten \
     eleven twelve one two three four five six seven eight nine ten eleven twelve one two three, four five six seven; \
     eight nine ten eleven twelve one two three four five",
    "Words, 一二三四五六七八 and カタカナ, ไทยไทย words; ប្រទេស 한국어 𠀀𠀁𠀂 done",
    "averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongword/without/spaces/that/is/cut",
    "Text\r\nwith returns\r\n",
    "---",
    "Setext\n------",
    "##### Deep\n\nText below.",
    "###### Findings\n\nToo deep.",
    "### 1. Use a lock\n\n- why\n- how\n\n### 2. Use a queue\n\nIt helps.\n\n### Recommendation\n\n### 3.\n\nOnly text.",
    "### Short-term\n\n- Use a lock\n- Use a queue\n\n### Long-term priority\n\nprose\n\n### Now\n\n- Field: x",
    "- before\n\n### Use words that make a recommendation by themselves\n\n- x",
];

/// Blocks whose length counts.
fn block(chance: &mut Chance) -> String {
    match chance.below(40) {
        0 => "n".repeat(39 + chance.below(2)) + ": x",
        1 => format!("{}.md", "p".repeat(196 + chance.below(3))),
        _ => one(chance, &BLOCKS).to_owned(),
    }
}

fn section(chance: &mut Chance, heading: &str) -> String {
    let marks = one(chance, &["##", "##", "##", "###", "#", "####", "#####"]);
    let mut text = format!("{marks} {heading}\n\n");
    if heading == "Metadata" {
        for line in METADATA.iter().take(8) {
            if chance.percent(75) {
                let line = if chance.percent(90) { line } else { one(chance, &METADATA[8..]) };
                text += &format!("{line}\n");
            }
        }
        if chance.percent(40) {
            text += &format!("{}\n", one(chance, &METADATA[8..]));
        }
        return text + one(chance, &["\n", "\n\n", ""]);
    }
    for _ in 0..chance.below(4) {
        text += &block(chance);
        text += one(chance, &["\n\n", "\n\n", "\n"]);
    }
    text
}

fn artifact(chance: &mut Chance) -> (ArtifactKind, String) {
    let kind = *chance.pick(&ArtifactKind::ALL).unwrap();
    let mut text = one(chance, &BEGINNINGS).to_owned();
    if chance.percent(30) {
        text += &format!("\n{}\n\n", one(chance, &BLOCKS));
    }
    if chance.percent(35) {
        // A short one shows what is told where the better place is missing.
        for _ in 0..=chance.below(3) {
            let heading = one(chance, &HEADINGS);
            text += &section(chance, heading);
        }
        return (kind, text);
    }
    // In the order of the contract, most of them there; then any.
    for heading in HEADINGS.iter().take(16).step_by(2).chain(&HEADINGS[10..16]) {
        if chance.percent(55) {
            text += &section(chance, heading);
        }
    }
    for _ in 0..chance.below(4) {
        let heading = one(chance, &HEADINGS);
        text += &section(chance, heading);
    }
    (kind, text)
}

const PATH: &str = "specs/001_a/plans/001_a.md";

fn of_links(text: &str, out: &mut String) {
    for link in file_links(text) {
        let (there, from) = (joined(PATH, &link.target), relative(PATH, &link.target));
        writeln!(out, "{link:?} {:?} {there} {from} {}", link.names(), relative(PATH, &there)).unwrap();
    }
    let follow = |path: &str| (!path.contains("y.md")).then(|| path.replace("x.md", "new name.md"));
    writeln!(out, "{}", relinked(text, PATH, "specs/001_a/plans/001_a/001_a.md", &follow)).unwrap();
    writeln!(out, "{}", with_targets(text, &|target| Some(format!("{target} to")))).unwrap();
    let report = |name: &str| (Field::Reports, format!("specs/001_a/reports/{name}.md"));
    let wanted =
        [(Field::Summary, "specs/s.md".to_owned()), report("002_y"), report("001_x"), (Field::Plan, PATH.to_owned())];
    writeln!(out, "{:?}\n{:?}", linked(text, PATH, &wanted), linked(text, PATH, &[])).unwrap();
    writeln!(out, "{:?}\n{}", linked_also(text, PATH, Field::Overview, "o.md"), unlinked(text)).unwrap();
}

#[test]
fn artifacts() {
    let lines = readings("artifacts", 800, artifact, |(kind, text), out| {
        writeln!(out, "{kind} {} {} {:?}", kind.folder(), kind.completion(), check(*kind, PATH, text)).unwrap();
        for letters in [1, 2, 5] {
            // A longer text is at times told to take fewer tokens, as some are.
            let count = |text: &str| {
                let length = text.chars().count() as u64;
                length / letters + if length % 7 == 0 { 30 } else { 0 }
            };
            let metadata = Metadata::of(text, &count);
            writeln!(out, "{metadata:?}\n{}\n{}", metadata.shorter(5), metadata.shorter(0)).unwrap();
        }
        of_links(text, out);
    });
    insta::assert_snapshot!(lines);
}

/// What was seen at an artifact's place.
fn observed(chance: &mut Chance) -> (Check, Observed) {
    let (kind, text) = artifact(chance);
    let what = *chance.pick(&[Check::Artifact(kind), Check::Artifact(kind), Check::Links, Check::Commits]).unwrap();
    let leads = [Leads::Somewhere, Leads::FromRootOnly, Leads::Nowhere];
    let links = file_links(&text).into_iter().map(|link| (link, *chance.pick(&leads).unwrap())).collect();
    let content = match chance.below(8) {
        0 => Content::Nothing,
        1 => Content::Folder(
            ["a.md", "b.md"]
                .into_iter()
                .take(1 + chance.below(2))
                .map(|path| Source::new(path, text.clone()))
                .collect(),
        ),
        2 => Content::Unreadable { cause: "permission denied".to_owned() },
        3 => Content::Bytes,
        4 => Content::Text(one(chance, &["", " \n", "\u{feff}\n", "x"]).to_owned()),
        _ => Content::Text(text),
    };
    let path = one(chance, &["specs/001_a/reports/001_x.md", "-x.md", "a b.md", "it's.md", "", "x"]).to_owned();
    let newest = ["b.md", "a.md"].map(str::to_owned).into_iter().take(chance.below(3)).collect();
    let folder =
        Folder { path: one(chance, &["specs/001_a/reports", "a b"]).to_owned(), exists: chance.percent(70), newest };
    (what, Observed { path, inside: chance.percent(90), bytes: chance.draw() % 999, content, folder, links })
}

#[test]
fn verdicts() {
    let lines = readings("verdicts", 500, observed, |(what, seen), out| {
        let more = |text: &str| check(ArtifactKind::Report, "more.md", &text[..0]);
        let plain = judge_by(*what, seen, "", &|_| Vec::new());
        let other = judge_by(*what, seen, "--x y", &more);
        writeln!(out, "{plain:?} {} {:?} {other:#?}", plain.ok(), plain.to_failure()).unwrap();
        writeln!(out, "{:?}", to_one_failure(&[plain, other])).unwrap();
    });
    insta::assert_snapshot!(lines);
}
