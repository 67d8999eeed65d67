//! What a worker says of the step that it has: `heartbeat`, `done`, `fail`. A claim that has run out is refused, and
//! never harms the run.

use super::{note, print};
use crate::args::{DoneArguments, FailArgument, FailArguments, HeartbeatArguments};
use crate::context::{Project, driver_of};
use crate::failure::{CommandError, Exit};
use crate::wiring::program;
use coordinate_agents::worker::{Answer, AnswerClass, Desk};
use coordinate_engine::port::{AttemptStatus, Attempts, Ending};
use coordinate_host::attempts::ShimAttempts;
use coordinate_host::redact::Redactor;
use coordinate_model::ids::RunId;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The agent whose steps are done by workers.
pub(super) const HOST: &str = "host";

/// A claim: `RUN/ATTEMPT/SECRET`. It says by itself where its desk is, so that nothing has to be looked up or tidied up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token(String);

impl Token {
    /// A new one for an attempt.
    pub(super) fn new(run: &RunId, attempt: &Path) -> Self {
        let attempt = attempt.file_name().unwrap_or_default().to_string_lossy();
        let secret = ulid::Ulid::new().to_string().to_lowercase();
        Self(format!("{run}/{attempt}/{}", secret.get(10..).unwrap_or_default()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The run and the attempt's folder; `None` if it has not the form of a claim.
    fn place(&self, project: &Project) -> Option<(RunId, PathBuf)> {
        let mut parts = self.0.split('/');
        let (run, attempt, secret) = (parts.next()?.parse::<RunId>().ok()?, parts.next()?, parts.next()?);
        // Attempts' names hold an `@`: no `..` leads anywhere.
        let good = attempt.contains('@') && !secret.is_empty() && parts.next().is_none();
        good.then(|| (run.clone(), project.attempts().join(run.as_str()).join(attempt)))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A claim that was given out.
struct Claim {
    token: Token,
    run: RunId,
    folder: PathBuf,
    desk: Desk,
    attempts: ShimAttempts,
}

pub(crate) fn heartbeat(project: &Project, options: &HeartbeatArguments) -> Result<Exit, CommandError> {
    let claim = Claim::find(project, &options.claim)?;
    claim.must_live()?;
    claim.desk.beat(&message(&options.message)?).map_err(CommandError::internal)?;
    Ok(Exit::Done)
}

pub(crate) fn done(project: &Project, options: &DoneArguments) -> Result<Exit, CommandError> {
    let claim = Claim::find(project, &options.claim)?;
    claim.hand_in(project, &Answer::Done { message: message(&options.message)? })
}

pub(crate) fn fail(project: &Project, options: &FailArguments) -> Result<Exit, CommandError> {
    let claim = Claim::find(project, &options.claim)?;
    let class = options.class.map(|class| match class {
        FailArgument::Transient => AnswerClass::Transient,
        FailArgument::Permanent => AnswerClass::Permanent,
    });
    claim.hand_in(project, &Answer::Failed { message: message(&options.message)?, class })
}

/// What a worker says, without the secrets of its environment: it is stored before the attempt's own process reads it.
fn message(given: &str) -> Result<String, CommandError> {
    let mut text = given.as_bytes().to_vec();
    if given == "-" {
        text.clear();
        std::io::stdin()
            .read_to_end(&mut text)
            .map_err(|error| CommandError::usage(format!("the message on standard input: {error}")))?;
    }
    let clean = Redactor::from_vars(std::env::vars_os()).redact(&text).into_owned();
    Ok(String::from_utf8_lossy(&clean).into_owned())
}

impl Claim {
    fn find(project: &Project, given: &str) -> Result<Self, CommandError> {
        let token = Token(given.to_owned());
        let unknown = || {
            CommandError::usage(format!("there is no claim `{given}`"))
                .hint("a claim is what `coordinate next` prints: `RUN/ATTEMPT/SECRET`")
        };
        let (run, folder) = token.place(project).ok_or_else(unknown)?;
        let desk = Desk::of(&folder);
        let claimed = desk.claimed().map_err(CommandError::internal)?;
        if claimed.as_deref() != Some(given) {
            return Err(unknown());
        }
        Ok(Self { token, run, folder, desk, attempts: ShimAttempts::new(program()?) })
    }

    /// The end of the attempt, if it has one.
    fn ending(&self) -> Result<Option<Ending>, CommandError> {
        match self.attempts.status(&self.folder).map_err(CommandError::internal)? {
            AttemptStatus::Alive(_) => Ok(None),
            AttemptStatus::Ended(ending) => Ok(Some(ending)),
            AttemptStatus::Lost | AttemptStatus::NeverStarted => Ok(Some(Ending::Lost)),
        }
    }

    fn must_live(&self) -> Result<(), CommandError> {
        match (self.ending()?, self.desk.answered().map_err(CommandError::internal)?) {
            (None, None) => Ok(()),
            (_, Some(answer)) => Err(self.refused(said(&answer))),
            (Some(ending), None) => Err(self.refused(ended(&ending))),
        }
    }

    /// Hands the answer in and waits until the attempt has ended with it: before that, a stop or a limit may be faster.
    fn hand_in(&self, project: &Project, answer: &Answer) -> Result<Exit, CommandError> {
        let earlier = self.desk.answered().map_err(CommandError::internal)?;
        if let (None, Some(ending)) = (&earlier, self.ending()?) {
            return Err(self.refused(ended(&ending)));
        }
        let first = earlier.is_none() && self.desk.answer(answer).map_err(CommandError::internal)?;
        let counts = self.desk.answered().map_err(CommandError::internal)?;
        let counts = counts.ok_or_else(|| CommandError::internal("the answer that was handed in is gone"))?;
        let followed = self.attempts.follow(&self.folder, 0, &mut |_| true).map_err(CommandError::internal)?;
        let ending = followed.unwrap_or(Ending::Lost);
        if !is_taken(&counts, &ending) {
            return Err(self.refused(ended(&ending)));
        }
        if !first && said(&counts) != said(answer) {
            return Err(self.refused(said(&counts)));
        }
        self.tell(project, answer, first)
    }

    fn tell(&self, project: &Project, answer: &Answer, first: bool) -> Result<Exit, CommandError> {
        let done = matches!(answer, Answer::Done { .. });
        print(match (first, done) {
            (true, true) => "done: what it left is checked next",
            (true, false) => "failed: the run decides whether it is tried again",
            (false, true) => "already done",
            (false, false) => "already failed",
        });
        let journal = project.need_journal()?;
        let header = journal.storage().header(&self.run)?.filter(|header| header.outcome.is_none());
        if let Some(header) = header.filter(|_| !matches!(driver_of(&journal, &self.run), Ok(Some(_)))) {
            // A run below another one is driven by whoever drives that.
            let above = header.parent.unwrap_or(header.run);
            note(&format!("it counts as soon as somebody drives this run: coordinate resume {above}"));
        }
        Ok(Exit::Done)
    }

    /// A refusal is no failure of the run: the step is somebody else's by now, or done.
    fn refused(&self, why: &str) -> CommandError {
        CommandError::usage(format!("the claim `{}` counts no more: {why}", self.token))
            .hint("leave its tree alone: another worker may be in it")
            .hint("`coordinate next` gives what is to be done now")
    }
}

/// What an answer has made of a claim.
fn said(answer: &Answer) -> &'static str {
    match answer {
        Answer::Done { .. } => "it was done",
        Answer::Failed { .. } => "it has failed",
    }
}

/// Whether the attempt's process has ended by itself and with this answer.
fn is_taken(answer: &Answer, ending: &Ending) -> bool {
    match ending {
        Ending::Exited { code } => matches!(answer, Answer::Done { .. }) == (*code == 0),
        Ending::Signaled { .. }
        | Ending::Stopped
        | Ending::IdleLimit
        | Ending::HardLimit
        | Ending::OutputLimit
        | Ending::NotStarted { .. }
        | Ending::Lost => false,
    }
}

/// Why a claim ended without an answer.
fn ended(ending: &Ending) -> &'static str {
    match ending {
        Ending::IdleLimit => "nothing was heard of its worker for too long",
        // Only at its hard limit does the process end by itself without an answer.
        Ending::HardLimit | Ending::Exited { .. } => "it took longer than its hard limit",
        Ending::OutputLimit => "its worker said more than it may",
        Ending::Stopped => "the run has stopped it",
        Ending::Signaled { .. } | Ending::NotStarted { .. } | Ending::Lost => "its process was killed",
    }
}
