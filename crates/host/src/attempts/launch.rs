//! Starting a shim and waiting until it has taken its folder.

use super::ATTEMPT_VARIABLE;
use super::folder::AttemptFolder;
use super::process::identity_of;
use crate::atomic;
use coordinate_engine::port::{Launch, ProcessIdentity};
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, PipeReader, PipeWriter};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// The first argument of a shim's command line; its folder is the second.
const COMMAND: &str = "attempt-shim";

/// What a shim says when it has taken its folder and waits for nothing more.
pub(super) const READY: &str = "ready";

/// What a shim says when the folder is or was another shim's.
pub(super) const TAKEN: &str = "taken";

/// A shim that is a child of this process.
#[derive(Debug)]
pub(super) struct Launched {
    shim: Child,
    /// For a bound attempt: closed when this process dies, which ends the attempt.
    _lifeline: Option<PipeWriter>,
}

impl Launched {
    /// Waits for a shim that is ending.
    pub(super) fn reap(mut self) -> io::Result<()> {
        self.shim.wait().map(drop)
    }

    /// Whether the shim has ended; it is no zombie then.
    pub(super) fn has_ended(&mut self) -> bool {
        // An error means that it is no child of ours any more: nothing to reap.
        !matches!(self.shim.try_wait(), Ok(None))
    }
}

/// Starts the shim; `None` when another shim has been faster.
pub(super) fn launch(program: &Path, launch: &Launch) -> io::Result<Option<(ProcessIdentity, Launched)>> {
    atomic::create_private_folder(&launch.folder)?;
    let folder = AttemptFolder::new(&launch.folder);
    folder.write_launch(launch)?;
    for _ in 1..TRIES {
        match try_once(program, launch, &folder)? {
            // Somebody killed it. Had it taken the folder before that, the next one says so.
            Begun::Died(how) if how.signal().is_some() => {}
            begun => return begun.answer(&folder),
        }
    }
    try_once(program, launch, &folder)?.answer(&folder)
}

/// How often a shim is started that a signal ends before it says a word.
const TRIES: u32 = 3;

/// What came of the start of a shim.
enum Begun {
    Ready(ProcessIdentity, Launched),
    Taken,
    Died(ExitStatus),
}

impl Begun {
    fn answer(self, folder: &AttemptFolder) -> io::Result<Option<(ProcessIdentity, Launched)>> {
        match self {
            Self::Ready(identity, launched) => Ok(Some((identity, launched))),
            Self::Taken => Ok(None),
            Self::Died(how) => Err(failure(folder, how.to_string())),
        }
    }
}

fn try_once(program: &Path, launch: &Launch, folder: &AttemptFolder) -> io::Result<Begun> {
    let (mut launched, answers) = start(program, launch, folder)?;
    let mut answer = String::new();
    BufReader::new(answers).read_line(&mut answer)?;
    match answer.trim_end() {
        READY => {
            let pid = launched.shim.id();
            let identity = identity_of(pid)?.ok_or_else(|| io::Error::other(format!("its shim {pid} has vanished")))?;
            Ok(Begun::Ready(identity, launched))
        }
        TAKEN => launched.reap().map(|()| Begun::Taken),
        _ => Ok(Begun::Died(launched.shim.wait()?)),
    }
}

/// Spawns without any work between fork and exec, which would cost a copy of a large parent: the shim itself makes
/// its session.
fn start(program: &Path, launch: &Launch, folder: &AttemptFolder) -> io::Result<(Launched, PipeReader)> {
    let (answers, say) = io::pipe()?;
    let log = OpenOptions::new().append(true).create(true).open(folder.log())?;
    let mut command = Command::new(program);
    command.arg(COMMAND).arg(&launch.folder).stdout(say).stderr(log);
    // The shim of an attempt must not look like one of its descendants, or a sweep would end it. One of another
    // attempt does belong to that attempt's tree.
    if std::env::var_os(ATTEMPT_VARIABLE).as_deref() == Some(OsStr::new(&launch.key)) {
        command.env_remove(ATTEMPT_VARIABLE);
    }
    let lifeline = if launch.bound {
        let (shim_end, our_end) = io::pipe()?;
        command.stdin(shim_end);
        Some(our_end)
    } else {
        command.stdin(Stdio::null());
        None
    };
    let shim = command.spawn()?;
    // `command` goes here, and with it our copy of the shim's end: else the answers would never end.
    Ok((Launched { shim, _lifeline: lifeline }, answers))
}

/// Whether a shim was started for a folder and has not taken it yet. Seen by its command line: in its folder it has
/// left nothing so far.
pub(super) fn is_coming(folder: &AttemptFolder) -> io::Result<bool> {
    // Without a launch there is no shim: the usual case costs one look.
    if !folder.has_launch() {
        return Ok(false);
    }
    let wanted = [COMMAND.as_bytes(), folder.path().as_os_str().as_bytes()];
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let is_process = path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.parse::<u32>().is_ok());
        // A process that has ended in the meantime has no command line any more.
        let words = if is_process { std::fs::read(path.join("cmdline")).unwrap_or_default() } else { Vec::new() };
        let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        if words.windows(2).any(|pair| pair == wanted) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn failure(folder: &AttemptFolder, how: String) -> io::Error {
    let log = std::fs::read_to_string(folder.log()).unwrap_or_default();
    let last = log.lines().last().unwrap_or("it said nothing; run `coordinate doctor`");
    io::Error::other(format!("its shim ended ({how}) before it took `{}`: {last}", folder.log().display()))
}
