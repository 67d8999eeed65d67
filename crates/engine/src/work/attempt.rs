//! An agent's attempt: its launch, its life, its end.

use super::artifact::Order;
use super::keeper::{Heard, Keeper, Moment, keep_now};
use super::places::slug;
use super::prompt::prompt;
use super::watch::Watch;
use super::{StepJob, judge, overlap, testing};
use crate::driver::Outbox;
use crate::port::{
    ArtifactOrder, Assignment, AttemptStatus, AttemptsError, Ending, Launch, Limits, PathKind, Snapshot, StopHow,
    TranscriptLine,
};
use coordinate_model::definition::Writes;
use coordinate_model::event::AttemptEnding;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::input::Input;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;

/// How many of the last lines of output go into a failure.
pub(super) const TAIL: usize = 20;

/// Starts the attempt, unless an earlier driver did.
pub(super) fn launch(step: &StepJob) -> Input {
    let status = step.job.tools.attempts.status(&step.folder()).unwrap_or(AttemptStatus::NeverStarted);
    let pid = match status {
        AttemptStatus::NeverStarted if step.job.held => return step.ended(AttemptEnding::Stopped),
        AttemptStatus::NeverStarted => match begin(step) {
            Ok(pid) => pid,
            Err(failure) => return Input::NotStarted { of: step.of.clone(), failure },
        },
        AttemptStatus::Alive(process) => process.pid,
        // It began and ended while nobody looked: the supervising carrier reads what it left.
        AttemptStatus::Ended(_) | AttemptStatus::Lost => 0,
    };
    let tree = step.place_of_work().to_string_lossy().into_owned();
    Input::Started { of: step.of.clone(), pid, tree, session: session(step) }
}

/// The session as it is known before the client has said a word.
fn session(step: &StepJob) -> Option<String> {
    let (run, of) = (&step.job.created.run, &step.of);
    let anew = || step.job.tools.agents.session(&step.agent, run, &of.step, of.attempt);
    session_to_go_on_with(step).or_else(anew)
}

/// The session of an interrupted attempt; none where its tree is gone, for what the session speaks of is not there then.
pub(super) fn session_to_go_on_with(step: &StepJob) -> Option<String> {
    let there = || step.job.tools.files.kind(&step.place_of_work()) == PathKind::Folder;
    step.attempt.resumes.clone().filter(|_| there())
}

fn begin(step: &StepJob) -> Result<u32, Failure> {
    step.job.end_earlier(&step.folder())?;
    let tree = prepare(step)?;
    let assignment = assignment(step, &tree);
    let program = step.job.tools.agents.program(&assignment)?;
    let kept = step.job.tools.agents.keeps_hard_limit(&assignment.agent);
    let launch = Launch {
        key: format!("{}/{}@{}", step.job.created.run, step.step.id, step.attempt.number),
        token: step.job.epoch,
        folder: step.folder(),
        program,
        limits: Limits { hard_ms: assignment.limits.hard_ms.filter(|_| !kept), ..assignment.limits },
        bound: step.job.created.options.interrupted.ends_with_driver,
    };
    match step.job.tools.attempts.launch(&launch) {
        Ok(process) => Ok(process.pid),
        Err(AttemptsError::AlreadyRunning { .. }) => Ok(0),
        Err(error @ AttemptsError::System { .. }) => {
            Err(Failure::new(FailureClass::Permanent, FailureKind::NotStarted, error.to_string())
                .remedy("look at `coordinate doctor`"))
        }
    }
}

/// The tree of the attempt, with no more of its history than the agent is to see.
fn prepare(step: &StepJob) -> Result<PathBuf, Failure> {
    let tree = fill(step)?;
    // Last: the project's set-up may ask for the history.
    judge::blind(step, &tree)?;
    Ok(tree)
}

