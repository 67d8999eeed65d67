//! Deliveries: whole, cut off at every step, and refused without touching anything.

mod blocking;
mod interrupted;
mod whole;

use super::perform::Step;
use crate::git::GitRepository;
use crate::git::testing::{Sandbox, files_in};
use coordinate_engine::port::{Delivery, DeliveryState, Repository};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A delivery of the newest commit to `main`, which is brought back to the commit before it.
fn prepare(sandbox: &Sandbox) -> Delivery {
    let new = sandbox.oid("HEAD");
    sandbox.git(&["reset", "-q", "--hard", "HEAD~"]);
    let branch = "refs/heads/main".to_owned();
    Delivery { branch, old: sandbox.oid("HEAD"), new, taken_in: Vec::new() }
}

/// Fails unless the checkout is wholly at the new commit, with nothing left over.
#[track_caller]
fn assert_delivered(sandbox: &Sandbox, delivery: &Delivery) {
    assert_eq!(sandbox.oid("main"), delivery.new);
    assert_eq!(sandbox.git(&["status", "--porcelain", "--ignore-submodules=all"]), "");
    let fresh = sandbox.root().join("fresh");
    sandbox.git(&["worktree", "add", "-q", "--detach", "../fresh", delivery.new.as_str()]);
    assert_eq!(files_in(&sandbox.top()), files_in(&fresh));
    sandbox.git(&["worktree", "remove", "--force", "../fresh"]);
    assert!(!sandbox.top().join(".git/index.lock").exists());
    assert!(!sandbox.top().join(".git/coordinate-delivery").exists());
    assert_eq!(sandbox.open().delivery_state(delivery).unwrap(), DeliveryState::Done);
    assert_eq!(sandbox.open().deliver(delivery).unwrap(), DeliveryState::Done);
}

/// Fails unless it is refused, by both methods alike, and nothing changes. Returns reason and paths.
#[track_caller]
fn assert_blocked(sandbox: &Sandbox, delivery: &Delivery) -> (String, Vec<String>) {
    let look = || {
        let index = sandbox.git(&["ls-files", "-s", "-v"]);
        (files_in(&sandbox.top()), index, sandbox.git(&["for-each-ref"]), sandbox.git(&["worktree", "list"]))
    };
    let before = look();
    let state = sandbox.open().delivery_state(delivery).unwrap();
    assert_eq!(sandbox.open().deliver(delivery).unwrap(), state);
    assert_eq!(look(), before);
    let DeliveryState::Blocked { reason, paths } = state else { panic!("not blocked but {state:?}") };
    (reason, paths)
}

/// Delivers and dies after `steps` steps as a killed process does: nothing is tidied up but what the system closes.
/// Returns the steps that were done, and whether it died.
fn deliver_and_die(repository: &GitRepository, delivery: &Delivery, steps: usize) -> (Vec<Step>, bool) {
    let mut done = Vec::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        repository.deliver_observed(delivery, &mut |step| {
            done.push(step);
            // Not a panic: that would be printed as if the test had failed.
            if done.len() == steps {
                std::panic::resume_unwind(Box::new("killed"));
            }
        })
    }));
    let died = outcome.is_err();
    if let Ok(state) = outcome {
        assert_eq!(state.unwrap(), DeliveryState::Done);
    }
    (done, died)
}
