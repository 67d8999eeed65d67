//! Role files: what they say in front, what they tell an agent, what is wrong with it.

use crate::grammar::{Grammar, disturbed, grown, lines};
use crate::one;
use coordinate_model::role::{Completion, Filling, RoleContract, check, claim, parse, schemas};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const FRONT: &Grammar<'static> = &[
    (
        "field",
        &[
            "name: ‹word›",
            "name:",
            "description: ‹text›",
            "description: ‹open›\n  ‹text›\n\t‹text›",
            "tools: ‹list›",
            "tools:\n  - ‹word›\n- \"‹word›\"\n  - ‹word›",
            "model: ‹model›",
            "contract: ‹contract›",
            "contract: ‹contract›",
            "contract: '‹contract›'",
            "inputs: ‹handed›",
            "‹limit›: ‹number›",
            "‹limit›: ‹number›",
            "budget_usd: ‹usd›",
            "‹rules›: ‹rule›, ‹rule›",
            "‹rules›:\n  - ‹rule›\n  - ‹rule›",
            "‹own›: ‹text›",
            "# a comment: ‹text›",
            "",
            "no field",
            "  - astray",
            "- ‹word›",
            "strange!name: ‹word›",
            ": ‹word›",
        ],
    ),
    ("word", &["writer", "Read", "\"Grep\"", "'x y'", "a, b", "", "\"", "'\""]),
    ("text", &["Writes a thing.", "\"Quoted: it\"", "one: two", "'half", "a - b", "[x]"]),
    ("open", &["|", ">", "|-", ">-", "|+", ">+", "||", ""]),
    ("list", &["Read, Write", "[Read, \"Write\", ]", "[]", "Read", "'Read', 'Bash'", ", ,"]),
    ("model", &["opus", "default", "inherit", "", "provider/model-1"]),
    (
        "contract",
        &["report", "overview", "plan", "debug", "summary", "output", "changes", "none", "Report", "picture", ""],
    ),
    ("handed", &["summary", "details", "full", "nothing", "Full", ""]),
    ("limit", &["idle_minutes", "hard_minutes", "budget_tokens", "budget_attempts", "Idle_Minutes", " hard_minutes"]),
    ("number", &["1", "0", "2", "30", "-1", "1.5", "4294967296", "many", "", "18446744073709551616"]),
    ("usd", &["2.50", "0", "0.000001", "0.0000001", "-1", "1e12", "NaN", "free", "1"]),
    ("rules", &["allow", "ask", "deny"]),
    ("rule", &["Bash(git push:*)", "Edit(src/**)", "WebFetch", "Read", "Bash(", "Edit()", "*"]),
    ("own", &["color", "Temperature", "my field", "x-y", "ä"]),
];

const BODY: &Grammar<'static> = &[
    (
        "block",
        &[
            "# ‹heading›\n\n",
            "## ‹heading›\n\n",
            "1. ‹task›\n2. ‹task›\n",
            "3) ‹task›\n",
            "- ‹task›\n- [ ] ‹task›\n- [x] ‹task›\n",
            "1. ‹task›\n   - ‹task›\n     1. ‹task›\n2. ‹task›\n",
            "‹sentence›\n\n",
            "‹sentence›\n‹sentence›\n\n",
            "‹intro›\n\n",
            "‹intro›\n‹sentence›\n\n",
            "```‹info›\n‹sentence›\n```\n\n",
            "‹intro›\n\n```‹info›\n{\"a\": 1}\n```\n\n# ‹heading›\n\n",
            "```json schema\n{\"type\": \"object\"}\n```\n\n",
            "End with `‹line›: PATH`.\n\n",
            "End with ‹line›.\n\n",
            "‹line›: x\n\n",
        ],
    ),
    ("heading", &["What to do", "Example", "Rules"]),
    ("info", &["", "sh", "json", "json schema", "json  schema", "json schema x", "schema json"]),
    (
        "intro",
        &[
            "Example:",
            "For example",
            "For instance this",
            "E.g. so",
            "Such as",
            "Like this",
            "As follows",
            "Write:",
            "Write this",
            "An example",
            "This is it:",
        ],
    ),
    (
        "task",
        &[
            "Read the request.",
            "Always read it.",
            "Then, finally, **write** it.",
            "You should read it.",
            "The agent reads.",
            "Reading the text.",
            "Ring the bell.",
            "Sing.",
            "Bring it.",
            "King it.",
            "Creates a file.",
            "Passes it.",
            "Reads it.",
            "Fixes it.",
            "Process it.",
            "Never",
            "...",
            "`code` first",
            "please do it",
            "Using tools",
            "Using",
            "Doing",
            "Going",
        ],
    ),
    (
        "sentence",
        &[
            "Read `‹path›` and go on.",
            "Look at ‹path› first.",
            "See (‹path›), then ‹path›.",
            "Run `‹path› and more` now.",
            "Do ‹command› now.",
            "Do \"‹command›\", or `‹command›`!",
            "Work in ‹placeholder›/x.",
            "‹placeholder› and ‹placeholder›",
            "Say {{ what",
            "‹gap›",
            "Plain words alone.",
        ],
    ),
    (
        "path",
        &[
            "src/lib.rs",
            "./run.sh",
            "../up",
            "./a",
            "../",
            "./",
            "..",
            "/tmp/x",
            "~/x",
            "$HOME/x",
            "{{project}}/x",
            "@scope/name",
            "-x/y",
            "https://a.b/c",
            "a/b c",
            "specs/{NNN}_x/*.md",
            "a|b/c",
            "and/or",
            "./é",
        ],
    ),
    (
        "command",
        &["/plan", "/plan.", "/tmp", "/a", "/ab", "/9x", "/x-y:z", "/Plan", "/usr", "/plan/x", "/p_q", "/research!"],
    ),
    ("placeholder", &["{{project}}", "{{topic}}", "{{request}}", "{{other}}", "{{}}", "{{ topic }}", "{topic}"]),
    (
        "gap",
        &[
            "[insert a name]",
            "[Fill in]",
            "<insert it>",
            "<fill in x>",
            "[TODO]",
            "TODO: it",
            "tbd: x",
            "$ARGUMENTS",
            "Lorem ipsum",
        ],
    ),
    (
        "line",
        &[
            "REPORT_CREATED",
            "OVERVIEW_CREATED",
            "PLAN_CREATED",
            "REVISION_COMPLETED",
            "DEBUG_REPORT_CREATED",
            "SUMMARY_CREATED",
            "OUTPUT_CREATED",
            "SUPERVISOR_COMPLETE",
            "PHASE_COMPLETE",
            "TESTS_PASSED",
            "TESTS_FAILED",
            "PR_CREATED",
            "SCOPE_DRIFT",
            "MY_REPORT_CREATED",
            "MYREPORT_CREATED",
        ],
    ),
];

