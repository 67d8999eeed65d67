//! Time: a run is shown once more, forked at its events, put back, and carried out once more without any client.

use crate::support::eight::{ARGUMENTS, world as eight};
use crate::support::process::await_that;
use crate::support::redact::{check, redacted, whole};
use crate::support::{Plan, World, json_lines};
use coordinate_testkit::Outcome;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Two phases, one after the other, that each leave a file.
fn two() -> Plan {
    Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt").sh("two", &[1], "`two.txt`", "echo 2 > two.txt")
}

/// A finished run of two phases.
#[track_caller]
fn finished() -> (World, String) {
    let world = World::with_plan(&two());
    let outcome = world.run_offline(&["-c", "test.command=test -e README.md"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let run = world.show()["run"].as_str().expect("a run has an id").to_owned();
    (world, run)
}

/// The number of the first event of this kind, and of this step if one is named.
#[track_caller]
pub(crate) fn event(world: &World, run: &str, kind: &str, step: &str) -> String {
    let events = json_lines(&world.coordinate(&["logs", run, "--json"]).stdout);
    let wanted = |event: &&serde_json::Value| event["event"] == kind && (step.is_empty() || event["step"] == step);
    events.iter().find(wanted).unwrap_or_else(|| panic!("no {kind} of `{step}`"))["sequence"].to_string()
}

#[track_caller]
fn forked(world: &World, arguments: &[&str]) -> Outcome {
    let outcome = world.coordinate(&[&["fork"], arguments].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    outcome
}

/// Shows P5.
#[test]
fn a_run_is_shown_once_more_through_the_same_reporters() {
    let (world, run) = finished();
    check("replay_lines", &world, &world.coordinate(&["replay", &run, "--speed", "max"]));
    let events = |arguments: &[&str]| {
        let outcome = world.coordinate(&[&["replay", &run, "--speed", "max", "--format", "json"], arguments].concat());
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        let lines = json_lines(&outcome.stdout);
        lines.into_iter().filter(|line| line.get("sequence").is_some()).collect::<Vec<_>>()
    };
    let logged = json_lines(&world.coordinate(&["logs", &run, "--json"]).stdout);
    let part = events(&["--from", "3", "--to", "9"]);
    assert_eq!(part, logged[2..9]);
    let faster = world.coordinate(&["replay", &run, "--speed", "100000", "--to", "20", "--format", "progress"]);
    assert_eq!(faster.code, Some(0), "{faster:#?}");
    let mut wrong = String::new();
    for arguments in
        [&["--speed", "0"][..], &["--from", "9", "--to", "3"], &["--to", "9999"], &["--execute", "--to", "3"]]
    {
        wrong.push_str(&whole(&world.coordinate(&[&["replay", &run], arguments].concat())));
    }
    redacted(&world, || insta::assert_snapshot!("replay_wrong", wrong));
}

/// Shows P5.
#[test]
fn a_fork_has_the_past_and_the_code_of_its_event_and_a_future_of_its_own() {
    let (world, run) = finished();
    let (head, summary) = (world.git(&["rev-parse", "HEAD"]), world.show()["artifacts"].clone());
    // Phase 1 is merged then, phase 2 is at work.
    let at = event(&world, &run, "attempt_started", "implement/p2/agent");
    let outcome = forked(&world, &[&run, "--at", &at]);
    check("fork", &world, &outcome);
    let fork = outcome.stdout.trim();
    assert_eq!(world.git(&["rev-parse", "HEAD"]), head, "a fork moves nobody's branch");
    let branch = format!("coordinate/{fork}/main");
    assert_eq!(world.git(&["show", &format!("{branch}:one.txt")]).trim(), "1");
    assert_eq!(world.git(&["ls-tree", "--name-only", &branch, "two.txt"]), "", "it has the code of its event");
    // Work of the same second would be the very same commit, and nothing of it would have moved.
    let made: u64 = world.git(&["log", "-1", "--format=%ct", "main"]).parse().expect("seconds");
    await_that("another second", || SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs() > made);
    std::fs::write(world.repo.join("own.txt"), "own\n").expect("it can be written");
    world.git(&["add", "own.txt"]);
    world.git(&["commit", "--quiet", "--message", "own"]);
    let resumed = world.coordinate(&["resume", fork, "--force"]);
    check("fork_resumed", &world, &resumed);
    let now = world.json(&["show", fork, "--json"]);
    assert_eq!((&now["outcome"], &now["forked"]["run"]), (&"succeeded".into(), &run.as_str().into()), "{now:#}");
    let tried = |step: &str| crate::support::step(&now, step)["attempts"].as_array().map(Vec::len);
    assert_eq!((tried("implement/p1/agent"), tried("implement/p2/agent")), (Some(1), Some(2)));
    assert_ne!(now["artifacts"], summary, "its summary has a place of its own");
    let old = world.json(&["show", &run, "--json"]);
    assert_eq!(old["artifacts"], summary, "the other run is as it was");
    world.assert_no_trees();
}

/// Shows P5.
#[test]
fn every_event_of_a_run_can_be_forked_at_and_gone_on_from() {
    let (world, run) = finished();
    let events = json_lines(&world.coordinate(&["logs", &run, "--json"]).stdout);
    // Each kind of event once, and of the others as many as pass in time.
    let mut seen = std::collections::BTreeSet::new();
    let mut forks = 0;
    for event in events.iter().filter(|event| seen.insert(event["event"].to_string())) {
        let ends = matches!(event["event"].as_str(), Some("run_closing" | "run_ended"));
        let outcome = world.coordinate(&["fork", &run, "--at", &event["sequence"].to_string(), "--resume"]);
        assert_eq!(outcome.code, Some(if ends { 2 } else { 0 }), "{event}: {outcome:#?}");
        if !ends {
            forks += 1;
            let id = world.show()["run"].as_str().expect("a run has an id").to_owned();
            let branch = format!("coordinate/{id}/main");
            for (file, text) in [("one.txt", "1"), ("two.txt", "2")] {
                let place =
                    if world.refs("refs/heads").contains(&format!("refs/heads/{branch}")) { &branch } else { "main" };
                assert_eq!(world.git(&["show", &format!("{place}:{file}")]).trim(), text, "{event}");
            }
        }
    }
    assert!(forks > 10, "{forks} forks");
    world.assert_no_trees();
}

/// Shows P5.
#[test]
fn what_can_not_be_forked_is_refused_with_the_reason() {
    let (world, run) = finished();
    let mut wrong = String::new();
    let last = world.show()["sequence"].to_string();
    for arguments in [
        &["--at", "0"][..],
        &["--at", "9999"],
        &["--at", &last],
        &["--at", "no/such/step"],
        &["--at", "5", "--with", "request=else"],
        &["--at", "5", "--with", "max_parallel=none"],
        &["--at", "5", "--with", "answer:test/check=approved"],
        &["--at", "5", "--with", "agent=nobody"],
    ] {
        wrong.push_str(&whole(&world.coordinate(&[&["fork", &run], arguments].concat())));
    }
    redacted(&world, || insta::assert_snapshot!("fork_wrong", wrong));
    assert_eq!(world.json(&["ps", "--json"]).as_array().map(Vec::len), Some(1), "nothing came of them");
}

/// Shows P5.
#[test]
fn a_rewound_run_is_superseded_and_stays_whole() {
    let world = World::with_plan(&two());
    let outcome = world.run_offline(&["-c", "test.command=test ! -e two.txt"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let run = world.show()["run"].as_str().expect("a run has an id").to_owned();
    let ended = world.coordinate(&["rewind", &run, "--to", "implement/p2/agent", "--both"]);
    let fork = forked(&world, &[&run, "--at", "implement/p2/agent", "--with", "test_command=true"]);
    let open = fork.stdout.trim().to_owned();
    let rewound = world.coordinate(&["rewind", &open, "--to", "implement/p1/agent", "--both"]);
    redacted(&world, || insta::assert_snapshot!("rewind", format!("{}{}", whole(&ended), whole(&rewound))));
    let put_away = world.coordinate(&["resume", &open, "--force"]);
    assert_eq!(put_away.code, Some(5), "{put_away:#?}");
    let gone_on = world.coordinate(&["resume", rewound.stdout.trim(), "--force"]);
    assert_eq!(gone_on.code, Some(0), "{gone_on:#?}");
    assert_eq!((world.read("one.txt"), world.read("two.txt")), ("1\n".to_owned(), "2\n".to_owned()));
    world.assert_no_trees();
}

/// Shows N8.
#[test]
fn a_run_through_all_states_is_carried_out_once_more_without_its_agent() {
    let world = eight(&[]);
    let words = world.authored(&ARGUMENTS);
    let outcome = world.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let (calls, head) = (world.calls(), world.git(&["rev-parse", "HEAD"]));
    let (files, refs) = (world.git(&["status", "--short"]), world.refs("refs"));
    std::fs::remove_dir_all(world.env.root().join("scripts/")).expect("the agent can be removed");
    let replayed = world.coordinate(&["replay", "--execute"]);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    redacted(&world, || insta::assert_snapshot!("replay_execute", whole(&replayed)));
    assert!(!calls.is_empty(), "it had an agent");
    assert_eq!((world.git(&["rev-parse", "HEAD"]), world.git(&["status", "--short"])), (head, files));
    assert_eq!(world.refs("refs"), refs, "nothing of the user's is touched");
    world.env.assert_no_leftovers();
}

/// Shows N8.
#[test]
fn a_failed_run_fails_once_more_and_one_that_was_interrupted_is_so_again() {
    let world = World::with_plan(&two());
    let outcome = world.run_offline(&["-c", "test.command=test ! -e two.txt"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let replayed = world.coordinate(&["replay", "--execute"]);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    let run = world.show()["run"].as_str().expect("a run has an id").to_owned();
    let fork = forked(&world, &[&run, "--at", "implement/p2/agent", "--with", "test_command=true", "--resume"]);
    let replayed = world.coordinate(&["replay", fork.stdout.lines().next().expect("its id"), "--execute"]);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
}

/// Shows N8.
#[test]
fn other_tools_than_then_are_no_other_verdict() {
    let (world, run) = finished();
    let shell = world.env.script("tools/sh", "#!/bin/sh\nexec /bin/sh \"$@\"\n");
    std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).expect("own file, own mode");
    let path = format!("{}:{}", shell.parent().expect("a folder").display(), std::env::var("PATH").expect("a path"));
    let replayed = world.command(&["replay", &run, "--execute"]).env("PATH", path).output().expect("it starts");
    let replayed = Outcome::from(replayed);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
}

/// Shows N8.
#[test]
fn a_recording_that_was_handed_over_is_carried_out_by_somebody_else() {
    let (world, run) = finished();
    let there = world.env.root().join("there/copy");
    std::fs::create_dir(world.env.root().join("there")).expect("a folder can be made");
    std::fs::rename(&world.repo, &there).expect("a project can be moved");
    world.env.git(&there, &["config", "user.name", "Bo Other"]);
    world.env.git(&there, &["config", "user.email", "bo@example.org"]);
    let replayed = world.command(&["replay", &run, "--execute"]).current_dir(&there).output().expect("it starts");
    let replayed = Outcome::from(replayed);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
}

/// Shows N8.
#[test]
fn a_run_that_would_go_otherwise_now_is_told_by_its_first_event_that_differs() {
    let world = World::with_plan(&two());
    let flag = world.env.script("flag", "");
    let tests = format!("test.command=test -e '{}'", flag.display());
    let outcome = world.run_offline(&["-c", &tests]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    std::fs::remove_file(&flag).expect("a file can be removed");
    let replayed = world.coordinate(&["replay", "--execute"]);
    check("replay_differs", &world, &replayed);
    let told = world.coordinate(&["replay", "--execute", "--format", "json"]);
    let last = json_lines(&told.stdout).pop().expect("a line");
    assert_eq!((&last["replay"], &last["now"]["verdict"]["passed"]), (&"differs".into(), &false.into()), "{last:#}");
}

/// Shows N8.
#[test]
fn another_answer_shows_the_branch_that_it_leads_to() {
    let (world, file) = crate::control::asking();
    let outcome = world.run_offline(&["--workflow", &file]);
    assert_eq!(outcome.code, Some(3), "{outcome:#?}");
    let answered = world.coordinate(&["approve"]);
    assert_eq!(answered.code, Some(0), "{answered:#?}");
    let resumed = world.coordinate(&["resume", "--force"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    let same = world.coordinate(&["replay", "--execute"]);
    assert_eq!(same.code, Some(0), "{same:#?}");
    let other = world.coordinate(&["replay", "--execute", "--with", "answer:document/approval=rejected"]);
    check("replay_branch", &world, &other);
    let mut wrong = String::new();
    for with in
        ["answer:document/approval=maybe", "answer:no/such=rejected", "answer:implement/p1/agent=PLAN.md", "else=1"]
    {
        wrong.push_str(&whole(&world.coordinate(&["replay", "--execute", "--with", with])));
    }
    redacted(&world, || insta::assert_snapshot!("replay_with_wrong", wrong));
}

const OTHER_PLAN: &str = "# Another plan\n\n### Phase 1: Only\n**Files**: greeter.txt\n\n- [ ] write the greeting\n";

/// Shows N8.
#[test]
fn another_file_of_an_agent_is_gone_on_with_as_far_as_answers_are_recorded() {
    let world = eight(&[]);
    let words = world.authored(&ARGUMENTS);
    let outcome = world.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let file = world.env.script("other.md", OTHER_PLAN);
    let answer = format!("answer:plan/plan={}", file.display());
    check("replay_other_plan", &world, &world.coordinate(&["replay", "--execute", "--with", &answer]));
}

/// Shows N8.
#[test]
fn a_yes_in_place_of_a_no_goes_on_to_another_end() {
    let (world, file) = crate::control::asking();
    for (arguments, code) in [
        (&["run", "PLAN.md", "--agent", "offline", "--workflow", &file][..], 3),
        (&["reject"], 0),
        (&["resume", "--force"], 1),
    ] {
        let outcome = world.coordinate(arguments);
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
    }
    let head = world.git(&["rev-parse", "main"]);
    let kept = world.env.root().join("kept");
    let kept_as = kept.display().to_string();
    let execute = ["replay", "--execute", "--with", "answer:document/approval=approved"];
    let other = world.coordinate(&[&execute[..], &["--keep", &kept_as]].concat());
    check("replay_branch_yes", &world, &other);
    assert_eq!(world.env.git(&kept.join("repo"), &["show", "main:one.txt"]), "1");
    assert_eq!((world.git(&["rev-parse", "main"]), world.has("one.txt")), (head, false), "it is delivered there alone");
    let told = json_lines(&world.coordinate(&[&execute[..], &["--format", "json"]].concat()).stdout);
    let delivered = told.iter().any(|line| line["event"] == "delivered");
    let last = told.last().expect("a line");
    assert_eq!(
        (delivered, &last["replay"], &last["outcome"]),
        (true, &"branched".into(), &"succeeded".into()),
        "{last:#}"
    );
}

/// Shows N8.
#[test]
fn another_report_leads_on_by_recorded_answers_and_a_bad_one_to_where_they_end() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let outcome = world.run_authored(&["--max-parallel", "1", "research the parser and the lexer and plan a rewrite"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let report = world.show()["artifacts"][0]["path"].clone();
    let report = world.read(report.as_str().expect("a report has a path"));
    let mut told = String::new();
    for (name, text) in
        [("other.md", report.replace("It is small.", "It is large.")), ("bad.md", "nothing\n".to_owned())]
    {
        let answer = format!("answer:research/t1/report={}", world.env.script(name, &text).display());
        told.push_str(&whole(&world.coordinate(&["replay", "--execute", "--with", &answer])));
    }
    redacted(&world, || insta::assert_snapshot!("replay_other_report", told));
    assert_eq!(world.calls().len(), 3, "two reports and a plan were asked for, once each");
}

/// Shows N8.
#[test]
fn a_question_that_comes_after_the_branch_is_answered_as_it_was_then() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let text = world.coordinate(&["workflows", "show", "coordinate"]).stdout;
    let plan = "[[state.plan.step]]\nid = \"plan\"\n";
    assert!(text.contains(plan), "{text}");
    let gate = "[[state.plan.step]]\nid = \"approval\"\nkind = \"gate\"\nquestion = \"plan it?\"\n\n";
    world.write("asking.toml", &text.replace(plan, &format!("{gate}{plan}needs = [\"approval\"]\n")));
    let asked =
        world.run_authored(&["--workflow", "asking.toml", "--topic", "parser", "research the parser and plan it"]);
    assert_eq!(asked.code, Some(3), "{asked:#?}");
    for arguments in [&["approve"][..], &["resume", "--force"]] {
        let outcome = world.coordinate(arguments);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    }
    let report = world.show()["artifacts"][0]["path"].clone();
    let report = world.read(report.as_str().expect("a report has a path"));
    let file = world.env.script("other.md", &report.replace("It is small.", "It is large."));
    let answer = format!("answer:research/t1/report={}", file.display());
    let other = world.coordinate(&["replay", "--execute", "--with", &answer]);
    assert_eq!(other.code, Some(0), "{other:#?}");
    assert!(other.stdout.ends_with("the branch ends: succeeded: all done\n"), "{other:#?}");
}
