//! Steps that are done by workers of a host: short commands from outside, while a detached process drives the run.

use crate::support::process::await_that;
use crate::support::redact::{redacted, whole};
use crate::support::{PROGRAM, Plan, Started, World, step};
use coordinate_testkit::Outcome;
use coordinate_testkit::processes::kill;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const WAIT: &str = "90";

/// A worker as a host would write it in its shell: take a step, let an agent do it, hand in what that says.
const LOOP: &str = r#"
set -u
while :; do
    lines=$("$PROGRAM" next --run "$1" --wait 60 --shell)
    code=$?
    case $code in 0) ;; 4) continue ;; *) exit "$code" ;; esac
    eval "$lines"
    said=$(cd "$COORDINATE_TREE" && sh "$2") || exit 9
    printf '%s\n' "$said" | "$PROGRAM" done "$COORDINATE_CLAIM" -m - || exit 8
done
"#;

/// Two phases that do not wait for each other.
fn two_phases() -> World {
    let plan = "# Two\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] write it\n\n\
                ### Phase 2: Two\n**Files**: two.txt\n\n- [ ] write it\n";
    World::new(&[("PLAN.md", plan)])
}

fn one_phase() -> World {
    World::new(&[("PLAN.md", "# One\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] write it\n")])
}

/// What a step's worker has to know.
struct Claim {
    token: String,
    step: String,
    attempt: u64,
    tree: String,
}

impl Claim {
    #[track_caller]
    fn of(outcome: &Outcome) -> Self {
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        let told: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(told["state"], "claimed");
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        Self {
            token: text("claim"),
            step: text("step"),
            attempt: told["attempt"].as_u64().unwrap(),
            tree: text("tree"),
        }
    }

    /// Does its phase of a plan.
    fn work(&self) {
        self.write(if self.step == "implement/p1/agent" { "one.txt" } else { "two.txt" });
    }

    /// Writes a file of its work.
    fn write(&self, file: &str) {
        std::fs::write(Path::new(&self.tree).join(file), file).unwrap();
    }
}

impl World {
    /// Begins a run that waits for workers, in a process of its own.
    #[track_caller]
    fn detached(&self, arguments: &[&str]) -> String {
        let outcome = self.coordinate(&[&["run"], arguments, &["--agent", "host", "--detach"]].concat());
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        outcome.stdout.trim().to_owned()
    }

    #[track_caller]
    fn next(&self) -> Claim {
        Claim::of(&self.coordinate(&["next", "--wait", WAIT, "--json"]))
    }

    #[track_caller]
    fn done(&self, claim: &Claim) -> Outcome {
        let phase = claim.step.trim_start_matches("implement/p").trim_end_matches("/agent");
        self.coordinate(&["done", &claim.token, "-m", &format!("PHASE_COMPLETE: {phase}")])
    }

    /// Waits until a run has ended and its driver is gone, and gives how it ended.
    #[track_caller]
    fn ended(&self, run: &str) -> String {
        let outcome = self.coordinate(&["next", "--run", run, "--wait", WAIT, "--json"]);
        assert_eq!(outcome.code, Some(5), "{outcome:#?}");
        let told: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!((told["state"].as_str(), told["run"].as_str()), (Some("ended"), Some(run)), "{told}");
        await_that("the driver's end", || self.driver().is_none());
        told["outcome"].as_str().unwrap().to_owned()
    }

    /// Lets two loops of a shell do all that a run asks for, by the author's script.
    #[track_caller]
    fn work_in_loops(&self, run: &str) {
        let author = self.author();
        let author = author.trim_start_matches("sh '").trim_end_matches('\'');
        let worker = self.env.script("worker", LOOP).display().to_string();
        let workers = [(); 2].map(|()| {
            let mut command = self.env.command("sh");
            Started::new(command.current_dir(&self.repo).env("PROGRAM", PROGRAM).args([&worker, run, author]))
        });
        for worker in workers {
            let outcome = worker.finish();
            assert_eq!(outcome.code, Some(5), "{outcome:#?}");
            assert!(outcome.stderr.contains("has ended: succeeded"), "{outcome:#?}");
        }
    }

