//! `clean` and every `run` put aside shell state that is too old, and `restore` brings it back exactly.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World};
use coordinate_model::shell::{Value as Held, VariableName, Variables, WorkflowId};
use coordinate_model::time::UtcMillis;
use coordinate_store::shell::ShellState;
use coordinate_testkit::Outcome;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Long ago for every retention.
const THEN: UtcMillis = UtcMillis(1_000_000_000_000);

fn id(text: &str) -> WorkflowId {
    text.parse().unwrap()
}

fn name(text: &str) -> VariableName {
    text.parse().unwrap()
}

fn shell(world: &World) -> ShellState {
    ShellState::open(&world.repo.join(".coordinate/state/shell.db")).unwrap().unwrap()
}

/// All that a workflow has: its variables, and the named checkpoints that are there.
fn all(world: &World, workflow: &str) -> (Variables, Vec<Option<Vec<u8>>>) {
    let state = shell(world);
    let named = ["saved", "supervisor"].map(|one| state.checkpoint(&id(workflow), &id(one)).unwrap());
    (state.variables(&id(workflow)).unwrap(), named.to_vec())
}

/// State that nobody has changed for years, with every byte there is, alone and among others.
fn put_old(world: &World, workflow: &str) {
    assert_eq!(world.coordinate(&["state", "init", "fresh"]).code, Some(0));
    let (mut state, w) = (shell(world), id(workflow));
    state.init(&w, Path::new("/somewhere"), THEN).unwrap();
    let bytes: Vec<u8> = (0..=255).collect();
    state.set(&w, &name("ALL"), &Held::Text(bytes.clone()), THEN).unwrap();
    state.set(&w, &name("NONE"), &Held::Text(Vec::new()), THEN).unwrap();
    state.set(&w, &name("EACH"), &Held::List(bytes.iter().map(|byte| vec![*byte]).collect()), THEN).unwrap();
    let lengths = (0..9).map(|length| bytes[255 - length..].to_vec()).collect();
    state.set(&w, &name("LENGTHS"), &Held::List(lengths), THEN).unwrap();
    state.set(&w, &name("EMPTY"), &Held::List(Vec::new()), THEN).unwrap();
    state.save_checkpoint(&w, &id("saved"), (b"{ \"n\": 1.50,\n \"a\": \"$(x)\" }", false), THEN).unwrap();
    state.save_checkpoint(&w, &id("supervisor"), (b"{ }", true), THEN).unwrap();
}

fn workflows(world: &World) -> Vec<String> {
    shell(world).workflows().unwrap().into_iter().map(|one| one.id.as_str().to_owned()).collect()
}

/// What lies in the trash, by what was cleaned together.
fn batches(world: &World) -> Vec<Value> {
    world.json(&["restore", "--list", "--json"])["cleaned"].as_array().unwrap().clone()
}

fn only_batch(world: &World) -> String {
    let batches = batches(world);
    assert_eq!(batches.len(), 1, "{batches:#?}");
    batches[0]["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn shows(snapshot: &str, world: &World, outcome: &Outcome) {
    let batches = batches(world);
    let ids = batches.iter().filter_map(|batch| batch["id"].as_str());
    let text = ids.fold(whole(outcome), |text, id| text.replace(id, "[ID]"));
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4} days", "[AGE]");
    settings.bind(|| redacted(world, || insta::assert_snapshot!(snapshot, text)));
}

fn world() -> World {
    World::new(&[("README.md", "# A project\n")])
}

#[test]
fn old_shell_state_is_put_aside_and_comes_back_exactly() {
    let world = world();
    put_old(&world, "old");
    let before = all(&world, "old");
    shows("clean_shell_dry_run", &world, &world.coordinate(&["clean", "--dry-run"]));
    assert_eq!((workflows(&world), all(&world, "old")), (vec!["fresh".to_owned(), "old".to_owned()], before.clone()));
    assert!(batches(&world).is_empty(), "a dry run put something aside");

    shows("clean_shell", &world, &world.coordinate(&["clean"]));
    assert_eq!(workflows(&world), ["fresh"]);
    let kept = shell(&world).checkpoint(&id("old"), &id("supervisor")).unwrap();
    assert_eq!(kept.as_deref(), Some(b"{ }".as_slice()), "an aggregation went");
    let folder = world.repo.join(".coordinate/state/trash").join(only_batch(&world));
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700, "values may be secrets");

    shows("restore_shell", &world, &world.coordinate(&["restore"]));
    assert_eq!(all(&world, "old"), before);
    // It is kept anew.
    assert_eq!(world.json(&["clean", "--json"])["items"], json!([]));
}

