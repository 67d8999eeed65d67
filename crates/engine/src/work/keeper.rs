//! Keeps the tree of an attempt at work on its ref: by the clock, at the end of tool calls, and before a limit ends it.
//!
//! No event is written for this: the refs are the record, and git has time and reason. What can not be kept now is tried
//! again at the next moment; it never ends an attempt.

use super::attempt::kept_as;
use super::places::slug;
use super::{StepJob, Tools};
use crate::port::{Limits, PathKind};
use coordinate_model::run::{Run, Step};
use coordinate_model::time::UtcMillis;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// The first time by the clock, also of an attempt that an earlier driver began: nobody knows when its tree was kept.
const FIRST: Duration = Duration::from_secs(5);
/// The shortest time from one snapshot after a tool call to the next.
const REST: Duration = Duration::from_secs(5);
/// Snapshots take at most this part of a processor: a tree of 50,000 files, a fifth of a second, every ten.
const REST_TO_COST: u32 = 50;
/// How long before a limit its tree is kept, when that takes no time; else as much more as it took the last time. At most
/// the last quarter of the limit.
const LEAD: Duration = Duration::from_secs(1);

/// Why a tree is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// The attempt has ended.
    Left,
    /// A time has passed.
    Clock,
    /// A tool call has ended.
    Tool,
    /// It has said its last word, and ends or is ended soon.
    LastWord,
    /// It does nothing, and may be ended for that.
    Stalled,
    /// One of its limits ends it soon.
    Limit,
    /// It is about to be told to end.
    Stop,
}

impl Moment {
    /// The message of the snapshot; its first line is shown in lists, there without the name that it begins with.
    pub(super) fn message(self, kept_as: &str) -> String {
        match self {
            Self::Left => format!("{kept_as} as it was left\n"),
            Self::Clock => format!("{kept_as} at work, by the clock\n"),
            Self::Tool => format!("{kept_as} at work, after a tool call\n"),
            Self::LastWord => format!("{kept_as} after its last word\n"),
            Self::Stalled => format!("{kept_as} when it did nothing\n"),
            Self::Limit => format!("{kept_as} before its time was over\n"),
            Self::Stop => format!("{kept_as} before it was stopped\n"),
        }
    }
}

/// What a follower of the attempt tells its keeper beside the moments: when it was last heard of.
#[derive(Debug)]
pub(super) struct Heard(AtomicI64);

impl Heard {
    pub(super) fn at(now: UtcMillis) -> Self {
        Self(AtomicI64::new(now.0))
    }

    pub(super) fn again(&self, now: UtcMillis) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    fn last(&self) -> UtcMillis {
        UtcMillis(self.0.load(Ordering::Relaxed))
    }
}

/// Keeps one attempt's tree until nobody can tell it of moments any more.
pub(super) struct Keeper<'s> {
    step: &'s StepJob,
    heard: &'s Heard,
    limits: Limits,
    /// How often by the clock; `None`: never.
    every: Option<Duration>,
    /// When the last snapshot was done, or the watch began.
    last: UtcMillis,
    /// How long the last one took; `None`: there was none.
    cost: Option<Duration>,
    /// The moment that waits until the rest after the last snapshot is over.
    wanted: Option<Moment>,
    /// The limit before which the tree was kept: once is enough.
    limit: Option<UtcMillis>,
    failure: Option<String>,
}

impl<'s> Keeper<'s> {
    pub(super) fn of(step: &'s StepJob, limits: Limits, heard: &'s Heard) -> Self {
        let every = step.job.created.options.snapshot_ms;
        Self {
            step,
            heard,
            limits,
            every: Some(Duration::from_millis(every)).filter(|every| !every.is_zero()),
            last: step.job.tools.clock.now(),
            cost: None,
            wanted: None,
            limit: None,
            failure: None,
        }
    }

    /// Waits for moments and for the clock; says why the tree could not be kept the last time, if it could not.
    pub(super) fn keep(mut self, moments: &Receiver<Moment>) -> Option<String> {
        loop {
            let (wait, moment) = self.next();
            match moments.recv_timeout(wait) {
                Ok(moment) => self.wanted = Some(moment),
                Err(RecvTimeoutError::Timeout) if self.is_due(moment) => self.take(moment),
                // More was heard of it, so that its limit has moved; or the clock was set.
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.failure,
            }
        }
    }

    /// How long it is until the tree is to be kept, and why then.
    fn next(&self) -> (Duration, Moment) {
        let times = [self.by_the_clock(), self.at_the_moment(), self.before_a_limit()];
        let next = times.into_iter().flatten().min_by_key(|(wait, _)| *wait);
        // Without anything to wait for it still looks again: the clock may have been set.
        next.unwrap_or((Duration::from_secs(3600), Moment::Clock))
    }

    fn is_due(&self, moment: Moment) -> bool {
        let (wait, next) = self.next();
        wait.is_zero() && next == moment
    }

