//! `config`: which layer wins, contexts, older files, changes.

use crate::support::World;
use crate::support::redact::{redacted, whole};
use coordinate_testkit::Outcome;

const PROJECT: &str = "\
# Ours.
max_parallel = 4 # cores

[context.ci]
max_parallel = 7
agent.idle_seconds = 30

[context.night]
agent.name = \"offline\"
";
const OLD: &str = "coordinate:\n  parallel_research_agents: 2\nauto_create_debug: no\nlog_level: debug\n";

fn world() -> World {
    World::new(&[(".coordinate/config.toml", PROJECT)])
}

/// Writes a file of the user.
#[track_caller]
fn user(world: &World, path: &str, text: &str) {
    let path = world.env.root().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn with(world: &World, variables: &[(&str, &str)], arguments: &[&str]) -> Outcome {
    world.command(arguments).envs(variables.iter().copied()).output().unwrap().into()
}

/// Several calls as one text.
#[track_caller]
fn shows(name: &str, world: &World, calls: &[&[&str]]) {
    let text = calls.iter().map(|call| format!("$ coordinate {}\n{}", call.join(" "), whole(&world.coordinate(call))));
    redacted(world, || insta::assert_snapshot!(name, text.collect::<String>()));
}

/// Shows S21.
#[test]
fn each_layer_beats_the_one_below_it() {
    let world = World::new(&[]);
    let seen = |variables: &[(&str, &str)], flags: &[&str]| {
        let outcome = with(&world, variables, &[&["config", "get", "default_scope", "--show-origin"], flags].concat());
        let stdout = outcome.stdout.replace(&world.repo.display().to_string(), "[repo]");
        stdout.replace(&world.env.root().display().to_string(), "[root]").trim_end().to_owned()
    };
    assert_eq!(seen(&[], &[]), "", "it has no default");
    user(&world, "home/.config/claude/coordinate.yml", "default_scope: old-user\n");
    assert_eq!(seen(&[], &[]), "old-user  ([root]/home/.config/claude/coordinate.yml)");
    user(
        &world,
        "config/coordinate/config.toml",
        "default_scope = \"user\"\n[context.ci]\ndefault_scope = \"user-ci\"\n",
    );
    assert_eq!(seen(&[], &[]), "user  ([root]/config/coordinate/config.toml)");
    world.write(".claude/config/coordinate.yml", "default_scope: 'old-project'\n");
    assert_eq!(seen(&[], &[]), "old-project  ([repo]/.claude/config/coordinate.yml)");
    world.write(".coordinate/config.toml", "default_scope = \"project\"\n");
    assert_eq!(seen(&[], &[]), "project  ([repo]/.coordinate/config.toml)");
    let ci = ("COORDINATE_CONTEXT", "ci");
    assert_eq!(seen(&[ci], &[]), "user-ci  (context `ci` in [root]/config/coordinate/config.toml)");
    world.write(".coordinate/config.toml", "[context.ci]\ndefault_scope = \"ci\"\n[context.night]\n");
    assert_eq!(seen(&[ci], &[]), "ci  (context `ci` in [repo]/.coordinate/config.toml)");
    let variable = ("COORDINATE_DEFAULT_SCOPE", "variable");
    assert_eq!(seen(&[ci, variable], &[]), "variable  (environment variable COORDINATE_DEFAULT_SCOPE)");
    assert_eq!(seen(&[ci, variable], &["-c", "default_scope=flag"]), "flag  (flag -c)");
}

#[test]
fn a_context_is_chosen_for_the_project_or_by_the_environment() {
    let world = world();
    user(&world, "config/coordinate/config.toml", "[context.ci]\nagent.grace_seconds = 1\n");
    shows(
        "config_contexts",
        &world,
        &[
            &["config", "contexts"],
            &["config", "use-context", "cj"],
            &["config", "use-context", "ci"],
            &["config", "contexts"],
            &["config", "contexts", "--json"],
            &["config", "--show-origin"],
            &["config", "get", "max_parallel", "--json"],
        ],
    );
    assert_eq!(world.git(&["status", "--porcelain"]), "", "the choice is in version control");
    let stronger = with(&world, &[("COORDINATE_CONTEXT", "night")], &["config", "get", "agent.name"]);
    assert_eq!(whole(&stronger), "--- stdout\noffline\n--- exit 0\n");
    let told = with(&world, &[("COORDINATE_CONTEXT", "night")], &["config", "use-context", "ci"]);
    assert_eq!(told.stderr, "but environment variable COORDINATE_CONTEXT chooses `night` here, and is stronger\n");
    let empty = with(&world, &[("COORDINATE_CONTEXT", "")], &["config", "get", "max_parallel"]);
    assert_eq!(empty.stdout, "7\n", "an empty variable is no choice");
    let unknown = with(&world, &[("COORDINATE_CONTEXT", "nihgt")], &["ps"]);
    assert_eq!(unknown.code, Some(0), "what reads no configuration needs no context");
    let unknown = with(&world, &[("COORDINATE_CONTEXT", "nihgt")], &["config"]);
    redacted(&world, || insta::assert_snapshot!("config_unknown_context", whole(&unknown)));
    world.write(".coordinate/config.toml", "");
    user(&world, "config/coordinate/config.toml", "");
    shows(
        "config_context_gone",
        &world,
        &[
            &["config"],
            &["config", "contexts"],
            &["config", "use-context", "--unset"],
            &["config", "use-context", "--unset"],
            &["config", "use-context", "ci"],
            &["config", "get", "max_parallel"],
        ],
    );
}

#[test]
fn mistakes_in_contexts_are_named_whether_they_are_chosen_or_not() {
    let world = world();
    let mut text = String::new();
    for file in [
        "[context.ci]\nmax_paralell = 1\n",
        "[context.ci]\nmax_parallel = \"x\"\n",
        "context = 1\n",
        "context.ci = 1\n",
    ] {
        world.write(".coordinate/config.toml", file);
        text.push_str(&format!("{file}{}", whole(&world.coordinate(&["config"]))));
    }
    redacted(&world, || insta::assert_snapshot!("config_bad_contexts", text));
}

/// Shows S21.
#[test]
fn older_files_are_read_with_a_notice_until_they_are_imported() {
    let world = world();
    world.write(".claude/config/coordinate.yml", OLD);
    user(&world, "home/.config/claude/coordinate.yml", "default_scope: research-only\nauto_create_debug: true\n");
    shows(
        "config_older_files",
        &world,
        &[
            &["config", "--show-origin"],
            &["config", "get", "parallel_research_agents", "--json"],
            &["scope", "the dashboard"],
            &["migrate", "--dry-run"],
            &["migrate"],
            &["migrate"],
            &["config", "--show-origin"],
        ],
    );
    assert_eq!(world.read(".claude/config/coordinate.yml"), OLD, "the older file stays");
    redacted(&world, || insta::assert_snapshot!("config_imported_file", world.read(".coordinate/config.toml")));
}

#[test]
fn older_files_with_mistakes_are_named_with_the_line() {
    let world = world();
    let mut text = String::new();
    for file in ["a: 1\n\tb: 2\n", "x: y\nparallel_research_agents: many\n", "auto_create_debug: [no]\n"] {
        world.write(".claude/config/coordinate.yml", file);
        text.push_str(&format!("{file}{}", whole(&world.coordinate(&["config"]))));
    }
    redacted(&world, || insta::assert_snapshot!("config_bad_older_files", text));
}

#[test]
fn a_value_is_written_and_the_rest_of_the_file_stays() {
    let world = world();
    shows(
        "config_set",
        &world,
        &[
            &["config", "set", "max_parallel", "6"],
            &["config", "set", "test.command", "make check"],
            &["config", "set", "context.night.agent.command", "[\"a\", \"b\"]"],
            &["config", "set", "--user", "max_parallel", "2"],
            &["config", "set", "max_parallel", "many"],
            &["config", "set", "max_paralell", "1"],
            &["config", "set", "auto_create_debug", "no"],
            &["config", "get", "agent.hard_seconds"],
            &["config", "get", "agent.idle"],
        ],
    );
    redacted(&world, || insta::assert_snapshot!("config_set_file", world.read(".coordinate/config.toml")));
    let users = std::fs::read_to_string(world.env.root().join("config/coordinate/config.toml")).unwrap();
    assert_eq!(users, "max_parallel = 2\n");
    world.write(".coordinate/config.toml", "max_parallel = ");
    assert_eq!(world.coordinate(&["config", "set", "max_parallel", "1"]).code, Some(2));
    assert_eq!(world.read(".coordinate/config.toml"), "max_parallel = ", "a file that can not be read is not changed");
}

#[test]
fn a_run_keeps_what_it_was_told_about_research_and_debugging() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let options = |arguments: &[&str]| {
        let outcome = world.run_authored(&[arguments, &["research the parser and the lexer"]].concat());
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        let shown = world.show();
        let told = ["max_research", "auto_create_debug"].map(|name| shown["options"].get(name).cloned());
        told.map(|value| value.map_or_else(|| "-".to_owned(), |value| value.to_string()))
    };
    assert_eq!(options(&[]), ["-", "-"], "a run as before is written as before");
    assert_eq!(options(&["-c", "parallel_research_agents=1", "-c", "auto_create_debug=false"]), ["1", "false"]);
    assert_eq!(options(&["-c", "parallel_research_agents=0"]), ["-", "-"], "0 is no limit");
}
