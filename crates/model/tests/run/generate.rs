use crate::simulation::Simulation;
use coordinate_model::event::{AttemptEnding, Event, Outcome};
use coordinate_model::merge::{Merging, Repairing};
use coordinate_testkit::runs::created;
use coordinate_testkit::world::{Habits, World};
use std::fmt::Write;

#[test]
fn generate() {
    let batched = Habits { tests_fail: 35, ..Habits::default() };
    search("format-4-batched", Merging::default(), batched, &|events| {
        let rides = has(events, |e| matches!(e, Event::AttemptLeased { rides: Some(_), .. }));
        let red =
            has(events, |e| matches!(e, Event::VerdictRecorded { of, verdict, .. } if of.len() > 2 && !verdict.passed));
        let back = has(events, |e| matches!(e, Event::AttemptEnded { ending: AttemptEnding::Stopped, .. }));
        let after = has(events, |e| matches!(e, Event::MergeIntended { after, .. } if !after.is_empty()));
        let repair = has(events, |e| matches!(e, Event::RepairAdded { conflict: None, .. }));
        rides && red && back && after && repair
    });
    let gate = Merging { repair: Repairing::Gate, ..Merging::default() };
    let conflict = Habits { conflicts: 40, base_moves: 40, ..Habits::default() };
    search("format-4-conflict", gate, conflict, &|events| {
        let repair = has(events, |e| matches!(e, Event::RepairAdded { conflict: Some(_), asks: true, .. }));
        let base = has(events, |e| matches!(e, Event::BaseMoved { .. }));
        let base_repair = has(events, |e| matches!(e, Event::BaseRepairAdded { conflict: Some(_), asks: true, .. }));
        let delivered = has(events, |e| matches!(e, Event::Delivered { .. }));
        repair && base && base_repair && delivered
    });
}

fn has(events: &[(coordinate_model::run::Position, Event)], what: impl Fn(&Event) -> bool) -> bool {
    events.iter().any(|(_, event)| what(event))
}

fn search(
    name: &str,
    merging: Merging,
    habits: Habits,
    fits: &dyn Fn(&[(coordinate_model::run::Position, Event)]) -> bool,
) {
    for seed in 0..20_000 {
        let created = created(&[&[], &[], &[], &[1]]).merging(merging).max_parallel(4).replan(None).build();
        let mut simulation = Simulation::new(created, World::new(seed, habits), seed);
        simulation.settle_with_answers(20_000);
        let run = &simulation.live.run;
        if run.outcome != Some(Outcome::Succeeded) || !fits(&simulation.live.journal) {
            continue;
        }
        let mut text = String::new();
        for (position, event) in &simulation.live.journal {
            let event: serde_json::Value = serde_json::from_slice(&event.encode().unwrap()).unwrap();
            let record =
                serde_json::json!({"sequence": position.sequence, "at": position.at.0, "format": 4, "event": event});
            writeln!(text, "{record}").unwrap();
        }
        let mut state = serde_json::to_string_pretty(run).unwrap();
        writeln!(state).unwrap();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        std::fs::write(folder.join(format!("{name}.jsonl")), text).unwrap();
        std::fs::write(folder.join(format!("{name}.state.json")), state).unwrap();
        println!("{name}: seed {seed}, {} events", simulation.live.journal.len());
        return;
    }
    panic!("no seed for {name}");
}
