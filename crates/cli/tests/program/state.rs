//! `state`: what blocks of one workflow hand to one another.

use crate::support::{Started, World};
use coordinate_testkit::Outcome;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

fn world() -> World {
    World::new(&[("README.md", "# A project\n")])
}

/// A project with state of these workflows.
fn with(ids: &[&str]) -> World {
    let world = world();
    for id in ids {
        assert_eq!(world.coordinate(&["state", "init", id]).stdout, format!("{id}\n"));
    }
    world
}

#[track_caller]
fn ok(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    &outcome.stdout
}

#[track_caller]
fn refused(outcome: &Outcome, words: &[&str]) {
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:#?}");
    for word in words {
        assert!(outcome.stderr.contains(word), "no `{word}` in {outcome:#?}");
    }
}

#[test]
fn a_later_block_finds_what_an_earlier_one_left() {
    let world = with(&["w"]);
    let state = |words: &[&str]| world.coordinate(&[&["state"], words].concat());
    ok(&state(&["set", "A", "one"]));
    ok(&state(&["set", "L", "x", "y z"]));
    ok(&state(&["append", "L", "--", "-v"]));
    assert_eq!(ok(&state(&["get", "A"])), "one\n");
    assert_eq!(ok(&state(&["get", "L"])), "x\ny z\n-v\n");
    assert_eq!(ok(&state(&["get", "--null", "L"])), "x\0y z\0-v\0");
    assert_eq!(ok(&state(&["list"])), "A='one'\nL=('x' 'y z' '-v')\n");
    assert_eq!(world.json(&["state", "load", "--json"]), serde_json::json!({"A": "one", "L": ["x", "y z", "-v"]}));
    ok(&state(&["require", "A", "L"]));
    ok(&state(&["unset", "A", "NEVER_SET"]));
    refused(&state(&["require", "L", "A", "B"]), &["A, B", "shell.db"]);
    refused(&state(&["get", "A"]), &["not set", "`w`"]);
    assert_eq!(ok(&state(&["get", "--default", "d", "A"])), "d\n");
}

#[test]
fn values_may_begin_with_a_dash_be_empty_and_be_no_text() {
    let world = with(&["w"]);
    for value in ["-x", "--help", "--", "", "$(touch marker)", "a\nb\n\n"] {
        ok(&world.coordinate(&["state", "set", "K", "--", value]));
        assert_eq!(ok(&world.coordinate(&["state", "get", "K"])), format!("{value}\n"));
    }
    ok(&world.command(&["state", "set", "K"]).arg(OsStr::from_bytes(b"\xff'")).output().unwrap().into());
    assert_eq!(world.json(&["state", "load", "--json"]), serde_json::json!({"K": {"base64": "/yc="}}));
    refused_load(&world.coordinate(&["state", "load", "--powershell"]), "UTF-8");
    assert!(!world.has("marker"));
}

#[track_caller]
fn refused_load(outcome: &Outcome, word: &str) {
    assert_eq!(outcome.code, Some(2), "{outcome:#?}");
    assert!(outcome.stdout.starts_with("throw ") && outcome.stderr.contains(word), "{outcome:#?}");
}

#[test]
fn standard_input_is_taken_whole_and_nul_is_refused() {
    let world = with(&["w"]);
    let input = world.env.root().join("input");
    let set = |bytes: &[u8]| -> Outcome {
        std::fs::write(&input, bytes).unwrap();
        let mut command = world.command(&["state", "set", "K", "--stdin"]);
        command.stdin(std::fs::File::open(&input).unwrap()).output().unwrap().into()
    };
    ok(&set(&b"x".repeat(300_000)));
    assert_eq!(ok(&world.coordinate(&["state", "get", "K"])).len(), 300_001);
    refused(&set(b"a\0b"), &["NUL", "base64"]);
}

