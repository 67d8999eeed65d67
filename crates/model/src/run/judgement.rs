//! What verifiers found. Part of `apply`.

use super::{Run, Step, StepState};
use crate::definition::Writes;
use crate::event::Work;
use crate::ids::StepId;
use crate::judgement::{Judgement, requirement};

impl Run {
    /// Whether a step judges the work of its phase.
    #[must_use]
    pub fn judges(&self, step: &Step) -> bool {
        step.phase.is_some() && self.writes(step) == Some(Writes::Verdict)
    }

    /// The work that a step judges: the newest of its phase. What judges leaves none itself.
    #[must_use]
    pub fn judged_work(&self, step: &Step) -> Option<&Work> {
        let phase = self.phases.get(&step.phase?).filter(|_| self.judges(step))?;
        let of_phase = |at: &u32| self.steps.get(*at as usize).filter(|other| other.replan == step.replan);
        phase.steps.iter().rev().filter_map(of_phase).find_map(|other| other.work.as_ref())
    }

    /// What names the requirement that a step judges by.
    #[must_use]
    pub fn requirement(&self, step: &Step) -> Option<String> {
        let phase = self.plan()?.phase(step.phase?)?;
        Some(requirement(&phase.name, &phase.body))
    }

    /// The judgement that is known already of what a step is about to judge.
    #[must_use]
    pub fn known_judgement(&self, step: &Step) -> Option<&Judgement> {
        let (work, requirement, role) = (self.judged_work(step)?, self.requirement(step)?, self.role(step));
        let same = |known: &&Judgement| known.tree == work.tree && known.requirement == requirement && known.by == role;
        self.judgements.iter().rev().find(same)
    }

    pub(super) fn note_judgement(&mut self, step: &StepId, attempt: u32, judgement: &Judgement) -> Result<(), String> {
        self.current(step, attempt)?;
        self.expect_state(step, &[StepState::Verifying])?;
        self.judgements.push(judgement.clone());
        Ok(())
    }
}
