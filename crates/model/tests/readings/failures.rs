//! What programs print when they fail, and what is read of it.

use crate::grammar::{Grammar, disturbed, grown};
use coordinate_model::client::Cause;
use coordinate_model::failure::diagnose::{ErrorType, diagnose};
use coordinate_model::failure::{CLASS_MARK, FailingTests, Failure, FailureClass, FailureKind, RULES, recognise};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const OUTPUT: &Grammar<'static> = &[
    (
        "line",
        &[
            "‹test›",
            "‹place›",
            "‹place›",
            "‹words›",
            "‹status›",
            "‹mark›",
            "\u{1b}[31m‹test›\u{1b}[0m",
            "\u{1b}x‹place›",
            "  ‹test›",
        ],
    ),
    (
        "test",
        &[
            "test ‹name› ... FAILED",
            "test ‹name› ... ok",
            "FAIL [   0.012s] (3/9) core::bin ‹name›",
            "FAIL [ 1s] ‹name›",
            "FAIL [ 1s ‹name›",
            "FAILED tests/test_a.py::‹name› - assert 1 == 2",
            "ERROR tests/test_b.py::‹name›",
            "FAILED ‹name›",
            "--- FAIL: ‹name›/case (0.00s)",
            "--- FAIL: ‹name› (0.00s)",
            "● ‹name› › refuses",
            "● ‹name›",
            "not ok 12 - ‹name› # time=3",
            "not ok 3 -",
            "not ok ‹name›",
            "FAIL: ‹name›",
            "FAILED: ‹name›",
            "FAIL ‹name›",
            "FAIL: ",
        ],
    ),
    (
        "name",
        &[
            "parse::empty",
            "parse::long",
            "io::a::b",
            "Login",
            "greeting.sh: hello",
            "a b",
            "m1::t",
            "m2::t",
            "m3::t",
            ":x",
            "m4",
        ],
    ),
    (
        "place",
        &[
            "  --> ‹file›:‹number›:5",
            "  File \"‹file›\", line ‹number›, in f",
            "File \"‹file›\" line ‹number›",
            "‹file›: line ‹number›: x: not found",
            "‹file›: ‹number›: x",
            "a b: ‹file›: ‹number›: x",
            "    at f (‹file›:‹number›:10)",
            "at java.x.Y.f(‹file›:‹number›)",
            "\tat org.me.Y.f(‹file›:‹number›)",
            "(‹file›:‹number›)",
            "‹file›(‹number›,3): error",
            "make: *** [‹file›:‹number›: all] Error 2",
            "make: *** [‹file›:‹number›: all",
            "make: x [‹file›:‹number›: all] Error 2",
            "‹file›:x:‹number›",
            "file://‹file›:‹number›",
            "panicked at ‹file›:‹number›:1:",
        ],
    ),
    (
        "file",
        &[
            "src/a.rs",
            "./b.py",
            "/usr/lib/x.c",
            "node_modules/y/z.js",
            "Makefile",
            "sub/GNUmakefile",
            "makefile",
            "a.RS",
            ".rs",
            "x.unknown",
            "noend",
            "/rustc/ab/lib.rs",
            "t.sh",
            "é.go",
        ],
    ),
    ("number", &["1", "12", "0", "x", "", "99999999999"]),
    (
        "words",
        &[
            "Error: no space left on device",
            "permission denied",
            "Usage limit reached, try again at 5 PM.",
            "You've hit your limit (resets in 2 h)!",
            "hit your weekly limit · resets 5am (UTC)",
            "quota exceeded resets ",
            "too many requests",
            "database is locked",
            "credit balance is too low",
            "prompt is too long",
            "all well",
            "Your limit resets at 7",
            "invalid api key",
            "model not found",
            "fetch failed",
            "weekly limit",
            "E: SyntaxError",
            "cannot find module 'x'",
            "x.h: No such file or directory",
            "deadline exceeded",
            "null pointer",
            "assertion failed",
            "ENOENT",
        ],
    ),
    (
        "status",
        &[
            "HTTP 429",
            "http/503",
            "status 500",
            "failed with status code 529",
            "api error: 502",
            "API Error 529 {}",
            "x http 408 y",
            "x status 425",
            "status code 404",
            "error: 429",
            "http 200",
            "HTTP 1.1 429",
            "code 500 x",
            "status: 504",
            "api status 429",
            "x code 503",
            "x error 500",
        ],
    ),
    ("mark", &["FAILURE_CLASS: ‹class›", " FAILURE_CLASS:‹class› ", "a FAILURE_CLASS: ‹class›"]),
    ("class", &["transient", "permanent", "fatal", "quota", ""]),
];

