//! `clean` puts aside what finished work left, and `restore` brings it back.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World};
use coordinate_testkit::Outcome;
use serde_json::{Value, json};

const NOTHING_KEPT: [&str; 4] = ["-c", "retention.transcript_days=0", "-c", "retention.checkpoint_days=0"];

#[track_caller]
fn check(name: &str, world: &World, outcome: &Outcome) {
    let mut text = whole(outcome);
    for batch in world.json(&["restore", "--list", "--json"])["cleaned"].as_array().unwrap() {
        text = text.replace(batch["id"].as_str().unwrap(), "[ID]");
    }
    redacted(world, || insta::assert_snapshot!(name, text));
}

/// A project with a failed run, whose work is kept on refs.
fn failed() -> World {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "echo 1 > one.txt; exit 4"));
    assert_eq!(world.run_offline(&[]).code, Some(1));
    world
}

/// What a run leaves: its refs and its transcripts.
fn left(world: &World) -> (Vec<String>, Vec<String>) {
    let refs = [world.refs("refs/coordinate"), world.refs("refs/coordinate-recording")].concat();
    (refs, World::entries(&world.repo.join(".coordinate/state/attempts")))
}

fn cleaned(world: &World, more: &[&str]) -> Value {
    world.json(&[&["clean", "--json"], &NOTHING_KEPT[..], more].concat())
}

/// Shows S24.
#[test]
fn what_a_failed_run_left_is_put_aside_and_comes_back() {
    let world = failed();
    let before = left(&world);
    assert!(!before.0.is_empty() && !before.1.is_empty(), "{before:?}");
    check("clean_nothing", &world, &world.coordinate(&["clean"]));
    check("clean_dry_run", &world, &world.coordinate(&[&["clean", "--dry-run"], &NOTHING_KEPT[..]].concat()));
    assert_eq!(left(&world), before, "a dry run or a young run was cleaned");

    check("clean", &world, &world.coordinate(&[&["clean"], &NOTHING_KEPT[..]].concat()));
    assert_eq!(left(&world), (Vec::new(), Vec::new()));
    check("restore_list", &world, &world.coordinate(&["restore", "--list"]));
    let held = world.refs("refs/coordinate-trash");
    assert_eq!(held.len(), before.0.len(), "the commits are held by no ref");
    assert_eq!(world.git(&["show", &format!("{}:one.txt", held[0])]), "1");

    let restored = world.coordinate(&["restore"]);
    assert_eq!(restored.code, Some(0), "{restored:#?}");
    assert_eq!(left(&world), before);
    assert_eq!(world.refs("refs/coordinate-trash"), Vec::<String>::new());
    check("restore_nothing", &world, &world.coordinate(&["restore"]));
}

#[test]
fn what_was_cleaned_goes_for_good_after_its_time() {
    let world = failed();
    let id = cleaned(&world, &[])["id"].clone();
    assert_eq!(cleaned(&world, &[])["emptied"], json!([]));
    assert_eq!(cleaned(&world, &["-c", "retention.trash_days=0"])["emptied"], json!([id]));
    assert_eq!(world.json(&["restore", "--list", "--json"]), json!({"cleaned": [], "kept": []}));
    check("restore_list_nothing", &world, &world.coordinate(&["restore", "--list"]));
    assert_eq!(world.refs("refs/coordinate-trash"), Vec::<String>::new());
    assert_eq!(World::entries(&world.repo.join(".coordinate/state/trash")), Vec::<String>::new());
}

#[test]
fn a_move_that_was_cut_off_is_brought_back_whole() {
    let world = failed();
    let before = left(&world);
    let cleaned = cleaned(&world, &[]);
    // As a kill leaves it: the list is written, one thing was not moved yet, of a ref both names are there.
    let id = cleaned["id"].as_str().unwrap();
    let items = cleaned["items"].as_array().unwrap();
    for (at, item) in items.iter().enumerate() {
        let place = item["place"].as_str().unwrap();
        if item["kind"] == "ref" {
            world.git(&["update-ref", place, item["commit"].as_str().unwrap()]);
        } else {
            let state = world.repo.join(".coordinate/state");
            std::fs::rename(state.join("trash").join(id).join(at.to_string()), state.join(place)).unwrap();
        }
    }
    assert_eq!(world.coordinate(&["restore", id]).code, Some(0));
    assert_eq!(left(&world), before);
    assert_eq!(world.refs("refs/coordinate-trash"), Vec::<String>::new());
}

