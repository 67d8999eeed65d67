//! A branch that its owner moves on while the run is at work: the result is brought to its new place.

use super::author::author;
use crate::support::Project;

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n";

/// The owner's commit comes while the phase is at work, once.
const AGENT: &str = r##"git -C "$PROJECT" rev-parse --verify --quiet main:own.txt > /dev/null || (
    cd "$PROJECT"
    unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
    rm -f .git/index.lock
    echo own > own.txt
    git add own.txt
    export GIT_AUTHOR_DATE=2026-01-02T00:00:00Z GIT_COMMITTER_DATE=2026-01-02T00:00:00Z
    git commit --quiet --message own -- own.txt
)
echo one > one.txt
"##;

pub(super) fn project() -> Project {
    let mut project = Project::new(&[("PLAN.md", PLAN)], &[]);
    let root = project.root.display().to_string();
    let agent = author(&project, &format!("PROJECT='{root}'\n{AGENT}"));
    project.run_with(&["PLAN.md", "--agent", "command", "--agent-command", &agent, "-c", "test.command=true"]);
    project
}
