//! Steps that leave an artifact: what they build on, the check of what they left, its way to the checkout.
//!
//! Such a step works in a tree of its own like every other, but its tree is not merged: one file of it counts, and is
//! brought to the same place in the checkout. Outside git there is no tree to work in: then it works in the project.

use super::StepJob;
use super::places::slug;
use super::verify::{keep, misbehaved, read_it};
use crate::schema::Schema;
use crate::verification;
use coordinate_model::artifact::{ArtifactKind, Metadata};
use coordinate_model::definition::Writes;
use coordinate_model::digest::hex_sha256;
use coordinate_model::event::{Artifact, Work};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::forecast::{COMMITS, learn};
use coordinate_model::input::{Left, LeftPlan};
use coordinate_model::plan::{Source, content_hash, parse};
use coordinate_model::replan::diff;
use coordinate_model::run::Attempt;
use std::path::{Path, PathBuf};

/// The artifact of a step, and what it builds on.
pub(super) struct Order {
    /// What is written.
    pub(super) writes: Writes,
    /// Where, relative to the project.
    pub(super) place: String,
    /// What it is about.
    pub(super) subject: String,
    /// What of it matters, where somebody said so.
    pub(super) focus: Option<String>,
    /// Earlier artifacts that it builds on, relative to the project.
    pub(super) inputs: Vec<String>,
}

impl StepJob {
    /// Where the attempt works: a tree of its own, or the project where git can make none.
    pub(super) fn place_of_work(&self) -> PathBuf {
        if self.attempt.base.is_none() && self.order.is_some() {
            return PathBuf::from(&self.job.created.paths.project);
        }
        self.job.tree(&slug(&self.step.id))
    }

    /// Puts what the step builds on into its tree. The checkout's files count, as the user may have edited them; of an
    /// artifact that was sent back, the refused text is there to be mended.
    pub(super) fn provide(&self, order: &Order, tree: &Path) -> Result<(), Failure> {
        if self.attempt.base.is_none() {
            return Ok(());
        }
        let revised = (order.writes == Writes::Revision).then_some(&order.place);
        for path in order.inputs.iter().chain(revised) {
            let bytes = self.job.tools.files.read(&self.job.in_project(path)).map_err(system)?;
            let named = self.job.created.paths.named.contains(path);
            // What the request named and the user has removed since is not there for the agent either.
            let bytes = match bytes {
                Some(bytes) => bytes,
                None if named => continue,
                None => return Err(gone(path)),
            };
            self.job.tools.files.write(&tree.join(path), &bytes).map_err(system)?;
        }
        if order.writes == Writes::Replan {
            super::replan::provide(self, tree)?;
        }
        if let Some(refused) = self.refused(order)? {
            self.job.tools.files.write(&tree.join(&order.place), &refused).map_err(system)?;
        }
        Ok(())
    }

    /// The attempt before this one, and why its text was sent back; none if it ended for another reason.
    pub(super) fn sent_back(&self) -> Option<(&Attempt, &Failure)> {
        let before = self.step.attempts.iter().rev().nth(1)?;
        before.failure.as_ref().filter(|failure| failure.kind.is_of_text()).map(|failure| (before, failure))
    }

    /// The text that was sent back. What an attempt left that was killed is nobody's text: the next one starts anew.
    fn refused(&self, order: &Order) -> Result<Option<Vec<u8>>, Failure> {
        let Some(snapshot) = self.sent_back().and_then(|(before, _)| before.snapshot.as_ref()) else { return Ok(None) };
        self.job.repository()?.read_file(snapshot, &order.place).map_err(system)
    }
}

fn system(error: impl std::fmt::Display) -> Failure {
    Failure::system(error.to_string())
}

fn gone(path: &str) -> Failure {
    Failure::system(format!("`{path}` is not there any more")).expected_found("the file that the run left", "no file")
}

