//! Steps out of templates. Part of `apply`: what an old journal expanded to, it expands to for ever.

use super::{Attempt, PhaseRun, Run, Step, StepState};
use crate::definition::{ForEach, StateName, StepTemplate};
use crate::failure::FailingGroup;
use crate::ids::{PhaseNumber, StepId};
use crate::plan::Graph;
use std::collections::BTreeMap;

impl Run {
    /// Phases with their dependencies, before any step exists. Phases that are done already count as merged.
    pub(super) fn begin_phases(&mut self) {
        let Some(plan) = self.plan() else { return };
        let Ok(graph) = Graph::new(plan) else { return };
        // What was done already was done for the plan that the run was given.
        let given = self.adopted.is_none();
        let done = |number: &PhaseNumber| given && self.created.done.contains(number);
        let phases = plan.phases.iter().map(|phase| {
            let unmet = phase.depends_on.iter().filter(|number| !done(number)).count();
            let run = PhaseRun {
                unmet: u32::try_from(unmet).unwrap_or(u32::MAX),
                dependents: graph.dependents(phase.number).collect(),
                steps: Vec::new(),
                priority: graph.priority(phase.number),
                repairs: 0,
                repair: None,
                conflicts: BTreeMap::new(),
                merged: done(&phase.number),
                skipped: false,
                revision: 0,
                replans: 0,
                evaluated: false,
                meets: Vec::new(),
            };
            (phase.number, run)
        });
        self.phases = phases.collect();
        self.foresee();
    }

    /// The steps of a state that was just entered: those of the state itself, then those of each phase.
    pub(super) fn expand_state(&mut self, state: &StateName) {
        self.queues.forget_tally();
        self.first_of_visit = self.end();
        let visit = self.visit(state);
        let Some(templates) = self.created.definition.state(state).map(|state| state.steps.clone()) else { return };
        let single = single_prefix(state, visit);
        let of = |each: Option<ForEach>| -> Vec<(u32, &StepTemplate)> {
            numbered(&templates).filter(|(_, step)| step.for_each == each && self.created.applies(step)).collect()
        };
        let (plain, on_topics, phased) = (of(None), of(Some(ForEach::Topics)), of(Some(ForEach::Phases)));
        let (on_tests, on_tracks) = (of(Some(ForEach::FailingTests)), of(Some(ForEach::Tracks)));
        self.push_group(state, &single, None, &plain);
        for at in 0..u32::try_from(self.created.tracks.len()).unwrap_or(u32::MAX) {
            let first = self.end();
            self.push_group(state, &format!("{single}/s{}", at + 1), None, &on_tracks);
            for step in self.steps.iter_mut().skip(first as usize) {
                step.track = Some(at);
            }
        }
        for at in 0..u32::try_from(self.created.topics.len()).unwrap_or(u32::MAX) {
            let first = self.end();
            self.push_group(state, &format!("{single}/t{}", at + 1), None, &on_topics);
            for step in self.steps.iter_mut().skip(first as usize) {
                step.topic = Some(at);
            }
        }
        self.failing = if on_tests.is_empty() { Vec::new() } else { self.failing_now() };
        for at in 0..u32::try_from(self.failing.len()).unwrap_or(u32::MAX) {
            let first = self.end();
            self.push_group(state, &format!("{single}/g{}", at + 1), None, &on_tests);
            for step in self.steps.iter_mut().skip(first as usize) {
                step.group = Some(at);
            }
        }
        let open: Vec<PhaseNumber> =
            self.phases.iter().filter(|(_, phase)| !phase.is_done()).map(|(number, _)| *number).collect();
        for number in open {
            let prefix = self.phase_prefix(state, number);
            self.push_group(state, &prefix, Some(number), &phased);
        }
        self.connect(self.first_of_visit, &templates);
    }

    /// The tests that fail by the newest verdict. Output that names none is one group: all that the command tests.
    fn failing_now(&self) -> Vec<FailingGroup> {
        match self.verdicts.last() {
            Some(verdict) if !verdict.passed && verdict.failing.is_empty() => {
                vec![FailingGroup { name: verdict.command.clone(), tests: Vec::new() }]
            }
            Some(verdict) if !verdict.passed => verdict.failing.clone(),
            Some(_) | None => Vec::new(),
        }
    }

    /// `implement/p3`, and `implement/p3v2` once its text was changed: names of steps are never used again.
    pub(super) fn phase_prefix(&self, state: &StateName, number: PhaseNumber) -> String {
        self.prefix_of(state, number, self.phases.get(&number).map_or(0, |phase| phase.revision))
    }

