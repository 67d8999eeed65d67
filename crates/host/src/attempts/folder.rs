//! The folder of one attempt: all that is known of it, readable by any process at any time.

use crate::{atomic, stored};
use coordinate_engine::port::{Ending, Launch, ProcessIdentity};
use coordinate_model::time::UtcMillis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The version of the files in an attempt's folder. A newer one is refused; there is no older one.
const FORMAT: u32 = 1;

/// An attempt's folder, by its files.
#[derive(Debug, Clone)]
pub(super) struct AttemptFolder(PathBuf);

/// How the attempt ended, and when.
#[derive(Serialize, Deserialize)]
struct Status {
    ending: Ending,
    at_ms: UtcMillis,
}

impl AttemptFolder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Held by the shim for its whole life.
    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// The named pipe that the shim takes messages from.
    pub(super) fn control(&self) -> PathBuf {
        self.0.join("control")
    }

    /// The redacted output, as JSON Lines.
    pub(super) fn transcript(&self) -> PathBuf {
        self.0.join("transcript")
    }

    /// Where the shim says why it failed.
    pub(super) fn log(&self) -> PathBuf {
        self.0.join("shim.log")
    }

    /// The attempt's key for messages: the folder's name until the launch has been written.
    pub(super) fn key(&self) -> String {
        match self.read_launch() {
            Ok(Some(launch)) => launch.key,
            Ok(None) | Err(_) => self.0.file_name().unwrap_or(self.0.as_os_str()).to_string_lossy().into_owned(),
        }
    }

    pub(super) fn write_launch(&self, launch: &Launch) -> io::Result<()> {
        self.write("launch.json", launch)
    }

    pub(super) fn has_launch(&self) -> bool {
        self.0.join("launch.json").exists()
    }

    pub(super) fn read_launch(&self) -> io::Result<Option<Launch>> {
        self.read("launch.json")
    }

    /// Records that a shim has taken the folder. Durable before the program starts: without this file it never did.
    pub(super) fn write_shim(&self, identity: &ProcessIdentity) -> io::Result<()> {
        self.write("shim.json", identity)
    }

    pub(super) fn read_shim(&self) -> io::Result<Option<ProcessIdentity>> {
        self.read("shim.json")
    }

    pub(super) fn write_ending(&self, ending: Ending) -> io::Result<()> {
        self.write("status.json", &Status { ending, at_ms: now() })
    }

    pub(super) fn read_ending(&self) -> io::Result<Option<Ending>> {
        Ok(self.read::<Status>("status.json")?.map(|status| status.ending))
    }

    fn write<T: Serialize>(&self, name: &str, content: &T) -> io::Result<()> {
        atomic::write(&self.0.join(name), &stored::text(FORMAT, content)?)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        stored::read(FORMAT, &self.0.join(name))
    }
}

/// The wall clock; before 1970 counts as 1970.
pub(super) fn now() -> UtcMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UtcMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_is_read_as_written() {
        let place = tempfile::tempdir().unwrap();
        let folder = AttemptFolder::new(place.path());
        assert_eq!(folder.read_ending().unwrap(), None);
        for ending in [Ending::Exited { code: 3 }, Ending::Stopped, Ending::NotStarted { reason: "no `x`".to_owned() }]
        {
            folder.write_ending(ending.clone()).unwrap();
            assert_eq!(folder.read_ending().unwrap(), Some(ending));
        }
    }

    #[test]
    fn a_newer_format_is_refused_with_the_remedy() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("shim.json"), r#"{"format":2,"who":"knows"}"#).unwrap();
        let error = AttemptFolder::new(place.path()).read_shim().unwrap_err().to_string();
        assert!(error.contains("format 2 is newer than 1") && error.contains("use the `coordinate`"), "{error}");
    }
}