#[test]
fn what_stands_in_the_way_of_a_restore_stays() {
    let world = failed();
    let before = left(&world);
    let id = cleaned(&world, &[])["id"].as_str().unwrap().to_owned();
    world.git(&["update-ref", &before.0[0], "main"]);
    let outcome = world.coordinate(&["restore", &id]);
    assert_eq!(outcome.code, Some(2), "{outcome:#?}");
    assert!(outcome.stderr.contains("something else is there by now"), "{outcome:#?}");
    assert_eq!(world.git(&["rev-parse", &before.0[0]]), world.git(&["rev-parse", "main"]));
    assert_eq!(world.refs("refs/coordinate-trash").len(), 1, "what could not come back is lost");
    world.git(&["update-ref", "-d", &before.0[0]]);
    assert_eq!(world.coordinate(&["restore", &id]).code, Some(0));
    assert_eq!(left(&world), before);
}

/// Shows S24.
#[test]
fn an_open_run_is_never_cleaned() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "until test -e \"$HOME/../go\"; do sleep 0.02; done"));
    let run = world.start(&["run", "PLAN.md", "--agent", "offline"]);
    crate::support::process::await_that("the agent", || !left(&world).1.is_empty());
    let found = cleaned(&world, &[]);
    assert_eq!((&found["items"], &found["trees"]), (&json!([]), &json!([])), "{found:#}");
    world.env.script("../go", "");
    assert_eq!(run.finish().code, Some(0));
}

/// Shows S24.
#[test]
fn an_old_checkpoint_is_put_aside_and_comes_back() {
    let world = World::new(&[("README.md", "# A project\n")]);
    world.write(
        "../old.json",
        &json!({"checkpoint_id": "old", "workflow_type": "coordinate", "current_phase": 1}).to_string(),
    );
    assert_eq!(world.coordinate(&["checkpoint", "import", "../old.json"]).code, Some(0));
    assert_eq!(world.json(&["clean", "--json"])["items"], json!([]));
    assert_eq!(cleaned(&world, &[])["items"][0]["place"], "checkpoints/old");
    assert_eq!(world.json(&["checkpoint", "list", "--json"]), json!([]));
    assert_eq!(world.coordinate(&["restore"]).code, Some(0));
    assert_eq!(world.json(&["checkpoint", "list", "--json"])[0]["id"], "old");
}

/// Shows S24.
#[test]
fn a_tree_that_was_left_goes_only_when_all_of_it_is_kept() {
    let world = failed();
    let run = world.show();
    let trees = std::path::PathBuf::from(run["paths"]["trees"].as_str().unwrap());
    std::fs::create_dir_all(&trees).unwrap();
    for name in ["clean", "dirty", "kept"] {
        let branch = format!("coordinate/{}/{name}", run["run"].as_str().unwrap());
        world.git(&["worktree", "add", "-q", "-b", &branch, &trees.join(name).to_string_lossy()]);
        // The mark of a tree that the program made.
        world.write(&format!(".git/worktrees/{name}/coordinate-branch"), &branch);
    }
    std::fs::write(trees.join("dirty/precious.txt"), "not committed\n").unwrap();
    // The same, and the ref of its last attempt has it.
    std::fs::write(trees.join("kept/one.txt"), "1\n").unwrap();
    let of_agent = &left(&world).0[0];
    assert!(of_agent.ends_with("/implement-p1-agent@1"), "{of_agent}");
    world.git(&["update-ref", &of_agent.replace("implement-p1-agent@1", "kept@1"), of_agent]);
    let found = cleaned(&world, &["--dry-run"]);
    assert_eq!((found["trees"].as_array().map(Vec::len), World::entries(&trees).len()), (Some(3), 3), "{found:#}");
    let found = cleaned(&world, &[]);
    assert_eq!((found["kept"].as_array().map(Vec::len), found["trees"].as_array().map(Vec::len)), (Some(1), Some(2)));
    assert_eq!(World::entries(&trees), ["dirty"]);
    assert_eq!(std::fs::read_to_string(trees.join("dirty/precious.txt")).unwrap(), "not committed\n");
    assert!(!left(&world).0.is_empty(), "refs went before the trees that they hold");
}
