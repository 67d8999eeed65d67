//! The one fold: (state, event) to state, live and on recovery.

use super::merge::Repair;
use super::replan::Called;
use super::{
    Adopted, Answered, Attempt, Closing, Corruption, DeliveryResult, Run, StepState, Visit, Waiting, doing, take_facts,
};
use crate::budget::{Budgets, Purse, Reached};
use crate::client::Usage;
use crate::event::{AttemptEnding, Created, Event, GateAnswer, Observation, Outcome, RefMove};
use crate::failure::{Failure, FailureClass, FailureKind};
use crate::ids::{Oid, StepId, Token};
use crate::obligation::{Detail, Effect, Obligation, ObligationKey};
use crate::permission::Rules;
use crate::quota::Limited;
use crate::time::UtcMillis;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Why an event can not follow; the caller adds which event it was.
type Reason = String;

/// Where an event stands in its journal.
#[derive(Debug, Clone, Copy)]
pub struct Position {
    /// Its sequence.
    pub sequence: u64,
    /// Its time.
    pub at: UtcMillis,
}

impl Run {
    /// The state after a journal's first event.
    ///
    /// # Errors
    /// [`Corruption`] when it is not the first event of a run.
    pub fn begin(position: Position, event: &Event) -> Result<Self, Corruption> {
        match event {
            Event::RunCreated(created) if position.sequence == 1 => Ok(Self::empty(position, created)),
            other => Err(Corruption {
                sequence: position.sequence,
                event: other.name(),
                reason: "is no beginning: a journal begins with `run_created` at 1".to_owned(),
            }),
        }
    }

    fn empty(position: Position, created: &Created) -> Self {
        let initial = created.definition.initial.clone();
        let mut run = Self {
            created: Arc::new(created.clone()),
            started: position.at,
            sequence: position.sequence,
            updated: position.at,
            state: initial.clone(),
            entered: position.at,
            transition: None,
            completed: Vec::new(),
            timeline: vec![Visit { state: initial.clone(), entered: position.at, artifacts: 0 }],
            visits: BTreeMap::from([(initial.clone(), 1)]),
            steps: Vec::new(),
            first_of_visit: 0,
            phases: BTreeMap::new(),
            obligations: BTreeMap::new(),
            queues: super::Queues::default(),
            index: HashMap::new(),
            adopted: None,
            limits: BTreeMap::new(),
            replans: Vec::new(),
            failing: Vec::new(),
            integration: None,
            bases: Vec::new(),
            taken_in: Vec::new(),
            verdicts: Vec::new(),
            judgements: Vec::new(),
            overlaps: Vec::new(),
            artifacts: Vec::new(),
            warnings: Vec::new(),
            learned: Rules::default(),
            asking: BTreeSet::new(),
            answers: BTreeMap::new(),
            purse: created.options.budget.as_deref().map(|budgets| Box::new(Purse::new(budgets.clone(), position.at))),
            paused: None,
            cancelled: None,
            delivery: None,
            pull_request: None,
            closing: None,
            outcome: None,
            kept: Vec::new(),
            ended: None,
            driver: None,
            next_token: 1,
        };
        run.begin_phases();
        run.expand_state(&initial);
        run
    }

    /// Folds one more event in.
    ///
    /// # Errors
    /// [`Corruption`] when the event can not follow; the state is then not to be used any more.
    pub fn apply(&mut self, position: Position, event: &Event) -> Result<(), Corruption> {
        let corrupt = |reason| Corruption { sequence: position.sequence, event: event.name(), reason };
        if position.sequence != self.sequence + 1 {
            return Err(corrupt(format!("follows event {}", self.sequence)));
        }
        if self.outcome.is_some() {
            return Err(corrupt("follows the end of the run".to_owned()));
        }
        if self.closing.is_some() && !may_follow_closing(event) {
            return Err(corrupt("follows the decision to end the run".to_owned()));
        }
        let working = !self.queues.live.is_empty();
        self.fold(position.at, event).map_err(corrupt)?;
        if let Some(purse) = self.purse.as_deref_mut() {
            purse.pass(position.at, event, working);
        }
        self.sequence = position.sequence;
        self.updated = position.at;
        Ok(())
    }

