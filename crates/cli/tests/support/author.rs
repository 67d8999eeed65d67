//! A command agent that is a real shell script: it writes what each role is asked for, and each role's part can be
//! replaced by a test.

use super::World;
use coordinate_testkit::Outcome;

const SCRIPT: &str = r##"#!/bin/sh
set -eu
here=$(dirname "$0")
mkdir -p "$(dirname "${COORDINATE_ARTIFACT:-x}")"
echo "$COORDINATE_STEP" >> "$here/calls"
report() {
    printf '# %s\n\n## Metadata\n\n- **Date**: 2026-11-21\n- **Agent**: author\n- **Topic**: %s\n' "$1" "$1"
    printf -- '- **Report Type**: survey\n- **Complexity**: 1\n\n## Executive Summary\n\nIt is small.\n\n'
    printf '## Findings\n\n- one file\n\n## Recommendations\n\n- keep it so\n\n## References\n\n- `README.md`\n'
}
debug_report() {
    printf '# Failing tests\n\n## Metadata\n\n- **Date**: 2026-11-21\n- **Agent**: author\n- **Topic**: tests\n'
    printf -- '- **Report Type**: debug\n- **Complexity**: 1\n\n## Summary\n\nIt fails.\n\n## Evidence\n\n- the output\n\n'
    printf '## Cause\n\nA wrong word.\n\n## Next steps\n\n- mend it\n\n## References\n\n- `README.md`\n'
}
overview() {
    printf '# Overview\n\n## Metadata\n\n- **Date**: 2026-11-21\n- **Agent**: author\n- **Topic**: all\n\n'
    printf '## Executive Summary\n\nAll is small.\n\n## Reports\n\n'
    printf '%s\n' "$COORDINATE_INPUTS" | while read -r f; do printf -- '- [one](%s)\n' "$(basename "$f")"; done
    printf '\n## Findings\n\n- one file each\n\n## Recommendations\n\n- keep them so\n'
}
plan() {
    printf '# A plan\n\n### Phase 1: One\n**Dependencies**: []\n**Files**: one.txt\n\n- [ ] write one\n\n'
    printf '### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] write two\n'
}
if [ -e "$here/$COORDINATE_ROLE.sh" ]; then
    . "$here/$COORDINATE_ROLE.sh"
    exit
fi
case $COORDINATE_ROLE in
research-specialist) report "$COORDINATE_SUBJECT" > "$COORDINATE_ARTIFACT"; echo "REPORT_CREATED: $COORDINATE_ARTIFACT" ;;
research-synthesizer) overview > "$COORDINATE_ARTIFACT"; echo "OVERVIEW_CREATED: $COORDINATE_ARTIFACT" ;;
plan-architect) plan > "$COORDINATE_ARTIFACT"; echo "PLAN_CREATED: $COORDINATE_ARTIFACT" ;;
revision-specialist)
    printf '\n### Phase 9: Nine\n**Files**: nine.txt\n\n- [ ] write nine\n' >> "$COORDINATE_ARTIFACT"
    echo "REVISION_COMPLETED: $COORDINATE_ARTIFACT" ;;
debug-analyst) debug_report > "$COORDINATE_ARTIFACT"; echo "DEBUG_REPORT_CREATED: $COORDINATE_ARTIFACT" ;;
implementation-executor)
    case $COORDINATE_PHASE in 1) echo one > one.txt ;; 2) echo two > two.txt ;; 9) echo nine > nine.txt ;; esac ;;
*) echo "no part for $COORDINATE_ROLE" >&2; exit 9 ;;
esac
"##;

impl World {
    /// Puts the author's script beside the repository.
    #[track_caller]
    pub(crate) fn author(&self) -> String {
        format!("sh '{}'", self.env.script("author", SCRIPT).display())
    }

    /// Lets the author play a role by these lines instead of its own.
    #[track_caller]
    pub(crate) fn role(&self, role: &str, lines: &str) {
        self.env.script(&format!("{role}.sh"), lines);
    }

    /// The arguments of `run` with the author.
    #[track_caller]
    pub(crate) fn authored(&self, arguments: &[&str]) -> Vec<String> {
        let first = ["run", "--agent", "command", "--agent-command", &self.author()];
        first.iter().chain(arguments).map(|argument| (*argument).to_owned()).collect()
    }

    /// Runs a request with the author to its end.
    #[track_caller]
    pub(crate) fn run_authored(&self, arguments: &[&str]) -> Outcome {
        let words = self.authored(arguments);
        self.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The steps that the author was called for, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.beside("calls").lines().map(str::to_owned).collect()
    }

    /// What a script has written beside itself; nothing if it did not.
    pub(crate) fn beside(&self, file: &str) -> String {
        std::fs::read_to_string(self.env.root().join("scripts").join(file)).unwrap_or_default()
    }
}
