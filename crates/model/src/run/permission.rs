//! What people are asked on behalf of clients. Part of `apply`.

use super::{Run, Step};
use crate::ids::StepId;
use crate::permission::{
    Answered, Ground, Judged, Otherwise, PermissionRequest, Policy, Question, Rules, Verdict, judge,
};
use crate::time::UtcMillis;

impl Run {
    /// The policy for a step's agent: the rules of the run and of its role.
    #[must_use]
    pub fn policy(&self, step: &Step) -> Policy {
        let common = self.created.options.permissions.as_deref().cloned().unwrap_or_default();
        let role = self.created.role(self.role(step));
        Policy { rules: common.rules.with(&role.rules), ..common }
    }

    /// Where a step's agent works.
    #[must_use]
    pub fn ground<'a>(&'a self, step: &'a Step) -> Ground<'a> {
        let tree = step.attempt().and_then(|attempt| attempt.tree.as_deref());
        Ground { tree, project: &self.created.paths.project }
    }

    /// What the rules say of what the client of a step asks leave for, with those that were added on the way.
    #[must_use]
    pub fn judge(&self, step: &Step, request: &PermissionRequest) -> Judged {
        let policy = self.policy(step);
        let ground = self.ground(step);
        let judged = judge(&policy.rules.with(&self.learned), policy.otherwise, request, ground);
        // Whoever was asked and said "always" is not asked for just that again, whatever rule asks.
        let always = Rules { allow: self.learned.allow.clone(), ..Rules::default() };
        let known = judge(&always, Otherwise::Deny, request, ground);
        if judged.verdict == Verdict::Ask && known.verdict == Verdict::Allow { known } else { judged }
    }

    /// Steps whose clients ask what nobody has answered, and that are not over.
    pub fn asking(&self) -> impl Iterator<Item = &Step> {
        self.asking.iter().filter_map(|id| self.step(id)).filter(|step| !step.state.is_over())
    }

    pub(super) fn open_question(
        &mut self,
        step: &StepId,
        attempt: u32,
        request: &str,
        rule: Option<&String>,
        (opened, closes): (UtcMillis, Option<UtcMillis>),
    ) -> Result<(), String> {
        let place = self.current(step, attempt)?;
        let known = &mut self.steps[place as usize];
        let ask = known.attempt().and_then(|attempt| attempt.asks.iter().find(|open| open.id == request)).cloned();
        let request = ask.ok_or_else(|| format!("asks for `{request}`, for which no client waits"))?;
        // What an earlier try asked for in vain is now asked by this one.
        known.questions.retain(|question| !question.is_open() || !question.request.is_same(&request));
        let question =
            Question { attempt, request, rule: rule.cloned(), opened, closes, answer: None, withdrawn: false };
        known.questions.push(question);
        self.asking.insert(step.clone());
        Ok(())
    }

    pub(super) fn note_asking(&mut self, step: &StepId) {
        let asks = self.step(step).is_some_and(|step| step.questions.iter().any(Question::is_open));
        if !asks {
            self.asking.remove(step);
        }
    }
}

/// Keeps an answer with its question. An answer that an earlier one stands for uses that one up: asked once more by the
/// same try, the same is a new question.
pub(super) fn answer_question(step: &mut Step, attempt: u32, request: &str, answer: Answered) {
    let of_question = |question: &&mut Question| question.attempt == attempt && question.request.id == request;
    if let Some(question) = step.questions.iter_mut().rev().find(of_question) {
        question.answer.get_or_insert(answer);
        return;
    }
    let asks = step.attempts.iter().find(|known| known.number == attempt).map(|known| known.asks.as_slice());
    let Some(asked) = asks.and_then(|asks| asks.iter().find(|open| open.id == request)).cloned() else { return };
    if let Some(question) = step.questions.iter_mut().find(|question| question.standing(attempt, &asked).is_some()) {
        question.attempt = attempt;
        question.request.id.clone_from(&asked.id);
    }
}

/// The client waits no more.
pub(super) fn withdraw(step: &mut Step, request: &str) {
    let attempt = step.attempts.last().map(|attempt| attempt.number);
    let of_question = |question: &&mut Question| Some(question.attempt) == attempt && question.request.id == request;
    for question in step.questions.iter_mut().filter(of_question).filter(|question| question.answer.is_none()) {
        question.withdrawn = true;
    }
}
