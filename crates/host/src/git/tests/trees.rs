//! Trees are made and removed whole, whatever a kill left, and nothing uncommitted goes with them.

use crate::git::testing::{AT, Sandbox, files_in, write_in};
use coordinate_engine::port::Repository;

const REF: &str = "refs/coordinate/run/one";

#[test]
fn a_tree_is_made_once_and_then_left_alone() {
    let sandbox = Sandbox::with_commit(&[("a b/file", "1\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    assert_eq!(sandbox.git_in(&tree, &["symbolic-ref", "HEAD"]), "refs/heads/side/one");
    assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain"]), "");
    write_in(&tree, "a b/file", "2\n");
    sandbox.tree(&repository, "one");
    assert_eq!(files_in(&tree), [("a b/file".to_owned(), "2\n".to_owned())]);
    std::fs::remove_file(tree.join(".git")).unwrap();
    sandbox.tree(&repository, "one");
    assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain"]), "M \"a b/file\"");
    let error = repository.add_tree(&tree, "side/two", &sandbox.oid("HEAD")).unwrap_err().to_string();
    assert!(error.contains("side/one"), "{error}");
}

#[test]
fn an_existing_branch_is_checked_out_where_it_is() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let first = sandbox.oid("HEAD");
    sandbox.git(&["branch", "side/one"]);
    sandbox.commit(&[("file", "2\n")]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    assert_eq!(sandbox.git_in(&tree, &["rev-parse", "HEAD"]), first.to_string());
}

/// Puts a whole tree's entry back to where git has just taken its lock.
fn make_locked(sandbox: &Sandbox) -> std::path::PathBuf {
    let admin = sandbox.top().join(".git/worktrees/one");
    std::fs::remove_file(admin.join("coordinate-branch")).unwrap();
    std::fs::write(admin.join("locked"), format!("{}\n", crate::git::registry::MAKING)).unwrap();
    admin
}

#[test]
fn every_state_that_a_kill_leaves_is_made_good() {
    // Each breaks a whole tree back to what a kill at one point of the making leaves.
    type Break = fn(&Sandbox, &std::path::Path);
    let breaks: &[(&str, Break)] = &[
        ("the branch only", |sandbox, tree| {
            std::fs::remove_dir_all(sandbox.top().join(".git/worktrees")).unwrap();
            std::fs::remove_dir_all(tree).unwrap();
        }),
        ("an empty folder", |sandbox, tree| {
            std::fs::remove_dir_all(sandbox.top().join(".git/worktrees")).unwrap();
            std::fs::remove_dir_all(tree).unwrap();
            std::fs::create_dir(tree).unwrap();
        }),
        ("an entry that holds the lock and nothing else", |sandbox, tree| {
            let admin = make_locked(sandbox);
            for file in ["gitdir", "HEAD", "commondir", "index"] {
                std::fs::remove_file(admin.join(file)).unwrap();
            }
            std::fs::remove_dir_all(tree).unwrap();
        }),
        ("an entry with a place, no folder", |sandbox, tree| {
            let admin = make_locked(sandbox);
            std::fs::remove_file(admin.join("HEAD")).unwrap();
            std::fs::remove_dir_all(tree).unwrap();
        }),
        ("files half checked out", |sandbox, tree| {
            let admin = make_locked(sandbox);
            std::fs::write(admin.join("index.lock"), "DIRC").unwrap();
            std::fs::remove_file(admin.join("index")).unwrap();
            std::fs::write(tree.join("file"), "tru").unwrap();
            std::fs::remove_file(tree.join("other")).unwrap();
        }),
        ("complete but still locked", |sandbox, _| {
            let admin = sandbox.top().join(".git/worktrees/one");
            std::fs::write(admin.join("locked"), crate::git::registry::MAKING).unwrap();
        }),
        ("the folder deleted by somebody", |_, tree| std::fs::remove_dir_all(tree).unwrap()),
        ("a removal cut off", |sandbox, tree| {
            std::fs::write(sandbox.top().join(".git/worktrees/one/coordinate-removing"), "").unwrap();
            std::fs::remove_file(tree.join(".git")).unwrap();
            std::fs::remove_file(tree.join("other")).unwrap();
        }),
    ];
    for (name, make_broken) in breaks {
        let sandbox = Sandbox::with_commit(&[("file", "1\n"), ("other", "1\n")]);
        let repository = sandbox.open();
        let tree = sandbox.tree(&repository, "one");
        make_broken(&sandbox, &tree);
        sandbox.tree(&repository, "one");
        assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain"]), "", "{name}");
        assert_eq!(sandbox.git_in(&tree, &["symbolic-ref", "HEAD"]), "refs/heads/side/one", "{name}");
        assert_eq!(files_in(&tree).len(), 2, "{name}");
        let list = sandbox.git(&["worktree", "list", "--porcelain"]);
        assert_eq!(list.matches("worktree ").count(), 2, "{name}: {list}");
        assert!(!list.contains("locked"), "{name}: {list}");
        assert_eq!(sandbox.top().join(".git/worktrees").read_dir().unwrap().count(), 1, "{name}");
    }
}

#[test]
fn what_stands_at_the_place_is_not_deleted() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    let place = sandbox.root().join("trees/one");
    write_in(&place, "precious", "x");
    let head = sandbox.oid("HEAD");
    let error = repository.add_tree(&place, "side/one", &head).unwrap_err().to_string();
    assert!(error.contains("move it away"), "{error}");
    assert!(repository.remove_tree(&place, REF).is_err());
    let users = sandbox.root().join("users");
    sandbox.git(&["worktree", "add", "-q", "../users"]);
    for error in [
        repository.add_tree(&users, "users", &head).unwrap_err(),
        repository.remove_tree(&users, REF).unwrap_err(),
        repository.reset_tree(&users, &head, REF).unwrap_err(),
        repository.reset_tree(&sandbox.top(), &head, REF).unwrap_err(),
    ] {
        assert!(error.to_string().contains("did not make it"), "{error}");
    }
    assert!(repository.remove_tree(&sandbox.top(), REF).is_err());
    assert_eq!(files_in(&place), [("precious".to_owned(), "x".to_owned())]);
    assert!(sandbox.top().join(".git").is_dir());
}

#[test]
fn a_tree_goes_only_when_its_content_is_kept() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n"), (".gitignore", "built\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    write_in(&tree, "untracked", "x");
    write_in(&tree, "built/out", "x");
    let error = repository.remove_tree(&tree, REF).unwrap_err().to_string();
    assert!(error.contains("take a snapshot"), "{error}");
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    write_in(&tree, "untracked", "y");
    assert!(repository.remove_tree(&tree, REF).is_err(), "changed since");
    assert_eq!(files_in(&tree).len(), 4);
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    for _ in 0..2 {
        repository.remove_tree(&tree, REF).unwrap();
    }
    assert!(!tree.exists());
    assert!(!sandbox.git(&["worktree", "list"]).contains("trees/one"));
    assert_eq!(sandbox.git(&["show", &format!("{REF}:untracked")]), "y");
}

