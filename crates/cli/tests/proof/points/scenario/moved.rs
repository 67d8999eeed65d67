//! A branch that its owner moves on while the run is at work: the result is brought to its new place.

use super::author::author;
use crate::support::Project;

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n";

/// The owner's commit comes while the phase is at work, once.
const AGENT: &str = r##"owner_commits
echo one > one.txt
"##;

pub(super) fn project() -> Project {
    let mut project = Project::new(&[("PLAN.md", PLAN)], &[]);
    let root = project.root.display().to_string();
    let agent = author(&project, &format!("PROJECT='{root}'\n{AGENT}"));
    project.run_with(&["PLAN.md", "--agent", "command", "--agent-command", &agent, "-c", "test.command=true"]);
    project
}
