//! What a carrier needs to know of the merges beside its own: those of its batch, and what was merged before.

use coordinate_model::definition::StepKind;
use coordinate_model::event::{RefMove, Work};
use coordinate_model::ids::{Oid, PhaseNumber};
use coordinate_model::merge::Conflict;
use coordinate_model::run::{Run, Step, StepState};
use coordinate_model::time::UtcMillis;

/// One merge of a batch.
pub(super) struct Member {
    /// Its step.
    pub(super) step: Step,
    /// When it was leased: the date of its commit.
    pub(super) leased: UtcMillis,
    /// What is to be merged.
    pub(super) work: Option<Work>,
    /// What its phase left at first, before any repair.
    pub(super) original: Option<Work>,
    /// The two sides, where what is to be merged is their repair.
    pub(super) conflict: Option<Conflict>,
    /// For commits of the user's branch: the newest of them.
    pub(super) users: Option<Oid>,
}

/// A phase that was merged.
pub(super) struct Landed {
    /// Which one.
    pub(super) phase: PhaseNumber,
    /// From where to where its merge led.
    pub(super) movement: RefMove,
}

impl Member {
    /// What is merged.
    pub(super) fn theirs(&self) -> Option<&Oid> {
        let users = self.users.as_ref().filter(|_| self.step.repair.is_none());
        users.or(self.work.as_ref().map(|work| &work.commit))
    }

    /// The parents of its commit on `onto`. An agent's own commits stay in the history, and so do the user's; work that only
    /// we committed becomes one commit. What an agent made of two sides stands on a commit with git's markers in it, which
    /// is nobody's history: there the phase's first commits count.
    pub(super) fn parents(&self, onto: &Oid) -> Vec<Oid> {
        let own = |work: &Option<Work>| work.as_ref().filter(|work| work.own_commits).map(|work| work.commit.clone());
        let other = match (&self.users, &self.conflict) {
            (Some(users), _) => Some(users.clone()),
            (None, Some(_)) => own(&self.original),
            (None, None) => own(&self.work),
        };
        std::iter::once(onto.clone()).chain(other).collect()
    }
}

/// The merges that a step carries, in order; itself where it carries no other.
pub(super) fn batch(run: &Run, step: &Step) -> Vec<Member> {
    if step.kind != StepKind::Merge {
        return Vec::new();
    }
    let member = |step: &Step| Member {
        step: step.clone(),
        leased: step.attempt().map_or(run.started, |attempt| attempt.leased),
        work: works(run, step).last(),
        original: works(run, step).next(),
        conflict: run.conflict(step).cloned(),
        users: run.base_of(step).map(|base| base.commit.clone()),
    };
    run.batch(&step.id).into_iter().map(member).collect()
}

/// The steps whose work belongs together with that of this one: those of its phase, or those beside it.
fn alike<'a>(run: &'a Run, step: &'a Step) -> Box<dyn Iterator<Item = &'a Step> + 'a> {
    match step.phase.and_then(|number| run.phases.get(&number)) {
        // What changes the plan for a phase is another work than the phase's own: it must never be merged in its place.
        Some(phase) => {
            let of_phase = phase.steps.iter().filter_map(|&at| run.steps.get(at as usize));
            Box::new(of_phase.filter(|other| other.replan == step.replan))
        }
        None => Box::new(run.steps.iter().filter(|other| beside(run, step, other))),
    }
}

/// Whether another step of the same state leaves work that this one takes. An artifact's tree is nobody's to take.
fn beside(run: &Run, step: &Step, other: &Step) -> bool {
    let same = other.of_state == step.of_state && other.base == step.base;
    same && other.phase.is_none() && run.writes(other).is_none()
}

/// What was left for a step, the oldest first. An earlier text of a phase is another work.
pub(super) fn works<'a>(run: &'a Run, step: &'a Step) -> impl Iterator<Item = Work> + 'a {
    alike(run, step).filter(|other| stem(other) == stem(step)).filter_map(|other| other.work.clone())
}

/// `implement/p3v2` of `implement/p3v2/merge` and of `implement/p3v2/repair#1/merge`.
fn stem(step: &Step) -> &str {
    let id = step.id.as_str();
    let before_repair = id.split_once("/repair#").map(|(stem, _)| stem);
    before_repair.or_else(|| id.rsplit_once('/').map(|(stem, _)| stem)).unwrap_or(id)
}

/// The phases that are merged, in order.
pub(super) fn landed(run: &Run) -> Vec<Landed> {
    let merged =
        |step: &&Step| step.kind == StepKind::Merge && step.state == StepState::Succeeded && step.replan.is_none();
    let landed = |step: &Step| Some(Landed { phase: step.phase?, movement: step.movement.clone()? });
    run.steps.iter().filter(merged).filter_map(landed).collect()
}
