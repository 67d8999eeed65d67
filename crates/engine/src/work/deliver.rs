//! The one move of the user's branch, at the end.

use super::StepJob;
use crate::port::{Delivery, DeliveryState};
use coordinate_model::event::RefMove;
use coordinate_model::failure::Failure;
use coordinate_model::input::{Input, Performed};

/// Whether it can be done.
pub(super) fn check(step: &StepJob) -> Performed {
    match prepare(step) {
        Ok(performed) => performed,
        Err(failure) => Performed::Failed { failure, verdicts: Vec::new() },
    }
}

fn prepare(step: &StepJob) -> Result<Performed, Failure> {
    let repository = step.job.repository()?;
    let base = &step.job.created.base;
    let (Some(old), Some(new)) = (base.commit.clone(), step.job.integration.clone()) else {
        return Ok(Performed::Done { artifacts: Vec::new(), warnings: Vec::new(), verdicts: Vec::new() });
    };
    let Some(branch) = base.branch.clone() else {
        return Ok(undeliverable(step, "the checkout was on no branch when the run began"));
    };
    if let Some(request) = &step.job.pull_request {
        let reason = format!("a pull request is open: {}", request.url);
        return Ok(Performed::Undeliverable { reason, command: format!("gh pr merge {}", request.url) });
    }
    let delivery = delivery(step, &branch, &RefMove { old, new });
    match repository.delivery_state(&delivery).map_err(|error| Failure::system(error.to_string()))? {
        DeliveryState::Possible | DeliveryState::Done => {
            Ok(Performed::Deliverable { branch, movement: RefMove { old: delivery.old, new: delivery.new } })
        }
        DeliveryState::Blocked { reason, paths } => Ok(undeliverable(step, &explain(&reason, &paths))),
    }
}

fn delivery(step: &StepJob, branch: &str, movement: &RefMove) -> Delivery {
    Delivery {
        branch: branch.to_owned(),
        old: movement.old.clone(),
        new: movement.new.clone(),
        taken_in: step.job.taken_in.clone(),
    }
}

fn command(step: &StepJob) -> String {
    format!("git merge {}", step.job.integration_branch())
}

fn undeliverable(step: &StepJob, reason: &str) -> Performed {
    Performed::Undeliverable { reason: reason.to_owned(), command: command(step) }
}

fn explain(reason: &str, paths: &[String]) -> String {
    if paths.is_empty() { reason.to_owned() } else { format!("{reason}: {}", paths.join(", ")) }
}

/// Does it, or finishes what a crash interrupted.
pub(super) fn deliver(step: &StepJob, branch: &str, movement: &RefMove) -> Input {
    let delivery = delivery(step, branch, movement);
    let done = step
        .job
        .repository()
        .and_then(|repository| repository.deliver(&delivery).map_err(|error| Failure::system(error.to_string())));
    let blocked = match done {
        Ok(DeliveryState::Done | DeliveryState::Possible) => None,
        Ok(DeliveryState::Blocked { reason, paths }) => Some((explain(&reason, &paths), command(step))),
        Err(failure) => return Input::MoveFailed { of: step.of.clone(), failure },
    };
    Input::Delivered { of: step.of.clone(), blocked }
}
