//! `verify …`: what a run asks of artifacts, commits and tests, for scripts.

mod tests;

use super::{print, print_json};
use crate::args::{VerifyCommand, VerifyCommits, VerifyFile, VerifyPaths, VerifyShown};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::roles::{all, named, read};
use coordinate_engine::port::{Repository, RepositoryError};
use coordinate_engine::schema::Schema;
use coordinate_engine::verification;
use coordinate_host::files::SystemFiles;
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::verify::{CommitSeen, Verdict, judge_commits};
use std::path::Path;

pub(crate) fn verify(project: &Project, what: &VerifyCommand) -> Result<Exit, CommandError> {
    match what {
        VerifyCommand::File(options) => file(project, options),
        VerifyCommand::Report(options) => artifacts(project, options, ArtifactKind::Report),
        VerifyCommand::Plan(options) => artifacts(project, options, ArtifactKind::Plan),
        VerifyCommand::Summary(options) => artifacts(project, options, ArtifactKind::Summary),
        VerifyCommand::Debug(options) => artifacts(project, options, ArtifactKind::Debug),
        VerifyCommand::Overview(options) => artifacts(project, options, ArtifactKind::Overview),
        VerifyCommand::Links(options) => {
            files(project, options, |root, path| verification::links(&SystemFiles, root, path))
        }
        VerifyCommand::Commits(options) => commits(project, options),
        VerifyCommand::Tests(options) => tests::tests(project, options),
    }
}

fn file(project: &Project, options: &VerifyFile) -> Result<Exit, CommandError> {
    let (by, text) = match (&options.schema, &options.role) {
        (Some(place), _) => (format!("--schema {}", quoted(place)), read(place)?),
        (None, Some(role)) => (format!("--role {role}"), schema_of(project, role)?),
        (None, None) => return artifacts(project, &options.files, ArtifactKind::Output),
    };
    let schema =
        Schema::read(&text).map_err(|cause| CommandError::usage(format!("`{by}` can not be used: {cause}")))?;
    files(project, &options.files, |root, path| verification::output(&SystemFiles, root, path, (&by, &schema)))
}

fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    shlex::try_quote(&text).map_or_else(|_| text.to_string(), std::borrow::Cow::into_owned)
}

fn schema_of(project: &Project, role: &str) -> Result<String, CommandError> {
    let schema = named(&all(project)?, role)?.role.schema();
    schema.map(|schema| schema.text).ok_or_else(|| {
        CommandError::usage(format!("the role `{role}` has no schema"))
            .hint("a schema is a fenced block ```json schema in the role's text")
    })
}

fn artifacts(project: &Project, options: &VerifyPaths, kind: ArtifactKind) -> Result<Exit, CommandError> {
    files(project, options, |root, path| verification::artifact(&SystemFiles, root, path, kind))
}

/// Paths count from the folder that the command was given in, as everywhere in a shell.
fn files(
    project: &Project,
    options: &VerifyPaths,
    check: impl Fn(&Path, &str) -> Verdict,
) -> Result<Exit, CommandError> {
    let here = std::env::current_dir().map_err(CommandError::internal)?;
    let mut verdicts = Vec::new();
    for path in &options.paths {
        let place = here.join(path);
        let place =
            place.to_str().ok_or_else(|| CommandError::usage(format!("the path `{}` is no UTF-8", path.display())))?;
        verdicts.push(check(&project.root, place));
    }
    Ok(report(&verdicts, &options.shown))
}

fn report(verdicts: &[Verdict], shown: &VerifyShown) -> Exit {
    if shown.json {
        print_json(&coordinate_report::verification::json(verdicts));
    } else {
        print(coordinate_report::verification::text(verdicts, shown.verbose).trim_end());
    }
    if verdicts.iter().all(Verdict::ok) { Exit::Done } else { Exit::Failed }
}

fn commits(project: &Project, options: &VerifyCommits) -> Result<Exit, CommandError> {
    let repository = project.repository.as_ref().ok_or_else(|| {
        CommandError::usage(format!("`{}` is no git repository, so there are no commits", project.root.display()))
            .hint("name the project with `--project`")
    })?;
    let mut verdicts = Vec::new();
    for revision in &options.revisions {
        if revision.contains("...") {
            return Err(CommandError::usage(format!("`{revision}` is no plain range"))
                .hint("write `a..b`: the commits that `b` reaches and `a` does not"));
        }
        verdicts.push(judge_commits(revision, look(repository.as_ref(), revision)?));
    }
    Ok(report(&verdicts, &options.shown))
}

/// An end of a range that is left out is HEAD, as for git.
fn look(repository: &dyn Repository, revision: &str) -> Result<CommitSeen, RepositoryError> {
    let or_head = |end: &str| if end.is_empty() { "HEAD".to_owned() } else { end.to_owned() };
    let (from, to) = match revision.split_once("..") {
        Some((from, to)) => (Some(or_head(from)), or_head(to)),
        None => (None, revision.to_owned()),
    };
    let from = from.map(|from| repository.resolve(&from)).transpose()?;
    let (Some(head), Some(to)) = (repository.head()?.commit, repository.resolve(&to)?) else {
        return Ok(CommitSeen::Unknown);
    };
    if !repository.is_ancestor(&to, &head)? {
        return Ok(CommitSeen::Elsewhere);
    }
    match from {
        None => Ok(CommitSeen::Reachable),
        Some(None) => Ok(CommitSeen::Unknown),
        Some(Some(from)) if repository.is_ancestor(&to, &from)? => Ok(CommitSeen::NoneInRange),
        Some(Some(_)) => Ok(CommitSeen::Reachable),
    }
}
