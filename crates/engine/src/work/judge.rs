//! The judgement of a verifier who saw a phase's requirement and its tree alone.

use super::StepJob;
use super::artifact::{Order, schema};
use super::verify::read_it;
use crate::verification;
use coordinate_model::failure::Failure;
use coordinate_model::failure::{FailureClass, FailureKind};
use coordinate_model::input::Left;
use coordinate_model::judgement::{Answer, Judgement, requirement};

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
    let tree = step.job.repository()?.tree_of(commit).map_err(|error| Failure::system(error.to_string()))?;
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
