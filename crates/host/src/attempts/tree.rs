//! Whole trees of processes: found, frozen, ended.

use super::ATTEMPT_VARIABLE;
use super::process::{Process, is_gone};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Rounds of freezing after which a tree that still grows is ended as far as it is known. Each round stops all that
/// the last one found, so that only what was forked in between is new.
const FREEZE_ROUNDS: usize = 64;

/// How long a sweep waits for killed processes to be gone.
const SWEEP_TIME: Duration = Duration::from_secs(10);

/// Every process of this machine that can be seen.
struct ProcessTable(Vec<Process>);

impl ProcessTable {
    fn read() -> io::Result<Self> {
        let mut processes = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            processes.extend(Process::read(pid)?);
        }
        Ok(Self(processes))
    }

    /// All processes below the given ones, without these themselves.
    fn below(&self, roots: &HashSet<u32>) -> Vec<Process> {
        let mut children: HashMap<u32, Vec<Process>> = HashMap::new();
        for process in &self.0 {
            children.entry(process.parent).or_default().push(*process);
        }
        let mut found: Vec<Process> = Vec::new();
        let mut seen = roots.clone();
        let mut next: Vec<u32> = roots.iter().copied().collect();
        while let Some(parent) = next.pop() {
            for child in children.remove(&parent).unwrap_or_default() {
                if seen.insert(child.pid) {
                    next.push(child.pid);
                    found.push(child);
                }
            }
        }
        found
    }
}

/// Asks every descendant of this process to end. A stopped one is woken, or it would never hear of it.
pub(super) fn ask_descendants() -> io::Result<()> {
    for process in descendants()? {
        send(&process, Signal::TERM)?;
        send(&process, Signal::CONT)?;
    }
    Ok(())
}

/// Kills every descendant of this process that there is at one moment: they are stopped first, so that none can fork
/// away from under the kill.
pub(super) fn kill_descendants() -> io::Result<()> {
    for process in freeze(descendants)? {
        send(&process, Signal::KILL)?;
    }
    Ok(())
}

/// Kills every process that carries the attempt's key in its environment, and all below these, and returns how many
/// there were, once they are gone.
pub(super) fn sweep(key: &str) -> io::Result<usize> {
    let deadline = Instant::now() + SWEEP_TIME;
    let mut ended: HashSet<Process> = HashSet::new();
    loop {
        let mut left = freeze(|| members(key))?;
        left.retain(|process| !process.is_zombie);
        if left.is_empty() {
            return Ok(ended.len());
        }
        kill_and_wait(&left, deadline)?;
        ended.extend(left);
    }
}

fn descendants() -> io::Result<Vec<Process>> {
    Ok(ProcessTable::read()?.below(&HashSet::from([std::process::id()])))
}

/// The processes that carry the key, and all below them: a client may start tools with an empty environment.
fn members(key: &str) -> io::Result<Vec<Process>> {
    let own = std::process::id();
    let mut table = ProcessTable::read()?;
    // Not this process, nor what hangs on it alone: an attempt's own tools may sweep too.
    table.0.retain(|process| process.pid != own);
    let wanted = format!("{ATTEMPT_VARIABLE}={key}");
    let mut members = Vec::new();
    for process in &table.0 {
        if carries(process.pid, wanted.as_bytes())? {
            members.push(*process);
        }
    }
    let below = table.below(&members.iter().map(|process| process.pid).collect());
    members.extend(below);
    Ok(members)
}

fn carries(pid: u32, wanted: &[u8]) -> io::Result<bool> {
    match std::fs::read(format!("/proc/{pid}/environ")) {
        Ok(environment) => Ok(environment.split(|byte| *byte == 0).any(|variable| variable == wanted)),
        Err(error) if is_gone(&error) => Ok(false),
        // Another user's process, or one that hides its memory: found through its parent or not at all.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(false),
        Err(error) => Err(error),
    }
}

/// Stops all that `find` finds until it finds nothing new, and returns all that was ever found.
fn freeze(find: impl Fn() -> io::Result<Vec<Process>>) -> io::Result<Vec<Process>> {
    let mut frozen: HashMap<(u32, u64), Process> = HashMap::new();
    for _ in 0..FREEZE_ROUNDS {
        let before = frozen.len();
        for process in find()? {
            if frozen.insert((process.pid, process.start_time), process).is_none() {
                send(&process, Signal::STOP)?;
            }
        }
        if frozen.len() == before {
            break;
        }
    }
    Ok(frozen.into_values().collect())
}

/// Sends a signal to this very process, never to a later one with its id. One that is gone, or that has become
/// another user's, is passed over: the caller looks again until the tree is gone.
fn send(process: &Process, signal: Signal) -> io::Result<()> {
    let Some(descriptor) = process.open()? else { return Ok(()) };
    match pidfd_send_signal(&descriptor, signal) {
        Ok(()) | Err(Errno::SRCH | Errno::PERM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn kill_and_wait(processes: &[Process], deadline: Instant) -> io::Result<()> {
    let mut opened: Vec<(u32, OwnedFd)> = Vec::new();
    for process in processes {
        if let Some(descriptor) = process.open()? {
            opened.push((process.pid, descriptor));
        }
        send(process, Signal::KILL)?;
    }
    for (pid, descriptor) in &opened {
        if !ends_before(descriptor, deadline)? {
            let message = format!("process {pid} cannot be ended; end it by hand, as its owner or as root, and resume");
            return Err(io::Error::new(ErrorKind::TimedOut, message));
        }
    }
    Ok(())
}

fn ends_before(descriptor: &OwnedFd, deadline: Instant) -> io::Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&timeout)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, parent: u32) -> Process {
        Process { pid, parent, start_time: 0, is_zombie: false }
    }

    #[test]
    fn below_means_at_any_depth_and_not_beside() {
        let table = ProcessTable(vec![process(1, 0), process(2, 1), process(3, 2), process(4, 3), process(5, 1)]);
        let mut below: Vec<u32> = table.below(&HashSet::from([2])).iter().map(|process| process.pid).collect();
        below.sort_unstable();
        assert_eq!(below, [3, 4]);
    }

    #[test]
    fn a_table_read_during_change_may_hold_a_ring_and_ends_all_the_same() {
        let table = ProcessTable(vec![process(2, 3), process(3, 2)]);
        assert_eq!(table.below(&HashSet::from([2])), [process(3, 2)]);
    }
}
