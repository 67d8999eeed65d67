//! Rules, requests for leave and what becomes of them.

use crate::grammar::{Grammar, disturbed, grown};
use crate::one;
use coordinate_model::ids::StepId;
use coordinate_model::permission::{
    Ground, LONGEST, Otherwise, PermissionRequest, Question, Rule, Rules, ToolKind, answer_of, judge, short_id,
    shortened, unasked,
};
use coordinate_model::time::UtcMillis;
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::{Chance, run_id};
use std::fmt::Write as _;

const RULES: &Grammar<'static> = &[
    (
        "rule",
        &[
            "‹shell›(‹program› ‹word›:*)",
            "‹shell›(‹program›:*)",
            "‹shell›(‹program› ‹word›)",
            "‹shell›(‹program› *)",
            "‹shell›(‹program› ‹word› ‹word›)",
            "‹file›(‹pattern›)",
            "‹file›(‹pattern›)",
            "‹file›(‹pattern›)",
            "‹tool›",
            "‹tool›(*)",
            "‹tool›(‹word›)",
            "‹shell›(‹odd›)",
            "‹file›(‹odd›)",
            "‹odd›",
        ],
    ),
    ("shell", &["Bash", "Bash", "shell", "Execute", "run_shell_command"]),
    (
        "file",
        &["Edit", "Read", "Write", "MultiEdit", "NotebookEdit", "write_file", "replace", "Glob", "ls", "read_file"],
    ),
    (
        "tool",
        &["*", "Bash", "Edit", "Read", "WebFetch", "WebSearch", "fetch", "mcp__x", "mcp__*", "My-Tool.v1", "grep"],
    ),
    ("program", &["git", "git", "rm", "cargo", "/bin/rm", "g?t", "*", "npm", "make"]),
    ("word", &["push", "test", "-rf", "--force", "x*", "a", "status"]),
    (
        "pattern",
        &[
            "src/**",
            "*.rs",
            "src/*.rs",
            "/trees/p1/src/**",
            "/project/src/*",
            "~/.ssh/**",
            "~/x",
            "//etc/**",
            "/etc",
            "secret",
            "./a.txt",
            "a/b/",
            "**/gen/*.rs",
            "src/**/x/*",
            "s?c",
            "/project",
            "",
        ],
    ),
    ("odd", &["", "a 'b'", "a;b", "a|b", "$x", "../x", "a/../b", "a\\b", "é", "(", "Bash(x", "a b", "*", "()"]),
];

