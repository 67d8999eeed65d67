//! What the user's branch gets while a run is under way, and how it is taken in before the result is delivered. Part of
//! `apply`.

use super::merge::Repair;
use super::{Run, Step, StepState};
use crate::definition::StepKind;
use crate::failure::Failure;
use crate::ids::{Oid, StepId};
use crate::merge::Conflict;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One move of the user's branch that the run has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseMove {
    /// Where it went.
    pub commit: Oid,
    /// The step that was to deliver, and waits.
    pub step: StepId,
    /// How many repairs were begun.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub repairs: u32,
    /// What the newest repair starts from, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<(Oid, Failure)>,
    /// The two sides, for each repair that is about two sides which do not merge.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conflicts: BTreeMap<u32, Conflict>,
    /// Whether it is in the integration branch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
}

impl Run {
    /// The move of the user's branch that a step takes in.
    #[must_use]
    pub fn base_of(&self, step: &Step) -> Option<&BaseMove> {
        self.bases.get((step.base? as usize).checked_sub(1)?)
    }

    /// The newest commit of the user's branch that the result stands on.
    #[must_use]
    pub fn base_commit(&self) -> Option<&Oid> {
        let taken = self.bases.iter().rev().find(|base| base.merged).map(|base| &base.commit);
        taken.or(self.created.base.commit.as_ref())
    }

    fn base_mut(&mut self, number: u32) -> Option<&mut BaseMove> {
        self.bases.get_mut((number as usize).checked_sub(1)?)
    }

    pub(super) fn take_base(&mut self, number: u32) {
        if let Some(base) = self.base_mut(number) {
            base.merged = true;
        }
    }

    pub(super) fn move_base(
        &mut self,
        at: UtcMillis,
        step: &StepId,
        attempt: u32,
        number: u32,
        commit: &Oid,
    ) -> Result<(), String> {
        if self.bases.len() + 1 != number as usize {
            return Err(format!("is move {number} of the user's branch after {}", self.bases.len()));
        }
        let place = self.finish_attempt(at, step, attempt)?;
        self.steps[place as usize].movement = None;
        self.bases.push(BaseMove {
            commit: commit.clone(),
            step: step.clone(),
            repairs: 0,
            repair: None,
            conflicts: BTreeMap::new(),
            merged: false,
        });
        self.set_state(place, StepState::Ready);
        let first = self.push_of_base(&self.base_prefix(number), number, &[("merge", StepKind::Merge)]);
        self.wait_also(place, &[first]);
        self.set_state(first, StepState::Ready);
        Ok(())
    }

    pub(super) fn add_base_repair(&mut self, number: u32, repair: &Repair<'_>) -> Result<(), String> {
        let base = self.base_mut(number).ok_or_else(|| format!("names the unknown move {number}"))?;
        if base.repairs + 1 != repair.round {
            return Err(format!("is repair {} of move {number} after {}", repair.round, base.repairs));
        }
        base.repairs = repair.round;
        base.repair = Some((repair.base.clone(), repair.failure.clone()));
        base.conflicts.extend(repair.conflict.map(|conflict| (repair.round, conflict.clone())));
        let failed = self.failed_of_base(number);
        let prefix = format!("{}/repair#{}", self.base_prefix(number), repair.round);
        let agent = self.push_of_base(&prefix, number, &[("agent", StepKind::Agent), ("merge", StepKind::Merge)]);
        let merge = self.end().saturating_sub(1);
        for at in [agent, merge] {
            self.steps[at as usize].repair = Some(repair.round);
        }
        self.wait_also(merge, &[agent]);
        self.set_state(agent, StepState::Ready);
        for at in failed {
            self.supersede(at);
            let waiting = std::mem::take(&mut self.steps[at as usize].dependents);
            self.steps[merge as usize].dependents.extend(waiting);
        }
        if repair.asks {
            let id = self.steps[agent as usize].id.clone();
            self.put_question(&prefix, None, vec![id]);
            let question = self.end().saturating_sub(1);
            self.steps[question as usize].base = Some(number);
            self.steps[question as usize].repair = Some(repair.round);
        }
        Ok(())
    }

    /// Merges of this move that failed, and that a repair takes the place of.
    fn failed_of_base(&self, number: u32) -> Vec<u32> {
        let failed = |at: &u32| {
            let step = &self.steps[*at as usize];
            step.base == Some(number) && step.state == StepState::Failed && !step.superseded
        };
        (self.first_of_visit..self.end()).filter(failed).collect()
    }

    /// `document/base#1`: beside the step that delivers.
    fn base_prefix(&self, number: u32) -> String {
        let step = self.bases.get((number as usize).saturating_sub(1)).map(|base| base.step.as_str());
        let beside = step.and_then(|step| step.rsplit_once('/')).map_or("", |(beside, _)| beside);
        format!("{beside}/base#{number}")
    }

    fn push_of_base(&mut self, prefix: &str, number: u32, steps: &[(&str, StepKind)]) -> u32 {
        let first = self.end();
        self.push_untemplated(prefix, None, steps);
        for step in self.steps.iter_mut().skip(first as usize) {
            step.base = Some(number);
        }
        first
    }
}
