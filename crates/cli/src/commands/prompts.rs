//! `run --dry-run --show-prompts`: what each agent would be told, before anything is spent.

use super::{note, print, print_json};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::wiring;
use coordinate_engine::work::{Rehearsed, rehearse};
use coordinate_model::event::Created;
use serde_json::json;

/// Prints the prompts of a run that would begin like this. Makes nothing.
pub(crate) fn show(project: &Project, first: Created, as_json: bool) -> Result<Exit, CommandError> {
    let open = first.plan.is_none() && first.definition.state.values().any(|state| needs_plan(state, &first));
    let prompts = rehearse(wiring::tools(project, None)?, first);
    if as_json {
        print_json(&prompts.iter().map(row).collect());
    } else {
        prompts.iter().for_each(shown);
    }
    if open {
        note("the prompts of the phases are known when the plan is written");
    }
    note("nothing was done (--dry-run); a real run has its own id in place of the zeros, and what was written by then");
    Ok(Exit::Done)
}

fn needs_plan(state: &coordinate_model::definition::StateDefinition, first: &Created) -> bool {
    first.scope == coordinate_model::definition::Scope::FullImplementation
        && state.needs.contains(&coordinate_model::definition::Need::Plan)
}

fn row(told: &Rehearsed) -> serde_json::Value {
    json!({
        "above": told.above,
        "step": told.step,
        "state": told.state,
        "role": told.role,
        "phase": told.phase,
        "place": told.place,
        "prompt": told.prompt,
    })
}

fn shown(told: &Rehearsed) {
    let above = told.above.as_ref().map_or_else(String::new, |above| format!("{above}: "));
    print(&format!("===== {above}{} ({})", told.step, told.role));
    print(told.prompt.trim_end());
    print("");
}
