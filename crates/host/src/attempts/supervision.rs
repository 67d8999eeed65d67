//! What a shim does while its program runs: reads outputs, keeps limits, takes messages, and ends the whole tree.

use super::control::Control;
use super::signals::{Signals, reap_all};
use super::transcript::TranscriptWriter;
use super::tree;
use coordinate_engine::port::{Ending, Launch, Limits, StopHow, StreamName};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::WaitStatus;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Child;
use std::time::{Duration, Instant};

/// As much as a pipe holds by default.
const CHUNK: usize = 64 * 1024;

/// The longest time that what a program leaves behind gets to end by itself.
const LEFTOVER_GRACE: Duration = Duration::from_secs(1);

/// Time from one kill of the tree to the next, while something of it is left.
const KILL_AGAIN: Duration = Duration::from_millis(50);

/// One running attempt, as its shim sees it.
pub(super) struct Supervision {
    limits: Limits,
    program: u32,
    outputs: [Output; 2],
    control: Control,
    signals: Signals,
    /// For a bound attempt: ends with the launcher.
    lifeline: Option<io::Stdin>,
    transcript: TranscriptWriter,
    started: Instant,
    last_output: Instant,
    output_bytes: u64,
    /// An idle limit that came later, in milliseconds.
    quiet: Option<u64>,
    stage: Stage,
}

enum Stage {
    Running,
    /// The tree is being ended; what is left of it at the given time is killed.
    Ending {
        why: Ending,
        kill_at: Instant,
    },
}

/// One output of the program; no pipe once it is closed.
struct Output {
    stream: StreamName,
    pipe: Option<OwnedFd>,
}

/// What the supervision waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Output(usize),
    Control,
    Signals,
    Lifeline,
}

