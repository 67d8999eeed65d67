//! What a git that was killed leaves locked.

use crate::git::testing::Sandbox;
use crate::git::{GitProgram, GitRepository};
use coordinate_engine::port::Repository;
use std::path::Path;

#[test]
fn a_dead_lock_on_a_ref_of_ours_is_taken_away() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let (name, lock) = ("refs/coordinate/run_1/main", sandbox.top().join(".git/refs/coordinate/run_1/main.lock"));
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    std::fs::write(&lock, "half").unwrap();
    sandbox.open().move_ref(name, &sandbox.oid("HEAD"), None).unwrap();
    assert!(!lock.exists());
    assert_eq!(sandbox.oid(name), sandbox.oid("HEAD"));
}

#[test]
fn a_lock_of_the_user_stays_and_is_named_with_what_to_do() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let lock = sandbox.top().join(".git/refs/heads/other.lock");
    std::fs::write(&lock, "").unwrap();
    let calls = sandbox.top().join("calls");
    let git = sandbox.script("counting", &format!("echo call >> '{}'\nexec git \"$@\"", calls.display()));
    let repository = GitRepository::open_with(&sandbox.top(), GitProgram::at(&git)).unwrap();
    let moved = || {
        std::fs::write(&calls, "").unwrap();
        let told = repository.move_ref("refs/heads/other", &sandbox.oid("HEAD"), None).unwrap_err().to_string();
        (told, std::fs::read_to_string(&calls).unwrap().lines().count())
    };
    let wanted = format!("`{}` exists: a git command runs or was killed; wait for it, or delete", lock.display());
    let (first, tries) = moved();
    assert!(first.contains(&wanted), "{first}");
    // A second look does not wait again: the lock is known.
    let (second, fewer) = moved();
    assert_eq!(second, first);
    assert!(fewer < tries, "{fewer} calls after {tries}");
    assert!(lock.exists());
}

/// A git that is killed when it is run first, and leaves this lock.
fn killed_once(sandbox: &Sandbox, lock: &Path) -> GitProgram {
    let once = sandbox.script(
        "once",
        "#!/bin/sh\ntest -e \"$0.flag\" || { touch \"$0.flag\" \"$LOCK\"; kill -KILL $$; }\nexec git \"$@\"\n",
    );
    GitProgram::at(once).with_env("LOCK", lock)
}

/// It leaves its lock, which the second one meets.
#[test]
fn a_git_that_is_killed_is_run_again() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let lock = sandbox.top().join(".git/refs/heads/coordinate/run_1.lock");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let call = killed_once(&sandbox, &lock).call("make a branch", &sandbox.top());
    call.args(["update-ref", "refs/heads/coordinate/run_1", "HEAD"]).run().unwrap();
    assert_eq!(sandbox.oid("refs/heads/coordinate/run_1"), sandbox.oid("HEAD"));
}

/// The command that is run again does not want what the dead one had locked; a later one does. What comes after that death
/// is somebody else's.
#[test]
fn what_a_dead_git_left_is_taken_away_by_whoever_meets_it() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let lock = sandbox.top().join(".git/refs/heads/other.lock");
    let call = killed_once(&sandbox, &lock).call("look", &sandbox.top());
    call.args(["rev-parse", "HEAD"]).run().unwrap();
    assert!(lock.exists());
    let repository = sandbox.open();
    repository.move_ref("refs/heads/other", &sandbox.oid("HEAD"), None).unwrap();
    assert!(!lock.exists());
    std::fs::write(&lock, "").unwrap();
    let told = repository.delete_ref("refs/heads/other").unwrap_err().to_string();
    assert!(told.contains("exists: a git command runs or was killed"), "{told}");
    assert!(lock.exists());
}