/// Checks what the attempt left and brings it to the checkout. Everything here can be repeated after a crash: the tree
/// does not change any more, and a file that is there already with the same bytes is as good as written.
pub(super) fn examine(step: &StepJob, order: &Order) -> Result<Left, Failure> {
    let work = step.attempt.base.as_ref().map(|_| keep(step)).transpose()?;
    let root = step.place_of_work();
    let kind = order.writes.kind();
    let files = step.job.tools.files.as_ref();
    let verdict = match schema(step, order)? {
        Some(schema) => verification::output(files, &root, &order.place, (&format!("--role {}", step.role), &schema)),
        None => verification::artifact(files, &root, &order.place, kind),
    };
    if !verdict.ok() {
        return Err(verdict.to_failure().remedy(read_it(step)));
    }
    let bytes = files.read(&root.join(&order.place)).map_err(system)?.unwrap_or_default();
    if order.writes == Writes::Revision && step.job.created.revises.as_deref() == Some(&hex_sha256(&bytes)) {
        return Err(misbehaved(FailureKind::NoWork, format!("the plan `{}` was not changed", order.place))
            .expected_found("a revised plan", "the same text")
            .remedy(read_it(step)));
    }
    let mut plan = (kind == ArtifactKind::Plan).then(|| read_plan(step, &order.place, &bytes));
    let mut artifacts = Vec::new();
    let hash = hex_sha256(&bytes);
    files.write(&step.job.tools.objects_root.join(&hash), &bytes).map_err(system)?;
    if order.writes == Writes::Revision {
        let (before, backup) = back_up(step, order, &hash)?;
        plan.iter_mut().for_each(|plan| plan.diff = diff(&order.place, &before, &String::from_utf8_lossy(&bytes)));
        artifacts.push(backup);
    }
    artifacts.insert(0, bring(step, order, &bytes, hash)?);
    let warnings = warnings(step, order, work.as_ref())?;
    Ok(Left { work, artifacts, plan, warnings, ..Left::default() })
}

/// The schema that the file must keep. Roles are checked before a run begins, so a faulty one is of a damaged journal.
pub(super) fn schema(step: &StepJob, order: &Order) -> Result<Option<Schema>, Failure> {
    if !matches!(order.writes, Writes::Output | Writes::Verdict) {
        return Ok(None);
    }
    let schema = step.job.created.role(&step.role).schema();
    schema.map(|schema| Schema::read(&schema.text).map_err(Failure::system)).transpose()
}

/// The plan was found to be sound by its contract.
fn read_plan(step: &StepJob, place: &str, bytes: &[u8]) -> LeftPlan {
    let sources = [Source::new(place.to_owned(), String::from_utf8_lossy(bytes).into_owned())];
    let plan = parse(&sources).plan;
    let learned = step.attempt.base.as_ref().filter(|_| step.job.created.options.forecast.is_some());
    // What can not be learned is not known: the plan is as good without it.
    let history = learned.and_then(|commit| step.job.repository().ok()?.history(commit, COMMITS).ok());
    let learned = learn(&plan, &history.unwrap_or_default());
    LeftPlan { plan: Box::new(plan), hash: content_hash(&sources), diff: String::new(), learned }
}

/// The plan as it was before its revision, kept beside it under its own hash: found again after a crash, when the plan
/// itself may be the revised one already.
fn back_up(step: &StepJob, order: &Order, left: &str) -> Result<(String, Artifact), Failure> {
    let files = step.job.tools.files.as_ref();
    let hash = step.job.created.revises.clone().unwrap_or_default();
    let place = backup_place(&order.place, &hash);
    let path = step.job.in_project(&place);
    let kept = files.read(&path).map_err(system)?.filter(|bytes| hex_sha256(bytes) == hash);
    let bytes = match kept {
        Some(bytes) => bytes,
        None => {
            let present = files.read(&step.job.in_project(&order.place)).map_err(system)?;
            let is_there = present.is_some();
            let bytes = present.filter(|bytes| hex_sha256(bytes) == hash);
            let bytes = bytes.ok_or_else(|| changed_meanwhile(step, order, left, is_there))?;
            files.write(&path, &bytes).map_err(system)?;
            bytes
        }
    };
    let size = bytes.len() as u64;
    let artifact = Artifact { kind: "backup".to_owned(), path: place, hash, bytes: size, metadata: None };
    Ok((String::from_utf8_lossy(&bytes).into_owned(), artifact))
}

