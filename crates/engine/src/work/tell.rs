//! Hands what was said to an attempt at work.

use super::StepJob;
use coordinate_model::input::Input;
use std::time::Duration;

/// From one try to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// Puts all that is due into the attempt's folder. Its program follows that folder for as long as it lives, whoever
/// started it; what comes too late for it is told to the next attempt.
///
/// `None` when it could not be put there: the obligation stays. The attempt goes on meanwhile, and what it waits for leave
/// to do is denied in the end.
pub(super) fn tell(step: &StepJob) -> Option<Input> {
    let numbered = (1..).zip(&step.step.said).filter(|(_, message)| message.is_due(step.attempt.number));
    let mut upto = 0;
    for (number, message) in numbered {
        if step.job.tools.attempts.say(&step.folder(), number, &message.said).is_err() {
            // It is tried again as soon as this returns.
            std::thread::sleep(PAUSE);
            return None;
        }
        upto = number;
    }
    Some(Input::Told { of: step.of.clone(), upto })
}