#[test]
fn a_clean_tree_goes_without_a_snapshot_unless_its_commits_would_be_lost() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    repository.remove_tree(&tree, REF).unwrap();
    let tree = sandbox.tree(&repository, "one");
    sandbox.git_in(&tree, &["checkout", "-q", "--detach"]);
    write_in(&tree, "file", "2\n");
    sandbox.git_in(&tree, &["commit", "-q", "-am", "on no branch"]);
    let error = repository.remove_tree(&tree, REF).unwrap_err().to_string();
    assert!(error.contains("on no branch"), "{error}");
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    repository.remove_tree(&tree, REF).unwrap();
}

#[test]
fn staged_content_and_submodules_count_as_content() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.git(&["clone", "-q", ".", "../library"]);
    sandbox.git(&["submodule", "--quiet", "add", "../library", "sub"]);
    sandbox.commit(&[]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    sandbox.git_in(&tree, &["submodule", "--quiet", "update", "--init"]);
    write_in(&tree, "file", "staged\n");
    sandbox.git_in(&tree, &["add", "file"]);
    write_in(&tree, "file", "1\n");
    assert!(repository.remove_tree(&tree, REF).is_err());
    write_in(&tree, "sub/file", "2\n");
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    write_in(&tree, "sub/file", "3\n");
    assert!(repository.remove_tree(&tree, REF).is_err());
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    repository.remove_tree(&tree, REF).unwrap();
    assert!(!tree.exists());
}

#[test]
fn a_removal_that_was_cut_off_is_finished_and_its_snapshot_is_not_lost() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    write_in(&tree, "work", "of hours");
    let good = repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    let mark = sandbox.top().join(".git/worktrees/one/coordinate-removing");
    std::fs::write(&mark, "").unwrap();
    std::fs::remove_file(tree.join(".git")).unwrap();
    std::fs::remove_file(tree.join("work")).unwrap();
    // A driver that repeats both steps takes a snapshot of the remains: the good one stays reachable.
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    assert!(repository.is_ancestor(&good.commit, &sandbox.oid(REF)).unwrap());
    std::fs::write(&mark, "").unwrap();
    std::fs::remove_file(tree.join("file")).unwrap();
    repository.remove_tree(&tree, REF).unwrap();
    assert!(!tree.exists());
}

#[test]
fn a_tree_whose_folder_or_parents_are_gone_is_gone() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    std::fs::remove_dir_all(sandbox.root().join("trees")).unwrap();
    repository.remove_tree(&tree, REF).unwrap();
    assert!(!sandbox.git(&["worktree", "list"]).contains("trees/one"));
    repository.remove_tree(&sandbox.root().join("never"), REF).unwrap();
}

#[test]
fn a_repository_in_place_of_the_trees_own_is_not_deleted() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    std::fs::remove_file(tree.join(".git")).unwrap();
    sandbox.git_in(&tree, &["init", "-q"]);
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    let error = repository.remove_tree(&tree, REF).unwrap_err().to_string();
    assert!(error.contains("move that folder away"), "{error}");
}
