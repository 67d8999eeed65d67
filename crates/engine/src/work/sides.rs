//! Two sides that did not merge: what an agent is told of them, and what is asked of what it made of them.

use super::StepJob;
use super::queue::Landed;
use super::verify::{misbehaved, read_it};
use crate::port::{Repository, RepositoryError};
use coordinate_model::event::Work;
use coordinate_model::failure::{Failure, FailureKind};
use coordinate_model::ids::Oid;
use coordinate_model::merge::Conflict;
use coordinate_model::plan::Phase;
use std::fmt::Write;

/// How much of a phase's text another phase's agent is told, in lines.
const LINES: usize = 60;

/// How many paths are named.
const PATHS: usize = 12;

/// What the repair of a merge is told: the intent of each phase that it meets, with the commits.
pub(super) fn told(step: &StepJob) -> Option<String> {
    step.repair.as_ref()?;
    let repository = step.job.repository().ok()?;
    let others: Vec<&Landed> = step.landed.iter().filter(|landed| meets(step, repository, landed)).collect();
    let mut text = String::new();
    match &step.conflict {
        Some(conflict) => marked(step, conflict, &mut text),
        None if others.is_empty() => return None,
        None => text.push_str(
            "It was merged onto the phases below, and what fails may be between them. Keep what each of them is for.\n",
        ),
    }
    for landed in others {
        let phase = step.job.plan().and_then(|plan| plan.phase(landed.phase));
        other(repository, landed, phase, &mut text);
    }
    Some(text)
}

fn marked(step: &StepJob, conflict: &Conflict, text: &mut String) {
    let mine = step.phase().map_or_else(
        || "the new commits of the user's branch".to_owned(),
        |phase| format!("the work of phase {} ({})", phase.number, phase.name),
    );
    let _ = writeln!(
        text,
        "Your tree holds the merge of both sides as far as git could make it. In these paths they do not go together:\n"
    );
    for path in &conflict.paths {
        let _ = writeln!(text, "- `{path}`");
    }
    let (ours, theirs) = (conflict.ours.short(), conflict.theirs.short());
    let _ = writeln!(
        text,
        "\nFrom `<<<<<<<` to `=======` stands what is merged already ({ours}), from there to `>>>>>>>` stands {mine} \
         ({theirs}). Bring them together so that both do what they are for: keep what either side added, choose no side \
         against the other, and leave no marker. `git diff {ours} {theirs}` shows the difference.\n"
    );
}

/// A phase that was merged since this work began, and that touched the same paths where they are known.
fn meets(step: &StepJob, repository: &dyn Repository, landed: &Landed) -> bool {
    let new = step
        .originals
        .first()
        .is_none_or(|work| !repository.is_ancestor(&landed.movement.new, &work.base).unwrap_or(false));
    let touched = || repository.changed_paths(&landed.movement.old, &landed.movement.new).unwrap_or_default();
    let own = step.step.phase == Some(landed.phase);
    let same = |conflict: &Conflict| touched().iter().any(|path| conflict.paths.contains(path));
    new && !own && step.conflict.as_ref().is_none_or(same)
}

fn other(repository: &dyn Repository, landed: &Landed, phase: Option<&Phase>, text: &mut String) {
    let name = phase.map_or_else(String::new, |phase| format!(": {}", phase.name));
    let commit = &landed.movement.new;
    let _ = writeln!(text, "### Phase {}{name}, merged as {}\n", landed.phase, commit.short());
    let body: Vec<&str> = phase.iter().flat_map(|phase| phase.body.trim().lines()).take(LINES).collect();
    if !body.is_empty() {
        let _ = writeln!(text, "{}\n", body.join("\n"));
    }
    let changed = repository.changed_paths(&landed.movement.old, commit).unwrap_or_default();
    let more = changed.len().saturating_sub(PATHS);
    let shown: Vec<String> = changed.iter().take(PATHS).map(|path| format!("`{path}`")).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let _ = writeln!(text, "It changed {}{more}: `git show {}`.\n", shown.join(", "), commit.short());
}

fn system(error: &RepositoryError) -> Failure {
    Failure::system(error.to_string())
}