    fn by_the_clock(&self) -> Option<(Duration, Moment)> {
        let every = self.every?;
        let wait = if self.cost.is_none() { every.min(FIRST) } else { every.max(rest(self.cost)) };
        Some((self.left(wait), Moment::Clock))
    }

    fn at_the_moment(&self) -> Option<(Duration, Moment)> {
        let moment = self.wanted?;
        let wait = self.cost.map_or(Duration::ZERO, |_| REST.max(rest(self.cost)));
        Some((self.left(wait), moment))
    }

    fn before_a_limit(&self) -> Option<(Duration, Moment)> {
        let (limit, span) = self.ends_at().filter(|(limit, _)| self.limit != Some(*limit))?;
        let until = Duration::from_millis(limit.since(self.step.job.tools.clock.now()));
        let wait = until.saturating_sub(lead(self.cost, span));
        Some((wait, Moment::Limit))
    }

    /// When the shim ends the attempt, as far as that can be told from here, and how long it lets it.
    fn ends_at(&self) -> Option<(UtcMillis, Duration)> {
        let after = |from: UtcMillis, millis: u64| {
            (UtcMillis(from.0.saturating_add_unsigned(millis)), Duration::from_millis(millis))
        };
        let idle = self.limits.idle_ms.map(|idle| after(self.heard.last(), idle));
        let hard = self.step.attempt.started.zip(self.limits.hard_ms).map(|(from, hard)| after(from, hard));
        [idle, hard].into_iter().flatten().min()
    }

    fn left(&self, span: Duration) -> Duration {
        left(span, self.last, self.step.job.tools.clock.now())
    }

    fn take(&mut self, moment: Moment) {
        let began = self.step.job.tools.clock.now();
        if moment == Moment::Limit {
            self.limit = self.ends_at().map(|(limit, _)| limit);
        }
        self.failure = keep_now(self.step, moment).err();
        self.wanted = None;
        self.last = self.step.job.tools.clock.now();
        self.cost = Some(Duration::from_millis(self.last.since(began)));
    }
}

/// How long before a limit a tree is kept that takes so long: a quarter of the time that the limit gives at most.
fn lead(cost: Option<Duration>, allowed: Duration) -> Duration {
    (LEAD + cost.unwrap_or_default() * 2).min(allowed / 4)
}

/// How long a tree is left alone whose snapshot took so long.
fn rest(cost: Option<Duration>) -> Duration {
    cost.unwrap_or_default() * REST_TO_COST
}

/// What is left of a span since a moment. A clock that was set back must not make it wait for its return.
fn left(span: Duration, since: UtcMillis, now: UtcMillis) -> Duration {
    if now < since {
        return Duration::ZERO;
    }
    span.saturating_sub(Duration::from_millis(now.since(since)))
}

/// Keeps the tree of an attempt as it is now; nothing is to be done where it has none.
pub(super) fn keep_now(step: &StepJob, moment: Moment) -> Result<(), String> {
    let tree = step.job.tree(&slug(&step.step.id));
    if step.job.tools.files.kind(&tree) != PathKind::Folder {
        return Ok(());
    }
    let kept = step.job.keep_tree(&tree, &kept_as(step), moment, step.attempt.base.as_ref());
    kept.map(drop).map_err(|failure| failure.message)
}

/// The same for a driver that leaves at once, with no carrier for it. What can not be kept now still lies in the tree.
pub(super) fn keep_at_once(tools: &Tools, run: &Run, step: &Step, attempt: u32) {
    let Some(repository) = &tools.repository else { return };
    let name = slug(&step.id);
    let tree = Path::new(&run.created.paths.trees).join(&name);
    if tools.files.kind(&tree) == PathKind::Folder {
        let kept_as = format!("{name}@{attempt}");
        let reference = format!("refs/coordinate/{}/{kept_as}", run.id());
        let _ = repository.snapshot(&tree, &reference, &Moment::Stop.message(&kept_as), tools.clock.now());
    }
}

#[cfg(test)]
mod tests {
    use super::{lead, left, rest};
    use coordinate_model::time::UtcMillis;
    use std::time::Duration;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_lead_before_a_limit_grows_with_the_cost_and_is_a_quarter_at_most() {
        assert_eq!(lead(None, seconds(600)), seconds(1));
        assert_eq!(lead(Some(seconds(3)), seconds(600)), seconds(7));
        assert_eq!(lead(Some(seconds(3)), seconds(8)), seconds(2));
    }

    #[test]
    fn a_tree_is_left_alone_fifty_times_as_long_as_its_snapshot_took() {
        assert_eq!((rest(None), rest(Some(seconds(2)))), (Duration::ZERO, seconds(100)));
    }

    #[test]
    fn nothing_waits_for_a_clock_that_was_set_back() {
        let left = |now: i64| left(seconds(10), UtcMillis(5_000), UtcMillis(now));
        assert_eq!((left(5_000), left(8_000), left(40_000)), (seconds(10), seconds(7), Duration::ZERO));
        assert_eq!(left(4_999), Duration::ZERO);
    }
}
