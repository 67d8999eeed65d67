//! The recording of a run: its journal has what each attempt said and how it ended, the repository what it left.

use crate::context::Project;
use coordinate_agents::Recording;
use coordinate_engine::journal::Record;
use coordinate_engine::port::Ending;
use coordinate_engine::work::attempt_folder;
use coordinate_model::event::{Artifact, AttemptEnding, Event};
use coordinate_model::failure::Failure;
use coordinate_model::ids::StepId;
use coordinate_model::run::Run;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The recordings of all attempts, by the folders that they have below `root`. `files` are texts to be left in place of
/// the recorded ones.
pub(super) fn recordings(
    project: &Project,
    run: &Run,
    records: &[Record],
    root: &Path,
    files: &BTreeMap<StepId, Vec<u8>>,
) -> BTreeMap<PathBuf, Recording> {
    let mut found: BTreeMap<(StepId, u32), Recording> = BTreeMap::new();
    for record in records {
        note(&mut found, project, &record.event);
    }
    for ((step, _), recording) in &mut found {
        if let Some(text) = files.get(step) {
            recording.text = Some(text.clone());
        }
    }
    let folder = |(step, attempt): &(StepId, u32)| attempt_folder(root, run.id(), step, *attempt);
    let agents = |step: &StepId| {
        let kind = run.step(step).map(|step| step.kind);
        kind == Some(coordinate_model::definition::StepKind::Agent)
    };
    let of_agents = found.into_iter().filter(|((step, _), _)| agents(step));
    of_agents.map(|(key, recording)| (folder(&key), recording)).collect()
}

fn note(found: &mut BTreeMap<(StepId, u32), Recording>, project: &Project, event: &Event) {
    match event {
        Event::AttemptLeased { step, attempt, .. } => {
            of(found, step, *attempt);
        }
        Event::AttemptStarted { step, attempt, session, .. } => of(found, step, *attempt).session.clone_from(session),
        Event::AgentObserved { step, attempt, offset, observations } => {
            of(found, step, *attempt).seen.push((*offset, observations.clone()));
        }
        Event::AttemptEnded { step, attempt, ending, snapshot, .. } => {
            let recording = of(found, step, *attempt);
            recording.ending = Some(translate(ending));
            recording.snapshot.clone_from(snapshot);
        }
        Event::StepFailed { step, attempt, failure }
        | Event::RetryScheduled { step, attempt, failure, .. }
        | Event::LimitMet { step, attempt, failure, .. } => failed(of(found, step, *attempt), failure),
        Event::StepSucceeded { step, attempt, artifacts, .. } => {
            let recording = of(found, step, *attempt);
            if recording.snapshot.is_none() {
                recording.text = artifacts.first().and_then(|artifact| text(project, artifact));
            }
        }
        _ => {}
    }
}

fn of<'r>(found: &'r mut BTreeMap<(StepId, u32), Recording>, step: &StepId, attempt: u32) -> &'r mut Recording {
    found.entry((step.clone(), attempt)).or_default()
}

/// Why an attempt was never started, or the end of what one printed that failed.
fn failed(recording: &mut Recording, failure: &Failure) {
    match &recording.ending {
        None => recording.refused = Some(failure.clone()),
        Some(Ending::Exited { code: 0 }) => {}
        Some(_) => recording.tail.clone_from(&failure.context),
    }
}

fn text(project: &Project, artifact: &Artifact) -> Option<Vec<u8>> {
    std::fs::read(project.state().join("objects").join(&artifact.hash)).ok()
}

fn translate(ending: &AttemptEnding) -> Ending {
    match ending {
        AttemptEnding::Exited { code } => Ending::Exited { code: *code },
        AttemptEnding::Signaled { signal } => Ending::Signaled { signal: *signal },
        AttemptEnding::Stopped | AttemptEnding::Stalled => Ending::Stopped,
        AttemptEnding::IdleLimit => Ending::IdleLimit,
        AttemptEnding::HardLimit => Ending::HardLimit,
        AttemptEnding::OutputLimit => Ending::OutputLimit,
        AttemptEnding::NotStarted { reason } => Ending::NotStarted { reason: reason.clone() },
        AttemptEnding::Lost => Ending::Lost,
    }
}
