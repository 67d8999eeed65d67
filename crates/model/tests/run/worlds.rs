//! Random worlds: every run ends, or waits for a person, and breaks no rule on its way.

use crate::simulation::{Simulation, fold};
use coordinate_model::definition::{Scope, builtin};
use coordinate_model::event::{AgentChoice, Created, Outcome};
use coordinate_model::forecast::Settings;
use coordinate_model::merge::{Merging, Repairing};
use coordinate_model::obligation::{Effect, outstanding};
use coordinate_model::run::{PhaseRun, Run, StepState};
use coordinate_testkit::runs::{created, requested};
use coordinate_testkit::seeded::Chance;
use coordinate_testkit::world::{Habits, World};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0c00_4d1b),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// More turns than any of these small runs needs.
const MOST: usize = 20_000;

prop_compose! {
    pub(crate) fn habits()(
        agents_fail in 0..15_u64,
        agents_stumble in 0..40_u64,
        agents_lost in 0..40_u64,
        agents_limited in 0..40_u64,
        work_refused in 0..10_u64,
        tests_fail in 0..60_u64,
        mixtures_fail in 0..30_u64,
        conflicts in 0..25_u64,
        base_moves in 0..40_u64,
        trouble in 0..8_u64,
        overlaps in 0..60_u64,
        judged_wanting in 0..40_u64,
    ) -> Habits {
        Habits {
            agents_fail,
            agents_stumble,
            agents_lost,
            agents_limited,
            work_refused,
            tests_fail,
            mixtures_fail,
            conflicts,
            base_moves,
            trouble,
            overlaps,
            judged_wanting,
            tokens: 0,
        }
    }
}

/// A plan of up to nine phases, each of which may need any before it.
pub(crate) fn some_run(seed: u64) -> Created {
    let mut chance = Chance::new(seed);
    let phases = 1 + chance.below(9);
    let percent = 10 + chance.draw() % 50;
    let graph: Vec<Vec<u32>> =
        (1..=phases).map(|phase| (1..phase as u32).filter(|_| chance.percent(percent)).collect()).collect();
    let slices: Vec<&[u32]> = graph.iter().map(Vec::as_slice).collect();
    let definition = if chance.percent(20) { "supervise" } else { "implement" };
    let most = if definition == "supervise" { 1 } else { 1 + chance.draw() as u32 % 4 };
    let built = created(&slices).definition(builtin(definition).unwrap()).max_parallel(most);
    let built = if chance.percent(20) { built.fail_fast(true) } else { built };
    let built = if chance.percent(20) { built.done(&[1]) } else { built };
    let other = AgentChoice { name: "other".to_owned(), repairs: true, ..AgentChoice::default() };
    let built = if chance.percent(40) { built.fallback(vec![other]) } else { built };
    let built = built.merging(some_merging(&mut chance)).repairs(chance.percent(60));
    if chance.percent(50) {
        return built.build();
    }
    let built = if chance.percent(30) { built.blind_verifier() } else { built };
    let built = built.forecast(Settings::default());
    let named = |chance: &mut Chance| format!("src/{}.rs", chance.draw() % 5);
    let built = (1..=phases as u32).fold(built, |built, phase| match chance.below(4) {
        0 | 1 => built.files(phase, &[&named(&mut chance), &named(&mut chance)]),
        2 => built.files(phase, &[&format!("own/{phase}")]).learned(phase, &[&named(&mut chance)]),
        _ => built,
    });
    built.build()
}

fn some_merging(chance: &mut Chance) -> Merging {
    let repair = *chance.pick(&Repairing::ALL).unwrap();
    Merging { batch: 1 + chance.draw() as u32 % 5, repair, ..Merging::default() }
}

