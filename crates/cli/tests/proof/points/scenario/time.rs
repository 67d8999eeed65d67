//! A run that fails is gone back in: what its agent left is brought back beside it, it is forked with another agent, and the
//! fork is put back to its first phase and ends well.

use super::author::author;
use super::words;
use crate::support::{Project, text};
use serde_json::Value;

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n\
    ### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] two\n";

/// Phase 2 fails for good, unless the agent is the good one.
const AGENT: &str = r##"case $COORDINATE_PHASE/$1 in
1/*) echo one > one.txt ;;
2/bad) echo half > two.txt; echo 'FAILURE_CLASS: permanent'; exit 1 ;;
2/good) echo two > two.txt ;;
esac
"##;

/// The step that it goes back to.
const STEP: &str = "implement/p2/agent";

pub(super) fn project() -> Project {
    let mut project = Project::new(&[("PLAN.md", PLAN)], &[]);
    let agent = format!("{} bad", author(&project, AGENT));
    project.run_with(&["PLAN.md", "--agent", "command", "--agent-command", &agent, "-c", "test.command=true"]);
    project
}

/// One command at a time, by what is there: who finds that a command was killed looks first what has come of it.
pub(super) fn later(project: &Project) -> Option<Vec<String>> {
    let runs = project.json_quietly(&["ps", "--json"]);
    let runs: Vec<String> = runs.as_array()?.iter().rev().map(|run| text(run, "run").to_owned()).collect();
    let first = runs.first()?;
    let shown: Vec<Value> = runs.iter().map(|run| project.json_quietly(&["show", run, "--json"])).collect();
    let fork_of = |run: &str| shown.iter().find(|shown| shown["forked"]["run"] == run);
    let (folder, kept) = (project.env.root().join("brought"), "newest");
    let command = |line: &[&str]| words(&[line]).pop();
    if !project.env.git(&project.root, &["branch", "--list", "brought"]).contains("brought") {
        return command(&["restore", first, kept, "--branch", "brought"]);
    }
    if !folder.exists() {
        return command(&["restore", first, kept, "--to", &folder.display().to_string()]);
    }
    let Some(fork) = fork_of(first) else {
        let agent = format!("agent_command=sh '{}' good", project.env.root().join("scripts/agent").display());
        return command(&["fork", first, "--at", STEP, "--with", &agent]);
    };
    let id = text(fork, "run");
    let put_back = !fork["cancelled"].is_null() || !fork["outcome"].is_null();
    if put_back { None } else { command(&["rewind", id, "--to", "implement/p1/agent", "--both"]) }
}