    fn prefix_of(&self, state: &StateName, number: PhaseNumber, revision: u32) -> String {
        let single = single_prefix(state, self.visit(state));
        match revision {
            0 => format!("{single}/p{number}"),
            revision => format!("{single}/p{number}v{}", revision.saturating_add(1)),
        }
    }

    /// The first revision of a phase whose name no step has: the number may be that of a phase which is gone.
    pub(super) fn unused_revision(&self, number: PhaseNumber) -> u32 {
        let of_number = self.steps.iter().filter(|step| step.phase == Some(number));
        let names: Vec<&str> = of_number.map(|step| step.id.as_str()).collect();
        let is_used = |revision: u32| {
            let prefix = format!("{}/", self.prefix_of(&self.state, number, revision));
            names.iter().any(|name| name.starts_with(&prefix))
        };
        (0..u32::MAX).find(|revision| !is_used(*revision)).unwrap_or(u32::MAX)
    }

    /// Steps that repair a phase's work: the phase's templates once more, under a new key.
    pub(super) fn expand_repair(&mut self, number: PhaseNumber, round: u32) {
        let state = self.state.clone();
        let Some(templates) = self.created.definition.state(&state).map(|state| state.steps.clone()) else { return };
        let phased: Vec<_> = numbered(&templates).filter(|(_, step)| step.for_each == Some(ForEach::Phases)).collect();
        let prefix = format!("{}/repair#{round}", self.phase_prefix(&state, number));
        let first = self.end();
        self.push_group(&state, &prefix, Some(number), &phased);
        for step in self.steps.iter_mut().skip(first as usize) {
            step.repair = Some(round);
        }
        self.connect(first, &templates);
        self.take_over_dependents(number, first);
    }

