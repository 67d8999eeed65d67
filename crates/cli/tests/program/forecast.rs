//! Phases that change the same files: told before, kept apart, and seen while they work.

use crate::clients::{WRITE, client, run};
use crate::support::redact::shows;
use crate::support::{Plan, World, json_lines, step};

/// The events of a kind in the newest run's journal, each with the place where it stands.
fn events(world: &World, kind: &str) -> Vec<(usize, serde_json::Value)> {
    let all = json_lines(&world.coordinate(&["logs", "--json"]).stdout);
    all.into_iter().enumerate().filter(|(_, event)| event["event"] == kind).collect()
}

fn leased(world: &World, step: &str) -> Vec<usize> {
    events(world, "attempt_leased").into_iter().filter(|(_, event)| event["step"] == step).map(|(at, _)| at).collect()
}

/// Shows N4.
#[test]
fn a_plan_shows_which_phases_will_meet() {
    let text = "# A plan\n\n### Phase 1: One\n**Files**: src/lib.rs, src/one.rs\n\n- [ ] as `src/common.rs` does\n\n\
                ### Phase 2: Two\n**Files**: src/\n\n- [ ] two\n\n\
                ### Phase 3: Three\n**Files**: docs/a.md\n\n- [ ] as `src/common.rs` does\n\n\
                ### Phase 4: Four\n\n- [ ] four\n\n\
                ### Phase 5: Five\n**Dependencies**: [1]\n**Files**: src/lib.rs\n\n- [ ] five\n";
    let world = World::new(&[("PLAN.md", text), ("docs/a.md", "a\n"), ("docs/b.md", "b\n")]);
    shows("plan_forecast", &world, &["plan", "forecast", "PLAN.md"]);
    shows("plan_forecast_hint", &world, &["plan", "check", "PLAN.md"]);
    // What changed together before is learned.
    for word in ["one", "two"] {
        world.write("docs/a.md", word);
        world.write("src/one.rs", word);
        world.git(&["add", "-A"]);
        world.git(&["commit", "-qm", word]);
    }
    shows("plan_forecast_learned", &world, &["plan", "forecast", "PLAN.md"]);
    let json = world.json(&["plan", "forecast", "PLAN.md", "--json"]);
    assert_eq!(json["without_files"], serde_json::json!([4]));
    assert_eq!(json["meetings"].as_array().unwrap().len(), 4, "{json:#}");
    let alone = World::with_plan(&Plan::new().sh("one", &[], "", "true"));
    shows("plan_forecast_nothing", &alone, &["plan", "forecast", "PLAN.md"]);
}

/// Shows N4.
#[test]
fn phases_that_declare_the_same_file_are_kept_apart_and_both_end_up_in_it() {
    let add = |word: &str| format!("echo {word} >> list.txt");
    let plan = Plan::new().sh("one", &[], "list.txt", &add("one")).sh("two", &[], "list.txt", &add("two"));
    let world = World::with_plan(&plan);
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("list.txt"), "one\ntwo\n");
    let merged = events(&world, "merged");
    assert!(merged[0].0 < leased(&world, "implement/p2/agent")[0], "{merged:#?}");
    world.assert_nothing_left();
}

/// The first waits until the second was stopped, and the second never ends until it is.
pub(crate) fn meeting() -> Plan {
    let first = "append shared.txt one\\n\nwrite one.txt one\nsh touch \"$HOME/first\"\n\
                 sh until test -e \"$HOME/stopped\"; do sleep 0.05; done";
    let second = "if-attempt 1 sh until test -e \"$HOME/first\"; do sleep 0.05; done\n\
                  if-attempt 1 sh trap 'touch \"$HOME/stopped\"; exit 1' TERM; echo lost > two.txt; echo mine >> shared.txt; \
                  while :; do sleep 0.1; done\n\
                  sh grep -x one shared.txt\nsh cp \"$COORDINATE_PROMPT_FILE\" \"$HOME/prompt\"\n\
                  append shared.txt two\\n\nwrite two.txt two";
    Plan::new().script("one", &[], "one.txt", first).script("two", &[], "two.txt", second)
}

/// Shows N4.
#[test]
fn two_at_work_on_one_file_are_seen_and_the_later_one_goes_on_from_the_other() {
    // A third one is at work all the while.
    let third = "sh until test -e \"$HOME/stopped\"; do sleep 0.05; done\nwrite three.txt 3";
    let world = World::with_plan(&meeting().script("three", &[], "three.txt", third));
    // What both have as a link into the checkout is no work in which they could meet.
    world.write(".env", "PORT=1\n");
    let outcome = world.run_scripted(&["--max-parallel", "3", "-c", "worktree.link=[\".env\"]"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(world.read("shared.txt"), "one\ntwo\n");
    let seen = events(&world, "overlap_seen");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].1["paths"], serde_json::json!(["shared.txt"]));
    assert_eq!(seen[0].1["later"], "implement/p2/agent");
    let leases = leased(&world, "implement/p2/agent");
    assert_eq!(leases.len(), 2);
    assert!(leases[0] < seen[0].0 && events(&world, "merged")[0].0 < leases[1]);
    // What it had done is kept, and it is told where.
    let kept = world.refs("refs/coordinate");
    let kept = kept.iter().find(|kept| kept.ends_with("/implement-p2-agent@1")).unwrap_or_else(|| panic!("{kept:?}"));
    assert_eq!(world.git(&["show", &format!("{kept}:two.txt")]), "lost");
    let prompt = std::fs::read_to_string(world.env.root().join("home/prompt")).unwrap();
    assert!(prompt.contains("phase 1 was changing the same files: `shared.txt`"), "{prompt}");
    assert!(prompt.contains(&world.git(&["rev-parse", kept])), "{prompt}");
    world.assert_no_trees();
}

