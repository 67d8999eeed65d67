//! What is to be done now: part of the folded state, opened by one event and closed by another.

use crate::definition::StateName;
use crate::event::{Outcome, RefMove};
use crate::ids::{StepId, Token};
use crate::run::Run;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// The closed set of effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Check a state's needs and prepare it.
    Enter,
    /// Prepare a tree and start an attempt's process.
    Launch,
    /// Follow an attempt until its process tree is gone.
    Supervise,
    /// Hand what was said to an attempt at work.
    Tell,
    /// End an attempt before its time.
    Stop,
    /// Check what an attempt left.
    Verify,
    /// Do a step that has no process to adopt: check, command, merge candidate, delivery check.
    Perform,
    /// Move the integration branch.
    Move,
    /// Move the user's branch.
    Deliver,
    /// Wait for a person.
    Ask,
    /// Wait for a time.
    Wake,
    /// Put everything away.
    Close,
}

/// Names an obligation in its run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObligationKey {
    /// What is to be done.
    pub effect: Effect,
    /// For which step.
    pub step: Option<StepId>,
    /// For which try of it.
    pub attempt: u32,
}

/// One thing to be done. What it needs besides is read from the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// Its name.
    pub key: ObligationKey,
    /// Answers must carry it, for effects of an attempt.
    pub token: Token,
    /// The effect's own data.
    pub detail: Detail,
}

/// Data of an effect that is not the step's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Detail {
    /// Nothing more.
    None,
    /// The state to enter.
    State {
        /// Its name.
        to: StateName,
    },
    /// The move of the integration branch.
    Move {
        /// From where to where.
        movement: RefMove,
    },
    /// The move of the user's branch.
    Deliver {
        /// The branch.
        branch: String,
        /// From where to where.
        movement: RefMove,
    },
    /// The time to wait for.
    Until {
        /// The time.
        due: UtcMillis,
    },
    /// The outcome to close with.
    Outcome {
        /// The outcome.
        outcome: Outcome,
    },
}

/// Everything that is to be done now: a pure function of the folded state.
///
/// While the run is held (paused or cancelled) nothing new begins, but what has begun is carried to its end: attempts
/// are followed and stopped, intended moves of refs are finished. A launch is such a thing too, because only its
/// carrier can tell whether the process was started already; under a hold it starts nothing new.
pub fn outstanding(run: &Run) -> impl Iterator<Item = &Obligation> {
    let held = run.is_held();
    run.obligations.values().filter(move |obligation| !held || continues_when_held(obligation.key.effect))
}

fn continues_when_held(effect: Effect) -> bool {
    match effect {
        Effect::Launch
        | Effect::Supervise
        | Effect::Stop
        | Effect::Verify
        | Effect::Move
        | Effect::Deliver
        | Effect::Close => true,
        // An attempt that is about to be stopped needs no advice: the next one has it in its prompt.
        Effect::Enter | Effect::Perform | Effect::Tell | Effect::Ask | Effect::Wake => false,
    }
}
