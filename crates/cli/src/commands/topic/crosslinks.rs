//! `topic update`: every file of a topic leads to the others, and links to what has moved are mended.

use super::contents::Contents;
use super::find::{self, Found};
use super::relocate::{hold, nobody_works_in};
use crate::args::TopicArguments;
use crate::commands::batches::{Told, exists, open_runs};
use crate::commands::note;
use crate::commands::specs::{Text, texts, write};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::paths::specs_root;
use coordinate_host::batch::Operation;
use coordinate_model::artifact::{Field, linked};
use coordinate_model::links::{joined, relative, relative_links, with_targets};
use coordinate_model::topic;
use serde_json::json;

pub(crate) fn update(project: &Project, options: &TopicArguments) -> Result<Exit, CommandError> {
    let hold = hold(project, options.dry_run)?;
    let root = specs_root(project, project.config()?);
    let all = texts(project, &root);
    let topics = find::all(project, &root);
    let found = find::one(find::all(project, &root), &options.topic)?;
    let contents = Contents::of(project, &found, &open_runs(project)?);
    nobody_works_in(&found, &contents)?;
    let mend = Mend { project, topics: &topics, all: &all };
    let prefix = format!("{}/", found.topic.path);
    let (mut operations, mut broken) = (Vec::new(), Vec::new());
    for text in all.iter().filter(|text| text.path.starts_with(&prefix)) {
        let new = updated(project, &contents, &mend, text);
        broken.extend(mend.broken(&text.path, &new));
        if new != text.text {
            operations.push(write(text, new));
        }
    }
    tell(hold.as_ref(), operations, &broken, options)
}

fn tell(
    hold: Option<&crate::commands::batches::Hold>,
    operations: Vec<Operation>,
    broken: &[(String, String)],
    options: &TopicArguments,
) -> Result<Exit, CommandError> {
    let told = Told::of(&operations);
    if operations.is_empty() && !options.json {
        note("all links are up to date");
    } else if let Some(hold) = hold {
        hold.perform(&format!("topic update {}", options.topic), operations)?;
    }
    for (path, link) in broken {
        note(&format!("`{path}` leads to `{link}`, which is nowhere to be found"));
    }
    let broken: Vec<_> = broken.iter().map(|(path, link)| json!({"path": path, "link": link})).collect();
    told.print(options.json, options.dry_run, json!({"broken": broken}));
    Ok(Exit::Done)
}

fn updated(project: &Project, contents: &Contents, mend: &Mend<'_>, text: &Text) -> String {
    let mended = mend.mended(text);
    let wanted = wanted(project, contents, &text.path);
    let linked = wanted.and_then(|wanted| linked(&mended, &text.path, &wanted));
    linked.unwrap_or(mended)
}

/// To what a file leads; `None` for one that is of no kind of its own, such as a phase's file.
fn wanted(project: &Project, contents: &Contents, path: &str) -> Option<Vec<(Field, String)>> {
    let plans: Vec<String> = contents.plans.iter().map(|plan| overview_of(project, &plan.path)).collect();
    let of = |field: Field| -> Vec<(Field, String)> {
        let targets: Vec<&String> = match field {
            Field::Overview => contents.overview.iter().collect(),
            Field::Reports => contents.reports.iter().collect(),
            Field::Plan => plans.iter().collect(),
            Field::DebugReports => contents.debug.iter().collect(),
            Field::Summary => contents.summaries.iter().collect(),
        };
        targets.into_iter().map(|target| (field, target.clone())).collect()
    };
    let is = |list: &[String]| list.iter().any(|known| known == path);
    let fields: &[Field] = if is(&contents.reports) {
        &[Field::Overview, Field::Plan, Field::Summary]
    } else if contents.overview.as_deref() == Some(path) {
        &[Field::Reports, Field::Plan, Field::Summary]
    } else if is(&plans) {
        &[Field::Overview, Field::Reports, Field::DebugReports, Field::Summary]
    } else if is(&contents.debug) {
        &[Field::Plan, Field::Summary]
    } else if is(&contents.summaries) {
        &[Field::Overview, Field::Reports, Field::Plan, Field::DebugReports]
    } else {
        return None;
    };
    Some(fields.iter().flat_map(|field| of(*field)).collect())
}

/// The file of a plan that speaks of all of it.
fn overview_of(project: &Project, plan: &str) -> String {
    let name = plan.rsplit('/').next().unwrap_or(plan);
    let own = format!("{plan}/{name}.md");
    if exists(project, &own) { own } else { plan.to_owned() }
}

/// Finds what has moved.
struct Mend<'a> {
    project: &'a Project,
    topics: &'a [Found],
    all: &'a [Text],
}

impl Mend<'_> {
    fn mended(&self, text: &Text) -> String {
        with_targets(&text.text, &|target| {
            if target.starts_with('/') {
                return None;
            }
            let path = joined(&text.path, target);
            let missing = !exists(self.project, &path) && !exists(self.project, target);
            let found = missing.then(|| self.found(&path)).flatten()?;
            Some(relative(&text.path, &found))
        })
    }

    /// Where something is now that is not where it was: its topic was moved by hand, its plan became a folder or a file,
    /// or one file alone in all topics has its name.
    fn found(&self, path: &str) -> Option<String> {
        let there = |path: String| exists(self.project, &path).then_some(path);
        let stem = path.strip_suffix(".md").unwrap_or(path);
        let name = stem.rsplit('/').next().unwrap_or(stem);
        let folder = stem.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.in_topic(path)
            .or_else(|| there(format!("{stem}/{name}.md")))
            .or_else(|| there(format!("{folder}.md")))
            .or_else(|| self.only(path))
    }

    fn in_topic(&self, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        let at = parts.iter().position(|part| topic::number(part).is_some())?;
        let number = topic::number(parts.get(at)?)?;
        let rest = parts.get(at + 1..).unwrap_or_default().join("/");
        let mut same = self.topics.iter().filter(|found| found.topic.number == number);
        same.find_map(|found| {
            let path = format!("{}/{rest}", found.topic.path);
            exists(self.project, &path).then(|| path.trim_end_matches('/').to_owned())
        })
    }

    fn only(&self, path: &str) -> Option<String> {
        let name = path.rsplit('/').next().filter(|name| name.ends_with(".md"))?;
        let mut same = self.all.iter().filter(|text| text.path.rsplit('/').next() == Some(name));
        match (same.next(), same.next()) {
            (Some(only), None) => Some(only.path.clone()),
            (_, _) => None,
        }
    }

    fn broken(&self, path: &str, text: &str) -> Vec<(String, String)> {
        let is_broken = |link: &String| {
            !link.starts_with('/') && !exists(self.project, &joined(path, link)) && !exists(self.project, link)
        };
        relative_links(text).into_iter().filter(is_broken).map(|link| (path.to_owned(), link)).collect()
    }
}
