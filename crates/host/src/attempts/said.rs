//! What is said to an attempt: files of its folder, which outlive the driver that wrote them.
//!
//! A pipe was rejected: what is in it is gone when nobody reads, and nobody can tell whether it was written before.

use crate::{atomic, stored};
use coordinate_model::said::Said;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The version of these files. A newer one is refused; there is no older one.
const FORMAT: u32 = 1;

/// The folder of what was said, in the attempt's own.
pub const SAID_FOLDER: &str = "said";

/// Writes what was said, unless it is there.
pub(super) fn say(folder: &Path, number: u32, said: &Said) -> io::Result<()> {
    let place = folder.join(SAID_FOLDER);
    atomic::create_private_folder(&place)?;
    atomic::create(&place.join(format!("{number:06}.json")), &stored::text(FORMAT, said)?).map(drop)
}

/// What was said to one attempt, read by its program. Everything comes once.
#[derive(Debug)]
pub struct Inbox {
    place: PathBuf,
    taken: BTreeSet<u32>,
}

impl Inbox {
    /// The inbox in an attempt's folder, which is made if it is not there, so that it can be watched.
    ///
    /// # Errors
    /// Any error of the file system.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let place = folder.join(SAID_FOLDER);
        atomic::create_private_folder(&place)?;
        Ok(Self { place, taken: BTreeSet::new() })
    }

    /// Its folder, to be watched.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.place
    }

    /// What is new, in the order in which it was said.
    ///
    /// # Errors
    /// Any error of the file system, and a file of a newer program.
    pub fn take(&mut self) -> io::Result<Vec<(u32, Said)>> {
        let mut new = BTreeMap::new();
        for entry in std::fs::read_dir(&self.place)? {
            let path = entry?.path();
            // A file that is still being written has another name.
            let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u32>().ok());
            let Some(number) = number.filter(|number| !self.taken.contains(number)) else { continue };
            let said = stored::read(FORMAT, &path)?;
            new.insert(number, said.ok_or_else(|| io::Error::from(ErrorKind::NotFound))?);
        }
        self.taken.extend(new.keys());
        Ok(new.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinate_model::said::Saying;

    fn steer(text: &str) -> Said {
        Said { by: "ann".to_owned(), what: Saying::Steer { text: text.to_owned() } }
    }

    #[test]
    fn everything_comes_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        say(folder.path(), 2, &steer("two")).unwrap();
        say(folder.path(), 1, &steer("one")).unwrap();
        let mut inbox = Inbox::of(folder.path()).unwrap();
        assert_eq!(inbox.take().unwrap(), [(1, steer("one")), (2, steer("two"))]);
        assert_eq!(inbox.take().unwrap(), []);
        say(folder.path(), 10, &steer("ten")).unwrap();
        assert_eq!(inbox.take().unwrap(), [(10, steer("ten"))]);
    }

    #[test]
    fn what_was_said_before_is_not_said_again() {
        let folder = tempfile::tempdir().unwrap();
        say(folder.path(), 1, &steer("one")).unwrap();
        say(folder.path(), 1, &steer("another")).unwrap();
        assert_eq!(Inbox::of(folder.path()).unwrap().take().unwrap(), [(1, steer("one"))]);
    }
}
