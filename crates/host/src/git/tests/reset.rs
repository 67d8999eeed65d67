//! A reset brings a tree to a commit and loses nothing.

use crate::git::testing::{AT, Sandbox, files_in, write_in};
use coordinate_engine::port::Repository;

const REF: &str = "refs/coordinate/run/one";

#[test]
fn files_branch_and_operations_come_back_and_ignored_files_stay() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n"), (".gitignore", "built\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    let start = sandbox.oid("HEAD");
    sandbox.commit(&[("file", "theirs\n")]);
    write_in(&tree, "file", "ours\n");
    sandbox.git_in(&tree, &["commit", "-q", "-am", "ours"]);
    assert!(!sandbox.try_git(&tree, &["merge", "main"]).status.success());
    for (path, content) in [("new/deep", "x"), ("built", "x")] {
        write_in(&tree, path, content);
    }
    std::fs::create_dir(tree.join("inner")).unwrap();
    sandbox.git_in(&tree.join("inner"), &["init", "-q"]);
    write_in(&tree, "inner/file", "x");
    // A git that was killed in the attempt leaves its lock.
    std::fs::write(sandbox.top().join(".git/worktrees/one/index.lock"), "").unwrap();
    let error = repository.reset_tree(&tree, &start, REF).unwrap_err().to_string();
    assert!(error.contains("take a snapshot"), "{error}");
    assert!(sandbox.top().join(".git/worktrees/one/MERGE_HEAD").exists(), "a refusal changes nothing");
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    for _ in 0..2 {
        repository.reset_tree(&tree, &start, REF).unwrap();
        assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain"]), "");
        assert_eq!(sandbox.oid("side/one"), start);
        assert!(!sandbox.top().join(".git/worktrees/one/MERGE_HEAD").exists());
        let names: Vec<String> = files_in(&tree).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [".gitignore", "built", "file"]);
        assert!(!tree.join("inner").exists() && !tree.join("new").exists());
    }
    assert_eq!(sandbox.git(&["show", &format!("{REF}:inner/file")]), "x");
    assert!(repository.snapshot(&tree, REF, "a snapshot", AT).unwrap().clean);
}

#[test]
fn commits_that_only_the_branch_holds_are_not_dropped() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    let start = sandbox.oid("HEAD");
    write_in(&tree, "file", "2\n");
    sandbox.git_in(&tree, &["commit", "-q", "-am", "work"]);
    let tip = sandbox.oid("side/one");
    let error = repository.reset_tree(&tree, &start, REF).unwrap_err().to_string();
    assert!(error.contains(tip.short()), "{error}");
    assert_eq!(sandbox.oid("side/one"), tip);
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    repository.reset_tree(&tree, &start, REF).unwrap();
    assert!(repository.is_ancestor(&tip, &sandbox.oid(REF)).unwrap());
}

#[test]
fn another_branch_that_the_attempt_went_to_stays_where_it_is() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let start = sandbox.oid("HEAD");
    sandbox.git(&["branch", "dev"]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    sandbox.git_in(&tree, &["checkout", "-q", "dev"]);
    write_in(&tree, "file", "2\n");
    sandbox.git_in(&tree, &["commit", "-q", "-am", "on dev"]);
    let dev = sandbox.oid("dev");
    repository.reset_tree(&tree, &start, REF).unwrap();
    assert_eq!(sandbox.oid("dev"), dev);
    assert_eq!(sandbox.git_in(&tree, &["symbolic-ref", "HEAD"]), "refs/heads/side/one");
    assert_eq!(sandbox.oid("side/one"), start);
}

#[test]
fn files_that_the_attempt_ignored_are_not_deleted_unkept() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    write_in(&tree, ".gitignore", "notes\n");
    write_in(&tree, "notes", "of hours");
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    repository.reset_tree(&tree, &sandbox.oid("HEAD"), REF).unwrap();
    assert_eq!(files_in(&tree), [("file".to_owned(), "1\n".to_owned()), ("notes".to_owned(), "of hours".to_owned())]);
}

#[test]
fn a_reset_that_was_cut_off_is_finished() {
    let sandbox = Sandbox::with_commit(&[("a", "1\n"), ("b", "1\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    let start = sandbox.oid("HEAD");
    write_in(&tree, "a", "2\n");
    write_in(&tree, "new", "x");
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    let admin = sandbox.top().join(".git/worktrees/one");
    // Killed while git wrote a file: it is neither old nor new, and no snapshot has such a tree.
    std::fs::write(admin.join("coordinate-resetting"), "").unwrap();
    std::fs::write(admin.join("index.lock"), "").unwrap();
    std::fs::remove_file(tree.join("new")).unwrap();
    write_in(&tree, "a", "");
    repository.reset_tree(&tree, &start, REF).unwrap();
    assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain"]), "");
    write_in(&tree, "a", "3\n");
    assert!(repository.reset_tree(&tree, &start, REF).is_err(), "the mark is gone with the reset");
}
