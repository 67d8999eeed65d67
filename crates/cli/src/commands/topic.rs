//! `topic list|archive|restore|move|update`.

mod contents;
mod crosslinks;
mod find;
mod relocate;

pub(crate) use crosslinks::update;
pub(crate) use relocate::{archive, rename, restore};

use super::{print, print_json};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::paths::specs_root;
use contents::Contents;
use find::Found;
use serde_json::{Value, json};

pub(crate) fn list(project: &Project, as_json: bool) -> Result<Exit, CommandError> {
    let root = specs_root(project, project.config()?);
    let runs = super::batches::open_runs(project)?;
    let topics = find::all(project, &root).into_iter().map(|found| {
        let contents = Contents::of(project, &found, &runs);
        (found, contents)
    });
    let topics: Vec<(Found, Contents)> = topics.collect();
    if as_json {
        print_json(&topics.iter().map(|(found, contents)| as_value(found, contents)).collect());
        return Ok(Exit::Done);
    }
    let width = topics.iter().map(|(found, _)| found.topic.name.chars().count()).max().unwrap_or(0);
    for (found, contents) in &topics {
        let (number, name) = (found.topic.number, &found.topic.name);
        let line = format!("{number:03}  {name:<width$}  {:<8}  {}", status(found, contents), contents.shown());
        print(line.trim_end());
    }
    Ok(Exit::Done)
}

fn status(found: &Found, contents: &Contents) -> &'static str {
    match (found.archived, contents.is_finished()) {
        (true, _) => "archived",
        (false, true) => "finished",
        (false, false) => "open",
    }
}

fn as_value(found: &Found, contents: &Contents) -> Value {
    json!({
        "number": found.topic.number,
        "name": found.topic.name,
        "path": found.topic.path,
        "status": status(found, contents),
        "reports": contents.reports,
        "overview": contents.overview,
        "plans": contents.plans,
        "debug": contents.debug,
        "summaries": contents.summaries,
        "outputs": contents.outputs,
        "runs": contents.runs,
    })
}
