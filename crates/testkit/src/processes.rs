//! Which processes live, told by their environment: the one mark that survives a change of session, group or parent.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// A living process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessEntry {
    /// Its process id.
    pub pid: u32,
    /// Its command line, for messages.
    pub command: String,
}

/// The living processes with an environment entry that begins with `prefix`, such as `COORDINATE_ATTEMPT=run_01`.
///
/// Seen are processes of this user; the environment is the one that the program was started with. Zombies have none
/// and are not listed.
#[must_use]
pub fn processes_with_env(prefix: &str) -> Vec<ProcessEntry> {
    let Ok(folders) = fs::read_dir("/proc") else { return Vec::new() };
    folders
        .filter_map(|folder| folder.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| environment_has(*pid, prefix))
        .map(|pid| ProcessEntry { pid, command: command_line(pid) })
        .collect()
}

/// How many living processes have an environment entry that begins with `prefix`.
#[must_use]
pub fn count_processes_with_env(prefix: &str) -> usize {
    processes_with_env(prefix).len()
}

/// Kills every process with such an environment entry, until there is none: one that is being killed may still start
/// another. Gives up after a hundred rounds, because a process in uninterruptible sleep does not go.
pub fn kill_processes_with_env(prefix: &str) {
    for _ in 0..100 {
        let found = processes_with_env(prefix);
        if found.is_empty() {
            return;
        }
        for process in &found {
            kill(process.pid);
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Kills one process. One that has ended in the meantime is what was wanted.
pub fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ended_already = kill_process(pid, Signal::KILL);
    }
}

fn environment_has(pid: u32, prefix: &str) -> bool {
    // A process may end at any moment between listing and reading; it is then simply not there.
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|entries| entries.split(|byte| *byte == 0).any(|entry| entry.starts_with(prefix.as_bytes())))
}

fn command_line(pid: u32) -> String {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&arguments).replace('\0', " ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_is_found_by_its_environment_until_it_is_killed() {
        let mark = format!("COORDINATE_TESTKIT_MARK=here-{}", std::process::id());
        let (name, value) = mark.split_once('=').expect("the mark has a value");
        assert_eq!(count_processes_with_env(&mark), 0);

        let mut child =
            Command::new("cat").env(name, value).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("cat");
        let found = processes_with_env(&mark);
        assert_eq!(found, [ProcessEntry { pid: child.id(), command: "cat".into() }]);

        kill_processes_with_env(&mark);
        assert!(!child.wait().expect("the child can be waited for").success());
        assert_eq!(count_processes_with_env(&mark), 0);
    }
}
