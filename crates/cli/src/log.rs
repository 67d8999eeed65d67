//! The structured log of a project: `.coordinate/state/logs/coordinate.log`, appended to by every process that drives a
//! run, and rotated by whichever finds it too large.
//!
//! A log that can not be written is told once and then left: it must never stop a run.

use crate::commands::note;
use crate::context::Project;
use coordinate_engine::driver::Listener;
use coordinate_engine::journal::Record;
use coordinate_model::run::Run;
use coordinate_report::{log, states};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The listener that writes the log.
pub(crate) struct Log {
    file: LogFile,
    broken: bool,
}

impl Log {
    /// The log of a project, with the limits of its configuration.
    pub(crate) fn new(project: &Project) -> Self {
        let config = project.config().ok();
        let number = |name: &str, usual: u64| config.and_then(|config| config.number(name)).unwrap_or(usual);
        let file = LogFile {
            path: project.state().join("logs/coordinate.log"),
            most_bytes: number("log.bytes", 10 * 1024 * 1024).max(1),
            files: number("log.files", 5).max(1),
            open: None,
        };
        Self { file, broken: false }
    }

    /// The same log, for another thread.
    pub(crate) fn again(&self) -> Self {
        let LogFile { path, most_bytes, files, .. } = &self.file;
        let file = LogFile { path: path.clone(), most_bytes: *most_bytes, files: *files, open: None };
        Self { file, broken: false }
    }
}

impl Listener for Log {
    fn on_event(&mut self, run: &Run, record: &Record) {
        if self.broken {
            return;
        }
        let mut lines = log::event(run, record.sequence, record.at, &record.event);
        lines.extend(states::end(run, record.at, &record.event).map(|end| log::state_end(&end)));
        if let Err(error) = self.file.append(lines.as_bytes()) {
            self.broken = true;
            note(&format!("the log `{}` can not be written: {error}; the run goes on", self.file.path.display()));
        }
    }

    fn on_tick(&mut self, _run: &Run) {}
}

/// A file that several processes append to, each whole lines at a time.
struct LogFile {
    path: PathBuf,
    most_bytes: u64,
    /// How many there are in all, the newest included.
    files: u64,
    open: Option<File>,
}

impl LogFile {
    /// Appends under a lock, so that a rotation of another process never comes between two halves of a line.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let guard = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join("lock"))?;
        guard.lock()?;
        self.reopen()?;
        let size = self.open.as_ref().map(File::metadata).transpose()?.map_or(0, |metadata| metadata.len());
        if size > 0 && size.saturating_add(lines.len() as u64) > self.most_bytes {
            self.rotate()?;
            self.reopen()?;
        }
        self.open.as_mut().map_or(Ok(()), |file| file.write_all(lines))
    }

    /// Another process may have rotated: then the open file is not the one of that name any more.
    fn reopen(&mut self) -> io::Result<()> {
        let there = std::fs::metadata(&self.path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
        let open = self.open.as_ref().and_then(|file| file.metadata().ok()).map(|it| (it.dev(), it.ino()));
        if open.is_none() || open != there {
            self.open = Some(OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?);
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..self.files).rev() {
            let from = if number == 1 { self.path.clone() } else { self.older(number - 1) };
            match std::fs::rename(from, self.older(number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.files == 1 {
            std::fs::remove_file(&self.path)?;
        }
        Ok(())
    }

    fn older(&self, number: u64) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("coordinate-log-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    fn file(folder: &Path) -> LogFile {
        LogFile { path: folder.join("coordinate.log"), most_bytes: 100, files: 3, open: None }
    }

    #[test]
    fn the_oldest_file_goes_when_there_are_too_many() {
        let folder = folder("rotation");
        let mut log = file(&folder);
        for number in 10..60 {
            log.append(format!("line {number}\n").as_bytes()).unwrap();
        }
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let all = [text("coordinate.log.2"), text("coordinate.log.1"), text("coordinate.log")].concat();
        let expected: String = (60 - all.lines().count()..60).map(|number| format!("line {number}\n")).collect();
        assert_eq!(all, expected);
        assert!(all.lines().count() > 20 && !folder.join("coordinate.log.3").exists());
        assert!(text("coordinate.log.1").len() <= 100);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn several_writers_never_mix_or_lose_lines() {
        let folder = folder("writers");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let mut log = LogFile { most_bytes: 1_000, files: 50, ..file(&folder) };
                scope.spawn(move || {
                    for line in 0..50 {
                        log.append(format!("writer {writer} says {line} and no more\n").as_bytes()).unwrap();
                    }
                });
            }
        });
        let mut lines = Vec::new();
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            lines.extend(std::fs::read_to_string(entry.path()).unwrap().lines().map(str::to_owned));
        }
        lines.sort();
        lines.dedup();
        assert_eq!(lines.len(), 200);
        assert!(lines.iter().all(|line| line.ends_with("and no more")));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
