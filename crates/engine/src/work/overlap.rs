//! Phases at work that change the same files: how that is seen, and how the one that made way goes on.

use super::places::slug;
use super::{Job, StepJob, lock};
use crate::driver::Outbox;
use crate::port::{CommitSpec, MergeOutcome, RepositoryError};
use coordinate_model::definition::StepKind;
use coordinate_model::event::Options;
use coordinate_model::failure::Failure;
use coordinate_model::forecast::{Overlap, Overlapping};
use coordinate_model::ids::{Oid, PhaseNumber, StepId};
use coordinate_model::input::{Input, Of};
use coordinate_model::run::Step;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The shortest time between two looks at one tree.
const SHORTEST: Duration = Duration::from_millis(500);

/// A look may take this part of the time at most: on big trees there are fewer.
const SHARE: u32 = 50;

/// The most paths that are told of one pair.
const MOST_PATHS: usize = 12;

/// The attempts at work, each with what its tree has changed when that was last looked at.
#[derive(Default)]
pub(super) struct Board(Mutex<BTreeMap<StepId, Post>>);

struct Post {
    of: Of,
    phase: PhaseNumber,
    paths: BTreeSet<String>,
}

/// Watches one tree until it is dropped.
pub(super) struct Watching {
    ends: Arc<(Mutex<bool>, Condvar)>,
    board: Arc<Board>,
    step: StepId,
}

impl Drop for Watching {
    fn drop(&mut self) {
        *lock(&self.ends.0) = true;
        self.ends.1.notify_all();
        lock(&self.board.0).remove(&self.step);
    }
}

/// What a look at one tree needs.
struct Look {
    job: Job,
    of: Of,
    tree: PathBuf,
    base: Oid,
    board: Arc<Board>,
    ends: Arc<(Mutex<bool>, Condvar)>,
}

/// Watches the tree of a phase's agent, where that is wanted and more than one can be at work.
pub(super) fn watch(step: &StepJob, outbox: &Outbox) -> Option<Watching> {
    let watched = is_watched(&step.job.created.options, &step.step) && step.order.is_none();
    let phase = step.step.phase.filter(|_| watched)?;
    let base = step.attempt.base.clone()?;
    let (board, ends) = (Arc::clone(&step.job.board), Arc::default());
    let post = Post { of: step.of.clone(), phase, paths: BTreeSet::new() };
    lock(&board.0).insert(step.step.id.clone(), post);
    let tree = step.job.tree(&slug(&step.step.id));
    let look = Look { job: step.job.clone(), of: step.of.clone(), tree, base, board: Arc::clone(&board), ends };
    let watching = Watching { ends: Arc::clone(&look.ends), board, step: step.step.id.clone() };
    let outbox = outbox.clone();
    std::thread::spawn(move || look.go_on(&outbox));
    Some(watching)
}

/// Whether a step's own work may meet that of another one. Repairs and changes of the plan are nobody's to wait for.
fn is_watched(options: &Options, step: &Step) -> bool {
    let wanted = options.forecast.is_some_and(|settings| settings.overlap != Overlapping::Off);
    let own = step.kind == StepKind::Agent && step.replan.is_none() && step.repair.is_none();
    wanted && own && options.max_parallel > 1
}

impl Look {
    fn go_on(&self, outbox: &Outbox) {
        let mut told = BTreeSet::new();
        let mut pause = SHORTEST;
        while !self.waits(pause) {
            // Who works alone meets nobody.
            if lock(&self.board.0).len() < 2 {
                pause = SHORTEST;
                continue;
            }
            let before = self.job.tools.clock.now();
            // A tree that can not be read now is looked at again.
            if let Ok(paths) = self.changed() {
                self.compare(paths, &mut told, outbox);
            }
            let took = Duration::from_millis(self.job.tools.clock.now().since(before));
            pause = SHORTEST.max(took.saturating_mul(SHARE));
        }
    }

