//! What real clients did, carried out once more by its recording where none of them is.

use crate::support::{PROGRAM, World, json_lines};
use coordinate_model::digest::hex_sha256;
use coordinate_testkit::Outcome;
use coordinate_testkit::clients::{Client, isolated};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The programs that agents are started as.
const PROGRAMS: [&str; 6] = ["claude", "codex", "gemini", "opencode", "claude-agent-acp", "codex-acp"];

/// Where the clients would be found: whatever is started instead leaves a file.
#[track_caller]
fn traps(world: &World) -> (PathBuf, PathBuf) {
    let (folder, sprung) = (world.env.root().join("traps"), world.env.root().join("sprung"));
    for name in PROGRAMS {
        let trap = folder.join(name);
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        std::fs::write(&trap, format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 1\n", sprung.display()))
            .expect("a trap");
        std::fs::set_permissions(&trap, std::fs::Permissions::from_mode(0o755)).expect("own file, own mode");
    }
    (folder, sprung)
}

/// What was asked of the model so far.
fn requests(world: &World) -> String {
    std::fs::read_to_string(world.env.root().join("requests.jsonl")).unwrap_or_default()
}

/// Carries a run out once more, in a folder that stays, beside a model's service that nobody may ask.
#[track_caller]
fn execute(world: &World, client: Client, run: &str, folder: &Path) -> Outcome {
    let (traps, _) = traps(world);
    let mut command = isolated(&world.env, &world.repo);
    let path = format!("{}:{}", traps.display(), std::env::var("PATH").unwrap_or_default());
    command.envs(client.variables()).env("PATH", path).arg(PROGRAM).args(["replay", run, "--execute", "--keep"]);
    command.arg(folder).output().expect("the fake API can be started").into()
}

/// Every run of this world comes again: the same events, the same commits and files, and no client.
#[track_caller]
pub(crate) fn come_again(world: &World, client: Client) {
    let (asked, mine) = (requests(world), world.git(&["rev-parse", "HEAD"]));
    assert!(!asked.is_empty(), "the clients have asked a model");
    let runs = world.json(&["ps", "--json"]);
    let runs: Vec<&str> = runs.as_array().expect("a list").iter().filter_map(|run| run["run"].as_str()).collect();
    assert!(!runs.is_empty(), "there are runs");
    for run in runs {
        let folder = world.env.root().join("again").join(run);
        let outcome = execute(world, client, run, &folder);
        let events = json_lines(&world.coordinate(&["logs", run, "--json"]).stdout).len();
        let told = format!("{run}: {events} events, each as recorded\n");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), told.as_str()), "{outcome:#?}");
        assert_same_files(world, run, &folder.join("repo"));
    }
    assert_eq!(requests(world), asked, "nobody asks a model");
    assert!(!traps(world).1.exists(), "no client is started");
    assert_eq!(world.git(&["rev-parse", "HEAD"]), mine, "nothing of the user's is touched");
    world.env.assert_no_leftovers();
}

/// The branch is at the same commit, and each artifact is as it was left, or as it lies in the checkout: plans are ticked.
#[track_caller]
fn assert_same_files(world: &World, run: &str, repo: &Path) {
    let shown = world.json(&["show", run, "--json"]);
    if let Some(commit) = shown["integration"].as_str() {
        assert_eq!(world.env.git(repo, &["rev-parse", "main"]), commit, "{run}");
    }
    for artifact in shown["artifacts"].as_array().expect("a list") {
        let path = artifact["path"].as_str().expect("a path");
        let again = std::fs::read(repo.join(path)).unwrap_or_else(|error| panic!("{run}: {path}: {error}"));
        let same = hex_sha256(&again) == artifact["hash"] || again == world.read(path).as_bytes();
        assert!(same, "{run}: {path}: {}", String::from_utf8_lossy(&again));
    }
}
