//! A run as it was, at an event and at a moment.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World, json_lines};

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Shows S22.
#[test]
fn a_run_is_shown_as_it_was_at_a_moment() {
    let world = World::with_plan(&Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt"));
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let events = json_lines(&world.coordinate(&["logs", "--json"]).stdout);
    let mut moments: Vec<String> = events.iter().map(|event| text(&event["at"])).collect();
    moments.dedup();
    for moment in &moments {
        let last = events.iter().rfind(|event| text(&event["at"]) <= *moment).expect("an event of this moment");
        let then = world.json(&["show", "--as-of", moment, "--json"]);
        assert_eq!(then["sequence"], last["sequence"], "{moment}");
        let at = world.json(&["show", "--at", &last["sequence"].to_string(), "--json"]);
        assert_eq!(then, at, "{moment}");
    }
    assert_eq!(world.json(&["show", "--as-of", "2999-01-01T00:00:00Z", "--json"]), world.show());
    let mut wrong = String::new();
    for time in ["2000-01-01T01:00:00+01:00", "yesterday"] {
        wrong.push_str(&whole(&world.coordinate(&["show", "--as-of", time])));
    }
    redacted(&world, || insta::assert_snapshot!("show_as_of_wrong", wrong));
}
