//! Research of four topics and more is led by runs of their own, which live and die with the run above.

use crate::support::World;
use crate::support::process::await_that;
use crate::support::redact::{redacted, whole};
use coordinate_testkit::Outcome;
use rustix::process::Signal;
use serde_json::Value;

/// Waits for leave, then writes the report.
const WAIT: &str =
    "until test -e \"$here/go\"; do sleep 0.02; done\nreport \"$COORDINATE_SUBJECT\" > \"$COORDINATE_ARTIFACT\"";

fn world() -> World {
    World::new(&[("README.md", "# A project\n")])
}

/// A request on so many topics, after these arguments.
fn asked(world: &World, first: &[&str], topics: &[&str], request: &str) -> Vec<String> {
    let named = topics.iter().flat_map(|topic| ["--topic", *topic]);
    world.authored(&first.iter().copied().chain(named).chain([request]).collect::<Vec<_>>())
}

fn six() -> Vec<&'static str> {
    vec!["ants", "bees", "cats", "dogs", "eels", "foxes"]
}

#[track_caller]
fn run(world: &World, words: &[String]) -> Outcome {
    world.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[track_caller]
fn shows(name: &str, world: &World, text: &str) {
    redacted(world, || insta::assert_snapshot!(name, text));
}

/// The run that this world has, and those below it.
fn runs(world: &World) -> (Value, Vec<Value>) {
    let all = world.json(&["ps", "--json"]);
    let all = all.as_array().unwrap();
    let (below, above): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|run| run["parent"].is_string());
    assert_eq!(above.len(), 1, "{all:#?}");
    assert!(below.iter().all(|run| run["parent"] == above[0]["run"]), "{all:#?}");
    (above[0].clone(), below)
}

fn outcomes(runs: &[Value]) -> Vec<&str> {
    runs.iter().map(|run| run["outcome"].as_str().unwrap_or("open")).collect()
}

/// Shows S11.
#[test]
fn six_topics_are_led_by_two_runs_and_only_metadata_comes_up() {
    let world = world();
    let outcome = run(&world, &asked(&world, &["--max-parallel", "1"], &six(), "research the animals"));
    shows("supervision_six_topics", &world, &whole(&outcome));
    shows("supervision_ps", &world, &world.coordinate(&["ps"]).stdout);
    let reports = World::entries(&world.repo.join("specs/001_animals/reports"));
    assert_eq!(reports.len(), 7, "{reports:?}");
    let (_, below) = runs(&world);
    assert_eq!(outcomes(&below), ["succeeded", "succeeded"]);
    let handed = world.json(&["checkpoint", "load", "research_supervisor"]);
    assert_eq!(world.json(&["checkpoint", "export"])["supervisor_state"]["research_supervisor"], handed);
    let handed = &handed["aggregated_metadata"];
    assert_eq!(handed["reports_created"].as_array().unwrap().len(), 6, "{handed}");
    assert_eq!(handed["reports_created"][3], "specs/001_animals/reports/004_dogs.md");
    assert_eq!(handed["summary"], "ants; bees; cats; dogs; eels; foxes");
    assert!(handed["context_tokens"].as_u64().unwrap() < 660, "{handed}");
    shows("supervision_show", &world, &world.coordinate(&["show"]).stdout);
    assert_eq!(world.json(&["artifacts", "--json"]).as_array().unwrap().len(), 7);
    assert_eq!(world.json(&["metrics", "--json"])["artifacts"], serde_json::json!({"part": 7, "of": 7}));
    world.assert_nothing_left();
}

#[test]
fn the_planner_is_told_of_every_report_that_was_led() {
    let world = world();
    world.role("plan-architect", "cp \"$COORDINATE_PROMPT_FILE\" \"$here/prompt\"; plan > \"$COORDINATE_ARTIFACT\"");
    let outcome = run(&world, &asked(&world, &[], &six(), "research the animals and plan a zoo"));
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let prompt = world.beside("prompt");
    for (number, topic) in (1..).zip(six()) {
        assert!(prompt.contains(&format!("`00{number}_{topic}.md`")), "{prompt}");
    }
    assert!(!prompt.contains("keep it so\n\n## References"), "a text was handed whole: {prompt}");
}

/// Shows S11.
#[test]
fn three_topics_need_nobody_who_leads_and_a_small_window_does() {
    let few = &six()[..3];
    let flat = world();
    assert_eq!(run(&flat, &asked(&flat, &[], few, "research the animals")).code, Some(0));
    assert!(runs(&flat).1.is_empty());
    let small = world();
    let window = ["-c", "agent.window=10000"];
    assert_eq!(run(&small, &asked(&small, &window, few, "research the animals")).code, Some(0));
    assert_eq!(runs(&small).1.len(), 1);
}

