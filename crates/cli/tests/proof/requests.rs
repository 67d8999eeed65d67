//! SIGKILL at random moments of a request in plain words: research, planning and implementing all survive it.

use crate::support::{Project, Random, count, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const TOPIC: &str = "specs/001_implement_small_parser_lexer";

/// The steps of agents, and the number under which each marks its beginning and end.
const STEPS: [(&str, u64); 5] = [
    ("research/t1/report", 1),
    ("research/t2/report", 2),
    ("plan/plan", 3),
    ("implement/p1/agent", 4),
    ("implement/p2/agent", 5),
];

/// An agent that is slow enough to be killed at its work, and leaves half of it then.
const AGENT: &str = r##"set -eu
case $COORDINATE_STEP in
research/t1/*) n=1 ;; research/t2/*) n=2 ;; plan/*) n=3 ;; implement/p1/*) n=4 ;; implement/p2/*) n=5 ;;
esac
echo "START $n" >> "$PROOF_MARKS"
case $n in
1 | 2 | 3)
    mkdir -p "$(dirname "$COORDINATE_ARTIFACT")"
    test "$n" = 3 || test ! -e "$COORDINATE_ARTIFACT"
    echo '# Half' > "$COORDINATE_ARTIFACT"
    sleep 0.05 ;;
esac
case $n in
1 | 2)
    { printf '# %s\n\n## Metadata\n\n- **Date**: 2026-11-21\n- **Agent**: a\n- **Topic**: t\n' "$COORDINATE_SUBJECT"
      printf -- '- **Report Type**: survey\n- **Complexity**: 1\n\n## Executive Summary\n\nx\n\n## Findings\n\nx\n\n'
      printf '## Recommendations\n\nx\n\n## References\n\nx\n'; } > "$COORDINATE_ARTIFACT" ;;
3)
    printf '%s\n' "$COORDINATE_INPUTS" | while read -r report; do grep -q Findings "$report"; done
    { printf '# A plan\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n'
      printf '### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] two\n'; } > "$COORDINATE_ARTIFACT" ;;
4) test ! -e one.txt; echo half > one.txt; sleep 0.05; echo one > one.txt ;;
5) grep -q one one.txt; echo two > two.txt ;;
esac
echo "END $n" >> "$PROOF_MARKS"
"##;

/// What an undisturbed run gives.
struct Expected {
    tree: String,
    time: Duration,
}

fn project() -> Project {
    let mut project = Project::new(&[("README.md", "# Proof\n")], &[]);
    let agent = format!("sh '{}'", project.env.script("agent", AGENT).display());
    project.run_with(&["--agent", "command", "--agent-command", &agent, "implement a small parser and lexer"]);
    project
}

fn expected() -> &'static Expected {
    static EXPECTED: OnceLock<Expected> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let project = project();
        let begun = Instant::now();
        project.start(&[]).end().assert_succeeded();
        check(&project, 0, &BTreeMap::new());
        Expected { time: begun.elapsed(), tree: project.tree() }
    })
}

/// The agents' steps that have succeeded, as the journal has it, with how often each had begun by then.
#[track_caller]
fn note_finished(project: &Project, finished: &mut BTreeMap<u64, usize>) {
    let begun = project.counts("START");
    let Some(run) = project.run() else { return };
    let shown = project.json(&["show", &run, "--json"]);
    let done = |step: &&Value| step["state"] == "succeeded";
    for step in shown["steps"].as_array().expect("a run has steps").iter().filter(done) {
        for (_, number) in STEPS.iter().filter(|(id, _)| *id == text(step, "id")) {
            finished.entry(*number).or_insert_with(|| begun.get(number).copied().unwrap_or(0));
        }
    }
}

#[track_caller]
fn check(project: &Project, kills: usize, finished: &BTreeMap<u64, usize>) {
    let begun = project.counts("START");
    for (id, number) in STEPS {
        let times = begun.get(&number).copied().unwrap_or(0);
        assert!((1..=1 + kills).contains(&times), "`{id}` was executed {times} times");
        if let Some(before) = finished.get(&number) {
            assert_eq!(times, *before, "`{id}` was executed again after it had finished");
        }
    }
    let folder = project.root.join(TOPIC);
    for report in ["reports/001_small_parser.md", "reports/002_lexer.md"] {
        let text = std::fs::read_to_string(folder.join(report)).unwrap_or_else(|error| panic!("{report}: {error}"));
        assert!(text.contains("## References"), "{report}: {text}");
    }
    let plan = std::fs::read_to_string(folder.join("plans/001_implement_small_parser_lexer_plan.md")).expect("a plan");
    assert!(plan.contains("- [x] one") && plan.contains("- [x] two"), "{plan}");
    assert_eq!(std::fs::read_dir(project.root.join("specs")).expect("topics").count(), 1);
    project.assert_clean(TOPIC);
}

#[track_caller]
fn survive(everything: bool, moment: u64) {
    let mut random = Random::of(7 + u64::from(everything), moment);
    let project = project();
    let wanted = 1 + random.below(3);
    let mut finished = BTreeMap::new();
    let again = project.survive(&mut random, (wanted, everything), expected().time, |project| {
        note_finished(project, &mut finished);
    });
    check(&project, again, &finished);
    assert_eq!(project.tree(), expected().tree, "the result differs from that of an undisturbed run");
}

/// Shows S7.
#[test]
fn the_orchestrator_of_a_request_is_killed() {
    for moment in 0..count(4) {
        survive(false, moment);
    }
}

#[test]
fn the_orchestrator_of_a_request_and_its_agents_are_killed() {
    for moment in 0..count(4) {
        survive(true, moment);
    }
}
