//! The agent of the scenarios: a shell script that marks each of its beginnings, and does what its role is asked for.

use crate::support::Project;

const BEGIN: &str = r##"set -eu
echo "START $COORDINATE_RUN/$COORDINATE_STEP" >> "$PROOF_MARKS"
report() {
    printf '# %s\n\n## Metadata\n\n- **Date**: 2026-11-21\n- **Agent**: a\n- **Topic**: t\n' "$COORDINATE_SUBJECT"
    printf -- '- **Report Type**: survey\n- **Complexity**: 1\n\n## Executive Summary\n\nx\n\n## Findings\n\nx\n\n'
    printf '## Recommendations\n\nx\n\n## References\n\nx\n'
}
overview() {
    printf '# Overview\n\n## Metadata\n\n- **Date**: 2026-11-21\n- **Agent**: a\n- **Topic**: all\n\n'
    printf '## Executive Summary\n\nx\n\n## Reports\n\n'
    printf '%s\n' "$COORDINATE_INPUTS" | while read -r f; do printf -- '- [one](%s)\n' "$(basename "$f")"; done
    printf '\n## Findings\n\nx\n\n## Recommendations\n\nx\n'
}
# The commit of the owner of PROJECT, once.
owner_commits() {
    git -C "$PROJECT" rev-parse --verify --quiet main:own.txt > /dev/null || (
        cd "$PROJECT"
        unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
        rm -f .git/index.lock
        echo own > own.txt
        git add own.txt
        export GIT_AUTHOR_DATE=2026-01-02T00:00:00Z GIT_COMMITTER_DATE=2026-01-02T00:00:00Z
        git commit --quiet --message own -- own.txt
    )
}
[ -z "${COORDINATE_ARTIFACT:-}" ] || mkdir -p "$(dirname "$COORDINATE_ARTIFACT")"
"##;

/// The command line of an agent that goes by these lines.
pub(super) fn author(project: &Project, lines: &str) -> String {
    format!("sh '{}'", project.env.script("agent", &format!("{BEGIN}{lines}")).display())
}