#[test]
fn what_would_be_done_is_shown_before_it_is_begun() {
    let world = world();
    let words = asked(&world, &["--dry-run"], &six(), "research the animals");
    shows("supervision_dry_run", &world, &run(&world, &words).stdout);
    let words = asked(&world, &["--dry-run", "--show-prompts", "--json"], &six(), "research the animals");
    let prompts: Value = serde_json::from_str(&run(&world, &words).stdout).unwrap();
    let steps: Vec<String> =
        prompts.as_array().unwrap().iter().map(|told| format!("{} {}", told["above"], told["step"])).collect();
    assert_eq!(
        steps,
        [
            "\"research/s1/lead\" \"research/t1/report\"",
            "\"research/s1/lead\" \"research/t2/report\"",
            "\"research/s1/lead\" \"research/t3/report\"",
            "\"research/s2/lead\" \"research/t1/report\"",
            "\"research/s2/lead\" \"research/t2/report\"",
            "\"research/s2/lead\" \"research/t3/report\"",
            "null \"research/overview\"",
        ]
    );
    assert_eq!(world.coordinate(&["ps"]).stdout, "");
}

#[test]
fn together_they_keep_to_what_may_be_done_at_once() {
    let world = world();
    let count = "mkdir \"$here/at.$$\"; ls -d \"$here\"/at.* | wc -l >> \"$here/most\"\n\
                 report x > \"$COORDINATE_ARTIFACT\"; rmdir \"$here/at.$$\"";
    world.role("research-specialist", count);
    let topics = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(|letter| format!("topic {letter}"));
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let outcome = run(&world, &asked(&world, &["--max-parallel", "2"], &topics, "research it"));
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(runs(&world).1.len(), 3);
    let most = world.beside("most").lines().map(|line| line.trim().parse::<u32>().unwrap()).max();
    assert!(most.is_some_and(|most| most <= 2), "{most:?} at once");
    assert_eq!(world.calls().iter().filter(|call| call.ends_with("/report")).count(), 9);
}

