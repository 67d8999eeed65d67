//! Steps that a person tries again or leaves out. Part of `apply`.

use super::{Run, Step, StepState};
use crate::ids::{PhaseNumber, StepId};
use crate::obligation::Effect;

impl Run {
    /// Whether a step belongs to this visit of the current state.
    #[must_use]
    pub fn is_of_now(&self, step: &Step) -> bool {
        self.index.get(&step.id).is_some_and(|&at| at >= self.first_of_visit)
    }

    /// Whether nothing is to be done for a phase any more: it is merged, or left out.
    #[must_use]
    pub fn is_phase_done(&self, number: PhaseNumber) -> bool {
        self.phases.get(&number).is_some_and(super::PhaseRun::is_done)
    }

    pub(super) fn retry_by_hand(&mut self, id: &StepId) -> Result<(), String> {
        let place = self.expect_state(id, &[StepState::Waiting, StepState::Failed])?;
        self.close(Effect::Wake, id, 0);
        self.steps[place as usize].failure = None;
        self.set_state(place, StepState::Ready);
        Ok(())
    }

    /// A step of a phase is left out with its phase: the rest of it would have nothing to check or to merge. What waited
    /// for it waits no longer.
    /// The steps of no phase that wait for what is not finished of a phase, each as often as it waits.
    fn unfinished(&self, number: PhaseNumber) -> Vec<u32> {
        let steps = self.phases.get(&number).into_iter().flat_map(|phase| &phase.steps);
        let steps = steps.filter_map(|&at| self.steps.get(at as usize)).filter(|step| step.replan.is_none());
        let open = steps.filter(|step| {
            matches!(step.state, StepState::Blocked | StepState::Ready | StepState::Waiting)
                || step.state == StepState::Failed && !step.superseded
        });
        let of_none = |at: &u32| self.steps.get(*at as usize).is_some_and(|step| step.phase.is_none());
        open.flat_map(|step| &step.dependents).copied().filter(of_none).collect()
    }

    pub(super) fn skip_by_hand(&mut self, id: &StepId, by: &str, reason: &str) -> Result<(), String> {
        let open = [StepState::Blocked, StepState::Ready, StepState::Waiting, StepState::Failed, StepState::Succeeded];
        let place = self.expect_state(id, &open)?;
        let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let Some(number) = self.steps[place as usize].phase else {
            self.expect_state(id, &open[..4])?;
            self.close(Effect::Wake, id, 0);
            self.set_state(place, StepState::Skipped);
            self.release_dependents(place);
            self.warnings.push(format!("`{id}` was left out by {by}{why}"));
            return Ok(());
        };
        let waited_for = self.unfinished(number);
        self.give_up_open(number);
        if let Some(phase) = self.phases.get_mut(&number) {
            phase.skipped = true;
        }
        self.release_after(number);
        // What waits for all phases waits for one less.
        for at in waited_for {
            self.release(at);
        }
        self.warnings.push(format!("phase {number} was left out by {by}{why}"));
        Ok(())
    }
}
