//! When work goes on by itself, and when somebody must say so first.
//!
//! Asked in this order: tests pass or did not run; no failure ended it; it is in progress; it is at most seven days old;
//! its plan is what it was. The first that does not hold is the reason to ask.

use crate::checkpoint::{Checkpoint, Status};
use crate::failure::FailureKind;
use crate::run::Run;
use crate::time::UtcMillis;
use serde::Serialize;
use std::fmt;

/// The oldest that goes on by itself, in milliseconds.
pub const OLDEST: u64 = 7 * DAY;

const DAY: u64 = 24 * 3600 * 1000;

/// A condition, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Tests pass or did not run.
    TestsPassing,
    /// No failure ended the work.
    NoLastError,
    /// There is more to do.
    InProgress,
    /// The work is at most seven days old.
    Recent,
    /// The plan is what it was, but for its check marks.
    PlanUnchanged,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TestsPassing => "tests pass or did not run",
            Self::NoLastError => "no failure ended it",
            Self::InProgress => "it is in progress",
            Self::Recent => "it is at most 7 days old",
            Self::PlanUnchanged => "the plan is unchanged",
        })
    }
}

/// What is known of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tests {
    /// They did not run.
    NotRun,
    /// They passed.
    Passing,
    /// They failed, and an agent mends that or the work goes on with it all the same.
    Mending,
    /// They failed, and nobody mends that.
    Failing,
}

/// What became of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanNow {
    /// There was none.
    None,
    /// It is what it was.
    Unchanged,
    /// It is not, or nobody can tell.
    Changed {
        /// What was found.
        why: String,
    },
}

/// What the conditions are asked of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The tests.
    pub tests: Tests,
    /// The failure that ended it.
    pub last_error: Option<String>,
    /// How far it came.
    pub status: Status,
    /// Milliseconds since it last went on; `None` when nobody can tell.
    pub age: Option<u64>,
    /// The plan.
    pub plan: PlanNow,
}

/// One condition, asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The condition.
    pub condition: Condition,
    /// Whether it holds.
    pub holds: bool,
    /// What was found.
    pub found: String,
}

impl Facts {
    /// Of a run; `None` when its outcome is decided, for then nothing is left but to put it away. Failing tests that an
    /// agent is to mend are its daily work, and no reason to ask; a failure that ends a run decides its outcome.
    #[must_use]
    pub fn of_run(run: &Run, now: UtcMillis, plan: PlanNow) -> Option<Self> {
        if run.closing.is_some() || run.outcome.is_some() {
            return None;
        }
        let (tests, age) = (tests(run), Some(now.since(run.updated)));
        Some(Self { tests, last_error: None, status: Status::InProgress, age, plan })
    }

    /// Of a checkpoint that was last written at `updated`.
    #[must_use]
    pub fn of_checkpoint(checkpoint: &Checkpoint, updated: Option<UtcMillis>, now: UtcMillis, plan: PlanNow) -> Self {
        Self {
            tests: match checkpoint.tests_passing {
                None => Tests::NotRun,
                Some(true) => Tests::Passing,
                Some(false) => Tests::Failing,
            },
            last_error: checkpoint.error_state.last_error.clone(),
            status: checkpoint.status,
            age: updated.map(|updated| now.since(updated)),
            plan,
        }
    }

    /// All conditions, in their order.
    #[must_use]
    pub fn judge(&self) -> Vec<Finding> {
        let finding = |condition, (holds, found)| Finding { condition, holds, found };
        vec![
            finding(Condition::TestsPassing, self.judge_tests()),
            finding(Condition::NoLastError, self.judge_error()),
            finding(Condition::InProgress, (self.status == Status::InProgress, self.status.name().replace('_', " "))),
            finding(Condition::Recent, self.judge_age()),
            finding(Condition::PlanUnchanged, self.judge_plan()),
        ]
    }

    fn judge_tests(&self) -> (bool, String) {
        let (holds, found) = match self.tests {
            Tests::NotRun => (true, "they did not run"),
            Tests::Passing => (true, "they pass"),
            Tests::Mending => (true, "they failed, and the run deals with that"),
            Tests::Failing => (false, "they fail"),
        };
        (holds, found.to_owned())
    }