    fn fold(&mut self, at: UtcMillis, event: &Event) -> Result<(), Reason> {
        match event {
            Event::RunCreated(_) => Err("can only be the first event".to_owned()),
            Event::DriverTook { epoch, pid } => {
                self.driver = Some((*epoch, *pid));
                Ok(())
            }
            Event::TransitionIntended { from, to } => self.intend(from, to),
            Event::TransitionCompleted { from, to, facts } => {
                take_facts(self, facts);
                self.enter(at, from, to)
            }
            Event::AttemptLeased { step, attempt, token, base, agent, session, reserved, rides } => {
                let leased = Attempt::leased(*attempt, *token, base.clone(), at);
                self.lease(
                    step,
                    Attempt {
                        agent: agent.clone(),
                        resumes: session.clone(),
                        reserved: *reserved,
                        rides: rides.clone(),
                        ..leased
                    },
                )
            }
            Event::AttemptStarted { step, attempt, pid, tree, session } => {
                let place = self.start(at, step, *attempt, *pid, tree)?;
                self.with_attempt(place, |attempt| attempt.session.clone_from(session));
                Ok(())
            }
            Event::AgentObserved { step, attempt, offset, observations } => {
                self.observe(step, *attempt, *offset, observations)
            }
            Event::MessageAdded { step, attempt, said } => self.add_message(at, step, *attempt, said),
            Event::MessageTold { step, attempt, upto } => self.told(step, *attempt, *upto),
            Event::StopRequested { step, attempt } => self.request_stop(step, *attempt),
            Event::AttemptEnded { step, attempt, ending, snapshot, limit } => {
                let place = self.end_attempt(at, step, *attempt, ending, snapshot.clone())?;
                self.with_attempt(place, |attempt| attempt.limit = attempt.limit.take().or_else(|| limit.clone()));
                Ok(())
            }
            Event::VerdictRecorded { step, verdict, .. } => {
                self.locate(step)?;
                self.verdicts.push(verdict.clone());
                Ok(())
            }
            Event::PhaseJudged { step, attempt, judgement } => self.note_judgement(step, *attempt, judgement),
            Event::OverlapSeen { earlier, later, paths, pauses } => self.overlap(earlier, later, (paths, *pauses)),
            Event::StepSucceeded { step, attempt, work, artifacts, warnings } => {
                let place = self.finish_attempt(at, step, *attempt)?;
                self.steps[place as usize].work.clone_from(work);
                self.artifacts.extend(artifacts.iter().cloned());
                self.warnings.extend(warnings.iter().cloned());
                self.set_state(place, StepState::Succeeded);
                self.release_dependents(place);
                Ok(())
            }
            Event::PlanAdopted { step, plan, hash, diff, learned } => {
                let (hash, diff, learned) = (hash.clone(), diff.clone(), learned.clone());
                let adopted = Adopted { plan: (**plan).clone(), hash, diff, learned };
                self.adopt(step, adopted)
            }
            Event::StepFailed { step, attempt, failure } => self.fail(at, step, *attempt, failure),
            Event::RetryScheduled { step, attempt, due, counted, failure } => {
                self.schedule_retry(at, step, *attempt, *due, *counted, failure)
            }
            Event::LimitMet { step, attempt, agent, limit, until, failure } => {
                let place = self.finish_attempt(at, step, *attempt)?;
                self.with_attempt(place, |attempt| attempt.failure = Some(failure.clone()));
                self.set_state(place, StepState::Ready);
                self.hold_back(agent, Limited { until: *until, window: limit.window.clone() });
                Ok(())
            }
            Event::LimitEnded { agent } => {
                self.limits.remove(agent).ok_or_else(|| format!("ends a limit of `{agent}`, which has none"))?;
                self.wake_at_first_limit();
                Ok(())
            }
            Event::StepRetried { step, .. } => self.retry_by_hand(step),
            Event::StepSkipped { step, by, reason } => self.skip_by_hand(step, by, reason),
            Event::RetryDue { step } => {
                let place = self.expect_state(step, &[StepState::Waiting])?;
                self.close(Effect::Wake, step, 0);
                self.set_state(place, StepState::Ready);
                Ok(())
            }
            Event::RepairAdded { phase, round, base, failure, conflict, asks } => {
                let repair = Repair { round: *round, base, failure, conflict: conflict.as_deref(), asks: *asks };
                self.add_repair(*phase, &repair)
            }
            Event::BaseMoved { step, attempt, number, commit } => self.move_base(at, step, *attempt, *number, commit),
            Event::BaseRepairAdded { number, round, base, failure, conflict, asks } => {
                let repair = Repair { round: *round, base, failure, conflict: conflict.as_deref(), asks: *asks };
                self.add_base_repair(*number, &repair)
            }
            Event::ReplanEvaluated { evaluations } => {
                for phase in evaluations.iter().map(|evaluation| evaluation.phase) {
                    if let Some(phase) = self.phases.get_mut(&phase) {
                        phase.evaluated = true;
                    }
                }
                Ok(())
            }
            Event::ReplanAdded { phase, number, kind, trigger, reason, asks } => {
                let called = Called { phase: *phase, number: *number, kind: *kind, trigger: *trigger, asks: *asks };
                self.add_replan(at, called, reason)
            }
            Event::ReplanProposed { step, proposal } => self.propose(step, proposal),
            Event::ReplanDropped { phase, number, reason } => self.drop_replan(*phase, *number, reason),
            Event::Replanned { phase, number } => self.replan(*phase, *number),
            Event::MergeIntended { step, attempt, movement, after } => {
                self.intend_merge(step, *attempt, movement, after)
            }
            Event::Merged { step, attempt, commit } => self.merged(step, *attempt, commit),
            Event::DeliveryIntended { step, attempt, branch, movement } => {
                let detail = Detail::Deliver { branch: branch.clone(), movement: movement.clone() };
                self.intend_move(step, *attempt, Effect::Deliver, detail, movement)
            }
            Event::Delivered { step, attempt } => {
                self.current(step, *attempt)?;
                self.delivery = Some(DeliveryResult::Delivered);
                Ok(())
            }
            Event::DeliveryDeferred { step, attempt, reason, command } => {
                self.current(step, *attempt)?;
                let (reason, command) = (reason.clone(), command.clone());
                self.delivery = Some(DeliveryResult::Deferred { reason, command });
                Ok(())
            }
            Event::PullRequestOpened { step, attempt, request } => {
                self.current(step, *attempt)?;
                self.pull_request = Some(request.clone());
                Ok(())
            }
            Event::GateOpened { step, question, closes } => self.open_gate(step, question, (at, *closes)),
            Event::GateAnswered { step, answer, by, comment } => {
                let answered = Answered { answer: *answer, by: by.clone(), comment: comment.clone(), at };
                self.answer_gate(step, answered)
            }
            Event::PermissionOpened { step, attempt, request, rule, closes } => {
                self.open_question(step, *attempt, request, rule.as_ref(), (at, *closes))
            }
            Event::RuleAdded { verdict, rule, .. } => {
                self.learned.list_mut(*verdict).push(rule.clone());
                Ok(())
            }
            Event::BudgetWarned { limit, .. } => {
                self.purse_of(event)?.warned.push(limit.clone());
                Ok(())
            }
            Event::BudgetReached { limit, .. } => {
                self.purse_of(event)?.reached.push(Reached { limit: limit.clone(), at });
                Ok(())
            }
            Event::BudgetChanged { budgets, .. } => {
                self.change_budget(at, budgets);
                Ok(())
            }
            Event::SpentElsewhere { elsewhere } => {
                self.purse_of(event)?.look(elsewhere);
                Ok(())
            }
            Event::PauseRequested { by } => {
                self.paused = Some(by.clone());
                Ok(())
            }
            Event::Resumed { .. } => {
                self.paused = None;
                Ok(())
            }
            Event::CancelRequested { by, reason } => {
                self.cancelled = Some((by.clone(), reason.clone()));
                Ok(())
            }
            Event::RunClosing { outcome, message } => {
                self.begin_closing(*outcome, message);
                Ok(())
            }
            Event::RunEnded { outcome, kept, artifacts } => {
                self.kept.clone_from(kept);
                self.artifacts.extend(artifacts.iter().cloned());
                self.end_run(at, *outcome)
            }
        }
    }

