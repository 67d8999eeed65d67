//! Definitions that build on others: `extends` names the other, `scopes` keeps some of its scopes.
//!
//! The file's own tables are laid over those of the other, key by key; a list is replaced whole, so a state's steps are
//! either all its own or all inherited. What comes out is a definition like any other, and is what a run stores.

use super::{Definition, FORMAT, InvalidDefinition, Problem, builtin_text};
use serde::Deserialize;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// A definition's text, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, as it is shown; `None` for one that ships with the program.
    pub file: Option<String>,
    /// Its text.
    pub text: String,
}

impl Source {
    /// A definition that ships with the program.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        builtin_text(name).map(|text| Self { file: None, text: text.to_owned() })
    }
}

/// All definitions of a name, those that win first.
pub type Library<'a> = &'a dyn Fn(&str) -> Vec<Source>;

impl Definition {
    /// Reads and checks a definition file that may build on shipped ones.
    ///
    /// # Errors
    /// All problems of it.
    pub fn parse(origin: &str, text: &str) -> Result<Self, InvalidDefinition> {
        let source = Source { file: Some(origin.to_owned()), text: text.to_owned() };
        Self::resolve(&source, &|name| Source::shipped(name).into_iter().collect())
    }

    /// Reads and checks a definition that may build on any of the library. A file that extends its own name extends the
    /// next one of that name, and a shipped definition only shipped ones: no file changes what others build on unasked.
    ///
    /// # Errors
    /// All problems of it, each with its line where the file has one.
    pub fn resolve(source: &Source, library: Library<'_>) -> Result<Self, InvalidDefinition> {
        let name = || source.file.clone().unwrap_or_else(|| "(shipped)".to_owned());
        let invalid = |problems: Vec<Problem>| InvalidDefinition {
            name: name(),
            problems: problems.into_iter().map(|problem| problem.located(&source.text)).collect(),
        };
        let table = layered(source, library, &mut Vec::new()).map_err(invalid)?;
        let definition = Self::deserialize(Value::Table(table));
        let definition = definition.map_err(|error| invalid(vec![Problem::of_toml(&source.text, &error)]))?;
        definition.check().map_err(invalid)?;
        Ok(definition)
    }
}

impl Definition {
    /// The steps whose role nobody knows, as problems of the definition's file. Roles are files of their own, so that
    /// they are no part of reading a definition.
    pub fn unknown_roles(&self, source: &Source, is_known: impl Fn(&str) -> bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, state) in &self.state {
            for step in &state.steps {
                let Some(role) = step.role.as_deref().filter(|role| !is_known(role)) else { continue };
                let message =
                    format!("state.{name}.step `{}`: there is no role `{role}`; see `coordinate roles`", step.id);
                let place = ["state", name.as_str(), "step", step.id.as_str(), "role"];
                problems.push(Problem::at(place, message).located(&source.text));
            }
        }
        problems
    }
}

/// The whole table of a definition, with all that it builds on.
fn layered(source: &Source, library: Library<'_>, seen: &mut Vec<String>) -> Result<Table, Vec<Problem>> {
    let mut own: Table = toml::from_str(&source.text).map_err(|error| vec![Problem::of_toml(&source.text, &error)])?;
    seen.extend(source.file.clone());
    let scopes = own.remove("scopes");
    let mut table = match own.remove("extends") {
        None => own,
        Some(Value::String(name)) => {
            check_format(&own)?;
            let base = base_of(source, &name, library, seen)?;
            let inherited = layered(&base, library, seen).map_err(|problems| within(&base, problems))?;
            laid_over(inherited, own)
        }
        Some(_) => return Err(vec![Problem::at(["extends"], "extends must be the name of a workflow")]),
    };
    if let Some(scopes) = scopes {
        keep(&mut table, &scopes)?;
    }
    Ok(table)
}

/// The format is each file's own: what it builds on may be newer than it.
fn check_format(own: &Table) -> Result<(), Vec<Problem>> {
    match own.get("format").and_then(Value::as_integer) {
        Some(format) if format == i64::from(FORMAT) => Ok(()),
        Some(other) => Err(vec![Problem::at(
            ["format"],
            format!("format {other} is not known, this program reads format {FORMAT}"),
        )]),
        None => Err(vec![Problem::at(["format"], format!("format is missing; write `format = {FORMAT}`"))]),
    }
}

