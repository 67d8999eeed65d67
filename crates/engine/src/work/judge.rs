//! The judgement of a verifier who saw a phase's requirement and its tree alone.

use super::StepJob;
use super::artifact::{Order, schema};
use super::verify::read_it;
use crate::port::{RepositoryError, Shown};
use crate::verification;
use coordinate_model::definition::Writes;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::Oid;
use coordinate_model::input::Left;
use coordinate_model::judgement::{Answer, Judgement, requirement};
use std::path::Path;

/// Hides from the one who judges what the author wrote into commits: it sees what the phase has changed, without words.
pub(super) fn blind(step: &StepJob, tree: &Path) -> Result<(), Failure> {
    let judges = step.order.as_ref().is_some_and(|order| order.writes == Writes::Verdict);
    let Some(now) = step.attempt.base.clone().filter(|_| judges) else { return Ok(()) };
    let shown = Shown { before: before(step), now, at: step.attempt.leased };
    step.job.repository()?.hide_history(tree, &shown).map_err(|error| system(&error))
}

/// Where the phase began; where two sides were brought together, the one that was merged already.
fn before(step: &StepJob) -> Option<Oid> {
    let merged = step.conflict.as_ref().map(|conflict| &conflict.ours);
    merged.or(step.originals.first().map(|work| &work.base)).cloned()
}

fn system(error: &RepositoryError) -> Failure {
    Failure::system(error.to_string())
}

/// Reads what the verifier left. It stays in its tree: what it found goes into the journal, tied to the tree that it saw.
pub(super) fn examine(step: &StepJob, order: &Order) -> Result<Left, Failure> {
    let (root, files) = (step.place_of_work(), step.job.tools.files.as_ref());
    if let Some(schema) = schema(step, order)? {
        let named = format!("--role {}", step.role);
        let verdict = verification::output(files, &root, &order.place, (&named, &schema));
        if !verdict.ok() {
            return Err(verdict.to_failure().remedy(read_it(step)));
        }
    }
    let bytes = files.read(&root.join(&order.place)).map_err(|error| Failure::system(error.to_string()))?;
    let answer: Answer = serde_json::from_slice(&bytes.unwrap_or_default()).map_err(|error| unread(step, &error))?;
    Ok(Left { judgement: Some(Box::new(judgement(step, answer)?)), ..Left::default() })
}

fn judgement(step: &StepJob, answer: Answer) -> Result<Judgement, Failure> {
    let lost = |what: &str| Failure::system(format!("`{}` has no {what} to judge", step.step.id));
    let phase = step.phase().ok_or_else(|| lost("phase"))?;
    let commit = step.attempt.base.as_ref().ok_or_else(|| lost("work"))?;
    let tree = step.job.repository()?.tree_of(commit).map_err(|error| system(&error))?;
    Ok(Judgement {
        by: step.role.clone(),
        requirement: requirement(&phase.name, &phase.body),
        tree,
        passed: answer.passed,
        findings: answer.findings,
    })
}

/// A role of one's own may have another schema, or none.
fn unread(step: &StepJob, error: &serde_json::Error) -> Failure {
    let message = format!("what `{}` left is no judgement: {error}", step.step.id);
    Failure::new(FailureClass::AgentMisbehaved, FailureKind::SchemaUnmet, message)
        .expected_found("a JSON object with `passed` and `findings`", "something else")
        .remedy(format!("let the schema of the role `{}` ask for them", step.role))
}