/// Shows S11.
#[test]
fn a_killed_run_goes_on_below_and_does_no_report_twice() {
    let world = world();
    world.role(
        "research-specialist",
        &format!("echo \"$COORDINATE_SUBJECT\" >> \"$here/subjects\"\ncase $COORDINATE_SUBJECT in ants | dogs) ;; *)\n{WAIT}; exit ;; esac\nreport x > \"$COORDINATE_ARTIFACT\""),
    );
    let words = asked(&world, &["--max-parallel", "2"], &six(), "research the animals");
    let started = world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    // Each of the two has finished its first topic and begun the second.
    await_that("two topics are under way", || world.beside("subjects").lines().count() == 4);
    started.signal(Signal::KILL);
    started.finish();
    let (above, below) = runs(&world);
    assert_eq!((above["outcome"].as_str(), outcomes(&below)), (None, vec!["open", "open"]));
    world.env.script("go", "");
    let resumed = world.coordinate(&["resume"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    let subjects = world.beside("subjects");
    for topic in six() {
        assert_eq!(subjects.lines().filter(|line| *line == topic).count(), 1, "{subjects}");
    }
    assert_eq!(outcomes(&runs(&world).1), ["succeeded", "succeeded"]);
    world.assert_nothing_left();
}

#[test]
fn an_interrupt_stops_what_is_below_and_resume_goes_on() {
    let world = world();
    world.role("research-specialist", WAIT);
    let words = asked(&world, &["--max-parallel", "2"], &six(), "research the animals");
    let started = world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    await_that("two topics are under way", || world.calls().len() == 2);
    started.signal(Signal::INT);
    let stopped = started.finish();
    assert_eq!(stopped.code, Some(5), "{stopped:#?}");
    assert_eq!(outcomes(&runs(&world).1), ["open", "open"]);
    world.env.assert_no_leftovers();
    world.env.script("go", "");
    assert_eq!(world.coordinate(&["resume"]).code, Some(0));
    assert_eq!(World::entries(&world.repo.join("specs/001_animals/reports")).len(), 7);
    world.assert_nothing_left();
}

#[test]
fn who_will_not_wait_leaves_no_agent_behind() {
    let world = world();
    world.role("research-specialist", &format!("trap '' TERM\n{WAIT}"));
    let words = asked(&world, &["--max-parallel", "2"], &six(), "research the animals");
    let started = world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    await_that("two topics are under way", || world.calls().len() == 2);
    started.signal(Signal::INT);
    await_that("the run is paused", || world.json(&["show", "--json"])["paused"].is_string());
    started.signal(Signal::INT);
    assert_eq!(started.finish().code, Some(5));
    world.env.assert_no_leftovers();
}

#[test]
fn cancelling_the_run_ends_what_is_below() {
    let world = world();
    world.role("research-specialist", WAIT);
    let words = asked(&world, &["--max-parallel", "2"], &six(), "research the animals");
    let started = world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    await_that("two topics are under way", || world.calls().len() == 2);
    let below = runs(&world).1[0]["run"].as_str().unwrap().to_owned();
    let why = world.coordinate(&["why"]).stdout;
    assert!(why.contains("dogs, eels, foxes in run_"), "{why}");
    shows("supervision_said_below", &world, &whole(&world.coordinate(&["cancel", &below])));
    let above = runs(&world).0["run"].as_str().unwrap().to_owned();
    assert_eq!(world.coordinate(&["cancel", &above]).code, Some(0));
    let ended = started.finish();
    assert_eq!(ended.code, Some(5), "{ended:#?}");
    assert_eq!(outcomes(&runs(&world).1), ["cancelled", "cancelled"]);
    world.assert_nothing_left();
}

#[test]
fn a_topic_that_fails_below_is_named_above() {
    let world = world();
    world.role(
        "research-specialist",
        "test \"$COORDINATE_SUBJECT\" != eels || exit 3\nreport x > \"$COORDINATE_ARTIFACT\"",
    );
    let outcome = run(&world, &asked(&world, &["--max-parallel", "1"], &six(), "research the animals"));
    shows("supervision_failed", &world, &whole(&outcome));
    assert_eq!(outcome.code, Some(1));
    assert_eq!(outcomes(&runs(&world).1), ["failed", "succeeded"]);
    world.assert_nothing_left();
}

/// What could be tried again was tried below; what an agent did wrong is that above, too.
#[test]
fn the_class_of_a_failure_below_is_that_above_unless_it_would_be_tried_again() {
    for (does, class) in [("echo nothing > \"$COORDINATE_ARTIFACT\"", "agent-misbehaved"), ("kill -9 $$", "permanent")]
    {
        let world = world();
        world.role("research-specialist", does);
        let outcome = run(&world, &asked(&world, &["--max-parallel", "1"], &six(), "research the animals"));
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
        let above = world.json(&["show", runs(&world).0["run"].as_str().unwrap(), "--json"]);
        let leads = above["steps"].as_array().unwrap().iter().filter(|step| !step["failure"].is_null());
        let classes: Vec<_> = leads.map(|step| step["failure"]["class"].as_str().unwrap()).collect();
        assert!(!classes.is_empty() && classes.iter().all(|found| *found == class), "{classes:?}");
    }
}

/// Shows P5.
#[test]
fn a_fork_keeps_what_a_run_below_has_done_and_begins_the_other_one_anew() {
    let world = world();
    let outcome = run(&world, &asked(&world, &["--max-parallel", "1"], &six(), "research the animals"));
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let above = runs(&world).0["run"].as_str().unwrap().to_owned();
    let events = crate::support::json_lines(&world.coordinate(&["logs", &above, "--json"]).stdout);
    let leads = |event: &&Value| event["step"].as_str().is_some_and(|step| step.ends_with("/lead"));
    let mut begun = events.iter().filter(leads).filter(|event| event["event"] == "attempt_leased");
    let (done, other) = (begun.next().unwrap()["step"].as_str().unwrap(), begun.next().unwrap());
    let forked = world.coordinate(&["fork", &above, "--at", &other["sequence"].to_string()]);
    assert_eq!(forked.code, Some(0), "{forked:#?}");
    let told = format!(
        "`{}` was at work then and begins anew, and so does the whole run that it leads\n",
        other["step"].as_str().unwrap()
    );
    assert!(forked.stderr.contains(&told) && !forked.stderr.contains(done), "{forked:#?}");
    let fork = forked.stdout.trim();
    let resumed = world.coordinate(&["resume", fork]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    assert_eq!(world.calls().iter().filter(|call| call.ends_with("/report")).count(), 6 + 3, "{:?}", world.calls());
    let artifacts = world.json(&["show", fork, "--json"])["artifacts"].clone();
    assert_eq!(artifacts.as_array().map(Vec::len), Some(7), "{artifacts:#}");
    world.assert_nothing_left();
}
