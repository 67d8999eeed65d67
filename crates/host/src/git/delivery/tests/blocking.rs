//! Deliveries that are refused, with everything as it was.

use super::{Step, assert_blocked, prepare};
use crate::git::testing::Sandbox;
use coordinate_engine::port::{Delivery, DeliveryState, Repository};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

/// A change of `file`, `dir/new` (added) and `old` (removed), ready to be delivered; `same` stays.
fn ready() -> (Sandbox, Delivery) {
    let sandbox = Sandbox::with_commit(&[("file", "1\n"), ("old", "1\n"), ("same", "1\n"), (".gitignore", "*.log\n")]);
    std::fs::remove_file(sandbox.top().join("old")).unwrap();
    sandbox.commit(&[("file", "2\n"), ("dir/new", "2\n")]);
    let delivery = prepare(&sandbox);
    (sandbox, delivery)
}

#[test]
fn work_of_the_user_stops_it_and_is_named() {
    type Edit = fn(&Sandbox);
    let edits: &[(&str, Edit, &[&str])] = &[
        ("an edited file that changes", |s| s.write("file", "mine\n"), &["file"]),
        ("an edited file that stays", |s| s.write("same", "mine\n"), &["same"]),
        ("an edited file that goes", |s| s.write("old", "mine\n"), &["old"]),
        ("an untracked file in the way", |s| s.write("dir/new", "mine\n"), &["dir/new"]),
        ("a file where a folder comes", |s| s.write("dir", "mine\n"), &["dir"]),
        ("a link where a folder comes", |s| symlink("/tmp", s.top().join("dir")).unwrap(), &["dir"]),
        ("a folder where a file comes", |s| s.write("dir/new/mine", "x"), &["dir/new/mine"]),
        ("a deleted file", |s| std::fs::remove_file(s.top().join("file")).unwrap(), &["file"]),
        (
            "a changed mode",
            |s| std::fs::set_permissions(s.top().join("file"), std::fs::Permissions::from_mode(0o755)).unwrap(),
            &["file"],
        ),
        (
            "staged content",
            |s| {
                s.write("file", "mine\n");
                s.git(&["add", "file"]);
                s.write("file", "1\n");
            },
            &["file"],
        ),
        (
            "a staged new file",
            |s| {
                s.write("mine", "x");
                s.git(&["add", "mine"]);
            },
            &["mine"],
        ),
        (
            "an edit that git was told not to see",
            |s| {
                s.git(&["update-index", "--assume-unchanged", "file"]);
                s.write("file", "mine\n");
            },
            &["file"],
        ),
    ];
    for (name, edit, expected) in edits {
        let (sandbox, delivery) = ready();
        edit(&sandbox);
        let (reason, paths) = assert_blocked(&sandbox, &delivery);
        assert_eq!(paths, *expected, "{name}: {reason}");
        assert!(reason.contains("stash"), "{name}: {reason}");
    }
}

#[test]
fn an_ignored_file_in_the_way_is_not_overwritten() {
    let sandbox = Sandbox::with_commit(&[(".gitignore", "*.log\n")]);
    sandbox.write("x.log", "delivered\n");
    sandbox.git(&["add", "-f", "x.log"]);
    sandbox.commit(&[]);
    let delivery = prepare(&sandbox);
    sandbox.write("x.log", "mine\n");
    assert_eq!(assert_blocked(&sandbox, &delivery).1, ["x.log"]);
}

#[test]
fn an_edited_copy_of_what_was_taken_in_stops_it() {
    let (sandbox, mut delivery) = ready();
    sandbox.write("dir/new", "taken\n");
    let blob = sandbox.git(&["hash-object", "dir/new"]).parse().unwrap();
    delivery.taken_in = vec![("dir/new".to_owned(), blob)];
    assert_eq!(sandbox.open().delivery_state(&delivery).unwrap(), DeliveryState::Possible);
    sandbox.write("dir/new", "edited\n");
    assert_eq!(assert_blocked(&sandbox, &delivery).1, ["dir/new"]);
}

