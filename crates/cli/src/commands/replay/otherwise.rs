//! `replay --execute --with`: answers in place of the recorded ones.

use crate::failure::CommandError;
use coordinate_model::definition::StepKind;
use coordinate_model::event::GateAnswer;
use coordinate_model::ids::StepId;
use coordinate_model::run::Run;
use std::collections::BTreeMap;

/// What is answered otherwise.
#[derive(Debug, Default)]
pub(super) struct Otherwise {
    /// Gates.
    pub(super) gates: BTreeMap<StepId, GateAnswer>,
    /// The files that agents leave.
    pub(super) files: BTreeMap<StepId, Vec<u8>>,
}

impl Otherwise {
    pub(super) fn parse(texts: &[String], run: &Run) -> Result<Self, CommandError> {
        let mut otherwise = Self::default();
        for text in texts {
            let parts = text.strip_prefix("answer:").and_then(|text| text.split_once('='));
            let (step, value) = parts.ok_or_else(|| unknown(text))?;
            otherwise.take(run, &StepId::new(step), value)?;
        }
        Ok(otherwise)
    }

    fn take(&mut self, run: &Run, step: &StepId, value: &str) -> Result<(), CommandError> {
        let known = run.step(step).filter(|known| !known.attempts.is_empty() || run.answers.contains_key(step));
        let known = known.ok_or_else(|| {
            CommandError::usage(format!("`{step}` was never answered in `{}`", run.id()))
                .hint(format!("`coordinate show {}` lists its steps", run.id()))
        })?;
        if known.kind == StepKind::Gate {
            let answer = crate::commands::fork::answer(&format!("answer:{step}"), value)?;
            self.gates.insert(step.clone(), answer);
            return Ok(());
        }
        if known.kind != StepKind::Agent || run.writes(known).is_none() {
            return Err(CommandError::usage(format!("`{step}` leaves no file that could be another"))
                .hint("steps that leave a report, a plan, an overview or an output can be answered with a file"));
        }
        let text = std::fs::read(value).map_err(|error| CommandError::usage(format!("`{value}`: {error}")))?;
        self.files.insert(step.clone(), text);
        Ok(())
    }
}

fn unknown(text: &str) -> CommandError {
    CommandError::usage(format!("`--with {text}` is none of the keys"))
        .hint("answer:GATE=approved|rejected")
        .hint("answer:STEP=FILE")
}
