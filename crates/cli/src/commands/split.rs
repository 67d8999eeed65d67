//! `plan expand|collapse`: a phase in a file of its own, and back.

use super::batches::{Hold, Told, exists, open_runs};
use super::specs::{Moves, texts};
use super::{note, plan, print_json};
use crate::args::PlanPhaseArguments;
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::paths::specs_root;
use coordinate_host::batch::Operation;
use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::{Source, Split, SplitError, collapse, expand};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Where the phase goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Into a file of its own.
    Apart,
    /// Back into the overview.
    Together,
}

impl Way {
    fn verb(self) -> &'static str {
        match self {
            Self::Apart => "expand",
            Self::Together => "collapse",
        }
    }
}

/// The files of a plan, as paths of the project.
struct Place {
    /// The plan as it is read: a file, or its folder.
    plan: PathBuf,
    /// The plan's folder, if it has one or gets one.
    folder: String,
}

pub(crate) fn split(project: &Project, options: &PlanPhaseArguments, way: Way) -> Result<Exit, CommandError> {
    let hold = (!options.dry_run).then(|| Hold::take(project)).transpose()?;
    let place = place(project, &options.file)?;
    let name = |path: &Path| path.strip_prefix(&project.root).unwrap_or(path).display().to_string();
    let (_, sources) = plan::read(&place.plan, &name)?;
    nobody_works_by(project, &sources, &name(&place.plan))?;
    let number = PhaseNumber(options.phase);
    let there = |path: &str| exists(project, path);
    let split = match way {
        Way::Apart => expand(&sources, &place.folder, number, &there),
        Way::Together => collapse(&sources, &place.folder, number, &there),
    };
    let split = match split {
        Ok(split) => split,
        Err(SplitError::There { place, .. }) => return Ok(there_already(&place, options)),
        Err(error) => return Err(CommandError::usage(format!("failed to {} the plan: {error}", way.verb()))),
    };
    let operations = operations(project, &sources, &split, &place.folder)?;
    let told = Told::of(&operations);
    if let Some(hold) = &hold {
        hold.perform(&format!("plan {} {} {number}", way.verb(), options.file.display()), operations)?;
    }
    let plan = if split.files.len() > 1 { &place.folder } else { &split.place };
    told.print(options.json, options.dry_run, json!({"plan": plan, "phase": number, "file": split.place}));
    Ok(Exit::Done)
}

/// To do it again is to do nothing.
fn there_already(place: &str, options: &PlanPhaseArguments) -> Exit {
    let message = format!("phase {} is in `{place}` already", options.phase);
    if options.json {
        let nothing: [String; 0] = [];
        print_json(&json!({
            "plan": options.file, "phase": options.phase, "file": place, "moved": nothing, "written": nothing,
            "removed": nothing, "dry_run": options.dry_run,
        }));
    } else {
        note(&message);
    }
    Exit::Done
}

/// Finds the plan: a folder, a file of a folder, one file, or the folder that a file has become.
fn place(project: &Project, named: &Path) -> Result<Place, CommandError> {
    let become_folder = named.with_extension("");
    let become_file = PathBuf::from(format!("{}.md", named.display().to_string().trim_end_matches('/')));
    let candidates = [named.to_owned(), become_folder, become_file];
    let Some(found) = candidates.iter().find(|path| path.exists()) else {
        return Err(CommandError::usage(format!("there is no plan file `{}`", named.display())));
    };
    let found = found.canonicalize().map_err(|error| CommandError::usage(format!("`{}`: {error}", found.display())))?;
    let root = project.root.canonicalize().map_err(CommandError::internal)?;
    let Ok(inside) = found.strip_prefix(&root) else {
        return Err(CommandError::usage(format!("`{}` lies outside the project", found.display()))
            .hint("name its project with `--project`"));
    };
    let folder = match inside.parent() {
        _ if found.is_dir() => inside.to_owned(),
        Some(above) if is_of_folder(inside, above) => above.to_owned(),
        _ => inside.with_extension(""),
    };
    let plan = if root.join(&folder).is_dir() { folder.clone() } else { inside.to_owned() };
    Ok(Place { plan: project.root.join(plan), folder: folder.to_string_lossy().into_owned() })
}

/// Whether a file is one of several that are a plan: the overview has its folder's name, the others their phase's.
fn is_of_folder(file: &Path, folder: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let rest = stem.strip_prefix("phase").map(|rest| rest.trim_start_matches(['_', '-', ' ']));
    let is_phase = rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    is_phase || folder.file_name().is_some_and(|name| Some(name) == file.file_stem())
}

/// A run under way delivers its ticks to the files that it began with.
fn nobody_works_by(project: &Project, sources: &[Source], plan: &str) -> Result<(), CommandError> {
    for run in open_runs(project)? {
        let files = run.plan().map(|plan| plan.files.clone()).unwrap_or_default();
        let works = sources.iter().any(|source| files.contains(&source.path));
        if works || run.created.paths.plan.as_deref() == Some(plan) {
            let id = run.id();
            return Err(CommandError::usage(format!("`{plan}` is the plan of `{id}`, which is open"))
                .hint(format!("let it end with `coordinate resume {id}`, or end it with `coordinate cancel {id}`")));
        }
    }
    Ok(())
}

/// What is to be done on the disk: the plan's own files, and the links of all topics to those that move.
fn operations(
    project: &Project,
    before: &[Source],
    split: &Split,
    folder: &str,
) -> Result<Vec<Operation>, CommandError> {
    let old = |path: &str| before.iter().find(|source| source.path == path).map(|source| source.text.clone());
    let mut operations = Vec::new();
    for source in &split.files {
        let before = old(&source.path).map(String::into_bytes);
        if before.as_deref() != Some(source.text.as_bytes()) {
            let after = source.text.clone().into_bytes();
            operations.push(Operation::Write { path: source.path.clone(), before, after });
        }
    }
    let gone: Vec<&Source> =
        before.iter().filter(|source| split.files.iter().all(|file| file.path != source.path)).collect();
    operations.extend(
        gone.iter().map(|source| Operation::Remove { path: source.path.clone(), before: source.text.clone().into() }),
    );
    let home = |source: &&Source| (source.path.clone(), overview(split, folder));
    let moves = Moves(gone.iter().map(home).collect());
    let others = texts(project, &specs_root(project, project.config()?));
    let others: Vec<_> =
        others.into_iter().filter(|text| old(&text.path).is_none() && !text.path.starts_with(folder)).collect();
    operations.extend(moves.rewrites(project, &others));
    if split.files.iter().all(|file| !file.path.starts_with(&format!("{folder}/"))) {
        operations.push(Operation::RemoveFolder { path: folder.to_owned() });
    }
    Ok(operations)
}

/// The file to which links to a file lead that is gone: the overview. A phase that leaves its file goes there too.
fn overview(split: &Split, folder: &str) -> String {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let own = format!("{folder}/{name}.md");
    let found = split.files.iter().find(|file| file.path == own).or_else(|| split.files.first());
    if split.files.len() == 1 { split.place.clone() } else { found.map_or(own, |file| file.path.clone()) }
}
