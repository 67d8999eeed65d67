//! The rules of scheduling, told a second time from the events alone and checked after each of them.

use coordinate_model::budget::Mode;
use coordinate_model::definition::StepKind;
use coordinate_model::event::Event;
use coordinate_model::ids::{PhaseNumber, StepId};
use coordinate_model::ledger::{Line, lines};
use coordinate_model::obligation::{Effect, Obligation, outstanding};
use coordinate_model::replan::ReplanState;
use coordinate_model::run::{Lane, Run, Step, StepState};
use std::collections::{BTreeMap, BTreeSet};

/// What the events have said so far.
pub(crate) struct Oracle {
    needs: BTreeMap<PhaseNumber, Vec<PhaseNumber>>,
    merged: BTreeSet<PhaseNumber>,
    succeeded: BTreeSet<StepId>,
    /// Failures of this visit of this state that no repair has taken up.
    failed: BTreeSet<StepId>,
    closing: bool,
    /// Phases of which one made way for the other.
    overlaps: BTreeSet<(PhaseNumber, PhaseNumber)>,
}

impl Oracle {
    pub(crate) fn new(run: &Run) -> Self {
        let phases = run.created.plan.iter().flat_map(|plan| &plan.phases);
        Self {
            needs: phases.map(|phase| (phase.number, phase.depends_on.clone())).collect(),
            merged: run.created.done.iter().copied().collect(),
            succeeded: BTreeSet::new(),
            failed: BTreeSet::new(),
            closing: false,
            overlaps: BTreeSet::new(),
        }
    }

    /// What must hold where an event is written.
    pub(crate) fn before(&mut self, run: &Run, event: &Event) {
        let people = matches!(
            event,
            Event::PauseRequested { .. } | Event::Resumed { .. } | Event::DriverTook { .. } | Event::RunEnded { .. }
        );
        assert!(!self.closing || people, "{} after the end was decided", event.name());
        match event {
            Event::AttemptLeased { step, .. } => self.lease(run, step),
            Event::AttemptStarted { step, .. } | Event::StepSucceeded { step, .. } => {
                assert!(!self.succeeded.contains(step), "`{step}` is done and {}", event.name());
            }
            Event::Merged { step, .. } => {
                let phase = run.step(step).filter(|step| step.replan.is_none()).and_then(|step| step.phase);
                let merged = phase.and_then(|phase| run.phases.get(&phase)).is_some_and(|phase| phase.merged);
                assert!(!merged, "`{step}` is merged twice");
            }
            Event::TransitionIntended { .. } | Event::GateOpened { .. } => assert!(!run.is_held()),
            _ => {}
        }
    }

    fn lease(&self, run: &Run, id: &StepId) {
        assert!(!run.is_held(), "`{id}` is leased while the run is held");
        assert!(!self.succeeded.contains(id), "`{id}` is done and leased again");
        let step = run.step(id).unwrap();
        assert_eq!(step.of_state, run.state, "`{id}` is leased in `{}`", run.state);
        let policy = &run.created.definition.policy;
        assert!(!policy.fail_fast || self.failed.is_empty(), "`{id}` is leased after {:?} failed", self.failed);
        self.lease_beside_a_replan(run, step);
        let phase = step.phase.filter(|_| step.replan.is_none());
        for needed in phase.and_then(|phase| self.needs.get(&phase)).into_iter().flatten() {
            assert!(self.merged.contains(needed), "`{id}` is leased before phase {needed} is merged");
        }
        assert_eq!(step.state, StepState::Ready);
        let may = |other: &&Step| run.may_begin(other) && !run.waits_for_another(other);
        // What is likely to meet something at work comes after all else.
        let urgency = |step: &Step| (run.foreseen(step).is_some(), std::cmp::Reverse(priority(run, step)));
        let first = ready(run, Lane::of(step.kind)).filter(may).map(urgency).min();
        assert_eq!(first, Some(urgency(step)), "`{id}` is not the most urgent");
        self.lease_beside_others(run, step);
    }

    /// No phase begins while another one works that says it changes the same file.
    fn lease_beside_others(&self, run: &Run, step: &Step) {
        let avoids = run.created.options.forecast.is_some_and(|settings| settings.avoid);
        let Some(number) = step.phase.filter(|_| avoids && step.replan.is_none()) else { return };
        if run.steps.iter().any(|other| other.phase == Some(number) && !other.attempts.is_empty()) {
            return;
        }
        let names = |number| run.plan().and_then(|plan| plan.phase(number)).map(|phase| phase.files.clone());
        let own = names(number).unwrap_or_default();
        for other in run.live().filter_map(|live| live.phase.filter(|_| live.replan.is_none())) {
            let shared = names(other).unwrap_or_default().into_iter().find(|file| own.contains(file));
            assert_eq!(shared, None, "phase {number} begins while phase {other} works");
        }
    }

