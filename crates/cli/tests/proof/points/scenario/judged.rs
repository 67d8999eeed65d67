//! Two phases that are seen in one file, of which one makes way; what each leaves is looked at by somebody who sees the
//! tree alone.

use super::author::author;
use crate::support::Project;

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n\
    ### Phase 2: Two\n**Files**: two.txt\n\n- [ ] two\n";

/// Who was first waits until both were seen, the other one until it is stopped; whatever was tried again before, both
/// lines are in the file at the end, in one order.
const AGENT: &str = r##"if [ "$COORDINATE_ROLE" = blind-verifier ]; then
    found='{"requirement": "it is done", "evidence": "shared.txt", "verdict": "met"}'
    printf '{"passed": true, "findings": [%s]}' "$found" > "$COORDINATE_ARTIFACT"
    exit
fi
seen() {
    LD_PRELOAD= "$PROGRAM" logs "$COORDINATE_RUN" --json --project "$PROJECT" |
        grep overlap_seen | grep -q "\"earlier\":\"$COORDINATE_STEP\""
}
alone=$(test ! -s shared.txt || echo met)
echo "of $COORDINATE_PHASE" >> shared.txt
sort -o shared.txt shared.txt
if [ "$COORDINATE_PHASE" = 1 ]; then echo one > one.txt; else echo two > two.txt; fi
test -n "$alone" || until seen; do sleep 0.1; done
"##;

pub(super) fn project() -> Project {
    let mut project = Project::new(&[("PLAN.md", PLAN), ("shared.txt", "")], &[]);
    let (program, root) = (env!("CARGO_BIN_EXE_coordinate"), project.root.display().to_string());
    let agent = author(&project, &format!("PROGRAM='{program}'\nPROJECT='{root}'\n{AGENT}"));
    let options = ["--agent", "command", "--agent-command", &agent, "--blind-verify"];
    project.run_with(&[&["PLAN.md"], &options[..], &["-c", "test.command=true"]].concat());
    project
}