/// `plans/001_x.md` is kept as `plans/backups/001_x.1a2b3c4d.md`.
fn backup_place(plan: &str, hash: &str) -> String {
    let (folder, name) = plan.rsplit_once('/').unwrap_or(("", plan));
    let stem = name.strip_suffix(".md").unwrap_or(name);
    let short: String = hash.chars().take(8).collect();
    let folder = if folder.is_empty() { "backups".to_owned() } else { format!("{folder}/backups") };
    format!("{folder}/{stem}.{short}.md")
}

/// Brings a text that is kept by its hash to its place in the checkout, unless something else stands there.
fn bring(step: &StepJob, order: &Order, bytes: &[u8], hash: String) -> Result<Artifact, Failure> {
    let files = step.job.tools.files.as_ref();
    let target = step.job.in_project(&order.place);
    let present = files.read(&target).map_err(system)?.map(|present| hex_sha256(&present));
    let expected = step.job.created.revises.as_ref().filter(|_| order.writes == Writes::Revision);
    if present.as_ref() != Some(&hash) {
        if present.as_ref() != expected {
            return Err(changed_meanwhile(step, order, &hash, present.is_some()));
        }
        files.write(&target, bytes).map_err(system)?;
    }
    Ok(Artifact {
        kind: order.writes.kind().name().to_owned(),
        path: order.place.clone(),
        hash,
        bytes: bytes.len() as u64,
        metadata: Some(Box::new(metadata(step, bytes))),
    })
}

/// What is handed up of the text from now on.
fn metadata(step: &StepJob, bytes: &[u8]) -> Metadata {
    let counter = step.job.tools.tokens.counter();
    Metadata::of(&String::from_utf8_lossy(bytes), &|text| counter.count(text))
}

/// The user's text is never overwritten.
fn changed_meanwhile(step: &StepJob, order: &Order, hash: &str, present: bool) -> Failure {
    let kept = step.job.tools.objects_root.join(hash);
    let (expected, found) = match (order.writes, present) {
        (Writes::Revision, true) => ("the plan as it was at the start", "a plan that was edited meanwhile"),
        (Writes::Revision, false) => ("the plan as it was at the start", "no file"),
        (
            Writes::Report
            | Writes::Overview
            | Writes::Plan
            | Writes::Debug
            | Writes::Replan
            | Writes::Output
            | Writes::Verdict,
            _,
        ) => ("no file", "a file with another text"),
    };
    Failure::new(FailureClass::Permanent, FailureKind::Conflict, format!("`{}` is not written over", order.place))
        .expected_found(expected, found)
        .remedy(format!("what the agent left is at `{}`: compare the two", kept.display()))
}

fn warnings(step: &StepJob, order: &Order, work: Option<&Work>) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    let completion = order.writes.completion();
    if !step.claims().any(|claim| claim.name == completion) {
        warnings.push(format!("`{}` ended without its line `{completion}: …`; its file is there", step.step.id));
    }
    let Some(work) = work else { return Ok(warnings) };
    let changed = step.job.repository()?.changed_paths(&work.base, &work.commit).map_err(system)?;
    let beside: Vec<&str> = changed.iter().map(String::as_str).filter(|path| !order.names(path)).collect();
    if let [first, ..] = beside.as_slice() {
        warnings.push(format!(
            "`{}` changed {} files besides its own (`{first}`, …); they were not taken, and are kept at {}",
            step.step.id,
            beside.len(),
            work.commit.short()
        ));
    }
    Ok(warnings)
}

impl Order {
    /// Whether a changed path of the tree is the artifact, or was put there by us.
    fn names(&self, path: &str) -> bool {
        self.place == path || self.inputs.iter().any(|input| input == path)
    }
}