    fn purse_of(&mut self, event: &Event) -> Result<&mut Purse, Reason> {
        self.purse.as_deref_mut().ok_or_else(|| format!("is `{}` of a run without a budget", event.name()))
    }

    fn change_budget(&mut self, at: UtcMillis, budgets: &Budgets) {
        match self.purse.as_deref_mut() {
            Some(purse) => purse.change(budgets),
            None => self.purse = Some(Box::new(Purse::new(budgets.clone(), at))),
        }
    }

    fn intend(&mut self, from: &crate::definition::StateName, to: &crate::definition::StateName) -> Result<(), Reason> {
        if *from != self.state {
            return Err(format!("begins in `{from}`, the run is in `{}`", self.state));
        }
        self.created.definition.transition(from, to).map_err(|error| error.to_string())?;
        self.transition = Some(to.clone());
        self.open(Effect::Enter, None, 0, Token(0), Detail::State { to: to.clone() });
        Ok(())
    }

    fn enter(
        &mut self,
        at: UtcMillis,
        from: &crate::definition::StateName,
        to: &crate::definition::StateName,
    ) -> Result<(), Reason> {
        if *from != self.state || self.transition.as_ref() != Some(to) {
            return Err(format!("completes `{from}` to `{to}`, which was not intended"));
        }
        self.obligations.remove(&ObligationKey { effect: Effect::Enter, step: None, attempt: 0 });
        self.transition = None;
        self.skip_unbegun();
        self.completed.push(from.clone());
        self.state = to.clone();
        self.entered = at;
        let artifacts = u32::try_from(self.artifacts.len()).unwrap_or(u32::MAX);
        self.timeline.push(Visit { state: to.clone(), entered: at, artifacts });
        *self.visits.entry(to.clone()).or_default() += 1;
        self.expand_state(to);
        Ok(())
    }