    /// Waits for the end of the attempt, at most so long; whether it has come.
    fn waits(&self, longest: Duration) -> bool {
        let ended = lock(&self.ends.0);
        let waited = self.ends.1.wait_timeout_while(ended, longest, |ended| !*ended);
        let (ended, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *ended
    }

    fn changed(&self) -> Result<BTreeSet<String>, RepositoryError> {
        let Ok(repository) = self.job.repository() else { return Ok(BTreeSet::new()) };
        let linked = |path: &String| self.job.created.options.tree_links.iter().any(|link| link == path);
        let paths = repository.tree_changes(&self.tree, &self.base)?;
        Ok(paths.into_iter().filter(|path| !linked(path)).collect())
    }

    /// Puts on the board what this tree has changed, and tells of others that have changed the same.
    fn compare(&self, paths: BTreeSet<String>, told: &mut BTreeSet<StepId>, outbox: &Outbox) {
        let mut board = lock(&self.board.0);
        let Some(own) = board.get_mut(&self.of.step).filter(|post| post.of == self.of) else { return };
        own.paths = paths;
        let (phase, paths) = (own.phase, own.paths.clone());
        let others = board.values().filter(|other| other.phase != phase && !told.contains(&other.of.step));
        let met: Vec<(Of, Vec<String>)> = others
            .map(|other| (other.of.clone(), other.paths.intersection(&paths).take(MOST_PATHS).cloned().collect()))
            .filter(|(_, shared): &(Of, Vec<String>)| !shared.is_empty())
            .collect();
        drop(board);
        for (two, paths) in met {
            told.insert(two.step.clone());
            outbox.send(Input::Overlapping { one: self.of.clone(), two, paths });
        }
    }
}

impl StepJob {
    /// The tree of an attempt that made way, on what is merged by now. Its work is in it as far as that merges; else it is
    /// kept, and the tree is at the merged state alone. Repeating it after a kill finds the tree where it was brought.
    pub(super) fn bring_over(&self) -> Result<PathBuf, Failure> {
        let (tree, repository) = (self.place_of_work(), self.job.repository()?);
        let base =
            self.attempt.base.as_ref().ok_or_else(|| Failure::system("the attempt has no commit to start from"))?;
        self.job.unlink(&tree)?;
        let name = slug(&self.step.id);
        let reference = self.job.snapshot_ref(&format!("{name}@{}.before", self.attempt.number));
        let message = format!("{name} before it was brought onto what was merged\n");
        let system = |error: RepositoryError| Failure::system(error.to_string());
        let at = self.attempt.leased;
        let kept = repository.snapshot(&tree, &reference, &message, at).map_err(system)?;
        if !repository.is_ancestor(base, &kept.head).map_err(system)? {
            let onto = match repository.merge(base, &kept.commit).map_err(system)? {
                MergeOutcome::Clean(merged) => {
                    let message = format!("work so far on {}\n", self.step.id);
                    let spec = CommitSpec { tree: merged, parents: vec![base.clone()], message, at };
                    repository.commit(&spec).map_err(system)?
                }
                MergeOutcome::Conflicts { .. } => base.clone(),
            };
            repository.reset_tree(&tree, &onto, &reference).map_err(system)?;
        }
        self.job.link(&tree)?;
        Ok(tree)
    }

    /// What an agent is told whose earlier attempt made way.
    pub(super) fn made_way(&self) -> Option<String> {
        let Overlap { earlier, paths, attempt, .. } = self.overlap.as_ref()?;
        let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
        let paths = paths.join(", ");
        let before = self.step.attempts.iter().find(|before| Some(before.number) == *attempt);
        let kept = before.and_then(|before| before.snapshot.as_ref());
        let mut text = format!(
            "An earlier attempt at this was stopped, since phase {earlier} was changing the same files: {paths}. Phase \
             {earlier} is merged now, and your tree stands on it. Keep what it did."
        );
        if let Some(commit) = kept {
            text.push_str(&format!(
                " What the earlier attempt had done is kept as {commit}: `git diff {commit}^ {commit}` shows it. Bring over \
                 what is not in your tree and is still right."
            ));
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::step;
    use super::is_watched;
    use coordinate_model::forecast::{Overlapping, Settings};
    use coordinate_testkit::runs::created;
    use serde_json::json;

    #[test]
    fn agents_at_their_own_phases_are_watched_where_more_than_one_can_be_at_work() {
        let options = |overlap: Overlapping, most: u32| {
            let settings = Settings { overlap, ..Settings::default() };
            created(&[&[]]).forecast(settings).max_parallel(most).build().options
        };
        let (on, agent) = (options(Overlapping::Pause, 2), step("implement/p1/agent", &json!({})));
        assert!(is_watched(&on, &agent));
        assert!(!is_watched(&options(Overlapping::Off, 2), &agent));
        assert!(!is_watched(&options(Overlapping::Pause, 1), &agent));
        for other in [json!({"kind": "merge"}), json!({"repair": 1}), json!({"replan": 1})] {
            assert!(!is_watched(&on, &step("implement/p1/other", &other)), "{other}");
        }
        assert!(!is_watched(&created(&[&[]]).build().options, &agent), "nobody wants it");
    }
}
