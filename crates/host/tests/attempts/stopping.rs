//! Stopping attempts from outside.

use crate::place::{Place, exists, send, until};
use coordinate_engine::port::{Ending, StopHow};
use rustix::process::Signal;

const DEAF: &str = "trap '' TERM; echo ready; while :; do sleep 1; done";

#[track_caller]
fn check_stopped(place: &Place, how: StopHow) -> Vec<String> {
    let shim = place.start();
    place.follow_until("ready");
    place.stop(5, how);
    let (lines, ending) = place.follow(0);
    assert_eq!(ending, Ending::Stopped);
    place.assert_nothing_left(&shim);
    lines.into_iter().map(|line| line.text).collect()
}

#[test]
fn who_is_asked_may_say_goodbye() {
    let place = Place::of("exec 2>&-; trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
    assert_eq!(check_stopped(&place, StopHow::Ask), ["ready", "bye"]);
}

#[test]
fn who_does_not_listen_is_killed_after_the_grace_time() {
    check_stopped(&Place::of(DEAF).limited(|limits| limits.grace_ms = 300), StopHow::Ask);
}

#[test]
fn now_does_not_wait_for_the_grace_time() {
    check_stopped(&Place::of(DEAF), StopHow::Now);
}

#[test]
fn now_cuts_a_grace_time_short() {
    let place = Place::of("trap 'echo asked' TERM; echo ready; while :; do sleep 0.01; done");
    let shim = place.start();
    place.follow_until("ready");
    place.stop(5, StopHow::Ask);
    place.follow_until("asked");
    place.stop(5, StopHow::Now);
    assert_eq!(place.follow(0).1, Ending::Stopped);
    place.assert_nothing_left(&shim);
}

#[test]
fn a_stopped_program_hears_that_it_is_to_end() {
    let place =
        Place::of("exec 2>&-; trap 'echo bye; exit 0' TERM; echo ready; kill -STOP $$; while :; do sleep 0.01; done");
    assert_eq!(check_stopped(&place, StopHow::Ask), ["ready", "bye"]);
}

#[test]
fn a_tree_that_never_stops_forking_is_ended() {
    // Each process starts its successor in a new session and is gone: no list of processes is ever right.
    let place = Place::of(
        "trap '' TERM
         printf 'trap \"\" TERM\nsetsid sh ./hop &\n' > hop
         for i in 1 2 3; do sh ./hop; done
         echo ready; while :; do sleep 1; done",
    );
    check_stopped(&place.limited(|limits| limits.grace_ms = 100), StopHow::Ask);
}

#[test]
fn an_old_token_is_ignored() {
    let place = Place::of("until [ -e go ]; do sleep 0.01; done; exit 3");
    let shim = place.start();
    // Sent before the program may end, so that the shim has read it by then.
    place.stop(4, StopHow::Now);
    place.allow("go");
    assert_eq!(place.follow(0).1, Ending::Exited { code: 3 });
    place.assert_nothing_left(&shim);
}

#[test]
fn a_higher_token_is_obeyed() {
    let place = Place::of("echo ready; sleep 1000");
    let shim = place.start();
    place.follow_until("ready");
    place.stop(6, StopHow::Now);
    assert_eq!(place.follow(0).1, Ending::Stopped);
    place.assert_nothing_left(&shim);
}

#[test]
fn stopping_what_is_not_there_is_no_error() {
    let place = Place::of("exit 2");
    place.stop(5, StopHow::Now);
    place.run();
    place.stop(5, StopHow::Now);
    assert_eq!(place.follow(0).1, Ending::Exited { code: 2 });
}

#[test]
fn a_signal_to_the_shim_ends_its_tree_too() {
    let place = Place::of("(setsid sh -c 'echo $$ > a; exec sleep 1000' &); echo ready; sleep 1000");
    let shim = place.start();
    place.follow_until("ready");
    let hidden = place.pid_in("a");
    send(shim.pid, Signal::TERM);
    assert_eq!(place.follow(0).1, Ending::Signaled { signal: 15 });
    place.assert_nothing_left(&shim);
    assert!(!exists(hidden));
}

#[test]
fn a_program_that_signals_its_group_does_not_hit_the_shim() {
    let place = Place::of("trap 'echo own; exit 7' TERM; kill 0; sleep 1000");
    assert_eq!(place.run(), (vec!["own".to_owned()], Ending::Exited { code: 7 }));
}

#[test]
fn a_bound_attempt_ends_when_it_is_dropped() {
    let mut place = Place::of("echo ready; sleep 1000").with(|launch| launch.bound = true);
    place.start();
    place.follow_until("ready");
    place.attempts = coordinate_host::attempts::ShimAttempts::new(crate::place::SHIM.into());
    assert_eq!(place.follow(0).1, Ending::Stopped);
    until("nothing is left", || place.carriers().is_empty());
}
