//! Lists: runs, agents.

use super::{players, print, print_json};
use crate::context::{Project, driver_of, first_line};
use crate::failure::{CommandError, Exit};
use crate::wiring::clients;
use coordinate_engine::port::{Agents, RunHeader};
use coordinate_report::inbox::entries;
use coordinate_report::text::moment;
use serde_json::json;

pub(crate) fn ps(project: &Project, as_json: bool) -> Result<Exit, CommandError> {
    let Some(journal) = project.journal()? else {
        if as_json {
            print("[]");
        }
        return Ok(Exit::Done);
    };
    let mut rows = Vec::new();
    for header in journal.storage().headers()? {
        let driver = driver_of(&journal, &header.run)?;
        let asked = match header.outcome {
            None => entries(&journal.load(&header.run)?, false).len(),
            Some(_) => 0,
        };
        rows.push((header, driver, asked));
    }
    if as_json {
        let rows = rows.iter().map(|(header, driver, asked)| {
            json!({
                "run": header.run,
                "request": header.request,
                "scope": header.scope,
                "workflow": header.workflow,
                "state": header.state,
                "outcome": header.outcome,
                "parent": header.parent,
                "started": moment(header.started),
                "driver": driver,
                "questions": asked,
            })
        });
        print_json(&rows.collect());
        return Ok(Exit::Done);
    }
    // A run below another stands under it.
    for (header, driver, asked) in rows.iter().filter(|(header, ..)| header.parent.is_none()) {
        print(&row(header, first_line(&header.request).as_str(), (*driver, *asked), ""));
        for (below, _, asked) in rows.iter().rev().filter(|(below, ..)| below.parent.as_ref() == Some(&header.run)) {
            print(&row(below, &below.workflow, (None, *asked), "  └ "));
        }
    }
    Ok(Exit::Done)
}

fn row(header: &RunHeader, what: &str, (driver, asked): (Option<u32>, usize), indent: &str) -> String {
    let state = header.outcome.as_deref().unwrap_or(&header.state);
    let driver = driver.map_or_else(String::new, |pid| format!("  (process {pid})"));
    let asked = match asked {
        0 => "",
        1 => "  (1 question: `coordinate inbox`)",
        more => &format!("  ({more} questions: `coordinate inbox`)"),
    };
    format!("{indent}{}  {}  {state:<11}  {what}{driver}{asked}", header.run, moment(header.started))
}

pub(crate) fn agents(project: &Project, as_json: bool) -> Result<Exit, CommandError> {
    let config = project.config()?;
    let castings = players::configured(config)?;
    let plays = |name: &str| -> Vec<&str> {
        castings.iter().filter(|casting| casting.agent == name).map(|casting| casting.role.as_str()).collect()
    };
    let fallback = config.list("agent.fallback");
    let probes = clients()?.probe();
    if as_json {
        let rows = probes.iter().map(|probe| {
            json!({
                "name": probe.name,
                "found": probe.found,
                "version": probe.version,
                "login": probe.login,
                "can": probe.can,
                "plays": plays(&probe.name),
                "fallback": fallback.iter().position(|name| *name == probe.name).map(|at| at + 1),
                "detail": probe.detail,
            })
        });
        print_json(&rows.collect());
        return Ok(Exit::Done);
    }
    for probe in probes {
        let mark = if probe.found { "✓" } else { " " };
        print(&format!("{mark} {:<12} {:<8} {}", probe.name, probe.version.unwrap_or_default(), probe.detail));
    }
    for casting in &castings {
        let agent = if casting.agent.is_empty() { "the run's agent" } else { &casting.agent };
        let model = casting.model.as_ref().map_or_else(String::new, |model| format!(", model {model}"));
        print(&format!("role {}: {agent}{model}", casting.role));
    }
    if !fallback.is_empty() {
        print(&format!("at a limit of use: {}", fallback.join(", ")));
    }
    Ok(Exit::Done)
}
