//! What is said to agents. Part of `apply`.
//!
//! Words that steer belong to the work and not to one try of it: they go into the prompt of each later attempt on the same
//! step, or on the same phase, since a new session knows nothing of what an older one was told.

use super::permission::{answer_question, withdraw};
use super::{Run, Step, StepState};
use crate::event::Observation;
use crate::ids::StepId;
use crate::obligation::{Detail, Effect};
use crate::permission::Answered;
use crate::said::{Message, Reached, Said, Saying};
use crate::time::UtcMillis;

impl Run {
    /// Words that steer the work of a step: those to the step itself, and to the other steps of its phase.
    pub fn steering(&self, step: &Step) -> impl Iterator<Item = &Message> {
        self.about(step).flat_map(|other| &other.said).filter(|message| message.steering().is_some())
    }

    /// The step itself, and those that work on the same text of the same phase.
    fn about(&self, step: &Step) -> impl Iterator<Item = &Step> {
        let phase = step.phase.and_then(|number| self.phases.get(&number));
        let beside = phase.into_iter().flat_map(|phase| &phase.steps);
        let beside = beside.filter_map(|&at| self.steps.get(at as usize));
        let alone = phase.is_none().then(|| self.step(&step.id)).flatten();
        let replan = step.replan;
        beside.filter(move |other| other.replan == replan).chain(alone)
    }

    /// Whether a step's attempt at work can be told something.
    #[must_use]
    pub fn hears(&self, step: &Step) -> bool {
        step.state == StepState::Running && !self.is_held() && self.agent(step).hears
    }

    pub(super) fn add_message(
        &mut self,
        at: UtcMillis,
        step: &StepId,
        attempt: Option<u32>,
        said: &Said,
    ) -> Result<(), String> {
        let place = self.locate(step)?;
        let known = &mut self.steps[place as usize];
        known.said.push(Message { said: said.clone(), attempt, at, told: None, heard: false });
        if let (Saying::Permission { request, allowed, comment }, Some(attempt)) = (&said.what, attempt) {
            let answer = Answered { allowed: *allowed, by: said.by.clone(), comment: comment.clone(), at };
            answer_question(known, attempt, request, answer);
            if known.attempt().is_some_and(|newest| newest.number == attempt) {
                settle(known, request);
            }
            self.note_asking(step);
        }
        self.open_tell(place);
        Ok(())
    }

    pub(super) fn told(&mut self, step: &StepId, attempt: u32, upto: u32) -> Result<(), String> {
        let place = self.current(step, attempt)?;
        self.close(Effect::Tell, step, attempt);
        let handed = self.steps[place as usize].said.iter_mut().take(upto as usize);
        for message in handed.filter(|message| message.is_due(attempt)) {
            message.told = Some(Reached { step: step.clone(), attempt });
        }
        self.open_tell(place);
        Ok(())
    }

    /// Something is to be told as long as there is an attempt at work that hears, and something that it was not told.
    pub(super) fn open_tell(&mut self, place: u32) {
        let Some(step) = self.steps.get(place as usize) else { return };
        let Some(attempt) = step.attempt() else { return };
        let due = step.said.iter().any(|message| message.is_due(attempt.number));
        if due && step.state == StepState::Running && self.agent(step).hears {
            let (id, number, token) = (step.id.clone(), attempt.number, attempt.token);
            self.open(Effect::Tell, Some(&id), number, token, Detail::None);
        }
    }

    /// A new attempt has in its prompt what nobody heard so far.
    pub(super) fn prompt_messages(&mut self, place: u32, attempt: u32) {
        let Some(step) = self.steps.get(place as usize) else { return };
        let id = step.id.clone();
        let about: Vec<StepId> = self.about(step).map(|other| other.id.clone()).collect();
        let places: Vec<u32> = about.iter().filter_map(|id| self.locate(id).ok()).collect();
        for at in places {
            let unheard = |message: &&mut Message| !message.heard && message.steering().is_some();
            for message in self.steps[at as usize].said.iter_mut().filter(unheard) {
                message.told = Some(Reached { step: id.clone(), attempt });
                message.heard = true;
            }
        }
    }

    /// What a line of an attempt's output says about what it was told.
    pub(super) fn note_said(&mut self, place: u32, observation: &Observation) {
        let Some(step) = self.steps.get_mut(place as usize) else { return };
        match observation {
            Observation::Heard { message } => {
                let at = (*message as usize).checked_sub(1);
                if let Some(message) = at.and_then(|at| step.said.get_mut(at)) {
                    message.heard = true;
                }
            }
            Observation::PermissionSettled { request, .. } => {
                withdraw(step, request);
                settle(step, request);
                let id = step.id.clone();
                self.note_asking(&id);
            }
            Observation::Session { .. }
            | Observation::ToolStarted { .. }
            | Observation::ToolEnded { .. }
            | Observation::Message { .. }
            | Observation::Claim { .. }
            | Observation::Usage { .. }
            | Observation::LimitReached { .. }
            | Observation::Denied { .. }
            | Observation::PermissionAsked { .. }
            | Observation::Model { .. }
            | Observation::Below { .. }
            | Observation::Result { .. } => {}
        }
    }
}

/// Nobody waits for the answer to this request any more.
fn settle(step: &mut Step, request: &str) {
    if let Some(attempt) = step.attempts.last_mut() {
        attempt.asks.retain(|open| open.id != request);
    }
}