    /// One change of the plan at a time, nobody at work on what it changes, and no phase begins meanwhile.
    fn lease_beside_a_replan(&self, run: &Run, step: &Step) {
        let open: Vec<_> = run.replans.iter().filter(|replan| replan.state == ReplanState::Pending).collect();
        let (Some(first), Some(phase)) = (open.first(), step.phase) else { return };
        match step.replan {
            Some(number) => {
                assert_eq!((first.phase, first.number), (phase, number), "`{}` is not the oldest change", step.id);
                let busy =
                    |other: &&Step| other.phase == Some(phase) && other.replan.is_none() && other.state.is_live();
                let busy = run.steps.iter().find(busy);
                assert!(
                    !first.kind.holds() || busy.is_none(),
                    "`{}` changes what `{}` does",
                    step.id,
                    busy.unwrap().id
                );
            }
            None => {
                assert!(!first.kind.holds() || first.phase != phase, "`{}` begins while its phase is changed", step.id);
                let begun = |other: &Step| other.phase == Some(phase) && !other.attempts.is_empty();
                assert!(run.steps.iter().any(begun), "`{}` begins a phase while the plan is changed", step.id);
            }
        }
    }

    /// Takes an event in, and checks the state after it.
    pub(crate) fn after(&mut self, run: &Run, event: &Event) {
        match event {
            Event::PlanAdopted { plan, .. } => {
                self.needs = plan.phases.iter().map(|phase| (phase.number, phase.depends_on.clone())).collect();
            }
            Event::Merged { step, .. } => {
                let step = run.step(step).filter(|step| step.replan.is_none());
                self.merged.extend(step.and_then(|step| step.phase));
            }
            Event::StepSkipped { step, .. } => {
                self.merged.extend(run.step(step).and_then(|step| step.phase));
                self.failed.retain(|step| run.step(step).is_some_and(|step| !step.superseded && is_failed(step)));
            }
            Event::StepRetried { step, .. } => drop(self.failed.remove(step)),
            Event::Replanned { phase, .. } => {
                let plan = run.plan().unwrap();
                self.needs = plan.phases.iter().map(|phase| (phase.number, phase.depends_on.clone())).collect();
                self.failed.retain(|step| run.step(step).is_some_and(|step| step.phase != Some(*phase)));
                self.failed.retain(|step| run.step(step).is_some_and(|step| !step.superseded));
            }
            Event::ReplanAdded { .. } | Event::GateAnswered { .. } | Event::BaseRepairAdded { .. } => {
                self.failed.retain(|step| run.step(step).is_some_and(|step| !step.superseded));
            }
            Event::OverlapSeen { earlier, later, pauses, .. } => self.overlap(run, earlier, later, *pauses),
            Event::StepSucceeded { step, .. } => drop(self.succeeded.insert(step.clone())),
            // A change of the plan that fails where nothing else is wrong leaves the plan as it is.
            Event::StepFailed { step, .. } if run.step(step).is_some_and(|step| step.superseded) => {}
            Event::StepFailed { step, .. } => drop(self.failed.insert(step.clone())),
            Event::RepairAdded { phase, .. } => {
                self.failed.retain(|step| run.step(step).is_none_or(|step| step.phase != Some(*phase)));
            }
            Event::TransitionCompleted { .. } => self.failed.clear(),
            Event::RunClosing { .. } => {
                self.closing = true;
                self.check_blocked(run);
            }
            _ => {}
        }
        check_room(run);
        check_views(run);
    }

    /// A pair makes way once, the later for the earlier, and never one that makes way itself.
    fn overlap(&mut self, run: &Run, earlier: &StepId, later: &StepId, pauses: bool) {
        let (before, after) = (run.step(earlier).unwrap(), run.step(later).unwrap());
        let token = |step: &Step| step.attempt().map(|attempt| attempt.token);
        assert!(token(before) < token(after), "`{later}` is the earlier one");
        assert_eq!(run.makes_way(before), None, "`{earlier}` makes way itself");
        assert_eq!(run.makes_way(after).is_some(), pauses);
        let pair = (before.phase.unwrap(), after.phase.unwrap());
        assert!(self.overlaps.insert((pair.0.min(pair.1), pair.0.max(pair.1))), "{pair:?} make way twice");
    }

    /// A failed phase holds back nothing but what depends on it.
    fn check_blocked(&self, run: &Run) {
        if run.created.definition.policy.fail_fast || run.cancelled.is_some() || run.state.as_str() != "implement" {
            return;
        }
        let mut stuck: BTreeSet<_> = run.failures().filter_map(|(step, _)| step.phase).collect();
        loop {
            let before = stuck.len();
            let behind = |needed: &Vec<PhaseNumber>| needed.iter().any(|phase| stuck.contains(phase));
            let more: Vec<_> =
                self.needs.iter().filter(|(_, needed)| behind(needed)).map(|(phase, _)| *phase).collect();
            stuck.extend(more);
            if stuck.len() == before {
                break;
            }
        }
        for phase in self.needs.keys().filter(|phase| !stuck.contains(phase)) {
            assert!(self.merged.contains(phase), "phase {phase} was left undone, and nothing that it needs failed");
        }
    }