const LINES: &Grammar<'static> = &[
    (
        "line",
        &[
            "‹command›",
            "‹command›",
            "‹command›‹joint›‹command›",
            "‹command›‹joint›‹command›‹joint›‹command›",
            "(‹command›)",
            "{ ‹command›; }",
            "if ‹command›; then ‹command›; elif ‹command›; else ‹command›; fi",
            "while ‹command›; do ‹command›; done",
            "until ! ‹command›; do a; done",
            "for x in a b; do ‹command›; done",
            "f() { ‹command›; }",
            "[[ a ]] && ‹command›",
            "case a in b) ‹command›;; esac",
            "‹command› # ‹command›",
            "‹command› a#b",
            "",
        ],
    ),
    ("joint", &[" && ", " || ", "; ", " | ", "\n", " & ", " |& ", ";"]),
    (
        "command",
        &[
            "‹program› ‹word›",
            "‹program› ‹word› ‹word›",
            "‹program› -C ‹word› ‹word›",
            "‹program› --flag ‹word›",
            "‹set› ‹program› ‹word›",
            "‹set›",
            "‹wrapper› ‹program› ‹word›",
            "‹wrapper› -n 1 ‹program› ‹word›",
            "‹shell› -c '‹program› ‹word›'",
            "‹shell› -lc \"‹program› ‹word›\"",
            "‹shell› -c",
            "‹shell› script.sh",
            "eval ‹program› ‹word›",
            "eval \"‹program› ‹word›\"",
            "‹program› ‹word› ‹redirect›",
            "‹redirect› ‹program› ‹word›",
            "‹program›",
        ],
    ),
    ("program", &["git", "git", "rm", "/bin/rm", "cargo", "\"git\"", "g'it'", "$X", "gi*", "npm", "make", "\\rm"]),
    (
        "word",
        &[
            "push",
            "push",
            "test",
            "status",
            "-rf",
            "a",
            "'a b'",
            "\"‹quoted›\"",
            "$X",
            "${X}",
            "${X:-$(a)}",
            "$(‹program› ‹word›)",
            "`‹program› push`",
            "*.rs",
            "a?",
            "[ab]",
            "{a,b}",
            "$",
            "$'a'",
            "<(‹program› push)",
            "'open",
            "\"open",
            "a\\ b",
            "\\",
            "$1x",
            "a(b",
            ")",
            "--force",
            "[",
            "{}",
            "$_a b",
            "a:*",
            "é",
        ],
    ),
    ("quoted", &["a b", "$X", "`‹program› push`", "$(‹program› push)", "\\\"", "\\n", "\\", "it's", "\\$X", ""]),
    ("set", &["X=1", "X+=1", "_x9='a b'", "9x=1", "=1", "X=$(‹program› push)", "A-B=1", "é=1"]),
    ("wrapper", &["sudo", "env", "time", "xargs", "/usr/bin/nice", "find . -exec", "timeout 5", "nohup", "npx"]),
    ("shell", &["sh", "bash", "/bin/sh", "zsh", "ash", "dash", "ksh"]),
    (
        "redirect",
        &[
            "> out",
            ">> out",
            "2> err",
            "< in",
            "> /dev/null",
            "2>&1",
            "&> out",
            ">| out",
            "<< END\ngit push",
            "<<< a",
            "2>&-",
            ">",
            "> $X",
            "x2> y",
            "<> a",
            "3<&0",
            ">&2",
        ],
    ),
];

const PATHS: [&str; 21] = [
    "src/a.rs",
    "a.txt",
    "/trees/p1/src/a.rs",
    "/trees/p1",
    "/trees/p10/a",
    "/project/src/a.rs",
    "/project/secret",
    "../x",
    "src/../../x",
    "/trees/p1/../p2",
    "~/.ssh/id",
    "/etc/passwd",
    "./secret",
    "secret/a/b",
    "src/x/gen/b.rs",
    "/trees/p1/a*b",
    "a (1).txt",
    "/trees/p1/a.txt",
    "src/gen/x/y",
    "/trees/p1/src/..",
    "",
];

fn request(chance: &mut Chance) -> PermissionRequest {
    let kind =
        *chance.pick(&[ToolKind::Read, ToolKind::Edit, ToolKind::Execute, ToolKind::Fetch, ToolKind::Other]).unwrap();
    let tools = ["Bash", "Edit", "Read", "WebFetch", "mcp__x", "my-tool.V1", "shell", "grep", "write_file", "a b"];
    let mut asked =
        PermissionRequest { id: "r".to_owned(), kind, tool: one(chance, &tools).to_owned(), ..Default::default() };
    if kind == ToolKind::Execute || chance.percent(45) {
        (asked.kind, asked.tool) =
            if chance.percent(60) { (ToolKind::Execute, "Bash".to_owned()) } else { (kind, asked.tool) };
        let text = grown(chance, LINES, "‹line›");
        let text = if chance.percent(3) { text.repeat(LONGEST / text.len().max(1)) } else { text };
        asked.command = chance.percent(95).then(|| disturbed(chance, text, 8));
    }
    if asked.command.is_none() || chance.percent(10) {
        asked.path = chance.percent(85).then(|| one(chance, &PATHS).to_owned());
        asked.more_paths = (0..chance.below(4).saturating_sub(1)).map(|_| one(chance, &PATHS).to_owned()).collect();
    }
    asked.title = one(chance, &["", " ", "Change it\nnow", "  a title "]).to_owned();
    asked
}

fn list(chance: &mut Chance) -> Vec<Rule> {
    (0..chance.below(3)).filter_map(|_| grown(chance, RULES, "‹rule›").parse().ok()).collect()
}

