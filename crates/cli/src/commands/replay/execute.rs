//! `replay --execute`: the run once more, in a repository of its own, with recorded answers in place of clients.

use super::otherwise::Otherwise;
use super::past;
use super::recording::recordings;
use super::same::Plain;
use super::scratch::Scratch;
use super::then::Then;
use super::{Printed, first_of};
use crate::args::{ReplayArguments, ReplayFormat};
use crate::commands::{note, print};
use crate::context::Project;
use crate::display::{JsonLines, print_json};
use crate::failure::{CommandError, Exit};
use crate::wiring::program;
use coordinate_agents::{Cl100k, Recorded};
use coordinate_engine::driver::{Executor, Listener, Outbox, mailbox};
use coordinate_engine::journal::{Journal, Record};
use coordinate_engine::port::{Answered, Forge, Proposal, Repository};
use coordinate_engine::replay::{Difference, Ended, Given, Replay, Tape};
use coordinate_engine::work::{Tools, Workshop};
use coordinate_host::attempts::ShimAttempts;
use coordinate_host::files::SystemFiles;
use coordinate_model::definition::StepKind;
use coordinate_model::event::{Artifact, Event};
use coordinate_model::ids::{StepId, Token};
use coordinate_model::obligation::{Obligation, ObligationKey};
use coordinate_model::run::Run;
use coordinate_store::MemoryStorage;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) fn execute(
    project: &Project,
    run: &Run,
    records: &[Record],
    options: &ReplayArguments,
) -> Result<Exit, CommandError> {
    let otherwise = Otherwise::parse(&options.with, run)?;
    let first = first_of(records)?;
    let mailbox = mailbox();
    listen_to_signals(mailbox.0.clone())?;
    let scratch = Scratch::make(project, run, records, options.keep.as_deref())?;
    let tape = Arc::new(Tape::at(first.at));
    let journal = Journal::new(Arc::new(MemoryStorage::new()), Arc::clone(&tape) as Arc<_>);
    let (begun_run, begun) = match &run.created.forked {
        Some(forked) => (past::take_over(project, run, records, &scratch, &journal, forked.at)?, Vec::new()),
        None => journal.create(scratch.created(run))?,
    };
    let mut executor = Beside {
        workshop: Workshop::new(tools(project, run, records, &scratch, &otherwise, &tape)?, Token(1)),
        records,
        objects: project.state().join("objects"),
        project: scratch.project.clone(),
    };
    let plain = Plain::new(run, &scratch);
    let same = |one: &Event, other: &Event| plain.of(one) == plain.of(other);
    let given = Given {
        journal: &journal,
        tape,
        recorded: records,
        same: &same,
        gates: &otherwise.gates,
        branches: !options.with.is_empty(),
    };
    let mut listener: Box<dyn Listener> = match options.format {
        Some(ReplayFormat::Json) => Box::new(JsonLines),
        Some(ReplayFormat::Line | ReplayFormat::Progress) | None => Box::new(Printed),
    };
    let mut replay = Replay::new(given, begun_run, &mut executor, &mut *listener, mailbox);
    let ended = replay.play(&begun)?;
    let json = options.format == Some(ReplayFormat::Json);
    let now = replay.run().clone();
    Ok(if json { report_json(&now, records, &ended, &plain) } else { report(&now, records, &ended, &plain) })
}

/// An interrupt ends the replay, so that its repository does not stay behind.
fn listen_to_signals(outbox: Outbox) -> Result<(), CommandError> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(CommandError::internal)?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            note("stopping: what is at work is being ended; once more to leave at once");
            outbox.interrupt();
        }
    });
    Ok(())
}

fn tools(
    project: &Project,
    run: &Run,
    records: &[Record],
    scratch: &Scratch,
    otherwise: &Otherwise,
    tape: &Arc<Tape>,
) -> Result<Arc<Tools>, CommandError> {
    let attempts_root = scratch.root.join("attempts");
    let recordings = recordings(project, run, records, &attempts_root, &otherwise.files);
    let (trees, linked) = (scratch.repository.clone(), run.created.options.tree_links.clone());
    let restore = move |tree: &std::path::Path, snapshot: &coordinate_model::ids::Oid| match &trees {
        Some(trees) => trees.replay_tree(tree, snapshot, &linked).map_err(|error| error.to_string()),
        None => Err("there is no repository".to_owned()),
    };
    let recorded = Recorded::new(recordings, Box::new(restore), Box::new(ShimAttempts::new(program()?)));
    Ok(Arc::new(Tools {
        repository: scratch.repository.clone().map(|repository| repository as Arc<dyn Repository>),
        forge: Arc::new(NoForge),
        attempts: Arc::clone(&recorded) as Arc<_>,
        agents: recorded,
        files: Arc::new(SystemFiles),
        clock: Arc::clone(tape) as Arc<_>,
        below: None,
        tokens: Arc::new(Cl100k::default()),
        summary: Box::new(coordinate_report::summary::markdown),
        attempts_root,
        objects_root: scratch.root.join("objects"),
        surroundings: Arc::new(Then::of(records, Arc::clone(tape))),
        // No run keeps its verdicts there: what was tested then is tested now.
        verdicts_root: scratch.root.join("verdicts"),
    }))
}

