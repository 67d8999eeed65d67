//! Cached folds, one file per run beside the journal, replaced by rename.
//!
//! They are not in the database because they need neither its lock nor its sync: a large one would fill the
//! write-ahead log and hold up every commit meanwhile. A file that the loss of power left torn, or that another
//! release wrote, counts as missing, since the fold can be made again.

use super::place::Place;
use coordinate_engine::port::{StorageError, StoredSnapshot};
use coordinate_model::ids::RunId;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The first bytes of a file. The number is the version of this layout; other versions count as missing.
const MAGIC: &[u8] = b"coordinate snapshot 1\n";

/// The age after which a half-written file must be that of a process that was killed.
const ABANDONED: Duration = Duration::from_secs(3600);

/// The folder of one journal's snapshots.
#[derive(Debug)]
pub(super) struct Snapshots {
    folder: PathBuf,
    /// Makes the names of this process's half-written files differ.
    written: AtomicU64,
}

impl Snapshots {
    pub(super) fn beside(place: &Place) -> Self {
        Self { folder: place.sibling(".snapshots"), written: AtomicU64::new(0) }
    }

    pub(super) fn get(&self, place: &Place, run: &RunId) -> Result<Option<StoredSnapshot>, StorageError> {
        match fs::read(self.file(run)) {
            Ok(bytes) => Ok(decode(&bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(place.medium("read a snapshot beside", error)),
        }
    }

    pub(super) fn put(&self, place: &Place, run: &RunId, snapshot: &StoredSnapshot) -> Result<(), StorageError> {
        self.replace(run, snapshot).map_err(|error| place.medium("write a snapshot beside", error))
    }

    fn replace(&self, run: &RunId, snapshot: &StoredSnapshot) -> io::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            fs::create_dir_all(&self.folder)?;
            remove_abandoned(&self.folder);
        }
        let half_written = self.folder.join(format!("{run}.{}.{number}.tmp", std::process::id()));
        let result = write(&half_written, snapshot).and_then(|()| fs::rename(&half_written, self.file(run)));
        if result.is_err() {
            // On a full disk the half-written file is what fills it.
            let _ = fs::remove_file(&half_written);
        }
        result
    }

    fn file(&self, run: &RunId) -> PathBuf {
        self.folder.join(run.as_str())
    }
}

fn write(path: &Path, snapshot: &StoredSnapshot) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(&head(snapshot.fold_version, snapshot.sequence, &snapshot.body))?;
    file.write_all(&snapshot.body)
}

/// What stands before the body: the layout, the fold's version, the sequence, and a checksum over all of it.
fn head(fold_version: u32, sequence: u64, body: &[u8]) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend(fold_version.to_le_bytes());
    head.extend(sequence.to_le_bytes());
    let sum = checksum(checksum(FNV_BASIS, &head), body);
    head.extend(sum.to_le_bytes());
    head
}

fn decode(bytes: &[u8]) -> Option<StoredSnapshot> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (fold_version, rest) = rest.split_first_chunk()?;
    let (sequence, rest) = rest.split_first_chunk()?;
    let body = rest.get(size_of::<u64>()..)?;
    let (fold_version, sequence) = (u32::from_le_bytes(*fold_version), u64::from_le_bytes(*sequence));
    let whole = bytes.starts_with(&head(fold_version, sequence, body));
    whole.then(|| StoredSnapshot { fold_version, sequence, body: body.to_vec() })
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a with 64 bits: enough against a torn file, and nobody forges a cache of his own.
fn checksum(basis: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(basis, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Removes what killed processes left half-written. It is tidiness only, so nothing here is an error.
fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "tmp") && is_abandoned(&path) {
            let _ = fs::remove_file(path);
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    modified.and_then(|modified| modified.elapsed().ok()).is_some_and(|age| age > ABANDONED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> StoredSnapshot {
        StoredSnapshot { fold_version: 3, sequence: 70, body: b"{\"state\":\"plan\"}".to_vec() }
    }

    fn encoded() -> Vec<u8> {
        let snapshot = snapshot();
        let mut bytes = head(snapshot.fold_version, snapshot.sequence, &snapshot.body);
        bytes.extend(&snapshot.body);
        bytes
    }

    #[test]
    fn a_whole_file_is_read_back() {
        assert_eq!(decode(&encoded()), Some(snapshot()));
    }

    #[test]
    fn a_file_cut_off_anywhere_counts_as_missing() {
        let bytes = encoded();
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None, "cut to {length} bytes");
        }
    }

    #[test]
    fn a_changed_byte_anywhere_counts_as_missing() {
        for position in 0..encoded().len() {
            let mut bytes = encoded();
            bytes[position] ^= 0x20;
            assert_eq!(decode(&bytes), None, "changed at {position}");
        }
    }

    #[test]
    fn only_old_half_written_files_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let [old, fresh, whole] = ["a.1.0.tmp", "b.2.0.tmp", "whole"].map(|name| folder.path().join(name));
        let long_ago = std::time::SystemTime::now() - 2 * ABANDONED;
        for path in [&old, &fresh, &whole] {
            let file = fs::File::create(path).unwrap();
            if path != &fresh {
                file.set_modified(long_ago).unwrap();
            }
        }
        remove_abandoned(folder.path());
        assert_eq!([old.exists(), fresh.exists(), whole.exists()], [false, true, true]);
    }
}
