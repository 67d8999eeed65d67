//! `workflows`: which there are, what they say, whether they are sound, and own copies of them.

use super::{note, print, print_json};
use crate::args::{WorkflowsArguments, WorkflowsCommand};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::roles;
use crate::workflows::{Known, Origin, all, of_name, overriding, project_folder, read_file, unknown};
use coordinate_model::definition::{Definition, InvalidDefinition, Problem, Scope, Source};
use serde_json::{Value, json};

pub(crate) fn workflows(project: &Project, options: &WorkflowsArguments) -> Result<Exit, CommandError> {
    match &options.command {
        None => Ok(list(project, options.json)),
        Some(WorkflowsCommand::List { json }) => Ok(list(project, *json)),
        Some(WorkflowsCommand::Show { name, whole, json }) => show(project, name, *whole, *json),
        Some(WorkflowsCommand::Check { files }) => check(project, files),
        Some(WorkflowsCommand::Eject { name, force }) => eject(project, name, *force),
    }
}

fn list(project: &Project, as_json: bool) -> Exit {
    let known = all(project);
    if as_json {
        print_json(&known.iter().enumerate().map(|(at, one)| as_value(project, one, hidden(&known, at))).collect());
        return Exit::Done;
    }
    for (at, one) in known.iter().enumerate() {
        let what = match one.read(project) {
            Ok(definition) => definition.description,
            Err(_) => format!("✗ not valid: `coordinate workflows check {}`", one.name),
        };
        let hidden = if hidden(&known, at) { "  (hidden by the one above)" } else { "" };
        print(&format!("{:<12} {:<8} {what}{hidden}", one.name, one.origin.name()));
    }
    Exit::Done
}

/// Whether a stronger definition has the same name: it stands just before.
fn hidden(known: &[Known], at: usize) -> bool {
    let name = known.get(at).map(|one| &one.name);
    at.checked_sub(1).and_then(|before| known.get(before)).map(|one| &one.name) == name
}

fn as_value(project: &Project, one: &Known, hidden: bool) -> Value {
    let read = one.read(project);
    let definition = read.as_ref().ok();
    let scopes = definition.map(|definition| definition.scope.keys().copied().map(Scope::name).collect::<Vec<_>>());
    let problems: Vec<String> =
        read.as_ref().err().map(|error| error.problems.iter().map(ToString::to_string).collect()).unwrap_or_default();
    json!({
        "name": one.name,
        "origin": one.origin.name(),
        "file": one.file,
        "description": definition.map(|definition| &definition.description),
        "scopes": scopes,
        "hidden": hidden,
        "problems": problems,
    })
}

fn strongest(project: &Project, name: &str) -> Result<Known, CommandError> {
    of_name(project, name).into_iter().next().ok_or_else(|| unknown(project, name))
}

fn show(project: &Project, name: &str, whole: bool, as_json: bool) -> Result<Exit, CommandError> {
    let known = strongest(project, name)?;
    if let Some(told) = overriding(project, name) {
        note(&told);
    }
    if !whole && !as_json {
        print(known.source.text.trim_end());
        return Ok(Exit::Done);
    }
    let definition = known.read(project).map_err(|error| CommandError::usage(error.to_string()))?;
    if as_json {
        print_json(&serde_json::to_value(&definition).map_err(CommandError::internal)?);
    } else {
        print(toml::to_string(&definition).map_err(CommandError::internal)?.trim_end());
    }
    Ok(Exit::Done)
}

/// The problems of what was named, or of every own definition.
fn check(project: &Project, named: &[String]) -> Result<Exit, CommandError> {
    let mut checked = Vec::new();
    for name in named {
        let known = of_name(project, name).into_iter().next();
        checked.push(match known {
            Some(known) => of_known(project, &known),
            None if name.contains(['/', '.']) => {
                let (source, read) = read_file(project, name)?;
                Checked { file: name.clone(), source, read, name: None }
            }
            None => return Err(unknown(project, name).hint("or name a TOML file")),
        });
    }
    if named.is_empty() {
        let known = all(project);
        checked.extend(known.iter().filter(|one| one.origin != Origin::Shipped).map(|one| of_known(project, one)));
    }
    if checked.is_empty() {
        note("there is no own workflow to check; `coordinate workflows eject NAME` makes one");
    }
    let roles = roles::all(project)?;
    let mut sound = true;
    for one in &checked {
        for line in one.problems(|role| roles.contains_key(role)) {
            sound = false;
            print(&line);
        }
    }
    Ok(if sound { Exit::Done } else { Exit::Usage })
}

/// A definition that was read to be checked.
struct Checked {
    file: String,
    source: Source,
    read: Result<Definition, InvalidDefinition>,
    /// The name that it is found by, if it is.
    name: Option<String>,
}

fn of_known(project: &Project, known: &Known) -> Checked {
    let file = known.source.file.clone().unwrap_or_else(|| format!("({})", known.name));
    Checked { file, source: known.source.clone(), read: known.read(project), name: Some(known.name.clone()) }
}

impl Checked {
    /// One `file:line: message` for each problem.
    fn problems(&self, is_role: impl Fn(&str) -> bool) -> Vec<String> {
        let file = &self.file;
        let told = |problem: &Problem| match problem.line {
            Some(line) => format!("{file}:{line}: {}", problem.message),
            None => format!("{file}: {}", problem.message),
        };
        let definition = match &self.read {
            Err(invalid) => return invalid.problems.iter().map(told).collect(),
            Ok(definition) => definition,
        };
        let mut lines: Vec<String> = definition.unknown_roles(&self.source, is_role).iter().map(told).collect();
        // A run says its workflow's name; one that is called by another name could not be found again.
        if let Some(name) = self.name.as_ref().filter(|name| definition.name != **name) {
            lines.push(format!("{file}: name is `{}`, and the file is called `{name}.toml`", definition.name));
        }
        lines
    }
}

fn eject(project: &Project, name: &str, force: bool) -> Result<Exit, CommandError> {
    let known = strongest(project, name)?;
    let file = project_folder(project).join(format!("{name}.toml"));
    if file.exists() && !force {
        return Err(CommandError::usage(format!("`{}` is there already", file.display()))
            .hint("`--force` replaces it with the definition that ships"));
    }
    // What is replaced is not copied over itself: the one below it is meant.
    let below = of_name(project, name).into_iter().find(|one| one.origin != Origin::Project);
    let text = below.unwrap_or(known).source.text;
    let written = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = written.and_then(|()| coordinate_host::atomic::write(&file, text.as_bytes()));
    written.map_err(|error| CommandError::internal(format!("failed to write `{}`: {error}", file.display())))?;
    print(&file.display().to_string());
    note(&format!(
        "`--workflow {name}` means this file from now on; check it with `coordinate workflows check {name}`"
    ));
    Ok(Exit::Done)
}
