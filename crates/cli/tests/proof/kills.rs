//! SIGKILL at random moments, of the orchestrator alone and of all that belongs to the run.

use crate::support::{Project, Random, count};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A diamond (1, 2 and 3, 4), a phase beside it, and two more waves.
const PHASES: [(u64, &[u64]); 7] = [(1, &[]), (2, &[1]), (3, &[1]), (4, &[2, 3]), (5, &[1]), (6, &[4, 5]), (7, &[6])];

/// Every part must be whole, in every tree that is ever tested.
const CHECK: &str = "set -eu\nfor part in parts/*.txt; do tail -n 1 \"$part\" | grep -q done; done\n\
                     echo by-product > left-by-the-tests\nsleep 0.02\n";

const PLAN: &str = "specs/001_proof/plans/001_proof.md";

/// What an undisturbed run gives.
pub(crate) struct Expected {
    tree: String,
    time: Duration,
    pub(crate) events: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Orchestrator,
    Everything,
}

fn block(number: u64, needs: &[u64]) -> String {
    let needed: Vec<String> = needs.iter().map(|need| format!("grep -q done parts/{need}.txt\n")).collect();
    let needed = needed.concat();
    // A tree that was not restored after a kill still has the part that is begun here.
    format!(
        "mark() {{ printf '%s {number}\\n' \"$1\" >> \"$PROOF_MARKS\"; }}\nmark START\n{needed}\
         test ! -e parts/{number}.txt\nmkdir -p parts\necho 'part {number} begun' > parts/{number}.txt\nsleep 0.05\n\
         echo 'part {number} done' >> parts/{number}.txt\nmark END\n"
    )
}

fn plan() -> String {
    let mut text = "# Proof\n".to_owned();
    for (number, needs) in PHASES {
        let list: Vec<String> = needs.iter().map(u64::to_string).collect();
        let block = block(number, needs);
        text.push_str(&format!(
            "\n### Phase {number}: Part {number}\n**Dependencies**: [{}]\n\n- [ ] Make part {number}\n\n\
             ```sh\n{block}```\n",
            list.join(", ")
        ));
    }
    text
}

pub(crate) fn project() -> Project {
    let files = [("check.sh", CHECK), ("README.md", "# Proof\n"), (PLAN, &plan())];
    Project::new(&files, &[PLAN, "--agent", "offline", "-c", "test.command=sh check.sh"])
}

pub(crate) fn expected() -> &'static Expected {
    static EXPECTED: OnceLock<Expected> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let project = project();
        let begun = Instant::now();
        let end = project.start(&[]).end();
        end.assert_succeeded();
        let events = end.events.len() as u64;
        let time = begun.elapsed();
        check(&project, 0, &BTreeMap::new());
        Expected { tree: project.tree(), time, events }
    })
}

/// What must hold at the end, whatever happened. `kills_of_phases` is how often agents were killed; `finished` has the
/// phases that had succeeded at some kill, with how often they had begun by then.
#[track_caller]
fn check(project: &Project, kills_of_phases: usize, finished: &BTreeMap<u64, usize>) {
    let (begun, ended) = (project.counts("START"), project.counts("END"));
    for (number, _) in PHASES {
        let begun = begun.get(&number).copied().unwrap_or(0);
        assert!((1..=1 + kills_of_phases).contains(&begun), "phase {number} was executed {begun} times");
        assert!(ended.contains_key(&number), "phase {number} never ended");
        if let Some(before) = finished.get(&number) {
            assert_eq!(begun, *before, "phase {number} was executed again after it had finished");
        }
    }
    let mut completions = project.completions("HEAD");
    completions.sort();
    let wanted = PHASES.map(|(number, _)| format!("feat(001): complete phase {number} - Part {number}"));
    assert_eq!(completions, wanted);
    project.assert_clean("specs/001_proof");
}

#[track_caller]
pub(crate) fn assert_as_undisturbed(project: &Project, kills_of_phases: usize, finished: &BTreeMap<u64, usize>) {
    check(project, kills_of_phases, finished);
    assert_eq!(project.tree(), expected().tree, "the result differs from that of an undisturbed run");
}

/// Phases that have succeeded stay at the number of executions that they had.
#[track_caller]
pub(crate) fn note_finished(project: &Project, finished: &mut BTreeMap<u64, usize>) {
    let begun = project.counts("START");
    for number in project.finished() {
        finished.entry(number).or_insert_with(|| begun.get(&number).copied().unwrap_or(0));
    }
}

#[track_caller]
fn survive(mode: Mode, moment: u64) {
    let mut random = Random::of(mode as u64, moment);
    let project = project();
    let wanted = if random.below(3) == 0 { 2 + random.below(3) } else { 1 };
    let everything = mode == Mode::Everything;
    let time = expected().time;
    let mut finished = BTreeMap::new();
    let again =
        project.survive(&mut random, (wanted, everything), time, |project| note_finished(project, &mut finished));
    assert_as_undisturbed(&project, again, &finished);
}

/// Shows S7.
#[test]
fn the_orchestrator_alone_is_killed() {
    for moment in 0..count(5) {
        survive(Mode::Orchestrator, moment);
    }
}

/// Shows S7.
#[test]
fn the_orchestrator_and_all_attempts_are_killed() {
    for moment in 0..count(5) {
        survive(Mode::Everything, moment);
    }
}
