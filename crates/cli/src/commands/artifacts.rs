//! `artifacts`: what the runs of this project have left, read from their journals, and what became of it since.

use super::{print, print_json};
use crate::args::ArtifactsArguments;
use crate::context::{Meant, Project, find_run};
use crate::failure::{CommandError, Exit};
use coordinate_engine::journal::{Journal, Record};
use coordinate_model::digest::hex_sha256;
use coordinate_model::event::{Artifact, Event};
use coordinate_model::ids::RunId;
use coordinate_report::text::moment;
use serde_json::{Value, json};

/// One line of the list.
struct Row {
    artifact: Artifact,
    run: RunId,
    step: Option<String>,
    created: String,
    verdict: &'static str,
}

pub(crate) fn artifacts(project: &Project, options: &ArtifactsArguments) -> Result<Exit, CommandError> {
    let journal = project.journal()?;
    let rows = match &journal {
        Some(journal) => rows(project, journal, options)?,
        None => Vec::new(),
    };
    if options.json {
        print_json(&rows.iter().map(as_json).collect());
        return Ok(Exit::Done);
    }
    for row in &rows {
        let (kind, bytes) = (&row.artifact.kind, row.artifact.bytes);
        print(&format!("{kind:<8} {bytes:>8}  {:<8}  {}  {}", row.verdict, row.run, row.artifact.path));
    }
    Ok(Exit::Done)
}

fn rows(project: &Project, journal: &Journal, options: &ArtifactsArguments) -> Result<Vec<Row>, CommandError> {
    let runs = match &options.run {
        Some(prefix) => vec![find_run(journal, Some(prefix), Meant::Newest)?],
        None => journal.storage().headers()?.into_iter().map(|header| header.run).collect(),
    };
    let mut rows = Vec::new();
    for run in runs {
        for record in journal.records(&run, 0)? {
            rows.extend(left(project, &run, &record));
        }
    }
    let of_topic = |row: &Row| options.topic.as_ref().is_none_or(|topic| is_of(&row.artifact.path, topic));
    let of_kind = |row: &Row| options.kind.as_ref().is_none_or(|kind| row.artifact.kind == *kind);
    rows.retain(|row| of_topic(row) && of_kind(row));
    Ok(rows)
}

/// Whether a path lies in a topic, named by its folder, its number or its name.
fn is_of(path: &str, topic: &str) -> bool {
    // `…/NNN_name/reports/001_file.md`
    let Some(place) = path.rsplitn(3, '/').nth(2) else { return false };
    let folder = place.rsplit('/').next().unwrap_or(place);
    let (number, name) = folder.split_once('_').unwrap_or((folder, folder));
    let same_number = || number.parse::<u32>().ok().zip(topic.parse::<u32>().ok()).is_some_and(|(a, b)| a == b);
    place == topic.trim_end_matches('/') || folder == topic || name == topic || same_number()
}

fn left(project: &Project, run: &RunId, record: &Record) -> Vec<Row> {
    let (step, artifacts) = match &record.event {
        Event::StepSucceeded { step, artifacts, .. } => (Some(step.to_string()), artifacts),
        Event::RunEnded { artifacts, .. } => (None, artifacts),
        _ => return Vec::new(),
    };
    let row = |artifact: &Artifact| Row {
        artifact: artifact.clone(),
        run: run.clone(),
        step: step.clone(),
        created: moment(record.at),
        verdict: verdict(project, artifact),
    };
    artifacts.iter().map(row).collect()
}

/// What was verified when it was left holds for those bytes only.
fn verdict(project: &Project, artifact: &Artifact) -> &'static str {
    match std::fs::read(project.root.join(&artifact.path)) {
        Ok(bytes) if hex_sha256(&bytes) == artifact.hash => "verified",
        Ok(_) => "changed",
        Err(_) => "missing",
    }
}

fn as_json(row: &Row) -> Value {
    json!({
        "path": row.artifact.path,
        "type": row.artifact.kind,
        "run": row.run,
        "step": row.step,
        "hash": row.artifact.hash,
        "size": row.artifact.bytes,
        "created": row.created,
        "verdict": row.verdict,
    })
}
