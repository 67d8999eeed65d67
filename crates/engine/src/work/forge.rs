//! A pull request with the run's result. Whatever stands in its way is a warning with the commands to do it by hand: the
//! result is there all the same, and is then delivered as without it.

use super::StepJob;
use crate::port::{Answered, Proposal};
use coordinate_model::input::Performed;

/// The longest title that forges take without complaint, in characters.
const TITLE: usize = 200;
/// How much of the run's id a branch's name ends with: enough to tell the runs of one topic apart.
const SHORT_ID: usize = 8;

pub(super) fn request(step: &StepJob) -> Performed {
    match propose(step) {
        Err(warning) => done(vec![warning]),
        Ok(Answered::Open(request)) => Performed::Requested { request },
        Ok(Answered::Declined { reason, commands }) => {
            let by_hand = commands.join(" && ");
            done(vec![format!("no pull request was opened: {reason}; by hand: {by_hand}")])
        }
    }
}

/// Asks for it; `Err` says why there is nothing to ask for.
pub(super) fn propose(step: &StepJob) -> Result<Answered, String> {
    let base = &step.job.created.base;
    let Some(commit) = step.job.integration.clone().filter(|commit| base.commit.as_ref() != Some(commit)) else {
        return Err("nothing was changed, so no pull request was opened".to_owned());
    };
    let Some(branch) = base.branch.clone() else {
        return Err("no pull request: the checkout was on no branch when the run began".to_owned());
    };
    let proposal = Proposal {
        commit,
        branch: branch_of(step),
        base: branch,
        title: title(step),
        body: step.job.in_project(&step.job.created.paths.summary),
    };
    Ok(step.job.tools.forge.propose(&proposal))
}

fn done(warnings: Vec<String>) -> Performed {
    Performed::Done { artifacts: Vec::new(), warnings, verdicts: Vec::new() }
}

/// `coordinate/001_topic-1a2b3c4d`: made of the first event alone, so that repeating it names the same branch.
fn branch_of(step: &StepJob) -> String {
    let created = &step.job.created;
    let topic = created.paths.topic.rsplit('/').next().unwrap_or_default();
    let id = created.run.as_str();
    let short = id.get(id.len().saturating_sub(SHORT_ID)..).unwrap_or(id);
    format!("coordinate/{topic}-{short}")
}

fn title(step: &StepJob) -> String {
    let plan = step.job.plan().map(|plan| plan.title.trim()).filter(|title| !title.is_empty());
    let words = plan.unwrap_or(step.job.created.request.as_str());
    words.lines().next().unwrap_or_default().trim().chars().take(TITLE).collect()
}
