//! SIGKILL during the one move of the user's branch: the checkout of many files is cut off half-way, again and again.

use crate::support::{Driver, LONG, Project, Random, count, text};
use serde_json::Value;
use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Files that stay, change, go and come: enough that the move takes its time.
const FILES: usize = 240;

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

/// No file of the checkout is ever half-written: it has its old text or its new one. Says whether there were both.
#[track_caller]
fn assert_whole(project: &Project) -> bool {
    let (mut is_old, mut is_new) = (false, false);
    for n in 1..=FILES {
        let path = project.root.join(format!("data/{n}.txt"));
        let (old, new) = (format!("old {n}\n"), format!("new {n}\n"));
        match fs::read_to_string(&path) {
            Ok(found) if n % 3 == 1 && found == new => is_new = true,
            Ok(found) => {
                assert_eq!(found, old, "{}", path.display());
                is_old |= n % 3 == 1 || n % 6 == 2;
            }
            Err(error) => {
                assert_eq!(n % 6, 2, "{}: {error}", path.display());
                is_new = true;
            }
        }
    }
    is_old && is_new
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
    let path = project.root.join(format!("data/more/{}.txt", 1 + random.below(120)));
    let deadline = Instant::now() + LONG;
    // No pause between two looks: the whole move may take less than one.
    while !path.exists() {
        assert!(Instant::now() < deadline, "`{}` never came", path.display());
    }
    driver.lives_for(Duration::ZERO)
}

/// Kills the move as often as it can be hit, up to `most` times; gives back how often it was.
#[track_caller]
fn survive(moment: u64, most: u64) -> u64 {
    let mut random = Random::of(11, moment);
    let project = project();
    let mut hits = 0;
    let mut driver = project.start(&[]);
    let mut resumed = false;
    // A driver that goes on with the move begins at once.
    while hits < most
        && driver.read_until(is(if resumed { "driver_took" } else { "delivery_intended" }))
        && wait_for_moment(&project, &mut driver, &mut random)
    {
        driver.kill();
        println!("moment {moment}: killed, {}", if assert_whole(&project) { "half-way" } else { "before or after" });
        if is_delivered(&project) {
            driver = project.drive();
            break;
        }
        hits += 1;
        driver = project.drive();
        resumed = true;
    }
    let end = driver.end();
    end.assert_succeeded();
    assert_eq!(project.tree(), expected().tree);
    assert_eq!(project.completions("HEAD").len(), 1);
    assert_eq!(text(&end.last()["delivery"], "delivery"), "delivered");
    project.assert_clean("specs/001_proof");
    hits
}

#[test]
fn the_move_of_the_users_branch_is_killed() {
    let moments = count(5);
    let hits: u64 = (0..moments).map(|moment| survive(moment, 4)).sum();
    println!("{hits} kills hit the move, in {moments} runs; it takes {:?}", expected().time);
    assert!(hits > 0, "no kill came during the move: nothing was proved");
}
