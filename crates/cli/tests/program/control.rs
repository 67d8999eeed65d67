//! What people do to a run from beside: questions, pause, cancel, interrupts, a second driver.

use crate::support::process::await_that;
use crate::support::redact::{redacted, whole};
use crate::support::{Plan, Started, World, json_lines, step};
use rustix::process::Signal;
use std::time::Instant;

const WAITS: &str = "echo 1 > one.txt; until test -e \"$HOME/../go\"; do sleep 0.02; done";

/// A repository whose only phase waits until it is let go.
fn waiting() -> World {
    World::with_plan(&Plan::new().sh("one", &[], "`one.txt`", WAITS))
}

impl World {
    /// Lets waiting phases go.
    fn let_go(&self) {
        self.env.script("../go", "");
    }

    /// Starts the run and waits until its phase has written its file.
    #[track_caller]
    fn started(&self, arguments: &[&str]) -> Started {
        let run = self.start(&[&["run", "PLAN.md", "--agent", "offline"], arguments].concat());
        self.await_file("implement-p1-agent", "one.txt");
        // What the agent told is in the journal too, so that nothing of it comes later.
        await_that("the command", || !step(&self.show(), "implement/p1/agent")["attempts"][0]["doing"].is_null());
        run
    }

    /// Waits for a file in a work tree of the newest run.
    #[track_caller]
    fn await_file(&self, tree: &str, file: &str) {
        let projects = self.env.root().join("state/coordinate");
        await_that(file, || {
            let runs = Self::entries(&projects).into_iter().map(|project| projects.join(project));
            let mut trees = runs.flat_map(|runs| Self::entries(&runs).into_iter().map(move |run| runs.join(run)));
            trees.any(|trees| trees.join(tree).join(file).exists())
        });
    }

    /// Goes on with the run to its good end. Only what its interrupted attempts left stays, on refs that it names.
    #[track_caller]
    fn resumes(&self) {
        let outcome = self.coordinate(&["resume", "--yes"]);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        assert_eq!(self.refs("refs/heads"), ["refs/heads/main"]);
        assert_eq!(serde_json::json!(self.refs("refs/coordinate")), self.show()["kept"]);
        self.assert_no_trees();
    }
}

