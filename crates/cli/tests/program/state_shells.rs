//! Any value, through every shell that is here: set in one process, loaded in another, nothing executed.

use crate::support::{PROGRAM, World};
use coordinate_testkit::Outcome;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::Path;

/// Random sets of values for each shell. Each costs four processes of a shell and a dozen of the program.
const CASES: u32 = 10;

/// Values of one case, and elements of its list.
const VALUES: usize = 6;

/// What no value may ever make.
const MARKER: &str = "marker";

struct Shell {
    program: &'static str,
    flags: &'static [&'static str],
    /// Reads the files `in-0` … into variables and sets them, and a list of all of them.
    set: fn(usize) -> String,
    /// Loads and writes the files `out-0` …, and `out-list` with NUL after each element.
    load: fn(usize) -> String,
}

const SHELLS: [Shell; 4] = [
    Shell { program: "bash", flags: &["--norc"], set: posix_set, load: array_load },
    Shell { program: "zsh", flags: &["-f"], set: posix_set, load: array_load },
    Shell { program: "dash", flags: &[], set: posix_set, load: dash_load },
    Shell { program: "fish", flags: &["--no-config"], set: fish_set, load: fish_load },
];

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn posix_set(count: usize) -> String {
    let read =
        |n| format!("v=$(cat in-{n}; printf x); v{n}=${{v%x}}\n\"$coordinate\" state set NAME_PATH{n} -- \"$v{n}\"\n");
    let words = lines(count, |n| format!(" \"$v{n}\""));
    format!("set -eu\n{}\"$coordinate\" state set --list ITEMS --{words}\n", lines(count, read))
}

fn posix_load(count: usize) -> String {
    let write = lines(count, |n| format!("printf %s \"$NAME_PATH{n}\" > out-{n}\n"));
    format!("set -eu\nITEMS=old\neval \"$(\"$coordinate\" state load)\"\n{write}")
}

fn array_load(count: usize) -> String {
    posix_load(count) + "printf '%s\\0' \"${ITEMS[@]}\" > out-list\n"
}

fn dash_load(count: usize) -> String {
    let words = lines(count, |n| format!(" \"$ITEMS_{n}\""));
    format!("{}printf '%s\\0'{words} > out-list\ntest \"$ITEMS_COUNT\" = {count}\n", posix_load(count))
}

fn fish_set(count: usize) -> String {
    let read = |n| {
        format!(
            "set v{n} (cat in-{n} | string collect --no-trim-newlines --allow-empty)\n\
             $coordinate state set NAME_PATH{n} -- \"$v{n}\"; or exit 9\n"
        )
    };
    let words = lines(count, |n| format!(" \"$v{n}\""));
    format!("{}$coordinate state set --list ITEMS --{words}; or exit 9\n", lines(count, read))
}

fn fish_load(count: usize) -> String {
    // Without `--unpath` fish would split a variable of this name at its colons.
    let write =
        lines(count, |n| format!("test (count $NAME_PATH{n}) = 1; or exit 8\nprintf %s $NAME_PATH{n} > out-{n}\n"));
    format!("$coordinate state load --fish | source; or exit 9\n{write}printf '%s\\0' $ITEMS > out-list\n")
}

/// Runs a script in a new process of a shell. Only a shell that is installed can be tested; the project's own test
/// command installs all of them.
#[track_caller]
fn run(world: &World, shell: &Shell, script: &str) -> Outcome {
    let file = world.env.root().join("script");
    std::fs::write(&file, script).unwrap();
    let mut command = world.env.command(shell.program);
    command.args(shell.flags).arg(&file).current_dir(&world.repo).env("coordinate", PROGRAM);
    command.output().expect("the shell can be started").into()
}

fn installed(shell: &Shell) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(shell.program).is_file())
}

/// Bytes that shells and their parsers treat in their own ways, and what an unquoted value would do.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let hostile: &[&[u8]] = &[
        b"\n",
        b"\n\n",
        b"'",
        b"\"",
        b"\\",
        b"\\'",
        b"$(touch marker)",
        b"`touch marker`",
        b"'; touch marker; '",
        b"\"; touch marker; \"",
        b"\ntouch marker\n",
        b"a[$(touch marker)]",
        b"${IFS}",
        b"$",
        b"!",
        b"!!",
        b"*",
        b"~",
        b"-",
        b"--",
        b":",
        b";",
        b"#",
        b" ",
        b"\t",
        b"\r\n",
        b"\x01",
        b"\x7f",
        b"\x81",
        b"\x88",
        b"\x83",
        b"\xff",
        b"\xc3",
        b"\xf0\x9f",
        "é".as_bytes(),
        "\u{fdd0}".as_bytes(),
        "\u{f601}".as_bytes(),
        "’".as_bytes(),
        b"%s%n",
    ];
    let part = prop_oneof![
        3 => prop::sample::select(hostile.to_vec()).prop_map(<[u8]>::to_vec),
        1 => vec(1_u8.., 1..20),
    ];
    vec(part, 0..8).prop_map(|parts| parts.concat())
}

