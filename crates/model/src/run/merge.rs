//! Merges of phases, alone and in batches, and what repairs them. Part of `apply`.

use super::{Run, Step, StepState};
use crate::definition::{StepKind, StepTemplate};
use crate::event::RefMove;
use crate::failure::Failure;
use crate::ids::{Oid, PhaseNumber, StepId};
use crate::merge::{Conflict, Joined};
use crate::obligation::{Detail, Effect, ObligationKey};

/// The template of a step that no workflow names: the question before a repair, and what takes in the user's commits.
pub(super) const OF_NO_TEMPLATE: u32 = u32::MAX;

/// What an event says of a repair.
pub(super) struct Repair<'a> {
    pub(super) round: u32,
    pub(super) base: &'a Oid,
    pub(super) failure: &'a Failure,
    pub(super) conflict: Option<&'a Conflict>,
    pub(super) asks: bool,
}

impl Run {
    /// Whether a merge step stands in the queue of phases, and may so be a part of a batch.
    #[must_use]
    pub fn is_queued(&self, step: &Step) -> bool {
        step.kind == StepKind::Merge && step.phase.is_some() && step.replan.is_none() && self.action(step).is_none()
    }

    /// The merges of the batch that a step carries, itself first, in the order in which they go in.
    #[must_use]
    pub fn batch(&self, leader: &StepId) -> Vec<&Step> {
        let rides = |step: &&Step| step.attempt().is_some_and(|attempt| attempt.rides.as_ref() == Some(leader));
        let own = |step: &&Step| step.id == *leader || rides(step) && step.state == StepState::Leased;
        in_order(self.live().filter(own).collect())
    }

    /// The merges that go in with the move of the integration branch that is under way, in order.
    #[must_use]
    pub fn going_in(&self) -> Vec<&Step> {
        in_order(self.live().filter(|step| step.kind == StepKind::Merge && step.state == StepState::Running).collect())
    }

    /// The merges whose batch is not carried any more: they go back into the queue.
    pub fn left_behind(&self) -> impl Iterator<Item = &Step> {
        let moving = self.obligations.keys().any(|key| matches!(key.effect, Effect::Move | Effect::Deliver));
        let carried = move |step: &Step| {
            if step.state != StepState::Leased {
                return moving;
            }
            step.attempt().and_then(|own| own.rides.as_ref()).is_none_or(|leader| self.is_carried(leader))
        };
        self.live().filter(move |step| step.kind == StepKind::Merge && !carried(step))
    }

    fn is_carried(&self, leader: &StepId) -> bool {
        let attempt = self.step(leader).and_then(Step::attempt).map_or(0, |attempt| attempt.number);
        let key = ObligationKey { effect: Effect::Perform, step: Some(leader.clone()), attempt };
        self.obligations.contains_key(&key)
    }

    /// The two sides that a repair's step is about.
    #[must_use]
    pub fn conflict(&self, step: &Step) -> Option<&Conflict> {
        let round = step.repair?;
        match step.base {
            Some(_) => self.base_of(step)?.conflicts.get(&round),
            None => self.phases.get(&step.phase?)?.conflicts.get(&round),
        }
    }

    /// What a repair's step starts from, and why it is there.
    #[must_use]
    pub fn repair_of(&self, step: &Step) -> Option<&(Oid, Failure)> {
        step.repair?;
        match step.base {
            Some(_) => self.base_of(step)?.repair.as_ref(),
            None => self.phases.get(&step.phase?)?.repair.as_ref(),
        }
    }

    /// What a person says no to, whose answer is about a repair.
    pub(super) fn refused_repair(&self, place: u32) -> Option<&Failure> {
        let step = self.steps.get(place as usize)?;
        self.repair_of(step).map(|(_, failure)| failure)
    }

