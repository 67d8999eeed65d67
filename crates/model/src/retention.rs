//! How long what is left of finished work is kept.

use crate::time::UtcMillis;

const DAY: u64 = 24 * 3600 * 1000;

/// How long variables of shell blocks are kept after their last change.
const VARIABLES_DAYS: u64 = 7;

/// How long named checkpoints of shell blocks are kept after they were last saved.
const SAVED_DAYS: u64 = 30;

/// Spans in days; 0 is not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Imported checkpoints, from their import.
    pub checkpoint_days: u64,
    /// Transcripts and snapshots of a run, from its end.
    pub run_days: u64,
    /// What was cleaned, from then on.
    pub trash_days: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { checkpoint_days: 30, run_days: 30, trash_days: 30 }
    }
}

impl Retention {
    /// Why an imported checkpoint is not kept any longer. One whose run is still open is kept whatever its age.
    #[must_use]
    pub fn checkpoint(&self, run: CheckpointRun, imported: UtcMillis, now: UtcMillis) -> Option<String> {
        match run {
            CheckpointRun::Open => None,
            CheckpointRun::Succeeded => Some("its run has succeeded".to_owned()),
            CheckpointRun::None => over(self.checkpoint_days, imported, now).map(|days| format!("imported {days} ago")),
        }
    }

    /// Why what an ended run left is not kept any longer. `ended` is `None` for an open run.
    #[must_use]
    pub fn run(&self, ended: Option<UtcMillis>, now: UtcMillis) -> Option<String> {
        over(self.run_days, ended?, now).map(|days| format!("its run ended {days} ago"))
    }

    /// Whether what was cleaned at a time is not kept any longer.
    #[must_use]
    pub fn trash(&self, cleaned: UtcMillis, now: UtcMillis) -> bool {
        over(self.trash_days, cleaned, now).is_some()
    }
}

/// What became of the run that went on from a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointRun {
    /// There is none, or it did not come to a good end: the checkpoint may still be wanted.
    None,
    /// It goes on.
    Open,
    /// It succeeded.
    Succeeded,
}

/// Whose state of shell blocks it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellOwner {
    /// No run's: a workflow that blocks made themselves.
    Nobody,
    /// A run that goes on.
    OpenRun,
    /// A run that has ended. One that was cancelled while nobody drove it could not clear its state itself.
    EndedRun,
}

impl ShellOwner {
    /// Why variables are not kept any longer.
    #[must_use]
    pub fn variables(self, updated: UtcMillis, now: UtcMillis) -> Option<String> {
        self.gone(|| over(VARIABLES_DAYS, updated, now).map(|days| format!("not changed for {days}")))
    }

    /// Why a named checkpoint is not kept any longer. Supervisors' aggregations are kept for good and not asked about.
    #[must_use]
    pub fn saved(self, updated: UtcMillis, now: UtcMillis) -> Option<String> {
        self.gone(|| over(SAVED_DAYS, updated, now).map(|days| format!("saved {days} ago")))
    }

    fn gone(self, by_age: impl FnOnce() -> Option<String>) -> Option<String> {
        match self {
            Self::Nobody => by_age(),
            Self::OpenRun => None,
            Self::EndedRun => Some("its run has ended".to_owned()),
        }
    }
}

/// How long ago, if that is `days` or more.
fn over(days: u64, since: UtcMillis, now: UtcMillis) -> Option<String> {
    let age = now.since(since);
    (age >= days.saturating_mul(DAY)).then(|| match age / DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMillis = UtcMillis(100 * 24 * 3600 * 1000);

    fn days_ago(days: i64) -> UtcMillis {
        UtcMillis(NOW.0 - days * 24 * 3600 * 1000)
    }

    #[test]
    fn an_open_run_is_never_touched() {
        let none = Retention { checkpoint_days: 0, run_days: 0, trash_days: 0 };
        assert_eq!(none.run(None, NOW), None);
        assert_eq!(none.checkpoint(CheckpointRun::Open, days_ago(99), NOW), None);
        assert_eq!(none.run(Some(NOW), NOW).as_deref(), Some("its run ended less than a day ago"));
    }

    #[test]
    fn a_span_is_over_on_its_last_moment() {
        let kept = Retention::default();
        assert_eq!(kept.run(Some(UtcMillis(days_ago(30).0 + 1)), NOW), None);
        assert_eq!(kept.run(Some(days_ago(30)), NOW).as_deref(), Some("its run ended 30 days ago"));
        assert!(kept.trash(days_ago(30), NOW) && !kept.trash(days_ago(29), NOW));
    }

    #[test]
    fn checkpoints_go_when_their_run_succeeded_or_they_are_old() {
        let kept = Retention::default();
        let check = |run, days| kept.checkpoint(run, days_ago(days), NOW);
        assert_eq!(check(CheckpointRun::Succeeded, 0).as_deref(), Some("its run has succeeded"));
        assert_eq!(check(CheckpointRun::None, 29), None);
        assert_eq!(check(CheckpointRun::None, 31).as_deref(), Some("imported 31 days ago"));
    }

    #[test]
    fn shell_state_goes_by_age_and_by_its_run() {
        let why = |owner: ShellOwner, days| (owner.variables(days_ago(days), NOW), owner.saved(days_ago(days), NOW));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(why(ShellOwner::Nobody, 6), (None, None));
        assert_eq!(why(ShellOwner::Nobody, 7), (some("not changed for 7 days"), None));
        assert_eq!(why(ShellOwner::Nobody, 30), (some("not changed for 30 days"), some("saved 30 days ago")));
        assert_eq!(why(ShellOwner::OpenRun, 99), (None, None));
        assert_eq!(why(ShellOwner::EndedRun, 0), (some("its run has ended"), some("its run has ended")));
    }
}
