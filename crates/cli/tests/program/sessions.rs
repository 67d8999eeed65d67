//! An attempt that was interrupted goes on in its client's session and its own tree; one that failed starts anew.

use crate::clients::{WRITE, client, run, with_clients};
use crate::support::process::await_that;
use crate::support::{Started, World, step};
use rustix::process::Signal;

const PLAN: &str = "# One\n\n### Phase 1: One\n**Files**: whole.txt\n\n- [ ] write it\n";

/// The first time it writes a half and hangs; later it needs that half to be there.
const HANGS: &str = "if [ $(wc -l < \"$here/claude.arguments\") -eq 1 ]; then\n\
                     echo '{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\
                     \"name\":\"Bash\",\"input\":{\"command\":\"git push\"}}]}}'\n\
                     echo half > half.txt\nexec sleep 600\nfi\nmv half.txt whole.txt";

const ARGUMENTS: &[&str] = &["run", "PLAN.md", "--agent", "claude", "-c", "test.command=true"];

fn world(lines: &str) -> World {
    let world = World::new(&[("PLAN.md", PLAN)]);
    client(&world, "claude", lines, WRITE);
    world
}

/// Starts a run, and waits until its agent has written its half.
#[track_caller]
fn begun(world: &World, more: &[&str]) -> Started {
    let started = Started::new(&mut with_clients(world, &[ARGUMENTS, more].concat()));
    let trees = world.env.root().join("state/coordinate");
    await_that("the half", || {
        let below =
            |folder: &std::path::Path| World::entries(folder).into_iter().map(|name| folder.join(name)).collect();
        let runs: Vec<std::path::PathBuf> = below(&trees);
        let runs: Vec<_> = runs.iter().flat_map(|project| -> Vec<std::path::PathBuf> { below(project) }).collect();
        runs.iter().any(|run| run.join("implement-p1-agent/half.txt").exists())
    });
    let attempt = |world: &World| step(&world.show(), "implement/p1/agent")["attempts"][0].clone();
    await_that("the agent's words", || !more.is_empty() || !attempt(world)["doing"].is_null());
    started
}

/// The sessions of the client's calls, by the flag that named them.
fn sessions(world: &World) -> Vec<(String, String)> {
    let of = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let at =
            words.iter().position(|word| matches!(*word, "--session-id" | "--resume")).expect("it names a session");
        (words[at].to_owned(), words[at + 1].to_owned())
    };
    world.beside("claude.arguments").lines().map(of).collect()
}

#[track_caller]
fn check_resumed(world: &World) {
    let sessions = sessions(world);
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    assert_eq!(sessions[1], ("--resume".to_owned(), sessions[0].1.clone()));
    let prompt = world.beside("claude.prompt");
    assert!(prompt.starts_with("You were interrupted, and go on now."), "{prompt}");
    assert_eq!(world.read("whole.txt"), "half\n", "its tree was as it had left it");
    let attempts = step(&world.show(), "implement/p1/agent")["attempts"].clone();
    assert_eq!(attempts[1]["resumes"], attempts[0]["session"], "{attempts:#}");
}

#[test]
fn a_paused_attempt_goes_on_in_its_session() {
    let world = world(HANGS);
    let driver = begun(&world, &[]);
    driver.signal(Signal::INT);
    assert_eq!(driver.finish().code, Some(5));
    let outcome = run(&world, &["resume"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("phase 1 - One goes on, in its session (attempt 2)"), "{outcome:#?}");
    check_resumed(&world);
    world.assert_no_trees();
    let shown = world.coordinate(&["show"]).stdout;
    let told = "phase 1 - One, attempt 1: these commands may act outside of its tree a second time\nnote        Bash: git push";
    assert!(shown.contains(told), "{shown}");
    assert_eq!(world.show()["effects"][0]["commands"], serde_json::json!(["Bash: git push"]));
}

#[test]
fn an_attempt_that_ends_with_its_driver_goes_on_in_its_session() {
    let world = world(HANGS);
    let driver = begun(&world, &["-c", "agent.on_death=end"]);
    driver.signal(Signal::KILL);
    driver.finish();
    world.env.assert_no_leftovers();
    assert_eq!(run(&world, &["resume"]).code, Some(0));
    check_resumed(&world);
}

/// The author commits words; the verifier looks at all that git shows, commits a note, and hangs the first time.
const JUDGES: &str = "if [ \"$(basename \"$PWD\")\" = implement-p1-agent ]; then\n\
                      echo whole > whole.txt; git add -A; git commit -qm 'TRUST me'\nelse\n\
                      git log --all --format=%s > \"$here/seen.$(wc -l < \"$here/claude.arguments\")\"\n\
                      case \"$*\" in *--resume*) ;; *) git commit -q --allow-empty -m 'a note'; touch \"$here/noted\"\n\
                      exec sleep 600 ;; esac\n\
                      place=$(grep -o '`/[^`]*json`' \"$here/claude.prompt\" | head -n 1 | tr -d '`')\n\
                      mkdir -p \"$(dirname \"$place\")\"; echo '{\"passed\": true, \"findings\": []}' > \"$place\"\nfi";

/// Shows N9.
#[test]
fn a_blind_verifier_goes_on_in_its_session_and_stays_blind() {
    let world = world(JUDGES);
    let driver = Started::new(&mut with_clients(&world, &[ARGUMENTS, &["--blind-verify"]].concat()));
    await_that("the verifier", || world.env.root().join("scripts/noted").exists());
    driver.signal(Signal::INT);
    assert_eq!(driver.finish().code, Some(5));
    let outcome = run(&world, &["resume"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let flags: Vec<String> = sessions(&world).into_iter().map(|(flag, _)| flag).collect();
    assert_eq!(flags, ["--session-id", "--session-id", "--resume"]);
    assert_eq!(world.beside("seen.2"), "now\nbefore\n");
    assert_eq!(world.beside("seen.3"), "a note\nnow\nbefore\n", "what it did there is there still");
    assert_eq!(world.show()["judgements"][0]["passed"], true);
    assert_eq!(world.read("whole.txt"), "whole\n");
    assert!(!world.subjects("main").contains(&"a note".to_owned()));
    world.assert_no_trees();
}

#[test]
fn a_session_that_the_client_does_not_have_any_more_is_given_up() {
    let gone = "case \"$*\" in *--resume*) echo 'No conversation found with session ID' >&2; exit 1;; esac\n";
    let anew = HANGS.replace("mv half.txt whole.txt", "test ! -e half.txt && echo anew > whole.txt");
    let world = world(&format!("{gone}{anew}"));
    let driver = begun(&world, &[]);
    driver.signal(Signal::INT);
    driver.finish();
    let outcome = run(&world, &["resume"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let flags: Vec<String> = sessions(&world).into_iter().map(|(flag, _)| flag).collect();
    assert_eq!(flags, ["--session-id", "--resume", "--session-id"]);
    assert_eq!(world.read("whole.txt"), "anew\n");
}

#[test]
fn nothing_goes_on_where_that_is_switched_off() {
    let world = world(
        "if [ $(wc -l < \"$here/claude.arguments\") -eq 1 ]; then\n\
         echo half > half.txt\nexec sleep 600\nfi\ntest ! -e half.txt && echo anew > whole.txt",
    );
    let driver = begun(&world, &["-c", "agent.resume_sessions=false"]);
    driver.signal(Signal::INT);
    driver.finish();
    assert_eq!(run(&world, &["resume"]).code, Some(0));
    assert_eq!(world.read("whole.txt"), "anew\n");
}
