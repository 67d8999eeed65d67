//! What is decided at the very edge of a span or a number, and what small things are called.

use coordinate_model::artifact::ArtifactKind;
use coordinate_model::checkpoint::Status;
use coordinate_model::forecast::{Meeting, Overlap, Overlapping, Settings, Sure};
use coordinate_model::ids::{PhaseNumber, StepId};
use coordinate_model::links::{joined, relative};
use coordinate_model::resume::{Condition, Facts, OLDEST, PlanNow, Tests};
use coordinate_model::retention::{CheckpointRun, Retention, ShellOwner};
use coordinate_model::time::UtcMillis;
use coordinate_model::topic;
use coordinate_model::verify::{Check, CommitSeen, judge_commits};
use std::fmt::Write as _;

const DAY: u64 = 24 * 3600 * 1000;

#[test]
fn the_age_of_work() {
    let judged = |age| {
        let facts =
            Facts { tests: Tests::Passing, last_error: None, status: Status::InProgress, age, plan: PlanNow::None };
        let finding = facts.judge().into_iter().find(|finding| finding.condition == Condition::Recent).unwrap();
        (finding.holds, finding.found)
    };
    let found = |holds, found: &str| (holds, found.to_owned());
    assert_eq!(judged(Some(DAY - 1)), found(true, "less than a day"));
    assert_eq!(judged(Some(DAY)), found(true, "1 days"));
    assert_eq!(judged(Some(OLDEST)), found(true, "7 days"));
    assert_eq!(judged(Some(OLDEST + 1)), found(false, "more than 7 days"));
}

#[test]
fn spans_that_are_over() {
    let kept = Retention { checkpoint_days: 1, run_days: 2, trash_days: 3 };
    let mut shown = String::new();
    for days in [0, 1, 2, 3, 6, 7, 29, 30] {
        for more in [-1, 0] {
            let now = UtcMillis(days * DAY as i64 + more);
            let since = UtcMillis(0);
            let runs = [CheckpointRun::None, CheckpointRun::Open, CheckpointRun::Succeeded];
            let checkpoints = runs.map(|run| kept.checkpoint(run, since, now));
            let owners = [ShellOwner::Nobody, ShellOwner::OpenRun, ShellOwner::EndedRun];
            let shells = owners.map(|owner| (owner.variables(since, now), owner.saved(since, now)));
            writeln!(
                shown,
                "{days} {more}: {checkpoints:?} {:?} {}",
                kept.run(Some(since), now),
                kept.trash(since, now)
            )
            .unwrap();
            writeln!(shown, "    {shells:?}").unwrap();
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn names_of_small_things() {
    let mut shown = String::new();
    for kind in ArtifactKind::ALL {
        writeln!(shown, "{} {} {} {}", kind.name(), kind.folder(), kind.completion(), Check::Artifact(kind).name())
            .unwrap();
    }
    writeln!(shown, "{} {}", Check::Links.name(), Check::Commits.name()).unwrap();
    writeln!(shown, "{:?}", Overlapping::ALL.map(Overlapping::name)).unwrap();
    writeln!(shown, "{:?}", [Sure::Learned, Sure::Mentioned, Sure::Declared].map(Sure::name)).unwrap();
    writeln!(shown, "{:?}", Settings::default()).unwrap();
    let statuses = [Status::InProgress, Status::Completed, Status::Failed, Status::Cancelled, Status::Unknown];
    writeln!(shown, "{:?}", statuses.map(Status::name)).unwrap();
    for seen in [CommitSeen::Reachable, CommitSeen::Unknown, CommitSeen::Elsewhere, CommitSeen::NoneInRange] {
        writeln!(shown, "{:#?}", judge_commits("a b..c", seen)).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn an_overlap_is_of_two_phases_in_either_order() {
    let [one, two, three] = [1, 2, 3].map(PhaseNumber);
    let overlap = Overlap { earlier: one, later: two, step: StepId::new("s"), attempt: None, paths: Vec::new() };
    assert!(overlap.is_of(one, two) && overlap.is_of(two, one));
    for (first, second) in [(one, three), (three, two), (three, one), (two, three), (one, one), (two, two)] {
        assert!(!overlap.is_of(first, second), "{first} {second}");
    }
}

#[test]
fn a_meeting_tells_of_more_paths_only_where_there_are_some() {
    let json = |more| {
        let [first, second] = [1, 2].map(PhaseNumber);
        serde_json::to_string(&Meeting { first, second, sure: Sure::Declared, paths: Vec::new(), more }).unwrap()
    };
    assert!(!json(0).contains("more"));
    assert!(json(1).contains("\"more\":1"));
}

#[test]
fn numbers_of_folders() {
    let numbers = ["012_x", "12_x", "0123_", "01a_x", "012", "_x", "000_x", "012_3_x", " 012_x"].map(topic::number);
    assert_eq!(numbers, [Some(12), None, Some(123), None, None, None, Some(0), Some(12), None]);
}

#[test]
fn ways_between_files() {
    for (from, to, link, back) in [
        ("a/b.md", "a/c.md", "c.md", "a/c.md"),
        ("a/b.md", "c.md", "../c.md", "c.md"),
        ("a/b/c.md", "a/d/e f.md", "../d/e%20f.md", "a/d/e%20f.md"),
        ("a.md", "a.md", "a.md", "a.md"),
        ("a/b.md", "a", ".", "a"),
        ("a/b.md", "a/b.md/c", "b.md/c", "a/b.md/c"),
        ("", "", ".", ""),
    ] {
        assert_eq!(relative(from, to), link, "{from} {to}");
        assert_eq!(joined(from, link), back, "{from} {to}");
    }
    assert_eq!(joined("a/b.md", "../../x"), "../x");
    assert_eq!(joined("a/b.md", "../../../x"), "../../x");
    assert_eq!(joined("a/b.md", ".//./c//"), "a/c");
}
