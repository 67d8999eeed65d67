//! Integration: candidates of a batch one on another, each merged and ticked, their trees tested, then one move of the
//! integration branch.

use super::places::slug;
use super::queue::Member;
use super::testing::Outcome;
use super::{StepJob, replan};
use crate::port::{CommitSpec, MergeOutcome, Repository, RepositoryError};
use coordinate_model::event::{RefMove, Verdict};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{Oid, PhaseNumber, StepId};
use coordinate_model::input::{Input, Performed};
use coordinate_model::merge::{Apart, Conflict, Link, Next, Probe, next, standings};
use coordinate_model::plan::{Source, tick_all};
use coordinate_model::run::Step;

/// `None` when it was cancelled.
pub(super) fn perform(step: &StepJob) -> Option<Performed> {
    chain(step).unwrap_or_else(|failure| Some(Performed::Failed { failure, verdicts: Vec::new() }))
}

fn system(error: &RepositoryError) -> Failure {
    Failure::system(error.to_string())
}

/// The chain of candidates, and one test of it, if one more is needed. Which tree is tested is no choice of ours: see
/// [`next`].
fn chain(step: &StepJob) -> Result<Option<Performed>, Failure> {
    let old = step.job.integration.clone().ok_or_else(|| Failure::system("there is no integration branch"))?;
    let base = probe(step, old)?;
    let mut tip = base.commit.clone();
    let mut links = Vec::new();
    for member in &step.batch {
        let joined = join(step, member, &tip)?;
        if let Ok(probe) = &joined {
            tip = probe.commit.clone();
        }
        links.push(Link { step: member.step.id.clone(), joined });
    }
    let verdict = match test(step, &base, &links)? {
        Tested::Cancelled => return Ok(None),
        Tested::Nothing => None,
        Tested::Ran(verdict) => Some(verdict),
    };
    Ok(Some(Performed::Chained { base, links, verdict }))
}

enum Tested {
    Cancelled,
    Nothing,
    Ran(Verdict),
}

fn test(step: &StepJob, base: &Probe, links: &[Link]) -> Result<Tested, Failure> {
    let clean: Vec<(&StepId, &Probe)> =
        links.iter().filter_map(|link| Some((&link.step, link.joined.as_ref().ok()?))).collect();
    let probes: Vec<&Probe> = clean.iter().map(|(_, probe)| *probe).collect();
    let known = |command: &str, tree: &Oid| step.job.known_verdict(command, tree).map(|verdict| verdict.passed);
    let probe = match next(&standings(base, &probes, known)) {
        Next::Take => None,
        Next::Guilty(at) => {
            // Its repair begins at this commit, which no branch leads to.
            if let Some((of, probe)) = clean.get(at.saturating_sub(1)) {
                keep(step, &format!("{}.candidate", slug(of)), &probe.commit)?;
            }
            None
        }
        Next::Test(0) => Some(base),
        Next::Test(at) => probes.get(at - 1).copied(),
    };
    let Some((probe, command)) = probe.and_then(|probe| Some((probe, probe.command.as_ref()?))) else {
        return Ok(Tested::Nothing);
    };
    Ok(match step.job.test_commit(command, &probe.commit, &step.folder())? {
        Outcome::Ran(verdict) => Tested::Ran(verdict),
        Outcome::Cancelled => Tested::Cancelled,
    })
}

fn probe(step: &StepJob, commit: Oid) -> Result<Probe, Failure> {
    let tree = step.job.repository()?.tree_of(&commit).map_err(|error| system(&error))?;
    let command = step.job.test_command(&commit)?;
    Ok(Probe { commit, tree, command })
}

