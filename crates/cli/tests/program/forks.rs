//! What a fork holds of its past, and what is left of one that did not come to be.

use crate::support::{Plan, World, json_lines};
use crate::time::event;

fn newest(world: &World) -> String {
    world.show()["run"].as_str().expect("a run has an id").to_owned()
}

/// Forks a run there; what refs the fork has beside its branch.
#[track_caller]
fn held(world: &World, run: &str, at: &str) -> Vec<String> {
    let outcome = world.coordinate(&["fork", run, "--at", at]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.refs("refs/coordinate-forking"), [""; 0], "it is made");
    let prefix = format!("refs/coordinate/{}/", outcome.stdout.trim());
    world.refs(&prefix).iter().map(|reference| reference.replace(&prefix, "")).collect()
}

/// Shows P5.
#[test]
fn a_fork_holds_the_work_that_its_past_has_not_merged_and_no_more() {
    let script = "if-role implementation-executor write broken yes\n\
                  if-role debug-specialist sh rm broken";
    let plan = Plan::new().script("work", &[], "", script).script("next", &[1], "", "write next.txt 2");
    let tests = "test ! -e broken\n";
    let world = World::new(&[("PLAN.md", &plan.text()), ("test.sh", tests)]);
    let outcome = world.run_scripted(&["-c", "test.command=sh test.sh"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let run = newest(&world);
    let at = |kind: &str, step: &str| held(&world, &run, &event(&world, &run, kind, step));
    let first = ["implement-p1-agent.work", "implement-p1-agent@1"];
    assert_eq!(at("step_succeeded", "implement/p1/agent"), first);
    let repair = "implement/p1/repair#1/agent";
    assert_eq!(at("attempt_started", repair), [&first[..], &["p1.repair"]].concat());
    let second = ["implement-p1-repair.1-agent.work", "implement-p1-repair.1-agent@1"];
    assert_eq!(at("step_succeeded", repair), [&first[..], &second, &["p1.repair"]].concat());
    assert_eq!(at("attempt_started", "implement/p2/agent"), [""; 0], "all of it is merged");
}

/// All of a run's work goes from the repository, with every commit that only it had.
fn lose(world: &World, run: &str) {
    for reference in world.refs("refs").iter().filter(|reference| reference.contains(run)) {
        world.git(&["update-ref", "-d", reference]);
    }
    world.git(&["reflog", "expire", "--expire=now", "--all"]);
    world.git(&["gc", "--quiet", "--prune=now"]);
}

/// A run whose second phase's merge is red, so that it fails and the first phase's work is nowhere but with it.
fn failed() -> (World, String) {
    let plan = Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt");
    let plan = plan.sh("two", &[1], "`two.txt`", "echo 2 > two.txt");
    let world = World::with_plan(&plan);
    let outcome = world.run_offline(&["-c", "test.command=test ! -e two.txt"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let run = newest(&world);
    (world, run)
}

/// Shows P5.
#[test]
fn a_fork_whose_past_is_gone_leaves_nothing_behind() {
    let (world, run) = failed();
    lose(&world, &run);
    let refs = world.refs("refs");
    let outcome =
        world.coordinate(&["fork", &run, "--at", &event(&world, &run, "attempt_started", "implement/p2/agent")]);
    assert_eq!(outcome.code, Some(2), "{outcome:#?}");
    assert!(outcome.stderr.contains("is not in the repository any more"), "{outcome:#?}");
    assert_eq!(world.refs("refs"), refs);
}

/// Shows P5.
#[test]
fn what_an_interrupted_fork_left_goes_with_the_next_one() {
    let (world, run) = failed();
    let never = format!("{}zzzzzz", &run[..run.len() - 6]);
    let left = [
        format!("refs/coordinate-forking/{never}"),
        format!("refs/coordinate-forking/{run}"),
        format!("refs/coordinate/{never}/implement-p1-agent.work"),
        format!("refs/heads/coordinate/{never}/main"),
    ];
    let kept = world.refs("refs");
    for reference in &left {
        world.git(&["update-ref", reference, "HEAD"]);
    }
    held(&world, &run, "implement/p2/agent");
    let mut now = world.refs("refs");
    let id = newest(&world);
    now.retain(|reference| !reference.contains(&id));
    assert_eq!(now, kept, "what was begun for a run that is there stays, without its mark");
}

/// The ticks that the run it is forked from has put into the plan since are not a fork's own.
/// Shows P5.
#[test]
fn a_fork_takes_in_the_plan_as_it_was_then() {
    let plan = Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt");
    let world = World::with_plan(&plan);
    assert_eq!(world.run_offline(&["-c", "test.command=true"]).code, Some(0));
    let outcome = world.coordinate(&["fork", &newest(&world), "--at", "2", "--resume"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let taken_in = world.git(&["log", "--all", "--format=%H", "--grep=take in the plan"]);
    assert_eq!(world.git(&["show", &format!("{taken_in}:PLAN.md")]), plan.text().trim_end(), "{taken_in}");
    assert_eq!(world.read("PLAN.md"), plan.ticked());
}

/// A text that was sent back goes to the next try; once that is over nobody needs it.
/// Shows P5.
#[test]
fn a_text_that_was_sent_back_is_needed_until_its_step_is_over() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let circle = "if [ -e \"$here/second\" ]; then plan > \"$COORDINATE_ARTIFACT\"; else\n\
                  touch \"$here/second\"; plan | sed 's/: \\[\\]/: [2]/' > \"$COORDINATE_ARTIFACT\"; fi";
    world.role("plan-architect", circle);
    assert_eq!(world.run_authored(&["plan a rewrite of the parser"]).code, Some(0));
    let run = newest(&world);
    let events = json_lines(&world.coordinate(&["logs", &run, "--json"]).stdout);
    let second = |event: &&serde_json::Value| {
        event["event"] == "attempt_leased" && event["step"] == "plan/plan" && event["attempt"] == 2
    };
    let second = events.iter().find(second).expect("a second try")["sequence"].to_string();
    let after = event(&world, &run, "step_succeeded", "plan/plan");
    lose(&world, &run);
    let outcome = world.coordinate(&["fork", &run, "--at", &second]);
    assert_eq!(outcome.code, Some(2), "{outcome:#?}");
    assert!(outcome.stderr.contains("what an attempt left of `plan/plan`"), "{outcome:#?}");
    held(&world, &run, &after);
}
