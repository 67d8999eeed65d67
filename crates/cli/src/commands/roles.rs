//! `roles list|show|check`.

use super::{note, print, print_json};
use crate::args::{RolesCheckArguments, RolesCommand};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::roles::{self, Found, Origin, all, named, read};
use coordinate_model::role::Finding;
use serde_json::{Value, json};

pub(crate) fn roles(project: &Project, command: &RolesCommand) -> Result<Exit, CommandError> {
    match command {
        RolesCommand::List(options) => list(project, options.json),
        RolesCommand::Show(options) => show(project, &options.name, options.json),
        RolesCommand::Check(options) => check(project, options),
    }
}

fn list(project: &Project, as_json: bool) -> Result<Exit, CommandError> {
    let roles = all(project)?;
    if as_json {
        print_json(&roles.values().map(row).collect());
        return Ok(Exit::Done);
    }
    for found in roles.values() {
        let contract = found.role.contract.map_or("-", coordinate_model::role::RoleContract::name);
        print(&format!(
            "{:<29} {:<8} {contract:<8} {}",
            found.role.name,
            found.origin.name(),
            first_sentence(&found.role.description)
        ));
    }
    Ok(Exit::Done)
}

fn row(found: &Found) -> Value {
    let role = &found.role;
    json!({
        "name": role.name,
        "description": role.description,
        "origin": found.origin.name(),
        "file": (found.origin != Origin::Shipped).then_some(&found.file),
        "instead_of": found.instead_of.iter().map(|origin| origin.name()).collect::<Vec<_>>(),
        "contract": role.contract.map(coordinate_model::role::RoleContract::name),
        "tools": role.tools,
        "model": role.model,
        "idle_minutes": role.idle_minutes,
        "hard_minutes": role.hard_minutes,
        "budget": role.budget,
    })
}

/// Descriptions of other programs' files are as long as a page.
fn first_sentence(description: &str) -> String {
    const LONGEST: usize = 100;
    let sentence = description.split(". ").next().unwrap_or_default();
    if sentence.chars().count() <= LONGEST {
        return sentence.to_owned();
    }
    sentence.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn show(project: &Project, name: &str, as_json: bool) -> Result<Exit, CommandError> {
    let roles = all(project)?;
    let found = named(&roles, name)?;
    if as_json {
        let mut row = row(found);
        row["text"] = Value::from(found.role.text.clone());
        print_json(&row);
        return Ok(Exit::Done);
    }
    print(found.text.trim_end());
    match (found.origin, found.instead_of.last()) {
        (Origin::Shipped, _) => {}
        (_, None) => note(&format!("from `{}`", found.file)),
        (_, Some(other)) => note(&format!("from `{}`, in place of the one of `{}`", found.file, other.name())),
    }
    Ok(Exit::Done)
}

fn check(project: &Project, options: &RolesCheckArguments) -> Result<Exit, CommandError> {
    let mut findings: Vec<Finding> = Vec::new();
    if options.file.is_empty() {
        findings.extend(all(project)?.values().flat_map(Found::findings));
    }
    for file in &options.file {
        findings.extend(roles::findings(&file.display().to_string(), &read(file)?));
    }
    if options.json {
        print_json(&serde_json::to_value(&findings).map_err(CommandError::internal)?);
    } else {
        findings.iter().for_each(|finding| print(&finding.to_string()));
    }
    Ok(if findings.iter().any(Finding::is_error) { Exit::Usage } else { Exit::Done })
}
