//! `migrate`: old state is imported, nothing of it executed, the files stay.

use crate::support::World;
use std::path::{Path, PathBuf};

const VARIABLES: &str = "#!/usr/bin/env bash\n\
    export CLAUDE_PROJECT_DIR=\"/srv/project\"\n\
    export WORKFLOW_DESCRIPTION=\"say \\\"hi\\\" for \\$5 and \\`ls\\`\"\n\
    export EVIL=\"$(touch marker) `touch marker`\"\n\
    export LINES_OF='one\ntwo'\"\\n\"$'\\t'\n\
    export REPORT_PATHS=(a b)\n\
    export WORKFLOW_ID=\"coordinate_77\"\n\
    source ./other.sh\n";

fn old_project() -> World {
    let world = World::new(&[("README.md", "# A project\n")]);
    world.write(".claude/tmp/workflow_4711.sh", VARIABLES);
    world.write(".claude/tmp/workflow_12 34.sh", "A=b\n");
    world.write(".claude/tmp/unrelated.sh", "touch marker\n");
    world.write(".claude/tmp/research_supervisor.json", "{\"supervisor_id\": \"r\", \"aggregated_metadata\": {}}");
    world.write(".claude/data/checkpoints/nested/auth.json", "{\"current_phase\": 3}");
    world.write(".claude/data/workflow/broken.json", "{");
    let home = world.env.home().join(".claude/tmp/research_supervisor.json");
    std::fs::create_dir_all(home.parent().unwrap()).unwrap();
    std::fs::write(home, "{\"another\": 1}").unwrap();
    world
}

/// Every file of a folder with its content.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(content(&path));
        } else {
            all.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    all.sort();
    all
}

/// Shows S26.
#[test]
fn old_state_is_imported_once_and_kept() {
    let world = old_project();
    let before = content(&world.repo.join(".claude"));
    let dry = world.coordinate(&["migrate", "--dry-run"]);
    assert_eq!(dry.code, Some(2), "one file is broken: {dry:#?}");
    assert!(!world.has(".coordinate"), "a dry run made something");

    let first = world.coordinate(&["migrate"]);
    assert_eq!(first.code, Some(2), "{first:#?}");
    let lines =
        |text: &str| text.lines().filter(|line| !line.contains("files,")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&dry.stdout), lines(&first.stdout), "the dry run says what is done");
    for expected in ["broken.json: not imported: no JSON", "workflow_4711.sh:7: passed over", "workflow_4711.sh:9:"] {
        assert!(first.stderr.contains(expected), "no `{expected}` in {first:#?}");
    }
    assert!(!first.stdout.contains("unrelated"), "{first:#?}");

    let values = world.json(&["state", "load", "--json", "--run", "coordinate_77"]);
    let expected = serde_json::json!({
        "CLAUDE_PROJECT_DIR": "/srv/project",
        "WORKFLOW_DESCRIPTION": "say \"hi\" for $5 and `ls`",
        "EVIL": "$(touch marker) `touch marker`",
        "LINES_OF": "one\ntwo\\n\t",
        "WORKFLOW_ID": "coordinate_77",
    });
    assert_eq!(values, expected);
    assert_eq!(world.json(&["state", "load", "--json", "--run", "12_34"]), serde_json::json!({"A": "b"}));
    let checkpoint = |name| world.json(&["state", "checkpoint", "load", name, "--run", "imported"]);
    assert_eq!(checkpoint("auth"), serde_json::json!({"current_phase": 3}));
    assert_eq!(checkpoint("research_supervisor")["supervisor_id"], "r");
    assert_eq!(checkpoint("research_supervisor-2"), serde_json::json!({"another": 1}));

    world.coordinate(&["state", "set", "A", "changed", "--run", "12_34"]);
    let second = world.coordinate(&["migrate"]);
    assert!(second.stdout.contains("0 variables → workflow `coordinate_77`, 5 were there"), "{second:#?}");
    assert!(second.stdout.contains("was there as checkpoint `research_supervisor-2`"), "{second:#?}");
    assert_eq!(world.json(&["state", "load", "--json", "--run", "12_34"]), serde_json::json!({"A": "changed"}));
    let list = world.coordinate(&["state", "checkpoint", "list"]);
    assert_eq!(list.stdout.lines().count(), 3, "{list:#?}");
    assert_eq!(content(&world.repo.join(".claude")), before, "the old files were touched");
    assert!(!world.has("marker"));
}

#[test]
fn a_project_without_old_state_has_nothing_to_import() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let outcome = world.coordinate(&["migrate"]);
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout.contains("nothing to import"), "{outcome:#?}");
    assert!(!world.has(".coordinate"));
}
