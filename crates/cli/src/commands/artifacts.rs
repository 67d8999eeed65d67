//! `artifacts`: what the runs of this project have left, read from their journals, and what became of it since.

mod places;

use super::{print, print_json};
use crate::args::ArtifactsArguments;
use crate::context::{Meant, Project, find_run};
use crate::failure::{CommandError, Exit};
use crate::paths::specs_root;
use coordinate_engine::journal::{Journal, Record};
use coordinate_model::event::{Artifact, Event};
use coordinate_model::ids::RunId;
use coordinate_report::text::moment;
use places::{Now, Places};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// One line of the list.
struct Row {
    artifact: Artifact,
    run: RunId,
    /// The run above, if it is a run below one.
    above: Option<RunId>,
    step: Option<String>,
    created: String,
    now: Now,
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
        let was =
            if row.now.place == row.artifact.path { String::new() } else { format!("  (was {})", row.artifact.path) };
        print(&format!("{kind:<8} {bytes:>8}  {:<8}  {}  {}{was}", row.now.verdict, row.run, row.now.place));
    }
    Ok(Exit::Done)
}

fn rows(project: &Project, journal: &Journal, options: &ArtifactsArguments) -> Result<Vec<Row>, CommandError> {
    let runs = match &options.run {
        Some(prefix) => vec![(find_run(journal, Some(prefix), Meant::Newest)?, None)],
        None => journal.storage().headers()?.into_iter().map(|header| (header.run, header.parent)).collect(),
    };
    let mut rows = Vec::new();
    let mut places = Places::new(project, specs_root(project, project.config()?));
    for (run, above) in runs {
        let records = journal.records(&run, 0)?;
        let changed = changed(&records);
        for record in &records {
            rows.extend(left(&mut places, (&run, above.as_ref()), record, &changed));
        }
    }
    let named = |row: &Row, topic: &String| is_of(&row.artifact.path, topic) || is_of(&row.now.place, topic);
    let of_topic = |row: &Row| options.topic.as_ref().is_none_or(|topic| named(row, topic));
    let of_kind = |row: &Row| options.kind.as_ref().is_none_or(|kind| row.artifact.kind == *kind);
    // What a run below left is its own only as long as the run above has not got it.
    let got: BTreeSet<(RunId, String)> = rows.iter().map(|row| (row.run.clone(), row.artifact.hash.clone())).collect();
    rows.retain(|row| {
        !row.above.as_ref().is_some_and(|above| got.contains(&(above.clone(), row.artifact.hash.clone())))
    });
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

/// The texts that a run gave the files of its plan while it was under way: paths and hashes.
fn changed(records: &[Record]) -> Vec<(String, String)> {
    let proposed = records.iter().filter_map(|record| match &record.event {
        Event::ReplanProposed { proposal, .. } => Some(&proposal.files),
        _ => None,
    });
    proposed.flatten().cloned().collect()
}

fn left(
    places: &mut Places<'_>,
    (run, above): (&RunId, Option<&RunId>),
    record: &Record,
    changed: &[(String, String)],
) -> Vec<Row> {
    let (step, artifacts) = match &record.event {
        Event::StepSucceeded { step, artifacts, .. } => (Some(step.to_string()), artifacts),
        Event::RunEnded { artifacts, .. } => (None, artifacts),
        _ => return Vec::new(),
    };
    let texts_of = |artifact: &Artifact| -> Vec<String> {
        let of_file = changed.iter().filter(|(path, _)| *path == artifact.path);
        of_file.map(|(_, hash)| hash.clone()).collect()
    };
    let mut row = |artifact: &Artifact| Row {
        artifact: artifact.clone(),
        run: run.clone(),
        above: above.cloned(),
        step: step.clone(),
        created: moment(record.at),
        now: places.now(artifact, &texts_of(artifact)),
    };
    artifacts.iter().map(&mut row).collect()
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
        "verdict": row.now.verdict,
        "place": row.now.place,
    })
}
