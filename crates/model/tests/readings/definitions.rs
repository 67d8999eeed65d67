//! Workflow definitions: small ones, with what may be wrong with them, and such as build on others.

use crate::grammar::{Grammar, disturbed, grown};
use crate::one;
use coordinate_model::definition::{Definition, Handed, Scope, Source, StateName};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const BASE: &str = r#"format = 1
name = "base"
description = "d"
initial = "begin"
complete = "end"

[scope.full-implementation]
first = "work"
last = "check"

[scope.research-only]
first = "look"
last = "look"

[state.begin]
to = ["look", "work"]

[state.look]
to = ["work", "end"]
on_success = "work"

[[state.look.step]]
id = "report"
kind = "agent"
role = "looker"
for_each = "topics"
writes = "report"

[[state.look.step]]
id = "lead"
kind = "sub-run"
for_each = "tracks"

[state.work]
to = ["check", "mend", "end"]
on_success = "check"
on_failure = "mend"

[[state.work.step]]
id = "agent"
kind = "agent"
role = "worker"
for_each = "phases"

[[state.work.step]]
id = "check"
kind = "check"
for_each = "phases"
needs = ["agent"]

[state.check]
to = ["end", "mend"]
on_success = "end"
on_failure = "mend"

[[state.check.step]]
id = "change"
kind = "agent"
role = "planner"
for_each = "replans"
writes = "replan"

[state.mend]
to = ["check", "end"]
on_success = "check"

[[state.mend.step]]
id = "fix"
kind = "agent"
role = "fixer"

[state.end]
to = []
"#;

const CHANGES: &Grammar<'static> = &[
    (
        "step",
        &[
            "\n[[state.‹state›.step]]\nid = \"‹id›\"\nkind = \"‹kind›\"\n",
            "\n[[state.‹state›.step]]\nid = \"‹id›\"\nkind = \"‹kind›\"\n‹more›",
            "\n[[state.‹state›.step]]\nid = \"‹id›\"\nkind = \"‹kind›\"\n‹more›‹other›",
            "\n[[state.‹state›.step]]\nid = \"‹id›\"\nkind = \"agent\"\nrole = \"x\"\n‹other›‹third›",
            "\n[[state.‹state›.step]]\nid = \"‹id›\"\nkind = \"‹kind›\"\nrole = \"x\"\nrun = [\"a\"]\nquestion = \"q\"\n‹other›‹third›",
        ],
    ),
    ("state", &["begin", "look", "work", "check", "mend", "end"]),
    ("id", &["a", "b-2", "agent", "report", "Big", "", "x_y", "9"]),
    ("kind", &["agent", "command", "check", "gate", "merge", "sub-run", "agent", "dance"]),
    (
        "more",
        &[
            "role = \"x\"\n",
            "run = [\"a\"]\n",
            "action = \"‹action›\"\n",
            "question = \"q\"\n",
            "needs = [\"‹id›\"]\n",
            "retry = { tries = ‹count›, base_ms = 5 }\n",
        ],
    ),
    (
        "other",
        &[
            "for_each = \"‹each›\"\n",
            "timeout_minutes = ‹count›\n",
            "inputs = \"full\"\n",
            "when = { fix = true }\n",
            "when = { nothing = 1 }\n",
            "",
        ],
    ),
    ("third", &["writes = \"‹writes›\"\n", "writes = \"‹writes›\"\n", "action = \"‹action›\"\n", ""]),
    ("each", &["phases", "topics", "replans", "failing_tests", "tracks", "days"]),
    ("writes", &["report", "overview", "plan", "revision", "debug", "replan", "output", "verdict", "song"]),
    ("action", &["summary", "deliver", "replan", "link", "pull_request"]),
    ("count", &["0", "1", "7"]),
    (
        "swap",
        &[
            "format = 1>format = 2",
            "initial = \"begin\">initial = \"‹state›\"",
            "initial = \"begin\">initial = \"away\"",
            "complete = \"end\">complete = \"‹state›\"",
            "complete = \"end\">complete = \"away\"",
            "first = \"work\">first = \"‹state›\"",
            "first = \"work\">first = \"look\"\nfirst_with_plan = \"‹state›\"",
            "first = \"work\">first = \"look\"\nfirst_with_plan = \"away\"",
            "last = \"check\">last = \"‹state›\"",
            "last = \"look\">last = \"away\"",
            "to = [\"look\", \"work\"]>to = [\"‹state›\"]",
            "to = [\"work\", \"end\"]>to = [\"‹state›\", \"end\"]",
            "to = [\"check\", \"end\"]>to = [\"‹state›\"]",
            "to = [\"check\", \"end\"]>to = []",
            "to = []>to = [\"‹state›\"]",
            "on_success = \"work\">on_success = \"‹state›\"",
            "on_success = \"check\">on_success = \"‹state›\"",
            "on_success = \"check\"\n>",
            "on_failure = \"mend\">on_failure = \"‹state›\"",
            "on_failure = \"mend\">on_failure = \"away\"",
            "[scope.full>[policy]\nmax_parallel = ‹count›\ndebug_rounds = 1\nfail_fast = true\n\n[scope.full",
            "role = \"worker\"\n>",
            "kind = \"check\">kind = \"‹kind›\"",
            "for_each = \"phases\"\nneeds>for_each = \"‹each›\"\nneeds",
            "for_each = \"tracks\">for_each = \"‹each›\"",
            "for_each = \"topics\">for_each = \"‹each›\"",
            "writes = \"replan\">writes = \"‹writes›\"",
            "needs = [\"agent\"]>needs = [\"‹id›\"]",
            "role = \"fixer\">role = \"fixer\"\nwrites = \"‹writes›\"",
            "role = \"fixer\">role = \"fixer\"\nwrites = \"debug\"\nfor_each = \"failing_tests\"",
            "role = \"fixer\">role = \"fixer\"\nwrites = \"output\"",
            "role = \"worker\"\nfor_each>role = \"worker\"\nwrites = \"verdict\"\nfor_each",
            "[state.end]>[state.lone]\nto = [\"‹state›\"]\n\n[state.end]",
            "[state.end]\n>",
            "[state.mend]>[state.mend]\ncarry = \"paths\"",
            "name = \"base\">name = 3",
            "[state.look]>[state.look]\nunknown = 1",
            "nothing>nothing",
        ],
    ),
];