/// The endings of the attempts of phase 1's agent.
fn endings(world: &World) -> Vec<String> {
    let run = world.show();
    let attempts = step(&run, "implement/p1/agent")["attempts"].as_array().unwrap();
    attempts.iter().map(|attempt| attempt["ending"]["how"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_stream_of_events_is_json_and_ends_with_the_end() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "echo 1 > one.txt"));
    let outcome = world.run_offline(&["--json"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:#?}");
    let events = json_lines(&outcome.stdout);
    assert_eq!(events[0]["event"], "run_created");
    assert_eq!(events[0]["waves"], serde_json::json!([[1]]));
    let sequences: Vec<u64> = events.iter().filter_map(|event| event["sequence"].as_u64()).collect();
    let ends = events.iter().filter(|event| event["event"] == "state_complete").count();
    assert_eq!((ends, sequences.len()), (3, events.len() - ends), "what is no event of the journal has no sequence");
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>(), "each event once, in order");
    let last = events.last().unwrap();
    let expected = [("event", "run_ended"), ("outcome", "succeeded"), ("state", "complete")];
    for (key, value) in expected {
        assert_eq!(last[key], value, "{last:#}");
    }
    assert_eq!(last["delivery"]["delivery"], "delivered");
    assert_eq!(last["run"], world.show()["run"]);
    assert_eq!(last["artifacts"][0]["kind"], "summary");
    let keys: Vec<String> = world.show().as_object().unwrap().keys().cloned().collect();
    redacted(&world, || insta::assert_snapshot!("show_json_keys", keys.join("\n")));
    let run = world.show();
    let keys: Vec<String> = run["steps"][0].as_object().unwrap().keys().cloned().collect();
    redacted(&world, || insta::assert_snapshot!("show_json_step_keys", keys.join("\n")));
}

#[test]
fn a_stream_of_a_failed_run_ends_with_its_outcome() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "exit 4"));
    let outcome = world.run_offline(&["--json"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let last = json_lines(&outcome.stdout).pop().unwrap();
    assert_eq!((&last["event"], &last["outcome"]), (&"run_ended".into(), &"failed".into()));
    assert!(last["message"].as_str().unwrap().contains("exit code 4"), "{last:#}");
}

#[test]
fn a_pause_keeps_everything_and_resume_finishes() {
    let world = waiting();
    let run = world.started(&[]);
    let shown = world.coordinate(&["ps"]);
    assert!(shown.stdout.contains(&format!("(process {})", run.pid())), "{shown:#?}");
    assert_eq!(world.json(&["ps", "--json"])[0]["driver"], run.pid());
    redacted(&world, || insta::assert_snapshot!("why_running", whole(&world.coordinate(&["why"]))));
    let paused = world.command(&["pause"]).env("USER", "ada").output().unwrap().into();
    redacted(&world, || insta::assert_snapshot!("pause", whole(&paused)));
    let outcome = run.finish();
    redacted(&world, || insta::assert_snapshot!("run_paused", whole(&outcome)));
    world.env.assert_no_leftovers();
    assert_eq!(world.json(&["ps", "--json"])[0]["driver"], serde_json::Value::Null);
    redacted(&world, || insta::assert_snapshot!("why_paused", whole(&world.coordinate(&["why"]))));
    let state = world.show();
    let snapshot = step(&state, "implement/p1/agent")["attempts"][0]["snapshot"].as_str().unwrap().to_owned();
    assert_eq!(world.git(&["show", &format!("{snapshot}:one.txt")]), "1");
    world.let_go();
    let outcome = world.coordinate(&["resume"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(endings(&world), ["stopped", "exited"]);
    assert_eq!(world.read("one.txt"), "1\n");
}

#[test]
fn a_cancel_ends_the_run_and_keeps_its_work() {
    let world = waiting();
    let run = world.started(&[]);
    let cancelled = world.coordinate(&["cancel", "--reason", "no longer needed"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:#?}");
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(5), "{outcome:#?}");
    assert!(outcome.stdout.contains(" cancelled: cancelled by the user: no longer needed"), "{outcome:#?}");
    let state = world.show();
    assert_eq!(state["outcome"], "cancelled");
    assert_eq!(step(&state, "implement/p1/agent")["state"], "cancelled");
    let kept = state["kept"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|name| name.as_str())
        .find(|name| name.contains("p1-agent"));
    assert_eq!(world.git(&["show", &format!("{}:one.txt", kept.unwrap())]), "1");
    assert_eq!(world.subjects("main"), ["first"]);
    world.assert_no_trees();
    let again = world.coordinate(&["resume", state["run"].as_str().unwrap()]);
    assert_eq!(again.code, Some(5), "{again:#?}");
}

#[test]
fn a_run_that_nobody_drives_can_be_cancelled() {
    let world = waiting();
    let run = world.started(&[]);
    run.signal(Signal::INT);
    assert_eq!(run.finish().code, Some(5));
    let said = world.coordinate(&["cancel"]);
    assert!(said.stdout.contains("cancelled, recorded; nobody drives this run: coordinate resume run_"), "{said:#?}");
    let outcome = world.coordinate(&["resume"]);
    assert_eq!(outcome.code, Some(5), "{outcome:#?}");
    assert_eq!(world.show()["outcome"], "cancelled");
    world.assert_no_trees();
}

#[test]
fn one_interrupt_stops_cleanly_and_says_how_to_go_on() {
    for (signal, name) in [(Signal::INT, "run_interrupted"), (Signal::TERM, "run_terminated")] {
        let world = waiting();
        let run = world.started(&[]);
        run.signal(signal);
        let outcome = run.finish();
        redacted(&world, || insta::assert_snapshot!(name, whole(&outcome)));
        world.env.assert_no_leftovers();
        world.let_go();
        world.resumes();
    }
}

#[test]
fn an_interrupted_stream_ends_as_paused() {
    let world = waiting();
    let run = world.started(&["--json"]);
    run.signal(Signal::INT);
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(5), "{outcome:#?}");
    let last = json_lines(&outcome.stdout).pop().unwrap();
    assert_eq!((&last["event"], &last["outcome"]), (&"run_ended".into(), &"paused".into()), "{last:#}");
    world.let_go();
    let outcome = world.coordinate(&["resume", "--yes", "--json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(json_lines(&outcome.stdout).pop().unwrap()["outcome"], "succeeded");
}

#[test]
fn the_second_interrupt_leaves_at_once_and_leaves_no_process() {
    let script =
        "if-attempt 1 ignore-term\nwrite one.txt 1\nif-attempt 1 fork-session ../../../../marker\nif-attempt 1 hang";
    let world = World::with_plan(&Plan::new().script("one", &[], "`one.txt`", script));
    let run = world.start_scripted(&["-c", "agent.grace_seconds=3600"]);
    let marker = world.env.root().join("state/marker");
    await_that("the agent's child", || marker.exists());
    run.signal(Signal::INT);
    await_that("the pause", || world.coordinate(&["why"]).stdout.contains("paused by"));
    let second = Instant::now();
    run.signal(Signal::INT);
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(5), "{outcome:#?}");
    assert!(second.elapsed().as_secs() < 60, "it waited for the grace period");
    assert!(outcome.stdout.contains("left at once; go on with `coordinate resume run_"), "{outcome:#?}");
    world.env.assert_no_leftovers();
    world.resumes();
    assert_eq!(world.read("one.txt"), "1");
}

/// Shows S23.
#[test]
fn a_second_driver_is_refused_and_told_who_has_the_run() {
    let world = waiting();
    let run = world.started(&[]);
    let second = world.coordinate(&["resume"]);
    assert_eq!(second.code, Some(2), "{second:#?}");
    assert!(second.stderr.contains(&run.pid().to_string()), "{second:#?}");
    redacted(&world, || insta::assert_snapshot!("error_second_driver", whole(&second)));
    world.let_go();
    assert_eq!(run.finish().code, Some(0));
    world.assert_nothing_left();
}

/// Shows S23.
#[test]
fn an_unlocked_run_is_left_by_its_driver_and_finished_by_another() {
    let world = waiting();
    let run = world.started(&[]);
    let unlocked = world.coordinate(&["unlock"]);
    assert_eq!(unlocked.code, Some(0), "{unlocked:#?}");
    assert!(unlocked.stdout.contains(&format!("taken from process {}", run.pid())), "{unlocked:#?}");
    world.let_go();
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(5), "{outcome:#?}");
    world.resumes();
    assert_eq!(world.subjects("main").len(), 2);
}

#[test]
fn a_followed_log_ends_with_the_run() {
    let world = waiting();
    let run = world.started(&[]);
    let log = world.start(&["logs", "--follow"]);
    world.let_go();
    assert_eq!(run.finish().code, Some(0));
    let log = log.finish();
    assert_eq!(log.code, Some(0), "{log:#?}");
    assert!(log.stdout.contains("phase 1 - one began") && log.stdout.contains("succeeded: all done"), "{log:#?}");
}

/// A workflow that asks before it delivers.
pub(crate) fn asking() -> (World, String) {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "echo 1 > one.txt"));
    let text = world.coordinate(&["workflows", "show", "coordinate"]).stdout;
    let deliver =
        "[[state.document.step]]\nid = \"deliver\"\nkind = \"merge\"\naction = \"deliver\"\nneeds = [\"link\"]\n";
    let gate = "[[state.document.step]]\nid = \"approval\"\nkind = \"gate\"\nquestion = \"deliver it?\"\n\n";
    assert!(text.contains(deliver), "{text}");
    let asked = deliver.replace("[\"link\"]", "[\"link\", \"approval\"]");
    let text = text.replace(deliver, &format!("{gate}{asked}"));
    let file = world.env.script("asking.toml", &text).display().to_string();
    (world, file)
}

#[test]
fn a_question_waits_for_a_person_and_yes_goes_on() {
    let (world, file) = asking();
    let outcome = world.run_offline(&["--workflow", &file, "--yes"]);
    redacted(&world, || insta::assert_snapshot!("run_waiting", whole(&outcome)));
    assert_eq!(outcome.code, Some(3), "`--yes` never answers a gate");
    redacted(&world, || insta::assert_snapshot!("why_waiting", whole(&world.coordinate(&["why"]))));
    assert_eq!(world.subjects("main"), ["first"]);
    let unanswered = world.coordinate(&["resume", "--yes", "--json"]);
    assert_eq!(unanswered.code, Some(3), "{unanswered:#?}");
    assert_eq!(json_lines(&unanswered.stdout).pop().unwrap()["outcome"], "waiting");
    std::fs::remove_file(&file).unwrap();
    let waiting = world.json(&["inbox", "--json"]);
    assert_eq!((&waiting[0]["kind"], &waiting[0]["subject"]), (&"gate".into(), &"deliver it?".into()));
    let seen = world.coordinate(&["inbox", waiting[0]["id"].as_str().unwrap()]);
    assert!(seen.stdout.contains("changes   `git diff --stat"), "{seen:#?}");
    let approved = world.command(&["approve", "-m", "fine"]).env("USER", "ada").output().unwrap().into();
    redacted(&world, || insta::assert_snapshot!("approve", whole(&approved)));
    let again = world.coordinate(&["approve"]);
    assert_eq!(again.code, Some(2), "{again:#?}");
    world.resumes();
    assert_eq!(world.show()["answers"][0]["answer"], "approved");
    assert_eq!(world.show()["answers"][0]["by"], "ada");
}

#[test]
fn a_question_that_is_answered_with_no_fails_the_run() {
    let (world, file) = asking();
    assert_eq!(world.run_offline(&["--workflow", &file]).code, Some(3));
    let rejected = world.coordinate(&["reject", "-m", "not like this"]);
    assert_eq!(rejected.code, Some(0), "{rejected:#?}");
    let outcome = world.coordinate(&["resume"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("the user said no: not like this"), "{outcome:#?}");
    let run = world.show();
    assert_eq!(step(&run, "document/approval")["failure"]["kind"], "gate-rejected");
    assert_eq!(world.subjects("main"), ["first"]);
    assert_eq!(world.git(&["show", &format!("coordinate/{}/main:one.txt", run["run"].as_str().unwrap())]), "1");
    world.assert_no_trees();
}

#[test]
fn an_answer_reaches_a_run_that_is_driven() {
    let (world, file) = asking();
    let text = std::fs::read_to_string(&file).unwrap();
    // A question beside the phases: the driver goes on with them and takes the answer in while it works.
    let gate = "[[state.implement.step]]\nid = \"early\"\nkind = \"gate\"\nquestion = \"go on?\"\n\n[[state.implement.step]]\nid = \"agent\"\n";
    std::fs::write(&file, text.replace("[[state.implement.step]]\nid = \"agent\"\n", gate)).unwrap();
    world.write("PLAN.md", &Plan::new().sh("one", &[], "`one.txt`", WAITS).text());
    world.git(&["commit", "--quiet", "--all", "--message", "waits"]);
    let run = world.started(&["--workflow", &file]);
    let answered = world.coordinate(&["approve"]);
    assert!(answered.stdout.contains(&format!("approved; process {} drives run_", run.pid())), "{answered:#?}");
    world.let_go();
    assert_eq!(run.finish().code, Some(3), "the second question waits");
    assert_eq!(world.coordinate(&["approve"]).code, Some(0));
    world.resumes();
}

/// Phase 1 waits until it is let go; phase 2 fails until there is a mark; phase 3 needs phase 2.
fn stumbling() -> World {
    let marked = "test -e \"$HOME/../mark\" && echo 2 > two.txt";
    World::with_plan(&Plan::new().sh("one", &[], "`one.txt`", WAITS).sh("two", &[], "`two.txt`", marked).sh(
        "three",
        &[2],
        "`three.txt`",
        "echo 3 > three.txt",
    ))
}

/// Starts the run, and waits until its second phase has failed beside the first one, which is at work.
#[track_caller]
fn stumbled(world: &World) -> Started {
    let run = world.started(&[]);
    await_that("the failure", || step(&world.show(), "implement/p2/agent")["state"] == "failed");
    run
}

/// Shows P13.
#[test]
fn a_step_that_failed_is_tried_again_at_once() {
    let world = stumbling();
    let run = stumbled(&world);
    let refused = world.coordinate(&["retry", "implement/p1/agent"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("`implement/p1/agent` is running: there is nothing to try again"), "{refused:#?}");
    world.env.script("../mark", "");
    let asked = world.coordinate(&["retry", "implement/p2/agent"]);
    assert_eq!(asked.code, Some(0), "{asked:#?}");
    world.let_go();
    let ended = run.finish();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stdout.contains("phases:  3 of 3 merged\n"), "{ended:#?}");
    assert_eq!(world.read("three.txt"), "3\n");
}

/// Shows P13.
#[test]
fn a_phase_that_is_left_out_keeps_nothing_waiting() {
    let world = stumbling();
    let run = stumbled(&world);
    let refused = world.coordinate(&["skip", "implement/p1/check"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("somebody works on `implement/p1/check`"), "{refused:#?}");
    let skipped = world.coordinate(&["skip", "implement/p2/agent", "-m", "nobody needs it"]);
    assert_eq!(skipped.code, Some(0), "{skipped:#?}");
    let again = world.coordinate(&["skip", "implement/p2/merge"]);
    assert_eq!((again.code, again.stdout.starts_with("that was said already")), (Some(0), true), "{again:#?}");
    world.let_go();
    let ended = run.finish();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stdout.contains("phases:  2 of 3 merged, 1 left out\n"), "{ended:#?}");
    assert!(
        ended.stdout.contains("phase 2 was left out by ") && ended.stdout.contains(": nobody needs it"),
        "{ended:#?}"
    );
    assert_eq!((world.read("three.txt"), world.has("two.txt")), ("3\n".to_owned(), false));
    let summary = world.show()["paths"]["summary"].as_str().unwrap().to_owned();
    assert!(world.read(&summary).contains("| 2 | two | left out |"), "{}", world.read(&summary));
    let late = world.coordinate(&["skip", "implement/p2/agent"]);
    assert_eq!(late.code, Some(2), "{late:#?}");
}
