//! Live and recovery are one fold, and a snapshot of it goes on as the fold itself does.

use crate::simulation::{Simulation, Written, fold};
use crate::worlds::{any_run, config, habits};
use coordinate_model::event::{Event, FORMAT};
use coordinate_model::run::Run;
use coordinate_testkit::world::World;
use proptest::prelude::*;

/// All that a whole run has written, with pauses and a cancel here and there.
fn journal(seed: u64, habits: coordinate_testkit::world::Habits) -> Vec<Written> {
    let mut simulation = Simulation::new(any_run(seed), World::new(seed, habits), seed);
    simulation.unrest = 20;
    simulation.settle(20_000);
    simulation.live.journal
}

fn stored(run: &Run) -> String {
    serde_json::to_string(run).unwrap()
}

fn restored(text: &str) -> Run {
    let mut run: Run = serde_json::from_str(text).unwrap();
    run.reindex();
    run
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn a_snapshot_taken_anywhere_goes_on_as_the_fold_does(seed in any::<u64>(), habits in habits(), at in any::<u64>()) {
        let journal = journal(seed, habits);
        let whole = stored(&fold(&journal));
        let cut = 1 + usize::try_from(at).unwrap_or(0) % journal.len();
        let (before, after) = journal.split_at(cut);
        let live = fold(before);
        let mut again = restored(&stored(&live));
        prop_assert_eq!(&again, &live);
        for (position, event) in after {
            again.apply(*position, event).unwrap();
        }
        prop_assert_eq!(stored(&again), whole);
    }

    /// Shows S22.
    #[test]
    fn every_prefix_gives_the_state_that_the_live_run_had(seed in any::<u64>(), habits in habits()) {
        let journal = journal(seed, habits);
        let mut live = fold(&journal[..1]);
        for (at, (position, event)) in journal.iter().enumerate().skip(1) {
            live.apply(*position, event).unwrap();
            if at % 7 == 0 {
                prop_assert_eq!(stored(&fold(&journal[..=at])), stored(&live));
            }
        }
    }

    #[test]
    fn every_event_is_read_back_as_it_was_written(seed in any::<u64>(), habits in habits()) {
        for (_, event) in journal(seed, habits) {
            prop_assert_eq!(Event::decode(FORMAT, &event.encode().unwrap()).unwrap(), event);
        }
    }
}
