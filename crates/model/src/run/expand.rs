//! Steps out of templates. Part of `apply`: what an old journal expanded to, it expands to for ever.

use super::{Attempt, PhaseRun, Run, Step, StepState};
use crate::definition::{StateName, StepTemplate};
use crate::ids::{PhaseNumber, StepId};
use crate::plan::Graph;
use std::collections::BTreeMap;

impl Run {
    /// Phases with their dependencies, before any step exists. Phases that are done already count as merged.
    pub(super) fn begin_phases(&mut self) {
        let Some(plan) = &self.created.plan else { return };
        let Ok(graph) = Graph::new(plan) else { return };
        let done = |number: &PhaseNumber| self.created.done.contains(number);
        let phases = plan.phases.iter().map(|phase| {
            let unmet = phase.depends_on.iter().filter(|number| !done(number)).count();
            let run = PhaseRun {
                unmet: u32::try_from(unmet).unwrap_or(u32::MAX),
                dependents: graph.dependents(phase.number).collect(),
                steps: Vec::new(),
                priority: graph.priority(phase.number),
                repairs: 0,
                repair: None,
                merged: done(&phase.number),
            };
            (phase.number, run)
        });
        self.phases = phases.collect();
    }

    /// The steps of a state that was just entered.
    pub(super) fn expand_state(&mut self, state: &StateName) {
        self.queues.forget_tally();
        let visit = self.visit(state);
        let Some(templates) = self.created.definition.state(state).map(|state| state.steps.clone()) else { return };
        let single = single_prefix(state, visit);
        let (phased, plain): (Vec<_>, Vec<_>) = numbered(&templates).partition(|(_, step)| step.for_each.is_some());
        self.expand_group(state, &single, None, &plain);
        let open: Vec<PhaseNumber> =
            self.phases.iter().filter(|(_, phase)| !phase.merged).map(|(number, _)| *number).collect();
        for number in open {
            self.expand_group(state, &format!("{single}/p{number}"), Some(number), &phased);
        }
    }

    /// Steps that repair a phase's work: the phase's templates once more, under a new key.
    pub(super) fn expand_repair(&mut self, number: PhaseNumber, round: u32) {
        let state = self.state.clone();
        let Some(templates) = self.created.definition.state(&state).map(|state| state.steps.clone()) else { return };
        let phased: Vec<_> = numbered(&templates).filter(|(_, step)| step.for_each.is_some()).collect();
        let prefix = format!("{}/p{number}/repair#{round}", single_prefix(&state, self.visit(&state)));
        let first = self.steps.len();
        self.expand_group(&state, &prefix, Some(number), &phased);
        for step in self.steps.iter_mut().skip(first) {
            step.repair = Some(round);
        }
    }

    fn expand_group(
        &mut self,
        state: &StateName,
        prefix: &str,
        phase: Option<PhaseNumber>,
        templates: &[(u32, &StepTemplate)],
    ) {
        let held = phase.and_then(|number| self.phases.get(&number)).is_some_and(|phase| phase.unmet > 0);
        let mut placed: BTreeMap<&str, u32> = BTreeMap::new();
        for (position, template) in templates {
            let needs: Vec<u32> = template.needs.iter().filter_map(|need| placed.get(need.as_str()).copied()).collect();
            let own = u32::try_from(needs.len()).unwrap_or(u32::MAX);
            // A phase's first steps also wait for the phase's dependencies, as one need.
            let unmet = if needs.is_empty() && held { 1 } else { own };
            let at = self.push_step(Step {
                id: StepId::new(format!("{prefix}/{}", template.id)),
                kind: template.kind,
                of_state: state.clone(),
                template: *position,
                phase,
                repair: None,
                state: if unmet == 0 { StepState::Ready } else { StepState::Blocked },
                unmet,
                dependents: Vec::new(),
                attempts: Vec::<Attempt>::new(),
                counted: 0,
                waiting: None,
                work: None,
                movement: None,
                failure: None,
                superseded: false,
            });
            for need in needs {
                if let Some(step) = self.steps.get_mut(need as usize) {
                    step.dependents.push(at);
                }
            }
            if let Some(phase) = phase.and_then(|number| self.phases.get_mut(&number)) {
                phase.steps.push(at);
            }
            placed.insert(&template.id, at);
        }
    }

    /// A step's success releases what needs it.
    pub(super) fn release_dependents(&mut self, at: u32) {
        let dependents = self.steps.get(at as usize).map(|step| step.dependents.clone()).unwrap_or_default();
        for dependent in dependents {
            self.release(dependent);
        }
    }

    /// A phase's merge releases the first steps of the phases that depended on nothing else.
    pub(super) fn release_phase(&mut self, number: PhaseNumber) {
        let Some(phase) = self.phases.get_mut(&number) else { return };
        if phase.merged {
            return;
        }
        phase.merged = true;
        for dependent in phase.dependents.clone() {
            let Some(phase) = self.phases.get_mut(&dependent) else { continue };
            phase.unmet = phase.unmet.saturating_sub(1);
            if phase.unmet == 0 {
                self.release_first_steps(dependent);
            }
        }
    }

    fn release_first_steps(&mut self, number: PhaseNumber) {
        let steps = self.phases.get(&number).map(|phase| phase.steps.clone()).unwrap_or_default();
        let first = |at: &u32| {
            let step = self.steps.get(*at as usize);
            step.and_then(|step| self.template(step)).is_some_and(|template| template.needs.is_empty())
        };
        for at in steps.into_iter().filter(first).collect::<Vec<_>>() {
            self.release(at);
        }
    }

    fn release(&mut self, at: u32) {
        let Some(step) = self.steps.get_mut(at as usize) else { return };
        step.unmet = step.unmet.saturating_sub(1);
        if step.unmet == 0 && step.state == StepState::Blocked {
            self.set_state(at, StepState::Ready);
        }
    }
}

/// `test`, then `test#2` for the second visit.
fn single_prefix(state: &StateName, visit: u32) -> String {
    if visit > 1 { format!("{state}#{visit}") } else { state.to_string() }
}

fn numbered(templates: &[StepTemplate]) -> impl Iterator<Item = (u32, &StepTemplate)> {
    templates.iter().enumerate().map(|(at, template)| (u32::try_from(at).unwrap_or(u32::MAX), template))
}
