//! The end of a model's client: its own last word counts where it says that it failed, and is missed where it gave none.

use crate::client::{Cause, ClientResult};
use crate::event::AgentChoice;
use crate::failure::{Failure, FailureClass, FailureKind, recognise};
use crate::ids::StepId;
use crate::run::Attempt;
use crate::time::UtcMillis;

/// The longest reason in a message, in characters.
const LONGEST: usize = 120;

/// The failure that a client's end means by what it said; `None`: what it left, or its exit code, decides.
pub(super) fn failure(
    choice: &AgentChoice,
    attempt: &Attempt,
    code: i32,
    step: &StepId,
    tail: &[String],
) -> Option<Failure> {
    let of_output = || Cause::of_lines(tail).filter(|_| code != 0 && choice.concludes);
    let failure = match said(attempt, tail).or_else(of_output) {
        Some((cause, message)) => failed(choice, attempt, cause, message),
        None if code == 0 && choice.concludes && attempt.result.is_none() => silent(choice),
        None => return None,
    };
    Some(told(failure, step, tail))
}

/// The failure that a client has told of before it was ended for its silence: it hung on, and its last word counts.
pub(super) fn last_word(choice: &AgentChoice, attempt: &Attempt, step: &StepId, tail: &[String]) -> Option<Failure> {
    let (cause, message) = said(attempt, tail)?;
    Some(told(failed(choice, attempt, cause, message), step, tail))
}

/// The failure of a client that went silent after it had told of an error: some try again for ever and say so only in
/// such a line. Only the last lines count: what an agent said long before its silence is no reason for it.
pub(super) fn silent_after(
    choice: &AgentChoice,
    attempt: &Attempt,
    step: &StepId,
    tail: &[String],
    seconds: u64,
) -> Option<Failure> {
    let last = tail.get(tail.len().saturating_sub(2)..).unwrap_or_default();
    let (cause, line) = Cause::of_lines(last).filter(|_| choice.concludes)?;
    let failure = failed(choice, attempt, cause, line);
    let text = format!("`{}` was silent for {seconds} s after an error: {}", choice.name, shortened(line.trim()));
    Some(told(Failure { message: text, ..failure }, step, tail))
}

fn told(failure: Failure, step: &StepId, tail: &[String]) -> Failure {
    let logs = format!("read what it printed with `coordinate logs --step {step}`");
    failure.context(tail.iter().cloned()).remedy(logs)
}

/// The client's last word, if that was a failure. Some tell why only in the lines before it.
fn said<'t>(attempt: &'t Attempt, tail: &'t [String]) -> Option<(Cause, &'t str)> {
    let result = attempt.result.as_ref()?;
    let cause = cause(attempt, result)?;
    let before = || Cause::of_lines(tail).filter(|_| cause == Cause::Other && result.message.trim().is_empty());
    Some(before().unwrap_or((cause, result.message.as_str())))
}

/// A busy service and an error without a name are the limit itself, where the client has told of one.
fn cause(attempt: &Attempt, result: &ClientResult) -> Option<Cause> {
    let cause = result.cause?;
    let vague = matches!(cause, Cause::Service | Cause::Other);
    Some(if vague && attempt.limit.is_some() { Cause::UsageLimit } else { cause })
}

fn failed(choice: &AgentChoice, attempt: &Attempt, cause: Cause, message: &str) -> Failure {
    let first = message.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim();
    let text = format!("`{}` says that it failed: {}", choice.name, shortened(first));
    let failure = Failure::new(cause.class(), FailureKind::ClientFailed, text)
        .expected_found("a result without an error", cause.meaning());
    let failure = match reset(attempt, message).filter(|_| cause == Cause::UsageLimit) {
        Some(reset) => failure.remedy(format!("the limit ends: {reset}")),
        None => failure,
    };
    failure.remedy(cause.remedy(&choice.name))
}

/// The whole text stands in the context; the message is shown in many places, a line each.
fn shortened(text: &str) -> String {
    let mut begin: String = text.chars().take(LONGEST).collect();
    if begin.len() < text.len() {
        begin.push('…');
    }
    begin
}

/// When the limit ends: the client's own figure, else its words.
fn reset(attempt: &Attempt, message: &str) -> Option<String> {
    let told = attempt.limit.as_ref().and_then(|limit| limit.until).map(moment);
    told.or_else(|| recognise(&[message.to_owned()]).and_then(|told| told.reset))
}

/// `2026-11-21 14:30 UTC`.
fn moment(at: UtcMillis) -> String {
    let minutes = at.0.div_euclid(60_000).rem_euclid(24 * 60);
    format!("{} {:02}:{:02} UTC", at.day(), minutes / 60, minutes % 60)
}

/// An interrupted client ends with 0 too, and then has not said that its work is done.
fn silent(choice: &AgentChoice) -> Failure {
    let text = format!("`{}` ended without saying how its work went", choice.name);
    Failure::new(FailureClass::AgentMisbehaved, FailureKind::NoResult, text)
        .expected_found("a result at the end of its output", "none")
        .remedy("run the plan again; if it stays so, look whether this version of the client is known (`coordinate agents`)")
}

/// Says with a refused result which tools the client was denied: that is often why.
pub(super) fn with_denials(attempt: &Attempt, failure: &Failure) -> Failure {
    if attempt.denied.is_empty() {
        return failure.clone();
    }
    let tools: Vec<String> = attempt.denied.iter().map(|tool| format!("`{tool}`")).collect();
    failure.clone().context([format!("tools that it was denied: {}", tools.join(", "))])
}
