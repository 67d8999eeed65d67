//! What is decided in many worlds, and what is told of each run on its way, held against what it was before.

use crate::simulation::{Rest, Simulation};
use crate::worlds::any_run;
use coordinate_model::checkpoint::Checkpoint;
use coordinate_model::context::{Account, carried, tell};
use coordinate_model::decide::parked;
use coordinate_model::fork::Open;
use coordinate_model::ledger;
use coordinate_model::resume::{Facts, PlanNow};
use coordinate_model::run::Run;
use coordinate_model::time::UtcMillis;
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use coordinate_testkit::world::{Habits, World};
use std::fmt::Write as _;

fn habits(chance: &mut Chance) -> Habits {
    let mut below = |end: u64| chance.draw() % end;
    Habits {
        agents_fail: below(15),
        agents_stumble: below(40),
        agents_lost: below(40),
        agents_limited: below(40),
        work_refused: below(10),
        tests_fail: below(60),
        mixtures_fail: below(30),
        conflicts: below(25),
        base_moves: below(40),
        trouble: below(8),
        overlaps: below(60),
        judged_wanting: below(40),
        tokens: below(3) * 40_000,
    }
}

/// All that others are told of a run as it stands.
fn tell_all(run: &Run, out: &mut String) {
    let count = |text: &str| text.len() as u64 / 4;
    let checkpoint = Checkpoint::of(run, &|moment| format!("at {}", moment.0));
    let items: Vec<_> = run.steps.iter().flat_map(|step| carried(run, step)).collect();
    let told = tell(&items, "topic", &count);
    let ages = [0_i64, 3_600_000, 90_000_000, 9_000_000_000];
    let judged = ages
        .map(|age| Facts::of_run(run, UtcMillis(run.updated.0 + age), PlanNow::Unchanged).map(|facts| facts.judge()));
    writeln!(
        out,
        "{}\n{:?}\n{told:?}\n{:?}\n{:?}\n{judged:?}\n{:?}\n{:?}",
        checkpoint.to_json(),
        Account::of(run, &count),
        ledger::total(run),
        ledger::lines(run),
        parked(run),
        Open::of(run),
    )
    .unwrap();
}

#[test]
fn journals() {
    let make = |chance: &mut Chance| (chance.draw(), habits(chance), chance.below(3));
    let lines = readings("journals", 240, make, |(seed, habits, kind), out| {
        let mut simulation = Simulation::new(any_run(*seed), World::new(*seed, *habits), *seed);
        simulation.unrest = if *kind == 1 { 60 } else { 0 };
        simulation.changes = if *kind == 2 { 6 } else { 0 };
        while simulation.settle(20_000) == Rest::Gate {
            tell_all(&simulation.live.run, out);
            let open = simulation.live.obligations();
            simulation.answer_all(&open);
        }
        tell_all(&simulation.live.run, out);
        for (position, event) in &simulation.live.journal {
            writeln!(out, "{} {} {}", position.sequence, position.at.0, serde_json::to_string(event).unwrap()).unwrap();
        }
    });
    insta::assert_snapshot!(lines);
}
