//! Changes of the plan while the run is under way. Part of `apply`.
//!
//! One change is worked on at a time, and no untouched phase begins meanwhile: it could be one that the change is about.

use super::expand::numbered;
use super::{Adopted, PhaseRun, Run, Step, StepState};
use crate::definition::{ForEach, StateName, StepKind, StepTemplate};
use crate::ids::{PhaseNumber, StepId};
use crate::obligation::Effect;
use crate::plan::{Graph, Plan};
use crate::replan::{Proposal, Replan, ReplanKind, ReplanState, Standing, Trigger};
use crate::time::UtcMillis;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an event calls for.
pub(super) struct Called {
    pub(super) phase: PhaseNumber,
    pub(super) number: u32,
    pub(super) kind: ReplanKind,
    pub(super) trigger: Trigger,
    pub(super) asks: bool,
}

impl Run {
    /// The change of the plan that is being worked on: the oldest that is open.
    #[must_use]
    pub fn active_replan(&self) -> Option<&Replan> {
        self.replans.iter().find(|replan| replan.state == ReplanState::Pending)
    }

    /// The change that a step belongs to.
    #[must_use]
    pub fn replan_of(&self, step: &Step) -> Option<&Replan> {
        let (phase, number) = (step.phase?, step.replan?);
        self.replans.iter().find(|replan| replan.phase == phase && replan.number == number)
    }

    /// Whether the current state has steps that change the plan.
    #[must_use]
    pub fn can_replan(&self) -> bool {
        let state = self.created.definition.state(&self.state);
        state.is_some_and(|state| state.steps.iter().any(|step| step.for_each == Some(ForEach::Replans)))
    }

    /// How far a phase has come.
    #[must_use]
    pub fn standing(&self, number: PhaseNumber) -> Standing {
        let Some(phase) = self.phases.get(&number) else { return Standing::Untouched };
        if phase.is_done() {
            return Standing::Done;
        }
        if self.work_of(phase).any(|step| !step.attempts.is_empty()) { Standing::Begun } else { Standing::Untouched }
    }

    /// Whether somebody works on a phase at this moment.
    #[must_use]
    pub fn is_worked_on(&self, number: PhaseNumber) -> bool {
        self.phases.get(&number).is_some_and(|phase| self.work_of(phase).any(|step| step.state.is_live()))
    }

    /// Whether a step that is ready may begin beside a change of the plan.
    #[must_use]
    pub fn may_begin(&self, step: &Step) -> bool {
        match (self.active_replan(), step.phase, step.replan) {
            (None, _, None) | (Some(_), None, None) => true,
            (None, _, Some(_)) | (Some(_), None, Some(_)) => false,
            (Some(active), Some(phase), Some(number)) => {
                let own = active.phase == phase && active.number == number;
                own && !(active.kind.holds() && self.is_worked_on(phase))
            }
            (Some(active), Some(phase), None) => {
                let target = active.kind.holds() && active.phase == phase;
                !target && self.standing(phase) == Standing::Begun
            }
        }
    }

    /// The steps that work on a phase as its text is now.
    fn work_of(&self, phase: &PhaseRun) -> impl Iterator<Item = &Step> {
        let of_now = |step: &&Step| step.replan.is_none() && step.state != StepState::Skipped;
        phase.steps.iter().filter_map(|&at| self.steps.get(at as usize)).filter(of_now)
    }

