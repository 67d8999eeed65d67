//! SIGKILL during merges: phases that edit the same lines and ones that do not, batches, repairs, a user who works in the
//! checkout meanwhile. The user's branch is at the old commit or at the new one, and nothing of the user's is lost.

use crate::support::{Driver, Project, Random, count};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// Phases without any order. The first three edit one line; 4 and 5 break the tests together.
const PHASES: u64 = 7;

const PLAN: &str = "specs/001_proof/plans/001_proof.md";

/// What each phase leaves, and how its conflict is mended: both sides stay.
const AGENT: &str = r##"#!/bin/sh
set -eu
n=$COORDINATE_PHASE
if [ "$COORDINATE_ROLE" = debug-specialist ]; then
    sed -i '/^<<<<<<< /d; /^=======$/d; /^>>>>>>> /d' shared.txt
    if [ -e parts/4.txt ] && [ -e parts/5.txt ]; then echo both > parts/both.txt; fi
    exit
fi
printf 'START %s\n' "$n" >> "$PROOF_MARKS"
test ! -e "parts/$n.txt"
mkdir -p parts
echo "part $n begun" > "parts/$n.txt"
if [ "$n" -le 3 ]; then sed -i "s/^middle.*/middle of $n/" shared.txt; fi
echo "part $n done" >> "parts/$n.txt"
printf 'END %s\n' "$n" >> "$PROOF_MARKS"
"##;

/// Long enough that others come to the queue meanwhile.
const CHECK: &str = "set -eu\n! grep -q '^<<<<<<<' shared.txt\n\
    for part in parts/*.txt; do tail -n 1 \"$part\" | grep -q 'done\\|both'; done\n\
    if [ -e parts/4.txt ] && [ -e parts/5.txt ]; then test -e parts/both.txt; fi\nsleep 0.1\n";

/// What the user does to the checkout while the run works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum User {
    /// Writes a file that git does not know.
    Writes,
    /// Changes a file that the result changes too, and commits nothing.
    Edits,
    /// Commits.
    Commits,
}

struct Tally {
    kills: u64,
    delivered: u64,
    waits: u64,
    batches: u64,
    repairs: u64,
    bases: u64,
}

fn project() -> Project {
    let mut plan = "# Proof\n".to_owned();
    for number in 1..=PHASES {
        plan.push_str(&format!("\n### Phase {number}: Part {number}\n\n- [ ] Make part {number}\n"));
    }
    let files = [("check.sh", CHECK), ("shared.txt", "top\nmiddle\nbottom\n"), ("mine.txt", "mine\n"), (PLAN, &plan)];
    let mut project = Project::new(&files, &[]);
    let agent = format!("sh '{}'", project.env.script("agent", AGENT).display());
    let words = [
        PLAN,
        "--agent",
        "command",
        "--agent-command",
        &agent,
        "-c",
        "test.command=sh check.sh",
        "--max-parallel",
        "4",
    ];
    project.run_with(&words);
    project
}

/// Moments at which something is on its way into the branch.
fn is_of_merging(event: &Value) -> bool {
    let name = event["event"].as_str().unwrap_or_default();
    let merge = event["step"].as_str().is_some_and(|step| step.ends_with("/merge") || step.ends_with("/deliver"));
    matches!(
        name,
        "merge_intended" | "merged" | "verdict_recorded" | "repair_added" | "delivery_intended" | "base_moved"
    ) || name == "attempt_leased" && merge
}

impl User {
    fn of(random: &mut Random) -> Self {
        match random.below(4) {
            0 => Self::Edits,
            1 => Self::Commits,
            _ => Self::Writes,
        }
    }

    /// One more piece of work; the number of it is its content.
    #[track_caller]
    fn works(self, project: &Project, number: u64) {
        let write = |name: &str, text: String| {
            std::fs::write(project.root.join(name), text).expect("the checkout can be written");
        };
        match self {
            Self::Writes => write("notes.txt", format!("note {number}\n")),
            Self::Edits => write("shared.txt", format!("top\nmiddle\nbottom\nof mine {number}\n")),
            Self::Commits if number % 3 == 1 => {
                // A delivery that was cut off holds the lock until it is finished: git says so, and nothing is lost.
                if project.root.join(".git/index.lock").exists() {
                    return;
                }
                write("mine.txt", format!("mine {number}\n"));
                project.env.git(&project.root, &["commit", "--quiet", "--message", "mine", "--", "mine.txt"]);
            }
            Self::Commits => {}
        }
    }

