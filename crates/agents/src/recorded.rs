//! The agent that is a recording: what every attempt of a run said and left, given again without any client.
//!
//! It takes the place of two ports. As [`Agents`] it starts nothing and reads what was read; as [`Attempts`] it has the
//! attempts of agents, and hands everything else (tests, checks, set-up) to the real one. What an attempt left is put into
//! its tree in the moment of its launch.

use coordinate_engine::port::{
    AgentProbe, Agents, Assignment, AttemptProgram, AttemptStatus, Attempts, AttemptsError, Ending, Launch,
    ProcessIdentity, StopHow, StreamName, TranscriptLine,
};
use coordinate_model::event::{AgentChoice, Observation};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{Oid, RunId, StepId, Token};
use coordinate_model::said::Said;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What one attempt said and left.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// What was seen of it, with the offset after each.
    pub seen: Vec<(u64, Vec<Observation>)>,
    /// The end of what it printed, where that told why it failed.
    pub tail: Vec<String>,
    /// How it ended; `None`: it never did.
    pub ending: Option<Ending>,
    /// The client's session, where it was known beforehand.
    pub session: Option<String>,
    /// What keeps the tree that it left.
    pub snapshot: Option<Oid>,
    /// The text of its artifact, where it had no tree of its own, or is to leave another.
    pub text: Option<Vec<u8>>,
    /// Why it was never started.
    pub refused: Option<Failure>,
}

/// Puts what a snapshot keeps into a work tree.
pub type Restore = Box<dyn Fn(&Path, &Oid) -> Result<(), String> + Send + Sync>;

/// The recordings of a run, by the folders of its attempts.
pub struct Recorded {
    recordings: BTreeMap<PathBuf, Recording>,
    restore: Restore,
    others: Box<dyn Attempts>,
    /// Where launched attempts leave their artifact.
    places: Mutex<BTreeMap<PathBuf, PathBuf>>,
    launched: Mutex<BTreeSet<PathBuf>>,
}

impl Recorded {
    /// Recordings; `others` runs what is no agent.
    #[must_use]
    pub fn new(recordings: BTreeMap<PathBuf, Recording>, restore: Restore, others: Box<dyn Attempts>) -> Arc<Self> {
        let (places, launched) = (Mutex::default(), Mutex::default());
        Arc::new(Self { recordings, restore, others, places, launched })
    }

    fn leave(&self, folder: &Path, tree: &Path, recording: &Recording) -> Result<(), String> {
        if let Some(snapshot) = &recording.snapshot {
            (self.restore)(tree, snapshot)?;
        }
        let place = self.places.lock().unwrap_or_else(PoisonError::into_inner).get(folder).cloned();
        if let (Some(text), Some(place)) = (&recording.text, place) {
            let made = place.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.and_then(|()| std::fs::write(&place, text))
                .map_err(|error| format!("`{}`: {error}", place.display()))?;
        }
        Ok(())
    }
}

fn unknown(what: &str) -> Failure {
    Failure::new(FailureClass::Permanent, FailureKind::NotStarted, format!("{what} has no recorded answer"))
}

impl Agents for Recorded {
    fn probe(&self) -> Vec<AgentProbe> {
        Vec::new()
    }

    fn check(&self, _agent: &AgentChoice) -> Result<(), Failure> {
        Ok(())
    }

    fn program(&self, assignment: &Assignment) -> Result<AttemptProgram, Failure> {
        let recording = self.recordings.get(&assignment.folder);
        let recording = recording.ok_or_else(|| unknown(&format!("`{}`", assignment.step)))?;
        if let Some(failure) = &recording.refused {
            return Err(failure.clone());
        }
        if let Some(artifact) = &assignment.artifact {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            places.insert(assignment.folder.clone(), artifact.path.clone());
        }
        Ok(AttemptProgram { argv: Vec::new(), cwd: assignment.tree.clone(), env: Vec::new(), stdin: None })
    }

    fn session(&self, _agent: &AgentChoice, _run: &RunId, step: &StepId, attempt: u32) -> Option<String> {
        let end = format!("{}@{attempt}", step.as_str().replace('/', "-").replace('#', "."));
        let found = self.recordings.iter().find(|(folder, _)| folder.ends_with(&end));
        found.and_then(|(_, recording)| recording.session.clone())
    }

    fn keeps_hard_limit(&self, _agent: &AgentChoice) -> bool {
        true
    }

    fn read(&self, _agent: &AgentChoice, line: &TranscriptLine) -> Vec<Observation> {
        match line.stream {
            StreamName::Out => serde_json::from_str(&line.text).unwrap_or_default(),
            StreamName::Err => Vec::new(),
        }
    }

    fn shown(&self, _agent: &AgentChoice, line: &TranscriptLine) -> Option<String> {
        (line.stream == StreamName::Err).then(|| line.text.clone())
    }
}

impl Attempts for Recorded {
    fn launch(&self, launch: &Launch) -> Result<ProcessIdentity, AttemptsError> {
        let Some(recording) = self.recordings.get(&launch.folder) else { return self.others.launch(launch) };
        self.leave(&launch.folder, &launch.program.cwd, recording).map_err(|cause| AttemptsError::System {
            action: "give the recorded answer of",
            key: launch.key.clone(),
            cause,
        })?;
        self.launched.lock().unwrap_or_else(PoisonError::into_inner).insert(launch.folder.clone());
        Ok(ProcessIdentity { boot_id: String::new(), pid: 0, start_time: 0 })
    }

    fn status(&self, folder: &Path) -> Result<AttemptStatus, AttemptsError> {
        let Some(recording) = self.recordings.get(folder) else { return self.others.status(folder) };
        let launched = self.launched.lock().unwrap_or_else(PoisonError::into_inner).contains(folder);
        let ended = AttemptStatus::Ended(recording.ending.clone().unwrap_or(Ending::Lost));
        Ok(if launched { ended } else { AttemptStatus::NeverStarted })
    }

    fn follow(
        &self,
        folder: &Path,
        offset: u64,
        line: &mut dyn FnMut(TranscriptLine) -> bool,
    ) -> Result<Option<Ending>, AttemptsError> {
        let Some(recording) = self.recordings.get(folder) else { return self.others.follow(folder, offset, line) };
        let mut last = offset;
        for (next, observations) in recording.seen.iter().filter(|(next, _)| *next > offset) {
            let text = serde_json::to_string(observations).unwrap_or_default();
            last = *next;
            if !line(TranscriptLine { stream: StreamName::Out, text, next_offset: last }) {
                return Ok(None);
            }
        }
        for text in &recording.tail {
            line(TranscriptLine { stream: StreamName::Err, text: text.clone(), next_offset: last });
        }
        // One that was still at work when the recording ended has no end to tell of.
        Ok(recording.ending.clone())
    }

    fn stop(&self, folder: &Path, token: Token, how: StopHow) -> Result<(), AttemptsError> {
        if self.recordings.contains_key(folder) { Ok(()) } else { self.others.stop(folder, token, how) }
    }

    fn say(&self, folder: &Path, number: u32, said: &Said) -> Result<(), AttemptsError> {
        if self.recordings.contains_key(folder) { Ok(()) } else { self.others.say(folder, number, said) }
    }

    fn sweep(&self, key: &str) -> Result<usize, AttemptsError> {
        self.others.sweep(key)
    }
}