    pub(super) fn add_replan(&mut self, at: UtcMillis, called: Called, reason: &str) -> Result<(), String> {
        let Called { phase: number, number: round, kind, trigger, asks } = called;
        let state = self.state.clone();
        let prefix = format!("{}/replan#{round}", self.phase_prefix(&state, number));
        let phase = self.phases.get_mut(&number).ok_or_else(|| format!("names the unknown phase {number}"))?;
        if phase.replans + 1 != round {
            return Err(format!("is change {round} of phase {number} after {}", phase.replans));
        }
        phase.replans = round;
        let failed = self.has_failed(number);
        self.replans.push(Replan {
            phase: number,
            number: round,
            kind,
            trigger,
            reason: reason.to_owned(),
            at,
            state: ReplanState::Pending,
            proposal: None,
        });
        // A phase that failed begins anew with its new text; one that is at work, or waits, goes on with the old one
        // until the new one is in force, or if nothing comes of it.
        if kind.holds() && failed {
            self.give_up_open(number);
        }
        self.expand_replan(&state, &prefix, (number, round), asks);
        Ok(())
    }

    fn has_failed(&self, number: PhaseNumber) -> bool {
        let open = |step: &Step| step.state == StepState::Failed && !step.superseded;
        self.phases.get(&number).is_some_and(|phase| self.work_of(phase).any(open))
    }

    fn expand_replan(&mut self, state: &StateName, prefix: &str, (phase, round): (PhaseNumber, u32), asks: bool) {
        let Some(templates) = self.templates_of(state) else { return };
        let wanted =
            |step: &StepTemplate| step.for_each == Some(ForEach::Replans) && (asks || step.kind != StepKind::Gate);
        let steps: Vec<_> = numbered(&templates).filter(|(_, step)| wanted(step)).collect();
        let first = self.end();
        self.push_group(state, prefix, Some(phase), &steps);
        for step in self.steps.iter_mut().skip(first as usize) {
            step.replan = Some(round);
        }
        self.connect(first, &templates);
    }

    fn templates_of(&self, state: &StateName) -> Option<Vec<StepTemplate>> {
        self.created.definition.state(state).map(|state| state.steps.clone())
    }

    pub(super) fn propose(&mut self, step: &StepId, proposal: &Proposal) -> Result<(), String> {
        let of = self.step(step).ok_or_else(|| format!("names the unknown step `{step}`"))?;
        let place = self.replan_of(of).map(|replan| (replan.phase, replan.number));
        let replan = place.and_then(|(phase, number)| self.replan_mut(phase, number));
        replan.ok_or_else(|| format!("comes from `{step}`, which changes no plan"))?.proposal = Some(proposal.clone());
        Ok(())
    }

    fn replan_mut(&mut self, phase: PhaseNumber, number: u32) -> Option<&mut Replan> {
        self.replans.iter_mut().find(|replan| replan.phase == phase && replan.number == number)
    }

    /// A step that was to change the plan has failed. Where nothing else was wrong with the phase, work goes on by the
    /// plan as it is.
    pub(super) fn after_failed_replan(&mut self, place: u32, message: &str) {
        let Some(replan) = self.steps.get(place as usize).and_then(|step| self.replan_of(step)) else { return };
        let (phase, number, holds) = (replan.phase, replan.number, replan.kind.holds());
        let reason = format!("the plan stays as it is for phase {phase}: {message}");
        let given_up = holds && self.phases.get(&phase).is_some_and(|phase| self.is_given_up(phase));
        self.set_replan(phase, number, ReplanState::Dropped);
        self.skip_replan(phase, number);
        if !given_up {
            self.supersede(place);
            self.warnings.push(reason);
        }
    }

    /// Whether nothing of a phase is left to be done by its text: it failed, and was to begin anew.
    fn is_given_up(&self, phase: &PhaseRun) -> bool {
        let open = |step: &Step| {
            step.state.is_live() || matches!(step.state, StepState::Blocked | StepState::Ready | StepState::Waiting)
        };
        !phase.is_done() && !self.work_of(phase).any(open)
    }

    pub(super) fn drop_replan(&mut self, phase: PhaseNumber, number: u32, reason: &str) -> Result<(), String> {
        self.set_replan(phase, number, ReplanState::Dropped);
        self.skip_replan(phase, number);
        self.warnings.push(format!("the plan was not changed for phase {phase}: {reason}"));
        Ok(())
    }

