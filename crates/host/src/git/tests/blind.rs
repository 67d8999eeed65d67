//! A tree whose history is hidden shows two trees and nothing else, and is kept and removed like every other.

use crate::git::testing::{AT, Sandbox, write_in};
use coordinate_engine::port::{Repository, Shown};
use coordinate_model::ids::Oid;
use std::path::{Path, PathBuf};

const REF: &str = "refs/coordinate/run/one";

/// A tree at an author's commit on the user's, and what is to be shown of it.
fn worked(sandbox: &Sandbox) -> (PathBuf, Shown) {
    let before = sandbox.oid("HEAD");
    let tree = sandbox.tree(&sandbox.open(), "one");
    write_in(&tree, "file", "2\n");
    write_in(&tree, "new/file", "x\n");
    sandbox.git_in(&tree, &["add", "-A"]);
    sandbox.git_in(&tree, &["commit", "-q", "-m", "TRUST me", "--author", "Zaphod <zaphod@example.org>"]);
    let now = sandbox.oid("side/one");
    (tree, Shown { before: Some(before), now, at: AT })
}

/// Everything that git can find from a tree: messages, names, refs, and the kinds of all objects.
fn found(sandbox: &Sandbox, tree: &Path) -> String {
    let history = sandbox.git_in(tree, &["log", "--all", "--reflog", "--format=%B%an %ae %cn %D"]);
    let refs = sandbox.git_in(tree, &["for-each-ref", "--format=%(refname)"]);
    let kinds = "--batch-check=%(objecttype)";
    let mut kinds: Vec<String> =
        sandbox.git_in(tree, &["cat-file", "--batch-all-objects", kinds]).lines().map(str::to_owned).collect();
    kinds.sort();
    format!("{history}\n{refs}\n{}", kinds.join(" "))
}

fn is_there(sandbox: &Sandbox, tree: &Path, commit: &Oid) -> bool {
    sandbox.try_git(tree, &["cat-file", "-e", commit.as_str()]).status.success()
}

#[test]
fn nothing_is_seen_but_the_two_trees() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n"), ("same", "s\n")]);
    let (tree, shown) = worked(&sandbox);
    assert!(found(&sandbox, &tree).contains("TRUST me"), "what is to be hidden is there");
    sandbox.open().hide_history(&tree, &shown).unwrap();
    let lines = [
        "now\ncoordinate coordinate@localhost coordinate HEAD -> main",
        "before\ncoordinate coordinate@localhost coordinate",
        "refs/heads/main",
        "blob blob blob blob commit commit tree tree tree",
    ];
    assert_eq!(found(&sandbox, &tree), lines.join("\n"));
    assert!(!is_there(&sandbox, &tree, &shown.now) && !is_there(&sandbox, &tree, &sandbox.oid("main")));
    assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain"]), "");
    assert_eq!(sandbox.git_in(&tree, &["diff", "--name-status", "HEAD~1"]), "M\tfile\nA\tnew/file");
}

#[test]
fn a_tree_without_a_before_shows_one_commit() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let (tree, shown) = worked(&sandbox);
    sandbox.open().hide_history(&tree, &Shown { before: None, ..shown }).unwrap();
    assert_eq!(sandbox.git_in(&tree, &["log", "--all", "--format=%s"]), "now");
}

#[test]
fn it_is_kept_and_reset_and_removed_like_every_other() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let (tree, shown) = worked(&sandbox);
    let repository = sandbox.open();
    repository.hide_history(&tree, &shown).unwrap();
    write_in(&tree, "answer", "yes\n");
    sandbox.git_in(&tree, &["add", "-A"]);
    sandbox.git_in(&tree, &["commit", "-q", "-m", "mine"]);
    // Asked again, as after a crash: what was done there since stays.
    repository.hide_history(&tree, &shown).unwrap();
    assert_eq!(sandbox.git_in(&tree, &["log", "--format=%s"]), "mine\nnow\nbefore");
    let kept = repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    assert_eq!((kept.head, kept.clean), (shown.now.clone(), false), "its own commits are none of the tree's");
    assert_eq!(sandbox.git(&["show", &format!("{REF}:answer")]), "yes");
    repository.reset_tree(&tree, &shown.now, REF).unwrap();
    assert_eq!(sandbox.git_in(&tree, &["log", "-1", "--format=%s"]), "TRUST me", "the history is back");
    assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain"]), "");
    repository.hide_history(&tree, &shown).unwrap();
    assert_eq!(sandbox.git_in(&tree, &["log", "--format=%s"]), "now\nbefore", "it is made anew");
    repository.remove_tree(&tree, REF).unwrap();
    assert!(!tree.exists() && !sandbox.top().join(".git/worktrees/one").exists());
}

#[test]
fn what_a_kill_left_of_it_is_made_good() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let (tree, shown) = worked(&sandbox);
    // Its folder is there, half made, and the link still leads to the tree's own.
    let folder = sandbox.top().join(".git/worktrees/one/coordinate-shown");
    write_in(&folder, "HEAD", "ref: refs/heads/half\n");
    sandbox.open().hide_history(&tree, &shown).unwrap();
    assert_eq!(sandbox.git_in(&tree, &["log", "--all", "--format=%s"]), "now\nbefore");
}

#[test]
fn the_users_own_checkout_is_left_alone() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let shown = Shown { before: None, now: sandbox.oid("HEAD"), at: AT };
    let error = sandbox.open().hide_history(&sandbox.top(), &shown).unwrap_err().to_string();
    assert!(error.contains("this program did not make it"), "{error}");
}