    pub(super) fn end(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// Adds steps that nothing releases yet: [`Self::connect`] does, once all of them are there.
    pub(super) fn push_group(
        &mut self,
        state: &StateName,
        prefix: &str,
        phase: Option<PhaseNumber>,
        templates: &[(u32, &StepTemplate)],
    ) {
        for (position, template) in templates {
            let at = self.push_step(Step {
                id: StepId::new(format!("{prefix}/{}", template.id)),
                kind: template.kind,
                of_state: state.clone(),
                template: *position,
                phase,
                topic: None,
                repair: None,
                replan: None,
                base: None,
                group: None,
                track: None,
                state: StepState::Blocked,
                unmet: 0,
                dependents: Vec::new(),
                attempts: Vec::<Attempt>::new(),
                counted: 0,
                waiting: None,
                work: None,
                movement: None,
                failure: None,
                superseded: false,
                said: Vec::new(),
                questions: Vec::new(),
            });
            if let Some(phase) = phase.and_then(|number| self.phases.get_mut(&number)) {
                phase.steps.push(at);
            }
        }
    }

    /// Counts what each new step waits for, and lets it begin if that is nothing.
    pub(super) fn connect(&mut self, first: u32, templates: &[StepTemplate]) {
        for at in first..self.end() {
            let needs = self.needs(at, first, templates);
            let mut unmet = needs.len();
            for need in needs {
                self.steps[need as usize].dependents.push(at);
            }
            let Some(step) = self.steps.get_mut(at as usize) else { continue };
            // A phase's first steps also wait for the phase's dependencies, as one need.
            let held = step.phase.and_then(|number| self.phases.get(&number)).is_some_and(|phase| phase.unmet > 0);
            unmet += usize::from(held && step.replan.is_none() && is_first(step, templates));
            step.unmet = u32::try_from(unmet).unwrap_or(u32::MAX);
            if unmet == 0 {
                self.set_state(at, StepState::Ready);
            }
        }
    }

    /// The steps that a step waits for: of its own phase (and the same repair of it) or of the state itself; a step of
    /// the state itself waits for those of every phase.
    fn needs(&self, at: u32, first: u32, templates: &[StepTemplate]) -> Vec<u32> {
        let Some(step) = self.steps.get(at as usize) else { return Vec::new() };
        let Some(names) = templates.get(step.template as usize).map(|template| &template.needs) else {
            return Vec::new();
        };
        if names.is_empty() {
            return Vec::new();
        }
        let of_phase = step.phase.and_then(|number| self.phases.get(&number)).map(|phase| phase.steps.as_slice());
        let of_state = (self.first_of_visit..self.end())
            .take_while(|&other| step.phase.is_none() || self.steps[other as usize].phase.is_none());
        let wanted = |&other: &u32| {
            let other = &self.steps[other as usize];
            let named = templates.get(other.template as usize).is_some_and(|template| names.contains(&template.id));
            let alike = other.repair == step.repair && other.replan == step.replan;
            let same = (other.phase.is_none() || step.phase.is_none() || alike)
                && (other.topic.is_none() || step.topic.is_none() || other.topic == step.topic);
            named && same && other.state != StepState::Succeeded
        };
        // An older text of the phase has steps of the same names.
        let own = of_phase.unwrap_or_default().iter().copied().filter(|&other| other >= first);
        own.chain(of_state).filter(wanted).collect()
    }

    /// What waited for a phase's step waits for its repair from now on.
    pub(super) fn take_over_dependents(&mut self, number: PhaseNumber, first: u32) {
        let Some(phase) = self.phases.get(&number) else { return };
        let known: Vec<u32> = phase.steps.iter().copied().filter(|&at| at >= self.first_of_visit).collect();
        for &old in known.iter().filter(|&&at| at < first) {
            let step = &self.steps[old as usize];
            if step.state == StepState::Succeeded || step.replan.is_some() {
                continue;
            }
            let new = known.iter().find(|&&at| at >= first && self.steps[at as usize].template == step.template);
            let Some(&new) = new else { continue };
            let outside = |at: &u32| self.steps[*at as usize].phase.is_none();
            let (moved, left) = step.dependents.iter().copied().partition(outside);
            self.steps[old as usize].dependents = left;
            let moved: Vec<u32> = moved;
            self.steps[new as usize].dependents.extend(moved);
        }
    }

    /// The steps of a state that the run leaves are not needed any more, if they have not begun.
    pub(super) fn skip_unbegun(&mut self) {
        for at in self.first_of_visit..self.end() {
            match self.steps[at as usize].state {
                StepState::Blocked | StepState::Ready => self.set_state(at, StepState::Skipped),
                StepState::Leased
                | StepState::Running
                | StepState::Verifying
                | StepState::Succeeded
                | StepState::Failed
                | StepState::Waiting
                | StepState::Cancelled
                | StepState::Skipped => {}
            }
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
        if phase.is_done() {
            return;
        }
        phase.merged = true;
        self.release_after(number);
    }

    /// Phases that waited for this one wait no longer.
    pub(super) fn release_after(&mut self, number: PhaseNumber) {
        let dependents = self.phases.get(&number).map(|phase| phase.dependents.clone()).unwrap_or_default();
        for dependent in dependents {
            let Some(phase) = self.phases.get_mut(&dependent) else { continue };
            phase.unmet = phase.unmet.saturating_sub(1);
            if phase.unmet == 0 {
                self.release_first_steps(dependent);
            }
        }
    }

    fn release_first_steps(&mut self, number: PhaseNumber) {
        let steps = self.phases.get(&number).map(|phase| phase.steps.clone()).unwrap_or_default();
        let Some(state) = self.created.definition.state(&self.state) else { return };
        let first = |at: &u32| {
            let own = |step: &&Step| step.replan.is_none() && step.state == StepState::Blocked;
            let step = self.steps.get(*at as usize).filter(own);
            *at >= self.first_of_visit && step.is_some_and(|step| is_first(step, &state.steps))
        };
        for at in steps.into_iter().filter(first).collect::<Vec<_>>() {
            self.release(at);
        }
    }

    pub(super) fn release(&mut self, at: u32) {
        let Some(step) = self.steps.get_mut(at as usize) else { return };
        step.unmet = step.unmet.saturating_sub(1);
        if step.unmet == 0 && step.state == StepState::Blocked {
            self.set_state(at, StepState::Ready);
        }
    }
}

/// Whether a step waits for no other step of its phase.
fn is_first(step: &Step, templates: &[StepTemplate]) -> bool {
    let phased =
        |need: &String| templates.iter().any(|other| other.id == *need && other.for_each == Some(ForEach::Phases));
    templates.get(step.template as usize).is_some_and(|template| !template.needs.iter().any(phased))
}

/// `test`, then `test#2` for the second visit.
pub(super) fn single_prefix(state: &StateName, visit: u32) -> String {
    if visit > 1 { format!("{state}#{visit}") } else { state.to_string() }
}

pub(super) fn numbered(templates: &[StepTemplate]) -> impl Iterator<Item = (u32, &StepTemplate)> {
    templates.iter().enumerate().map(|(at, template)| (u32::try_from(at).unwrap_or(u32::MAX), template))
}
