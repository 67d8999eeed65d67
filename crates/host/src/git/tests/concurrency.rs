//! Many threads on one repository at once.

use crate::git::testing::{AT, Sandbox, write_in};
use coordinate_engine::port::{CommitSpec, MergeOutcome, Repository};
use std::sync::Barrier;

#[test]
fn eight_threads_make_trees_commit_merge_and_remove_at_once() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let head = sandbox.oid("HEAD");
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (sandbox, barrier, head) = (&sandbox, &barrier, &head);
            scope.spawn(move || {
                let repository = sandbox.open();
                let path = sandbox.root().join(format!("trees/{number}/tree"));
                let (branch, reference) = (format!("work/{number}"), format!("refs/coordinate/{number}"));
                barrier.wait();
                repository.add_tree(&path, &branch, head).unwrap();
                write_in(&path, &format!("new {number}"), "x");
                let taken = repository.snapshot(&path, &reference, "work", AT).unwrap();
                let side = repository.write_files(head, &[(format!("side {number}"), b"y".to_vec())]).unwrap();
                let spec = CommitSpec { tree: side, parents: vec![head.clone()], message: "side".to_owned(), at: AT };
                let side = repository.commit(&spec).unwrap();
                let MergeOutcome::Clean(tree) = repository.merge(&taken.commit, &side).unwrap() else {
                    panic!("a conflict in thread {number}")
                };
                assert_eq!(repository.changed_paths(head, &tree).unwrap().len(), 2);
                repository.reset_tree(&path, &side, &reference).unwrap();
                repository.remove_tree(&path, &reference).unwrap();
            });
        }
    });
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(sandbox.git(&["for-each-ref", "refs/heads/work"]).lines().count(), 8);
    assert_eq!(sandbox.git(&["fsck", "--no-dangling"]), "");
}

#[test]
fn a_lock_that_another_git_holds_for_a_moment_is_waited_out() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let head = sandbox.oid("HEAD");
    let repository = sandbox.open();
    let lock = sandbox.top().join(".git/refs/coordinate/one.lock");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    std::fs::write(&lock, "").unwrap();
    std::thread::scope(|scope| {
        let moving = scope.spawn(|| repository.move_ref("refs/coordinate/one", &head, None));
        // The first try has ended when git's own wait of 100 ms is over; nothing here depends on hitting that.
        assert!(
            sandbox.try_git(&sandbox.top(), &["update-ref", "refs/coordinate/one", "HEAD"]).status.code() != Some(0)
        );
        std::fs::remove_file(&lock).unwrap();
        moving.join().unwrap().unwrap();
    });
    assert_eq!(sandbox.oid("refs/coordinate/one"), head);
}

#[test]
fn one_of_two_writers_of_a_ref_wins() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let head = sandbox.oid("HEAD");
    let repository = sandbox.open();
    let commits: Vec<_> = (0..4)
        .map(|number| {
            let message = format!("writer {number}");
            let spec = CommitSpec { tree: sandbox.oid("HEAD^{tree}"), parents: vec![head.clone()], message, at: AT };
            repository.commit(&spec).unwrap()
        })
        .collect();
    let won: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = commits
            .iter()
            .map(|commit| scope.spawn(|| repository.move_ref("refs/heads/shared", commit, None).is_ok()))
            .collect();
        writers.into_iter().map(|writer| usize::from(writer.join().unwrap())).sum()
    });
    assert_eq!(won, 1);
}
