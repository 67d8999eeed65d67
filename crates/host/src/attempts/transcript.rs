//! The transcript of an attempt: every line of its outputs, redacted, as JSON Lines.

use super::folder::now;
use crate::redact::Redactor;
use coordinate_engine::port::{StreamName, TranscriptLine};
use coordinate_model::time::UtcMillis;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Longer lines are stored as several, so that no program can fill the memory of its readers.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// What stands for a line of a private key that was printed in several.
const INSIDE_KEY: &[u8] = b"[redacted:PRIVATE_KEY]";

/// One line of the file.
#[derive(Serialize, Deserialize)]
struct Record<'t> {
    stream: StreamName,
    text: Cow<'t, str>,
    at_ms: UtcMillis,
}

/// Appends outputs to a transcript.
#[derive(Debug)]
pub(super) struct TranscriptWriter {
    file: File,
    redactor: Redactor,
    unfinished: [Vec<u8>; 2],
    /// Whether a private key was begun in an earlier line of the output.
    in_key: [bool; 2],
}

impl TranscriptWriter {
    pub(super) fn create(path: &Path, redactor: Redactor) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self { file, redactor, unfinished: [Vec::new(), Vec::new()], in_key: [false; 2] })
    }

    /// Takes what was read from one output. Whole lines are in the file when this returns, the rest waits for its
    /// end: a secret may continue in what is read next.
    pub(super) fn append(&mut self, stream: StreamName, bytes: &[u8]) -> io::Result<()> {
        let mut records = Vec::new();
        let unfinished = &mut self.unfinished[index(stream)];
        let mut lines =
            Lines { records: &mut records, stream, redactor: &self.redactor, in_key: &mut self.in_key[index(stream)] };
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_whole = part.ends_with(b"\n");
            unfinished.extend_from_slice(part.strip_suffix(b"\n").unwrap_or(part));
            let reserve = if is_whole { 0 } else { self.redactor.longest() };
            cut_long(unfinished, reserve, &self.redactor, |text| lines.record(text))?;
            if is_whole {
                let text = unfinished.strip_suffix(b"\r").unwrap_or(unfinished);
                lines.record(text)?;
                unfinished.clear();
            }
        }
        // One write for all lines: a shim that is killed leaves at most one torn line, which no reader takes.
        self.file.write_all(&records)
    }

    /// Stores lines that never got their end, and makes all durable.
    pub(super) fn finish(mut self) -> io::Result<()> {
        for stream in [StreamName::Out, StreamName::Err] {
            if !self.unfinished[index(stream)].is_empty() {
                self.append(stream, b"\n")?;
            }
        }
        self.file.sync_all()
    }
}

fn index(stream: StreamName) -> usize {
    match stream {
        StreamName::Out => 0,
        StreamName::Err => 1,
    }
}

/// Takes pieces off a line that has grown too long, but only where all of a secret that begins before the cut is
/// there to be seen.
fn cut_long(
    line: &mut Vec<u8>,
    reserve: usize,
    redactor: &Redactor,
    mut piece: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    while line.len() > LONGEST_LINE + reserve {
        let cut = redactor.cut(line, LONGEST_LINE);
        piece(&line[..cut])?;
        line.drain(..cut);
    }
    Ok(())
}

/// The lines of one output on their way into the file.
struct Lines<'a> {
    records: &'a mut Vec<u8>,
    stream: StreamName,
    redactor: &'a Redactor,
    in_key: &'a mut bool,
}

impl Lines<'_> {
    fn record(&mut self, text: &[u8]) -> io::Result<()> {
        let clean = if *self.in_key { Cow::Borrowed(INSIDE_KEY) } else { self.redactor.redact(text) };
        *self.in_key = if *self.in_key { !self.redactor.ends_key(text) } else { self.redactor.begins_key(text) };
        let record = Record { stream: self.stream, text: String::from_utf8_lossy(&clean), at_ms: now() };
        serde_json::to_writer(&mut *self.records, &record)?;
        self.records.push(b'\n');
        Ok(())
    }
}

/// Reads a transcript that may still grow.
#[derive(Debug)]
pub(super) struct TranscriptReader {
    file: BufReader<File>,
    offset: u64,
}

