//! Questions to people: what clients ask leave for, and gates. Answered by rules, by people, or by the clock.

use super::Decision;
use super::said::added;
use crate::event::{Event, GateAnswer};
use crate::ids::StepId;
use crate::input::Answer;
use crate::permission::{PermissionRequest, Question, Rule, TIMEOUT, Verdict, answer_of};
use crate::run::{Attempt, Run, Step, StepState, Waiting};
use crate::said::{Said, Saying};
use crate::time::UtcMillis;

/// Who answers where nobody is asked.
const RULES: &str = "the rules";

/// What is said when nobody answered in time.
const CLOSED: &str = "nobody answered in time";

/// What follows from requests for leave that nobody has looked at: answers of the rules, and questions to people.
pub(super) fn answers(run: &Run) -> Vec<Event> {
    let running = run.live().filter(|step| step.state == StepState::Running);
    let asks = running.filter_map(|step| step.attempt().map(|attempt| (step, attempt)));
    asks.flat_map(|(step, attempt)| {
        let new = attempt.asks.iter().filter(|request| !is_asked(step, attempt, request));
        new.map(|request| answer(run, step, attempt, request)).collect::<Vec<_>>()
    })
    .collect()
}

fn is_asked(step: &Step, attempt: &Attempt, request: &PermissionRequest) -> bool {
    let same = |question: &&Question| question.attempt == attempt.number && question.request.id == request.id;
    step.questions.iter().any(|question| same(&question) && question.is_open())
}

fn answer(run: &Run, step: &Step, attempt: &Attempt, request: &PermissionRequest) -> Event {
    let judged = run.judge(step, request);
    let by = judged.rule.as_ref().map_or_else(|| RULES.to_owned(), |rule| format!("the rule `{rule}`"));
    match judged.verdict {
        Verdict::Allow => settled(step, attempt.number, &request.id, (true, by, String::new())),
        Verdict::Deny => settled(step, attempt.number, &request.id, (false, by, judged.comment)),
        Verdict::Ask => {
            let earlier = step.questions.iter().rev().find_map(|question| question.standing(attempt.number, request));
            if let Some(known) = earlier {
                let said = (known.allowed, known.by.clone(), known.comment.clone());
                return settled(step, attempt.number, &request.id, said);
            }
            let timeout = run.policy(step).timeout_ms;
            Event::PermissionOpened {
                step: step.id.clone(),
                attempt: attempt.number,
                request: request.id.clone(),
                rule: judged.rule.map(String::from),
                closes: timeout.map(|span| run.updated.plus(span)),
            }
        }
    }
}

fn settled(step: &Step, attempt: u32, request: &str, (allowed, by, comment): (bool, String, String)) -> Event {
    let what = Saying::Permission { request: request.to_owned(), allowed, comment };
    added(step, Some(attempt), Said { by, what })
}

/// When the next question is closed.
#[must_use]
pub fn due(run: &Run) -> Option<UtcMillis> {
    if run.is_held() || run.closing.is_some() {
        return None;
    }
    let asked = run.asking().flat_map(|step| &step.questions).filter(|question| question.is_open());
    let gates = run.waiting().filter_map(|step| step.waiting.as_ref().and_then(closes));
    asked.filter_map(|question| question.closes).chain(gates).min()
}

fn closes(waiting: &Waiting) -> Option<UtcMillis> {
    match waiting {
        Waiting::Answer { closes, .. } => *closes,
        Waiting::Until { .. } => None,
    }
}

/// Closes what nobody answered in time, as of the newest event: a run that was left alone finds it out when it goes on.
pub(super) fn overdue(run: &Run) -> Vec<Event> {
    closings(run, run.updated)
}

pub(super) fn came_due(run: &Run, now: UtcMillis) -> Decision {
    match closings(run, now) {
        events if events.is_empty() || run.closing.is_some() => Decision::refused(Answer::AlreadyDone),
        events => Decision::accepted(events),
    }
}

fn closings(run: &Run, now: UtcMillis) -> Vec<Event> {
    let asked = run.asking().flat_map(|step| step.questions.iter().map(move |question| (step, question)));
    let closed = asked.filter(|(_, question)| question.is_due(now)).map(|(step, question)| {
        let comment = format!("{CLOSED}: go on without it");
        settled(step, question.attempt, &question.request.id, (false, TIMEOUT.to_owned(), comment))
    });
    let is_due = |step: &&Step| step.waiting.as_ref().and_then(closes).is_some_and(|closes| closes <= now);
    let gates = run.waiting().filter(is_due).map(|step| Event::GateAnswered {
        step: step.id.clone(),
        answer: GateAnswer::Rejected,
        by: TIMEOUT.to_owned(),
        comment: CLOSED.to_owned(),
    });
    closed.chain(gates).collect()
}

