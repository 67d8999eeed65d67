//! What going on from a checkpoint means, where the run itself is not there.

use super::{Checkpoint, Status};
use crate::definition::Scope;
use crate::ids::PhaseNumber;

/// What going on from a checkpoint means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Continuation<'a> {
    /// There is nothing left to do.
    Nothing,
    /// Its plan is worked on.
    Plan {
        /// The plan, as the checkpoint names it.
        path: &'a str,
        /// The phases that are taken as done.
        done: Vec<PhaseNumber>,
    },
    /// Its request is worked on from the beginning: what older programs left of research can not be verified.
    Request {
        /// The request.
        text: &'a str,
        /// What it asks for, if the checkpoint says so.
        scope: Option<Scope>,
    },
    /// It says neither what was asked for nor which plan was worked on.
    Unknown,
}

impl Checkpoint {
    /// What going on from here means.
    #[must_use]
    pub fn continuation(&self) -> Continuation<'_> {
        let state = self.state_machine.current_state.as_str();
        if self.status == Status::Completed || state == "complete" {
            return Continuation::Nothing;
        }
        let working =
            matches!(state, "implement" | "test" | "debug" | "document") && self.scope != Some(Scope::DebugOnly);
        match (&self.plan_path, self.description.trim()) {
            (Some(path), _) if working => Continuation::Plan { path, done: self.done_phases() },
            (_, "") => Continuation::Unknown,
            (_, text) => Continuation::Request { text, scope: self.scope },
        }
    }
}