    fn lease(&mut self, step: &StepId, attempt: Attempt) -> Result<(), Reason> {
        let place = self.expect_state(step, &[StepState::Ready])?;
        let driver = self.driver.map(|(epoch, _)| epoch);
        let (number, token) = (attempt.number, attempt.token);
        if token.0 < self.next_token {
            return Err(format!("leases `{step}` with token {token}, which was given before"));
        }
        let known = &mut self.steps[place as usize];
        if known.attempts.len() + 1 != number as usize {
            return Err(format!("leases attempt {number} of `{step}` after {}", known.attempts.len()));
        }
        known.attempts.push(Attempt { driver, ..attempt });
        let effect = match known.kind {
            crate::definition::StepKind::Agent => Effect::Launch,
            crate::definition::StepKind::Command
            | crate::definition::StepKind::Check
            | crate::definition::StepKind::Gate
            | crate::definition::StepKind::Merge
            | crate::definition::StepKind::SubRun => Effect::Perform,
        };
        let rides = self.with_attempt(place, |attempt| attempt.rides.is_some());
        self.next_token = token.0.saturating_add(1);
        // A batch is carried by one of its merges.
        if !rides {
            self.open(effect, Some(step), number, token, Detail::None);
        }
        self.set_state(place, StepState::Leased);
        self.prompt_messages(place, number);
        Ok(())
    }

