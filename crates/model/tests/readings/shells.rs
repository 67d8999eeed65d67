//! What shells hold: files of assignments, names, and values written for each shell.

use crate::grammar::{Grammar, disturbed, grown, lines};
use coordinate_model::shell::{
    Dialect, Value, VariableName, Variables, WorkflowId, base64, from_base64, posix_word, read, render,
};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const FILE: &Grammar<'static> = &[
    (
        "line",
        &[
            "‹set›‹end›",
            "‹set›‹end›",
            "‹set›‹end›",
            "‹before› ‹set›‹end›",
            "‹before› ‹flag› ‹set› ‹set›‹end›",
            "‹before› ‹name›‹end›",
            "‹before› ‹name› ‹set›‹end›",
            "‹set› ‹word›‹end›",
            "‹set› ‹set›‹gap›# a ‹name›=1 comment‹end›",
            "# ‹name›=1\n",
            "‹name›=(1 ‹word›\n2)‹end›",
            "‹name›=(‹word›",
            "‹word› ‹set›‹end›",
            "‹gap›‹end›",
            "f() { ‹set›; }‹end›",
        ],
    ),
    ("set", &["‹name›=‹word›", "‹name›=‹word›", "‹name›=‹word›", "‹name›=", "‹name›=‹word›=‹word›"]),
    ("before", &["export", "declare", "typeset", "local", "'export'", "readonly", "exportt", "export=1"]),
    ("flag", &["-x", "-gx", "-r -x", "--", "+x", "-x=1"]),
    ("end", &["\n", "\n", "\n", ";", "; ", "\r\n", " & ", " | ", " && ", "\r", "\n\n", ""]),
    ("gap", &[" ", "\t", "  ", "", " \r "]),
    ("name", &["A", "b_1", "_x", "9a", "A-B", "PATH", "IFS", "LD_X", "É", "REPORT_PATH", "'A'"]),
    ("word", &["‹part›", "‹part›", "‹part›‹part›", "‹part›‹part›‹part›"]),
    (
        "part",
        &[
            "v",
            "plain",
            "'‹single›'",
            "\"‹double›\"",
            "$'‹ansi›'",
            "$\"‹double›\"",
            "‹expansion›",
            "\\‹any›",
            "'open",
            "\"open",
            "$'open",
            "=",
            "#",
            "é",
            "\0",
        ],
    ),
    ("single", &["", "a b", "\"$x\"", "\\n", "\n", "`"]),
    ("double", &["", "‹in›", "‹in›‹in›", "‹in›‹in›‹in›"]),
    ("in", &["a b", "'", "‹expansion›", "\\‹any›", "\n", "#;&", "(", "{"]),
    ("any", &["n", "\"", "\\", "$", "`", "\n", "'", " ", "q", ""]),
    ("ansi", &["", "‹escape›", "‹escape›a‹escape›", "‹escape›‹escape›1‹escape›"]),
    (
        "escape",
        &[
            "\\a",
            "\\b",
            "\\e",
            "\\E",
            "\\f",
            "\\n",
            "\\r",
            "\\t",
            "\\v",
            "\\\\",
            "\\'",
            "\\\"",
            "\\?",
            "\\cA",
            "\\c?",
            "\\ca",
            "\\0",
            "\\7",
            "\\101",
            "\\1011",
            "\\400",
            "\\8",
            "\\x4",
            "\\x41",
            "\\x411",
            "\\xg",
            "\\u00e4",
            "\\u00e41",
            "\\u4",
            "\\ud800",
            "\\uz",
            "\\U0001f600",
            "\\U0001f6001",
            "\\U110000",
            "\\q",
            "\\",
            "x",
            "\"",
        ],
    ),
    (
        "expansion",
        &[
            "$X",
            "$",
            "$(‹command›)",
            "${X:-‹command›}",
            "`‹command›`",
            "$(‹command›",
            "${‹command›",
            "`",
            "$((1 + ‹command›))",
            "$(a; (‹command›) b)",
        ],
    ),
    (
        "command",
        &[
            "echo a",
            "echo ')' x",
            "echo \")\" x",
            "echo \"'\" )",
            "echo '\"' y",
            "echo \"$(‹command›) (\" z",
            "echo \"(\" z",
            "echo '\\' z",
            "echo \\) z",
            "echo \\' z",
            "echo {a} z",
            "echo \"${X:-‹command›}\" z",
            "echo \"{\" z",
            "echo `‹command›` z",
            "echo \"`‹command›`\" z",
            "echo '`' z",
            "echo (‹command›) z",
        ],
    ),
];