/// The commit that the integration branch may go to. Made only of what the journal holds, so that making it again
/// after a crash gives the same object.
fn join(step: &StepJob, member: &Member, onto: &Oid) -> Result<Result<Probe, Box<Apart>>, Failure> {
    let repository = step.job.repository()?;
    let theirs = member.theirs().ok_or_else(|| Failure::system("there is no work to merge"))?;
    let merged = match repository.merge(onto, theirs).map_err(|error| system(&error))? {
        MergeOutcome::Clean(tree) => tree,
        MergeOutcome::Conflicts { paths, tree, .. } if is_plan_alone(step, member, &paths) => {
            ticked_anew(step, (theirs, &tree), &paths)?
        }
        MergeOutcome::Conflicts { paths, messages, tree } => {
            return apart(step, member, (onto, theirs), (paths, &messages, tree)).map(|apart| Err(Box::new(apart)));
        }
    };
    let tree = match member.step.phase {
        Some(number) => ticked(step, repository, &merged, number).map_err(|error| system(&error))?,
        None => merged,
    };
    let alone = member.step.phase.is_none() && member.users.is_none();
    if alone && tree == repository.tree_of(onto).map_err(|error| system(&error))? {
        return probe(step, onto.clone()).map(Ok);
    }
    let spec = CommitSpec { tree, parents: member.parents(onto), message: message(step, member), at: member.leased };
    let commit = repository.commit(&spec).map_err(|error| system(&error))?;
    probe(step, commit).map(Ok)
}

fn message(step: &StepJob, member: &Member) -> String {
    let topic = step.job.created.paths.topic_number;
    let phase = member.step.phase.and_then(|number| step.job.plan()?.phase(number));
    match (phase, &member.users) {
        (Some(phase), _) => format!("feat({topic:03}): complete phase {} - {}\n", phase.number, phase.name),
        (None, Some(users)) => format!("merge({topic:03}): take in your branch as of {}\n", users.short()),
        (None, None) => format!("fix({topic:03}): repair after failing tests, round {}\n", step.round),
    }
}