/// A request in plain words, of any scope.
pub(crate) fn some_request(seed: u64) -> Created {
    let mut chance = Chance::new(seed);
    let scope = *chance.pick(&Scope::ALL).unwrap();
    let definition = if chance.percent(20) { "supervise" } else { "coordinate" };
    let most = if definition == "supervise" { 1 } else { 1 + chance.draw() as u32 % 4 };
    let built = requested(scope, 1 + chance.draw() as u32 % 9).definition(builtin(definition).unwrap());
    let built = built.fix(scope == Scope::DebugOnly && chance.percent(50)).max_parallel(most);
    let built = built.max_research(chance.percent(40).then(|| 1 + chance.draw() as u32 % 3));
    built.auto_create_debug(chance.percent(80)).repairs(chance.percent(60)).build()
}

/// A run on a plan, or a request.
pub(crate) fn any_run(seed: u64) -> Created {
    if seed.is_multiple_of(3) { some_request(seed) } else { some_run(seed) }
}

pub(crate) fn check_end(run: &Run, calm: bool) {
    let merged = run.phases.values().all(PhaseRun::is_done);
    match run.outcome.unwrap() {
        Outcome::Succeeded => {
            let implements = run.scope() == Scope::FullImplementation;
            assert!(merged || !implements, "succeeded with phases that are neither merged nor left out");
            assert_eq!(run.completed.last(), run.created.definition.scope.get(&run.scope()).map(|path| &path.last));
            assert!(run.steps.iter().all(|step| step.superseded || ended_well(step.state)), "{:?}", run.steps);
        }
        Outcome::Failed => assert!(!run.closing.as_ref().unwrap().message.is_empty()),
        Outcome::Cancelled => assert!(!calm),
    }
    assert!(run.live().next().is_none(), "an ended run has live steps");
    assert!(outstanding(run).next().is_none(), "an ended run has something to do");
}

/// A run that failed its tests and was mended has a failed step in an earlier visit.
fn ended_well(state: StepState) -> bool {
    matches!(state, StepState::Succeeded | StepState::Skipped | StepState::Failed)
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn every_world_comes_to_an_end(seed in any::<u64>(), habits in habits()) {
        let mut simulation = Simulation::new(any_run(seed), World::new(seed, habits), seed);
        simulation.settle_with_answers(MOST);
        check_end(&simulation.live.run, true);
    }

    #[test]
    fn a_kind_world_ends_well(seed in any::<u64>()) {
        let mut simulation = Simulation::new(any_run(seed), World::kind(), seed);
        simulation.settle(MOST);
        prop_assert_eq!(simulation.live.run.outcome, Some(Outcome::Succeeded));
        prop_assert!(simulation.live.run.bases.is_empty());
        check_end(&simulation.live.run, true);
    }

    #[test]
    fn people_who_pause_resume_and_cancel_change_nothing_of_that(seed in any::<u64>(), habits in habits()) {
        let mut simulation = Simulation::new(any_run(seed), World::new(seed, habits), seed);
        simulation.unrest = 60;
        simulation.settle_with_answers(MOST);
        check_end(&simulation.live.run, false);
    }

    /// Shows S15.
    #[test]
    fn people_who_change_the_plan_bring_no_run_into_disorder(seed in any::<u64>(), habits in habits()) {
        let mut simulation = Simulation::new(some_run(seed), World::new(seed, habits), seed);
        simulation.changes = 6;
        simulation.settle_with_answers(MOST);
        check_end(&simulation.live.run, true);
    }

    #[test]
    fn a_driver_may_lose_its_memory_at_any_turn(seed in any::<u64>(), habits in habits()) {
        let mut simulation = Simulation::new(any_run(seed), World::new(seed, habits), seed);
        simulation.unrest = 20;
        let mut turns = 0;
        while simulation.live.run.outcome.is_none() {
            let open = simulation.live.obligations();
            if simulation.chance.percent(20) {
                let fresh = fold(&simulation.live.journal);
                prop_assert_eq!(outstanding(&fresh).cloned().collect::<Vec<_>>(), open.clone());
                simulation.live.run = fresh;
                simulation.forget();
            }
            if !open.is_empty() && open.iter().all(|one| one.key.effect == Effect::Ask) {
                simulation.answer_all(&open);
            }
            simulation.turn(&open);
            turns += 1;
            prop_assert!(turns < MOST);
        }
    }
}
