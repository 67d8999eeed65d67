//! Check and command steps: commands that the project or the definition names, run on a tree by us.

use super::places::slug;
use super::testing::Outcome;
use super::{StepJob, testing};
use coordinate_model::event::Verdict;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::Oid;
use coordinate_model::input::Performed;

/// `None` when it was cancelled.
pub(super) fn perform(step: &StepJob) -> Option<Performed> {
    let outcome = match step.step.phase {
        Some(_) => check_phase(step),
        None => test_integration(step),
    };
    settle(outcome)
}

fn settle(outcome: Result<Option<Outcome>, Failure>) -> Option<Performed> {
    match outcome {
        Err(failure) => Some(Performed::Failed { failure, verdicts: Vec::new() }),
        Ok(None) => Some(done(Vec::new(), Vec::new())),
        Ok(Some(Outcome::Cancelled)) => None,
        Ok(Some(Outcome::Ran(verdict))) if verdict.passed => Some(done(Vec::new(), vec![verdict])),
        Ok(Some(Outcome::Ran(verdict))) => {
            Some(Performed::Failed { failure: failure(&verdict), verdicts: vec![verdict] })
        }
    }
}

fn done(warnings: Vec<String>, verdicts: Vec<Verdict>) -> Performed {
    Performed::Done { artifacts: Vec::new(), warnings, verdicts }
}

fn failure(verdict: &Verdict) -> Failure {
    Failure::new(FailureClass::Permanent, FailureKind::TestFailure, format!("`{}` fails", verdict.command))
        .expected_found("exit code 0", "a failure")
        .context(verdict.tail.iter().cloned())
        .diagnosed(&verdict.tail)
        .remedy("mend what the output names; an agent that can repair is chosen with `--agent`")
}

/// The project's own check command, in the phase's own tree.
fn check_phase(step: &StepJob) -> Result<Option<Outcome>, Failure> {
    let Some(command) = &step.job.created.options.check_command else { return Ok(None) };
    let Some(work) = &step.work else { return Ok(None) };
    if let Some(verdict) = step.job.found_verdict(command, &work.tree) {
        return Ok(Some(Outcome::Ran(verdict)));
    }
    step.job.end_earlier(&step.folder())?;
    let name = slug(&step.step.id);
    let tree = step.job.prepare_tree(&name, &work.commit, &format!("{name}.before"))?;
    testing::set_up(&step.job, &step.folder(), &tree)?;
    step.job.run_on_tree(command, &work.tree, &tree, &step.folder().join("check")).map(Some)
}

/// The tests, on all that is merged.
fn test_integration(step: &StepJob) -> Result<Option<Outcome>, Failure> {
    let commit = head(step)?;
    let Some(command) = step.job.test_command(&commit)? else { return Ok(None) };
    step.job.test_commit(&command, &commit, &step.folder()).map(Some)
}

fn head(step: &StepJob) -> Result<Oid, Failure> {
    step.job.integration.clone().ok_or_else(|| Failure::system("there is no integration branch"))
}

/// A `command` step of a definition: its program, in a tree of what is merged.
pub(super) fn command(step: &StepJob, argv: &[String]) -> Option<Performed> {
    let run = || -> Result<Option<Outcome>, Failure> {
        let commit = head(step)?;
        step.job.end_earlier(&step.folder())?;
        let name = slug(&step.step.id);
        let tree = step.job.prepare_tree(&name, &commit, &format!("{name}.before"))?;
        let of = step.job.repository()?.tree_of(&commit).map_err(|error| Failure::system(error.to_string()))?;
        let command = argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        step.job.run_on_tree(&command, &of, &tree, &step.folder().join("command")).map(Some)
    };
    settle(run())
}

/// A word as the shell reads it back unchanged.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