    fn set_replan(&mut self, phase: PhaseNumber, number: u32, state: ReplanState) {
        if let Some(replan) = self.replan_mut(phase, number) {
            replan.state = state;
        }
    }

    fn skip_replan(&mut self, phase: PhaseNumber, number: u32) {
        let steps = self.phases.get(&phase).map(|phase| phase.steps.clone()).unwrap_or_default();
        for at in steps {
            let step = &self.steps[at as usize];
            let open = matches!(step.state, StepState::Blocked | StepState::Ready | StepState::Waiting);
            if step.replan == Some(number) && open {
                self.set_state(at, StepState::Skipped);
            }
        }
    }

    /// The changed plan comes into force: phases whose text is another begin under new names, the others go on.
    pub(super) fn replan(&mut self, phase: PhaseNumber, number: u32) -> Result<(), String> {
        let replan = self.replan_mut(phase, number).ok_or("names a change that was not called for")?;
        let (kind, proposal) = (replan.kind, replan.proposal.clone().ok_or("comes before there is a changed plan")?);
        replan.state = ReplanState::Adopted;
        let graph = Graph::new(&proposal.plan).map_err(|_| "brings a plan without an order".to_owned())?;
        let before = self.plan().cloned().unwrap_or_default();
        let plan = *proposal.plan;
        let learned = self.learned().to_vec();
        let adopted = Adopted { plan: plan.clone(), hash: proposal.hash, diff: String::new(), learned };
        self.adopted = Some(Arc::new(adopted));
        let fresh = self.exchange_phases((&before, &plan), &graph, (phase, kind));
        self.foresee();
        for number in fresh {
            self.begin_anew(number);
        }
        Ok(())
    }

    /// Gives the numbers of the phases that begin with the changed plan.
    fn exchange_phases(
        &mut self,
        (before, plan): (&Plan, &Plan),
        graph: &Graph,
        (target, kind): (PhaseNumber, ReplanKind),
    ) -> Vec<PhaseNumber> {
        let mut old = std::mem::take(&mut self.phases);
        let inherited = old.get(&target).map_or(0, |phase| phase.replans);
        let mut fresh = Vec::new();
        let mut phases = BTreeMap::new();
        for phase in &plan.phases {
            let known = old.remove(&phase.number);
            let same = before.phase(phase.number).is_some_and(|earlier| earlier.asks_same_as(phase));
            let again = phase.number == target && kind.holds();
            let run = match known {
                Some(known) if known.is_done() || same && !again => known,
                Some(known) => {
                    fresh.push(phase.number);
                    let revision = known.revision + 1;
                    // What was worked out in detail is not looked at again for its size.
                    let evaluated = again && kind != ReplanKind::Split;
                    PhaseRun { revision, repairs: 0, repair: None, conflicts: BTreeMap::new(), evaluated, ..known }
                }
                None => {
                    fresh.push(phase.number);
                    self.new_phase(phase.number, inherited)
                }
            };
            phases.insert(phase.number, run);
        }
        let done = |number: &PhaseNumber| phases.get(number).is_some_and(PhaseRun::is_done);
        let unmet: BTreeMap<PhaseNumber, usize> = plan
            .phases
            .iter()
            .map(|phase| (phase.number, phase.depends_on.iter().filter(|number| !done(number)).count()))
            .collect();
        for (number, phase) in &mut phases {
            phase.unmet = u32::try_from(unmet.get(number).copied().unwrap_or(0)).unwrap_or(u32::MAX);
            phase.dependents = graph.dependents(*number).collect();
            phase.priority = graph.priority(*number);
        }
        self.phases = phases;
        // Before any step changes its state: what is ready is found by its phase's priority, which is another one now.
        self.rerank();
        for (number, gone) in old {
            self.retire(&gone.steps);
            self.drop_changes_of(number);
        }
        fresh
    }

