//! Outputs as tools print them, and what they tell.

use super::*;

#[track_caller]
fn check(text: &str, error: Option<ErrorType>, place: Option<&str>) {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let found = diagnose(&lines);
    assert_eq!((found.error, found.place.as_ref().map(ToString::to_string).as_deref()), (error, place), "{text}");
}

use ErrorType::{Import, MissingFile, Null, Permission, Syntax, TestFailure, Timeout};

#[test]
fn rust() {
    check("error: expected `;`, found `}`\n --> src/main.rs:3:18\n  |", Some(Syntax), Some("src/main.rs:3"));
    check("error[E0432]: unresolved import `a::b`\n --> src/lib.rs:1:5", Some(Import), Some("src/lib.rs:1"));
    check(
        "thread 't' panicked at src/lib.rs:9:5:\nassertion `left == right` failed",
        Some(TestFailure),
        Some("src/lib.rs:9"),
    );
    check(
        "thread 't' panicked at /rustc/59807616/library/core/src/option.rs:5:5:\ncalled `Option::unwrap()` on a `None` value\n\
         3: app::f\n at ./src/f.rs:4:1",
        Some(Null),
        Some("src/f.rs:4"),
    );
}

#[test]
fn python() {
    check("  File \"app/x.py\", line 3\n    def f(:\nSyntaxError: invalid syntax", Some(Syntax), Some("app/x.py:3"));
    check(
        "Traceback (most recent call last):\n  File \"/usr/lib/python3.12/runpy.py\", line 198, in _run\n  \
         File \"/home/user/app/x.py\", line 7, in f\nModuleNotFoundError: No module named 'y'",
        Some(Import),
        Some("/home/user/app/x.py:7"),
    );
    check(
        "E   assert 1 == 2\ntests/test_x.py:12: AssertionError\nFAILED tests/test_x.py::t",
        Some(TestFailure),
        Some("tests/test_x.py:12"),
    );
    check("AttributeError: 'NoneType' object has no attribute 'x'", Some(Null), None);
    check("PermissionError: [Errno 13] denied: 'x'", Some(Permission), None);
}

#[test]
fn javascript() {
    check("src/a.ts(3,14): error TS1005: ';' expected.", Some(Syntax), Some("src/a.ts:3"));
    check("src/a.ts:3:14 - error TS2307: Cannot find module './b'.", Some(Import), Some("src/a.ts:3"));
    check(
        "TypeError: Cannot read properties of undefined (reading 'x')\n    at node:internal/main.js:28:49\n    \
         at f (/home/user/node_modules/jest/run.js:1:1)\n    at Object.<anonymous> (/home/user/src/a.test.js:5:3)",
        Some(Null),
        Some("/home/user/src/a.test.js:5"),
    );
    check(
        "\u{1b}[31m● a › b\u{1b}[0m\nexpect(received).toBe(expected)\nat Object.t (src/a.test.js:2:20)",
        Some(TestFailure),
        Some("src/a.test.js:2"),
    );
    check("thrown: Exceeded timeout of 5000 ms for a test.", Some(Timeout), None);
}

#[test]
fn others() {
    check("./main.go:4:2: syntax error: unexpected }", Some(Syntax), Some("main.go:4"));
    check("main.go:4:2: no required module provides package example.org/x", Some(Import), Some("main.go:4"));
    check("--- FAIL: TestA (0.00s)\n    a_test.go:8: got 1", Some(TestFailure), Some("a_test.go:8"));
    check(
        "panic: runtime error: invalid memory address or nil pointer dereference\n\t/usr/local/go/src/a.go:3 +0x1\n\t/home/user/b.go:9 +0x2",
        Some(Null),
        Some("/home/user/b.go:9"),
    );
    check("x.c:3:5: error: expected ';' before 'return'", Some(Syntax), Some("x.c:3"));
    check("x.c:1:10: fatal error: y.h: No such file or directory", Some(Import), Some("x.c:1"));
    check("Makefile:2: *** missing separator.  Stop.", Some(Syntax), Some("Makefile:2"));
    check("make: *** No rule to make target 'x'.  Stop.", Some(MissingFile), None);
    check("2\nmake: *** [Makefile:2: test] Error 1", None, None);
    check("A.java:3: error: ';' expected", Some(Syntax), Some("A.java:3"));
    check(
        "java.lang.NullPointerException\n\tat java.base/java.util.Objects.x(Objects.java:2)\n\tat org.acme.A.f(A.java:7)",
        Some(Null),
        Some("A.java:7"),
    );
    check("./run.sh: line 3: foo: command not found", Some(MissingFile), Some("run.sh:3"));
    check("run.sh: 3: foo: not found", Some(MissingFile), Some("run.sh:3"));
    check("bash: ./run.sh: Permission denied", Some(Permission), None);
    check("cat: x: No such file or directory", Some(MissingFile), None);
}

#[test]
fn what_is_no_place() {
    check("listening on 127.0.0.1:8080, see http://example.org:443/x and example.com:80", None, None);
    check("took 3:04, ratio 1.5:1, x.rs:0, .rs:3, a.b:3", None, None);
    check("", None, None);
    check("é:3 ü.rs:4", None, Some("ü.rs:4"));
    check("only /usr/lib/python3/x.py:3 is named", None, Some("/usr/lib/python3/x.py:3"));
}

#[test]
fn a_diagnosis_says_what_to_try() {
    let found = diagnose(&["src/a.rs:3:1: error: expected item".to_owned()]);
    assert_eq!(found.words(), "a syntax error at src/a.rs:3");
    assert_eq!(found.suggestions().next().as_deref(), Some("begin at `src/a.rs:3`"));
    assert_eq!(found.suggestions().count(), 2);
    let nothing = diagnose(&[]);
    assert_eq!((nothing.words().as_str(), nothing.suggestions().count()), ("", 0));
}

proptest::proptest! {
    #[test]
    fn no_output_breaks_it(text in "[ -~é\u{1b}\n(:./]{0,200}") {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let _ = diagnose(&lines).words();
        let _ = super::super::recognise(&lines);
    }
}
