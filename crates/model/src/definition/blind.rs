//! A verifier behind the check of each phase, for workflows that have none.

use super::{Definition, ForEach, StateDefinition, StepKind, StepTemplate, Writes};

/// The role that judges.
pub const BLIND_VERIFIER: &str = "blind-verifier";

/// The last part of the step's id.
const JUDGE: &str = "judge";

impl Definition {
    /// The same workflow with a step before each merge of a phase that judges the phase's tree.
    #[must_use]
    pub fn with_blind_verifier(mut self) -> Self {
        self.state.values_mut().for_each(add_judge);
        self
    }
}

fn add_judge(state: &mut StateDefinition) {
    let merges = |step: &StepTemplate| {
        step.kind == StepKind::Merge && step.for_each == Some(ForEach::Phases) && step.action.is_none()
    };
    let known = state.steps.iter().any(|step| step.id == JUDGE || step.writes == Some(Writes::Verdict));
    let Some(at) = state.steps.iter().position(merges).filter(|_| !known) else { return };
    let Some(merge) = state.steps.get_mut(at) else { return };
    let judge = StepTemplate {
        role: Some(BLIND_VERIFIER.to_owned()),
        for_each: Some(ForEach::Phases),
        needs: std::mem::replace(&mut merge.needs, vec![JUDGE.to_owned()]),
        writes: Some(Writes::Verdict),
        ..StepTemplate::untold(JUDGE, StepKind::Agent)
    };
    state.steps.insert(at, judge);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::builtin;

    #[test]
    fn the_judge_stands_between_check_and_merge_once() {
        for name in ["coordinate", "implement", "supervise"] {
            let definition = builtin(name).unwrap().with_blind_verifier();
            definition.check().unwrap();
            assert_eq!(definition.clone().with_blind_verifier(), definition);
            let steps = &definition.state.values().find(|state| state.steps.iter().any(|step| step.id == JUDGE));
            let step = |id: &str| steps.unwrap().steps.iter().find(|step| step.id == id).unwrap();
            assert_eq!(
                (step("judge").needs.as_slice(), step("merge").needs.as_slice()),
                (["check".to_owned()].as_slice(), ["judge".to_owned()].as_slice())
            );
        }
    }
}
