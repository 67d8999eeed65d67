//! Following an attempt by its folder, alike for one that this process launched and for an adopted one.

use super::folder::AttemptFolder;
use super::process::open_process;
use super::transcript::TranscriptReader;
use super::tree;
use crate::watch;
use coordinate_engine::port::{AttemptStatus, Ending, ProcessIdentity, TranscriptLine};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::Path;

/// The longest sleep while the kernel tells us of news.
const WATCHED: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// The longest sleep where it cannot: the system's number of watches is limited.
const UNWATCHED: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Delivers every whole line from `offset` on until the attempt has ended and all is delivered.
pub(super) fn follow(
    folder: &AttemptFolder,
    offset: u64,
    status: impl Fn() -> io::Result<AttemptStatus>,
    line: &mut dyn FnMut(TranscriptLine) -> bool,
) -> io::Result<Option<Ending>> {
    if status()? == AttemptStatus::NeverStarted {
        return Err(io::Error::new(ErrorKind::NotFound, "no shim ever took it; launch it first"));
    }
    let mut reader = Reader { folder, offset, open: None };
    let mut news = News::of(folder);
    loop {
        // Asked before reading: what an ended attempt has written is all there, so that nothing is missed.
        let status = status()?;
        if status == AttemptStatus::Lost {
            sweep(folder)?;
        }
        if !reader.deliver(line)? {
            return Ok(None);
        }
        match status {
            AttemptStatus::Ended(ending) => return Ok(Some(ending)),
            AttemptStatus::Lost => return Ok(Some(Ending::Lost)),
            AttemptStatus::Alive(shim) => news.wait(&shim)?,
            AttemptStatus::NeverStarted => return Err(io::Error::other("its folder was removed; retry the attempt")),
        }
    }
}

/// Delivers the lines that an attempt's transcript has now, without waiting and without touching the attempt.
///
/// # Errors
/// When the transcript is there and can not be read.
pub fn read_transcript(folder: &Path, line: &mut dyn FnMut(TranscriptLine) -> bool) -> io::Result<()> {
    let folder = AttemptFolder::new(folder);
    Reader { folder: &folder, offset: 0, open: None }.deliver(line).map(drop)
}

/// Ends what a killed shim has left behind.
fn sweep(folder: &AttemptFolder) -> io::Result<usize> {
    let launch = folder.read_launch()?.ok_or_else(|| {
        io::Error::new(ErrorKind::NotFound, "its `launch.json` is missing; end its processes with `coordinate clean`")
    })?;
    tree::sweep(&launch.key)
}

/// The transcript as far as it has been delivered; opened once the shim has made it.
struct Reader<'f> {
    folder: &'f AttemptFolder,
    offset: u64,
    open: Option<TranscriptReader>,
}

impl Reader<'_> {
    /// Delivers all whole lines; `false` when the receiver wants no more.
    fn deliver(&mut self, line: &mut dyn FnMut(TranscriptLine) -> bool) -> io::Result<bool> {
        let reader = match &mut self.open {
            Some(reader) => reader,
            none => match TranscriptReader::open(&self.folder.transcript(), self.offset) {
                Ok(reader) => none.insert(reader),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
                Err(error) => return Err(error),
            },
        };
        while let Some(next) = reader.next_line()? {
            if !line(next) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Wakes a follower when the transcript grows or the shim ends.
struct News {
    changes: Option<OwnedFd>,
    shim: Option<(ProcessIdentity, OwnedFd)>,
}

impl News {
    /// Watches from now on: what comes after this is not missed, however late `wait` is called.
    fn of(folder: &AttemptFolder) -> Self {
        let watch = || {
            let changes = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            inotify::add_watch(&changes, folder.transcript(), WatchFlags::MODIFY)?;
            Ok::<_, Errno>(changes)
        };
        Self { changes: watch().ok(), shim: None }
    }

    fn wait(&mut self, shim: &ProcessIdentity) -> io::Result<()> {
        if self.shim.as_ref().is_none_or(|(known, _)| known != shim) {
            let descriptor = open_process(shim.pid, shim.start_time)?;
            self.shim = descriptor.map(|descriptor| (shim.clone(), descriptor));
        }
        // It ended a moment ago: the status says so now.
        let Some((_, shim)) = &self.shim else { return Ok(()) };
        let mut watched = vec![PollFd::new(shim, PollFlags::IN)];
        watched.extend(self.changes.iter().map(|changes| PollFd::new(changes, PollFlags::IN)));
        let longest = if self.changes.is_some() { WATCHED } else { UNWATCHED };
        match poll(&mut watched, Some(&longest)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        self.changes.as_ref().map_or(Ok(()), watch::forget)
    }
}