/// The tree of the attempt, as it was at the attempt's start, with what the step builds on; as it was left where the
/// attempt goes on with an interrupted one.
fn fill(step: &StepJob) -> Result<PathBuf, Failure> {
    if session_to_go_on_with(step).is_some() {
        return if step.overlap.is_some() { step.bring_over() } else { step.take_up() };
    }
    let name = slug(&step.step.id);
    let tree = match (&step.attempt.base, &step.order) {
        (Some(base), _) => {
            let earlier = step.attempt.number.checked_sub(1).map(|number| format!("{name}@{number}"));
            let before = format!("{name}@{}.before", step.attempt.number);
            step.job.prepare_tree_after(earlier.as_deref(), &name, base, &before)?
        }
        (None, Some(_)) => step.place_of_work(),
        (None, None) => return Err(Failure::system("the attempt has no commit to start from")),
    };
    // Reading and planning need no dependencies installed; whatever runs the project's commands does.
    if step.order.as_ref().is_none_or(|order| matches!(order.writes, Writes::Debug | Writes::Verdict))
        && step.attempt.base.is_some()
    {
        testing::set_up(&step.job, &step.folder(), &tree)?;
    }
    if let Some(order) = &step.order {
        step.provide(order, &tree)?;
    }
    Ok(tree)
}

fn limits(step: &StepJob) -> Limits {
    let limits = step.job.created.limits_of(&step.role);
    let longer = |millis: u64| longer(millis, step.step.counted);
    Limits {
        idle_ms: Some(longer(limits.idle_ms)),
        hard_ms: limits.hard_ms.map(longer),
        output_bytes: limits.output_bytes,
        grace_ms: limits.grace_ms,
    }
}

/// A try after a timeout gets half as much time again, up to the ninth.
fn longer(millis: u64, earlier: u32) -> u64 {
    (0..earlier.min(8)).fold(millis, |millis, _| millis.saturating_add(millis / 2))
}

fn assignment(step: &StepJob, tree: &Path) -> Assignment {
    Assignment {
        agent: step.agent.clone(),
        role: step.role.clone(),
        session: session_to_go_on_with(step),
        prompt: prompt(step, tree),
        blocks: step.phase().map(|phase| phase.blocks.clone()).unwrap_or_default(),
        phase: step.step.phase.map(|number| number.to_string()).unwrap_or_default(),
        run: step.job.created.run.to_string(),
        step: step.step.id.to_string(),
        attempt: step.attempt.number,
        tree: tree.to_owned(),
        folder: step.folder(),
        limits: limits(step),
        policy: step.policy.clone(),
        artifact: step.order.as_ref().map(|order| artifact_order(step, order, tree)),
    }
}

fn artifact_order(step: &StepJob, order: &Order, tree: &Path) -> ArtifactOrder {
    let commit = step.attempt.base.as_ref();
    ArtifactOrder {
        kind: order.writes.kind(),
        path: tree.join(&order.place),
        revise: matches!(order.writes, Writes::Revision | Writes::Replan),
        request: step.job.created.request.clone(),
        subject: order.subject.clone(),
        date: step.attempt.leased.day(),
        inputs: order.inputs.iter().map(|path| tree.join(path)).collect(),
        // Outside git nothing is looked up: the configuration may still name the command.
        test_command: commit
            .map_or_else(|| step.job.named_test_command(), |commit| step.job.test_command(commit).ok().flatten()),
    }
}

/// Follows the attempt to its end, from the last offset that the journal has; keeps its tree while it works, and before it
/// says that it has ended.
pub(super) fn supervise(step: &StepJob, outbox: &Outbox) -> Option<Input> {
    let heard = Heard::at(step.job.tools.clock.now());
    let (keeper, moments) = channel();
    let followed = thread::scope(|scope| {
        let at_work = Keeper::of(step, limits(step), &heard);
        let kept = scope.spawn(move || at_work.keep(&moments));
        // The keeper ends when its sender is gone, with the watch.
        let mut followed = follow(step, Watch::of(step, keeper), &heard, outbox);
        if let Some(cause) = kept.join().ok().flatten() {
            followed.tail.push_back(format!("its tree could not be kept while it worked: {cause}"));
        }
        followed
    });
    let Followed { ending, mut tail } = followed;
    let ending = ending?;
    let snapshot = match keep_what_is_left(step) {
        Ok(snapshot) => snapshot.map(|snapshot| snapshot.commit),
        Err(failure) => {
            tail.push_back(format!("its tree could not be kept: {}", failure.message));
            None
        }
    };
    Some(Input::Ended { of: step.of.clone(), ending, snapshot, tail: tail.into() })
}

