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

#[cfg(test)]
mod tests {
    use super::super::examples::step;
    use super::{beside, landed, stem};
    use coordinate_model::definition::StateName;
    use coordinate_model::event::Event;
    use coordinate_model::run::{Position, Run, Step};
    use coordinate_model::time::UtcMillis;
    use coordinate_testkit::runs::created;
    use serde_json::{Value, json};

    /// A run that has just begun, with these steps.
    fn run(steps: Vec<Step>) -> Run {
        let created = Event::RunCreated(Box::new(created(&[&[], &[], &[]]).build()));
        let mut run = Run::begin(Position { sequence: 1, at: UtcMillis(0) }, &created).expect("it begins");
        run.steps = steps;
        run
    }

    #[test]
    fn steps_of_one_text_of_a_phase_have_one_stem() {
        let stem = |id: &str| stem(&step(id, &json!({}))).to_owned();
        assert_eq!(stem("implement/p3v2/merge"), "implement/p3v2");
        assert_eq!(stem("implement/p3v2/repair#1/merge"), "implement/p3v2");
        assert_eq!(stem("alone"), "alone");
    }

    #[test]
    fn only_phases_whose_merge_succeeded_are_merged() {
        let (old, new) = ("1".repeat(40), "2".repeat(40));
        let merge = |phase: u32, more: Value| {
            let movement = json!({"old": old, "new": new});
            let mut all = json!({"kind": "merge", "state": "succeeded", "phase": phase, "movement": movement});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            step(&format!("implement/p{phase}/merge"), &all)
        };
        let others =
            [json!({"state": "failed"}), json!({"kind": "agent"}), json!({"replan": 1}), json!({"movement": null})];
        let steps = std::iter::once(merge(1, json!({}))).chain(others.map(|other| merge(2, other))).collect();
        let landed: Vec<u32> = landed(&run(steps)).iter().map(|landed| landed.phase.0).collect();
        assert_eq!(landed, [1]);
    }

    #[test]
    fn steps_without_a_phase_belong_to_those_of_their_state_that_leave_work() {
        let run = run(Vec::new());
        let debug = run.created.definition.state(&StateName("debug".to_owned())).expect("there is debugging");
        let template = |writes: bool| {
            let at = debug.steps.iter().position(|step| step.writes.is_some() == writes).expect("one of each");
            json!({"of_state": "debug", "template": at})
        };
        let with = |more: Value| {
            let mut all = template(false);
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            step("debug/other", &all)
        };
        let merge = with(json!({}));
        assert!(beside(&run, &merge, &with(json!({}))));
        for other in [json!({"of_state": "implement"}), json!({"base": 1}), json!({"phase": 1})] {
            assert!(!beside(&run, &merge, &with(other.clone())), "{other}");
        }
        assert!(!beside(&run, &merge, &step("debug/g1/analysis", &template(true))), "an artifact is nobody's to take");
    }
}