    fn start(&mut self, at: UtcMillis, step: &StepId, number: u32, pid: u32, tree: &str) -> Result<u32, Reason> {
        let place = self.current(step, number)?;
        self.expect_state(step, &[StepState::Leased])?;
        self.close(Effect::Launch, step, number);
        let token = self.with_attempt(place, |attempt| {
            attempt.started = Some(at);
            attempt.pid = Some(pid);
            attempt.tree = Some(tree.to_owned());
            attempt.token
        });
        self.open(Effect::Supervise, Some(step), number, token, Detail::None);
        self.set_state(place, StepState::Running);
        self.open_tell(place);
        Ok(place)
    }

    fn observe(&mut self, step: &StepId, number: u32, offset: u64, observations: &[Observation]) -> Result<(), Reason> {
        let place = self.current(step, number)?;
        let before = self.used_before(place);
        self.with_attempt(place, |attempt| {
            attempt.offset = offset;
            for observation in observations {
                attempt.note(observation, before);
            }
        });
        for observation in observations {
            self.note_said(place, observation);
        }
        Ok(())
    }

    /// What earlier attempts used in the session that the newest one goes on with, where its client counts from the
    /// session's start: it would be counted twice.
    fn used_before(&self, place: u32) -> Usage {
        let step = &self.steps[place as usize];
        let session = step.attempt().and_then(|attempt| attempt.resumes.as_ref());
        let Some(session) = session.filter(|_| self.agent(step).sums_session) else { return Usage::default() };
        let earlier = step.attempts.iter().rev().skip(1).filter(|attempt| attempt.session.as_ref() == Some(session));
        earlier.filter_map(|attempt| attempt.usage).fold(Usage::default(), Usage::with)
    }

    fn request_stop(&mut self, step: &StepId, number: u32) -> Result<(), Reason> {
        let place = self.current(step, number)?;
        self.expect_state(step, &[StepState::Running])?;
        let token = self.with_attempt(place, |attempt| {
            attempt.stopping = true;
            attempt.token
        });
        self.open(Effect::Stop, Some(step), number, token, Detail::None);
        Ok(())
    }

    fn end_attempt(
        &mut self,
        at: UtcMillis,
        step: &StepId,
        number: u32,
        ending: &AttemptEnding,
        snapshot: Option<Oid>,
    ) -> Result<u32, Reason> {
        let place = self.current(step, number)?;
        self.expect_state(step, &[StepState::Leased, StepState::Running])?;
        // A run below that stands still ends the attempt too.
        for effect in [Effect::Launch, Effect::Supervise, Effect::Tell, Effect::Stop, Effect::Perform] {
            self.close(effect, step, number);
        }
        let interrupted = *ending == AttemptEnding::Stopped;
        let (token, done) = self.with_attempt(place, |attempt| {
            attempt.ending = Some(ending.clone());
            attempt.snapshot = snapshot;
            attempt.stopping = false;
            attempt.asks.clear();
            attempt.ended = interrupted.then_some(at);
            (attempt.token, attempt.is_done(ending))
        });
        if interrupted {
            self.set_state(place, StepState::Ready);
            return Ok(place);
        }
        if done {
            self.open(Effect::Verify, Some(step), number, token, Detail::None);
        }
        self.set_state(place, StepState::Verifying);
        Ok(place)
    }

    fn adopt(&mut self, step: &StepId, adopted: Adopted) -> Result<(), Reason> {
        self.locate(step)?;
        if self.phases.values().any(|phase| !phase.steps.is_empty()) {
            return Err("comes after the work on another plan has begun".to_owned());
        }
        self.adopted = Some(Arc::new(adopted));
        self.begin_phases();
        Ok(())
    }

    fn fail(&mut self, at: UtcMillis, step: &StepId, number: u32, failure: &Failure) -> Result<(), Reason> {
        let place = self.finish_attempt(at, step, number)?;
        self.with_attempt(place, |attempt| attempt.failure = Some(failure.clone()));
        self.fail_step(place, failure.clone());
        Ok(())
    }

