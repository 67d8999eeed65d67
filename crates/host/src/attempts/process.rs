//! Processes as the kernel names them: told from later ones with the same id.

use coordinate_engine::port::ProcessIdentity;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;

/// One process as `/proc/PID/stat` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// Clock ticks since boot.
    pub(crate) start_time: u64,
    /// Nothing of it runs any more; only its parent has not asked for its status yet.
    pub(crate) is_zombie: bool,
}

impl Process {
    /// The process with this id; `None` when there is none.
    pub(crate) fn read(pid: u32) -> io::Result<Option<Self>> {
        match std::fs::read(format!("/proc/{pid}/stat")) {
            Ok(stat) => parse_stat(pid, &String::from_utf8_lossy(&stat)).map(Some),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A descriptor of this very process; `None` when it is gone, also when its id has gone to another one.
    pub(crate) fn open(&self) -> io::Result<Option<OwnedFd>> {
        open_process(self.pid, self.start_time)
    }
}

/// A descriptor of the process with this id and start time; readable once it has ended.
pub(crate) fn open_process(pid: u32, start_time: u64) -> io::Result<Option<OwnedFd>> {
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(None) };
    let descriptor = match pidfd_open(number, PidfdFlags::empty()) {
        Ok(descriptor) => descriptor,
        Err(Errno::SRCH) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Compared only now: the id cannot change hands unnoticed once the descriptor is open.
    let is_same = Process::read(pid)?.is_some_and(|process| process.start_time == start_time);
    Ok(is_same.then_some(descriptor))
}

/// Who the process with this id is; `None` when there is none.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn identity_of(pid: u32) -> io::Result<Option<ProcessIdentity>> {
    let Some(process) = Process::read(pid)? else { return Ok(None) };
    Ok(Some(ProcessIdentity { boot_id: boot_id()?, pid, start_time: process.start_time }))
}

/// Whether this very process still runs: same boot, same id, same start time, and no zombie.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn is_alive(identity: &ProcessIdentity) -> io::Result<bool> {
    if boot_id()? != identity.boot_id {
        return Ok(false);
    }
    let process = Process::read(identity.pid)?;
    Ok(process.is_some_and(|process| process.start_time == identity.start_time && !process.is_zombie))
}

fn boot_id() -> io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Whether an error of reading `/proc/PID/…` means that the process ended.
pub(super) fn is_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

/// Reads the fields after the command's name. The name may hold spaces and `)`: the last one ends it.
fn parse_stat(pid: u32, stat: &str) -> io::Result<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let malformed = || io::Error::new(ErrorKind::InvalidData, format!("cannot read `/proc/{pid}/stat`: `{stat}`"));
    // Numbered from 1 in proc(5); the first field after the name is number 3.
    let field = |number: usize| fields.get(number - 3).copied().ok_or_else(malformed);
    let number = |text: &str| text.parse::<u64>().map_err(|_| malformed());
    // A program whose first thread has ended shows as a zombie although its other threads run.
    let is_zombie = matches!(field(3)?, "Z" | "X") && number(field(20)?)? <= 1;
    let parent = field(4)?.parse().map_err(|_| malformed())?;
    Ok(Process { pid, parent, start_time: number(field(22)?)?, is_zombie })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_is_skipped() {
        let stat = "42 (a) b) c) S 7 42 42 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 3 0 98765 1000 10";
        let expected = Process { pid: 42, parent: 7, start_time: 98765, is_zombie: false };
        assert_eq!(parse_stat(42, stat).unwrap(), expected);
    }

    #[test]
    fn nonsense_is_an_error() {
        assert_eq!(parse_stat(1, "1 (x").unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(parse_stat(1, "1 (x) S 1").unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn this_process_is_alive_and_no_other_one() {
        let own = identity_of(std::process::id()).unwrap().unwrap();
        assert!(is_alive(&own).unwrap());
        assert!(!is_alive(&ProcessIdentity { start_time: own.start_time + 1, ..own.clone() }).unwrap());
        assert!(!is_alive(&ProcessIdentity { boot_id: "another boot".to_owned(), ..own.clone() }).unwrap());
        assert!(open_process(own.pid, own.start_time).unwrap().is_some());
        assert!(open_process(own.pid, own.start_time + 1).unwrap().is_none());
    }
}