    pub(super) fn intend_merge(
        &mut self,
        step: &StepId,
        number: u32,
        movement: &RefMove,
        after: &[Joined],
    ) -> Result<(), String> {
        let mut old = movement.old.clone();
        for joined in after {
            let place = self.current(&joined.step, joined.attempt)?;
            self.expect_state(&joined.step, &[StepState::Leased])?;
            self.close(Effect::Perform, &joined.step, joined.attempt);
            self.steps[place as usize].movement = Some(RefMove { old, new: joined.commit.clone() });
            self.set_state(place, StepState::Running);
            old = joined.commit.clone();
        }
        let own = RefMove { old, new: movement.new.clone() };
        self.intend_move(step, number, Effect::Move, Detail::Move { movement: movement.clone() }, &own)
    }

    pub(super) fn merged(&mut self, step: &StepId, number: u32, commit: &Oid) -> Result<(), String> {
        let place = self.current(step, number)?;
        let intended = self.steps[place as usize].movement.as_ref();
        if intended.is_none_or(|movement| movement.new != *commit) {
            return Err(format!("moved the integration branch to {commit}, which was not intended"));
        }
        self.integration = Some(commit.clone());
        let step = &self.steps[place as usize];
        let (phase, base) = (step.phase.filter(|_| step.replan.is_none()), step.base);
        // The change of a plan is not the phase that it is about.
        if let Some(phase) = phase {
            self.release_phase(phase);
        }
        if let Some(number) = base {
            self.take_base(number);
        }
        Ok(())
    }

    pub(super) fn add_repair(&mut self, number: PhaseNumber, repair: &Repair<'_>) -> Result<(), String> {
        let phase = self.phases.get_mut(&number).ok_or_else(|| format!("names the unknown phase {number}"))?;
        if phase.repairs + 1 != repair.round {
            return Err(format!("is repair {} of phase {number} after {}", repair.round, phase.repairs));
        }
        phase.repairs = repair.round;
        phase.repair = Some((repair.base.clone(), repair.failure.clone()));
        phase.conflicts.extend(repair.conflict.map(|conflict| (repair.round, conflict.clone())));
        self.give_up_open(number);
        self.expand_repair(number, repair.round);
        if repair.asks {
            self.ask_first(number, repair.round);
        }
        Ok(())
    }

    /// A question stands before the repair that was just added.
    fn ask_first(&mut self, number: PhaseNumber, round: u32) {
        let prefix = format!("{}/repair#{round}", self.phase_prefix(&self.state.clone(), number));
        let of_round = |step: &&Step| step.phase == Some(number) && step.repair == Some(round);
        let of_round = self.steps.iter().skip(self.first_of_visit as usize).filter(of_round);
        let first = of_round.filter(|step| step.state == StepState::Ready).map(|step| step.id.clone()).collect();
        self.put_question(&prefix, Some(number), first);
        if let Some(step) = self.steps.last_mut() {
            step.repair = Some(round);
        }
    }

    /// Adds a question that these steps wait for.
    pub(super) fn put_question(&mut self, prefix: &str, phase: Option<PhaseNumber>, before: Vec<StepId>) {
        let gate = self.end();
        self.push_untemplated(prefix, phase, &[("ask", StepKind::Gate)]);
        for id in before {
            if let Ok(at) = self.locate(&id) {
                self.wait_also(at, &[gate]);
            }
        }
        self.set_state(gate, StepState::Ready);
    }

    /// Adds steps that no workflow names; nothing releases them yet.
    pub(super) fn push_untemplated(&mut self, prefix: &str, phase: Option<PhaseNumber>, steps: &[(&str, StepKind)]) {
        let template = |(id, kind): &(&str, StepKind)| StepTemplate::untold(id, *kind);
        let templates: Vec<StepTemplate> = steps.iter().map(template).collect();
        let numbered: Vec<_> = templates.iter().map(|template| (OF_NO_TEMPLATE, template)).collect();
        let state = self.state.clone();
        self.push_group(&state, prefix, phase, &numbered);
    }
}

/// In the order in which they were leased, which is the order of the queue.
fn in_order(mut steps: Vec<&Step>) -> Vec<&Step> {
    steps.sort_by_key(|step| step.attempt().map(|attempt| attempt.token));
    steps
}
