//! The one move of the user's branch, at the end; or whatever else was to become of the result.

use super::{StepJob, close, forge};
use crate::port::{Answered, Delivery, DeliveryState, Repository, RepositoryError};
use coordinate_model::event::RefMove;
use coordinate_model::failure::Failure;
use coordinate_model::ids::Oid;
use coordinate_model::input::{Input, Performed};
use coordinate_model::merge::Destination;

/// Whether it can be done.
pub(super) fn check(step: &StepJob, summary: &str) -> Performed {
    prepare(step, summary).unwrap_or_else(|failure| Performed::Failed { failure, verdicts: Vec::new() })
}

fn system(error: &RepositoryError) -> Failure {
    Failure::system(error.to_string())
}

fn prepare(step: &StepJob, summary: &str) -> Result<Performed, Failure> {
    let repository = step.job.repository()?;
    let (Some(old), Some(new)) = (step.job.base.clone(), step.job.integration.clone()) else {
        return Ok(Performed::Done { artifacts: Vec::new(), warnings: Vec::new(), verdicts: Vec::new() });
    };
    if let Some(request) = &step.job.pull_request {
        let reason = format!("a pull request is open: {}", request.url);
        return Ok(Performed::Undeliverable { reason, command: format!("gh pr merge {}", request.url) });
    }
    match step.job.created.options.merge.into {
        Destination::Branch => {}
        Destination::Pr => return request(step, summary),
        Destination::None => return Ok(undeliverable(step, "nothing else was asked for")),
    }
    let Some(branch) = step.job.created.base.branch.clone() else {
        return Ok(undeliverable(step, "the checkout was on no branch when the run began"));
    };
    let movement = RefMove { old, new };
    let overtaken = |commit| Performed::BaseMoved { blocked: overtaken(step, &branch), commit };
    if let Some(commit) = moved_on(repository, &branch, &movement)? {
        return Ok(overtaken(commit));
    }
    let delivery = delivery(step, &branch, &movement);
    match repository.delivery_state(&delivery).map_err(|error| system(&error))? {
        DeliveryState::Possible | DeliveryState::Done => {
            Ok(Performed::Deliverable { branch: delivery.branch, movement })
        }
        // It may have moved between the two looks.
        DeliveryState::Blocked { reason, paths } => Ok(moved_on(repository, &branch, &movement)?
            .map_or_else(|| undeliverable(step, &explain(&reason, &paths)), overtaken)),
    }
}

/// Where the user's branch is, if it has got commits on top of what the result stands on. A branch that was rewritten is
/// nothing to build on: merging it would bring back what the user has dropped.
fn moved_on(repository: &dyn Repository, branch: &str, movement: &RefMove) -> Result<Option<Oid>, Failure> {
    let Some(now) = repository.resolve(branch).map_err(|error| system(&error))? else { return Ok(None) };
    if now == movement.old {
        return Ok(None);
    }
    let arrived = repository.is_ancestor(&movement.new, &now).map_err(|error| system(&error))?;
    let seen = repository.is_ancestor(&now, &movement.new).map_err(|error| system(&error))?;
    let grown = repository.is_ancestor(&movement.old, &now).map_err(|error| system(&error))?;
    Ok((grown && !arrived && !seen).then_some(now))
}

fn overtaken(step: &StepJob, branch: &str) -> (String, String) {
    let short = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    (format!("`{short}` moved again and again"), command(step))
}

/// A pull request for the result. What stands in its way is no failure of the run: the result waits, and the commands that
/// do it by hand are said.
fn request(step: &StepJob, summary: &str) -> Result<Performed, Failure> {
    close::write_summary(&step.job, summary)?;
    Ok(match forge::propose(step) {
        Err(warning) => undeliverable(step, &warning),
        Ok(Answered::Open(request)) => Performed::Requested { request },
        Ok(Answered::Declined { reason, commands }) => Performed::Undeliverable {
            reason: format!("no pull request was opened: {reason}"),
            command: if commands.is_empty() { command(step) } else { commands.join(" && ") },
        },
    })
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

/// Does it, or finishes what a crash interrupted. What the user has committed since is taken in first.
pub(super) fn deliver(step: &StepJob, branch: &str, movement: &RefMove) -> Input {
    let carried = step.job.repository().and_then(|repository| {
        let delivery = delivery(step, branch, movement);
        match repository.deliver(&delivery).map_err(|error| system(&error))? {
            DeliveryState::Done | DeliveryState::Possible => {
                Ok(Input::Delivered { of: step.of.clone(), blocked: None })
            }
            DeliveryState::Blocked { reason, paths } => {
                let blocked = (explain(&reason, &paths), command(step));
                Ok(match moved_on(repository, branch, movement)? {
                    Some(commit) => Input::BaseMoved { of: step.of.clone(), commit, blocked },
                    None => Input::Delivered { of: step.of.clone(), blocked: Some(blocked) },
                })
            }
        }
    });
    carried.unwrap_or_else(|failure| Input::MoveFailed { of: step.of.clone(), failure })
}
