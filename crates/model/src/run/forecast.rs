//! Phases that are foreseen to change the same files, and what waits for what because of it. Part of `apply`.

use super::{PhaseRun, Run, Step, StepState};
use crate::forecast::{Learned, Meeting, Met, Overlap, Sure, meetings};
use crate::ids::{PhaseNumber, StepId};
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

    /// Whether a step must not begin before a phase at work is merged: both phases say that they change the same files, or
    /// were seen to.
    #[must_use]
    pub fn waits_for_another(&self, step: &Step) -> bool {
        self.makes_way(step).is_some() || self.foreseen(step).is_some_and(|met| met.sure == Sure::Declared)
    }

    /// Why the newest try of a step made way, or is about to.
    #[must_use]
    pub fn made_way(&self, step: &Step) -> Option<&Overlap> {
        self.way_made_by(step, step.attempt()?.number)
    }

    /// Why a try of a step made way.
    #[must_use]
    pub fn way_made_by(&self, step: &Step, attempt: u32) -> Option<&Overlap> {
        self.overlaps.iter().rev().find(|overlap| overlap.step == step.id && overlap.attempt == Some(attempt))
    }

    /// The same, as long as the other phase is at work. The other one was at work and made no way when this was written, so
    /// that no two phases ever wait for one another.
    #[must_use]
    pub fn makes_way(&self, step: &Step) -> Option<&Overlap> {
        if self.overlaps.is_empty() {
            return None;
        }
        self.made_way(step).filter(|overlap| self.is_at_work(overlap.earlier))
    }

    pub(super) fn overlap(
        &mut self,
        earlier: &StepId,
        later: &StepId,
        (paths, pauses): (&[String], bool),
    ) -> Result<(), String> {
        let phase_of = |run: &Self, step: &StepId| {
            let place = run.expect_state(step, &[StepState::Running])?;
            let step = &run.steps[place as usize];
            let number = step.phase.ok_or_else(|| format!("names `{}`, which is of no phase", step.id))?;
            Ok::<_, String>((number, step.attempt().map_or(0, |attempt| attempt.number)))
        };
        let ((before, _), (after, attempt)) = (phase_of(self, earlier)?, phase_of(self, later)?);
        self.overlaps.push(Overlap {
            earlier: before,
            later: after,
            step: later.clone(),
            attempt: pauses.then_some(attempt),
            paths: paths.to_vec(),
        });
        Ok(())
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
