//! What comes too late: a change of a phase that is just being merged, and commits of the owner that break the tests
//! together with the result.

use super::author::author;
use crate::support::Project;

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n";

/// The owner's commit comes while the phase is at work, once.
const AGENT: &str = r##"if [ "$COORDINATE_ROLE" = debug-specialist ]; then
    echo both > both.txt
    exit
fi
owner_commits
echo one > one.txt
"##;

/// The tests of the merge are where a person changes their mind, until that is taken in or refused.
const CHECK: &str = r##"asks() {
    "$PROGRAM" replan --phase 1 --reason 'another mind' --project "$PROJECT" > /dev/null 2>&1 < /dev/null && return
    test $? -lt 128
}
test ! -e one.txt || test -e own.txt || until asks; do :; done
test ! -e own.txt || test ! -e one.txt || test -e both.txt
"##;

pub(super) fn project() -> Project {
    let mut project = Project::new(&[("PLAN.md", PLAN)], &[]);
    let (program, root) = (env!("CARGO_BIN_EXE_coordinate"), project.root.display().to_string());
    let agent = author(&project, &format!("PROJECT='{root}'\n{AGENT}"));
    let check = project.env.script("check", &format!("PROGRAM='{program}'\nPROJECT='{root}'\n{CHECK}"));
    let test = format!("test.command=sh '{}'", check.display());
    project.run_with(&["PLAN.md", "--agent", "command", "--agent-command", &agent, "-c", &test]);
    project
}
