//! Research of four topics, led by runs below the run.

use super::author::author;
use crate::support::Project;

const AGENT: &str = r##"case $COORDINATE_ROLE in
research-synthesizer) overview > "$COORDINATE_ARTIFACT" ;;
*) echo '# Half' > "$COORDINATE_ARTIFACT"; report > "$COORDINATE_ARTIFACT" ;;
esac
"##;

pub(super) fn project() -> Project {
    let mut project = Project::new(&[("README.md", "# Proof\n")], &[]);
    let agent = author(&project, AGENT);
    let topics = ["ants", "bees", "cats", "dogs"].into_iter().flat_map(|topic| ["--topic", topic]);
    let first = ["--agent", "command", "--agent-command", &agent, "--max-parallel", "1"];
    project.run_with(&first.into_iter().chain(topics).chain(["research the animals"]).collect::<Vec<_>>());
    project
}