#[test]
fn lists_are_lists_whatever_their_length() {
    let world = with(&["w"]);
    ok(&world.coordinate(&["state", "set", "--list", "E"]));
    ok(&world.coordinate(&["state", "set", "--list", "O", "one"]));
    assert_eq!(world.json(&["state", "load", "--json"]), serde_json::json!({"E": [], "O": ["one"]}));
    ok(&world.coordinate(&["state", "set", "T", "text"]));
    refused(&world.coordinate(&["state", "append", "T", "x"]), &["no list", "set --list T"]);
    refused(&world.coordinate(&["state", "set", "T"]), &["to what"]);
}

#[test]
fn names_that_shells_can_not_hold_or_would_execute_are_refused() {
    let world = with(&["w"]);
    for name in ["a-b", "9", "", "A=1", "PATH", "PROMPT_COMMAND", "BASH_ENV", "RANDOM", "IFS", "LD_PRELOAD"] {
        refused(&world.coordinate(&["state", "set", name, "v"]), &["name of a variable"]);
    }
}

/// Shows S5.
#[test]
fn a_missing_state_says_what_was_looked_for_where_and_how_to_repair_it() {
    let world = world();
    let place = world.repo.join(".coordinate/state/shell.db");
    let place = place.to_str().unwrap();
    for words in [vec!["get", "K"], vec!["set", "K", "v"], vec!["require", "K"], vec!["list"], vec!["append", "K", "v"]]
    {
        let named = [&["state", "--workflow-id", "w"], words.as_slice()].concat();
        refused(&world.coordinate(&named), &["`w`", place, "coordinate state init w"]);
        refused(&world.coordinate(&[&["state"], words.as_slice()].concat()), &[place, "coordinate state init"]);
    }
    assert!(!world.has(".coordinate"), "looking made something");
    ok(&world.coordinate(&["state", "init", "other"]));
    refused(&world.coordinate(&["state", "get", "K", "--run", "w"]), &["`w`", "other", "coordinate state init w"]);
    assert_eq!(ok(&world.coordinate(&["state", "path"])), format!("{place}\n"));
}