impl Supervision {
    /// Supervises a program whose outputs are pipes.
    pub(super) fn of(
        launch: &Launch,
        mut child: Child,
        control: Control,
        signals: Signals,
        transcript: TranscriptWriter,
    ) -> io::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            limits: launch.limits.clone(),
            program: child.id(),
            outputs: [
                Output::of(StreamName::Out, child.stdout.take().map(OwnedFd::from))?,
                Output::of(StreamName::Err, child.stderr.take().map(OwnedFd::from))?,
            ],
            control,
            signals,
            lifeline: launch.bound.then(io::stdin),
            transcript,
            started: now,
            last_output: now,
            output_bytes: 0,
            quiet: None,
            stage: Stage::Running,
        })
    }

    /// Returns when no process of the tree is left and all output is durable.
    pub(super) fn run(mut self) -> io::Result<Ending> {
        loop {
            // First: a program that ended by itself did so, whatever else comes at the same moment. It is cheap
            // enough to ask in every round.
            let is_gone = self.reap()?;
            if is_gone {
                return self.finish();
            }
            self.keep_limits()?;
            self.kill_when_due()?;
            for source in self.wait()? {
                self.attend(source)?;
            }
        }
    }

    fn attend(&mut self, source: Source) -> io::Result<()> {
        match source {
            Source::Output(index) => self.read_output(index).map(drop),
            Source::Control => match self.control.receive()? {
                Some(StopHow::WhenQuiet(limit)) => {
                    self.quiet = Some(limit);
                    Ok(())
                }
                Some(how @ (StopHow::Ask | StopHow::Now)) => self.end(Ending::Stopped, how),
                None => Ok(()),
            },
            Source::Signals => match self.signals.receive()? {
                Some(signal) => self.end(Ending::Signaled { signal }, StopHow::Ask),
                None => Ok(()),
            },
            Source::Lifeline => {
                self.lifeline = None;
                self.end(Ending::Stopped, StopHow::Ask)
            }
        }
    }

    /// Reads one chunk; `false` when there is nothing to read now.
    fn read_output(&mut self, index: usize) -> io::Result<bool> {
        let mut chunk = [0; CHUNK];
        let output = &mut self.outputs[index];
        let stream = output.stream;
        let length = output.read(&mut chunk)?;
        if length == 0 {
            return Ok(false);
        }
        self.last_output = Instant::now();
        let left = self.limits.output_bytes.saturating_sub(self.output_bytes);
        self.output_bytes += length as u64;
        // Beyond the limit the pipes are still emptied, so that the program can end, but nothing is kept.
        let kept = length.min(usize::try_from(left).unwrap_or(usize::MAX));
        self.transcript.append(stream, &chunk[..kept])?;
        if kept < length {
            self.end(Ending::OutputLimit, StopHow::Ask)?;
        }
        Ok(true)
    }

    /// Takes over the statuses of ended children, adopted ones too; `true` when none is left, and so no descendant.
    fn reap(&mut self) -> io::Result<bool> {
        let mut ending = None;
        let program = self.program;
        let is_gone = reap_all(|pid, status| {
            if pid == program {
                ending = own_ending(status);
            }
        })?;
        if let Some(ending) = ending {
            self.program_ended(ending, is_gone)?;
        }
        Ok(is_gone)
    }

    fn program_ended(&mut self, why: Ending, is_gone: bool) -> io::Result<()> {
        if !matches!(self.stage, Stage::Running) {
            return Ok(());
        }
        if !is_gone {
            // What a program leaves behind is nobody's: it ends with the attempt.
            tree::ask_descendants()?;
        }
        let kill_at = Instant::now() + self.grace().min(LEFTOVER_GRACE);
        self.stage = Stage::Ending { why, kill_at };
        Ok(())
    }

    fn keep_limits(&mut self) -> io::Result<()> {
        let Stage::Running = self.stage else { return Ok(()) };
        let now = Instant::now();
        if self.hard_limit().is_some_and(|at| at <= now) {
            return self.end(Ending::HardLimit, StopHow::Ask);
        }
        // The limit is on what the program wrote, not on what we have read: a shim that itself was held up (a
        // stopped machine) must look into the pipes before it calls the program idle.
        if self.idle_limit().is_some_and(|at| at <= now) && !self.read_once()? {
            return self.end(Ending::IdleLimit, StopHow::Ask);
        }
        Ok(())
    }

    /// Reads one chunk of each output; whether there was any.
    fn read_once(&mut self) -> io::Result<bool> {
        let mut any = false;
        for index in 0..self.outputs.len() {
            any |= self.read_output(index)?;
        }
        Ok(any)
    }

    /// Begins to end the tree, or ends it faster when that has begun. The first reason stays.
    fn end(&mut self, why: Ending, how: StopHow) -> io::Result<()> {
        let now = Instant::now();
        if let Stage::Ending { kill_at, .. } = &mut self.stage {
            if how == StopHow::Now {
                *kill_at = now;
            }
            return Ok(());
        }
        let kill_at = match how {
            StopHow::Now => now,
            StopHow::Ask | StopHow::WhenQuiet(_) => {
                tree::ask_descendants()?;
                now.checked_add(self.grace()).unwrap_or(now)
            }
        };
        self.stage = Stage::Ending { why, kill_at };
        Ok(())
    }

    fn kill_when_due(&mut self) -> io::Result<()> {
        if let Stage::Ending { kill_at, .. } = &mut self.stage
            && *kill_at <= Instant::now()
        {
            tree::kill_descendants()?;
            *kill_at = Instant::now() + KILL_AGAIN;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<Ending> {
        // Finite: nobody is left who could write more.
        while self.read_once()? {}
        self.transcript.finish()?;
        let is_cut = self.output_bytes > self.limits.output_bytes;
        match self.stage {
            // It was faster than our reading: its own ending must not make a cut transcript look whole.
            Stage::Ending { why: Ending::Exited { .. } | Ending::Signaled { .. }, .. } if is_cut => {
                Ok(Ending::OutputLimit)
            }
            Stage::Ending { why, .. } => Ok(why),
            Stage::Running => Err(io::Error::other("the program vanished without a status; retry the attempt")),
        }
    }

    fn wait(&self) -> io::Result<Vec<Source>> {
        let mut sources = vec![Source::Control, Source::Signals];
        sources.extend((0..self.outputs.len()).filter(|index| self.outputs[*index].pipe.is_some()).map(Source::Output));
        sources.extend(self.lifeline.as_ref().map(|_| Source::Lifeline));
        let mut watched: Vec<PollFd<'_>> = sources
            .iter()
            .filter_map(|source| self.descriptor(*source))
            .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN))
            .collect();
        match poll(&mut watched, self.timeout().as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        let ready = sources.iter().zip(&watched).filter(|(_, polled)| !polled.revents().is_empty());
        Ok(ready.map(|(source, _)| *source).collect())
    }

    fn descriptor(&self, source: Source) -> Option<BorrowedFd<'_>> {
        match source {
            Source::Output(index) => self.outputs[index].pipe.as_ref().map(AsFd::as_fd),
            Source::Control => Some(self.control.as_fd()),
            Source::Signals => Some(self.signals.as_fd()),
            Source::Lifeline => self.lifeline.as_ref().map(AsFd::as_fd),
        }
    }

    /// Time until the next thing that must happen without a cause from outside.
    fn timeout(&self) -> Option<Timespec> {
        let next = match self.stage {
            Stage::Running => [self.idle_limit(), self.hard_limit()].into_iter().flatten().min(),
            Stage::Ending { kill_at, .. } => Some(kill_at),
        };
        // A span too long for the kernel is none: nobody waits for its end.
        next.and_then(|at| Timespec::try_from(at.saturating_duration_since(Instant::now())).ok())
    }

    fn idle_limit(&self) -> Option<Instant> {
        let limit = [self.limits.idle_ms, self.quiet].into_iter().flatten().min();
        limit.and_then(|limit| self.last_output.checked_add(Duration::from_millis(limit)))
    }

    fn hard_limit(&self) -> Option<Instant> {
        self.limits.hard_ms.and_then(|limit| self.started.checked_add(Duration::from_millis(limit)))
    }

    fn grace(&self) -> Duration {
        Duration::from_millis(self.limits.grace_ms)
    }
}

impl Output {
    fn of(stream: StreamName, pipe: Option<OwnedFd>) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            ioctl_fionbio(pipe, true)?;
        }
        Ok(Self { stream, pipe })
    }

    /// Reads what there is; 0 when there is nothing now or nothing will come any more.
    fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        let Some(pipe) = &self.pipe else { return Ok(0) };
        match rustix::io::retry_on_intr(|| rustix::io::read(pipe, &mut *chunk)) {
            Ok(0) => {
                self.pipe = None;
                Ok(0)
            }
            Ok(length) => Ok(length),
            Err(Errno::AGAIN) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

/// How a program ended that nobody told to.
fn own_ending(status: WaitStatus) -> Option<Ending> {
    let exited = status.exit_status().map(|code| Ending::Exited { code });
    exited.or_else(|| status.terminating_signal().map(|signal| Ending::Signaled { signal }))
}
