//! What is left, and what is not, when the shim or the launcher is killed.

use crate::place::{Place, SHIM, runs, until};
use coordinate_engine::port::{AttemptStatus, Attempts as _, AttemptsError, Ending};

/// A client with a tool in a session of its own that is orphaned, and a tool with an empty environment.
const HIDING: &str = "(setsid sh -c 'echo $$ > a; exec sleep 1000' &)
    env -i sh -c 'echo $$ > b; sleep 1000; true' &
    echo ready; wait; sleep 1000";

#[test]
fn a_killed_shim_is_lost_and_its_tree_is_swept() {
    let place = Place::of(HIDING);
    let shim = place.start();
    place.follow_until("ready");
    let tools = [place.pid_in("a"), place.pid_in("b")];
    place.kill_shim(&shim);
    assert_eq!(place.status(), AttemptStatus::Lost);
    assert!(tools.iter().all(|tool| runs(*tool)), "without a shim they live on");
    let (lines, ending) = place.follow(0);
    assert_eq!((lines.len(), ending), (1, Ending::Lost));
    assert!(!tools.iter().any(|tool| runs(*tool)), "following a lost attempt ends them");
    place.assert_nothing_left(&shim);
    assert_eq!(place.status(), AttemptStatus::Lost);
    assert!(matches!(place.attempts.launch(&place.launch), Err(AttemptsError::AlreadyRunning { .. })));
}

#[test]
fn a_follower_notices_at_once_that_the_shim_is_killed() {
    let place = Place::of(HIDING);
    let shim = place.start();
    let ending = std::thread::scope(|scope| {
        let follower = scope.spawn(|| place.follow(0).1);
        place.follow_until("ready");
        place.kill_shim(&shim);
        follower.join().unwrap()
    });
    assert_eq!(ending, Ending::Lost);
    place.assert_nothing_left(&shim);
}

#[test]
fn a_sweep_counts_and_spares_other_attempts() {
    let (lost, other) = (Place::of(HIDING), Place::of(HIDING));
    let (lost_shim, other_shim) = (lost.start(), other.start());
    for place in [&lost, &other] {
        place.follow_until("ready");
        place.pid_in("a");
        place.pid_in("b");
    }
    lost.kill_shim(&lost_shim);
    until("the tree is complete", || lost.carriers().len() == 2);
    // The client and the tool that carry the key; the tool without it; and what that one has started.
    let below = lost.pid_in("b");
    until("the last one is there", || !children(below).is_empty());
    assert_eq!(lost.attempts.sweep(&lost.launch.key).unwrap(), 4);
    assert_eq!(lost.attempts.sweep(&lost.launch.key).unwrap(), 0);
    assert!(runs(other.pid_in("a")) && runs(other.pid_in("b")));
    assert_eq!(other.status(), AttemptStatus::Alive(other_shim));
    other.stop(5, coordinate_engine::port::StopHow::Now);
    assert_eq!(other.follow(0).1, Ending::Stopped);
    assert_eq!(lost.follow(0).1, Ending::Lost);
}

fn children(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default()
}

#[test]
fn an_attempt_outlives_its_launcher_and_is_adopted() {
    let place = Place::of("echo before; until [ -e go ]; do sleep 0.01; done; echo after; exit 9");
    let launcher = place.start_elsewhere(&[]);
    place.follow_until("before");
    launcher.kill();
    let AttemptStatus::Alive(shim) = place.status() else { panic!("{:?}", place.status()) };
    assert!(matches!(place.attempts.launch(&place.launch), Err(AttemptsError::AlreadyRunning { .. })));
    place.allow("go");
    let (lines, ending) = place.follow(0);
    assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["before", "after"]);
    assert_eq!(ending, Ending::Exited { code: 9 });
    assert_eq!(place.carriers(), [0; 0]);
    assert!(!runs(shim.pid));
}

