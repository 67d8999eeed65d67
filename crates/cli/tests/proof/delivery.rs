//! SIGKILL during the one move of the user's branch: the checkout of many files is cut off half-way, again and again.

use crate::support::{Driver, LONG, Project, Random, count, text};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Files that stay, change, go and come: enough that the move takes its time.
const FILES: usize = 240;

/// Files that come.
const COMING: u64 = 120;

const PLAN: &str = "specs/001_proof/plans/001_proof.md";

const TEXT: &str = "# Proof\n\n### Phase 1: Change many files\n- [ ] Change them\n\n```sh\n\
    for n in $(seq 1 3 240); do echo \"new $n\" > \"data/$n.txt\"; done\n\
    for n in $(seq 2 6 240); do rm \"data/$n.txt\"; done\n\
    mkdir -p data/more\n\
    for n in $(seq 1 120); do echo \"new $n\" > \"data/more/$n.txt\"; done\n```\n";

struct Expected {
    tree: String,
    /// From the intent of the move to its completion.
    time: Duration,
}

fn project() -> Project {
    let names: Vec<(String, String)> = (1..=FILES).map(|n| (format!("data/{n}.txt"), format!("old {n}\n"))).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push((PLAN, TEXT));
    Project::new(&files, &[PLAN, "--agent", "offline", "-c", "test.command="])
}

fn is(name: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["event"] == name
}

fn expected() -> &'static Expected {
    static EXPECTED: OnceLock<Expected> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let project = project();
        let mut driver = project.start(&[]);
        assert!(driver.read_until(is("delivery_intended")));
        let begun = Instant::now();
        assert!(driver.read_until(is("delivered")));
        let time = begun.elapsed();
        driver.end().assert_succeeded();
        project.assert_clean("specs/001_proof");
        Expected { tree: project.tree(), time }
    })
}

/// Where the checkout stands between the old and the new commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Before,
    HalfWay,
    After,
}

/// No file of the checkout is ever half-written: each has its old text or its new one.
#[track_caller]
fn stand(project: &Project) -> Stand {
    let data = project.root.join("data");
    let text_of = |name: &str| fs::read_to_string(data.join(name)).ok();
    let arrived = (1..=FILES).filter(|n| n % 3 == 1 || n % 6 == 2).map(|n| {
        let found = text_of(&format!("{n}.txt"));
        let new = (n % 3 == 1).then(|| format!("new {n}\n"));
        assert!(found == new || found == Some(format!("old {n}\n")), "{n}: {found:?}");
        found == new
    });
    let come = (1..=COMING).map(|n| {
        let found = text_of(&format!("more/{n}.txt"));
        assert!(found.is_none() || found == Some(format!("new {n}\n")), "more/{n}: {found:?}");
        found.is_some()
    });
    let arrived: Vec<bool> = arrived.chain(come).collect();
    match (arrived.contains(&true), arrived.contains(&false)) {
        (false, _) => Stand::Before,
        (true, true) => Stand::HalfWay,
        (true, false) => Stand::After,
    }
}

#[track_caller]
fn is_delivered(project: &Project) -> bool {
    let run = project.run().expect("the run is there");
    let shown = project.json(&["show", &run, "--json"]);
    shown["delivery"].is_object()
}

/// Waits for a moment of the move: for one that time brings, or for a file to be in its new place.
#[track_caller]
fn wait_for_moment(project: &Project, driver: &mut Driver, random: &mut Random) -> bool {
    if random.below(2) == 0 {
        return driver.lives_for(random.moment(expected().time));
    }
    // Old files go first, in the order of their paths: one of the early ones leaves the most to be cut off.
    let mut going: Vec<PathBuf> = (0..40).map(|n| project.root.join(format!("data/{}.txt", 2 + 6 * n))).collect();
    going.sort();
    let watched = &going[usize::try_from(random.below(20)).expect("a small number")];
    let deadline = Instant::now() + LONG;
    // No pause between two looks: all the files together may take less than one.
    while watched.exists() {
        assert!(Instant::now() < deadline, "`{}` never went", watched.display());
    }
    true
}

/// Kills the move up to `most` times, until the journal has its end; gives back where each kill found the checkout.
#[track_caller]
fn survive(moment: u64, most: usize) -> Vec<Stand> {
    let mut random = Random::of(11, moment);
    let project = project();
    let mut stands = Vec::new();
    let mut driver = project.start(&[]);
    let mut begins = "delivery_intended";
    while stands.len() < most && driver.read_until(is(begins)) && wait_for_moment(&project, &mut driver, &mut random) {
        driver.kill();
        let delivered = is_delivered(&project);
        if !delivered {
            stands.push(stand(&project));
        }
        driver = project.drive();
        if delivered {
            break;
        }
        // A driver that goes on with the move begins at once.
        begins = "driver_took";
    }
    driver.end().assert_succeeded();
    let run = project.run().expect("the run is there");
    let shown = project.json(&["show", &run, "--json"]);
    assert_eq!(text(&shown["delivery"], "delivery"), "delivered");
    assert_eq!(stand(&project), Stand::After);
    assert_eq!(project.tree(), expected().tree);
    assert_eq!(project.completions("HEAD").len(), 1);
    project.assert_clean("specs/001_proof");
    stands
}

#[test]
fn the_move_of_the_users_branch_is_killed() {
    let (moments, mut stands) = (count(5), Vec::new());
    let mut runs = 0;
    // On a slow day the kills come too late; more of them are tried then, but not for ever.
    while runs < moments || !stands.contains(&Stand::HalfWay) && runs < moments + 20 {
        stands.extend(survive(runs, 4));
        runs += 1;
    }
    let found = |wanted: Stand| stands.iter().filter(|stand| **stand == wanted).count();
    let (before, half, after) = (found(Stand::Before), found(Stand::HalfWay), found(Stand::After));
    println!(
        "{} kills in {runs} runs: {before} before any file, {half} between files, {after} after all",
        stands.len()
    );
    assert!(half > 0, "no kill came between two files: nothing was proved");
}
