//! The place of a replay: a repository that has the user's objects and nothing else of the user's, at the commit that the
//! run began at.

use crate::commands::start;
use crate::context::Project;
use crate::failure::CommandError;
use coordinate_engine::journal::Record;
use coordinate_engine::port::Repository;
use coordinate_engine::work::recording_ref;
use coordinate_host::git::GitRepository;
use coordinate_model::digest::hex_sha256;
use coordinate_model::event::{Created, Event};
use coordinate_model::run::Run;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// See the module.
pub(super) struct Scratch {
    /// All of it.
    pub(super) root: PathBuf,
    /// The project in it.
    pub(super) project: PathBuf,
    /// The folder of work trees.
    pub(super) trees: PathBuf,
    /// Its repository; `None` outside git.
    pub(super) repository: Option<Arc<GitRepository>>,
    kept: bool,
}

impl Scratch {
    pub(super) fn make(
        project: &Project,
        run: &Run,
        records: &[Record],
        keep: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let root = match keep {
            Some(folder) => std::path::absolute(folder).map_err(CommandError::internal)?,
            None => std::env::temp_dir().join(format!("coordinate-replay-{}", ulid::Ulid::new())),
        };
        coordinate_host::atomic::create_private_folder(&root.join("trees")).map_err(CommandError::internal)?;
        let mut scratch = Self {
            project: root.join("repo"),
            trees: root.join("trees").join(run.id().as_str()),
            repository: None,
            kept: keep.is_some(),
            root,
        };
        scratch.fill(project, run)?;
        scratch.place_files(project, run, records)?;
        scratch.link(project, run)?;
        Ok(scratch)
    }

    fn fill(&mut self, project: &Project, run: &Run) -> Result<(), CommandError> {
        let base = &run.created.base;
        let (Some(repository), Some(commit)) = (&project.repository, &base.commit) else {
            return std::fs::create_dir_all(&self.project).map_err(CommandError::internal);
        };
        if repository.resolve(commit.as_str())?.is_none() {
            let message =
                format!("the commit that `{}` began at, {commit}, is not in the repository any more", run.id());
            return Err(CommandError::usage(message));
        }
        let own = run.integration.as_ref().filter(|integration| *integration != commit);
        let like = repository.resolve(&recording_ref(run.id()))?.or_else(|| own.cloned());
        let made = repository.replica(&self.project, base.branch.as_deref(), commit, like.as_ref())?;
        // A project may be a folder of a repository.
        let below = project.root.strip_prefix(repository.top_level()).unwrap_or(Path::new(""));
        self.project.push(below);
        self.repository = Some(Arc::new(made));
        Ok(())
    }

    /// The files that the run found in the checkout and git did not have, as far as they are still known.
    fn place_files(&self, project: &Project, run: &Run, records: &[Record]) -> Result<(), CommandError> {
        let left: BTreeSet<&str> = run.artifacts.iter().map(|artifact| artifact.path.as_str()).collect();
        let created = &run.created;
        for (path, bytes) in self.taken_in(records) {
            if !left.contains(path.as_str()) {
                self.write(&path, &bytes)?;
            }
        }
        let plan = created.plan.iter().flat_map(|plan| &plan.files);
        for path in plan.chain(&created.paths.named).filter(|path| !left.contains(path.as_str())) {
            if let Some(bytes) = std::fs::read(project.root.join(path)).ok().filter(|_| !self.has(path)) {
                self.write(path, &bytes)?;
            }
        }
        let was = created.revises.as_ref().zip(created.paths.plan.as_ref());
        match was.and_then(|(hash, plan)| Some((plan, before_revision(project, run, hash)?))) {
            Some((plan, bytes)) => self.write(plan, &bytes),
            None => Ok(()),
        }
    }

    /// What the project links into its trees is there, as links to it: tests depend on it, and no recording has it. A folder
    /// is one here too, since what git ignores may be folders alone.
    fn link(&self, project: &Project, run: &Run) -> Result<(), CommandError> {
        for link in &run.created.options.tree_links {
            let (theirs, ours) = (project.root.join(link), self.project.join(link));
            let linked = if theirs.is_dir() {
                link_all(&theirs, &ours)
            } else if theirs.exists() && !self.has(link) {
                let made = ours.parent().map_or(Ok(()), std::fs::create_dir_all);
                made.and_then(|()| std::os::unix::fs::symlink(&theirs, &ours))
            } else {
                Ok(())
            };
            linked.map_err(|error| CommandError::internal(format!("failed to link `{}`: {error}", ours.display())))?;
        }
        Ok(())
    }

    /// What the run's first commit took in.
    fn taken_in(&self, records: &[Record]) -> Vec<(String, Vec<u8>)> {
        let facts = records.iter().find_map(|record| match &record.event {
            Event::TransitionCompleted { facts, .. } if facts.integration.is_some() => Some(facts),
            _ => None,
        });
        let (Some(facts), Some(repository)) = (facts, &self.repository) else { return Vec::new() };
        let Some(first) = &facts.integration else { return Vec::new() };
        let read = |path: &String| repository.read_file(first, path).ok().flatten();
        facts.taken_in.iter().filter_map(|(path, _)| Some((path.clone(), read(path)?))).collect()
    }

    fn has(&self, path: &str) -> bool {
        self.project.join(path).exists()
    }

    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> Result<(), CommandError> {
        let place = self.project.join(path);
        let made = place.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&place, bytes))
            .map_err(|error| CommandError::internal(format!("failed to write `{}`: {error}", place.display())))
    }

    /// The first event of the run here.
    pub(super) fn created(&self, run: &Run) -> Created {
        let mut created = (*run.created).clone();
        created.paths.project = start::text(&self.project);
        created.paths.trees = start::text(&self.trees);
        created
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.root);
        }
    }
}

/// The plan as it was before the run revised it: in its place still, or kept beside it.
fn before_revision(project: &Project, run: &Run, hash: &str) -> Option<Vec<u8>> {
    let kept = run.artifacts.iter().filter(|artifact| artifact.hash == hash).map(|artifact| &artifact.path);
    let places = run.created.paths.plan.iter().chain(kept);
    places.filter_map(|path| std::fs::read(project.root.join(path)).ok()).find(|bytes| hex_sha256(bytes) == hash)
}

/// Links to all that is in a folder, beside what is there.
fn link_all(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let link = to.join(entry.file_name());
        if link.symlink_metadata().is_err() {
            std::os::unix::fs::symlink(entry.path(), link)?;
        }
    }
    Ok(())
}