fn base_of(source: &Source, name: &str, library: Library<'_>, seen: &[String]) -> Result<Source, Vec<Problem>> {
    let all = if source.file.is_some() { library(name) } else { Source::shipped(name).into_iter().collect() };
    let known = !all.is_empty();
    let is_new = |one: &Source| one.file.as_ref().is_none_or(|file| !seen.contains(file));
    all.into_iter().find(is_new).ok_or_else(|| {
        let message = if known {
            format!("extends `{name}`, which builds on this one: a definition can not build on itself")
        } else {
            format!("extends the unknown workflow `{name}`; `coordinate workflows list` names all")
        };
        vec![Problem::at(["extends"], message)]
    })
}

/// A problem of what a file builds on is told with that file's name; its line is not one of this file.
fn within(base: &Source, problems: Vec<Problem>) -> Vec<Problem> {
    let file = base.file.as_deref().unwrap_or("(shipped)");
    let told = |problem: Problem| {
        let message = format!("in `{file}`, which it extends: {}", problem.located(&base.text));
        Problem::at(["extends"], message)
    };
    problems.into_iter().map(told).collect()
}

fn laid_over(mut below: Table, above: Table) -> Table {
    for (key, value) in above {
        let value = match (below.remove(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => Value::Table(laid_over(below, above)),
            (_, value) => value,
        };
        below.insert(key, value);
    }
    below
}

/// Keeps these scopes, and the states that a run of one of them can come to.
fn keep(table: &mut Table, scopes: &Value) -> Result<(), Vec<Problem>> {
    let wanted: Option<Vec<&str>> = scopes.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
    let Some(wanted) = wanted.filter(|list| !list.is_empty()) else {
        return Err(vec![Problem::at(["scopes"], "scopes must be a list of names of scopes, one at least")]);
    };
    let Some(Value::Table(paths)) = table.get_mut("scope") else {
        return Err(vec![Problem::at(["scopes"], "there are no scopes to keep: `scope` is missing")]);
    };
    let unknown: Vec<Problem> = wanted
        .iter()
        .filter(|name| !paths.contains_key(**name))
        .map(|name| Problem::at(["scopes"], format!("scopes names `{name}`, which what it extends does not have")))
        .collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    paths.retain(|name, _| wanted.contains(&name));
    let reached = reached(table);
    let Some(Value::Table(states)) = table.get_mut("state") else { return Ok(()) };
    states.retain(|name, _| reached.contains(name));
    for state in states.iter_mut().filter_map(|(_, state)| state.as_table_mut()) {
        forget_all_but(state, &reached);
    }
    Ok(())
}

/// Transitions to a state that is gone go with it.
fn forget_all_but(state: &mut Table, kept: &BTreeSet<String>) {
    if let Some(Value::Array(to)) = state.get_mut("to") {
        to.retain(|name| name.as_str().is_none_or(|name| kept.contains(name)));
    }
    for key in ["on_success", "on_failure"] {
        if state.get(key).and_then(Value::as_str).is_some_and(|name| !kept.contains(name)) {
            state.remove(key);
        }
    }
}

/// The states that runs of the scopes that are left can come to.
fn reached(table: &Table) -> BTreeSet<String> {
    let name_of = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
    let ends = [name_of("initial"), name_of("complete")];
    let mut all: BTreeSet<String> = ends.into_iter().flatten().collect();
    let scopes = table.get("scope").and_then(Value::as_table);
    for path in scopes.into_iter().flatten().filter_map(|(_, path)| path.as_table()) {
        let state = |key: &str| path.get(key).and_then(Value::as_str).map(str::to_owned);
        let last = state("last");
        let mut open: Vec<String> = ["first", "first_with_plan"].into_iter().filter_map(state).collect();
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let steps_on = |key: &str| table.get("state")?.get(&name)?.get(key)?.as_str().map(str::to_owned);
            open.extend(steps_on("on_success").filter(|_| last.as_ref() != Some(&name)));
            open.extend(steps_on("on_failure"));
        }
        all.extend(seen);
    }
    all
}