    #[track_caller]
    fn assert_kept(self, project: &Project, number: u64) {
        let read = |name: &str| std::fs::read_to_string(project.root.join(name)).unwrap_or_default();
        match self {
            Self::Writes => assert_eq!(read("notes.txt"), format!("note {number}\n")),
            Self::Edits => assert_eq!(read("shared.txt"), format!("top\nmiddle\nbottom\nof mine {number}\n")),
            Self::Commits => {
                let last = project.env.git(&project.root, &["log", "-1", "--format=%H", "--", "mine.txt"]);
                let text = project.env.git(&project.root, &["show", &format!("{last}:mine.txt")]);
                assert_eq!(read("mine.txt").trim(), text.trim());
                assert!(text.starts_with("mine"), "{text}");
            }
        }
    }
}

/// One run, killed again and again while it merges.
#[track_caller]
fn survive(moment: u64, tally: &mut Tally) {
    let mut random = Random::of(29, moment);
    let project = project();
    let user = User::of(&mut random);
    let (mut kills, mut worked) = (0, 0);
    let wanted = 5 + random.below(4);
    let end = loop {
        let mut driver: Driver = project.drive();
        let mut skip = random.below(7);
        let found = kills < wanted
            && driver.read_until(|event| {
                let here = is_of_merging(event) && skip == 0;
                skip -= u64::from(is_of_merging(event) && skip > 0);
                here
            });
        if !found || !driver.lives_for(random.moment(Duration::from_millis(200))) {
            break driver.end();
        }
        driver.kill();
        if random.below(3) == 0 {
            project.kill_attempts(random.below(2) == 0);
        }
        kills += 1;
        worked += 1;
        user.works(&project, worked);
    };
    end.assert_succeeded();
    if worked == 0 {
        worked = 1;
        user.works(&project, worked);
    }
    user.assert_kept(&project, worked);
    let run = project.run().expect("the run is there");
    let shown = project.json(&["show", &run, "--json"]);
    let delivered = shown["delivery"]["delivery"] == "delivered";
    check(&project, &run, delivered, user);
    tally.kills += kills;
    tally.delivered += u64::from(delivered);
    tally.waits += u64::from(!delivered);
    count_merges(&project, &run, tally);
}

/// The branch has all of the result or none of it, and each phase once.
#[track_caller]
fn check(project: &Project, run: &str, delivered: bool, user: User) {
    let result = if delivered { "HEAD".to_owned() } else { format!("coordinate/{run}/main") };
    let mut completions = project.completions(&result);
    completions.sort();
    let wanted: Vec<String> =
        (1..=PHASES).map(|number| format!("feat(001): complete phase {number} - Part {number}")).collect();
    assert_eq!(completions, wanted);
    let show = |path: &str| project.env.git(&project.root, &["show", &format!("{result}:{path}")]);
    let shared = show("shared.txt");
    for number in 1..=3 {
        assert_eq!(shared.matches(&format!("middle of {number}")).count(), 1, "{shared}");
    }
    for number in 1..=PHASES {
        assert_eq!(show(&format!("parts/{number}.txt")), format!("part {number} begun\npart {number} done"));
    }
    if !delivered {
        assert_eq!(project.completions("HEAD"), [] as [String; 0], "a part of the result is in the user's branch");
        assert!(!project.root.join("parts").exists(), "a part of the result is in the checkout");
    }
    let status = project.env.git(&project.root, &["status", "--porcelain", "--untracked-files=no"]);
    let own = user == User::Edits && status.trim() == "M shared.txt";
    assert!(status.is_empty() || own, "between two commits: {status}");
    assert!(!project.root.join(".git/index.lock").exists());
    project.env.assert_no_leftovers();
}

#[track_caller]
fn count_merges(project: &Project, run: &str, tally: &mut Tally) {
    let log = project.call(&["logs", run, "--json"]).stdout;
    let events: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count() as u64;
    let batches = events.iter().filter(|event| event["after"].as_array().is_some_and(|after| !after.is_empty()));
    tally.batches += batches.count() as u64;
    tally.repairs += of("repair_added") + of("base_repair_added");
    tally.bases += of("base_moved");
    let merged: Vec<&str> =
        events.iter().filter(|event| event["event"] == "merged").filter_map(|event| event["step"].as_str()).collect();
    let once: BTreeSet<&str> = merged.iter().copied().collect();
    assert_eq!(merged.len(), once.len(), "something was merged twice: {merged:?}");
}

/// Shows N3.
#[test]
fn merges_are_killed() {
    let (moments, mut tally) = (count(3), Tally { kills: 0, delivered: 0, waits: 0, batches: 0, repairs: 0, bases: 0 });
    for moment in 0..moments {
        survive(moment, &mut tally);
    }
    let Tally { kills, delivered, waits, batches, repairs, bases } = tally;
    println!(
        "{kills} kills in {moments} runs: {delivered} delivered, {waits} wait untouched; {batches} batches, \
         {repairs} repairs, {bases} moves of the user's branch"
    );
    assert!(kills >= moments, "too few kills to prove anything: {kills}");
    assert!(repairs >= moments, "nothing conflicted");
}
