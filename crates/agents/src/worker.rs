//! The desk of one attempt: where a worker takes a step, says that it lives, and hands its answer in.
//!
//! All of it is files in a folder of the attempt, so that no process has to live for it: a worker is any number of short
//! programs, and its orchestrator may be killed and come back in between.
//!
//! | file | written by | content |
//! |---|---|---|
//! | `work.json` | orchestrator | what is to be done |
//! | `claim.json` | worker, once | the token of the one who has it |
//! | `beats` | worker | signs of life, a JSON string a line |
//! | `answer.json` | worker, once | how it ended |
//!
//! What is written once is made by a link that fails where the file is there: of two workers one has the step, and of two
//! answers one counts, also where both come at the same moment.

use coordinate_host::{atomic, stored};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The version of these files. A newer one is refused; there is no older one.
const FORMAT: u32 = 1;

/// What a worker is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The run.
    pub run: String,
    /// The step.
    pub step: String,
    /// The role.
    pub role: String,
    /// The phase's number as text, or empty.
    pub phase: String,
    /// Where to work.
    pub tree: PathBuf,
    /// The file that says what to do.
    pub prompt: PathBuf,
    /// The artifact that is to be left; `None` when the work is the tree itself.
    pub artifact: Option<WorkArtifact>,
    /// The variables that a program of the `command` agent would have.
    pub environment: BTreeMap<String, String>,
    /// The longest silence of a worker, in milliseconds; `None`: it may be silent for as long as it likes.
    pub idle_ms: Option<u64>,
    /// The longest time from the claim to the answer, in milliseconds.
    pub hard_ms: Option<u64>,
}

/// An artifact that a worker is to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkArtifact {
    /// Where it is to be written.
    pub path: PathBuf,
    /// Its kind.
    pub kind: String,
}

/// How a worker's work ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is done; what it left is checked next.
    Done {
        /// What the worker says, with its completion lines.
        message: String,
    },
    /// It can not be done.
    Failed {
        /// Why.
        message: String,
        /// Whether it may pass; `None`: the message decides.
        class: Option<AnswerClass>,
    },
}

/// What a worker knows of a failure's class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerClass {
    /// It may pass by itself: worth another try.
    Transient,
    /// The work itself is wrong.
    Permanent,
}

/// Who has the work.
#[derive(Serialize, Deserialize)]
struct Claim {
    token: String,
}

/// The desk of an attempt.
#[derive(Debug, Clone)]
pub struct Desk(PathBuf);

impl Desk {
    /// The desk in an attempt's folder, whether it is there or not.
    #[must_use]
    pub fn of(attempt: &Path) -> Self {
        Self(attempt.join("worker"))
    }

    /// The desk's own folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Lays the work out. A second time, after a crash before the attempt began, replaces the first.
    ///
    /// # Errors
    /// Any error of the file system.
    pub fn lay_out(&self, work: &Work) -> io::Result<()> {
        atomic::create_private_folder(&self.0)?;
        atomic::write(&self.0.join("work.json"), &text(work)?)
    }

    /// What is to be done; `None` where no work was laid out for workers.
    ///
    /// # Errors
    /// When it is there and can not be read.
    pub fn work(&self) -> io::Result<Option<Work>> {
        self.read("work.json")
    }

    /// Takes the work; `false` when somebody has it.
    ///
    /// # Errors
    /// Any error of the file system.
    pub fn claim(&self, token: &str) -> io::Result<bool> {
        atomic::create(&self.0.join("claim.json"), &text(&Claim { token: token.to_owned() })?)
    }

    /// The token of the one who has the work.
    ///
    /// # Errors
    /// When it is there and can not be read.
    pub fn claimed(&self) -> io::Result<Option<String>> {
        Ok(self.read::<Claim>("claim.json")?.map(|claim| claim.token))
    }

