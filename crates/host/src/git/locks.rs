//! Lock files of git that nobody holds any more. A git that is killed leaves them, and every later one gives up on them.
//!
//! Who made a lock file can not be told from it. Those on our own refs, in our own trees and on our own scratch indexes are
//! held for moments only, and by nobody but this program: one that stays the same for as long as we wait is taken away. A
//! lock in what is the user's is named with what to do, and not deleted: another program may live that holds it. But where
//! a git of our own was seen to die, the lock came while that one lived, and no other git that lived then lives any more,
//! it was the dead one's. It may be met long after that: a command that is run again need not want what it had locked.

use super::exclusive::Exclusive;
use super::index;
use super::registry;
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Refs that nobody but this program moves, below `refs/`.
const OWN_REFS: &[&str] = &["coordinate/", "coordinate-recording/", "heads/coordinate/"];

/// A lock file as it was met: another one of the same name is another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lock {
    path: PathBuf,
    inode: u64,
    changed: (i64, i64),
}

impl Lock {
    /// The lock file that git gives up on in these words, if it is still there.
    pub(super) fn named_in(err: &str) -> Option<Self> {
        let (before, _) = err.split_once(".lock': File exists")?;
        let (_, name) = before.rsplit_once('\'')?;
        Self::at(Path::new(&format!("{name}.lock")))
    }

    fn at(path: &Path) -> Option<Self> {
        let data = path.symlink_metadata().ok()?;
        Some(Self { path: path.to_owned(), inode: data.ino(), changed: (data.ctime(), data.ctime_nsec()) })
    }

    /// What to do about one that is not ours.
    pub(super) fn told(&self) -> String {
        let path = self.path.display();
        format!("`{path}` exists: a git command runs or was killed; wait for it, or delete the file if no git runs")
    }

    /// The repository's folder and what of it is locked, where that is ours alone.
    fn own(&self) -> Option<&Path> {
        let name = self.path.file_name()?.to_str()?;
        let folder = self.path.parent()?;
        let is_tree = folder.parent().is_some_and(|above| above.ends_with("worktrees")) && registry::is_own(folder);
        if is_tree || name.starts_with(index::PREFIX) {
            return Some(folder);
        }
        let common = self.path.ancestors().find(|above| above.ends_with("refs"))?.parent()?;
        let reference = self.path.strip_prefix(common.join("refs")).ok()?.to_str()?;
        OWN_REFS.iter().any(|own| reference.starts_with(own)).then_some(common)
    }

    /// Takes away a lock of ours that was the same for all the time that it was waited for; says whether it did.
    pub(super) fn take_away(&self) -> bool {
        let deaths = || DEATHS.lock().unwrap_or_else(PoisonError::into_inner);
        let of_dead = || self.path.parent().filter(|_| deaths().iter().any(|death| death.left(self)));
        let Some(folder) = self.own().or_else(of_dead) else { return false };
        // One at a time, and looked at again: or the lock would be deleted that another one took just after he deleted
        // this one.
        let Ok(_turn) = Exclusive::hold(&folder.join("coordinate-locks.lock")) else { return false };
        Self::at(&self.path).as_ref() != Some(self) || std::fs::remove_file(&self.path).is_ok()
    }
}

/// The gits of ours that signals ended, as long as this process lives.
static DEATHS: Mutex<Vec<Death>> = Mutex::new(Vec::new());

/// A git of ours that a signal ended.
#[derive(Debug)]
struct Death {
    began: SystemTime,
    ended: SystemTime,
    /// The other gits of the machine that lived when it ended, or began in the same tick.
    beside: Vec<String>,
}

/// To be told just after a git of ours has died that began then. Nothing is known of it where the system does not tell who
/// else lives.
pub(super) fn died(began: SystemTime) {
    let ended = SystemTime::now();
    std::thread::sleep(TICK);
    let Ok(entries) = std::fs::read_dir("/proc") else { return };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let death = Death { began, ended, beside: numbers.filter(|number| is_git(number)).collect() };
    DEATHS.lock().unwrap_or_else(PoisonError::into_inner).push(death);
}

impl Death {
    /// Whether nobody else can hold this lock.
    fn left(&self, lock: &Lock) -> bool {
        let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok();
        // The file system's clock ticks more rarely than the system's, and is behind it by less than a tick.
        let lived = self.began.checked_sub(TICK).and_then(since).zip(since(self.ended));
        let came = (u64::try_from(lock.changed.0), u32::try_from(lock.changed.1));
        let (Some((began, ended)), (Ok(seconds), Ok(nanos))) = (lived, came) else { return false };
        let came = Duration::new(seconds, nanos);
        began <= came && came <= ended && !self.beside.iter().any(|number| is_git(number))
    }
}

/// How coarse the time stamps of files may be.
const TICK: Duration = Duration::from_millis(20);

/// Whether a process of this number is a git that has not ended.
fn is_git(number: &str) -> bool {
    // The system lists more than processes there.
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    stat.split_once(" (git").is_some_and(|(_, rest)| !rest.contains(") Z "))
}

/// Locks of others that were waited for in vain: a second git that meets one need not wait as long again.
static DEAD: Mutex<BTreeSet<Lock>> = Mutex::new(BTreeSet::new());

pub(super) fn is_known(lock: &Lock) -> bool {
    DEAD.lock().unwrap_or_else(PoisonError::into_inner).contains(lock)
}

pub(super) fn remember(lock: &Lock) {
    DEAD.lock().unwrap_or_else(PoisonError::into_inner).insert(lock.clone());
}
