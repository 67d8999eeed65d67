//! Changes of the plan while a run is under way: the check of a changed plan, and its way into force.
//!
//! The changed text is kept by its hash, and comes into force as a commit of our own on the integration branch, ticked
//! for what is finished by then. So it can not conflict with the ticks of phases that were merged meanwhile.

use super::artifact::Order;
use super::verify::{keep, read_it};
use super::{Job, StepJob};
use crate::port::CommitSpec;
use crate::verification;
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::digest::hex_sha256;
use coordinate_model::event::RefMove;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{Oid, PhaseNumber};
use coordinate_model::input::{Left, Performed};
use coordinate_model::plan::{Plan, Source, content_hash, parse, tick_all};
use coordinate_model::replan::{Proposal, Replan, Standing, check, diff};
use coordinate_model::run::{Run, Step};
use std::collections::BTreeMap;
use std::path::Path;

/// What a step that changes the plan needs to know besides.
pub(super) struct Change {
    /// The change.
    pub(super) replan: Replan,
    /// How far each phase has come.
    standing: BTreeMap<PhaseNumber, Standing>,
}

/// The change that a step works on.
pub(super) fn change(run: &Run, step: &Step) -> Option<Change> {
    let replan = run.replan_of(step)?.clone();
    let standing = run.phases.keys().map(|number| (*number, run.standing(*number))).collect();
    Some(Change { replan, standing })
}

impl Change {
    fn standing(&self, number: PhaseNumber) -> Standing {
        self.standing.get(&number).copied().unwrap_or(Standing::Untouched)
    }

    /// What the agent is asked for, in words.
    pub(super) fn task(&self, plan: Option<&Plan>) -> String {
        let Replan { phase, kind, trigger, reason, .. } = &self.replan;
        let name =
            plan.and_then(|plan| plan.phase(*phase)).map_or_else(String::new, |phase| format!(" ({})", phase.name));
        let with = |wanted: Standing| -> Vec<String> {
            let is = |number: &&PhaseNumber| self.standing(**number) == wanted && *number != phase;
            self.standing.keys().filter(is).map(ToString::to_string).collect()
        };
        let fixed = [with(Standing::Done), with(Standing::Begun)].concat();
        let fixed = if fixed.is_empty() { "none".to_owned() } else { fixed.join(", ") };
        format!(
            "The plan is to change while it is being worked on: `{kind}` phase {phase}{name}.\n\
             Called for by {}: {reason}\n\n{}\n\n\
             Phases that must stay word by word, as they are finished or at work: {fixed}.\n\
             A phase depends on phases with lower numbers only: those that have not begun may be renumbered, and may get\n\
             other dependencies.",
            trigger.name(),
            kind.task(),
        )
    }
}

fn system(error: impl std::fmt::Display) -> Failure {
    Failure::system(error.to_string())
}

/// Puts the files of the plan that git does not keep into the agent's tree.
pub(super) fn provide(step: &StepJob, tree: &Path) -> Result<(), Failure> {
    let files = &step.job.tools.files;
    for path in step.job.plan().into_iter().flat_map(|plan| &plan.files) {
        if files.read(&tree.join(path)).map_err(system)?.is_none() {
            let bytes = files.read(&step.job.in_project(path)).map_err(system)?;
            bytes.map_or(Ok(()), |bytes| files.write(&tree.join(path), &bytes)).map_err(system)?;
        }
    }
    Ok(())
}

/// Checks the plan that the agent has left.
pub(super) fn examine(step: &StepJob, order: &Order, change: &Change) -> Result<Left, Failure> {
    let work = keep(step)?;
    let (root, files) = (step.place_of_work(), step.job.tools.files.as_ref());
    let verdict = verification::artifact(files, &root, &order.place, ArtifactKind::Plan);
    if !verdict.ok() {
        return Err(verdict.to_failure().remedy(read_it(step)));
    }
    let sources = verification::plan_sources(files, &root, &order.place);
    let (after, before) = (parse(&sources).plan, step.job.plan().cloned().unwrap_or_default());
    let Replan { phase, kind, .. } = change.replan;
    let mut problems = check((&before, &after), (phase, kind), |number| change.standing(number));
    let gone = before.files.iter().filter(|path| !after.files.contains(path));
    problems.extend(gone.map(|path| format!("`{path}` is gone; leave it, without a phase")));
    if !problems.is_empty() {
        return Err(unmet(step, order, problems));
    }
    let mut kept = Vec::new();
    let mut text = String::new();
    for source in &sources {
        let hash = hex_sha256(source.text.as_bytes());
        files.write(&step.job.tools.objects_root.join(&hash), source.text.as_bytes()).map_err(system)?;
        text.push_str(&diff(&source.path, &text_in_force(step, &source.path)?, &source.text));
        kept.push((source.path.clone(), hash));
    }
    let proposal = Proposal { plan: Box::new(after), hash: content_hash(&sources), files: kept, diff: text };
    Ok(Left { work: Some(work), proposal: Some(proposal), ..Left::default() })
}