fn file(chance: &mut Chance) -> String {
    let text = lines(chance, FILE, "‹line›", 5);
    disturbed(chance, text, 15)
}

#[test]
fn assignments() {
    let lines = readings("assignments", 600, file, |file, out| write!(out, "{:#?}", read(file.as_bytes())).unwrap());
    insta::assert_snapshot!(lines);
}

const NAMES: &Grammar<'static> = &[
    ("name", &["‹word›", "‹word›_‹word›", "‹first›‹word›", "‹family›‹word›", "‹word›‹odd›", "‹odd›"]),
    ("first", &["_", "9", "-", "=", ".", "é", "A", "z"]),
    ("odd", &["", " ", "-", ".", "=", "\n", "é", "/", "[0]"]),
    ("family", &["BASH", "DYLD_", "FISH_", "LD_", "ZSH_", "__fish", "dis_", "fish_", "functions_", "zsh_", "BAS"]),
    ("word", &["A", "path", "PATH", "RANDOM", "COUNT", "x9", "PS1", "IFS", "_", "HOME", "UID", "status", "aliases"]),
];

#[test]
fn names() {
    let make = |chance: &mut Chance| {
        let name = grown(chance, NAMES, "‹name›");
        let times = [1, 1, 1, 13, 16, 33][chance.below(6)];
        name.repeat(times)
    };
    let lines = readings("names", 300, make, |name, out| {
        let (variable, id) = (name.parse::<VariableName>(), name.parse::<WorkflowId>());
        let told = [
            variable.as_ref().map_or_else(ToString::to_string, ToString::to_string),
            id.as_ref().map_or_else(ToString::to_string, |id| format!("{id} {}", id.as_str())),
            WorkflowId::nearest(name).to_string(),
        ];
        write!(out, "{told:#?}").unwrap();
    });
    insta::assert_snapshot!(lines);
}

fn bytes(chance: &mut Chance) -> Vec<u8> {
    const PIECES: [&[u8]; 12] =
        [b"a", b"it's", b"\"", b"\\", b"$(x)", b"`", b"\n", b"\xff", "é".as_bytes(), b" ", b"~\x7f", b"\x1f%"];
    (0..chance.below(5)).flat_map(|_| PIECES[chance.below(PIECES.len())].to_vec()).collect()
}

fn variables(chance: &mut Chance) -> Variables {
    let names = ["A", "LIST", "A_0", "X_PATH", "z"];
    let mut variables = Variables::new();
    for _ in 0..chance.below(4) {
        let name = names[chance.below(names.len())].parse().unwrap();
        let value = match chance.below(3) {
            0 => Value::List((0..chance.below(4)).map(|_| bytes(chance)).collect()),
            _ => Value::Text(bytes(chance)),
        };
        variables.insert(name, value);
    }
    variables
}

#[test]
fn values() {
    let lines = readings("values", 300, variables, |variables, out| {
        for dialect in [Dialect::Posix, Dialect::Fish, Dialect::PowerShell] {
            let text = render(dialect, variables);
            let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
            writeln!(out, "{text:#?}").unwrap();
        }
        let json: Vec<String> = variables.values().map(|value| serde_json::to_string(value).unwrap()).collect();
        writeln!(out, "{json:#?}").unwrap();
    });
    insta::assert_snapshot!(lines);
}

/// What base64 makes, and what it takes back: also of texts that it did not make.
#[test]
fn encodings() {
    let make = |chance: &mut Chance| {
        let bytes: Vec<u8> = (0..chance.below(9)).map(|_| chance.draw().to_le_bytes()[0]).collect();
        (bytes.clone(), disturbed(chance, base64(&bytes), 40))
    };
    let lines = readings("encodings", 200, make, |(bytes, text), out| {
        write!(out, "{} {:?} {:?}", base64(bytes), from_base64(text), posix_word(bytes)).unwrap();
    });
    insta::assert_snapshot!(lines);
}
