//! The names under which shell blocks find the places and the state of a run.

use super::note;
use super::state::now;
use crate::context::Project;
use crate::paths::Topic;
use coordinate_engine::driver::Listener;
use coordinate_engine::journal::Record;
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::event::Event;
use coordinate_model::run::Run;
use coordinate_model::shell::{Value, VariableName, WorkflowId};
use coordinate_model::subrun::{Aggregation, aggregation};
use coordinate_store::shell::{ShellError, ShellState};

/// A variable.
pub(crate) type Named = (String, String);

/// The places that have names: paths relative to the project, where they are known.
pub(crate) struct Places<'a> {
    /// The topic.
    pub(crate) topic: &'a Topic,
    /// The reports.
    pub(crate) reports: Vec<&'a str>,
    /// The plan.
    pub(crate) plan: Option<&'a str>,
    /// The debug report.
    pub(crate) debug: Option<&'a str>,
    /// The summary.
    pub(crate) summary: &'a str,
}

/// The names of places, with absolute paths.
pub(crate) fn places(project: &Project, specs: &str, places: &Places<'_>) -> Vec<Named> {
    let absolute = |path: &str| project.root.join(path).to_string_lossy().into_owned();
    let topic = &places.topic.path;
    let folder = |kind: ArtifactKind| absolute(&format!("{topic}/{}", kind.folder()));
    let root = project.root.to_string_lossy().into_owned();
    let mut named = vec![
        ("PROJECT_ROOT", root.clone()),
        ("CLAUDE_PROJECT_DIR", root),
        ("SPECS_ROOT", absolute(specs)),
        ("TOPIC_NUM", format!("{:03}", places.topic.number)),
        ("TOPIC_NAME", places.topic.name.clone()),
        ("TOPIC_PATH", absolute(topic)),
        ("REPORTS_DIR", folder(ArtifactKind::Report)),
        ("PLANS_DIR", folder(ArtifactKind::Plan)),
        ("SUMMARIES_DIR", folder(ArtifactKind::Summary)),
        ("DEBUG_DIR", folder(ArtifactKind::Debug)),
        ("OUTPUTS_DIR", folder(ArtifactKind::Output)),
        ("IMPL_ARTIFACTS", folder(ArtifactKind::Output)),
        ("CHECKPOINT_DIR", project.state().join("checkpoints").to_string_lossy().into_owned()),
        ("REPORT_PATHS_COUNT", places.reports.len().to_string()),
        ("SUMMARY_PATH", absolute(places.summary)),
    ];
    named.extend(places.plan.map(|plan| ("PLAN_PATH", absolute(plan))));
    named.extend(places.debug.map(|debug| ("DEBUG_REPORT", absolute(debug))));
    let named = named.into_iter().map(|(name, value)| (name.to_owned(), value));
    let reports = places.reports.iter().enumerate();
    named.chain(reports.map(|(at, report)| (format!("REPORT_PATH_{at}"), absolute(report)))).collect()
}

/// The names of a run that has just begun.
fn of_run(project: &Project, run: &Run) -> Vec<Named> {
    let created = &run.created;
    let (root, folder) = created.paths.topic.rsplit_once('/').unwrap_or(("", &created.paths.topic));
    let name = folder.split_once('_').map_or(folder, |(_, name)| name).to_owned();
    let topic = Topic { path: created.paths.topic.clone(), number: created.paths.topic_number, name };
    let mut named = places(
        project,
        root,
        &Places {
            topic: &topic,
            reports: created.topics.iter().map(|topic| topic.report.as_str()).collect(),
            plan: created.paths.plan.as_deref(),
            debug: created.paths.debug.as_deref(),
            summary: &created.paths.summary,
        },
    );
    let last = created.definition.scope.get(&created.scope).map(|path| path.last.to_string());
    let words = [
        ("WORKFLOW_ID", created.run.to_string()),
        ("WORKFLOW_DESCRIPTION", created.request.clone()),
        ("WORKFLOW_SCOPE", created.scope.to_string()),
        ("TERMINAL_STATE", last.unwrap_or_default()),
        ("CURRENT_STATE", run.state.to_string()),
        ("SUCCESSFUL_REPORT_COUNT", "0".to_owned()),
    ];
    named.extend(words.into_iter().map(|(name, value)| (name.to_owned(), value)));
    named
}

/// Gives a run that has just begun its shell state. A failure is told and no more: the run needs none of it.
pub(crate) fn tell(project: &Project, run: &Run) {
    let written = || -> Result<(), ShellError> {
        let mut state = ShellState::open_or_create(&project.state().join("shell.db"))?;
        let variable = |(name, value): Named| Some((name.parse().ok()?, text(value)));
        let values: Vec<(VariableName, Value)> = of_run(project, run).into_iter().filter_map(variable).collect();
        state.import(&workflow(run), &project.root, &values, now()).map(drop)
    };
    if let Err(error) = written() {
        note(&format!("shell blocks will not find this run's paths: {error}"));
    }
}

fn workflow(run: &Run) -> WorkflowId {
    WorkflowId::nearest(run.id().as_str())
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into().into_bytes())
}

/// Keeps what changes in step with the run. Its failure is its own, and is told once.
pub(crate) struct ShellNames {
    state: Option<ShellState>,
}

impl ShellNames {
    /// For a run of this project; without shell state there is nothing to keep.
    pub(crate) fn new(project: &Project) -> Self {
        Self { state: ShellState::open(&project.state().join("shell.db")).ok().flatten() }
    }
}

impl ShellNames {
    /// What a supervisor handed up is found by its name: `checkpoint load research_supervisor`.
    fn keep(&mut self, run: &Run, handed: Option<Aggregation>) {
        let (Some(state), Some(handed)) = (&mut self.state, handed) else { return };
        let body = serde_json::to_vec(&handed).unwrap_or_default();
        let name = WorkflowId::nearest(&handed.supervisor_id);
        if let Err(error) = state.save_checkpoint(&workflow(run), &name, (&body, true), now()) {
            note(&format!("shell blocks will not find `{name}`: {error}"));
        }
    }
}

impl Listener for ShellNames {
    fn on_event(&mut self, run: &Run, record: &Record) {
        if let Event::StepSucceeded { step, .. } = &record.event
            && let Some(led) = run.step(step).filter(|step| step.track.is_some())
        {
            self.keep(run, aggregation(run, &led.of_state));
        }
        let Some((name, value)) = change(run, &record.event) else { return };
        let (Some(state), Ok(name)) = (&mut self.state, name.parse::<VariableName>()) else { return };
        if let Err(error) = state.set(&workflow(run), &name, &text(value), now()) {
            note(&format!("shell blocks see an old state of this run from here on: {error}"));
            self.state = None;
        }
    }

    fn on_tick(&mut self, _: &Run) {}
}

/// The variable that an event changes.
fn change(run: &Run, event: &Event) -> Option<(&'static str, String)> {
    match event {
        Event::TransitionCompleted { to, .. } => Some(("CURRENT_STATE", to.to_string())),
        Event::VerdictRecorded { verdict, .. } => Some(("TESTS_PASSING", verdict.passed.to_string())),
        Event::StepSucceeded { artifacts, .. } if artifacts.iter().any(is_report) => {
            let reports = run.artifacts.iter().filter(|artifact| is_report(artifact)).count();
            Some(("SUCCESSFUL_REPORT_COUNT", reports.to_string()))
        }
        _ => None,
    }
}

fn is_report(artifact: &coordinate_model::event::Artifact) -> bool {
    artifact.kind == ArtifactKind::Report.name()
}
