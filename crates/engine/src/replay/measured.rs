//! What a machine measures, and prints at its own speed: taken from the recording where the result is the same, so that a
//! summary that tells it is the same text.

use crate::journal::Record;
use coordinate_model::event::{Event, Verdict};
use coordinate_model::input::{Input, Performed};

/// An input with the recorded verdicts in place of those that are the same result.
pub(super) fn as_recorded(input: Input, recorded: &[Record]) -> Input {
    let Input::Performed { of, mut result } = input else { return input };
    let known = |verdict: &mut Verdict| {
        if let Some(same) = recorded.iter().find_map(|record| same(&record.event, verdict)) {
            // In the environment that it found now: by that it is known when the same tree is asked for again.
            *verdict = Verdict { environment: verdict.environment.take(), ..same.clone() };
        }
    };
    match &mut result {
        Performed::Done { verdicts, .. } | Performed::Failed { verdicts, .. } => verdicts.iter_mut().for_each(known),
        Performed::Chained { verdict, .. } => verdict.iter_mut().for_each(known),
        Performed::Merged { .. }
        | Performed::BaseMoved { .. }
        | Performed::Deliverable { .. }
        | Performed::Requested { .. }
        | Performed::Parked
        | Performed::Undeliverable { .. } => {}
    }
    Input::Performed { of, result }
}

fn same<'r>(event: &'r Event, now: &Verdict) -> Option<&'r Verdict> {
    let Event::VerdictRecorded { verdict, .. } = event else { return None };
    let result = |verdict: &Verdict| (verdict.command.clone(), verdict.tree.clone(), verdict.passed);
    (result(verdict) == result(now) && verdict.failing == now.failing).then_some(verdict)
}
