//! Asks the configured classifier what a request means, where nothing stronger says so.
//!
//! It runs as attempts do, under a shim that ends its whole process tree: after the limit, after its answer, and when this
//! process dies. Its folder lies outside the project, because asking writes nothing there.

use super::note;
use super::scope::given_with;
use crate::args::AskedArguments;
use crate::config::Config;
use crate::context::Project;
use crate::failure::CommandError;
use crate::wiring::program;
use coordinate_engine::port::{AttemptProgram, Attempts, Ending, Launch, Limits, StreamName};
use coordinate_host::attempts::ShimAttempts;
use coordinate_model::ids::Token;
use coordinate_model::scope::{Given, Refusal, ScopeDecision, decide, judge, question};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// An answer is one small object; more than this is none.
const MOST_OUTPUT: u64 = 1024 * 1024;
/// From asking a slow classifier to end to ending it, in milliseconds.
const GRACE: u64 = 200;

/// A decision, and why the classifier had no part in it, if it was asked and had none.
pub(crate) struct Decided {
    pub(crate) decision: ScopeDecision,
    refusal: Option<Refusal>,
}

impl Decided {
    /// The decision; a refusal is told.
    pub(crate) fn noted(self) -> ScopeDecision {
        self.refusal.iter().for_each(|refusal| note(&refusal.reason()));
        self.decision
    }
}

/// What a request asks for, with the classifier's help if one is configured. Costs what the classifier costs, so it is
/// called once a command, and never for a run that exists: its first event has the result.
pub(crate) fn decided(project: &Project, request: &str, asked: &AskedArguments) -> Result<Decided, CommandError> {
    let given = given_with(project, request, asked)?;
    let decision = decide(request, &given);
    let config = project.config()?;
    let argv = config.list("classifier.command");
    if argv.is_empty() || !decision.decided_by.is_by_words() {
        return Ok(Decided { decision, refusal: None });
    }
    let classifier = Classifier { argv, seconds: config.number("classifier.seconds").unwrap_or(10), project };
    let threshold = threshold(config);
    let answer = classifier.ask(&question(request, &given.existing_plans));
    let answer = answer.and_then(|text| judge(&text, threshold, &given.existing_plans));
    let refusal = answer.as_ref().err().cloned();
    Ok(Decided { decision: decide(request, &Given { classifier: Some(answer), ..given }), refusal })
}

fn threshold(config: &Config) -> f64 {
    config.share("classifier.threshold").unwrap_or(0.7)
}

struct Classifier<'a> {
    argv: Vec<String>,
    seconds: u64,
    project: &'a Project,
}

impl Classifier<'_> {
    /// Its whole answer, if it ends well and in time.
    fn ask(&self, question: &str) -> Result<String, Refusal> {
        let folder = Folder::make().map_err(failed)?;
        let stdin = folder.0.join("question.json");
        std::fs::write(&stdin, question).map_err(failed)?;
        let (ending, lines) = self.run(&folder.0, stdin).map_err(failed)?;
        let of = |wanted: StreamName| lines.iter().filter(move |(stream, _)| *stream == wanted).map(|(_, text)| text);
        let last = of(StreamName::Err).next_back().map_or_else(String::new, |line| format!(": {line}"));
        match ending {
            Ending::Exited { code: 0 } => Ok(of(StreamName::Out).map(String::as_str).collect::<Vec<_>>().join("\n")),
            Ending::Exited { code } => Err(failed(format!("it ended with code {code}{last}"))),
            Ending::Signaled { signal } => Err(failed(format!("signal {signal} ended it"))),
            Ending::HardLimit | Ending::IdleLimit => Err(Refusal::Slow { seconds: self.seconds }),
            Ending::OutputLimit => Err(failed("it wrote more than 1 MiB")),
            Ending::NotStarted { reason } => Err(failed(reason)),
            Ending::Stopped | Ending::Lost => Err(failed("it was ended from outside")),
        }
    }

    fn run(&self, folder: &Path, stdin: PathBuf) -> Result<(Ending, Vec<(StreamName, String)>), String> {
        let launch = Launch {
            key: folder.to_string_lossy().into_owned(),
            token: Token(1),
            folder: folder.join("attempt"),
            program: AttemptProgram {
                argv: self.argv.clone(),
                cwd: self.project.root.clone(),
                env: Vec::new(),
                stdin: Some(stdin),
            },
            limits: Limits {
                idle_ms: None,
                hard_ms: Some(self.seconds.saturating_mul(1000)),
                output_bytes: MOST_OUTPUT,
                grace_ms: GRACE,
            },
            bound: true,
        };
        let attempts = ShimAttempts::new(program().map_err(|error| error.message().to_owned())?);
        attempts.launch(&launch).map_err(|error| error.to_string())?;
        let mut lines = Vec::new();
        let ending = attempts.follow(&launch.folder, 0, &mut |line| {
            lines.push((line.stream, line.text));
            true
        });
        let ending = ending.map_err(|error| error.to_string())?.unwrap_or(Ending::Lost);
        Ok((ending, lines))
    }
}

fn failed(reason: impl ToString) -> Refusal {
    Refusal::Failed { reason: reason.to_string() }
}

/// A folder that only this user can read, and that goes with this value: the request may be private.
struct Folder(PathBuf);

impl Folder {
    fn make() -> std::io::Result<Self> {
        let name = format!("coordinate-classifier-{}", ulid::Ulid::new().to_string().to_lowercase());
        let folder = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can not be removed lies in a folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