impl TranscriptReader {
    /// Reads from `offset`, which must be 0 or the `next_offset` of a line.
    pub(super) fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = BufReader::new(File::open(path)?);
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, offset })
    }

    /// The next whole line; `None` when there is none yet.
    pub(super) fn next_line(&mut self) -> io::Result<Option<TranscriptLine>> {
        let mut text = Vec::new();
        let length = self.file.read_until(b'\n', &mut text)?;
        if text.last() != Some(&b'\n') {
            // The shim is about to write the rest: read the line again from its beginning then.
            self.file.seek(SeekFrom::Start(self.offset))?;
            return Ok(None);
        }
        let record: Record = serde_json::from_slice(&text).map_err(|error| self.malformed(&error))?;
        self.offset += length as u64;
        Ok(Some(TranscriptLine { stream: record.stream, text: record.text.into_owned(), next_offset: self.offset }))
    }

    fn malformed(&self, error: &serde_json::Error) -> io::Error {
        let message = format!("no line begins at offset {} of the transcript: {error}; follow it from 0", self.offset);
        io::Error::new(ErrorKind::InvalidData, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hush-0123456789";

    /// Stores the chunks as read from standard output and returns the lines.
    fn stored(chunks: &[&[u8]]) -> Vec<String> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("transcript");
        let mut writer = TranscriptWriter::create(&path, Redactor::from_vars([("A_KEY", SECRET)])).unwrap();
        for chunk in chunks {
            writer.append(StreamName::Out, chunk).unwrap();
        }
        writer.finish().unwrap();
        let mut reader = TranscriptReader::open(&path, 0).unwrap();
        std::iter::from_fn(|| reader.next_line().unwrap()).map(|line| line.text).collect()
    }

    #[test]
    fn lines_are_put_together_from_chunks() {
        assert_eq!(stored(&[b"a", b"b\n\nc\r\n", b"last"]), ["ab", "", "c", "last"]);
        assert_eq!(stored(&[b"\xff\xfe\n"]), ["\u{fffd}\u{fffd}"]);
        assert_eq!(stored(&[]), [""; 0]);
    }

    #[test]
    fn a_private_key_of_many_lines_is_hidden_and_what_follows_is_not() {
        let text = "ok\n-----BEGIN PRIVATE KEY-----\nMIIabc\nMIIdef\n-----END PRIVATE KEY-----\nafter\n";
        let hidden = "[redacted:PRIVATE_KEY]";
        assert_eq!(stored(&[text.as_bytes()]), ["ok", hidden, hidden, hidden, hidden, "after"]);
    }

    #[test]
    fn a_secret_in_two_chunks_is_found() {
        assert_eq!(stored(&[b"key hush-01234", b"56789 end\n"]), ["key [redacted:A_KEY] end"]);
    }

    #[test]
    fn a_secret_at_the_end_of_a_piece_is_found_wherever_it_lies() {
        for shift in 0..=SECRET.len() {
            let line = format!("{}{SECRET}{}", "x".repeat(LONGEST_LINE - shift), "y".repeat(100));
            for size in [line.len(), 65_536] {
                let pieces = stored(&line.as_bytes().chunks(size).collect::<Vec<_>>());
                let expected = line.replace(SECRET, "[redacted:A_KEY]");
                assert_eq!(pieces.concat(), expected, "shift {shift}, chunks of {size}");
            }
        }
    }

    #[test]
    fn long_lines_become_several() {
        let pieces = stored(&[&vec![b'z'; 3 * LONGEST_LINE + 5], b"\nnext\n"]);
        let lengths: Vec<usize> = pieces.iter().map(String::len).collect();
        assert_eq!(lengths, [LONGEST_LINE, LONGEST_LINE, LONGEST_LINE, 5, 4]);
    }

    #[test]
    fn a_torn_line_waits_for_its_end() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("transcript");
        let whole = "{\"stream\":\"err\",\"text\":\"a\",\"at_ms\":1}\n";
        std::fs::write(&path, &whole[..20]).unwrap();
        let mut reader = TranscriptReader::open(&path, 0).unwrap();
        assert_eq!(reader.next_line().unwrap(), None);
        std::fs::write(&path, whole).unwrap();
        let next_offset = whole.len() as u64;
        let line = TranscriptLine { stream: StreamName::Err, text: "a".to_owned(), next_offset };
        assert_eq!(reader.next_line().unwrap(), Some(line));
        assert_eq!(reader.next_line().unwrap(), None);
    }

    #[test]
    fn an_offset_within_a_line_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("transcript");
        std::fs::write(&path, "{\"stream\":\"err\",\"text\":\"a\",\"at_ms\":1}\n").unwrap();
        TranscriptReader::open(&path, 3).unwrap().next_line().unwrap_err();
    }
}
