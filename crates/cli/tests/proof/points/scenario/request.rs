//! A request in plain words: research of two topics, a plan that a person allows, two phases.

use super::author::author;
use super::words;
use crate::support::Project;

const WORKFLOW: &str = "format = 1\nname = \"asked\"\ndescription = \"as coordinate, with a question\"\n\
    extends = \"coordinate\"\n\n[[state.test.step]]\nid = \"allow\"\nkind = \"gate\"\nquestion = \"is it good?\"\n";

const AGENT: &str = r##"case $COORDINATE_STEP in
research/t*) test ! -e "$COORDINATE_ARTIFACT"; echo '# Half' > "$COORDINATE_ARTIFACT"; report > "$COORDINATE_ARTIFACT" ;;
plan/*)
    printf '%s\n' "$COORDINATE_INPUTS" | while read -r report; do grep -q Findings "$report"; done
    { printf '# A plan\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n'
      printf '### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] two\n'; } > "$COORDINATE_ARTIFACT" ;;
implement/p1/*) test ! -e one.txt; echo half > one.txt; echo one > one.txt ;;
implement/p2/*) grep -q one one.txt; echo two > two.txt ;;
esac
"##;

pub(super) fn project() -> Project {
    let files = [("README.md", "# Proof\n"), (".coordinate/workflows/asked.toml", WORKFLOW)];
    let mut project = Project::new(&files, &[]);
    let agent = author(&project, AGENT);
    let options = ["--agent", "command", "--agent-command", &agent, "--workflow", "asked"];
    project.run_with(&[&options[..], &["implement a small parser and lexer"]].concat());
    project
}

/// The gate is the only thing that it stands still for.
pub(super) fn people(_: &Project, code: i32) -> Vec<Vec<String>> {
    if code == 3 { words(&[&["approve"]]) } else { Vec::new() }
}