    /// A step's end without success. One that was to change the plan leaves it as it is.
    fn fail_step(&mut self, place: u32, failure: Failure) {
        let message = failure.message.clone();
        self.steps[place as usize].failure = Some(failure);
        self.set_state(place, StepState::Failed);
        self.after_failed_replan(place, &message);
    }

    fn schedule_retry(
        &mut self,
        at: UtcMillis,
        step: &StepId,
        number: u32,
        due: UtcMillis,
        counted: bool,
        failure: &Failure,
    ) -> Result<(), Reason> {
        let place = self.finish_attempt(at, step, number)?;
        self.with_attempt(place, |attempt| attempt.failure = Some(failure.clone()));
        let why = failure.message.clone();
        self.steps[place as usize].counted += u32::from(counted);
        self.set_state(place, StepState::Waiting);
        self.steps[place as usize].waiting = Some(Waiting::Until { due, why });
        self.open(Effect::Wake, Some(step), 0, Token(0), Detail::Until { due });
        Ok(())
    }

    fn hold_back(&mut self, agent: &str, limit: Limited) {
        let known = self.limits.get(agent).map(|known| known.until);
        if known.is_none_or(|known| known < limit.until) {
            self.limits.insert(agent.to_owned(), limit);
        }
        self.wake_at_first_limit();
    }

    /// One timer for all limits: what a limit holds back is not one step, and may be none.
    fn wake_at_first_limit(&mut self) {
        match self.limits.values().map(|limit| limit.until).min() {
            Some(due) => self.open(Effect::Wake, None, 0, Token(0), Detail::Until { due }),
            None => {
                self.obligations.remove(&ObligationKey { effect: Effect::Wake, step: None, attempt: 0 });
            }
        }
    }

    /// What is open of a phase gives way to something that takes its place.
    pub(super) fn give_up_open(&mut self, number: crate::ids::PhaseNumber) {
        let steps = self.phases.get(&number).map(|phase| phase.steps.clone()).unwrap_or_default();
        for at in steps {
            if self.steps[at as usize].replan.is_some() {
                continue;
            }
            match self.steps[at as usize].state {
                StepState::Failed => self.supersede(at),
                StepState::Blocked | StepState::Ready | StepState::Waiting => {
                    let id = self.steps[at as usize].id.clone();
                    self.close(Effect::Wake, &id, 0);
                    self.close(Effect::Ask, &id, 0);
                    self.set_state(at, StepState::Skipped);
                }
                StepState::Leased
                | StepState::Running
                | StepState::Verifying
                | StepState::Succeeded
                | StepState::Cancelled
                | StepState::Skipped => {}
            }
        }
    }

    pub(super) fn intend_move(
        &mut self,
        step: &StepId,
        number: u32,
        effect: Effect,
        detail: Detail,
        movement: &RefMove,
    ) -> Result<(), Reason> {
        let place = self.current(step, number)?;
        self.expect_state(step, &[StepState::Leased])?;
        self.close(Effect::Perform, step, number);
        self.steps[place as usize].movement = Some(movement.clone());
        let token = self.with_attempt(place, |attempt| attempt.token);
        self.open(effect, Some(step), number, token, detail);
        self.set_state(place, StepState::Running);
        Ok(())
    }

    fn open_gate(
        &mut self,
        step: &StepId,
        question: &str,
        (opened, closes): (UtcMillis, Option<UtcMillis>),
    ) -> Result<(), Reason> {
        let place = self.expect_state(step, &[StepState::Ready])?;
        self.set_state(place, StepState::Waiting);
        self.steps[place as usize].waiting = Some(Waiting::Answer { question: question.to_owned(), opened, closes });
        self.open(Effect::Ask, Some(step), 0, Token(0), Detail::None);
        Ok(())
    }

