//! Phases that change the same files: which of them begin, and when.

use crate::simulation::Live;
use coordinate_model::event::Event;
use coordinate_model::forecast::{Overlapping, Settings};
use coordinate_model::obligation::Effect;
use coordinate_testkit::runs::{RunBuilder, created};
use coordinate_testkit::world::World;

/// Answers all that is outstanding but for the launches of agents, and then says which phases have begun.
fn begun(live: &Live) -> Vec<u32> {
    let leased = |event: &Event| match event {
        Event::AttemptLeased { step, .. } => {
            step.as_str().strip_prefix("implement/p")?.strip_suffix("/agent")?.parse().ok()
        }
        _ => None,
    };
    live.journal.iter().filter_map(|(_, event)| leased(event)).collect()
}

/// A run whose state is entered, with no agent started yet.
fn entered(built: RunBuilder) -> Live {
    let mut live = Live::begin(built.forecast(Settings::default()).build());
    carry(&mut live, |effect| effect == Effect::Enter);
    live
}

/// Carries obligations out, one after another, as long as there are such.
fn carry(live: &mut Live, which: impl Fn(Effect) -> bool) {
    while let Some(one) = live.obligations().into_iter().find(|one| which(one.key.effect)) {
        for input in World::kind().carry(&live.run, &one) {
            live.send(&input);
        }
    }
}

/// Shows N4.
#[test]
fn phases_that_declare_the_same_file_work_one_after_another() {
    let plan = created(&[&[], &[], &[]]).files(1, &["src/lib.rs"]).files(2, &["src"]).files(3, &["docs/a.md"]);
    let mut live = entered(plan);
    assert_eq!(begun(&live), [1, 3]);
    let step = live.run.steps.iter().find(|step| step.id.as_str() == "implement/p2/agent").unwrap();
    let met = live.run.foreseen(step).unwrap();
    assert_eq!((met.phase.0, met.paths.as_slice()), (1, ["src/lib.rs".to_owned()].as_slice()));
    // The other begins when the first is merged, and from there.
    carry(&mut live, |effect| !matches!(effect, Effect::Close));
    let order: Vec<String> = live.journal.iter().filter_map(|(_, event)| told(event)).collect();
    let place = |text: &str| order.iter().position(|told| told == text).unwrap();
    assert!(place("merged implement/p1/merge") < place("leased implement/p2/agent"), "{order:#?}");
}

fn told(event: &Event) -> Option<String> {
    match event {
        Event::AttemptLeased { step, .. } => Some(format!("leased {step}")),
        Event::Merged { step, .. } => Some(format!("merged {step}")),
        _ => None,
    }
}

#[test]
fn what_is_only_learned_lets_others_go_first_and_begins_where_there_are_none() {
    let plan = || created(&[&[], &[], &[]]).files(1, &["a.rs"]).files(2, &["b.rs"]).learned(2, &["a.rs"]);
    assert_eq!(begun(&entered(plan().max_parallel(2))), [1, 3]);
    assert_eq!(begun(&entered(plan().max_parallel(3))), [1, 3, 2]);
}

#[test]
fn phases_are_not_kept_apart_where_nobody_wants_it() {
    let plan = || created(&[&[], &[]]).files(1, &["a.rs"]).files(2, &["a.rs"]);
    assert_eq!(begun(&entered(plan())), [1]);
    let settings = Settings { avoid: false, overlap: Overlapping::Off };
    let mut live = Live::begin(plan().forecast(settings).build());
    carry(&mut live, |effect| effect == Effect::Enter);
    assert_eq!(begun(&live), [1, 2]);
}

#[test]
fn a_phase_that_failed_for_good_keeps_nobody_waiting() {
    use coordinate_model::event::AttemptEnding;
    use coordinate_model::input::{Input, Of};
    let mut live = entered(created(&[&[], &[]]).repairs(false).files(1, &["a.rs"]).files(2, &["a.rs"]));
    carry(&mut live, |effect| effect == Effect::Launch);
    let attempt = live.run.steps.iter().find_map(|step| Some((step.id.clone(), step.attempt()?.token))).unwrap();
    let of = Of { step: attempt.0, attempt: 1, token: attempt.1 };
    live.send(&Input::Ended { of, ending: AttemptEnding::Exited { code: 7 }, snapshot: None, tail: Vec::new() });
    assert_eq!(begun(&live), [1, 2]);
}
