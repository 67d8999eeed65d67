//! Deliveries that are killed after each of their steps, and then repeated.

use super::super::perform::Step;
use super::{assert_delivered, deliver_and_die, prepare};
use crate::git::testing::Sandbox;
use coordinate_engine::port::{Delivery, DeliveryState, Repository};
use std::os::unix::fs::symlink;

/// Changes of every kind, a folder that becomes a file, a file that becomes a folder, attributes, a taken-in copy.
fn ready() -> (Sandbox, Delivery) {
    let sandbox = Sandbox::with_commit(&[
        ("a.txt", "1\n"),
        ("file", "1\n"),
        ("folder/x/y", "1\n"),
        ("gone", "1\n"),
        ("z.txt", "1\n"),
    ]);
    for path in ["file", "gone", "folder/x/y"] {
        std::fs::remove_file(sandbox.top().join(path)).unwrap();
    }
    std::fs::remove_dir_all(sandbox.top().join("folder")).unwrap();
    symlink("a.txt", sandbox.top().join("link")).unwrap();
    sandbox.commit(&[
        (".gitattributes", "*.txt text eol=crlf\n"),
        ("a.txt", "2\n"),
        ("file/in", "2\n"),
        ("folder", "2\n"),
        ("plan.md", "- [x] done\n"),
        ("z.txt", "2\n"),
    ]);
    let mut delivery = prepare(&sandbox);
    sandbox.write("plan.md", "- [ ] done\n");
    // The run's first commit has it.
    let blob = sandbox.git(&["hash-object", "-w", "plan.md"]).parse().unwrap();
    delivery.taken_in = vec![("plan.md".to_owned(), blob)];
    (sandbox, delivery)
}

#[test]
fn killed_after_any_step_it_is_finished_by_repeating() {
    for steps in 1.. {
        let (sandbox, delivery) = ready();
        let repository = sandbox.open();
        let (done, died) = deliver_and_die(&repository, &delivery, steps);
        if !died {
            assert_eq!(done.first(), Some(&Step::Locked));
            assert_eq!(done.last(), Some(&Step::IndexInstalled));
            let count = |step: Step| done.iter().filter(|done| **done == step).count();
            assert_eq!((count(Step::Removed), count(Step::Placed)), (3, 7), "{done:?}");
            assert_eq!(count(Step::BranchMoved), 1);
            assert_delivered(&sandbox, &delivery);
            return;
        }
        assert_eq!(repository.delivery_state(&delivery).unwrap(), DeliveryState::Possible, "after {done:?}");
        assert_eq!(repository.deliver(&delivery).unwrap(), DeliveryState::Done, "after {done:?}");
        assert_delivered(&sandbox, &delivery);
    }
}

#[test]
fn killed_again_and_again_it_still_arrives() {
    let (sandbox, delivery) = ready();
    let repository = sandbox.open();
    // Staging is repeated each time, so three steps are the fewest that get on: at the end the branch, then the index.
    for _ in 0..60 {
        if !deliver_and_die(&repository, &delivery, 3).1 {
            break;
        }
    }
    assert_delivered(&sandbox, &delivery);
}

#[test]
fn the_same_holds_where_the_user_deleted_the_lock_by_hand() {
    for steps in 1.. {
        let (sandbox, delivery) = ready();
        let repository = sandbox.open();
        let (done, died) = deliver_and_die(&repository, &delivery, steps);
        if !died {
            return;
        }
        std::fs::remove_file(sandbox.top().join(".git/index.lock")).unwrap();
        assert_eq!(repository.deliver(&delivery).unwrap(), DeliveryState::Done, "after {done:?}");
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "after {done:?}");
        assert_eq!(sandbox.oid("main"), delivery.new);
    }
}

#[test]
fn while_it_is_cut_off_git_keeps_off_the_checkout() {
    let (sandbox, delivery) = ready();
    deliver_and_die(&sandbox.open(), &delivery, 4);
    assert!(!sandbox.try_git(&sandbox.top(), &["commit", "-q", "-am", "half"]).status.success());
}

