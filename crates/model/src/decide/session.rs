//! Going on in a client's session: an attempt that was interrupted is taken up where it was, and nothing of it is done
//! twice that its tree shows.

use crate::definition::StepKind;
use crate::event::AttemptEnding;
use crate::failure::FailureClass;
use crate::run::{Attempt, Run, Step};

/// The session that a step's next attempt goes on with; `None`: it starts anew, from the step's start.
///
/// Only what was interrupted goes on. A try that failed starts anew: what it has understood wrongly would stay with it.
pub(super) fn to_go_on_with(run: &Run, step: &Step) -> Option<String> {
    if step.kind != StepKind::Agent || !run.created.options.interrupted.resumed {
        return None;
    }
    let last = step.attempt()?;
    let same = run.player_now(step).filter(|player| *player == run.agent(step) && player.resumes);
    // What was at work before a fork is another run's to go on with.
    let begun = run.created.is_own(last.token) && last.started.is_some() && was_interrupted(run, last);
    same.filter(|_| begun).and_then(|_| last.session.clone())
}

fn was_interrupted(run: &Run, attempt: &Attempt) -> bool {
    let by_limit = || attempt.failure.as_ref().is_some_and(|failure| failure.class == FailureClass::Quota);
    match &attempt.ending {
        Some(AttemptEnding::Stopped | AttemptEnding::Lost) => true,
        // By a limit of use, or killed with the driver that began it.
        Some(ending @ (AttemptEnding::Signaled { .. } | AttemptEnding::Exited { .. })) => {
            let with_its_driver = || run.driver.map(|(epoch, _)| epoch) != attempt.driver;
            by_limit() || ending.killed_by().is_some() && with_its_driver()
        }
        Some(
            AttemptEnding::IdleLimit
            | AttemptEnding::Stalled
            | AttemptEnding::HardLimit
            | AttemptEnding::OutputLimit
            | AttemptEnding::NotStarted { .. },
        )
        | None => false,
    }
}

/// Whether a client would not go on with the session that it was given: it ended before it said or did anything. That is
/// no failure of the work, and the next try starts anew.
pub(super) fn is_refused(attempt: &Attempt, ending: &AttemptEnding) -> bool {
    let ended = matches!(ending, AttemptEnding::Exited { .. });
    ended && attempt.resumes.is_some() && attempt.doing.is_none() && attempt.claims.is_empty()
}