    fn answer_gate(&mut self, step: &StepId, answered: Answered) -> Result<(), Reason> {
        let place = self.expect_state(step, &[StepState::Waiting])?;
        self.close(Effect::Ask, step, 0);
        match answered.answer {
            GateAnswer::Approved => {
                self.set_state(place, StepState::Succeeded);
                self.release_dependents(place);
            }
            GateAnswer::Rejected => {
                let refused = self.refused_repair(place).cloned();
                self.fail_step(place, rejection(&answered, refused.as_ref()));
            }
        }
        self.answers.insert(step.clone(), answered);
        Ok(())
    }

    fn begin_closing(&mut self, outcome: Outcome, message: &str) {
        self.closing = Some(Closing { outcome, message: message.to_owned() });
        self.transition = None;
        self.obligations.clear();
        self.open(Effect::Close, None, 0, Token(0), Detail::Outcome { outcome });
        if outcome != Outcome::Cancelled {
            return;
        }
        for at in 0..u32::try_from(self.steps.len()).unwrap_or(u32::MAX) {
            let state = self.steps[at as usize].state;
            let open = matches!(state, StepState::Ready | StepState::Waiting | StepState::Blocked);
            if open || state.is_live() {
                self.set_state(at, StepState::Cancelled);
            }
        }
    }

    fn end_run(&mut self, at: UtcMillis, outcome: Outcome) -> Result<(), Reason> {
        if self.closing.as_ref().map(|closing| closing.outcome) != Some(outcome) {
            return Err(format!("ends as {}, which was not prepared", outcome.name()));
        }
        self.obligations.clear();
        self.outcome = Some(outcome);
        self.ended = Some(at);
        Ok(())
    }

    pub(super) fn locate(&self, step: &StepId) -> Result<u32, Reason> {
        self.index.get(step).copied().ok_or_else(|| format!("names the unknown step `{step}`"))
    }

    pub(super) fn expect_state(&self, step: &StepId, states: &[StepState]) -> Result<u32, Reason> {
        let place = self.locate(step)?;
        let state = self.steps[place as usize].state;
        if states.contains(&state) {
            return Ok(place);
        }
        Err(format!("can not happen to `{step}`, which is {}", state.name()))
    }

    pub(super) fn current(&self, step: &StepId, number: u32) -> Result<u32, Reason> {
        let place = self.locate(step)?;
        let newest = self.steps[place as usize].attempt();
        match newest {
            Some(attempt) if attempt.number == number && attempt.ended.is_none() => Ok(place),
            Some(_) | None => Err(format!("names attempt {number} of `{step}`, which is not open")),
        }
    }

    /// Ends the newest attempt and closes all that was open for it.
    pub(super) fn finish_attempt(&mut self, at: UtcMillis, step: &StepId, number: u32) -> Result<u32, Reason> {
        let place = self.current(step, number)?;
        self.expect_state(step, &[StepState::Leased, StepState::Running, StepState::Verifying])?;
        let effects = [
            Effect::Launch,
            Effect::Supervise,
            Effect::Tell,
            Effect::Stop,
            Effect::Verify,
            Effect::Perform,
            Effect::Move,
            Effect::Deliver,
        ];
        for effect in effects {
            self.close(effect, step, number);
        }
        self.with_attempt(place, |attempt| attempt.ended = Some(at));
        Ok(place)
    }

    /// `current` or `expect_state` has shown that the step is there; so is an attempt after `current`.
    pub(super) fn with_attempt<T: Default>(&mut self, place: u32, change: impl FnOnce(&mut Attempt) -> T) -> T {
        self.steps[place as usize].attempts.last_mut().map(change).unwrap_or_default()
    }

    pub(super) fn open(&mut self, effect: Effect, step: Option<&StepId>, attempt: u32, token: Token, detail: Detail) {
        let key = ObligationKey { effect, step: step.cloned(), attempt };
        self.obligations.insert(key.clone(), Obligation { key, token, detail });
    }