    /// When a run has settled, whatever may begin has begun.
    pub(crate) fn settled(&self, run: &Run) {
        let policy = &run.created.definition.policy;
        let refused = |step: &Step| Lane::of(step.kind) == Lane::Gate && step.state == StepState::Failed;
        let stopped = policy.fail_fast && (!self.failed.is_empty() || run.steps.iter().any(refused));
        if run.is_held() || run.closing.is_some() || run.transition.is_some() || stopped {
            return;
        }
        // A workflow that works one after another has no room beside anything.
        if policy.max_parallel == 1 && run.live().next().is_some() {
            assert_eq!(run.live().count(), 1, "two things at once");
            return;
        }
        for lane in [Lane::Work, Lane::Check, Lane::Merge] {
            let most = if lane == Lane::Merge { 1 } else { run.created.options.max_parallel as usize };
            let full = run.created.options.max_research.is_some_and(|most| researched(run) >= most as usize);
            let mut may = ready(run, lane)
                .filter(|step| (!full || step.topic.is_none() && step.track.is_none()) && run.may_begin(step))
                .filter(|step| !run.waits_for_another(step))
                .filter(|step| run.is_within_limits(step));
            let waits = may.find(|step| !is_too_dear(run, step)).filter(|_| live(run, lane) < most);
            assert!(waits.is_none(), "`{}` is ready, there is room, and it does not begin", waits.unwrap().id);
        }
    }
}

/// Whether the budget may hold a step back: something is spent or was, or somebody at work has something set aside.
fn is_too_dear(run: &Run, step: &Step) -> bool {
    let spends = |step: &Step| matches!(step.kind, StepKind::Agent | StepKind::SubRun);
    let kept = run.purse.as_ref().is_some_and(|purse| purse.budgets.mode == Mode::Enforce);
    let reached = || run.purse.as_ref().is_some_and(|purse| !purse.reached.is_empty());
    let tight = || run.live().any(spends) || reached() || lines(run).iter().any(Line::is_spent);
    kept && spends(step) && tight()
}

fn of_lane(run: &Run, lane: Lane) -> impl Iterator<Item = &Step> {
    run.steps.iter().filter(move |step| Lane::of(step.kind) == lane)
}

fn ready(run: &Run, lane: Lane) -> impl Iterator<Item = &Step> {
    of_lane(run, lane).filter(|step| step.state == StepState::Ready)
}

fn live(run: &Run, lane: Lane) -> usize {
    of_lane(run, lane).filter(|step| step.state.is_live()).count()
}

fn researched(run: &Run) -> usize {
    run.steps.iter().filter(|step| (step.topic.is_some() || step.track.is_some()) && step.state.is_live()).count()
}

fn priority(run: &Run, step: &Step) -> u64 {
    step.phase.and_then(|phase| run.phases.get(&phase)).map_or(0, |phase| phase.priority)
}

fn check_room(run: &Run) {
    assert!(live(run, Lane::Merge) <= run.created.options.merge.batch.max(1) as usize, "a batch is too big");
    let merge = |one: &&Obligation| {
        let step = one.key.step.as_ref().and_then(|step| run.step(step));
        step.is_some_and(|step| step.kind == StepKind::Merge) && !matches!(one.key.effect, Effect::Wake)
    };
    assert!(outstanding(run).filter(merge).count() <= 1, "two merges at once");
    assert!(live(run, Lane::Work) <= run.created.options.max_parallel as usize, "too many agents at once");
    if let Some(most) = run.created.options.max_research {
        assert!(researched(run) <= most as usize, "too many topics at once");
    }
}

/// The views that deciding rests on say what the steps say.
fn check_views(run: &Run) {
    let ids = |steps: &mut dyn Iterator<Item = &Step>| steps.map(|step| step.id.clone()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&mut run.live()), ids(&mut run.steps.iter().filter(|step| step.state.is_live())));
    let waiting = |step: &&Step| step.state == StepState::Waiting;
    assert_eq!(ids(&mut run.waiting()), ids(&mut run.steps.iter().filter(waiting)));
    for lane in Lane::ALL {
        assert_eq!(run.live_in(lane), live(run, lane));
        assert_eq!(run.next_ready(lane).is_some(), ready(run, lane).next().is_some());
    }
    for step in &run.steps {
        let agent = step.kind == StepKind::Agent;
        assert!(agent || step.attempts.iter().all(|attempt| attempt.pid.is_none()), "`{}` has a process", step.id);
    }
}

fn is_failed(step: &Step) -> bool {
    step.state == StepState::Failed
}
