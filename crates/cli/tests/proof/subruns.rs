//! SIGKILL at random moments of a run whose topics are researched by runs below it: each report is made once.

use crate::support::{Project, Random, count, text};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const TOPICS: [&str; 6] = ["topic 1", "topic 2", "topic 3", "topic 4", "topic 5", "topic 6"];
const REPORTS: &str = "specs/001_things/reports";

/// Slow enough to be killed at its work.
const AGENT: &str = r##"set -eu
mkdir -p "$(dirname "$COORDINATE_ARTIFACT")"
case $COORDINATE_ROLE in
research-synthesizer)
    echo "START 7" >> "$PROOF_MARKS"
    { printf '# Overview\n\n## Metadata\n\n- **Date**: 2026-11-21\n- **Agent**: a\n- **Topic**: all\n\n'
      printf '## Executive Summary\n\nx\n\n## Reports\n\n'
      printf '%s\n' "$COORDINATE_INPUTS" | while read -r f; do printf -- '- [one](%s)\n' "$(basename "$f")"; done
      printf '\n## Findings\n\nx\n\n## Recommendations\n\nx\n'; } > "$COORDINATE_ARTIFACT" ;;
*)
    echo "START ${COORDINATE_SUBJECT##* }" >> "$PROOF_MARKS"
    echo '# Half' > "$COORDINATE_ARTIFACT"
    sleep 0.05
    { printf '# %s\n\n## Metadata\n\n- **Date**: 2026-11-21\n- **Agent**: a\n- **Topic**: t\n' "$COORDINATE_SUBJECT"
      printf -- '- **Report Type**: survey\n- **Complexity**: 1\n\n## Executive Summary\n\nx\n\n## Findings\n\nx\n\n'
      printf '## Recommendations\n\nx\n\n## References\n\nx\n'; } > "$COORDINATE_ARTIFACT" ;;
esac
"##;

fn project() -> Project {
    let mut project = Project::new(&[("README.md", "# Proof\n")], &[]);
    let agent = format!("sh '{}'", project.env.script("agent", AGENT).display());
    let topics = TOPICS.iter().flat_map(|topic| ["--topic", topic]);
    let first = ["--agent", "command", "--agent-command", &agent];
    project.run_with(&first.into_iter().chain(topics).chain(["research the things"]).collect::<Vec<_>>());
    project
}

fn undisturbed() -> Duration {
    static TIME: OnceLock<Duration> = OnceLock::new();
    *TIME.get_or_init(|| {
        let project = project();
        let begun = Instant::now();
        project.start(&[]).end().assert_succeeded();
        check(&project, 0, &BTreeMap::new());
        begun.elapsed()
    })
}

/// The reports that some journal has as done, with how often each had begun by then.
#[track_caller]
fn note_finished(project: &Project, finished: &mut BTreeMap<u64, usize>) {
    let begun = project.counts("START");
    for artifact in project.json(&["artifacts", "--json"]).as_array().expect("a list") {
        let path = text(artifact, "path");
        let Some(number) = path.rsplit('_').next().and_then(|end| end.trim_end_matches(".md").parse().ok()) else {
            continue;
        };
        finished.entry(number).or_insert_with(|| begun.get(&number).copied().unwrap_or(0));
    }
}

#[track_caller]
fn check(project: &Project, kills: usize, finished: &BTreeMap<u64, usize>) {
    let begun = project.counts("START");
    for number in 1..=7 {
        let times = begun.get(&number).copied().unwrap_or(0);
        assert!((1..=1 + kills).contains(&times), "report {number} was begun {times} times");
        if let Some(before) = finished.get(&number) {
            assert_eq!(times, *before, "report {number} was begun again after it was done");
        }
    }
    for number in 1..=6 {
        let path = format!("{REPORTS}/00{number}_topic_{number}.md");
        let text = std::fs::read_to_string(project.root.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(text.contains("## References"), "{path}: {text}");
    }
    // A kill between writing a file and giving it its name leaves its temporary one: untidy, and no report.
    let reports = std::fs::read_dir(project.root.join(REPORTS)).expect("reports").flatten();
    assert_eq!(reports.filter(|file| file.path().extension().is_some_and(|end| end == "md")).count(), 7);
    let runs = project.json(&["ps", "--json"]);
    let runs = runs.as_array().expect("a list");
    assert_eq!(runs.len(), 3, "{runs:#?}");
    assert!(runs.iter().all(|run| run["outcome"] == "succeeded"), "{runs:#?}");
    project.env.assert_no_leftovers();
}

#[track_caller]
fn survive(everything: bool, moment: u64) {
    let mut random = Random::of(11 + u64::from(everything), moment);
    let project = project();
    let wanted = 1 + random.below(3);
    let mut finished = BTreeMap::new();
    let again = project.survive(&mut random, (wanted, everything), undisturbed(), |project| {
        if project.run().is_some() {
            note_finished(project, &mut finished);
        }
    });
    check(&project, again, &finished);
}

#[test]
fn the_orchestrator_of_runs_below_a_run_is_killed() {
    for moment in 0..count(4) {
        survive(false, moment);
    }
}

#[test]
fn the_orchestrator_of_runs_below_a_run_and_their_agents_are_killed() {
    for moment in 0..count(4) {
        survive(true, moment);
    }
}
