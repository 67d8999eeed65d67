//! Structured output: what a role's JSON Schema asks for is checked here, sent back twice, and then a failure.

use crate::support::World;
use crate::support::redact::{check, shows};

const REVIEW: &str = "format = 1\nname = \"review\"\ndescription = \"a research that ends with a judgement\"\nextends = \"research\"\n\n\
                      [[state.research.step]]\nid = \"report\"\nkind = \"agent\"\nrole = \"research-specialist\"\n\
                      for_each = \"topics\"\nwrites = \"report\"\n\n[[state.research.step]]\nid = \"judge\"\nkind = \"agent\"\nrole = \"judge\"\nwrites = \"output\"\nneeds = [\"report\"]\n";

const JUDGE: &str = "---\nname: judge\ndescription: Judges the reports\ncontract: output\n---\nYou judge what was found.\n\n\
                     1. Read the reports.\n2. Give a score.\n\n```json schema\n{\"type\": \"object\", \"required\": [\"score\"], \
                     \"properties\": {\"score\": {\"type\": \"integer\", \"maximum\": 10}}}\n```\n";

/// A world in which the judge writes the lines of `parts`, one a try, and the last one again and again.
fn world(parts: &[&str]) -> World {
    let world = World::new(&[("README.md", "# A project\n")]);
    world.write(".coordinate/workflows/review.toml", REVIEW);
    world.write(".coordinate/roles/judge.md", JUDGE);
    let mut lines = "tries=$(grep -c judge \"$here/calls\")\n".to_owned();
    for (at, part) in (1..).zip(parts) {
        lines.push_str(&format!("if [ \"$tries\" -ge {at} ]; then part='{part}'; fi\n"));
    }
    lines.push_str("cp \"$COORDINATE_PROMPT_FILE\" \"$here/prompt.$tries\"\n");
    lines.push_str(
        "printf '%s\\n' \"$part\" > \"$COORDINATE_ARTIFACT\"; echo \"OUTPUT_CREATED: $COORDINATE_ARTIFACT\"\n",
    );
    world.role("judge", &lines);
    world
}

const REQUEST: &[&str] = &["--workflow", "review", "research the parser"];

/// Shows P6.
#[test]
fn an_answer_that_breaks_its_schema_is_sent_back_twice() {
    let world = world(&["Here it is: {}", "{\"score\": 11}", "{\"score\": 7}"]);
    let outcome = world.run_authored(REQUEST);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let artifacts = world.json(&["artifacts", "--json"]);
    let output = artifacts.as_array().unwrap().iter().find(|artifact| artifact["type"] == "output").unwrap();
    let path = output["path"].as_str().unwrap();
    assert_eq!(path, "specs/001_parser/outputs/001_research_judge.json");
    assert_eq!(world.read(path), "{\"score\": 7}\n");
    let told = world.beside("prompt.3");
    assert!(told.contains("`/score`: 11 is greater than the maximum of 10"), "{told}");
    assert!(told.contains("one JSON value that keeps the JSON Schema above"), "{told}");
}

#[test]
fn an_answer_that_never_keeps_its_schema_fails() {
    let world = world(&["{\"score\": 11}"]);
    check("structured_failed", &world, &world.run_authored(REQUEST));
    assert_eq!(world.calls().iter().filter(|step| step.contains("judge")).count(), 3);
}

#[test]
fn schemas_are_checked_before_anything_runs() {
    let world = world(&["{}"]);
    let broken = JUDGE.replace("\"type\": \"integer\"", "\"type\": \"number of points\"");
    world.write(".coordinate/roles/judge.md", &broken);
    check("structured_no_schema", &world, &world.run_authored(REQUEST));
    world.write(".coordinate/roles/judge.md", &JUDGE.replace("contract: output", "contract: report"));
    shows("structured_misplaced", &world, &["roles", "check", ".coordinate/roles/judge.md"]);
}

#[test]
fn scripts_check_files_by_a_schema_too() {
    let world = World::new(&[("README.md", "# A project\n")]);
    world.write("schema.json", "{\"type\": \"array\", \"items\": {\"type\": \"integer\"}}");
    world.write("good.json", "[1, 2]");
    world.write("bad.json", "[1, \"two\"]");
    world.age(&[".git", "README.md", "schema.json", "good.json", "bad.json"]);
    shows("verify_schema", &world, &["verify", "file", "--schema", "schema.json", "good.json", "bad.json"]);
    world.write(".coordinate/roles/judge.md", JUDGE);
    world.write("score.json", "{\"score\": 7}");
    world.age(&[".git", "README.md", "schema.json", "good.json", "bad.json", "score.json", ".coordinate"]);
    shows("verify_schema_of_role", &world, &["verify", "file", "--role", "judge", "score.json", "bad.json"]);
    shows("verify_role_without_schema", &world, &["verify", "file", "--role", "plan-architect", "score.json"]);
    shows("verify_no_schema", &world, &["verify", "file", "--schema", "none.json", "good.json"]);
}