/// When a gate that is opened now is closed unanswered.
pub(super) fn gate_closes(run: &Run, step: &Step) -> Option<UtcMillis> {
    let own = run.template(step).and_then(|template| template.timeout_minutes);
    let span = own.map(|minutes| u64::from(minutes) * 60_000).or(run.created.options.gate_ms);
    span.map(|span| run.updated.plus(span))
}

pub(super) fn answer_gate(
    run: &Run,
    id: &StepId,
    (answer, by, comment): (GateAnswer, &str, &str),
    now: UtcMillis,
) -> Decision {
    if let Some(known) = run.answers.get(id) {
        return again(answer, known.answer, &known.by);
    }
    match run.step(id).map(|step| (step.state, &step.waiting)) {
        Some((StepState::Waiting, Some(Waiting::Answer { closes: Some(closes), .. }))) if *closes <= now => {
            Decision::not_waiting(format!("`{id}` is closed: {CLOSED}"))
        }
        Some((StepState::Waiting, Some(Waiting::Answer { .. }))) => Decision::accepted(vec![Event::GateAnswered {
            step: id.clone(),
            answer,
            by: by.to_owned(),
            comment: comment.to_owned(),
        }]),
        Some(_) | None => Decision::not_waiting(format!("no question `{id}` waits for an answer")),
    }
}

/// Said twice it is no news; said otherwise it comes too late.
fn again(answer: GateAnswer, known: GateAnswer, by: &str) -> Decision {
    if by == TIMEOUT {
        return Decision::not_waiting(format!("it is closed: {CLOSED}"));
    }
    if answer == known {
        return Decision::refused(Answer::AlreadyDone);
    }
    let word = match known {
        GateAnswer::Approved => "approved",
        GateAnswer::Rejected => "rejected",
    };
    Decision::not_waiting(format!("it was {word} by {by} already"))
}

/// A person's answer to a request for leave.
pub(super) struct Permit<'a> {
    pub(super) answer: GateAnswer,
    pub(super) by: &'a str,
    pub(super) comment: &'a str,
    pub(super) always: Option<&'a Rule>,
}

pub(super) fn permit(
    run: &Run,
    (id, attempt, request): (&StepId, u32, &str),
    said: &Permit<'_>,
    now: UtcMillis,
) -> Decision {
    if let Some(closing) = &run.closing {
        return Decision::not_waiting(format!("the run is about to end: {}", closing.outcome.name()));
    }
    let known = run.step(id).and_then(|step| {
        let same = |question: &&Question| question.attempt == attempt && question.request.id == request;
        step.questions.iter().rev().find(same).map(|question| (step, question))
    });
    let Some((step, question)) = known else {
        return Decision::not_waiting(format!("`{id}` asks for nothing of this name"));
    };
    if let Some(known) = &question.answer {
        return again(said.answer, answer_of(known.allowed), &known.by);
    }
    if question.is_due(now) {
        return Decision::not_waiting(format!("it is closed: {CLOSED}"));
    }
    if question.withdrawn || step.state.is_over() {
        return Decision::not_waiting(format!("the client of `{id}` does not wait for it any more"));
    }
    let (allowed, verdict) = match said.answer {
        GateAnswer::Approved => (true, Verdict::Allow),
        GateAnswer::Rejected => (false, Verdict::Deny),
    };
    let answer = (allowed, said.by.to_owned(), said.comment.to_owned());
    // The protocols have no place for a reason, so it is said beside. Who says no and how to go on instead, steers.
    let words = format!("{} refused `{}`: {}", said.by, question.request.words(), said.comment);
    let steers = !allowed && !said.comment.trim().is_empty();
    let reason = Said { by: said.by.to_owned(), what: Saying::Steer { text: words } };
    let reason = steers.then(|| added(step, None, reason));
    let rule = said.always.map(|rule| Event::RuleAdded { verdict, rule: rule.clone(), by: said.by.to_owned() });
    Decision::accepted([settled(step, attempt, request, answer)].into_iter().chain(reason).chain(rule).collect())
}