    /// The process that drives the newest run.
    #[track_caller]
    fn driver(&self) -> Option<u32> {
        let runs = self.json(&["ps", "--json"]);
        let above = runs.as_array().unwrap().iter().find(|run| run["parent"].is_null()).unwrap();
        above["driver"].as_u64().map(|pid| u32::try_from(pid).unwrap())
    }

    #[track_caller]
    fn kill_driver(&self) {
        kill(self.driver().expect("it is driven"));
        await_that("the driver's death", || self.driver().is_none());
    }

    #[track_caller]
    fn shown(&self, name: &str, arguments: &[&str]) {
        redacted(self, || insta::assert_snapshot!(name, whole(&self.coordinate(arguments))));
    }

    /// The attempts of phase 1's agent: how each ended.
    #[track_caller]
    fn endings(&self) -> Vec<String> {
        let run = self.show();
        let attempts = step(&run, "implement/p1/agent")["attempts"].as_array().unwrap();
        attempts.iter().map(|attempt| attempt["ending"]["how"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// The output with only the first line of what the agent is told: the rest stands in the tests of prompts.
fn without_prompt(outcome: &Outcome) -> String {
    let role = "# Your role: implementation-executor";
    let cut = |text: &str| match text.split_once(role) {
        Some((before, after)) => {
            // In JSON the prompt is one line; else it is the rest.
            let rest =
                if before.starts_with('{') { after.split_once("\",\n").map_or("", |(_, rest)| rest) } else { "" };
            let end = if rest.is_empty() { "\n" } else { "\",\n" };
            format!("{before}{role}…{end}{rest}")
        }
        None => text.to_owned(),
    };
    whole(&Outcome { stdout: cut(&outcome.stdout), ..outcome.clone() })
}

#[test]
fn a_whole_run_is_done_by_loops_of_a_shell() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let run = world.detached(&["research the parser and the lexer and plan a rewrite"]);
    world.work_in_loops(&run);
    assert_eq!(world.ended(&run), "succeeded");
    let mut calls = world.calls();
    calls.sort();
    assert_eq!(calls, ["plan/plan", "research/t1/report", "research/t2/report"], "each step once");
    let kinds: Vec<Value> = world.json(&["artifacts", "--json"]).as_array().unwrap().clone();
    assert_eq!(kinds.iter().filter(|artifact| artifact["type"] == "report").count(), 2, "{kinds:#?}");
    assert_eq!(world.show()["warnings"], serde_json::json!([]), "completion lines were read");
    world.assert_nothing_left();
}

#[test]
fn steps_of_runs_below_are_given_too() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let topics = ["ants", "bees", "cats", "dogs", "eels"].map(|topic| ["--topic", topic]).concat();
    let run = world.detached(&[&["research the animals"], topics.as_slice()].concat());
    world.work_in_loops(&run);
    assert_eq!(world.ended(&run), "succeeded");
    assert!(world.json(&["ps", "--json"]).as_array().unwrap().len() > 1, "nobody led a part of the topics");
    assert_eq!(world.calls().iter().filter(|step| step.ends_with("/report")).count(), 5, "{:?}", world.calls());
    world.assert_nothing_left();
}

#[test]
fn workers_at_once_get_different_steps() {
    let world = two_phases();
    let run = world.detached(&["PLAN.md"]);
    let both = [(); 2].map(|()| world.start(&["next", "--wait", WAIT, "--json"]));
    let claims = both.map(|one| Claim::of(&one.finish()));
    let mut steps = claims.each_ref().map(|claim| claim.step.as_str());
    steps.sort_unstable();
    assert_eq!(steps, ["implement/p1/agent", "implement/p2/agent"]);
    assert_ne!(claims[0].token, claims[1].token);
    world.shown("next_idle", &["next"]);
    world.shown("next_idle_json", &["next", "--json"]);
    for claim in &claims {
        claim.work();
        assert_eq!(world.done(claim).code, Some(0));
    }
    assert_eq!(world.ended(&run), "succeeded");
    world.shown("next_ended", &["next", "--run", &run]);
    world.shown("next_ended_json", &["next", "--run", &run, "--json"]);
    world.shown("next_none_open", &["next"]);
    world.assert_nothing_left();
}

#[test]
fn a_step_is_told_whole_and_its_end_is_taken_once() {
    let world = one_phase();
    let detached = world.coordinate(&["run", "PLAN.md", "--agent", "host", "--detach"]);
    redacted(&world, || insta::assert_snapshot!("run_detached", whole(&detached)));
    let run = detached.stdout.trim();
    let outcome = world.coordinate(&["next", "--wait", WAIT, "--json"]);
    redacted(&world, || insta::assert_snapshot!("next_json", without_prompt(&outcome)));
    let claim = Claim::of(&outcome);
    claim.work();
    // From its own tree, as a worker would.
    let mut beat = world.command(&["heartbeat", &claim.token, "-m", "half way"]);
    let outcome: Outcome = beat.current_dir(&claim.tree).output().unwrap().into();
    redacted(&world, || insta::assert_snapshot!("heartbeat", whole(&outcome)));
    await_that("the message", || step(&world.show(), "implement/p1/agent")["attempts"][0]["doing"] == "half way");
    let secret = world
        .command(&["done", &claim.token, "-m", "- with abc123secret\nPHASE_COMPLETE: 1"])
        .env("API_TOKEN", "abc123secret")
        .output()
        .unwrap();
    redacted(&world, || insta::assert_snapshot!("done", whole(&secret.into())));
    world.shown("done_again", &["done", &claim.token]);
    world.shown("done_then_failed", &["fail", &claim.token, "-m", "no"]);
    world.shown("done_then_heartbeat", &["heartbeat", &claim.token]);
    assert_eq!(world.ended(run), "succeeded");
    world.shown("done_after_the_end", &["done", &claim.token]);
    let printed = world.coordinate(&["logs", "--step", "implement/p1/agent"]).stdout;
    assert!(printed.contains("- with [redacted:API_TOKEN]\n"), "{printed}");
    let kept = world.env.run("grep", &world.repo, &["-r", "abc123secret", ".coordinate"]);
    assert_eq!(kept.code, Some(1), "the secret was written: {kept:#?}");
    let log = world.read(&format!(".coordinate/state/attempts/{run}/driver.log"));
    assert!(log.contains(" began: implement the plan PLAN.md\n") && log.contains(" succeeded: "), "{log}");
    world.assert_nothing_left();
}

#[test]
fn a_step_is_told_to_people_and_shells() {
    let world = two_phases();
    world.detached(&["PLAN.md"]);
    // Whoever waits first is taken first: here both do.
    await_that("both phases", || world.coordinate(&["why"]).stdout.matches("waits for a worker").count() == 2);
    let outcome = world.coordinate(&["next", "--wait", WAIT]);
    redacted(&world, || insta::assert_snapshot!("next_text", without_prompt(&outcome)));
    world.shown("next_shell", &["next", "--wait", WAIT, "--shell"]);
    assert_eq!(world.coordinate(&["cancel"]).code, Some(0));
    await_that("the driver's end", || world.driver().is_none());
    world.assert_no_trees();
}

#[test]
fn a_silent_worker_loses_its_claim_and_the_step_is_given_again() {
    let world = one_phase();
    let run = world.detached(&["PLAN.md", "-c", "agent.idle_seconds=3"]);
    let late = world.next();
    late.write("late.txt");
    let second = world.next();
    assert_eq!((second.step == late.step, second.attempt), (true, 2));
    assert!(!Path::new(&second.tree).join("late.txt").exists(), "the tree is as it was at the start");
    for (name, arguments) in [
        ("late_done", &["done", &late.token][..]),
        ("late_fail", &["fail", &late.token, "-m", "no"]),
        ("late_heartbeat", &["heartbeat", &late.token]),
    ] {
        world.shown(name, arguments);
    }
    second.work();
    assert_eq!(world.done(&second).code, Some(0));
    assert_eq!(world.ended(&run), "succeeded");
    assert_eq!(world.endings(), ["idle_limit", "exited"]);
}

#[test]
fn heartbeats_keep_a_claim_and_waiting_for_a_worker_is_no_silence() {
    let world = one_phase();
    let limit = Duration::from_secs(2);
    let run = world.detached(&["PLAN.md", "-c", "agent.idle_seconds=2"]);
    // Nobody takes it for longer than the limit: what passes is the time, which is what this is about.
    let begun = Instant::now();
    await_that("more than the limit", || begun.elapsed() > limit + limit / 2);
    let claim = world.next();
    let begun = Instant::now();
    await_that("more than twice the limit", || {
        let beat = world.coordinate(&["heartbeat", &claim.token]);
        assert_eq!(beat.code, Some(0), "{beat:#?}");
        begun.elapsed() > limit * 2
    });
    claim.work();
    assert_eq!(world.done(&claim).code, Some(0));
    assert_eq!(world.ended(&run), "succeeded");
    assert_eq!((claim.attempt, world.endings()), (1, vec!["exited".to_owned()]));
}

#[test]
fn a_claim_outlives_the_driver() {
    let world = two_phases();
    let run = world.detached(&["PLAN.md"]);
    let claims = [world.next(), world.next()];
    claims.iter().for_each(Claim::work);
    world.kill_driver();
    world.shown("next_undriven", &["next"]);
    world.shown("next_undriven_json", &["next", "--json"]);
    redacted(&world, || insta::assert_snapshot!("done_undriven", whole(&world.done(&claims[0]))));
    let resumed = world.coordinate(&["resume", "--detach"]);
    assert_eq!((resumed.code, resumed.stdout.trim()), (Some(0), run.as_str()), "{resumed:#?}");
    // An adopted claim can lose its second driver as well.
    world.kill_driver();
    assert_eq!(world.coordinate(&["resume", "--detach"]).code, Some(0));
    let driven = world.coordinate(&["resume", "--detach"]);
    assert_eq!(driven.code, Some(2), "{driven:#?}");
    assert_eq!(world.done(&claims[1]).code, Some(0));
    assert_eq!(world.ended(&run), "succeeded");
    let shown = world.show();
    for phase in ["implement/p1/agent", "implement/p2/agent"] {
        assert_eq!(step(&shown, phase)["attempts"].as_array().unwrap().len(), 1, "{phase} was tried again");
    }
    world.assert_nothing_left();
}

#[test]
fn a_claim_goes_with_the_process_of_its_step() {
    let world = one_phase();
    let run = world.detached(&["PLAN.md"]);
    let first = world.next();
    // Claimed before the driver has written down that it began.
    await_that("its process", || !step(&world.show(), "implement/p1/agent")["attempts"][0]["pid"].is_null());
    let shown = world.show();
    let shim = step(&shown, "implement/p1/agent")["attempts"][0]["pid"].as_u64().unwrap();
    kill(u32::try_from(shim).unwrap());
    let second = world.next();
    assert_eq!(second.attempt, 2);
    world.shown("lost_done", &["done", &first.token]);
    second.work();
    assert_eq!(world.done(&second).code, Some(0));
    assert_eq!(world.ended(&run), "succeeded");
    assert_eq!(world.endings(), ["lost", "exited"]);
}

#[test]
fn a_failure_that_may_pass_is_tried_again_and_another_ends_the_step() {
    let world = one_phase();
    let run = world.detached(&["PLAN.md"]);
    let first = world.next();
    world.shown("fail", &["fail", &first.token, "-m", "the mirror is away", "--class", "transient"]);
    world.shown("fail_again", &["fail", &first.token, "-m", "the mirror is away", "--class", "transient"]);
    world.shown("fail_then_done", &["done", &first.token]);
    let second = world.next();
    assert_eq!(second.attempt, 2);
    // Its words alone would be taken for something that passes.
    let failed = world.coordinate(&["fail", &second.token, "-m", "connection refused", "--class", "permanent"]);
    assert_eq!(failed.code, Some(0), "{failed:#?}");
    assert_eq!(world.ended(&run), "failed");
    let shown = world.show();
    let failure = &step(&shown, "implement/p1/agent")["failure"];
    assert_eq!((&failure["class"], &failure["kind"]), (&"permanent".into(), &"exit-code".into()), "{failure:#}");
    assert!(failure["context"].to_string().contains("connection refused"), "{failure:#}");
}

#[test]
fn what_is_stopped_is_no_workers_any_more() {
    let world = one_phase();
    let run = world.detached(&["PLAN.md"]);
    let first = world.next();
    first.write("half.txt");
    assert_eq!(world.coordinate(&["pause"]).code, Some(0));
    await_that("the driver's end", || world.driver().is_none());
    world.shown("stopped_done", &["done", &first.token]);
    assert_eq!(world.coordinate(&["resume", "--detach", "--yes"]).code, Some(0));
    let second = world.next();
    assert_eq!(second.attempt, 2);
    second.work();
    assert_eq!(world.done(&second).code, Some(0));
    assert_eq!(world.ended(&run), "succeeded");
    assert!(!world.has("half.txt"), "what was stopped came in");
}

#[test]
fn a_hard_limit_counts_from_the_claim() {
    let world = one_phase();
    let run = world.detached(&["PLAN.md", "-c", "agent.hard_seconds=1"]);
    let begun = Instant::now();
    await_that("more than the limit", || begun.elapsed() > Duration::from_secs(2));
    let claim = world.next();
    assert_eq!(claim.attempt, 1);
    assert_eq!(world.ended(&run), "failed");
    world.shown("limit_done", &["done", &claim.token]);
}

#[test]
fn what_can_not_be_claimed_is_refused() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "echo 1 > one.txt"));
    world.shown("next_no_runs", &["next"]);
    assert_eq!(world.run_offline(&[]).code, Some(0));
    let run = world.show()["run"].as_str().unwrap().to_owned();
    world.shown("next_other_agent", &["next", "--run", &run]);
    let unknown = format!("{run}/implement-p1-agent@1/0123456789abcdef");
    for claim in ["nothing", "run_1/../x", &format!("{run}/../x@1/y"), &unknown] {
        let outcome = world.coordinate(&["done", claim]);
        assert_eq!(outcome.code, Some(2), "{outcome:#?}");
        assert!(outcome.stderr.starts_with(&format!("error: there is no claim `{claim}`\n")), "{outcome:#?}");
    }
    world.shown("done_unknown", &["done", &unknown]);
}