#[test]
fn a_third_content_after_the_kill_stops_it_and_gives_git_back_to_the_user() {
    let (sandbox, delivery) = ready();
    let repository = sandbox.open();
    let (done, _) = deliver_and_die(&repository, &delivery, 7);
    assert_eq!(done.last(), Some(&Step::Placed));
    sandbox.write("z.txt", "mine\n");
    let state = repository.deliver(&delivery).unwrap();
    assert!(matches!(&state, DeliveryState::Blocked { paths, .. } if *paths == ["z.txt"]), "{state:?}");
    assert_eq!(sandbox.read("z.txt"), "mine\n");
    assert_eq!(sandbox.oid("main"), delivery.old);
    assert!(!sandbox.top().join(".git/index.lock").exists());
    // What was in its new place already has gone back: the checkout is not left between two commits.
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "M z.txt\n?? plan.md");
    assert_eq!(sandbox.read("plan.md"), "- [ ] done\n");
    sandbox.write("z.txt", "1\n");
    assert_eq!(repository.deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_delivered(&sandbox, &delivery);
}

#[test]
fn a_file_that_is_saved_while_it_is_being_delivered_is_not_overwritten() {
    let (sandbox, delivery) = ready();
    let state = sandbox
        .open()
        .deliver_observed(&delivery, &mut |step| {
            if step == Step::Staged {
                sandbox.write("z.txt", "mine\n");
            }
        })
        .unwrap();
    assert!(matches!(&state, DeliveryState::Blocked { paths, .. } if *paths == ["z.txt"]), "{state:?}");
    assert_eq!(sandbox.read("z.txt"), "mine\n");
    assert_eq!(sandbox.oid("main"), delivery.old);
    sandbox.write("z.txt", "1\n");
    assert_eq!(sandbox.open().deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_delivered(&sandbox, &delivery);
}

/// Shows N3.
#[test]
fn wherever_it_is_cut_off_an_edit_leaves_the_checkout_at_one_commit() {
    for steps in 1.. {
        let (sandbox, delivery) = ready();
        let repository = sandbox.open();
        let (done, died) = deliver_and_die(&repository, &delivery, steps);
        if !died {
            return;
        }
        sandbox.write("z.txt", "mine\n");
        let state = repository.deliver(&delivery).unwrap();
        let status = sandbox.git(&["status", "--porcelain"]);
        if done.contains(&Step::BranchMoved) {
            assert_eq!(state, DeliveryState::Done, "after {done:?}");
            assert_eq!((sandbox.oid("main"), status.as_str()), (delivery.new.clone(), "M z.txt"), "after {done:?}");
        } else {
            assert!(matches!(state, DeliveryState::Blocked { .. }), "{state:?} after {done:?}");
            assert_eq!(sandbox.oid("main"), delivery.old);
            assert_eq!(status, "M z.txt\n?? plan.md", "after {done:?}");
            assert_eq!(sandbox.read("plan.md"), "- [ ] done\n", "after {done:?}");
        }
        assert_eq!(sandbox.read("z.txt"), "mine\n", "after {done:?}");
        assert!(!sandbox.top().join(".git/index.lock").exists());
    }
}

#[test]
fn a_branch_that_was_moved_by_hand_brings_the_files_with_it() {
    let (sandbox, delivery) = ready();
    sandbox.git(&["update-ref", "refs/heads/main", delivery.new.as_str()]);
    assert_eq!(sandbox.open().delivery_state(&delivery).unwrap(), DeliveryState::Possible);
    assert_eq!(sandbox.open().deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_delivered(&sandbox, &delivery);
}

#[test]
fn two_processes_at_once_deliver_once() {
    let (sandbox, delivery) = ready();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(sandbox.open().deliver(&delivery).unwrap(), DeliveryState::Done));
        }
    });
    assert_delivered(&sandbox, &delivery);
}
