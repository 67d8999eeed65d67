//! A plan that changes: a phase that fails its tests twice is split, and a person adds one that is dropped.

use super::author::author;
use crate::support::Project;

const PLAN: &str = "# A plan\n\n### Phase 1: One\n**Dependencies**: []\n**Files**: one.txt\n\n- [ ] write one\n\
    - [ ] write more\n\n### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] write two\n";

/// Phase 1 breaks the tests until its text was changed. The first text of the change is not valid, and is sent back.
const AGENT: &str = r##"case $COORDINATE_ROLE/$COORDINATE_STEP in
debug-specialist/*) echo "still bad" > word.txt ;;
revision-specialist/*)
    if grep -q 'write more' "$COORDINATE_ARTIFACT"; then
        sed -i '/write more/d' "$COORDINATE_ARTIFACT"
        printf '\n### Phase 3: More\n**Dependencies**: [2]\n**Files**: three.txt\n\n- [ ] write more\n' >> "$COORDINATE_ARTIFACT"
    fi
    echo "REVISION_COMPLETED: $COORDINATE_ARTIFACT" ;;
*/implement/p1/*) echo one > one.txt; echo bad > word.txt ;;
*/implement/p1v*) echo one > one.txt ;;
*/p2/*) echo two > two.txt ;;
*/p3/*) echo three > three.txt ;;
esac
"##;

pub(super) fn project() -> Project {
    let files = [("PLAN.md", PLAN), ("word.txt", "good\n"), ("check.sh", "grep -q good word.txt\n")];
    let mut project = Project::new(&files, &[]);
    let agent = author(&project, AGENT);
    let options = ["--agent", "command", "--agent-command", &agent, "--max-parallel", "1"];
    project.run_with(&[&["PLAN.md"], &options[..], &["-c", "test.command=sh check.sh"]].concat());
    project
}