    /// A phase that comes in. Its number may be that of one that is gone: neither its steps nor its changes are named as
    /// the other's were.
    fn new_phase(&self, number: PhaseNumber, inherited: u32) -> PhaseRun {
        let earlier = self.replans.iter().filter(|replan| replan.phase == number).map(|replan| replan.number).max();
        let replans = inherited.max(earlier.unwrap_or(0));
        PhaseRun { revision: self.unused_revision(number), ..PhaseRun::new(replans) }
    }

    /// Steps of a text that is not in force any more: what waited for them waits no longer.
    fn retire(&mut self, steps: &[u32]) {
        for &at in steps {
            let step = &self.steps[at as usize];
            let open = matches!(step.state, StepState::Blocked | StepState::Ready | StepState::Waiting);
            if open {
                let id = step.id.clone();
                self.close(Effect::Ask, &id, 0);
                self.set_state(at, StepState::Skipped);
                self.release_dependents(at);
            }
            self.supersede_failed(at);
        }
    }

    /// What was still to be changed of a phase that is gone, after its steps are.
    fn drop_changes_of(&mut self, number: PhaseNumber) {
        let open = |replan: &&mut Replan| replan.phase == number && replan.state == ReplanState::Pending;
        for replan in self.replans.iter_mut().filter(open) {
            replan.state = ReplanState::Dropped;
            let reason = format!(
                "change {} of phase {number} was dropped: the phase is not in the plan any more",
                replan.number
            );
            self.warnings.push(reason);
        }
    }

    fn supersede_failed(&mut self, at: u32) {
        if self.steps[at as usize].state == StepState::Failed {
            self.supersede(at);
        }
    }

    /// The steps of a phase as its text is now.
    fn begin_anew(&mut self, number: PhaseNumber) {
        let state = self.state.clone();
        let Some(templates) = self.templates_of(&state) else { return };
        self.give_up_open(number);
        let phased: Vec<_> = numbered(&templates).filter(|(_, step)| step.for_each == Some(ForEach::Phases)).collect();
        let prefix = self.phase_prefix(&state, number);
        let (first, new) = (self.end(), self.phases.get(&number).is_some_and(|phase| phase.steps.is_empty()));
        self.push_group(&state, &prefix, Some(number), &phased);
        self.connect(first, &templates);
        if new {
            self.wait_for_new(first, &templates);
        } else {
            self.take_over_dependents(number, first);
        }
    }

    /// What waits for the work of every phase waits for a new phase too.
    fn wait_for_new(&mut self, first: u32, templates: &[StepTemplate]) {
        for waiting in self.first_of_visit..first {
            let step = &self.steps[waiting as usize];
            let open = matches!(step.state, StepState::Blocked | StepState::Ready);
            let Some(template) = templates.get(step.template as usize).filter(|_| step.phase.is_none() && open) else {
                continue;
            };
            let named = |at: &u32| {
                let other = templates.get(self.steps[*at as usize].template as usize);
                other.is_some_and(|other| template.needs.contains(&other.id))
            };
            let needed: Vec<u32> = (first..self.end()).filter(named).collect();
            self.wait_also(waiting, &needed);
        }
    }

    pub(super) fn wait_also(&mut self, waiting: u32, needed: &[u32]) {
        if needed.is_empty() {
            return;
        }
        for &at in needed {
            self.steps[at as usize].dependents.push(waiting);
        }
        self.set_state(waiting, StepState::Blocked);
        self.steps[waiting as usize].unmet += u32::try_from(needed.len()).unwrap_or(u32::MAX);
    }
}

impl PhaseRun {
    /// A phase that came into the plan on the way. It is a part of what was changed, so that changing it counts on.
    fn new(replans: u32) -> Self {
        Self {
            unmet: 0,
            dependents: Vec::new(),
            steps: Vec::new(),
            priority: 0,
            repairs: 0,
            repair: None,
            conflicts: BTreeMap::new(),
            merged: false,
            skipped: false,
            revision: 0,
            replans,
            evaluated: false,
            meets: Vec::new(),
        }
    }
}
