//! Journals of released formats fold, for ever, to what they folded to when they were written.

use coordinate_model::event::Event;
use coordinate_model::run::{Position, Run};
use coordinate_model::time::UtcMillis;
use std::fmt::Write;

/// A run that fails, is repaired, asked about, paused and delivered; one that is cancelled after a deferred delivery; and
/// a request in plain words whose plan is sent back, then adopted and implemented; one whose six topics are led by runs below
/// it, whose plan is changed, and which ends with a pull request; one with a change of its plan that came too late;
/// runs that meet limits of use and limits of their budgets, whose agents ask leave, and are told something; one with a phase
/// that is left out, and one with a step that is tried again at once; one whose phases are merged together, where one of them is
/// to blame; one with conflicts, which people allow to be repaired, and with a user's branch that moves; one whose trees
/// overlap, and one whose phases are judged.
const GOLDEN: [(&str, &str); 17] = [
    (include_str!("../golden/format-1-delivered.jsonl"), include_str!("../golden/format-1-delivered.state.json")),
    (include_str!("../golden/format-1-cancelled.jsonl"), include_str!("../golden/format-1-cancelled.state.json")),
    (include_str!("../golden/format-2-requested.jsonl"), include_str!("../golden/format-2-requested.state.json")),
    (include_str!("../golden/format-3-replanned.jsonl"), include_str!("../golden/format-3-replanned.state.json")),
    (include_str!("../golden/format-3-dropped.jsonl"), include_str!("../golden/format-3-dropped.state.json")),
    (include_str!("../golden/format-4-limited.jsonl"), include_str!("../golden/format-4-limited.state.json")),
    (include_str!("../golden/format-4-spent.jsonl"), include_str!("../golden/format-4-spent.state.json")),
    (include_str!("../golden/format-4-warned.jsonl"), include_str!("../golden/format-4-warned.state.json")),
    (include_str!("../golden/format-4-raised.jsonl"), include_str!("../golden/format-4-raised.state.json")),
    (include_str!("../golden/format-4-asked.jsonl"), include_str!("../golden/format-4-asked.state.json")),
    (include_str!("../golden/format-4-steered.jsonl"), include_str!("../golden/format-4-steered.state.json")),
    (include_str!("../golden/format-4-skipped.jsonl"), include_str!("../golden/format-4-skipped.state.json")),
    (include_str!("../golden/format-4-retried.jsonl"), include_str!("../golden/format-4-retried.state.json")),
    (include_str!("../golden/format-4-batched.jsonl"), include_str!("../golden/format-4-batched.state.json")),
    (include_str!("../golden/format-4-conflict.jsonl"), include_str!("../golden/format-4-conflict.state.json")),
    (include_str!("../golden/format-4-overlap.jsonl"), include_str!("../golden/format-4-overlap.state.json")),
    (include_str!("../golden/format-4-judged.jsonl"), include_str!("../golden/format-4-judged.state.json")),
];

fn records(text: &str) -> impl Iterator<Item = (Position, Event)> {
    text.lines().map(|line| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let number = |key: &str| record[key].as_u64().unwrap();
        let position = Position { sequence: number("sequence"), at: UtcMillis(i64::try_from(number("at")).unwrap()) };
        let format = u32::try_from(number("format")).unwrap();
        (position, Event::decode(format, record["event"].to_string().as_bytes()).unwrap())
    })
}

/// The journals of all released formats.
pub(crate) fn journals() -> Vec<Vec<(Position, Event)>> {
    GOLDEN.iter().map(|(journal, _)| records(journal).collect()).collect()
}

fn folded(journal: &str) -> String {
    let mut records = records(journal);
    let (position, event) = records.next().unwrap();
    let mut run = Run::begin(position, &event).unwrap();
    for (position, event) in records {
        run.apply(position, &event).unwrap();
    }
    let mut text = serde_json::to_string_pretty(&run).unwrap();
    writeln!(text).unwrap();
    text
}

/// A change of this text is a change of what written journals mean: that is a new event, not a new fold.
#[test]
fn every_format_folds_to_what_it_always_did() {
    for (journal, state) in GOLDEN {
        let folded = folded(journal);
        for (at, (now, then)) in folded.lines().zip(state.lines()).enumerate() {
            assert_eq!(now, then, "line {} of the folded state", at + 1);
        }
        assert_eq!(folded, state);
    }
}

#[test]
fn the_golden_journals_have_every_kind_of_event() {
    let seen: std::collections::BTreeSet<_> =
        GOLDEN.iter().flat_map(|(journal, _)| records(journal)).map(|(_, event)| event.name()).collect();
    let missing: Vec<_> = [
        "run_created",
        "driver_took",
        "transition_intended",
        "transition_completed",
        "attempt_leased",
        "attempt_started",
        "agent_observed",
        "stop_requested",
        "attempt_ended",
        "verdict_recorded",
        "phase_judged",
        "overlap_seen",
        "step_succeeded",
        "plan_adopted",
        "step_failed",
        "retry_scheduled",
        "retry_due",
        "repair_added",
        "replan_evaluated",
        "replan_added",
        "replan_proposed",
        "replan_dropped",
        "replanned",
        "step_skipped",
        "step_retried",
        "limit_met",
        "limit_ended",
        "message_added",
        "message_told",
        "permission_opened",
        "rule_added",
        "budget_warned",
        "budget_reached",
        "budget_changed",
        "spent_elsewhere",
        "merge_intended",
        "merged",
        "base_moved",
        "base_repair_added",
        "delivery_intended",
        "delivered",
        "delivery_deferred",
        "pull_request_opened",
        "gate_opened",
        "gate_answered",
        "pause_requested",
        "resumed",
        "cancel_requested",
        "run_closing",
        "run_ended",
    ]
    .into_iter()
    .filter(|name| !seen.contains(name))
    .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