fn output(chance: &mut Chance) -> Vec<String> {
    let most = [1, 2, 3, 6, 14, 25][chance.below(6)];
    let line = |chance: &mut Chance| {
        let text = grown(chance, OUTPUT, "‹line›");
        disturbed(chance, text, 6)
    };
    let mut lines: Vec<String> = (0..most).map(|_| line(chance)).collect();
    if chance.percent(20) {
        let filler = 8 + chance.below(5);
        lines.extend((0..filler).map(|number| format!("more {number}")));
    }
    lines
}

#[test]
fn outputs() {
    let lines = readings("outputs", 400, output, |lines, out| {
        let mut tests = FailingTests::default();
        lines.iter().for_each(|line| tests.read(line));
        let (found, told) = (diagnose(lines), Cause::of_lines(lines));
        let said: Vec<String> = found.suggestions().collect();
        writeln!(out, "{:?}\n{found:?} {} {said:?}\n{:?}\n{told:?}", tests.groups(), found.words(), recognise(lines))
            .unwrap();
        let failure = Failure::new(FailureClass::Permanent, FailureKind::TestFailure, "it failed").diagnosed(lines);
        writeln!(out, "{failure} {failure:?}").unwrap();
        for status in [None, Some(429), Some(404)] {
            write!(out, "{:?} ", Cause::told(status, &lines.join("\n"))).unwrap();
        }
    });
    insta::assert_snapshot!(lines);
}

/// More groups and tests than are kept.
#[test]
fn many_failing_tests() {
    let make = |chance: &mut Chance| (chance.below(70), 1 + chance.below(15));
    let lines = readings("many_failing_tests", 60, make, |(groups, tests), out| {
        let mut read = FailingTests::default();
        for group in 0..*groups {
            (0..*tests).for_each(|test| read.read(&format!("test g{group}::t{test} ... FAILED")));
        }
        for group in [0, 3, 4, 63, 64] {
            read.read(&format!("test g{group}::late ... FAILED"));
        }
        write!(out, "{:?}", read.groups()).unwrap();
    });
    insta::assert_snapshot!(lines);
}

#[test]
fn words_of_failures() {
    let classes =
        FailureClass::ALL.map(|class| format!("{class} {} {:?} {}", class.name(), class.handling(), class.meaning()));
    let errors = ErrorType::ALL.map(|error| format!("{error} {}", error.suggestion()));
    let phrases: Vec<String> = RULES.iter().map(|rule| format!("{} {:?}", rule.class, rule.phrases)).collect();
    let text = [classes.as_slice(), &errors, &phrases].concat().join("\n");
    let whole = Failure::system("x").expected_found("a", "b").context(["c".to_owned()]).remedy("d");
    insta::assert_snapshot!(format!("{text}\n{CLASS_MARK}\n{whole:?}"));
}

#[test]
fn kinds_of_failures() {
    use FailureKind as Kind;
    let kinds = [
        Kind::ExitCode,
        Kind::ClientFailed,
        Kind::NoResult,
        Kind::Crash,
        Kind::NotStarted,
        Kind::IdleTimeout,
        Kind::HardTimeout,
        Kind::OutputLimit,
        Kind::MissingFile,
        Kind::EmptyFile,
        Kind::FileStillThere,
        Kind::OutsideProject,
        Kind::ContractUnmet,
        Kind::SchemaUnmet,
        Kind::PlanInvalid,
        Kind::BrokenLink,
        Kind::MissingCommit,
        Kind::NoWork,
        Kind::PlanEdited,
        Kind::HistoryRewritten,
        Kind::NoInstructions,
        Kind::TestFailure,
        Kind::RequirementUnmet,
        Kind::Conflict,
        Kind::GateRejected,
        Kind::UnmetNeeds,
        Kind::Lost,
        Kind::System,
    ];
    let told = kinds.map(|kind| format!("{kind} {} {}", serde_json::to_string(&kind).unwrap(), kind.is_of_text()));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn causes() {
    let causes = [
        Cause::LoggedOut,
        Cause::NoCredit,
        Cause::TooLong,
        Cause::UnknownModel,
        Cause::UsageLimit,
        Cause::Service,
        Cause::OwnLimit,
        Cause::Interrupted,
        Cause::Machine,
        Cause::Other,
    ];
    let told = causes.map(|cause| format!("{cause:?} {} {} {}", cause.class(), cause.meaning(), cause.remedy("it")));
    let statuses = [200, 401, 402, 403, 404, 408, 413, 425, 429, 499, 500, 529, 599, 600];
    let by_status = statuses.map(|status| format!("{status} {:?}", Cause::told(Some(status), "what?")));
    insta::assert_snapshot!([told.as_slice(), &by_status].concat().join("\n"));
}