/// What came of following an attempt.
struct Followed {
    /// `None`: it goes on, and nobody follows it here.
    ending: Option<AttemptEnding>,
    /// The last lines that it wrote.
    tail: VecDeque<String>,
}

fn follow(step: &StepJob, mut watch: Watch<'_>, heard: &Heard, outbox: &Outbox) -> Followed {
    let mut tail = VecDeque::new();
    let overlaps = overlap::watch(step, outbox);
    let mut on_line = |line: TranscriptLine| {
        heard.again(step.job.tools.clock.now());
        report(step, &line, &mut watch, outbox);
        let shown = step.job.tools.agents.shown(&step.agent, &line);
        if shown.is_some() && tail.len() == TAIL {
            tail.pop_front();
        }
        tail.extend(shown);
        true
    };
    let followed = step.job.tools.attempts.follow(&step.folder(), step.attempt.offset, &mut on_line);
    let ending = match followed {
        Ok(Some(Ending::Stopped)) if watch.ended_it() => Some(AttemptEnding::Stalled),
        Ok(ending) => ending.map(translate),
        Err(error) => Some(AttemptEnding::NotStarted { reason: error.to_string() }),
    };
    drop(overlaps);
    Followed { ending, tail }
}

fn keep_what_is_left(step: &StepJob) -> Result<Option<Snapshot>, Failure> {
    let tree = step.job.tree(&slug(&step.step.id));
    if step.job.tools.files.kind(&tree) != PathKind::Folder {
        return Ok(None);
    }
    step.job.unlink(&tree)?;
    step.job.keep_tree(&tree, &kept_as(step), Moment::Left, step.attempt.base.as_ref())
}

/// The name of the snapshot that holds the attempt's tree.
pub(super) fn kept_as(step: &StepJob) -> String {
    format!("{}@{}", slug(&step.step.id), step.attempt.number)
}

fn report(step: &StepJob, line: &TranscriptLine, watch: &mut Watch<'_>, outbox: &Outbox) {
    let observations = step.job.tools.agents.read(&step.agent, line);
    watch.saw(&observations);
    if !observations.is_empty() {
        outbox.send(Input::Observed { of: step.of.clone(), offset: line.next_offset, observations });
    }
}

fn translate(ending: Ending) -> AttemptEnding {
    match ending {
        Ending::Exited { code } => AttemptEnding::Exited { code },
        Ending::Signaled { signal } => AttemptEnding::Signaled { signal },
        Ending::Stopped => AttemptEnding::Stopped,
        Ending::IdleLimit => AttemptEnding::IdleLimit,
        Ending::HardLimit => AttemptEnding::HardLimit,
        Ending::OutputLimit => AttemptEnding::OutputLimit,
        Ending::NotStarted { reason } => AttemptEnding::NotStarted { reason },
        Ending::Lost => AttemptEnding::Lost,
    }
}

/// Ends the attempt: its tree is kept before it is told to stop.
pub(super) fn stop(step: &StepJob) {
    // Files may still change under a running attempt: the tree is kept once more after its end.
    let _ = keep_now(step, Moment::Stop);
    let _ = step.job.tools.attempts.stop(&step.folder(), step.job.epoch, StopHow::Ask);
    // The obligation is closed by the supervising carrier, when the process tree is gone: until then it is carried here.
    let _ = step.job.tools.attempts.follow(&step.folder(), step.attempt.offset, &mut |_| true);
}

#[cfg(test)]
mod tests {
    use super::longer;

    #[test]
    fn each_try_gets_half_as_much_time_again() {
        assert_eq!([0, 1, 2].map(|earlier| longer(1_000, earlier)), [1_000, 1_500, 2_250]);
        assert_eq!(longer(1_000, 9), longer(1_000, 8));
        assert_eq!(longer(u64::MAX, 3), u64::MAX);
    }
}