/// Shows S24.
#[test]
fn every_run_puts_old_shell_state_aside() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "echo 1 > one.txt"));
    put_old(&world, "old");
    let before = all(&world, "old");
    let run = world.run_offline(&[]);
    let told =
        format!("put aside the shell state of `old`; bring it back with `coordinate restore {}`", only_batch(&world));
    assert!(run.code == Some(0) && run.stderr.contains(&told), "{run:#?}");
    assert_eq!(workflows(&world), ["fresh"]);
    assert_eq!(world.coordinate(&["restore"]).code, Some(0));
    assert_eq!(all(&world, "old"), before);
    let again = world.run_offline(&["--all"]);
    assert!(again.code == Some(0) && !again.stderr.contains("put aside"), "{again:#?}");
    assert_eq!(all(&world, "old"), before);
}

#[test]
fn what_a_cleanup_of_expired_state_takes_comes_back() {
    let world = world();
    put_old(&world, "old");
    let before = all(&world, "old");
    let cleanup = world.coordinate(&["state", "cleanup", "--expired"]);
    assert!(cleanup.code == Some(0) && cleanup.stderr.contains("coordinate restore"), "{cleanup:#?}");
    assert_eq!((workflows(&world), world.coordinate(&["restore"]).code), (vec!["fresh".to_owned()], Some(0)));
    assert_eq!(all(&world, "old"), before);
}

#[test]
fn the_state_of_an_open_run_stays_whatever_its_age() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "until test -e \"$HOME/../go\"; do sleep 0.02; done"));
    let run = world.start(&["run", "PLAN.md", "--agent", "offline"]);
    crate::support::process::await_that("the run", || world.json(&["ps", "--json"])[0]["run"].is_string());
    let workflow = world.json(&["ps", "--json"])[0]["run"].as_str().unwrap().to_owned();
    // From here on the run itself changes none of its variables until its phase has ended.
    let state = ["state", "get", "CURRENT_STATE", "--workflow-id", &workflow];
    crate::support::process::await_that("its state", || world.coordinate(&state).stdout == "implement\n");
    put_old(&world, &workflow);
    let before = all(&world, &workflow);
    assert_eq!(world.json(&["clean", "--dry-run", "--json"])["items"], json!([]));
    assert_eq!(world.json(&["clean", "--json"])["items"], json!([]));
    assert_eq!(all(&world, &workflow), before);
    world.env.script("../go", "");
    assert_eq!(run.finish().code, Some(0));
}

#[test]
fn new_state_of_that_id_is_not_overwritten() {
    let world = world();
    put_old(&world, "old");
    let before = all(&world, "old");
    put_old(&world, "other");
    assert_eq!(world.coordinate(&["clean"]).code, Some(0));
    world.coordinate(&["state", "init", "old"]);
    world.coordinate(&["state", "set", "ALL", "new", "--workflow-id", "old"]);
    shows("restore_shell_refused", &world, &world.coordinate(&["restore"]));
    assert_eq!(world.coordinate(&["state", "get", "ALL", "--workflow-id", "old"]).stdout, "new\n");
    // The other one is back and is worked with: it is in nobody's way when the rest comes back.
    assert_eq!(world.coordinate(&["state", "set", "ALL", "changed", "--workflow-id", "other"]).code, Some(0));
    assert_eq!(world.coordinate(&["state", "cleanup", "--workflow-id", "old"]).code, Some(0));
    assert_eq!(world.coordinate(&["restore"]).code, Some(0));
    assert_eq!(all(&world, "old"), before);
    assert_eq!(world.coordinate(&["state", "get", "ALL", "--workflow-id", "other"]).stdout, "changed\n");
    assert!(batches(&world).is_empty());
}

#[test]
fn a_kill_before_the_rows_went_leaves_nothing_twice() {
    let world = world();
    put_old(&world, "old");
    let before = all(&world, "old");
    assert_eq!(world.coordinate(&["clean"]).code, Some(0));
    // As a kill leaves it: the list is written, and the rows are still there.
    put_old(&world, "old");
    assert_eq!(world.coordinate(&["restore"]).code, Some(0));
    assert_eq!(all(&world, "old"), before);
    assert!(batches(&world).is_empty());
}