fn unmet(step: &StepJob, order: &Order, problems: Vec<String>) -> Failure {
    let message = format!("the changed plan `{}` can not come into force", order.place);
    Failure::new(FailureClass::AgentMisbehaved, FailureKind::ContractUnmet, message)
        .expected_found("a change of what was asked for, and of nothing else", problems.join("; "))
        .context(problems)
        .remedy(read_it(step))
}

/// A file of the plan as it is on the integration branch, or, where git does not keep it, in the project.
fn text_in_force(step: &StepJob, path: &str) -> Result<String, Failure> {
    let committed = match &step.attempt.base {
        Some(base) => step.job.repository()?.read_file(base, path).map_err(system)?,
        None => None,
    };
    let bytes = match committed {
        Some(bytes) => Some(bytes),
        None => step.job.tools.files.read(&step.job.in_project(path)).map_err(system)?,
    };
    Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
}

/// The commit with which the changed plan comes into force. Made only of what the journal and the kept texts hold.
pub(super) fn adopt(step: &StepJob) -> Performed {
    match movement(step) {
        Ok(movement) => Performed::Merged { movement },
        Err(failure) => Performed::Failed { failure, verdicts: Vec::new() },
    }
}

fn movement(step: &StepJob) -> Result<RefMove, Failure> {
    let repository = step.job.repository()?;
    let old = step.job.integration.clone().ok_or_else(|| Failure::system("there is no integration branch"))?;
    let mut files = Vec::new();
    for source in ticked(step)? {
        if is_kept_by_git(&step.job, &old, &source.path)? {
            files.push((source.path, source.text.into_bytes()));
        }
    }
    if files.is_empty() {
        return Ok(RefMove { old: old.clone(), new: old });
    }
    let tree = repository.write_files(&old, &files).map_err(system)?;
    let Replan { phase, kind, .. } = replan(step)?;
    let message = format!("docs({:03}): {kind} phase {phase} in the plan\n", step.job.created.paths.topic_number);
    let spec = CommitSpec { tree, parents: vec![old.clone()], message, at: step.attempt.leased };
    let new = repository.commit(&spec).map_err(system)?;
    Ok(RefMove { old, new })
}

fn is_kept_by_git(job: &Job, commit: &Oid, path: &str) -> Result<bool, Failure> {
    let repository = job.repository()?;
    let known = repository.blob_of(commit, path).map_err(system)?.is_some();
    Ok(known || !repository.is_ignored(path).map_err(system)?)
}

fn replan(step: &StepJob) -> Result<&Replan, Failure> {
    step.change.as_ref().map(|change| &change.replan).ok_or_else(|| Failure::system("there is no change to adopt"))
}

/// The changed plan with the ticks of the phases that are finished.
fn ticked(step: &StepJob) -> Result<Vec<Source>, Failure> {
    let proposal = replan(step)?.proposal.as_ref().ok_or_else(|| Failure::system("there is no changed plan"))?;
    let mut sources = Vec::new();
    for (path, hash) in &proposal.files {
        let bytes = step.job.tools.files.read(&step.job.tools.objects_root.join(hash)).map_err(system)?;
        let bytes = bytes.ok_or_else(|| Failure::system(format!("the kept text {hash} of `{path}` is gone")))?;
        sources.push(Source::new(path.clone(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    let standing = step.change.iter().flat_map(|change| &change.standing);
    for (number, _) in standing.filter(|(_, standing)| **standing == Standing::Done) {
        for changed in tick_all(&sources, *number).unwrap_or_default() {
            let same = sources.iter_mut().filter(|source| source.path == changed.path);
            same.for_each(|source| source.text.clone_from(&changed.text));
        }
    }
    Ok(sources)
}

/// Once the branch has the changed plan, what git does not keep of it is written where it lies.
pub(super) fn write_outside(step: &StepJob, integration: &Oid) -> Result<(), Failure> {
    for source in ticked(step)? {
        if !is_kept_by_git(&step.job, integration, &source.path)? {
            step.job.tools.files.write(&step.job.in_project(&source.path), source.text.as_bytes()).map_err(system)?;
        }
    }
    Ok(())
}
