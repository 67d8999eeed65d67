//! Attempts as processes: started under a shim, followed by their transcript, adopted after a crash, ended whole.

use coordinate_model::ids::Token;
use coordinate_model::said::Said;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A process that can be told from a later one with the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The kernel's boot id.
    pub boot_id: String,
    /// The process id.
    pub pid: u32,
    /// Start time in clock ticks since boot (field 22 of `/proc/PID/stat`).
    pub start_time: u64,
}

/// The program of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptProgram {
    /// Program and arguments; never passed through a shell.
    pub argv: Vec<String>,
    /// The folder that it starts in.
    pub cwd: PathBuf,
    /// Variables added to the inherited environment. No secrets: this is written to the attempt's folder.
    pub env: Vec<(String, String)>,
    /// A file for its standard input; `None` is the null device.
    pub stdin: Option<PathBuf>,
}

/// Limits that the shim itself enforces, so that they hold also while no driver lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// End the attempt after this long without a byte of output, in milliseconds.
    pub idle_ms: Option<u64>,
    /// End the attempt after this long in all, in milliseconds.
    pub hard_ms: Option<u64>,
    /// End the attempt when it has written more than this to its outputs, in bytes.
    pub output_bytes: u64,
    /// Time between asking a tree to end (TERM) and ending it (KILL), in milliseconds.
    pub grace_ms: u64,
}

/// All that a shim needs to run one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// Names the attempt in the whole project: goes into `COORDINATE_ATTEMPT` of every descendant.
    pub key: String,
    /// Only messages with this token or a higher one are obeyed.
    pub token: Token,
    /// The attempt's own folder: lock, specification, transcript, control channel, exit status.
    pub folder: PathBuf,
    /// What to run.
    pub program: AttemptProgram,
    /// When to end it unasked.
    pub limits: Limits,
    /// `true`: the attempt ends with the process that launched it (checks in throw-away trees). `false`: it lives on
    /// and can be adopted.
    pub bound: bool,
}

/// Why an attempt's process tree is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Ending {
    /// The program ended by itself.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// A signal that we did not send ended the program.
    Signaled {
        /// The signal's number.
        signal: i32,
    },
    /// It was told to stop by a control message.
    Stopped,
    /// No output for longer than the idle limit.
    IdleLimit,
    /// It took longer than the hard limit.
    HardLimit,
    /// It wrote more than the output limit.
    OutputLimit,
    /// The program could not be started.
    NotStarted {
        /// The system's message.
        reason: String,
    },
    /// The shim itself died without writing a status (killed, power lost); its descendants have been ended.
    Lost,
}

/// What is known of an attempt from its folder alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptStatus {
    /// No shim ever took the folder.
    NeverStarted,
    /// A shim holds the folder's lock.
    Alive(ProcessIdentity),
    /// A status was written.
    Ended(Ending),
    /// A shim had it, holds it no more, and wrote no status.
    Lost,
}

/// How to end an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopHow {
    /// Not yet: its idle limit is so many milliseconds from now on, if its own is not shorter. For a client that has
    /// said its last word and may hang; the newest such message counts, and what comes of it is [`Ending::IdleLimit`].
    WhenQuiet(u64),
    /// TERM to the tree, KILL after the grace time.
    Ask,
    /// KILL at once.
    Now,
}

/// Which output a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamName {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// One line of a transcript, already redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptLine {
    /// Where it came from.
    pub stream: StreamName,
    /// Its text without the line end; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Offset in the transcript just after this line: reading on from here misses nothing and repeats nothing.
    pub next_offset: u64,
}

/// Why an attempt could not be started, followed or stopped.
#[derive(Debug, thiserror::Error)]
pub enum AttemptsError {
    /// A shim already runs in this folder: a crash came between its start and the event that records it.
    #[error("attempt `{key}` is already running")]
    AlreadyRunning {
        /// The attempt's key.
        key: String,
    },
    /// The operating system refused.
    #[error("failed to {action} attempt `{key}`: {cause}")]
    System {
        /// What was being done, as a verb.
        action: &'static str,
        /// The attempt's key.
        key: String,
        /// The system's message.
        cause: String,
    },
}

/// Process trees of attempts.
pub trait Attempts: Send + Sync {
    /// Starts a shim for the attempt and returns once the shim holds the folder's lock.
    ///
    /// Guards against starting one attempt twice: the second launch of a folder whose shim lives is
    /// `AlreadyRunning`; one whose shim has ended is refused likewise unless the folder was never taken.
    fn launch(&self, launch: &Launch) -> Result<ProcessIdentity, AttemptsError>;

    /// What became of the attempt in this folder. Never blocks.
    fn status(&self, folder: &Path) -> Result<AttemptStatus, AttemptsError>;

    /// Reads the transcript from `offset`, calls `line` for every complete line until the attempt has ended and all
    /// of the transcript is read, and says how it ended. For a lost attempt, ends its descendants first.
    ///
    /// Works alike for attempts of this process and of an earlier, killed one (adoption). `line` returns `false` to
    /// stop following early; then `None` comes back and the attempt goes on.
    fn follow(
        &self,
        folder: &Path,
        offset: u64,
        line: &mut dyn FnMut(TranscriptLine) -> bool,
    ) -> Result<Option<Ending>, AttemptsError>;

    /// Tells the shim to end its whole tree; returns at once. No error when it has ended already.
    fn stop(&self, folder: &Path, token: Token, how: StopHow) -> Result<(), AttemptsError>;

    /// Puts what was said into the attempt's folder, where its program finds it; `number` is its number in its step.
    ///
    /// Guards against a kill between this and the event that records it: the same number again changes nothing, and
    /// what is there is there whole, also after a power cut. No error when the attempt has ended already.
    fn say(&self, folder: &Path, number: u32, said: &Said) -> Result<(), AttemptsError>;

    /// Ends every process that carries this attempt's key in its environment, wherever it hides, and returns how many
    /// there were. For attempts whose shim was killed.
    fn sweep(&self, key: &str) -> Result<usize, AttemptsError>;
}
