//! What is decided in many worlds, and what is told of each run on its way, held against what it was before.

use crate::simulation::{Rest, Simulation};
use crate::telling::tell_all;
use crate::worlds::any_run;
use coordinate_model::fork::{before, point};
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

#[test]
fn journals() {
    let make = |chance: &mut Chance| (chance.draw(), habits(chance), chance.below(3));
    let lines = readings("journals", 160, make, |(seed, habits, kind), out| {
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
        let (journal, steps) = (&simulation.live.journal, &simulation.live.run.steps);
        for at in (1..=journal.len() as u64).step_by(3) {
            write!(out, "{:?} ", point(journal, at).map(|point| point.at)).unwrap();
        }
        steps.iter().for_each(|step| write!(out, "{:?} ", before(journal, &step.id)).unwrap());
    });
    insta::assert_snapshot!(lines);
}