/// The base with some changes of it.
fn changed(chance: &mut Chance) -> String {
    let mut text = BASE.to_owned();
    for _ in 0..chance.below(3) {
        let swap = grown(chance, CHANGES, "‹swap›");
        let (old, new) = swap.split_once('>').unwrap();
        text = text.replacen(old, new, 1);
    }
    for _ in 0..chance.below(3) {
        text += &grown(chance, CHANGES, "‹step›");
    }
    disturbed(chance, text, 4)
}

fn tell(definition: &Definition, source: &Source, out: &mut String) {
    writeln!(out, "{}", serde_json::to_string(definition).unwrap()).unwrap();
    writeln!(out, "{:?} {:?} {:?}", definition.debugger(), definition.replanner(), definition.roles()).unwrap();
    writeln!(out, "{:?}", definition.unknown_roles(source, |role| role == "worker" || role == "looker")).unwrap();
    for (name, state) in &definition.state {
        let handed: Vec<Handed> = state.steps.iter().map(|step| step.handed(None)).collect();
        let asked: Vec<Handed> = state.steps.iter().map(|step| step.handed(Some(Handed::Full))).collect();
        writeln!(out, "{name} {:?} {handed:?} {asked:?}", state.carries()).unwrap();
        for scope in Scope::ALL {
            let next = [false, true].map(|plan| definition.next_state(scope, plan, name));
            writeln!(out, "{scope} {next:?}").unwrap();
        }
        let to = definition.transition(name, &StateName("end".to_owned()));
        writeln!(out, "{:?}", to.map_err(|error| error.to_string())).unwrap();
    }
}

#[test]
fn definitions() {
    let lines = readings("definitions", 600, changed, |text, out| match Definition::parse("x.toml", text) {
        Ok(definition) => tell(&definition, &Source { file: None, text: text.clone() }, out),
        Err(error) => write!(out, "{error}\n{:?}", error.problems).unwrap(),
    });
    insta::assert_snapshot!(lines);
}

const LAYERS: &Grammar<'static> = &[
    ("layer", &["‹head›‹table›", "‹head›‹table›‹table›", "‹head›", "‹head›‹table›‹table›‹table›"]),
    (
        "head",
        &[
            "format = 1\nextends = \"‹base›\"\n",
            "format = 1\nextends = \"‹base›\"\nname = \"own\"\n",
            "format = 1\nextends = \"‹base›\"\nscopes = [‹scopes›]\n",
            "format = 1\nextends = \"‹base›\"\nscopes = [‹scopes›]\ninitial = \"begin\"\n",
            "extends = \"base\"\n",
            "format = 2\nextends = \"base\"\n",
            "format = 1\nextends = 1\n",
            "format = 1\nextends = \"base\"\nscopes = \"look\"\n",
            "format = 1\nscopes = [‹scopes›]\n",
        ],
    ),
    ("base", &["base", "base", "base", "base", "ring", "own", "away", "broken"]),
    (
        "scopes",
        &[
            "\"research-only\"",
            "\"full-implementation\"",
            "\"research-only\", \"full-implementation\"",
            "",
            "1",
            "\"dance\"",
        ],
    ),
    (
        "table",
        &[
            "\n[policy]\nmax_parallel = 1\n",
            "\n[policy]\nmax_parallel = 2\ndebug_rounds = 0\nfail_fast = true\n",
            "\n[state.work]\nto = [\"end\", \"look\"]\non_success = \"end\"\n",
            "\n[state.own]\nto = [\"end\"]\n",
            "\n[[state.mend.step]]\nid = \"own\"\nkind = \"command\"\nrun = [\"a\"]\n",
            "\n[scope.research-only]\nlast = \"work\"\n",
            "\n[scope.debug-only]\nfirst = \"work\"\nlast = \"work\"\n",
            "\n[state.look]\non_failure = \"work\"\n",
            "\n[state]\ncheck = 1\n",
        ],
    ),
];

#[test]
fn layers() {
    let make = |chance: &mut Chance| {
        let text = grown(chance, LAYERS, "‹layer›");
        (text, one(chance, &["base", "base", "base", "broken"]))
    };
    let lines = readings("layers", 400, make, |(text, base), out| {
        let source = |file: &str, text: &str| Source { file: Some(file.to_owned()), text: text.to_owned() };
        let own = source("own.toml", text);
        let library = |name: &str| match name {
            "base" if *base == "broken" => {
                vec![source("base.toml", &BASE.replace("last = \"look\"", "last = \"away\""))]
            }
            "base" => vec![source("base.toml", BASE)],
            "ring" => vec![source("ring.toml", "format = 1\nextends = \"own\"\nname = \"ring\"\n")],
            "own" => vec![own.clone(), source("below.toml", BASE)],
            "broken" => vec![source("broken.toml", "format = 1\n\nextends = ")],
            _ => Vec::new(),
        };
        match Definition::resolve(&own, &library) {
            Ok(definition) => tell(&definition, &own, out),
            Err(error) => write!(out, "{error}\n{:?}", error.problems).unwrap(),
        }
    });
    insta::assert_snapshot!(lines);
}
