//! SIGKILL just after each event of the journal. An event is printed once it is durable, so the kill comes between
//! this event and what follows from it.

use crate::kills::{assert_as_undisturbed, expected, note_finished, project};
use crate::support::{Random, count};
use std::collections::BTreeMap;

/// Kills at the `n`-th event; `false` when the run had ended before.
#[track_caller]
fn survive(n: u64) -> bool {
    let project = project();
    let mut driver = project.start(&[]);
    let mut left = n;
    let reached = driver.read_until(|_| {
        left -= 1;
        left == 0
    });
    driver.kill();
    let mut finished = BTreeMap::new();
    note_finished(&project, &mut finished);
    project.drive().end().assert_succeeded();
    assert_as_undisturbed(&project, 0, &finished);
    reached
}

#[test]
fn a_kill_after_any_event() {
    // A run has a few events more or less, by what falls into one commit.
    let stride = (expected().events / count(5)).max(1);
    let mut n = 1 + Random::of(7, 0).below(stride);
    while survive(n) {
        n += stride;
    }
}