    pub(super) fn close(&mut self, effect: Effect, step: &StepId, attempt: u32) {
        self.obligations.remove(&ObligationKey { effect, step: Some(step.clone()), attempt });
    }
}

/// Once the end is decided only the driver and the hold may change; the work may not.
fn may_follow_closing(event: &Event) -> bool {
    matches!(
        event,
        Event::DriverTook { .. } | Event::PauseRequested { .. } | Event::Resumed { .. } | Event::RunEnded { .. }
    )
}

/// The failure of a question that was answered with no; for a repair, what is not repaired then.
fn rejection(answered: &Answered, refused: Option<&Failure>) -> Failure {
    let words = if answered.comment.is_empty() { String::new() } else { format!(": {}", answered.comment) };
    let what = refused.map_or_else(String::new, |failure| format!(" to a repair ({})", failure.message));
    let message = format!("{} said no{what}{words}", answered.by);
    // A person's will, not a fault of the work: no agent is asked to mend it.
    let rejected = Failure::new(FailureClass::Cancelled, FailureKind::GateRejected, message);
    refused.iter().flat_map(|failure| &failure.remedy).fold(rejected, |rejected, line| rejected.remedy(line.clone()))
}

impl Attempt {
    /// Whether what it left is to be verified: it ended with 0, or was ended for its silence after it had said that its
    /// work is done. Clients are known to hang then.
    pub(crate) fn is_done(&self, ending: &AttemptEnding) -> bool {
        let concluded = || self.result.as_ref().is_some_and(|result| result.cause.is_none());
        match ending {
            AttemptEnding::Exited { code } => *code == 0,
            AttemptEnding::IdleLimit => concluded(),
            AttemptEnding::Signaled { .. }
            | AttemptEnding::Stopped
            | AttemptEnding::Stalled
            | AttemptEnding::HardLimit
            | AttemptEnding::OutputLimit
            | AttemptEnding::NotStarted { .. }
            | AttemptEnding::Lost => false,
        }
    }

    /// `used_before` is what the client's totals hold of earlier attempts.
    fn note(&mut self, observation: &Observation, used_before: Usage) {
        if let Some(text) = doing(observation) {
            self.doing = Some(text);
        }
        match observation {
            Observation::Session { id } => self.session = Some(id.clone()),
            Observation::Claim { line } => self.claims.push(line.clone()),
            Observation::Usage { usage, total } => {
                let before = self.usage.filter(|_| !total).unwrap_or_default();
                let own = if *total { usage.without(used_before) } else { *usage };
                self.usage = Some(before.with(own));
            }
            Observation::Model { name } => self.model = Some(name.clone()),
            Observation::Below { usage, attempts } => {
                self.usage = Some(*usage);
                self.below = *attempts;
            }
            Observation::LimitReached { limit } => self.limit = Some(limit.clone()),
            Observation::Denied { tool } if self.denied.contains(tool) => {}
            Observation::Denied { tool } => self.denied.push(tool.clone()),
            Observation::Result { result } => self.result = Some(result.clone()),
            Observation::PermissionAsked { request } => self.asks.push(request.clone()),
            // They are about the step's messages.
            Observation::PermissionSettled { .. } | Observation::Heard { .. } => {}
            Observation::ToolStarted { .. } | Observation::ToolEnded { .. } | Observation::Message { .. } => {}
        }
    }

    fn leased(number: u32, token: Token, base: Option<Oid>, at: UtcMillis) -> Self {
        Self {
            number,
            token,
            driver: None,
            base,
            agent: None,
            resumes: None,
            reserved: None,
            rides: None,
            model: None,
            below: 0,
            leased: at,
            started: None,
            pid: None,
            tree: None,
            session: None,
            offset: 0,
            doing: None,
            claims: Vec::new(),
            usage: None,
            limit: None,
            denied: Vec::new(),
            asks: Vec::new(),
            result: None,
            stopping: false,
            ending: None,
            snapshot: None,
            ended: None,
            failure: None,
        }
    }
}
