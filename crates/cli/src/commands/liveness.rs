//! Whether what the journal calls running still runs: nobody writes an event when a machine goes down.

use crate::context::Project;
use crate::wiring::program;
use coordinate_engine::port::{AttemptStatus, Attempts as _};
use coordinate_engine::work::attempt_folder;
use coordinate_host::attempts::ShimAttempts;
use coordinate_model::definition::StepKind;
use coordinate_model::run::{Run, Step, StepState};

/// What is shown of a step that was at work when its run was left, and is at work no more.
const HALTED: &str = "halted";

/// A run of this project, as it is now.
pub(super) struct Liveness<'a> {
    project: &'a Project,
    run: &'a Run,
    /// Whether a living process drives it.
    driven: bool,
}

impl<'a> Liveness<'a> {
    pub(super) fn of(project: &'a Project, run: &'a Run, driven: bool) -> Self {
        Self { project, run, driven }
    }

    /// Where a step stands, in a word.
    pub(super) fn word(&self, step: &Step) -> &'static str {
        if self.is_left(step) && !self.has_process(step) { HALTED } else { step.state.name() }
    }

    /// Whether anything was at work when the run was left.
    pub(super) fn is_left_at_work(&self) -> bool {
        self.run.steps.iter().any(|step| self.is_left(step))
    }

    /// At work by the journal, and nobody there who carries it on.
    fn is_left(&self, step: &Step) -> bool {
        let at_work = matches!(step.state, StepState::Leased | StepState::Running | StepState::Verifying);
        at_work && !self.driven && self.run.outcome.is_none()
    }

    /// An agent outlives its driver, nothing else does. One of which nothing can be found out counts as living: it is
    /// worse to call a living one dead.
    fn has_process(&self, step: &Step) -> bool {
        let Some(attempt) = step.attempt().filter(|_| step.kind == StepKind::Agent) else { return false };
        let folder = attempt_folder(&self.project.attempts(), self.run.id(), &step.id, attempt.number);
        let Ok(program) = program() else { return true };
        match ShimAttempts::new(program).status(&folder) {
            Ok(AttemptStatus::Alive(_)) | Err(_) => true,
            Ok(AttemptStatus::NeverStarted | AttemptStatus::Ended(_) | AttemptStatus::Lost) => false,
        }
    }
}
