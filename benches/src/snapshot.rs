//! Keeping a work tree of many files, of which ten changed, beside `git status` on the same tree.

use coordinate_engine::port::Repository;
use coordinate_host::git::GitRepository;
use coordinate_model::time::UtcMillis;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Files in a folder.
const FOLDER: usize = 100;
/// Files that change before each measure.
const CHANGED: usize = 10;
/// Pairs, each in the other order than the one before.
const PAIRS: usize = 6;
const REFERENCE: &str = "refs/coordinate/bench/tree@1";

/// Prints the milliseconds of each pair, and their ratio.
pub(crate) fn snapshot(folder: &Path, files: usize) {
    let (repository, tree) = prepare(folder, files);
    let keep = |round: usize| {
        let at = UtcMillis(i64::try_from(round).expect("few rounds") * 1000);
        repository.snapshot(&tree, REFERENCE, "bench\n", at).expect("the tree is kept");
    };
    let status = |_: usize| drop(git(&tree, &["status"]));
    change(&tree, files, usize::MAX);
    status(0);
    keep(0);
    for round in 1..=PAIRS {
        change(&tree, files, round);
        let (ours, theirs) = if round % 2 == 0 {
            let theirs = timed(|| status(round));
            (timed(|| keep(round)), theirs)
        } else {
            (timed(|| keep(round)), timed(|| status(round)))
        };
        println!("snapshot_ms_{round} {ours:.1}");
        println!("status_ms_{round} {theirs:.1}");
        println!("ratio_{round} {:.3}", ours / theirs);
    }
}

/// A repository with these files, and a work tree of it.
fn prepare(folder: &Path, files: usize) -> (GitRepository, std::path::PathBuf) {
    let top = folder.join("repo");
    for number in 0..files {
        let path = place(&top, number);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder can be made");
        std::fs::write(&path, format!("file {number}\n").repeat(20)).expect("the file can be written");
    }
    git(&top, &["init", "-q"]);
    git(&top, &["add", "-A"]);
    git(&top, &["-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-q", "-m", "start"]);
    let repository = GitRepository::open(&top).expect("a repository");
    let head = repository.head().expect("it has a HEAD").commit.expect("it has a commit");
    let tree = folder.join("tree");
    repository.add_tree(&tree, "bench/tree", &head).expect("the tree can be made");
    (repository, tree)
}

fn place(top: &Path, number: usize) -> std::path::PathBuf {
    top.join(format!("src/{:02}/{:04}/{number}.txt", number / FOLDER % 20, number / FOLDER))
}

/// Other files in each round, all over the tree.
fn change(tree: &Path, files: usize, round: usize) {
    for at in 0..CHANGED {
        let number = (at * (files / CHANGED) + round % (files / CHANGED)) % files;
        std::fs::write(place(tree, number), format!("changed in round {round}\n")).expect("the file can be written");
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64() * 1000.0
}

fn git(folder: &Path, words: &[&str]) -> Vec<u8> {
    let output = Command::new("git").current_dir(folder).args(words).output().expect("git can be run");
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
