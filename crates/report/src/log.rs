//! The structured log: one line an event, `[time] LEVEL event: message | data=JSON`. It holds what the journal holds and
//! no more.

use crate::states::StateEnd;
use crate::text::moment;
use crate::{json, line};
use coordinate_model::event::{AttemptEnding, Event, Outcome};
use coordinate_model::run::Run;
use coordinate_model::time::UtcMillis;

/// How much an event matters to somebody who looks for what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The bookkeeping between two steps, and what agents say.
    Debug,
    /// What happened.
    Info,
    /// What went wrong and is dealt with.
    Warn,
    /// What went wrong for good.
    Error,
}

impl Level {
    /// The level's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// The level of an event.
#[must_use]
pub fn level(event: &Event) -> Level {
    match event {
        Event::DriverTook { .. }
        | Event::TransitionIntended { .. }
        | Event::AttemptLeased { .. }
        | Event::AgentObserved { .. }
        | Event::MergeIntended { .. }
        | Event::DeliveryIntended { .. }
        | Event::ReplanEvaluated { .. }
        | Event::SpentElsewhere { .. }
        | Event::RetryDue { .. } => Level::Debug,
        Event::AttemptEnded { ending: AttemptEnding::Exited { code: 0 } | AttemptEnding::Stopped, .. } => Level::Info,
        Event::StepSucceeded { warnings, .. } if !warnings.is_empty() => Level::Warn,
        Event::VerdictRecorded { verdict, .. } if !verdict.passed => Level::Warn,
        Event::PhaseJudged { judgement, .. } if !judgement.passed => Level::Warn,
        Event::AttemptEnded { .. }
        | Event::RetryScheduled { .. }
        | Event::LimitMet { .. }
        | Event::RepairAdded { .. }
        | Event::OverlapSeen { .. }
        | Event::BaseMoved { .. }
        | Event::BaseRepairAdded { .. }
        | Event::ReplanAdded { .. }
        | Event::ReplanDropped { .. }
        | Event::BudgetWarned { .. }
        | Event::BudgetReached { .. }
        | Event::DeliveryDeferred { .. } => Level::Warn,
        Event::StepFailed { .. } => Level::Error,
        Event::RunClosing { outcome, .. } | Event::RunEnded { outcome, .. } => match outcome {
            Outcome::Succeeded => Level::Info,
            Outcome::Cancelled => Level::Warn,
            Outcome::Failed => Level::Error,
        },
        Event::RunCreated(_)
        | Event::TransitionCompleted { .. }
        | Event::AttemptStarted { .. }
        | Event::StopRequested { .. }
        | Event::VerdictRecorded { .. }
        | Event::PhaseJudged { .. }
        | Event::StepSucceeded { .. }
        | Event::PlanAdopted { .. }
        | Event::LimitEnded { .. }
        | Event::ReplanProposed { .. }
        | Event::Replanned { .. }
        | Event::Merged { .. }
        | Event::Delivered { .. }
        | Event::PullRequestOpened { .. }
        | Event::GateOpened { .. }
        | Event::PermissionOpened { .. }
        | Event::RuleAdded { .. }
        | Event::MessageAdded { .. }
        | Event::MessageTold { .. }
        | Event::GateAnswered { .. }
        | Event::BudgetChanged { .. }
        | Event::PauseRequested { .. }
        | Event::Resumed { .. }
        | Event::StepRetried { .. }
        | Event::StepSkipped { .. }
        | Event::CancelRequested { .. } => Level::Info,
    }
}

/// The line of an event, with its line end.
#[must_use]
pub fn event(run: &Run, sequence: u64, at: UtcMillis, event: &Event) -> String {
    let message = line::text(run, event).unwrap_or_else(|| format!("[{}]", run.state));
    whole(&moment(at), level(event), event.name(), &message, &json::event(run, sequence, at, event).to_string())
}

/// The line of a state's end, with its line end.
#[must_use]
pub fn state_end(end: &StateEnd) -> String {
    let level = if end.succeeded { Level::Info } else { Level::Error };
    let message = format!("{}: {}; next: {}", end.time.state, end.verification, end.next);
    whole(&end.at, level, end.event, &message, &serde_json::to_string(end).unwrap_or_default())
}

/// A line is one line, and its data is all after the last ` | data=`: neither can be broken by what a message holds.
fn whole(time: &str, level: Level, name: &str, message: &str, data: &str) -> String {
    let message: String = message.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    let message = message.replace(" | data=", " | data =");
    format!("[{time}] {} {name}: {} | data={data}\n", level.name(), message.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_breaks_neither_line_nor_data() {
        let line = whole("2026-11-21T10:00:00Z", Level::Warn, "step_failed", "a\nb | data=c", "{\"x\":1}");
        assert_eq!(line, "[2026-11-21T10:00:00Z] WARN step_failed: a b | data =c | data={\"x\":1}\n");
    }
}
