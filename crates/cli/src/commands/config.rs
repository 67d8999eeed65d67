//! `config`: what is in force and why, changes, contexts.

use super::{note, print, print_json};
use crate::args::{ConfigArguments, ConfigCommand, ConfigForm, ConfigSetArguments};
use crate::config::{Setting, change, contexts, use_context, use_no_context};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use serde_json::{Value, json};

pub(crate) fn config(project: &Project, options: &ConfigArguments) -> Result<Exit, CommandError> {
    match &options.command {
        None => all(project, &options.form)?,
        Some(ConfigCommand::Get(options)) => get(project, &options.key, &options.form)?,
        Some(ConfigCommand::Set(options)) => set(project, options)?,
        Some(ConfigCommand::Contexts { json }) => list(project, *json)?,
        Some(ConfigCommand::UseContext(options)) => choose(project, options.name.as_deref())?,
    }
    Ok(Exit::Done)
}

fn all(project: &Project, form: &ConfigForm) -> Result<(), CommandError> {
    let settings = project.config()?.settings();
    if form.json {
        print_json(&settings.iter().map(|(key, setting)| row(key, setting)).collect());
        return Ok(());
    }
    for (key, setting) in settings {
        print(&format!("{key} = {}{}", setting.value, origin(setting, form)));
    }
    Ok(())
}

fn get(project: &Project, key: &str, form: &ConfigForm) -> Result<(), CommandError> {
    let Some(setting) = project.config()?.setting(key)? else {
        return Err(CommandError::usage(format!("`{key}` is not set, and has no default"))
            .hint(format!("set it with `coordinate config set {key} VALUE`")));
    };
    if form.json {
        print_json(&row(key, setting));
        return Ok(());
    }
    // A text is printed as it is, for a shell to take.
    let value = setting.value.as_str().map_or_else(|| setting.value.to_string(), str::to_owned);
    print(&format!("{value}{}", origin(setting, form)));
    Ok(())
}

fn row(key: &str, setting: &Setting) -> Value {
    json!({"key": key, "value": setting.value, "origin": setting.origin})
}

fn origin(setting: &Setting, form: &ConfigForm) -> String {
    if form.show_origin { format!("  ({})", setting.origin) } else { String::new() }
}

fn set(project: &Project, options: &ConfigSetArguments) -> Result<(), CommandError> {
    let done = change(&project.root, &options.key, &options.value, options.user)?;
    print(&format!("{} = {}  ({})", options.key, done.value, done.file.display()));
    if done.in_context {
        return Ok(());
    }
    if let Some(setting) = project.config()?.setting(&options.key)?.filter(|setting| setting.value != done.value) {
        note(&format!("but `{}` stays {} here: {} is stronger", options.key, setting.value, setting.origin));
    }
    Ok(())
}

fn list(project: &Project, as_json: bool) -> Result<(), CommandError> {
    let (contexts, chosen) = contexts(&project.root)?;
    let is_chosen = |name: &str| chosen.as_ref().is_some_and(|chosen| chosen.name == name);
    if as_json {
        let rows = contexts
            .iter()
            .map(|context| json!({"name": context.name, "chosen": is_chosen(&context.name), "files": context.files}));
        print_json(&rows.collect());
    } else {
        let width = contexts.iter().map(|context| context.name.chars().count()).max().unwrap_or(0);
        for context in &contexts {
            let mark = if is_chosen(&context.name) { "*" } else { " " };
            let files: Vec<String> = context.files.iter().map(|file| file.display().to_string()).collect();
            print(&format!("{mark} {:<width$}  {}", context.name, files.join(", ")));
        }
    }
    if let Some(missing) = chosen.filter(|chosen| contexts.iter().all(|context| context.name != chosen.name)) {
        note(&format!("{} chooses `{}`, which is not there", missing.by, missing.name));
    }
    Ok(())
}

fn choose(project: &Project, name: Option<&str>) -> Result<(), CommandError> {
    let Some(name) = name else {
        let done = if use_no_context(&project.root)? { "no context is chosen any more" } else { "none was chosen" };
        print(done);
        return Ok(());
    };
    use_context(&project.root, name)?;
    print(&format!("context: {name}"));
    let chosen = contexts(&project.root)?.1;
    if let Some(other) = chosen.filter(|chosen| chosen.name != name) {
        note(&format!("but {} chooses `{}` here, and is stronger", other.by, other.name));
    }
    Ok(())
}