#[test]
fn states_of_the_checkout_that_must_be_left_first_are_named_with_the_remedy() {
    type Edit = fn(&Sandbox);
    let edits: &[(Edit, &str)] = &[
        (|s| drop(s.git(&["checkout", "-q", "--detach"])), "git switch main"),
        (|s| s.write(".git/MERGE_HEAD", &format!("{}\n", s.oid("HEAD"))), "a merge is in progress"),
        (|s| std::fs::create_dir(s.top().join(".git/rebase-merge")).unwrap(), "a rebase is in progress"),
        (|s| s.write(".git/index.lock", ""), "delete the file if no git runs"),
        (|s| drop(s.git(&["config", "core.sparseCheckout", "true"])), "sparse"),
        (|s| drop(s.commit(&[("more", "x")])), "has moved"),
        (
            |s| {
                s.git(&["checkout", "-q", "-b", "other"]);
                s.git(&["worktree", "add", "-q", "../linked", "main"]);
            },
            "switch that work tree",
        ),
        (
            |s| {
                s.git(&["checkout", "-q", "-b", "other"]);
                s.git(&["branch", "-D", "-q", "main"]);
            },
            "is gone",
        ),
    ];
    for (edit, expected) in edits {
        let (sandbox, delivery) = ready();
        edit(&sandbox);
        let (reason, paths) = assert_blocked(&sandbox, &delivery);
        assert!(reason.contains(expected), "{reason}");
        assert_eq!(paths, Vec::<String>::new());
    }
}

#[test]
fn an_unfinished_merge_of_the_user_stops_it() {
    let (sandbox, delivery) = ready();
    sandbox.git(&["checkout", "-q", "-b", "side", "HEAD"]);
    sandbox.commit(&[("same", "side\n")]);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("same", "main\n");
    sandbox.git(&["stash", "-q"]);
    sandbox.git(&["read-tree", "-m", "HEAD"]);
    let blobs = [("1", sandbox.oid("main:same")), ("2", sandbox.oid("stash:same")), ("3", sandbox.oid("side:same"))];
    let lines: String = blobs.iter().map(|(stage, oid)| format!("100644 {oid} {stage}\tsame\n")).collect();
    std::fs::write(sandbox.root().join("stages"), format!("0 {} 0\tsame\n{lines}", "0".repeat(40))).unwrap();
    let shell = std::process::Command::new("sh")
        .current_dir(sandbox.top())
        .args(["-c", "git update-index --index-info < ../stages"])
        .status();
    assert!(shell.unwrap().success());
    assert_eq!(assert_blocked(&sandbox, &delivery).1, ["same"]);
}

#[test]
fn a_filter_that_fails_stops_it_before_anything_is_touched() {
    let (sandbox, delivery) = ready();
    sandbox.write(".git/info/attributes", "new filter=broken\n");
    sandbox.git(&["config", "filter.broken.smudge", "exit 1"]);
    sandbox.git(&["config", "filter.broken.required", "true"]);
    let error = sandbox.open().deliver(&delivery).unwrap_err().to_string();
    assert!(error.contains("deliver"), "{error}");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    assert_eq!(sandbox.oid("main"), delivery.old);
    assert!(!sandbox.top().join(".git/index.lock").exists());
}

#[test]
fn a_delivery_of_another_run_that_was_cut_off_is_named() {
    let (sandbox, delivery) = ready();
    sandbox.write(".git/index.lock", "coordinate delivery\nrefs/heads/else\n1\n2\n");
    let (reason, _) = assert_blocked(&sandbox, &delivery);
    assert!(reason.contains("refs/heads/else") && reason.contains("resume that run"), "{reason}");
}

#[test]
fn a_delivery_that_is_under_way_is_waited_for() {
    let (sandbox, delivery) = ready();
    let repository = sandbox.open();
    let other = Delivery { new: sandbox.oid("main"), old: delivery.new.clone(), ..delivery.clone() };
    let mut judged = None;
    repository
        .deliver_observed(&delivery, &mut |step| {
            if step == Step::Locked {
                let (repository, other) = (sandbox.open(), other.clone());
                let judge = std::thread::spawn(move || repository.delivery_state(&other));
                // Time enough for one that does not wait; one that does can not be done before the delivery is.
                let deadline = Instant::now() + Duration::from_millis(300);
                while !judge.is_finished() && Instant::now() < deadline {
                    std::thread::yield_now();
                }
                judged = Some(judge);
            }
        })
        .unwrap();
    let state = judged.unwrap().join().unwrap().unwrap();
    assert_eq!(state, DeliveryState::Possible, "the branch is where the other delivery begins now");
}
