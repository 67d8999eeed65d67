//! How far each run's journal had come, in files beside it: what shows that the end of a journal was lost.
//!
//! A bit that turns in the write-ahead log makes SQLite take the log as ended there, and what was committed after it is
//! gone without a word. So after each commit the run's newest sequence is written into a file of its own. It is not
//! synced: written after the commit, it can be behind the journal, and never ahead of it, but where the journal has lost
//! something. A mark that is missing, or cut off, says nothing.

use super::place::Place;
use coordinate_engine::port::StorageError;
use coordinate_model::ids::RunId;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// The folder of one journal's marks.
#[derive(Debug)]
pub(super) struct Marks {
    folder: PathBuf,
}

impl Marks {
    pub(super) fn beside(place: &Place) -> Self {
        Self { folder: place.sibling(".marks") }
    }

    /// Notes that this sequence of the run is durable. A mark that can not be written is one that is behind.
    pub(super) fn put(&self, run: &RunId, sequence: u64) {
        let text = format!("{sequence:020}\n");
        let _behind = match self.write(run, &text) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(&self.folder).and_then(|()| self.write(run, &text))
            }
            result => result,
        };
    }

    /// One write of one length: who is killed in it leaves the old text or the new one.
    fn write(&self, run: &RunId, text: &str) -> io::Result<()> {
        use std::io::Write;
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(self.file(run))?;
        file.write_all(text.as_bytes())
    }

    /// The newest sequence that was durable once; 0 if nobody knows.
    pub(super) fn get(&self, run: &RunId) -> u64 {
        let text = fs::read_to_string(self.file(run)).unwrap_or_default();
        text.strip_suffix('\n').and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Holds the newest sequence that was found to the mark, which was read before.
    pub(super) fn check(&self, place: &Place, run: &RunId, mark: u64, found: u64) -> Result<(), StorageError> {
        if found >= mark {
            return Ok(());
        }
        let folder = self.file(run);
        let cause = format!(
            "`{run}` had {mark} events and has {found}: its end was lost; restore the file from a backup, or delete `{}` \
             to go on from what is left",
            folder.display()
        );
        Err(place.medium("read", cause))
    }

    fn file(&self, run: &RunId) -> PathBuf {
        self.folder.join(run.as_str())
    }
}
