//! What is watched for while a client works, besides what goes into the journal: that it has said its last word and may
//! hang, and that it writes without doing anything.
//!
//! Both are about clients that are known by their own words (`concludes`). Of any other program every line may be work, and
//! silence is all that can be told.

use super::StepJob;
use super::attempt::kept_as;
use super::keeper::Moment;
use super::places::slug;
use crate::port::{PathKind, StopHow};
use coordinate_model::event::Observation;
use coordinate_model::ids::Oid;
use coordinate_model::time::UtcMillis;
use std::sync::mpsc::Sender;

/// One attempt, as it is followed.
pub(super) struct Watch<'s> {
    step: &'s StepJob,
    /// Whether its newest word was its last.
    concluded: bool,
    /// When it was last seen to do something.
    worked: UtcMillis,
    /// Its tree when that was last looked at.
    tree: Option<Oid>,
    /// Whether it was told to end, since it did nothing.
    stalled: bool,
    /// Who keeps its tree while it works.
    keeper: Sender<Moment>,
}

impl<'s> Watch<'s> {
    /// A watch that begins now, also over an attempt that an earlier driver has started.
    pub(super) fn of(step: &'s StepJob, keeper: Sender<Moment>) -> Self {
        Self { step, concluded: false, worked: step.job.tools.clock.now(), tree: None, stalled: false, keeper }
    }

    /// Whether it was this watch that ended the attempt.
    pub(super) fn ended_it(&self) -> bool {
        self.stalled
    }

    /// Takes in what one line means; nothing at all, for most heartbeats.
    pub(super) fn saw(&mut self, observations: &[Observation]) {
        let seen = observations.iter().map(Meaning::of).max().unwrap_or(Meaning::Nothing);
        let moment = match seen {
            Meaning::LastWord => Some(Moment::LastWord),
            Meaning::ToolEnded => Some(Moment::Tool),
            Meaning::Work | Meaning::Nothing => None,
        };
        if let Some(moment) = moment {
            // A keeper that is gone has nothing to keep any more.
            let _ = self.keeper.send(moment);
        }
        if !self.step.agent.concludes {
            return;
        }
        match seen {
            Meaning::LastWord => {
                self.concluded = true;
                self.allow_silence(self.step.job.created.limits_of(&self.step.role).conclude_ms);
            }
            Meaning::ToolEnded | Meaning::Work => {
                self.worked = self.step.job.tools.clock.now();
                // It goes on: some tell of the end of each of their turns.
                if std::mem::take(&mut self.concluded) {
                    self.allow_silence(u64::MAX);
                }
            }
            Meaning::Nothing => self.look_for_work(),
        }
    }

    /// An attempt that has ended already needs no limit.
    fn allow_silence(&self, millis: u64) {
        let job = &self.step.job;
        let _ = job.tools.attempts.stop(&self.step.folder(), job.epoch, StopHow::WhenQuiet(millis));
    }

    /// It writes, and nobody can say what for. After a long time only its tree still tells: one that has changed is work;
    /// one that has not is on its ref by then, and the attempt is ended.
    fn look_for_work(&mut self) {
        let job = &self.step.job;
        let now = job.tools.clock.now();
        let limit = i64::try_from(job.created.limits_of(&self.step.role).stall_ms).unwrap_or(i64::MAX);
        if self.stalled || now.0.saturating_sub(self.worked.0) < limit {
            return;
        }
        let kept = self.kept();
        if kept != self.tree {
            self.tree = kept;
            self.worked = now;
            return;
        }
        self.stalled = true;
        let _ = job.tools.attempts.stop(&self.step.folder(), job.epoch, StopHow::Ask);
    }

    /// What its tree holds now; nothing where it is as it was at first, or there is none.
    fn kept(&self) -> Option<Oid> {
        let job = &self.step.job;
        let tree = job.tree(&slug(&self.step.step.id));
        if job.tools.files.kind(&tree) != PathKind::Folder {
            return None;
        }
        let kept = job.keep_tree(&tree, &kept_as(self.step), Moment::Stalled, self.step.attempt.base.as_ref());
        kept.ok().flatten().map(|snapshot| snapshot.tree)
    }
}

/// What an observation says of its agent. Of several the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    /// That it lives, and no more.
    Nothing,
    /// It does something.
    Work,
    /// A tool call is over, which may have written files.
    ToolEnded,
    /// It has said all.
    LastWord,
}

impl Meaning {
    fn of(observation: &Observation) -> Self {
        match observation {
            Observation::Result { .. } => Self::LastWord,
            Observation::ToolEnded { .. } => Self::ToolEnded,
            Observation::ToolStarted { .. }
            | Observation::Message { .. }
            | Observation::Claim { .. }
            | Observation::Usage { .. }
            | Observation::Below { .. }
            // Who waits for leave is not idle: it is people who let it wait.
            | Observation::PermissionAsked { .. }
            | Observation::PermissionSettled { .. }
            | Observation::Heard { .. } => Self::Work,
            // A client that starts a session again and again does nothing else.
            Observation::Session { .. }
            | Observation::Model { .. }
            | Observation::LimitReached { .. }
            | Observation::Denied { .. } => Self::Nothing,
        }
    }
}