fn through(shell: &Shell) {
    assert!(installed(shell), "`{}` is missing: `.ci/run` installs it", shell.program);
    let world = World::new(&[("README.md", "# A project\n")]);
    assert_eq!(world.coordinate(&["state", "init", "block"]).code, Some(0));
    let every_byte: Vec<u8> = (1..=255).collect();
    round_trip(&world, shell, &vec_of(&[&every_byte, b"", b"\n\n", b"a\n", b":a::b:", b"-n"]));
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let result = runner.run(&vec(value(), VALUES), |values| {
        round_trip(&world, shell, &values);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{}: {error}", shell.program));
}

fn vec_of(values: &[&[u8]]) -> Vec<Vec<u8>> {
    values.iter().map(|value| value.to_vec()).collect()
}

#[track_caller]
fn round_trip(world: &World, shell: &Shell, values: &[Vec<u8>]) {
    for (n, value) in values.iter().enumerate() {
        std::fs::write(world.repo.join(format!("in-{n}")), value).unwrap();
    }
    for script in [(shell.set)(values.len()), (shell.load)(values.len())] {
        let outcome = run(world, shell, &script);
        assert_eq!(outcome.code, Some(0), "{}: {outcome:#?}\n{script}", shell.program);
        assert_eq!(outcome.stderr, "", "{}", shell.program);
    }
    let read = |name: String| std::fs::read(world.repo.join(name)).unwrap();
    for (n, value) in values.iter().enumerate() {
        let found = read(format!("out-{n}"));
        assert!(found == *value, "{}: {} became {}", shell.program, value.escape_ascii(), found.escape_ascii());
    }
    let list: Vec<u8> = values.iter().flat_map(|value| [value.as_slice(), &[0]].concat()).collect();
    assert_eq!(
        read("out-list".into()).escape_ascii().to_string(),
        list.escape_ascii().to_string(),
        "{}",
        shell.program
    );
    assert_nothing_executed(world);
}

#[track_caller]
fn assert_nothing_executed(world: &World) {
    let places = [world.repo.clone(), world.env.root().to_owned(), world.env.home()];
    assert!(!places.iter().any(|place| place.join(Path::new(MARKER)).exists()), "a value was executed");
}

/// Shows S5.
#[test]
fn any_value_survives_bash() {
    through(&SHELLS[0]);
}

/// Shows S5.
#[test]
fn any_value_survives_zsh() {
    through(&SHELLS[1]);
}

/// Shows S5.
#[test]
fn any_value_survives_dash() {
    through(&SHELLS[2]);
}

/// Shows S5.
#[test]
fn any_value_survives_fish() {
    through(&SHELLS[3]);
}

/// Bash and zsh evaluate what is assigned to an integer, and that may run a command.
#[test]
fn a_variable_that_the_shell_declared_in_another_way_takes_the_value_as_it_is() {
    let world = World::new(&[("README.md", "# A project\n")]);
    world.coordinate(&["state", "init", "block"]);
    let value = "a[$(touch marker)]";
    assert_eq!(world.coordinate(&["state", "set", "K", value]).code, Some(0));
    for shell in &SHELLS[..2] {
        for declared in ["typeset -i K", "typeset -u K", "typeset -a K", "typeset -A K", "K=1"] {
            let script = format!("{declared}\neval \"$(\"$coordinate\" state load)\"\nprintf %s \"$K\"; printenv K");
            let outcome = run(&world, shell, &script);
            assert_eq!(outcome.stdout, format!("{value}{value}\n"), "{} {declared}: {outcome:#?}", shell.program);
            assert_nothing_executed(&world);
        }
    }
}

#[test]
fn a_block_without_state_fails_although_its_shell_forgets_the_status() {
    let world = World::new(&[("README.md", "# A project\n")]);
    for shell in &SHELLS {
        let script = match shell.program {
            "fish" => "$coordinate state load --fish | source; or echo failed $status",
            _ => "eval \"$(\"$coordinate\" state load)\" || echo failed $?",
        };
        let outcome = run(&world, shell, script);
        assert_eq!(outcome.stdout, "failed 2\n", "{}: {outcome:#?}", shell.program);
        assert!(outcome.stderr.contains("coordinate state init"), "{outcome:#?}");
    }
}