fn file(chance: &mut Chance) -> (String, String) {
    let path = one(chance, &["writer.md", "roles/writer.md", "a\\b.md", "plain", ".md", "roles/"]).to_owned();
    let open = one(chance, &["---\n", "---\n", "---\n", "---\n", "---\n", "--- \n", "\u{feff}---\n", "", "----\n"]);
    let close = one(chance, &["\n---\n", "\n---\n", "\n---\n", "\n---\n", "\n...\n", "\n---", "\n", "\n --- \n"]);
    let mut front = String::new();
    for _ in 0..=chance.below(5) {
        front += &grown(chance, FRONT, "‹field›\n");
    }
    if chance.percent(50) {
        front += &grown(chance, FRONT, "contract: ‹contract›");
    }
    let body = if chance.percent(92) { lines(chance, BODY, "‹block›", 5) } else { String::new() };
    let text = format!("{open}{front}{close}{body}");
    (path, disturbed(chance, text, 10))
}

#[test]
fn roles() {
    let lines = readings("roles", 500, file, |(path, text), out| {
        let parsed = parse(path, text);
        let findings = check(path, text);
        let told: Vec<String> = findings.iter().map(|found| format!("{found} {}", found.is_error())).collect();
        let filling = Filling { project: "/p", topic: "/t", request: " say {{topic}} " };
        writeln!(out, "{parsed:#?}\n{told:#?}\n{:#?}\n{:?}", schemas(text), parsed.role.schema()).unwrap();
        writeln!(out, "{}\n{}", parsed.role.filled(&filling), serde_json::to_string(&parsed.role).unwrap()).unwrap();
    });
    insta::assert_snapshot!(lines);
}

const CLAIMS: &Grammar<'static> = &[
    ("claim", &["‹dress›‹name›‹dress›:‹gap›‹value›‹dress›", "‹name›: ‹value›", "‹name› ‹value›", "‹name›:‹gap›"]),
    ("dress", &["", "", "**", "`", "- ", "> ", "## ", "\"", "\t", "(", "\r"]),
    ("name", &["‹stem›‹end›", "‹stem›‹end›", "‹stem›‹end›", "‹end›", "‹stem›", "‹stem›‹end›X"]),
    ("stem", &["REPORT", "MY_OWN", "PLAN", "Plan", "R2", "TESTS", "SCOPE", "PR", ""]),
    ("end", &["_CREATED", "_COMPLETE", "_COMPLETED", "_PASSED", "_FAILED", "_DRIFT", "_DONE"]),
    ("gap", &["", " ", "  ", "\t"]),
    ("value", &["/a/b.md", "{\"a\": [1]}", "12", "*", "https://x/y", "\"q\"", "a: b"]),
];

#[test]
fn claims() {
    let make = |chance: &mut Chance| grown(chance, CLAIMS, "‹claim›");
    let lines = readings("claims", 300, make, |line, out| {
        let claim = claim(line);
        let of = claim.as_ref().map(|claim| Completion::ALL.map(|completion| claim.of(completion)));
        write!(out, "{claim:?} {of:?}").unwrap();
    });
    insta::assert_snapshot!(lines);
}

#[test]
fn words_of_contracts() {
    let completions = Completion::ALL.map(|completion| format!("{}: {}", completion.name(), completion.value()));
    let contracts = RoleContract::ALL.map(|contract| {
        let named = RoleContract::named(contract.name());
        format!("{} {:?} {:?}", contract.name(), named, contract.artifact())
    });
    insta::assert_snapshot!(format!("{}\n\n{}", completions.join("\n"), contracts.join("\n")));
}
