//! How attempts end by themselves and by their limits.

use crate::place::{Place, exists, runs};
use coordinate_engine::port::{AttemptStatus, Attempts as _, AttemptsError, Ending};
use std::path::PathBuf;

#[track_caller]
fn check(place: &Place, expected_lines: &[&str], expected: &Ending) {
    let (lines, ending) = place.run();
    assert_eq!((lines.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), &ending), (expected_lines, expected));
    assert_eq!(place.status(), AttemptStatus::Ended(ending));
}

#[track_caller]
fn check_not_started(place: &Place, expected: &str) {
    let (lines, ending) = place.run();
    assert!(lines.is_empty());
    match ending {
        Ending::NotStarted { reason } => assert!(reason.contains(expected), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    check(&Place::of("exit 0"), &[], &Ending::Exited { code: 0 });
    check(&Place::of("echo x; exit 143"), &["x"], &Ending::Exited { code: 143 });
    check(&Place::of("kill -USR1 $$"), &[], &Ending::Signaled { signal: 10 });
    check(&Place::of("kill -KILL $$"), &[], &Ending::Signaled { signal: 9 });
}

#[test]
fn what_cannot_start_says_why() {
    check_not_started(&Place::running(vec!["no-such-program-anywhere".to_owned()]), "`no-such-program-anywhere`");
    check_not_started(&Place::running(Vec::new()), "give `argv`");
    let nowhere = Place::of("true").with(|launch| launch.program.cwd = PathBuf::from("/no/such/folder"));
    check_not_started(&nowhere, "/no/such/folder");
    let unread = Place::of("true").with(|launch| launch.program.stdin = Some(PathBuf::from("/no/such/file")));
    check_not_started(&unread, "/no/such/file");
}

#[test]
fn the_program_gets_its_folder_variables_and_input() {
    let place = Place::of(r#"pwd -P; cat; echo "$EXTRA $COORDINATE_ATTEMPT""#).with(|launch| {
        launch.program.env.push(("EXTRA".to_owned(), "more".to_owned()));
        launch.program.stdin = Some(launch.program.cwd.join("input"));
    });
    std::fs::write(place.work("input"), "from the file\n").unwrap();
    let folder = place.launch.program.cwd.canonicalize().unwrap();
    let last = format!("more {}", place.launch.key);
    check(&place, &[folder.to_str().unwrap(), "from the file", &last], &Ending::Exited { code: 0 });
}

#[test]
fn without_a_file_the_input_is_empty() {
    check(&Place::of("cat; echo end"), &["end"], &Ending::Exited { code: 0 });
}

#[test]
fn silence_is_limited() {
    let place = Place::of("echo hi; sleep 1000").limited(|limits| limits.idle_ms = Some(300));
    check(&place, &["hi"], &Ending::IdleLimit);
}

#[test]
fn output_holds_the_idle_limit_off() {
    let place = Place::of("for i in 1 2 3 4 5 6 7 8 9 10; do printf .; sleep 0.3; done; exit 4")
        .limited(|limits| limits.idle_ms = Some(2_500));
    check(&place, &[".........."], &Ending::Exited { code: 4 });
}

#[test]
fn the_whole_time_is_limited_whatever_is_printed() {
    let place = Place::of("while :; do echo tick; sleep 0.02; done").limited(|limits| {
        limits.idle_ms = Some(60_000);
        limits.hard_ms = Some(500);
    });
    let (lines, ending) = place.run();
    assert_eq!(ending, Ending::HardLimit);
    assert!(!lines.is_empty() && lines.iter().all(|line| line == "tick"));
}

#[test]
fn limits_beyond_all_time_are_none() {
    let place = Place::of("exit 1").limited(|limits| {
        limits.idle_ms = Some(u64::MAX);
        limits.hard_ms = Some(u64::MAX);
        limits.grace_ms = u64::MAX;
    });
    check(&place, &[], &Ending::Exited { code: 1 });
}

#[test]
fn a_flood_is_ended_and_not_stored() {
    let place = Place::of("trap '' TERM; yes").limited(|limits| {
        limits.output_bytes = 100_000;
        limits.grace_ms = 300;
    });
    let (lines, ending) = place.run();
    assert_eq!(ending, Ending::OutputLimit);
    assert_eq!(lines.len(), 50_000);
}

#[test]
fn a_flood_that_fits_into_the_pipe_is_one_too() {
    let place = Place::of("printf 1234567890").limited(|limits| limits.output_bytes = 9);
    check(&place, &["123456789"], &Ending::OutputLimit);
    let place = Place::of("printf 1234567890").limited(|limits| limits.output_bytes = 10);
    check(&place, &["1234567890"], &Ending::Exited { code: 0 });
}

#[test]
fn a_program_may_close_its_outputs_and_work_on() {
    check(&Place::of("echo x; exec >&- 2>&-; sleep 0.3; exit 4"), &["x"], &Ending::Exited { code: 4 });
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    // Its own session, orphaned at once, and once with an empty environment too.
    let place = Place::of(
        "(setsid sh -c 'echo $$ > a; exec sleep 1000' &)
         (env -i setsid sh -c 'echo $$ > b; exec sleep 1000' &)
         (setsid sh -c 'trap \"\" TERM; echo $$ > c; while :; do sleep 1; done' &)
         until [ -s a ] && [ -s b ] && [ -s c ]; do sleep 0.01; done
         exit 6",
    );
    check(&place, &[], &Ending::Exited { code: 6 });
    for name in ["a", "b", "c"] {
        assert!(!exists(place.pid_in(name)), "`{name}` is left");
    }
}

#[test]
fn the_output_of_what_is_left_behind_is_kept() {
    let place = Place::of(
        "(trap 'echo late; exit' TERM; echo > ready; while :; do sleep 0.01; done) 2>&- &
         until [ -e ready ]; do sleep 0.01; done",
    );
    check(&place, &["late"], &Ending::Exited { code: 0 });
}

#[test]
fn orphans_are_reaped_while_the_program_runs() {
    let place = Place::of("(sh -c 'echo $$ > a' &); until [ -e go ]; do sleep 0.01; done");
    let shim = place.start();
    let orphan = place.pid_in("a");
    crate::place::until("the orphan is reaped", || !exists(orphan));
    assert!(runs(shim.pid));
    place.allow("go");
    assert_eq!(place.follow(0).1, Ending::Exited { code: 0 });
}

#[test]
fn an_attempt_runs_once() {
    let place = Place::of("until [ -e go ]; do sleep 0.01; done");
    place.start();
    let refused = || matches!(place.attempts.launch(&place.launch), Err(AttemptsError::AlreadyRunning { .. }));
    assert!(refused(), "while it runs");
    place.allow("go");
    place.follow(0);
    assert!(refused(), "when it has ended");
}

#[test]
fn of_many_launches_at_once_one_succeeds() {
    let place = Place::of("echo ran; until [ -e go ]; do sleep 0.01; done");
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let launches: Vec<_> = (0..8).map(|_| scope.spawn(|| place.attempts.launch(&place.launch))).collect();
        launches.into_iter().map(|launch| launch.join().unwrap()).collect()
    });
    let (started, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(started.len(), 1);
    assert!(refused.iter().all(|refusal| matches!(refusal, Err(AttemptsError::AlreadyRunning { .. }))));
    place.allow("go");
    let (lines, _) = place.follow(0);
    assert_eq!(lines.len(), 1, "it ran once");
    place.assert_nothing_left(started[0].as_ref().unwrap());
}

#[test]
fn many_attempts_run_side_by_side() {
    let places: Vec<_> = (0..12).map(|code| Place::of(&format!("echo {code}; exit {code}"))).collect();
    std::thread::scope(|scope| {
        for (code, place) in places.iter().enumerate() {
            scope.spawn(move || {
                let code_text = code.to_string();
                check(place, &[&code_text], &Ending::Exited { code: i32::try_from(code).unwrap() });
            });
        }
    });
}
