//! A client meets a limit of use, and a budget is warned of and reached.

use super::words;
use crate::support::Project;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n\
    ### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] two\n";

/// What Claude Code prints after its work; 60 tokens.
const WORKED: &str = include_str!("../../../../../agents/tests/transcripts/claude-write.jsonl");

/// The limit ends a second after it was met; it is met once, at the first try of phase 1.
const CLIENT: &str = r##"#!/bin/sh
[ "$1" != --version ] || { echo '9.9.9 (claude)'; exit; }
here=$(dirname "$0")
cat > /dev/null
echo "START $COORDINATE_RUN/$COORDINATE_STEP" >> "$PROOF_MARKS"
case $COORDINATE_PHASE/$COORDINATE_ATTEMPT in
1/*@1)
    printf '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":%s,"rateLimitType":"five_hour"}}\n' $(($(date +%s) + 1))
    printf '{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"a limit"}\n'
    exit 1 ;;
1/*) echo one > one.txt ;;
2/*) echo two > two.txt ;;
esac
cat "$here/worked.jsonl"
"##;

pub(super) fn project() -> Project {
    let mut project = Project::new(&[("PLAN.md", PLAN)], &[]);
    project.env.script("worked.jsonl", WORKED);
    let program = project.env.script("claude", CLIENT);
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("own file");
    let budget = ["--budget-tokens", "70", "-c", "budget.day_tokens=100000", "-c", "budget.reserve_tokens=1"];
    project.run_with(&[&["PLAN.md", "--agent", "claude", "-c", "test.command=true"][..], &budget].concat());
    project
}

pub(super) fn people(_: &Project, code: i32) -> Vec<Vec<String>> {
    if code == 4 { words(&[&["budget", "--budget-tokens", "100000"]]) } else { Vec::new() }
}
