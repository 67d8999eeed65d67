//! Where roles come from: the project, other programs' agents in it, the user, this program; the first that has a name wins.

use crate::config::Config;
use crate::context::Project;
use crate::failure::CommandError;
use coordinate_engine::schema::Schema;
use coordinate_model::definition::Definition;
use coordinate_model::plan::Severity;
use coordinate_model::role::{Finding, Role, builtin_names, builtin_text, check, parse, schemas};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a role was found, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// `.coordinate/roles` of the project.
    Project,
    /// `.claude/agents` of the project: written for another program.
    Claude,
    /// `coordinate/roles` of the user.
    User,
    /// This program.
    Shipped,
}

impl Origin {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Claude => "claude",
            Self::User => "user",
            Self::Shipped => "shipped",
        }
    }
}

/// A role and where it was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The role.
    pub(crate) role: Role,
    /// Where.
    pub(crate) origin: Origin,
    /// Its file as it is shown: relative to the project where it lies in it; the name alone for a shipped one.
    pub(crate) file: String,
    /// The file's text.
    pub(crate) text: String,
    /// Where there is another of the same name, which does not count.
    pub(crate) instead_of: Vec<Origin>,
}

impl Found {
    /// All that is wrong with it. What was written for another program keeps to that program's rules: it is warned of.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = findings(&self.file, &self.text);
        if self.origin == Origin::Claude {
            findings.iter_mut().for_each(|finding| finding.severity = Severity::Warning);
        }
        findings
    }

    /// What keeps it from being used.
    fn unusable(&self) -> Vec<Finding> {
        let findings = parse(&self.file, &self.text).findings;
        let findings = findings.into_iter().filter(|_| self.origin != Origin::Claude || self.role.text.is_empty());
        findings.chain(unsound(&self.file, &self.text)).collect()
    }
}

/// All that is wrong with a role file.
pub(crate) fn findings(file: &str, text: &str) -> Vec<Finding> {
    let mut findings = check(file, text);
    findings.extend(unsound(file, text));
    findings.sort_by_key(|finding| finding.line);
    findings
}

/// What is no JSON Schema although it is said to be one.
fn unsound(file: &str, text: &str) -> Option<Finding> {
    let (schema, wrong) =
        schemas(text).into_iter().find_map(|found| Some((found.line, Schema::read(&found.text).err()?)))?;
    Some(Finding { file: file.to_owned(), line: schema, severity: Severity::Error, message: wrong })
}

/// All roles by their names.
pub(crate) fn all(project: &Project) -> Result<BTreeMap<String, Found>, CommandError> {
    let mut roles: BTreeMap<String, Found> = BTreeMap::new();
    let folders = [
        (Origin::Project, Some(project.root.join(".coordinate/roles"))),
        (Origin::Claude, Some(project.root.join(".claude/agents"))),
        (Origin::User, crate::config::user_folder().map(|folder| folder.join("roles"))),
    ];
    for (origin, folder) in folders {
        for file in folder.iter().flat_map(|folder| markdown_in(folder)) {
            let shown = file.strip_prefix(&project.root).unwrap_or(&file).display().to_string();
            put(&mut roles, origin, shown, read(&file)?);
        }
    }
    for name in builtin_names() {
        put(&mut roles, Origin::Shipped, name.to_owned(), builtin_text(name).unwrap_or_default().to_owned());
    }
    Ok(roles)
}

fn put(roles: &mut BTreeMap<String, Found>, origin: Origin, file: String, text: String) {
    let role = parse(&file, &text).role;
    match roles.get_mut(&role.name) {
        Some(stronger) => stronger.instead_of.push(origin),
        None => {
            roles.insert(role.name.clone(), Found { role, origin, file, text, instead_of: Vec::new() });
        }
    }
}

fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.is_file() && path.extension().is_some_and(|end| end == "md")).collect();
    files.sort();
    files
}

/// The text of a role file.
pub(crate) fn read(file: &Path) -> Result<String, CommandError> {
    let bytes = std::fs::read(file)
        .map_err(|error| CommandError::usage(format!("failed to read `{}`: {error}", file.display())))?;
    String::from_utf8(bytes).map_err(|_| CommandError::usage(format!("`{}` is no UTF-8 text", file.display())))
}

/// A role by its name, or the names that there are.
pub(crate) fn named<'a>(roles: &'a BTreeMap<String, Found>, name: &str) -> Result<&'a Found, CommandError> {
    roles.get(name).ok_or_else(|| {
        let known: Vec<&str> = roles.keys().map(String::as_str).collect();
        CommandError::usage(format!("there is no role `{name}`")).hint(format!("known: {}", known.join(", ")))
    })
}

/// The roles that a run of this workflow keeps. Limits that the user has configured count for all of them.
pub(crate) fn of_run(
    project: &Project,
    config: &Config,
    definition: &Definition,
) -> Result<BTreeMap<String, Role>, CommandError> {
    let roles = all(project)?;
    let mut used = BTreeMap::new();
    for name in definition.roles() {
        let found = named(&roles, name).map_err(|error| error.hint(needed_by(definition, name)))?;
        let unusable = found.unusable();
        if !unusable.is_empty() {
            let lines: Vec<String> = unusable.iter().map(ToString::to_string).collect();
            return Err(CommandError::usage(format!("the role `{name}` can not be used\n{}", lines.join("\n")))
                .hint("`coordinate roles check` shows all that is wrong with roles"));
        }
        used.insert(name.to_owned(), limited(found.role.clone(), config));
    }
    Ok(used)
}

fn needed_by(definition: &Definition, role: &str) -> String {
    let states = definition.state.iter();
    let place = states.flat_map(|(state, of)| of.steps.iter().map(move |step| (state, step)));
    let place = place.into_iter().find(|(_, step)| step.role.as_deref() == Some(role));
    let place = place.map_or_else(String::new, |(state, step)| format!("step `{}` of state `{state}` of ", step.id));
    format!("{place}the workflow `{}` needs it: write `.coordinate/roles/{role}.md`", definition.name)
}

fn limited(mut role: Role, config: &Config) -> Role {
    if config.is_set("agent.idle_seconds") {
        role.idle_minutes = None;
    }
    if config.is_set("agent.hard_seconds") {
        role.hard_minutes = None;
    }
    role
}