/// Shows S5.
#[test]
fn the_workflow_is_named_by_flag_environment_tree_or_is_the_only_one() {
    let world = with(&["one"]);
    ok(&world.coordinate(&["state", "set", "K", "1"]));
    ok(&world.coordinate(&["state", "init", "two"]));
    ok(&world.coordinate(&["state", "set", "K", "2", "--run", "two"]));
    refused(&world.coordinate(&["state", "get", "K"]), &["one", "two", "COORDINATE_RUN"]);
    let get = |name: &str, words: &[&str]| -> Outcome {
        world.command(&[&["state", "get", "K"], words].concat()).env("COORDINATE_RUN", name).output().unwrap().into()
    };
    assert_eq!(ok(&get("one", &[])), "1\n");
    assert_eq!(ok(&get("one", &["--workflow-id", "two"])), "2\n");
    refused(&get("a/b", &[]), &["a/b", "COORDINATE_RUN"]);
    let run = "run_01jd0000000000000000000000";
    ok(&world.coordinate(&["state", "init", run]));
    let tree = world.env.root().join("trees").join(run).join("p1");
    world.git(&["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap()]);
    let in_tree = |words: &[&str]| -> Outcome { world.command(words).current_dir(&tree).output().unwrap().into() };
    ok(&in_tree(&["state", "set", "K", "3"]));
    assert_eq!(ok(&world.coordinate(&["state", "get", "K", "--run", run])), "3\n");
    refused(&world.coordinate(&["state", "get", "K", "--run", "a b"]), &["`a b`"]);
}

#[test]
fn a_second_init_keeps_what_is_there_and_one_without_an_id_makes_one() {
    let world = world();
    let id = ok(&world.coordinate(&["state", "init"])).trim().to_owned();
    assert!(id.starts_with("wf-"), "{id}");
    ok(&world.coordinate(&["state", "set", "K", "v"]));
    ok(&world.coordinate(&["state", "init", &id]));
    assert_eq!(ok(&world.coordinate(&["state", "get", "K"])), "v\n");
    ok(&world.coordinate(&["state", "cleanup"]));
    refused(&world.coordinate(&["state", "get", "K", "--run", &id]), &[&id, "init"]);
}

#[test]
fn checkpoints_are_kept_byte_for_byte_and_aggregations_for_good() {
    let world = with(&["w"]);
    let text = "{ \"n\": 1.50,\n  \"big\": 123456789012345678901234567890 }";
    ok(&world.coordinate(&["state", "checkpoint", "save", "plain", text]));
    assert_eq!(ok(&world.coordinate(&["state", "checkpoint", "load", "plain"])), format!("{text}\n"));
    let aggregation = r#"{"supervisor_id": "s", "aggregated_metadata": {"summary": "x"}}"#;
    ok(&world.coordinate(&["state", "checkpoint", "save", "research_supervisor", aggregation]));
    refused(&world.coordinate(&["state", "checkpoint", "save", "bad", "{"]), &["no JSON"]);
    refused(&world.coordinate(&["state", "checkpoint", "load", "absent"]), &["absent", "checkpoint list"]);
    ok(&world.coordinate(&["state", "cleanup"]));
    let load = |name| world.coordinate(&["state", "checkpoint", "load", name]);
    assert_eq!(ok(&load("research_supervisor")), format!("{aggregation}\n"));
    assert_eq!(load("plain").code, Some(2));
}

/// Shows S5.
#[test]
fn sixteen_processes_at_once_neither_mix_nor_lock() {
    let world = world();
    let ids: Vec<String> = (0..4).map(|n| format!("w{n}")).collect();
    let all = |make: &dyn Fn(usize) -> Vec<String>| {
        let started: Vec<Started> =
            (0..16).map(|n| world.start(&make(n).iter().map(String::as_str).collect::<Vec<_>>())).collect();
        for one in started {
            ok(&one.finish());
        }
    };
    let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    // Sixteen make the file at once.
    all(&|n| words(format!("state init {}", ids[n % 4])));
    for round in 0..3 {
        all(&|n| words(format!("state append L {n}-{round} --run {}", ids[n % 4])));
    }
    for (w, id) in ids.iter().enumerate() {
        let outcome = world.coordinate(&["state", "get", "L", "--run", id]);
        let found: BTreeSet<String> = ok(&outcome).lines().map(str::to_owned).collect();
        let expected: BTreeSet<String> =
            (0..4).flat_map(|k| (0..3).map(move |round| format!("{}-{round}", 4 * k + w))).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_run_that_has_ended_leaves_no_state_and_the_next_run_prunes() {
    let plan = "### Phase 1: Look\n\n- [ ] keep something\n\n```sh\n\
                \"$COORDINATE\" state init && \"$COORDINATE\" state set K \"$COORDINATE_RUN\"\n\
                \"$COORDINATE\" state get K > got.txt\n```\n";
    let world = World::new(&[("PLAN.md", plan), ("README.md", "# A project\n")]);
    ok(&world.coordinate(&["state", "init", "by-hand"]));
    let run = || {
        let mut run = world.command(&["run", "PLAN.md", "--agent", "offline", "--all"]);
        ok(&run.env("COORDINATE", crate::support::PROGRAM).output().unwrap().into());
    };
    run();
    let id = world.json(&["ps", "--json"])[0]["run"].as_str().unwrap().to_owned();
    assert_eq!(world.read("got.txt"), format!("{id}\n"), "the block in the tree had the run's state");
    assert_eq!(ok(&world.coordinate(&["state", "list", "--all"])).lines().count(), 1);
    refused(&world.coordinate(&["state", "get", "K", "--run", &id]), &[&id, "by-hand"]);
    // What an ended run left behind goes with the next run, what is fresh stays.
    ok(&world.coordinate(&["state", "init", &id]));
    run();
    let listed = world.coordinate(&["state", "list", "--all"]);
    assert!(ok(&listed).starts_with("by-hand ") && !listed.stdout.contains(&id), "{listed:#?}");
}
