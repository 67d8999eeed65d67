//! What is in a topic, and whether it is finished.

use super::find::Found;
use crate::commands::plan;
use crate::context::Project;
use crate::paths::is_held;
use coordinate_engine::port::Files;
use coordinate_host::files::SystemFiles;
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::ids::RunId;
use coordinate_model::run::Run;
use serde::Serialize;
use std::path::Path;

/// A plan of a topic.
#[derive(Debug, Serialize)]
pub(super) struct PlanThere {
    /// Its file or folder, relative to the project.
    pub(super) path: String,
    /// How many phases it has.
    phases: usize,
    /// How many of them are done.
    done: usize,
    /// Whether it can be read without errors.
    sound: bool,
}

impl PlanThere {
    fn is_done(&self) -> bool {
        self.sound && self.phases > 0 && self.done == self.phases
    }
}

/// The files of a topic by their kinds, as paths relative to the project, and who works in it.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) reports: Vec<String>,
    pub(super) overview: Option<String>,
    pub(super) plans: Vec<PlanThere>,
    pub(super) debug: Vec<String>,
    pub(super) summaries: Vec<String>,
    /// How many other files steps have left.
    pub(super) outputs: usize,
    /// The open runs that work in it.
    pub(super) runs: Vec<RunId>,
    /// Whether a run is just beginning in it.
    begins: bool,
}

impl Contents {
    pub(super) fn of(project: &Project, found: &Found, open: &[Run]) -> Self {
        let topic = &found.topic;
        let mut reports = markdown(project, &topic.path, ArtifactKind::Report);
        let overview = reports.iter().position(|path| path.ends_with("/OVERVIEW.md")).map(|at| reports.remove(at));
        let outputs = project.root.join(&topic.path).join(ArtifactKind::Output.folder());
        let runs: Vec<RunId> =
            open.iter().filter(|run| works_in(run, &topic.path)).map(|run| run.id().clone()).collect();
        Self {
            reports,
            overview,
            plans: plans(project, &topic.path),
            debug: markdown(project, &topic.path, ArtifactKind::Debug),
            summaries: markdown(project, &topic.path, ArtifactKind::Summary),
            outputs: SystemFiles.walk(&outputs).len(),
            begins: runs.is_empty() && is_held(project, topic),
            runs,
        }
    }

    /// Whether there are plans, all of them done, and nobody works here.
    pub(super) fn is_finished(&self) -> bool {
        !self.is_busy() && !self.plans.is_empty() && self.plans.iter().all(PlanThere::is_done)
    }

    /// Whether an open run works here.
    pub(super) fn is_busy(&self) -> bool {
        self.begins || !self.runs.is_empty()
    }

    /// Why it is not finished.
    pub(super) fn unfinished(&self) -> String {
        match self.plans.iter().find(|plan| !plan.is_done()) {
            None => "it has no plan, so nothing says that it is done".to_owned(),
            Some(plan) if !plan.sound => format!("`{}` can not be read without errors", plan.path),
            Some(plan) => format!("`{}` has {} of {} phases done", plan.path, plan.done, plan.phases),
        }
    }

    /// All of it in a line.
    pub(super) fn shown(&self) -> String {
        let count = |number: usize, one: &str, more: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{number} {more}")),
        };
        let phases: usize = self.plans.iter().map(|plan| plan.phases).sum();
        let done: usize = self.plans.iter().map(|plan| plan.done).sum();
        let plans = count(self.plans.len(), "plan", "plans").map(|text| format!("{text} ({done} of {phases} phases)"));
        let parts = [
            count(self.reports.len(), "report", "reports"),
            self.overview.as_ref().map(|_| "overview".to_owned()),
            plans,
            count(self.debug.len(), "debug report", "debug reports"),
            count(self.summaries.len(), "summary", "summaries"),
            count(self.outputs, "output", "outputs"),
            self.begins.then(|| "a run is just beginning".to_owned()),
        ];
        let runs = self.runs.iter().map(|run| format!("{run} is open"));
        parts.into_iter().flatten().chain(runs).collect::<Vec<_>>().join(", ")
    }
}

/// A run may also work by a plan of another topic than its own.
fn works_in(run: &Run, topic: &str) -> bool {
    let below = |path: &String| path.strip_prefix(topic).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let paths = &run.created.paths;
    let files = run.plan().into_iter().flat_map(|plan| &plan.files);
    below(&paths.topic) || paths.plan.as_ref().is_some_and(below) || files.chain(&paths.named).any(below)
}

/// The Markdown files of a kind, by name.
fn markdown(project: &Project, topic: &str, kind: ArtifactKind) -> Vec<String> {
    let folder = format!("{topic}/{}", kind.folder());
    let names = names(&project.root.join(&folder), |path| path.is_file() && is_markdown(path));
    names.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

fn plans(project: &Project, topic: &str) -> Vec<PlanThere> {
    let folder = format!("{topic}/{}", ArtifactKind::Plan.folder());
    let names = names(&project.root.join(&folder), |path| path.is_dir() || is_markdown(path));
    let read = |name: &String| {
        let path = format!("{folder}/{name}");
        let shown = |file: &Path| file.strip_prefix(&project.root).unwrap_or(file).display().to_string();
        let parsed = plan::read(&project.root.join(&path), &shown).map(|(parsed, _)| parsed);
        let (phases, done, sound) = parsed.map_or((0, 0, false), |parsed| {
            let done = parsed.plan.phases.iter().filter(|phase| phase.done()).count();
            (parsed.plan.phases.len(), done, !parsed.has_errors())
        });
        PlanThere { path, phases, done, sound }
    };
    names.iter().map(read).collect()
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

fn names(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let entries = entries.filter(|entry| wanted(&entry.path()));
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
