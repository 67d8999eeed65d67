//! A role file as a role, with all that is wrong with its front matter.

use super::front::{Field, Front, front};
use super::{Finding, Role, RoleContract};
use crate::definition::Handed;
use crate::permission::Rule;
use crate::price::micro;

/// A role file, read. The role is there whatever the file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The role.
    pub role: Role,
    /// The line in which its text begins, from 1.
    pub text_line: u32,
    /// What is wrong with its front matter.
    pub findings: Vec<Finding>,
}

/// Reads a role file. `file` is its path: the role is named by it where the front matter does not name it.
#[must_use]
pub fn parse(file: &str, text: &str) -> Parsed {
    let Front { fields, strange, unclosed, text, text_line } = front(text);
    let mut findings = Vec::new();
    if unclosed {
        findings.push(Finding::error(file, 1, "the front matter is not closed: a second line `---` is missing"));
    } else if fields.is_none() {
        findings.push(Finding::error(
            file,
            1,
            "the front matter is missing: `---`, `name`, `description`, `contract`, `---`",
        ));
    }
    findings.extend(strange.into_iter().map(|line| Finding::error(file, line, "this line is no `field: value`")));
    let mut role = Role { name: stem(file), text: text.trim().to_owned(), ..Role::default() };
    for field in fields.iter().flatten() {
        findings.extend(take(&mut role, field).err().map(|message| Finding::error(file, field.line, message)));
    }
    if role.text.is_empty() {
        findings.push(Finding::error(file, text_line, "the role has no text: an agent would be told nothing"));
    }
    Parsed { role, text_line, findings }
}

/// The file's name without its ending.
fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".md").unwrap_or(name).to_owned()
}

fn take(role: &mut Role, field: &Field) -> Result<(), String> {
    let value = field.value.clone();
    match field.name.as_str() {
        "name" if value.is_empty() => return Err("the field `name` is empty".to_owned()),
        "name" => role.name = value,
        "description" => role.description = value,
        "tools" => role.tools = field.entries(),
        "model" => role.model = Some(value).filter(|model| !matches!(model.as_str(), "" | "default" | "inherit")),
        "contract" => role.contract = Some(contract(&value)?),
        "inputs" => role.inputs = Some(handed(&value)?),
        "idle_minutes" => role.idle_minutes = Some(minutes(&field.name, &value)?),
        "hard_minutes" => role.hard_minutes = Some(minutes(&field.name, &value)?),
        "budget_tokens" => role.budget.tokens = Some(count(&field.name, &value)?),
        "budget_attempts" => role.budget.attempts = Some(count(&field.name, &value)?),
        "budget_usd" => role.budget.micro_usd = Some(money(&value)?),
        "allow" => role.rules.allow = rules(field)?,
        "ask" => role.rules.ask = rules(field)?,
        "deny" => role.rules.deny = rules(field)?,
        // Other programs have fields of their own: they are no mistake, and are kept.
        _ => {
            role.other.insert(field.name.clone(), value);
        }
    }
    Ok(())
}

fn contract(value: &str) -> Result<RoleContract, String> {
    let known: Vec<&str> = RoleContract::ALL.iter().map(|contract| contract.name()).collect();
    RoleContract::named(value).ok_or_else(|| format!("there is no contract `{value}`; known: {}", known.join(", ")))
}

fn handed(value: &str) -> Result<Handed, String> {
    let known = Handed::ALL.map(Handed::name);
    let named = Handed::ALL.into_iter().find(|handed| handed.name() == value);
    named.ok_or_else(|| format!("`inputs` is `{value}`, which is none of: {}", known.join(", ")))
}

fn rules(field: &Field) -> Result<Vec<Rule>, String> {
    let parsed = field.entries().into_iter().map(|text| text.parse::<Rule>().map_err(|error| error.to_string()));
    parsed.collect::<Result<_, _>>().map_err(|error| format!("`{}`: {error}", field.name))
}

fn count(name: &str, value: &str) -> Result<u64, String> {
    let number = value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("`{name}` must be a whole number, 1 or more, not `{value}`"))
}

fn money(value: &str) -> Result<u64, String> {
    let usd = value.parse().ok().and_then(micro).filter(|micro| *micro > 0);
    usd.ok_or_else(|| format!("`budget_usd` must be a sum of US dollars, as `2.50`, not `{value}`"))
}

fn minutes(name: &str, value: &str) -> Result<u32, String> {
    let number = value.parse().ok().filter(|minutes| *minutes > 0);
    number.ok_or_else(|| format!("`{name}` must be a whole number of minutes, 1 or more, not `{value}`"))
}
