//! The kept moments of a run's trees: found by the run, its journal or the refs alone, and named on the command line.

use crate::args::read_moment;
use crate::context::{Meant, Project, find_run};
use crate::failure::CommandError;
use coordinate_engine::port::Repository;
use coordinate_engine::work::slug;
use coordinate_host::git::{GitRepository, KeptTree};
use coordinate_model::ids::{Oid, RunId};
use coordinate_model::run::Run;
use std::collections::BTreeSet;
use std::sync::Arc;

const REFS: &str = "refs/coordinate";
/// Fewer characters of a commit could mean anything.
const SHORTEST: usize = 4;

/// Why there may be nothing.
pub(super) const WHY_NOTHING: &str = "a run that succeeded has all its work in its branch, and keeps no trees";

/// What is kept of one run's trees.
pub(super) struct Shelf {
    /// The run's id.
    pub(super) id: String,
    /// The run, where the journal has it.
    pub(super) run: Option<Run>,
    /// What is kept, refs by their name, of each the newest moment first.
    pub(super) kept: Vec<KeptTree>,
}

impl Shelf {
    /// Of the run that the user means by the beginning of its id.
    pub(super) fn of(project: &Project, prefix: &str) -> Result<Self, CommandError> {
        let id = find(project, prefix)?;
        Self::with_id(project, project.need_repository()?, id)
    }

    fn with_id(project: &Project, repository: &GitRepository, id: String) -> Result<Self, CommandError> {
        // A run that is not in the journal, or can not be read, has its refs still.
        let run = match (project.journal()?, id.parse::<RunId>()) {
            (Some(journal), Ok(run)) => journal.load(&run).ok(),
            _ => None,
        };
        let kept = repository.kept_trees(&format!("{REFS}/{id}"))?;
        Ok(Self { id, run, kept })
    }

    /// Of all runs that something is kept of, the oldest first.
    pub(super) fn all(project: &Project) -> Result<Vec<Self>, CommandError> {
        let Some(repository) = &project.repository else { return Ok(Vec::new()) };
        runs_with_refs(repository)?.into_iter().map(|id| Self::with_id(project, repository, id)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The moment that is meant.
    pub(super) fn find(&self, which: Option<&str>) -> Result<&KeptTree, CommandError> {
        if self.kept.is_empty() {
            return Err(CommandError::usage(format!("nothing of the trees of `{}` is kept", self.id)).hint(WHY_NOTHING));
        }
        let newest = || self.kept.iter().rev().max_by_key(|kept| kept.at);
        let found = match which {
            Some("newest") => newest(),
            Some(which) => self.named(which).or_else(|| self.at_time(which)),
            None if self.kept.iter().filter(|kept| !kept.name.contains('~')).count() == 1 => self.kept.first(),
            None => return Err(self.several()),
        };
        found.ok_or_else(|| {
            let which = which.unwrap_or_default();
            CommandError::usage(format!("nothing is kept of `{}` as `{which}`", self.id))
                .hint(format!("list it with `coordinate restore {} --list`", self.id))
        })
    }

    /// By its name, with the step's id as it is shown elsewhere or as refs have it; by its step alone, for the last
    /// attempt; by the beginning of its commit.
    fn named(&self, which: &str) -> Option<&KeptTree> {
        let name = which.replace('/', "-").replace('#', ".");
        let attempt = |kept: &&KeptTree| kept.name.strip_prefix(&name).is_some_and(|rest| rest.starts_with('@'));
        let by_name = || self.kept.iter().find(|kept| kept.name == name);
        let by_step = || self.kept.iter().filter(attempt).max_by_key(|kept| kept.at);
        let is_commit = which.len() >= SHORTEST && which.bytes().all(|byte| byte.is_ascii_hexdigit());
        let by_commit = || self.kept.iter().find(|kept| kept.commit.as_str().starts_with(which)).filter(|_| is_commit);
        by_name().or_else(by_step).or_else(by_commit)
    }

    /// The newest moment that is not after a time.
    fn at_time(&self, which: &str) -> Option<&KeptTree> {
        let time = read_moment(which).ok()?;
        self.kept.iter().filter(|kept| kept.at <= time).max_by_key(|kept| kept.at)
    }

    fn several(&self) -> CommandError {
        let error = CommandError::usage(format!("several trees of `{}` are kept: say which", self.id));
        let newest = self.kept.iter().filter(|kept| !kept.name.contains('~'));
        newest.fold(error, |error, kept| error.hint(&kept.name))
    }

    /// What a kept tree is measured against: what its attempt began with; where nobody knows that, HEAD of the tree.
    pub(super) fn base(&self, kept: &KeptTree) -> Oid {
        self.attempt_base(kept).unwrap_or_else(|| kept.head.clone())
    }

    fn attempt_base(&self, kept: &KeptTree) -> Option<Oid> {
        let run = self.run.as_ref()?;
        let (step, rest) = run
            .steps
            .iter()
            .filter_map(|step| Some((step, kept.name.strip_prefix(&slug(&step.id))?)))
            .filter(|(_, rest)| rest.is_empty() || rest.starts_with(['@', '.', '~']))
            .min_by_key(|(_, rest)| rest.len())?;
        let digits = rest.strip_prefix('@').map(|rest| rest.split(['.', '~']).next().unwrap_or_default());
        let number: Option<u32> = digits.and_then(|digits| digits.parse().ok());
        let attempt = step.attempts.iter().find(|attempt| Some(attempt.number) == number);
        attempt.or(step.attempts.last())?.base.clone()
    }
}

/// Why a tree was kept, without the name that the message begins with.
pub(super) fn why(kept: &KeptTree) -> &str {
    let name = kept.name.split('~').next().unwrap_or_default();
    kept.why.strip_prefix(name).map_or(kept.why.as_str(), str::trim_start)
}

/// The run by its journal; one whose journal is gone by its refs.
fn find(project: &Project, prefix: &str) -> Result<String, CommandError> {
    let known = match project.journal()? {
        Some(journal) => find_run(&journal, Some(prefix), Meant::Newest).map(|run| run.to_string()),
        None => Err(CommandError::usage(format!("there is no run `{prefix}`"))
            .hint("list what is kept with `coordinate restore --list`")),
    };
    let (Err(_), Some(repository)) = (&known, &project.repository) else { return known };
    let bare = prefix.strip_prefix(RunId::PREFIX).unwrap_or(prefix).to_ascii_lowercase();
    let wanted = format!("{}{bare}", RunId::PREFIX);
    let found: Vec<String> =
        runs_with_refs(repository)?.into_iter().filter(|run| !bare.is_empty() && run.starts_with(&wanted)).collect();
    <[String; 1]>::try_from(found).map_or(known, |[only]| Ok(only))
}

fn runs_with_refs(repository: &Arc<GitRepository>) -> Result<BTreeSet<String>, CommandError> {
    let refs = repository.refs(&format!("{REFS}/"))?;
    let runs = refs.iter().filter_map(|(name, _)| name.strip_prefix("refs/coordinate/")?.split('/').next());
    Ok(runs.map(str::to_owned).collect())
}
