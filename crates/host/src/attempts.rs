//! Attempts as processes, each under a shim of its own that outlives the process that launched it.
//!
//! All that is known of an attempt lies in its folder, so that any later process can adopt it:
//!
//! | file | written by | content |
//! |---|---|---|
//! | `launch.json` | launcher | what to run and when to end it |
//! | `lock` | shim | held for the shim's whole life |
//! | `control` | shim | named pipe for messages that end the attempt |
//! | `shim.json` | shim | who the shim is; once it is there, the folder is never run again |
//! | `said/` | driver | what was said to the attempt, a file each, by its number |
//! | `transcript` | shim | the redacted output, as JSON Lines |
//! | `status.json` | shim | how the attempt ended; written when its whole process tree is gone |
//! | `shim.log` | shim | why the shim itself failed; empty otherwise |

mod control;
mod folder;
mod follow;
mod launch;
mod process;
mod said;
mod shim;
mod signals;
mod supervision;
mod transcript;
mod tree;

pub use follow::read_transcript;
pub use process::{identity_of, is_alive};
pub use said::{Inbox, SAID_FOLDER};
pub use shim::shim_main;

use crate::lock;
use coordinate_engine::port::{
    AttemptStatus, Attempts, AttemptsError, Ending, Launch, ProcessIdentity, StopHow, TranscriptLine,
};
use coordinate_model::ids::Token;
use coordinate_model::said::Said;
use folder::AttemptFolder;
use launch::Launched;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The variable that names its attempt in every descendant: what a killed shim leaves behind is found by it.
pub const ATTEMPT_VARIABLE: &str = "COORDINATE_ATTEMPT";

/// How long `stop` waits for a shim that has its lock but does not listen yet.
const LISTEN_TIME: Duration = Duration::from_secs(2);

/// How long a shim that may be coming is looked for after it was last seen. A process has no command line while it becomes
/// another program, and on a busy machine it may stand still just then.
const UNSEEN: Duration = Duration::from_millis(500);

/// Attempts under shims, which are processes of this same program.
///
/// Bound attempts end when this value is dropped or its process dies; the others live on.
#[derive(Debug)]
pub struct ShimAttempts {
    program: PathBuf,
    /// The shims that are children of this process, to be reaped when they have ended.
    launched: Mutex<HashMap<PathBuf, Launched>>,
}

impl ShimAttempts {
    /// Attempts whose shims are started as `<program> attempt-shim <folder>`, which must call [`shim_main`].
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self { program, launched: Mutex::default() }
    }

    fn launched(&self) -> MutexGuard<'_, HashMap<PathBuf, Launched>> {
        // Every change of the map is one call: a thread that panicked has left nothing half done.
        self.launched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the status of a shim that has given up its lock, or it would stay a zombie.
    fn reap(&self, folder: &Path) -> io::Result<()> {
        let launched = self.launched().remove(folder);
        launched.map_or(Ok(()), Launched::reap)
    }

    /// Reaps the shims of attempts that nobody follows or asks for any more.
    fn reap_ended(&self) {
        self.launched().retain(|_, launched| !launched.has_ended());
    }

    fn read_status(&self, path: &Path) -> io::Result<AttemptStatus> {
        let status = folder_status(&AttemptFolder::new(path))?;
        if matches!(status, AttemptStatus::Ended(_) | AttemptStatus::Lost) {
            self.reap(path)?;
        }
        Ok(status)
    }
}

impl Attempts for ShimAttempts {
    fn launch(&self, launch: &Launch) -> Result<ProcessIdentity, AttemptsError> {
        self.reap_ended();
        let failed = |error: io::Error| system("launch", &launch.key, &error);
        if self.read_status(&launch.folder).map_err(failed)? != AttemptStatus::NeverStarted {
            return Err(AttemptsError::AlreadyRunning { key: launch.key.clone() });
        }
        match launch::launch(&self.program, launch).map_err(failed)? {
            Some((identity, launched)) => {
                self.launched().insert(launch.folder.clone(), launched);
                Ok(identity)
            }
            None => Err(AttemptsError::AlreadyRunning { key: launch.key.clone() }),
        }
    }

    fn status(&self, folder: &Path) -> Result<AttemptStatus, AttemptsError> {
        self.read_status(folder)
            .map_err(|error| system("read the status of", &AttemptFolder::new(folder).key(), &error))
    }

    fn follow(
        &self,
        folder: &Path,
        offset: u64,
        line: &mut dyn FnMut(TranscriptLine) -> bool,
    ) -> Result<Option<Ending>, AttemptsError> {
        follow::follow(&AttemptFolder::new(folder), offset, || self.read_status(folder), line)
            .map_err(|error| system("follow", &AttemptFolder::new(folder).key(), &error))
    }

    fn stop(&self, folder: &Path, token: Token, how: StopHow) -> Result<(), AttemptsError> {
        let folder = AttemptFolder::new(folder);
        tell(&folder, control::Message { token, how }).map_err(|error| system("stop", &folder.key(), &error))
    }

    fn say(&self, folder: &Path, number: u32, said: &Said) -> Result<(), AttemptsError> {
        said::say(folder, number, said)
            .map_err(|error| system("tell something to", &AttemptFolder::new(folder).key(), &error))
    }

    fn sweep(&self, key: &str) -> Result<usize, AttemptsError> {
        tree::sweep(key).map_err(|error| system("end the processes of", key, &error))
    }
}

fn system(action: &'static str, key: &str, cause: &io::Error) -> AttemptsError {
    AttemptsError::System { action, key: key.to_owned(), cause: cause.to_string() }
}

/// Reads what became of an attempt. The order matters: a shim takes the lock, then writes `shim.json`, and writes
/// `status.json` before it gives the lock up. Reading in any other order would call a shim lost that starts or ends
/// between two of the questions, and its living attempt would be swept away.
fn folder_status(folder: &AttemptFolder) -> io::Result<AttemptStatus> {
    let deadline = Instant::now() + LISTEN_TIME;
    // A launch that was written may have a process by now that is not to be seen for a moment, so it counts like a look.
    let mut seen = folder.has_launch().then(Instant::now);
    loop {
        let status = present_status(folder)?;
        // Its launcher was killed a moment ago: the attempt is about to begin, in a tree that whoever takes it for
        // never started would prepare once more under its feet.
        if status != AttemptStatus::NeverStarted || Instant::now() >= deadline {
            return Ok(status);
        }
        if launch::is_coming(folder)? {
            seen = Some(Instant::now());
        }
        if seen.is_none_or(|seen| seen.elapsed() > UNSEEN) {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn present_status(folder: &AttemptFolder) -> io::Result<AttemptStatus> {
    let was_taken = folder.read_shim()?.is_some();
    while let Some(pid) = lock::holder(&folder.lock())? {
        // No identity: it has just ended, and the lock is free now.
        if let Some(identity) = identity_of(pid)? {
            return Ok(AttemptStatus::Alive(identity));
        }
    }
    Ok(match folder.read_ending()? {
        Some(ending) => AttemptStatus::Ended(ending),
        None if was_taken => AttemptStatus::Lost,
        None => AttemptStatus::NeverStarted,
    })
}

/// Sends a message to the shim, if there is one.
fn tell(folder: &AttemptFolder, message: control::Message) -> io::Result<()> {
    let deadline = Instant::now() + LISTEN_TIME;
    while !control::send(&folder.control(), message)? {
        if lock::holder(&folder.lock())?.is_none() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(io::Error::other("its shim lives but does not listen; end the shim's process by hand"));
        }
        // The shim has taken its lock and opens its channel next.
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