    fn judge_error(&self) -> (bool, String) {
        let line = self.last_error.as_ref().map(|error| error.lines().next().unwrap_or_default().to_owned());
        (line.is_none(), line.unwrap_or_else(|| "none".to_owned()))
    }

    fn judge_age(&self) -> (bool, String) {
        match self.age {
            None => (false, "nobody can tell when it last went on".to_owned()),
            Some(age) if age < DAY => (true, "less than a day".to_owned()),
            Some(age) if age <= OLDEST => (true, format!("{} days", age / DAY)),
            Some(age) => (false, format!("more than {} days", age / DAY)),
        }
    }

    fn judge_plan(&self) -> (bool, String) {
        match &self.plan {
            PlanNow::None => (true, "there is none".to_owned()),
            PlanNow::Unchanged => (true, "unchanged".to_owned()),
            PlanNow::Changed { why } => (false, why.clone()),
        }
    }
}

/// The newest verdict counts only where a failure stands: a step that failed for good in the state where the run is. A
/// repair, a next round of debugging, or tests that failed before already take that back.
fn tests(run: &Run) -> Tests {
    match run.newest_verdict() {
        None => Tests::NotRun,
        Some(verdict) if verdict.passed => Tests::Passing,
        Some(_) => {
            let stands = run.failures().any(|(_, failure)| failure.kind == FailureKind::TestFailure);
            if stands && run.transition.is_none() { Tests::Failing } else { Tests::Mending }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            tests: Tests::Passing,
            last_error: None,
            status: Status::InProgress,
            age: Some(0),
            plan: PlanNow::Unchanged,
        }
    }

    /// The first condition that does not hold, with what was found.
    #[track_caller]
    fn check(facts: &Facts, expected: &str) {
        let first = facts.judge().into_iter().find(|finding| !finding.holds);
        let shown =
            first.map_or_else(|| "goes on".to_owned(), |finding| format!("{}: {}", finding.condition, finding.found));
        assert_eq!(shown, expected, "{facts:?}");
    }

    /// Shows S7.
    #[test]
    fn each_condition_alone_is_a_reason_to_ask() {
        check(&good(), "goes on");
        for tests in [Tests::NotRun, Tests::Mending] {
            check(&Facts { tests, ..good() }, "goes on");
        }
        check(&Facts { tests: Tests::Failing, ..good() }, "tests pass or did not run: they fail");
        let last_error = Some("no space left\non the device".to_owned());
        check(&Facts { last_error, ..good() }, "no failure ended it: no space left");
        for (status, found) in
            [(Status::Failed, "failed"), (Status::Completed, "completed"), (Status::Unknown, "unknown")]
        {
            check(&Facts { status, ..good() }, &format!("it is in progress: {found}"));
        }
        let plan = PlanNow::Changed { why: "`PLAN.md` is not there".to_owned() };
        check(&Facts { plan, ..good() }, "the plan is unchanged: `PLAN.md` is not there");
        check(&Facts { plan: PlanNow::None, ..good() }, "goes on");
    }

    #[test]
    fn seven_days_are_not_too_old_and_a_moment_more_is() {
        check(&Facts { age: Some(OLDEST), ..good() }, "goes on");
        check(&Facts { age: Some(OLDEST + 1), ..good() }, "it is at most 7 days old: more than 7 days");
        check(&Facts { age: None, ..good() }, "it is at most 7 days old: nobody can tell when it last went on");
    }

    #[test]
    fn the_first_in_the_order_is_the_reason() {
        let all = Facts {
            tests: Tests::Failing,
            last_error: Some("x".to_owned()),
            status: Status::Failed,
            age: None,
            plan: PlanNow::Changed { why: "y".to_owned() },
        };
        check(&all, "tests pass or did not run: they fail");
        check(&Facts { tests: Tests::NotRun, ..all.clone() }, "no failure ended it: x");
        check(&Facts { tests: Tests::NotRun, last_error: None, ..all }, "it is in progress: failed");
    }
}
