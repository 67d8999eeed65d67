//! A plan: phases beside each other, one that stumbles, one that breaks the tests and is repaired, and the delivery.

use super::author::author;
use crate::support::Project;

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n\
    ### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] two\n\n\
    ### Phase 3: Three\n**Dependencies**: [1]\n**Files**: three.txt, word.txt\n\n- [ ] three\n";

/// Phase 2 is not ready at its first try; phase 3 leaves tests that fail.
const AGENT: &str = r##"case $COORDINATE_ROLE/$COORDINATE_PHASE/$COORDINATE_ATTEMPT in
debug*) echo good > word.txt ;;
*/1/*) echo 'PROGRESS: one'; echo half > one.txt; echo one > one.txt ;;
*/2/*@1) echo half > two.txt; echo 'FAILURE_CLASS: transient'; exit 1 ;;
*/2/*) grep -q one one.txt; test ! -e two.txt; echo two > two.txt ;;
*/3/*) grep -q one one.txt; echo three > three.txt; echo bad > word.txt ;;
esac
"##;

pub(super) fn project() -> Project {
    let files = [("PLAN.md", PLAN), ("word.txt", "good\n"), ("check.sh", "grep -q good word.txt\n")];
    let mut project = Project::new(&files, &[]);
    let agent = author(&project, AGENT);
    let test = ["-c", "test.command=sh check.sh"];
    project.run_with(&[&["PLAN.md", "--agent", "command", "--agent-command", &agent][..], &test].concat());
    project
}