    /// Leaves a sign of life. It need not survive a power cut: nobody who waits for it would.
    ///
    /// # Errors
    /// Any error of the file system.
    pub fn beat(&self, message: &str) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        // One write at the end of the file: beats of two processes never mix.
        OpenOptions::new().append(true).create(true).open(self.0.join("beats"))?.write_all(&line)
    }

    /// The signs of life from an offset on, and the offset behind them. A line that is not whole yet comes next time.
    ///
    /// # Errors
    /// When they are there and can not be read.
    pub fn beats(&self, from: usize) -> io::Result<(Vec<String>, usize)> {
        let bytes = match std::fs::read(self.0.join("beats")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Vec::new(), from)),
            read => read?,
        };
        let new = bytes.get(from..).unwrap_or_default();
        let whole = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let lines = new.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        // A line that is none of ours still says that somebody lives.
        Ok((lines.map(|line| serde_json::from_slice(line).unwrap_or_default()).collect(), from + whole))
    }

    /// Hands an answer in; `false` when there was one.
    ///
    /// # Errors
    /// Any error of the file system.
    pub fn answer(&self, answer: &Answer) -> io::Result<bool> {
        atomic::create(&self.0.join("answer.json"), &text(answer)?)
    }

    /// The answer that was handed in.
    ///
    /// # Errors
    /// When it is there and can not be read.
    pub fn answered(&self) -> io::Result<Option<Answer>> {
        self.read("answer.json")
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        stored::read(FORMAT, &self.0.join(name))
    }
}

fn text<T: Serialize>(content: &T) -> io::Result<Vec<u8>> {
    stored::text(FORMAT, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(place: &Path) -> Desk {
        let desk = Desk::of(place);
        let work = Work {
            run: "run".to_owned(),
            step: "step".to_owned(),
            role: "role".to_owned(),
            phase: String::new(),
            tree: place.to_owned(),
            prompt: place.join("prompt.md"),
            artifact: None,
            environment: BTreeMap::new(),
            idle_ms: Some(1),
            hard_ms: None,
        };
        desk.lay_out(&work).unwrap();
        assert_eq!(desk.work().unwrap(), Some(work));
        desk
    }

    #[test]
    fn one_of_many_has_the_work_and_one_answer_counts() {
        let place = tempfile::tempdir().unwrap();
        let desk = desk(place.path());
        assert_eq!((desk.claimed().unwrap(), desk.answered().unwrap()), (None, None));
        let took = std::thread::scope(|scope| {
            let desk = &desk;
            let tries: Vec<_> = (0..8).map(|n| scope.spawn(move || desk.claim(&n.to_string()).unwrap())).collect();
            tries.into_iter().map(|one| one.join().unwrap()).filter(|took| *took).count()
        });
        assert_eq!(took, 1);
        assert!(desk.claimed().unwrap().is_some());
        let done = Answer::Done { message: "a\nb".to_owned() };
        assert!(desk.answer(&done).unwrap());
        let failed = Answer::Failed { message: String::new(), class: Some(AnswerClass::Transient) };
        assert!(!desk.answer(&failed).unwrap());
        assert_eq!(desk.answered().unwrap(), Some(done));
    }

    #[test]
    fn each_sign_of_life_is_read_once_and_whole() {
        let place = tempfile::tempdir().unwrap();
        let desk = desk(place.path());
        assert_eq!(desk.beats(0).unwrap(), (Vec::new(), 0));
        desk.beat("one\ntwo").unwrap();
        desk.beat("").unwrap();
        let (read, offset) = desk.beats(0).unwrap();
        assert_eq!(read, ["one\ntwo", ""]);
        let path = desk.folder().join("beats");
        let half = [std::fs::read(&path).unwrap(), b"\"thr".to_vec()].concat();
        std::fs::write(&path, &half).unwrap();
        assert_eq!(desk.beats(offset).unwrap(), (Vec::new(), offset));
        std::fs::write(&path, [half, b"ee\"\n".to_vec()].concat()).unwrap();
        assert_eq!(desk.beats(offset).unwrap().0, ["three"]);
    }

    #[test]
    fn a_newer_format_is_refused_with_the_remedy() {
        let place = tempfile::tempdir().unwrap();
        let desk = desk(place.path());
        std::fs::write(desk.folder().join("claim.json"), r#"{"format":2,"who":"knows"}"#).unwrap();
        let error = desk.claimed().unwrap_err().to_string();
        assert!(error.contains("format 2 is newer than 1") && error.contains("use the `coordinate`"), "{error}");
    }
}
