//! A result that goes into a pull request, and not to the branch.

use crate::support::Project;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n```sh\necho one > one.txt\n```\n";

/// A forge that keeps its requests in a file.
const GH: &str = r##"#!/bin/sh
pulls=$(dirname "$0")/pulls
case "$1 $2" in
"pr list") cat "$pulls" 2>/dev/null || true ;;
"pr create")
    test ! -e "$pulls" || exit 1
    echo https://forge.example/me/repo/pull/1 > "$pulls"
    cat "$pulls" ;;
esac
"##;

pub(super) fn project() -> Project {
    let arguments = ["PLAN.md", "--agent", "offline", "--workflow", "orchestrate", "-c", "test.command=true"];
    let project = Project::new(&[("PLAN.md", PLAN)], &arguments);
    let gh = project.env.script("gh", GH);
    fs::set_permissions(gh, fs::Permissions::from_mode(0o755)).expect("own file");
    let remote = project.env.root().join("remote.git").display().to_string();
    let git = |arguments: &[&str]| project.env.git(&project.root, arguments);
    git(&["init", "--quiet", "--bare", &remote]);
    git(&["remote", "add", "origin", &remote]);
    git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
    project
}