/// Nothing is opened anywhere: what was answered then is in the recording.
struct NoForge;

impl Forge for NoForge {
    fn propose(&self, _proposal: &Proposal) -> Answered {
        Answered::Declined { reason: "a replay opens nothing".to_owned(), commands: Vec::new() }
    }
}

/// The workshop, beside which the runs below a run have left what they were recorded to leave.
struct Beside<'a> {
    workshop: Workshop,
    records: &'a [Record],
    objects: PathBuf,
    project: PathBuf,
}

impl Beside<'_> {
    fn artifacts(&self, step: &StepId) -> impl Iterator<Item = &Artifact> {
        self.records.iter().flat_map(move |record| match &record.event {
            Event::StepSucceeded { step: of, artifacts, .. } if of == step => artifacts.as_slice(),
            _ => &[],
        })
    }

    /// A file that can not be brought is missed by whoever needs it, and told there.
    fn bring(&self, step: &StepId) {
        for artifact in self.artifacts(step) {
            let Ok(bytes) = std::fs::read(self.objects.join(&artifact.hash)) else { continue };
            let place = self.project.join(&artifact.path);
            let _ = place.parent().map_or(Ok(()), std::fs::create_dir_all);
            let _ = std::fs::write(place, bytes);
        }
    }
}

impl Executor for Beside<'_> {
    fn start(&mut self, run: &Run, obligation: &Obligation, outbox: &Outbox) {
        let step = obligation.key.step.as_ref().and_then(|step| run.step(step));
        match step.filter(|step| step.kind == StepKind::SubRun) {
            Some(step) => {
                self.bring(&step.id);
                outbox.finished(obligation.key.clone());
            }
            None => self.workshop.start(run, obligation, outbox),
        }
    }

    fn cancel(&mut self, key: &ObligationKey) {
        self.workshop.cancel(key);
    }

    fn abandon(&mut self, run: &Run) {
        self.workshop.abandon(run);
    }
}

fn report(now: &Run, records: &[Record], ended: &Ended, plain: &Plain<'_>) -> Exit {
    let id = now.id();
    match ended {
        Ended::Equal => {
            print(&format!("{id}: {} events, each as recorded", records.len()));
            Exit::Done
        }
        Ended::Differs(difference) => {
            print(&format!("{id}: event {} is another than was recorded", at(now, difference)));
            for (name, event) in [("recorded", recorded(difference)), ("now", difference.found.as_ref())] {
                let text = event.map_or_else(|| "nothing".to_owned(), |event| plain.of(event).to_string());
                print(&format!("{name:<9} {text}"));
            }
            Exit::Failed
        }
        Ended::Branched(outcome) => {
            let message = now.closing.as_ref().map(|closing| closing.message.as_str()).unwrap_or_default();
            print(&format!("the branch ends: {}: {message}", outcome.name()));
            Exit::Done
        }
        Ended::Unanswered(what) => {
            print(&format!("the branch stops after event {}: {what}", now.sequence));
            Exit::Waiting
        }
        Ended::Interrupted => {
            print(&format!("{id}: interrupted after event {}", now.sequence));
            Exit::Stopped
        }
    }
}

fn report_json(now: &Run, records: &[Record], ended: &Ended, plain: &Plain<'_>) -> Exit {
    let shown = |event: Option<&Event>| event.map(|event| plain.of(event));
    let mut line = json!({"event": "replay_ended", "run": now.id(), "events": records.len()});
    let exit = match ended {
        Ended::Equal => {
            line["replay"] = json!("equal");
            Exit::Done
        }
        Ended::Differs(difference) => {
            line["replay"] = json!("differs");
            line["at"] = json!(at(now, difference));
            line["recorded"] = json!(shown(recorded(difference)));
            line["now"] = json!(shown(difference.found.as_ref()));
            Exit::Failed
        }
        Ended::Branched(outcome) => {
            line["replay"] = json!("branched");
            line["outcome"] = json!(outcome);
            Exit::Done
        }
        Ended::Unanswered(what) => {
            line["replay"] = json!("unanswered");
            line["reason"] = json!(what);
            Exit::Waiting
        }
        Ended::Interrupted => {
            line["replay"] = json!("interrupted");
            line["at"] = json!(now.sequence);
            Exit::Stopped
        }
    };
    print_json(&line);
    exit
}

fn recorded(difference: &Difference) -> Option<&Event> {
    difference.recorded.as_ref().map(|record| &record.event)
}

fn at(now: &Run, difference: &Difference) -> u64 {
    difference.recorded.as_ref().map_or(now.sequence, |record| record.sequence)
}