/// Whether both sides are still there. Gives what a person should look at.
pub(super) fn examine(step: &StepJob, work: &Work, conflict: &Conflict) -> Result<Vec<String>, Failure> {
    let repository = step.job.repository()?;
    let sides = Sides { repository, conflict, work };
    let marked = sides.marked().map_err(|error| system(&error))?;
    if !marked.is_empty() {
        let message = format!("markers of the conflict are left in {}", marked.join(", "));
        return Err(misbehaved(FailureKind::ContractUnmet, message)
            .expected_found("both sides brought together", "git's markers")
            .remedy(read_it(step)));
    }
    let base = step.originals.first().map(|work| work.base.clone()).or_else(|| step.job.created.base.commit.clone());
    let deleted = sides.deleted(base.as_ref()).map_err(|error| system(&error))?;
    if !deleted.is_empty() {
        let message = format!("what one side added was deleted: {}", deleted.join(", "));
        return Err(misbehaved(FailureKind::MissingFile, message)
            .expected_found("the files of both sides", "fewer")
            .remedy(read_it(step)));
    }
    sides.one_sided(&step.step.id.to_string()).map_err(|error| system(&error))
}

/// A resolved conflict.
struct Sides<'a> {
    repository: &'a dyn Repository,
    conflict: &'a Conflict,
    work: &'a Work,
}

impl Sides<'_> {
    /// The paths that have lines like git's markers, where neither side has one.
    fn marked(&self) -> Result<Vec<String>, RepositoryError> {
        let has = |commit: &Oid, path: &str| -> Result<bool, RepositoryError> {
            Ok(self.repository.read_file(commit, path)?.is_some_and(|bytes| has_markers(&bytes)))
        };
        let mut marked = Vec::new();
        for path in &self.conflict.paths {
            let own = has(&self.conflict.ours, path)? || has(&self.conflict.theirs, path)?;
            if !own && has(&self.work.commit, path)? {
                marked.push(format!("`{path}`"));
            }
        }
        Ok(marked)
    }

    /// Files that are gone although they came with one of the sides.
    fn deleted(&self, base: Option<&Oid>) -> Result<Vec<String>, RepositoryError> {
        let mut deleted = Vec::new();
        for path in self.repository.changed_paths(&self.work.base, &self.work.commit)? {
            let gone = self.repository.blob_of(&self.work.commit, &path)?.is_none();
            let was = |commit: Option<&Oid>| match commit {
                Some(commit) => self.repository.blob_of(commit, &path).map(|blob| blob.is_some()),
                None => Ok(false),
            };
            let added = !was(base)? && (was(Some(&self.conflict.ours))? || was(Some(&self.conflict.theirs))?);
            if gone && added {
                deleted.push(format!("`{path}`"));
            }
        }
        Ok(deleted)
    }

    /// Paths that are word by word as one side left them: right perhaps, but worth a look.
    fn one_sided(&self, step: &str) -> Result<Vec<String>, RepositoryError> {
        let mut warnings = Vec::new();
        for path in &self.conflict.paths {
            let of = |commit: &Oid| self.repository.blob_of(commit, path);
            let (own, ours, theirs) = (of(&self.work.commit)?, of(&self.conflict.ours)?, of(&self.conflict.theirs)?);
            if own.is_some() && ours != theirs && (own == ours || own == theirs) {
                let whose = if own == ours { "what was merged before" } else { "the newer work" };
                warnings.push(format!(
                    "`{step}` took only {whose} in `{path}`: look whether the other side is still meant"
                ));
            }
        }
        Ok(warnings)
    }
}

/// Lines that git writes around two sides. A line of seven `=` alone is a heading in some texts, and counts only with one
/// of the others.
fn has_markers(bytes: &[u8]) -> bool {
    let marks: [&[u8]; 3] = [b"<<<<<<< ", b">>>>>>> ", b"||||||| "];
    bytes.split(|byte| *byte == b'\n').any(|line| marks.iter().any(|mark| line.starts_with(mark)))
}

#[cfg(test)]
mod tests {
    use super::has_markers;

    #[test]
    fn markers_are_lines_that_begin_with_them() {
        assert!(has_markers(b"a\n<<<<<<< 1a2b\nb\n"));
        assert!(has_markers(b">>>>>>> 1a2b"));
        assert!(!has_markers(b"Title\n=======\ntext <<<<<<< here\n<<<<<<<<<< long\n"));
    }
}
