//! Runs are put back, and forked onto another way through their workflow.

use crate::clients::{WRITE, client, run, with_clients};
use crate::support::process::await_that;
use crate::support::redact::{redacted, whole};
use crate::support::{Plan, Started, World, json_lines, step};
use rustix::process::Signal;

const PLAN: &str = "# Two\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n\
                    ### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] two\n";

/// The second phase hangs for as long as the test wants it to.
const HANGS: &str = "case $(basename \"$PWD\") in\n\
                     implement-p1-agent) echo 1 >> one.txt ;;\n\
                     *) echo half > half.txt; while test -e \"$here/hold\"; do sleep 0.05; done\n\
                     cp \"$here/claude.prompt\" \"$here/second\"; rm half.txt; echo 2 > two.txt ;;\nesac";

/// A run whose second phase is at work, was told something, and was then interrupted; its id.
fn interrupted() -> (World, String) {
    let world = World::new(&[("PLAN.md", PLAN)]);
    client(&world, "claude", HANGS, WRITE);
    world.env.script("hold", "");
    let words = ["run", "PLAN.md", "--agent", "claude", "-c", "test.command=true"];
    let driver = Started::new(&mut with_clients(&world, &words));
    await_that("the second phase", || {
        let outcome = world.coordinate(&["show", "--json"]);
        let run: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
        let steps = run["steps"].as_array().cloned().unwrap_or_default();
        steps.iter().any(|step| step["id"] == "implement/p2/agent" && step["state"] == "running")
    });
    let id = world.show()["run"].as_str().expect("an id").to_owned();
    let said = world.coordinate(&["steer", &id, "use tabs", "--step", "implement/p2/agent"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    driver.signal(Signal::INT);
    assert_eq!(driver.finish().code, Some(5));
    std::fs::remove_file(world.env.root().join("scripts/hold")).expect("the agent may go on");
    (world, id)
}

/// How the client was called, in order: the phase that it was called for is not told, its session is.
fn sessions(world: &World) -> Vec<String> {
    let flag = |line: &str| line.split(' ').find(|word| ["--session-id", "--resume"].contains(word)).map(str::to_owned);
    world.beside("claude.arguments").lines().filter_map(flag).collect()
}

fn attempts(world: &World, run: &str, id: &str) -> Option<usize> {
    step(&world.json(&["show", run, "--json"]), id)["attempts"].as_array().map(Vec::len)
}

/// Shows P5.
#[test]
fn the_code_is_put_back_and_what_was_said_since_is_said_again() {
    let (world, old) = interrupted();
    let rewound = world.coordinate(&["rewind", &old, "--to", "implement/p1/agent", "--code"]);
    redacted(&world, || insta::assert_snapshot!("rewind_code", whole(&rewound)));
    let new = rewound.stdout.trim();
    let missing = world.git(&["ls-tree", "--name-only", &format!("coordinate/{new}/main"), "one.txt"]);
    assert_eq!(missing, "", "the code is as it was before the first phase");
    let outcome = run(&world, &["resume", new, "--force"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!((world.read("one.txt"), world.read("two.txt")), ("1\n".to_owned(), "2\n".to_owned()));
    assert_eq!(sessions(&world), ["--session-id"; 4], "both phases are done anew, in sessions of their own");
    let prompt = world.beside("second");
    assert!(prompt.contains("- use tabs"), "{prompt}");
    let put_away = run(&world, &["resume", &old, "--force"]);
    assert_eq!(put_away.code, Some(5), "{put_away:#?}");
    assert_eq!(world.json(&["show", &old, "--json"])["outcome"], "cancelled");
    world.assert_no_trees();
}

/// Shows P5.
#[test]
fn the_conversation_is_put_back_and_the_code_stays() {
    let (world, old) = interrupted();
    let rewound = world.coordinate(&["rewind", &old, "--to", "implement/p1/agent", "--conversation"]);
    redacted(&world, || insta::assert_snapshot!("rewind_conversation", whole(&rewound)));
    let new = rewound.stdout.trim();
    assert_eq!(world.git(&["show", &format!("coordinate/{new}/main:one.txt")]), "1", "the code is as it is now");
    let outcome = run(&world, &["resume", new, "--force"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(sessions(&world), ["--session-id"; 3], "no finished phase is done again, and no session goes on");
    assert_eq!((attempts(&world, new, "implement/p1/agent"), world.read("one.txt")), (Some(1), "1\n".to_owned()));
    let prompt = world.beside("second");
    assert!(!prompt.starts_with("You were interrupted") && prompt.contains("Phase 2: Two"), "{prompt}");
    assert_eq!(run(&world, &["resume", &old, "--force"]).code, Some(5));
    world.assert_no_trees();
}

/// The states that a run went through.
fn states(world: &World, run: &str) -> Vec<String> {
    let events = json_lines(&world.coordinate(&["logs", run, "--json"]).stdout);
    let entered = events.iter().filter(|event| event["event"] == "transition_completed");
    entered.map(|event| event["to"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Shows P5.
#[test]
fn another_test_command_leads_a_fork_to_another_state() {
    let world = World::with_plan(&Plan::new().script("one", &[], "`one.txt`", "write one.txt 1"));
    let outcome = world.run_scripted(&["-c", "test.command=true"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let old = world.show()["run"].as_str().expect("an id").to_owned();
    assert_eq!(states(&world, &old), ["implement", "test", "document", "complete"]);
    let events = json_lines(&world.coordinate(&["logs", &old, "--json"]).stdout);
    let merged = events.iter().rfind(|event| event["event"] == "merged").expect("a merge")["sequence"].to_string();
    let fork = world.coordinate(&["fork", &old, "--at", &merged, "--with", "test_command=echo FAIL: x; false"]);
    assert_eq!(fork.code, Some(0), "{fork:#?}");
    let id = fork.stdout.trim();
    let failed = world.coordinate(&["resume", id, "--force"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    assert_eq!(states(&world, id)[..3], ["implement", "test", "debug"]);
    assert_eq!(world.json(&["show", &old, "--json"])["outcome"], "succeeded", "the other run is as it was");
}

/// Shows P5.
#[test]
fn another_answer_leads_a_fork_to_another_end() {
    let (world, file) = crate::control::asking();
    let outcome = world.run_offline(&["--workflow", &file]);
    assert_eq!(outcome.code, Some(3), "{outcome:#?}");
    let old = world.show()["run"].as_str().expect("an id").to_owned();
    let at = world.show()["sequence"].to_string();
    assert_eq!(world.coordinate(&["approve"]).code, Some(0));
    let head = world.git(&["rev-parse", "main"]);
    let with = "answer:document/approval=rejected";
    let fork = world.coordinate(&["fork", &old, "--at", &at, "--with", with, "--resume"]);
    assert_eq!(fork.code, Some(1), "{fork:#?}");
    assert!(fork.stdout.contains("the user said no"), "{fork:#?}");
    assert_eq!(world.git(&["rev-parse", "main"]), head, "what was refused is not delivered");
    let approved = world.coordinate(&["resume", &old, "--force"]);
    assert_eq!(approved.code, Some(0), "{approved:#?}");
    assert_eq!(world.read("one.txt"), "1\n");
}