type Case = (Rules, PermissionRequest, Option<&'static str>);

fn case(chance: &mut Chance) -> Case {
    let mut rules = Rules { allow: list(chance), ask: list(chance), deny: list(chance) };
    match chance.below(4) {
        0 => rules.deny.clear(),
        1 => (rules.deny, rules.ask) = (Vec::new(), Vec::new()),
        _ => {}
    }
    let tree = [Some("/trees/p1"), Some("/trees/p1/"), None, Some("/trees/p1")][chance.below(4)];
    (rules, request(chance), tree)
}

#[test]
fn verdicts() {
    let lines = readings("verdicts", 1_200, case, |(rules, request, tree), out| {
        let ground = Ground { tree: *tree, project: "/project" };
        for otherwise in Otherwise::ALL {
            writeln!(out, "{:?}", judge(rules, otherwise.0, request, ground)).unwrap();
        }
        // The narrowest rule of a request, and what it says of the same request.
        let own = Rule::of(request, ground);
        let alone = Rules { allow: own.iter().cloned().collect(), ..Rules::default() };
        let again = judge(&alone, Otherwise::Deny, request, ground);
        writeln!(out, "{own:?} {again:?} {:?} {}", unasked(request, *tree), request.words()).unwrap();
        let all = rules.with(&alone);
        writeln!(out, "{} {} {}", rules.is_empty(), all.is_empty(), serde_json::to_string(&all).unwrap()).unwrap();
    });
    insta::assert_snapshot!(lines);
}

#[test]
fn rules() {
    let make = |chance: &mut Chance| {
        let text = grown(chance, RULES, "‹rule›");
        disturbed(chance, text, 20)
    };
    let lines = readings("rules", 400, make, |text, out| {
        let rule = text.parse::<Rule>();
        let home = rule.clone().map(|rule| rule.at_home("/u/me/"));
        write!(out, "{rule:?} {home:?}").unwrap();
    });
    insta::assert_snapshot!(lines);
}

/// Requests that are nearly the same, of texts that are nearly too long.
#[test]
fn standing_answers() {
    let make = |chance: &mut Chance| {
        let text = "x".repeat([1, LONGEST - 5, LONGEST - 4, LONGEST - 3, LONGEST][chance.below(5)]);
        let mut asked = request(chance);
        let place = chance.below(3);
        asked.input = if place == 0 { text.clone() } else { String::new() };
        asked.command = (place == 1).then(|| text.clone());
        asked.diff = (place == 2).then_some(text);
        let mut later = asked.clone();
        match chance.below(5) {
            0 => later.id.push('2'),
            1 => later.title.push('2'),
            2 => later.tool.push('2'),
            3 => later.more_paths.push("2".to_owned()),
            _ => {}
        }
        (asked, later, chance.below(3))
    };
    let lines = readings("standing_answers", 200, make, |(asked, later, answered), out| {
        let answer = |by: &str| coordinate_model::permission::Answered {
            allowed: true,
            by: by.to_owned(),
            comment: String::new(),
            at: UtcMillis(5),
        };
        let question = Question {
            attempt: 2,
            request: asked.clone(),
            rule: None,
            opened: UtcMillis(1),
            closes: Some(UtcMillis(10)),
            answer: [None, Some(answer("me")), Some(answer("the timeout"))][*answered].clone(),
            withdrawn: false,
        };
        let withdrawn = Question { withdrawn: true, ..question.clone() };
        for question in [question, withdrawn] {
            let due = [9, 10, 11].map(|at| question.is_due(UtcMillis(at)));
            let standing = [1, 2, 3].map(|attempt| question.standing(attempt, later).is_some());
            writeln!(out, "{} {due:?} {standing:?} {}", question.is_open(), asked.is_same(later)).unwrap();
        }
    });
    insta::assert_snapshot!(lines);
}

#[test]
fn small_words() {
    let step = StepId::new("implement/p1/agent");
    let ids = [None, Some((1, "a")), Some((2, "a")), Some((1, "b"))].map(|of| short_id(&run_id(1), &step, of));
    let cut = [LONGEST - 1, LONGEST, LONGEST + 1].map(|long| shortened(&"x".repeat(long)).len());
    insta::assert_snapshot!(format!("{ids:?}\n{cut:?}\n{:?} {:?}", answer_of(true), answer_of(false)));
}