/// Two clients at work on `shared.txt`: the first at its top, the second at its end. The first waits until the second was
/// stopped; the second goes on in its session by these lines.
fn clients_meeting(end: &str, resumed: &str) -> World {
    let plan = "# A plan\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n\
                ### Phase 2: Two\n**Files**: two.txt\n\n- [ ] two\n";
    let world = World::new(&[("PLAN.md", plan), ("shared.txt", "top\na\nb\nc\nd\nend\n")]);
    let lines = format!(
        "if [ \"$(basename \"$PWD\")\" = implement-p1-agent ]; then\n\
         sed -i 's/^top$/top of one/' shared.txt; echo one > one.txt; touch \"$here/first\"\n\
         until test -e \"$here/stopped\"; do sleep 0.05; done\n\
         else case \"$*\" in\n\
         *--resume*) cp \"$here/claude.prompt\" \"$here/resumed\"\n\
         cp shared.txt \"$here/brought\"; git log --format=%s HEAD > \"$here/history\"; {resumed} ;;\n\
         *) until test -e \"$here/first\"; do sleep 0.05; done; trap 'touch \"$here/stopped\"; exit 1' TERM\n\
         {end}; echo half > half.txt; while :; do sleep 0.1; done ;;\n\
         esac; fi"
    );
    client(&world, "claude", &lines, WRITE);
    world
}

/// Runs it, and says what the second phase's attempts were.
#[track_caller]
fn met(world: &World) -> Vec<serde_json::Value> {
    let outcome = run(world, &["run", "PLAN.md", "--agent", "claude", "-c", "test.command=true"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(events(world, "overlap_seen").len(), 1, "{outcome:#?}");
    let attempts = step(&world.show(), "implement/p2/agent")["attempts"].as_array().unwrap().clone();
    assert_eq!(attempts.len(), 2, "{attempts:#?}");
    assert_eq!(attempts[1]["resumes"], attempts[0]["session"], "{attempts:#?}");
    let prompt = world.beside("resumed");
    assert!(prompt.starts_with("You were interrupted") && prompt.contains("phase 1 was changing"), "{prompt}");
    // It has a base of its own: what was merged when it went on.
    let merged = events(world, "merged")[0].1["movement"]["new"].clone();
    let leases: Vec<serde_json::Value> = events(world, "attempt_leased")
        .into_iter()
        .filter(|(_, event)| event["step"] == "implement/p2/agent")
        .map(|(_, event)| event["base"].clone())
        .collect();
    assert_eq!((leases.len(), &attempts[1]["base"]), (2, &leases[1]));
    assert!(leases[0] != leases[1] && (merged.is_null() || merged == leases[1]), "{leases:?}, merged {merged}");
    attempts
}

/// Shows N4.
#[test]
fn the_tree_of_one_that_made_way_is_brought_over_with_its_work_and_its_session_goes_on() {
    let world = clients_meeting("sed -i 's/^end$/end of two/' shared.txt", "mv half.txt two.txt");
    let attempts = met(&world);
    let both = "top of one\na\nb\nc\nd\nend of two\n";
    assert_eq!(world.beside("brought"), both, "it found both when it went on");
    assert_eq!((world.read("shared.txt"), world.read("two.txt")), (both.to_owned(), "half\n".to_owned()));
    assert!(world.beside("history").starts_with("work so far on implement/p2/agent\n"), "{}", world.beside("history"));
    // As it was before it was brought over, it is kept.
    let kept = attempts[0]["snapshot"].as_str().expect("a snapshot");
    assert_eq!(world.git(&["show", &format!("{kept}:shared.txt")]), "top\na\nb\nc\nd\nend of two");
    assert!(!world.has("half.txt"));
    world.assert_no_trees();
}

/// Shows N4.
#[test]
fn work_that_does_not_merge_is_kept_and_its_session_goes_on_from_what_is_merged() {
    let resumed = "test ! -e half.txt; sed -i 's/^top of one$/top of one and two/' shared.txt; echo two > two.txt";
    let world = clients_meeting("sed -i 's/^top$/top of two/' shared.txt", resumed);
    let attempts = met(&world);
    assert_eq!(world.beside("brought"), "top of one\na\nb\nc\nd\nend\n", "it found what is merged alone");
    assert_eq!(world.read("shared.txt").lines().next(), Some("top of one and two"));
    let kept = attempts[0]["snapshot"].as_str().expect("a snapshot");
    assert_eq!(world.git(&["show", &format!("{kept}:half.txt")]), "half");
    let prompt = world.beside("resumed");
    assert!(prompt.contains(&format!("kept as {kept}")), "{prompt}");
    world.assert_no_trees();
}

#[test]
fn an_unknown_answer_to_overlaps_is_refused() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "", "true"));
    let outcome = world.run_offline(&["-c", "forecast.overlap=never"]);
    assert_eq!(outcome.code, Some(2), "{outcome:#?}");
    assert!(
        outcome.stderr.contains("`forecast.overlap` is one of `pause`, `warn`, `off`, not `never`"),
        "{outcome:#?}"
    );
}