#[test]
fn a_worker_is_told_that_a_person_must_answer_first() {
    let world = one_phase();
    let text = world.coordinate(&["workflows", "show", "coordinate"]).stdout;
    let gate = "[[state.implement.step]]\nid = \"early\"\nkind = \"gate\"\nquestion = \"go on?\"\n\n[[state.implement.step]]\nid = \"agent\"\n";
    let text = text.replace("[[state.implement.step]]\nid = \"agent\"\n", gate);
    let file = world.env.script("asking.toml", &text).display().to_string();
    let run = world.detached(&["PLAN.md", "--workflow", &file]);
    let claim = world.next();
    claim.work();
    assert_eq!(world.done(&claim).code, Some(0));
    let waits = world.coordinate(&["next", "--wait", WAIT]);
    redacted(&world, || insta::assert_snapshot!("next_waiting", whole(&waits)));
    world.shown("next_waiting_json", &["next", "--json"]);
    assert_eq!(world.coordinate(&["approve"]).code, Some(0));
    assert_eq!(world.coordinate(&["resume", "--detach", "--yes"]).code, Some(0));
    assert_eq!(world.ended(&run), "succeeded");
}

#[test]
fn a_file_that_breaks_its_contract_comes_back_with_what_it_lacks() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let run = world.detached(&["research the parser"]);
    let first = world.next();
    let place = "specs/001_parser/reports/001_parser.md";
    let path = Path::new(&first.tree).join(place);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "# Parser\n").unwrap();
    assert_eq!(world.coordinate(&["done", &first.token]).code, Some(0));
    let outcome = world.coordinate(&["next", "--wait", WAIT]);
    assert!(
        outcome.stdout.contains("(attempt 2)") && outcome.stdout.contains("## What was wrong with your last text"),
        "{outcome:#?}"
    );
    assert_eq!(world.coordinate(&["cancel"]).code, Some(0));
    assert_eq!(world.ended(&run), "cancelled");
}
