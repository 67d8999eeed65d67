//! Phases that are foreseen to change the same files, and what waits for what because of it. Part of `apply`.

use super::{PhaseRun, Run, Step, StepState};
use crate::forecast::{Learned, Meeting, Met, Sure, meetings};
use crate::ids::PhaseNumber;
use crate::plan::Graph;
use crate::replan::Standing;

impl Run {
    /// What the history showed of the phases of the plan that the run works by.
    #[must_use]
    pub fn learned(&self) -> &[Learned] {
        self.adopted.as_deref().map_or(&self.created.learned, |adopted| &adopted.learned)
    }

    /// Notes with each phase whom it meets. Runs of older formats, and runs that want none of it, foresee nothing.
    pub(super) fn foresee(&mut self) {
        let avoids = self.created.options.forecast.is_some_and(|settings| settings.avoid);
        let graph = self.plan().filter(|_| avoids).and_then(|plan| Graph::new(plan).ok());
        let (Some(plan), Some(graph)) = (self.plan(), graph) else { return };
        let found = meetings(plan, &graph, self.learned());
        self.phases.values_mut().for_each(|phase| phase.meets.clear());
        for meeting in found {
            self.note_meeting(&meeting, meeting.first, meeting.second);
            self.note_meeting(&meeting, meeting.second, meeting.first);
        }
    }

    fn note_meeting(&mut self, meeting: &Meeting, own: PhaseNumber, other: PhaseNumber) {
        let paths = meeting.paths.iter().map(|shared| shared.path.clone()).collect();
        if let Some(phase) = self.phases.get_mut(&own) {
            phase.meets.push(Met { phase: other, sure: meeting.sure, paths });
        }
    }

    /// The phase at work that the phase of a step is foreseen to meet: the one where that is surest. Only what has not
    /// begun waits, so that no two phases ever wait for one another.
    #[must_use]
    pub fn foreseen(&self, step: &Step) -> Option<&Met> {
        let number = step.phase.filter(|_| step.replan.is_none())?;
        let phase = self.phases.get(&number).filter(|phase| !phase.meets.is_empty())?;
        if self.standing(number) != Standing::Untouched {
            return None;
        }
        // The first of the surest: `max_by_key` would give the last.
        phase.meets.iter().rev().filter(|met| self.is_at_work(met.phase)).max_by_key(|met| met.sure)
    }

    /// Whether a step must not begin before a phase at work is merged: both phases say that they change the same files.
    #[must_use]
    pub fn waits_for_another(&self, step: &Step) -> bool {
        self.foreseen(step).is_some_and(|met| met.sure == Sure::Declared)
    }

    /// Whether a phase has begun and is going to be merged by itself: nothing that it needs is open, and something of it
    /// is. One that failed for good keeps nobody waiting.
    #[must_use]
    pub fn is_at_work(&self, number: PhaseNumber) -> bool {
        let Some(phase) = self.phases.get(&number).filter(|phase| phase.unmet == 0) else { return false };
        self.standing(number) == Standing::Begun && self.goes_on(phase)
    }

    fn goes_on(&self, phase: &PhaseRun) -> bool {
        let open = |step: &Step| match step.state {
            StepState::Ready | StepState::Leased | StepState::Running | StepState::Verifying | StepState::Waiting => {
                true
            }
            StepState::Blocked
            | StepState::Succeeded
            | StepState::Failed
            | StepState::Cancelled
            | StepState::Skipped => false,
        };
        phase.steps.iter().filter_map(|&at| self.steps.get(at as usize)).any(open)
    }
}