#[test]
fn a_bound_attempt_ends_with_its_launcher() {
    let place = Place::of("(setsid sh -c 'echo $$ > a; exec sleep 1000' &); echo ready; sleep 1000")
        .with(|launch| launch.bound = true);
    let launcher = place.start_elsewhere(&[]);
    place.follow_until("ready");
    let hidden = place.pid_in("a");
    launcher.kill();
    assert_eq!(place.follow(0).1, Ending::Stopped);
    assert_eq!(place.carriers(), [0; 0]);
    assert!(!runs(hidden));
}

#[test]
fn a_bound_attempt_ends_by_itself_too() {
    let place = Place::of("echo x; exit 3").with(|launch| launch.bound = true);
    assert_eq!(place.run(), (vec!["x".to_owned()], Ending::Exited { code: 3 }));
}

#[test]
fn a_folder_that_was_never_taken_can_be_launched() {
    let place = Place::of("exit 0");
    assert_eq!(place.status(), AttemptStatus::NeverStarted);
    place.try_follow(0).unwrap_err();
    // A launcher that was killed between writing the launch and starting the shim.
    std::fs::create_dir_all(&place.launch.folder).unwrap();
    std::fs::write(place.launch.folder.join("launch.json"), "{}").unwrap();
    assert_eq!(place.status(), AttemptStatus::NeverStarted);
    assert_eq!(place.run().1, Ending::Exited { code: 0 });
}

#[test]
fn a_shim_that_comes_late_is_waited_for() {
    let place = Place::of("until [ -e go ]; do sleep 0.01; done");
    std::fs::create_dir_all(&place.launch.folder).unwrap();
    let mut launch = serde_json::to_value(&place.launch).unwrap();
    launch["format"] = 1.into();
    std::fs::write(place.launch.folder.join("launch.json"), launch.to_string()).unwrap();
    // The launcher was killed just after it had started the shim, which takes its time to begin.
    let mut shim = std::process::Command::new("sh")
        .args(["-c", "sleep 0.3; exec \"$0\" \"$@\"", SHIM, "attempt-shim"])
        .arg(&place.launch.folder)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let status = place.status();
    assert!(matches!(&status, AttemptStatus::Alive(alive) if alive.pid == shim.id()), "{status:?}");
    assert!(matches!(place.attempts.launch(&place.launch), Err(AttemptsError::AlreadyRunning { .. })));
    place.allow("go");
    assert!(shim.wait().unwrap().success());
    assert_eq!(place.status(), AttemptStatus::Ended(Ending::Exited { code: 0 }));
}

#[test]
fn a_shim_that_cannot_run_says_why() {
    let place = Place::of("exit 0");
    std::fs::create_dir_all(place.launch.folder.join("transcript")).unwrap();
    let error = place.attempts.launch(&place.launch).unwrap_err().to_string();
    assert!(error.contains("shim.log") && error.contains("Is a directory"), "{error}");
    assert_eq!(place.status(), AttemptStatus::NeverStarted);
}

#[test]
fn a_shim_that_cannot_write_ends_its_tree_and_says_why() {
    let place = Place::of(
        "(setsid sh -c 'echo $$ > a; exec sleep 1000' &); until [ -s a ]; do sleep 0.01; done; echo x; sleep 1000",
    );
    std::fs::create_dir_all(&place.launch.folder).unwrap();
    std::os::unix::fs::symlink("/dev/full", place.launch.folder.join("transcript")).unwrap();
    let shim = place.start();
    until("the shim has given up", || place.status() == AttemptStatus::Lost);
    place.assert_nothing_left(&shim);
    assert!(!runs(place.pid_in("a")));
    let log = std::fs::read_to_string(place.launch.folder.join("shim.log")).unwrap();
    assert!(log.contains("No space left"), "{log}");
}

#[test]
fn a_shim_program_that_is_missing_is_an_error() {
    let mut place = Place::of("exit 0");
    place.attempts = coordinate_host::attempts::ShimAttempts::new("/no/such/program".into());
    let error = place.attempts.launch(&place.launch).unwrap_err();
    assert!(matches!(error, AttemptsError::System { action: "launch", .. }), "{error}");
}
