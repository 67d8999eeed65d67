//! Workers of a host as an agent: the attempt's own process only waits at its [desk](crate::worker::Desk) until somebody
//! has taken the step and handed an answer in.
//!
//! So the step has a process like any other: it has a transcript, is ended by limits and stops, outlives its orchestrator
//! and is adopted. A worker that is not heard of has left a silent process, which the idle limit ends.

use crate::command::{environment, write_prompt};
use crate::unwritable;
use crate::worker::{Answer, AnswerClass, Desk, Work, WorkArtifact};
use coordinate_engine::port::{Assignment, AttemptProgram};
use coordinate_host::watch::FolderWatch;
use coordinate_model::failure::{CLASS_MARK, Failure, FailureClass};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// The exit code of work that failed.
const FAILED: i32 = 1;

/// The exit code when the desk itself can not be used.
const BROKEN: i32 = 2;

/// The longest sleep without a look at the clock.
const LONGEST: Duration = Duration::from_secs(60);

/// The shortest time from one line to the next of a process that nobody has taken yet.
const SHORTEST: Duration = Duration::from_millis(100);

/// The process for an assignment; `program` is `coordinate` itself.
pub(crate) fn program(program: &Path, assignment: &Assignment) -> Result<AttemptProgram, Failure> {
    let prompt = write_prompt(assignment)?;
    let desk = Desk::of(&assignment.folder);
    let artifact = assignment.artifact.as_ref();
    let work = Work {
        run: assignment.run.clone(),
        step: assignment.step.clone(),
        role: assignment.role.clone(),
        phase: assignment.phase.clone(),
        tree: assignment.tree.clone(),
        artifact: artifact.map(|order| WorkArtifact { path: order.path.clone(), kind: order.kind.name().to_owned() }),
        environment: environment(assignment, &prompt).into_iter().collect(),
        idle_ms: assignment.limits.idle_ms,
        hard_ms: assignment.limits.hard_ms,
        prompt,
    };
    desk.lay_out(&work).map_err(|error| unwritable(desk.folder(), &error))?;
    let folder = assignment.folder.to_string_lossy().into_owned();
    let argv = vec![program.to_string_lossy().into_owned(), "host-agent".to_owned(), folder];
    Ok(AttemptProgram { argv, cwd: assignment.tree.clone(), env: Vec::new(), stdin: None })
}

/// Waits for a worker: the child process of an attempt. Returns its exit code.
#[must_use]
pub fn host_main(folder: &Path) -> i32 {
    let desk = Desk::of(folder);
    let outcome = desk.work().and_then(|work| {
        let work = work.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no work"))?;
        Waiting { desk: &desk, idle: work.idle_ms, hard: work.hard_ms, taken: None, beats: 0 }.wait()
    });
    outcome.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "failed to wait at `{}`: {error}", desk.folder().display());
        BROKEN
    })
}

/// The waiting process.
struct Waiting<'a> {
    desk: &'a Desk,
    idle: Option<u64>,
    hard: Option<u64>,
    /// When the work was taken.
    taken: Option<Instant>,
    /// How far signs of life were read.
    beats: usize,
}

impl Waiting<'_> {
    fn wait(mut self) -> io::Result<i32> {
        let watch = FolderWatch::of(self.desk.folder());
        say("PROGRESS: waits for a worker (`coordinate next`)")?;
        let mut said = Instant::now();
        loop {
            if let Some(code) = self.look()? {
                return Ok(code);
            }
            // While nobody has it, nobody's silence counts: it may take a night until a worker comes.
            if self.taken.is_none() && said.elapsed() >= self.pause() {
                say("nobody has taken it yet")?;
                said = Instant::now();
            }
            watch.wait(self.pause())?;
        }
    }

    /// Tells what is new at the desk; the exit code at the end.
    fn look(&mut self) -> io::Result<Option<i32>> {
        if self.taken.is_none() && self.desk.claimed()?.is_some() {
            self.taken = Some(Instant::now());
            say("PROGRESS: a worker has taken it")?;
        }
        // Asked before the signs of life, so that all that came before the answer are told before it.
        let answer = self.desk.answered()?;
        let (beats, offset) = self.desk.beats(self.beats)?;
        self.beats = offset;
        for beat in beats {
            tell(&beat)?;
        }
        match answer {
            Some(answer) => end(&answer).map(Some),
            None => self.keep_hard_limit(),
        }
    }

    fn keep_hard_limit(&self) -> io::Result<Option<i32>> {
        let over = |hard: &u64| self.taken.is_some_and(|taken| taken.elapsed() >= Duration::from_millis(*hard));
        let Some(hard) = self.hard.filter(over) else { return Ok(None) };
        writeln!(io::stderr(), "the worker took longer than its hard limit of {} s", hard / 1000)?;
        Ok(Some(FAILED))
    }

    /// The longest time to the next look.
    fn pause(&self) -> Duration {
        let Some(taken) = self.taken else {
            return self.idle.map_or(LONGEST, |idle| Duration::from_millis(idle / 3).clamp(SHORTEST, LONGEST));
        };
        let left = |hard: u64| Duration::from_millis(hard).saturating_sub(taken.elapsed());
        self.hard.map_or(LONGEST, |hard| left(hard).min(LONGEST))
    }
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}

/// A sign of life: what it says is progress, and each counts as output.
fn tell(beat: &str) -> io::Result<()> {
    if beat.trim().is_empty() {
        return say("the worker lives");
    }
    beat.lines().filter(|line| !line.trim().is_empty()).try_for_each(|line| say(&format!("PROGRESS: {line}")))
}

fn end(answer: &Answer) -> io::Result<i32> {
    match answer {
        Answer::Done { message } => message.lines().try_for_each(say).map(|()| 0),
        Answer::Failed { message, class } => {
            let mut err = io::stderr();
            message.lines().try_for_each(|line| writeln!(err, "{line}"))?;
            let class = match class {
                None => return Ok(FAILED),
                Some(AnswerClass::Transient) => FailureClass::Transient,
                Some(AnswerClass::Permanent) => FailureClass::Permanent,
            };
            writeln!(err, "{CLASS_MARK} {class}").map(|()| FAILED)
        }
    }
}
