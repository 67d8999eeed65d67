//! Phases that change the same files: told before, kept apart, and seen while they work.

use crate::support::redact::shows;
use crate::support::{Plan, World, json_lines};

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
fn meeting() -> Plan {
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
    let world = World::with_plan(&meeting());
    let outcome = world.run_scripted(&[]);
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