/// The tree with the phase's tasks ticked in every plan file that it holds.
fn ticked(
    step: &StepJob,
    repository: &dyn Repository,
    tree: &Oid,
    number: PhaseNumber,
) -> Result<Oid, RepositoryError> {
    let mut sources = Vec::new();
    for path in step.job.plan().into_iter().flat_map(|plan| &plan.files) {
        let Some(bytes) = repository.read_file(tree, path)? else { continue };
        sources.push(Source::new(path.clone(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    let ticked = tick_all(&sources, number).unwrap_or_default();
    let files: Vec<_> = ticked.into_iter().map(|source| (source.path, source.text.into_bytes())).collect();
    if files.is_empty() { Ok(tree.clone()) } else { repository.write_files(tree, &files) }
}

/// Whether the user has committed the plan that we have ticked, and nothing else is in the way.
fn is_plan_alone(step: &StepJob, member: &Member, paths: &[String]) -> bool {
    let plan = step.job.plan().map(|plan| plan.files.as_slice()).unwrap_or_default();
    member.users.is_some() && paths.iter().all(|path| plan.contains(path))
}

/// The user's text of the plan counts, with the ticks of what is merged.
fn ticked_anew(step: &StepJob, (theirs, tree): (&Oid, &Oid), paths: &[String]) -> Result<Oid, Failure> {
    let repository = step.job.repository()?;
    let mut sources = Vec::new();
    for path in paths {
        let bytes = repository.read_file(theirs, path).map_err(|error| system(&error))?.unwrap_or_default();
        sources.push(Source::new(path.clone(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    for landed in &step.landed {
        for changed in tick_all(&sources, landed.phase).unwrap_or_default() {
            let same = sources.iter_mut().filter(|source| source.path == changed.path);
            same.for_each(|source| source.text.clone_from(&changed.text));
        }
    }
    let files: Vec<_> = sources.into_iter().map(|source| (source.path, source.text.into_bytes())).collect();
    repository.write_files(tree, &files).map_err(|error| system(&error))
}

/// Both sides, and the commit on both of them where a repair begins: the merge as far as it goes, with git's markers where
/// it does not. A ref keeps it, whatever becomes of the phase.
fn apart(
    step: &StepJob,
    member: &Member,
    (ours, theirs): (&Oid, &Oid),
    (paths, messages, tree): (Vec<String>, &str, Oid),
) -> Result<Apart, Failure> {
    let repository = step.job.repository()?;
    let what = member.step.phase.map_or_else(|| "your branch".to_owned(), |number| format!("phase {number}"));
    let spec = CommitSpec {
        tree,
        parents: vec![ours.clone(), theirs.clone()],
        message: format!("{what}, merged as far as it goes\n"),
        at: member.leased,
    };
    let marked = repository.commit(&spec).map_err(|error| system(&error))?;
    keep(step, &format!("{}.conflict", slug(&member.step.id)), &marked)?;
    let failure = conflict(step, member, theirs, &paths, messages);
    Ok(Apart { failure, conflict: Conflict { ours: ours.clone(), theirs: theirs.clone(), paths, marked } })
}

fn keep(step: &StepJob, name: &str, commit: &Oid) -> Result<(), Failure> {
    let repository = step.job.repository()?;
    let reference = step.job.snapshot_ref(name);
    let present = repository.resolve(&reference).map_err(|error| system(&error))?;
    repository.move_ref(&reference, commit, present.as_ref()).map_err(|error| system(&error))
}

fn conflict(step: &StepJob, member: &Member, theirs: &Oid, paths: &[String], messages: &str) -> Failure {
    let (name, whose) = match (member.step.phase, &member.users) {
        (Some(number), _) => (format!("phase {number}"), "this phase's work"),
        (None, Some(_)) => ("what your branch has got".to_owned(), "your commits"),
        (None, None) => ("the work".to_owned(), "this work"),
    };
    let ours = step.job.integration_branch();
    let theirs = theirs.short().to_owned();
    Failure::new(
        FailureClass::Permanent,
        FailureKind::Conflict,
        format!(
            "{name} does not merge: conflict in {}",
            paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
        ),
    )
    .expected_found(format!("a clean merge of {theirs} into `{ours}`"), counted(paths.len()))
    .context(messages.lines().map(str::to_owned))
    .remedy(format!("both sides are kept: the merged phases on `{ours}`, {whose} at {theirs}"))
    .remedy(format!("merge by hand with `git switch {ours} && git merge {theirs}`"))
}

fn counted(paths: usize) -> String {
    if paths == 1 { "1 path in conflict".to_owned() } else { format!("{paths} paths in conflict") }
}

/// Moves the integration branch, or finds that it was moved already.
pub(super) fn carry_move(step: &StepJob, movement: &RefMove) -> Input {
    let carried = step.job.repository().and_then(|repository| {
        let reference = step.job.integration_ref();
        repository.move_ref(&reference, &movement.new, Some(&movement.old)).map_err(|error| system(&error))?;
        match &step.change {
            Some(_) => replan::write_outside(step, &movement.new),
            None => {
                step.going_in.iter().filter_map(|merge| merge.phase).try_for_each(|phase| tick_outside(step, phase))
            }
        }
    });
    match carried {
        Ok(()) => {
            step.going_in.iter().for_each(|merge| put_away(step, merge));
            Input::Moved { of: step.of.clone() }
        }
        Err(failure) => Input::MoveFailed { of: step.of.clone(), failure },
    }
}

/// A plan that git ignores is ticked where it lies.
fn tick_outside(step: &StepJob, number: PhaseNumber) -> Result<(), Failure> {
    let (Some(plan), Some(integration)) = (step.job.plan(), &step.job.integration) else { return Ok(()) };
    let repository = step.job.repository()?;
    let files = &step.job.tools.files;
    let mut sources = Vec::new();
    for path in &plan.files {
        if repository.blob_of(integration, path).map_err(|error| system(&error))?.is_some() {
            continue;
        }
        let read = files.read(&step.job.in_project(path)).map_err(|error| Failure::system(error.to_string()))?;
        let text = read.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        sources.extend(text.map(|text| Source::new(path.clone(), text)));
    }
    for source in tick_all(&sources, number).unwrap_or_default() {
        let place = step.job.in_project(&source.path);
        files.write(&place, source.text.as_bytes()).map_err(|error| Failure::system(error.to_string()))?;
    }
    Ok(())
}

/// A merged phase's trees are not needed any more. What can not be removed now is removed when the run closes.
fn put_away(step: &StepJob, merge: &Step) {
    let Ok(repository) = step.job.repository() else { return };
    let Some(parent) = merge.id.as_str().rsplit_once('/').map(|(parent, _)| parent) else { return };
    for sibling in ["agent", "check"] {
        let name = slug(&StepId::new(format!("{parent}/{sibling}")));
        let _ = repository.remove_tree(&step.job.tree(&name), &step.job.snapshot_ref(&name));
    }
}
