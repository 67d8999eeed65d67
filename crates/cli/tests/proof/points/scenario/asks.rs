//! A client that speaks while it works: it is told something, asks leave, and is allowed the like of it for good.

use crate::support::Project;
use coordinate_testkit::scripted_acp_agent;
use serde_json::{Value, json};

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n";

/// A person at another terminal, who looks until the work is there. The looking counts no points: how often is chance.
const PERSON: &str = r##"exec < /dev/null > /dev/null 2>&1
until "$PROGRAM" steer "$COORDINATE_RUN" 'use tabs' --project "$PROJECT"; do sleep 0.05; done
until test -e one.txt; do
    id=$(LD_PRELOAD= "$PROGRAM" inbox --json --project "$PROJECT" | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' | head -n 1)
    test -z "$id" || "$PROGRAM" approve "$id" --always --project "$PROJECT" || true
    sleep 0.05
done
"##;

fn asks(does: &str) -> Value {
    let call =
        json!({"toolCallId": "make it", "title": "make it", "kind": "execute", "rawInput": {"command": "make it"}});
    json!({"ask": call, "run": does})
}

pub(super) fn project() -> Project {
    let mut project = Project::new(&[("PLAN.md", PLAN)], &[]);
    let (program, root) = (env!("CARGO_BIN_EXE_coordinate"), project.root.display().to_string());
    let person = project.env.script("person", &format!("PROGRAM='{program}'\nPROJECT='{root}'\n{PERSON}"));
    let acts = json!([
        {"can": {"_meta": {"steering": {"supported": true}}}},
        {"run": "echo \"START $COORDINATE_RUN/$COORDINATE_STEP\" >> \"$PROOF_MARKS\""},
        {"run": format!("sh '{}' &", person.display())},
        {"wait": true},
        asks("echo one > one.half"),
        asks("mv one.half one.txt"),
    ]);
    let acts = project.env.script("acts.json", &acts.to_string());
    let line = format!("'{}' '{}'", scripted_acp_agent().display(), acts.display());
    let settings = ["-c", "test.command=true", "-c", "permissions.default=ask"];
    project.run_with(&[&["PLAN.md", "--agent", "acp", "--agent-command", &line][..], &settings].concat());
    project
}
