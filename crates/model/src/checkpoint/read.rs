//! Reading the fields of a checkpoint of any format.
//!
//! Each older format is a part of the next one, so that one reader reads them all: what a version added is missing in a
//! file from before it, and gets the value that the version gave it (nothing, 0, or empty). Only the phase numbers mean
//! different things, see [`numbers`](super::numbers).

use super::fields::{Fields, Problem, kind};
use super::import::{Format, version_text};
use super::numbers::{Counts, Numbers, UNKNOWN, is_state};
use super::{
    Checkpoint, ContextPreservation, ErrorState, Others, PhaseData, PhaseRecord, SpecMaintenance, StateMachine, Status,
    Waves, WorkflowConfig,
};
use crate::definition::{Scope, StateName};
use crate::ids::PhaseNumber;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) fn read(format: Format, mut fields: Fields) -> (Checkpoint, Vec<Problem>) {
    check_versions(&mut fields);
    let mut metadata = fields.open("metadata");
    let mut both = |fields: &mut Fields, names: &[&str]| fields.text_of(names).or_else(|| metadata.text_of(names));
    let definition = both(&mut fields, &["definition", "workflow_type"]);
    let definition = definition.map_or_else(|| "coordinate".to_owned(), |name| name.trim_start_matches('/').to_owned());
    let checkpoint_id = both(&mut fields, &["checkpoint_id"]).unwrap_or_default();
    let project_name = both(&mut fields, &["project_name"]);
    let description = both(&mut fields, &["description", "workflow_description"]);
    let (created_at, updated_at) = (both(&mut fields, &["created_at"]), both(&mut fields, &["updated_at"]));
    let rest = fields.close(metadata);
    fields.keep_rest("metadata", rest);
    let (state_machine, phase_data) = progress(format, &definition, &mut fields);
    let waves = waves(&mut fields, &phase_data);
    let mut error_state = error_state(&mut fields);
    error_state.last_error = error_state.last_error.or_else(|| last_error(&mut fields));
    let config = &state_machine.workflow_config;
    let description = description.or_else(|| config.description.clone()).unwrap_or_default();
    let scope = scope(&mut fields, config, &definition);
    let checkpoint = Checkpoint {
        schema_version: Format::NEWEST.name().to_owned(),
        checkpoint_id,
        run: fields.text("run"),
        event: fields.large_count("event"),
        definition,
        project_name,
        description,
        scope,
        status: status(&mut fields),
        created_at,
        updated_at,
        imported_from: fields
            .text("imported_from")
            .or_else(|| (format < Format::V3_0).then(|| format.name().to_owned())),
        state_machine,
        phase_data,
        supervisor_state: fields.map("supervisor_state"),
        error_state,
        waves,
        replanning_count: fields.count("replanning_count").unwrap_or(0),
        last_replan_reason: fields.text("last_replan_reason"),
        replan_phase_counts: replan_phase_counts(&mut fields),
        replan_history: fields.list("replan_history"),
        context_preservation: context_preservation(&mut fields),
        template_source: fields.text("template_source"),
        template_variables: fields.map("template_variables"),
        spec_maintenance: spec_maintenance(&mut fields),
        ledger: fields.map("ledger"),
        plan_path: plan_path(&mut fields),
        plan_hash: plan_hash(&mut fields),
        plan_modification_time: fields.seconds("plan_modification_time"),
        tests_passing: fields.flag("tests_passing"),
        debug_report_path: fields.text("debug_report_path"),
        user_last_choice: fields.text("user_last_choice"),
        debug_iteration_count: fields.count("debug_iteration_count").unwrap_or(0),
        topic_directory: fields.text("topic_directory"),
        topic_number: fields.count("topic_number"),
        other: Map::new(),
    };
    finish(format, checkpoint, fields)
}

fn finish(format: Format, mut checkpoint: Checkpoint, mut fields: Fields) -> (Checkpoint, Vec<Problem>) {
    let kept = fields.map("other");
    if format == Format::V3_0 {
        let wrong =
            |fields: &Fields, name: &str| fields.problems.iter().any(|problem| problem.place == fields.at(name));
        for name in fields.names().into_iter().filter(|name| !wrong(&fields, name)).collect::<Vec<_>>() {
            fields.warn(&name, "is no field of format 3.0; it is kept under `other`");
        }
    }
    let problems = std::mem::take(&mut fields.problems);
    checkpoint.other = merged(kept, fields.rest());
    (checkpoint, problems)
}

fn merged(mut kept: Others, rest: Others) -> Others {
    kept.extend(rest);
    kept
}

/// Closes an object that keeps what it does not know under `other`.
fn close(fields: &mut Fields, mut inner: Fields) -> Others {
    let kept = inner.map("other");
    merged(kept, fields.close(inner))
}

fn check_versions(fields: &mut Fields) {
    let (new, old) = (fields.take("schema_version"), fields.take("version"));
    if let (Some(new), Some(old)) = (new, old) {
        let (new, old) = (version_text(&new), version_text(&old));
        if new != old {
            fields.warn("version", format!("says {old}, and `schema_version` says {new}, which counts"));
        }
    }
}

/// Where the work stands. The name of a state counts before the number of one.
fn progress(format: Format, definition: &str, fields: &mut Fields) -> (StateMachine, PhaseData) {
    let (mut machine, named) = state_machine(fields);
    let mut phases = phase_data(format, fields);
    let numbers = Numbers::read(fields);
    match Counts::of(definition) {
        Counts::States => {
            let (state, completed) = numbers.states(fields);
            numbers.put_back(fields);
            if !named {
                machine.current_state = state;
            } else if numbers.current.is_some() && machine.current_state != state {
                let message =
                    format!("stands for `{state}`, and `state_machine` says `{}`, which counts", machine.current_state);
                fields.warn("current_phase", message);
            }
            if machine.completed_states.is_empty() {
                machine.completed_states = completed;
            }
        }
        Counts::Phases(state) => {
            if !named {
                machine.current_state = StateName(state.to_owned());
                if state == UNKNOWN {
                    let message = format!("`{definition}` is not known, so its numbers count as phases of a plan");
                    fields.warn("workflow_type", message);
                }
            }
            phases.completed_phases =
                if phases.completed_phases.is_empty() { numbers.phases() } else { phases.completed_phases };
            phases.current_phase = phases.current_phase.or(numbers.current);
            phases.total_phases = phases.total_phases.or(numbers.total);
            check_total(fields, &phases);
        }
    }
    check_state(fields, &machine, definition);
    (machine, phases)
}

/// A definition of the user's own has states of its own: its table names them.
fn check_state(fields: &mut Fields, machine: &StateMachine, definition: &str) {
    let (state, table) = (&machine.current_state, &machine.transition_table);
    let listed = table.contains_key(state) || table.values().any(|to| to.contains(state));
    if !listed && !is_state(state.as_str()) {
        fields.error("state_machine", format!("`{state}` is no state of `{definition}`"));
    }
}

fn check_total(fields: &mut Fields, phases: &PhaseData) {
    let Some(total) = phases.total_phases else { return };
    for phase in phases.completed_phases.iter().filter(|phase| phase.0 > total) {
        fields.warn("completed_phases", format!("phase {phase} is more than the {total} of `total_phases`"));
    }
}

/// The state machine, and whether it names a state.
fn state_machine(fields: &mut Fields) -> (StateMachine, bool) {
    let mut inner = fields.open("state_machine");
    let state = inner.text("current_state").filter(|state| !state.is_empty());
    let named = state.is_some();
    let completed = inner.list("completed_states");
    let completed_states = names(&mut inner, "completed_states", &completed);
    let classification = inner.take("classification").or_else(|| fields.take("classification")).unwrap_or_default();
    let machine = StateMachine {
        current_state: StateName(state.unwrap_or_default()),
        completed_states,
        transition_table: transition_table(&mut inner),
        workflow_config: workflow_config(&mut inner),
        classification,
        other: close(fields, inner),
    };
    (machine, named)
}

fn names(fields: &mut Fields, place: &str, list: &[Value]) -> Vec<StateName> {
    let mut found = Vec::new();
    for (at, value) in list.iter().enumerate() {
        match value.as_str() {
            Some(name) => found.push(StateName(name.trim().to_owned())),
            None => fields.error_in(place, at, format!("must be the name of a state, and is {}", kind(value))),
        }
    }
    found
}

/// `{"plan": ["implement", "complete"]}`; shell scripts wrote `{"plan": "implement,complete"}`.
fn transition_table(fields: &mut Fields) -> BTreeMap<StateName, Vec<StateName>> {
    let mut inner = fields.open("transition_table");
    let mut table = BTreeMap::new();
    for from in inner.names() {
        let to = match inner.take(&from) {
            Some(Value::Array(list)) => names(&mut inner, &from, &list),
            Some(Value::String(text)) => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                names.map(|name| StateName(name.to_owned())).collect()
            }
            Some(other) => {
                inner.error(&from, format!("must be a list of states, and is {}", kind(&other)));
                Vec::new()
            }
            None => Vec::new(),
        };
        table.insert(StateName(from), to);
    }
    fields.close(inner);
    table
}

fn workflow_config(fields: &mut Fields) -> WorkflowConfig {
    let mut inner = fields.open("workflow_config");
    WorkflowConfig {
        scope: inner.text("scope"),
        description: inner.text("description"),
        topic: inner.text("topic"),
        other: close(fields, inner),
    }
}

/// Before 3.0 this was whatever states had put there: all of that is kept, and nothing of it is read.
fn phase_data(format: Format, fields: &mut Fields) -> PhaseData {
    if format < Format::V3_0 {
        return PhaseData { other: fields.map("phase_data"), ..PhaseData::default() };
    }
    let mut inner = fields.open("phase_data");
    let numbers = Numbers::read(&mut inner);
    PhaseData {
        current_phase: numbers.current,
        total_phases: numbers.total,
        completed_phases: numbers.phases(),
        phases: phase_records(&mut inner),
        other: close(fields, inner),
    }
}

fn phase_records(fields: &mut Fields) -> BTreeMap<PhaseNumber, PhaseRecord> {
    let mut all = fields.open("phases");
    let mut records = BTreeMap::new();
    for name in all.names() {
        let Ok(number) = name.parse() else {
            all.error(&name, "is no number of a phase");
            continue;
        };
        let mut one = all.open(&name);
        let record = PhaseRecord {
            name: one.text("name").unwrap_or_default(),
            status: one.text("status").unwrap_or_else(|| "unknown".to_owned()),
            depends_on: one.counts("depends_on").into_iter().map(PhaseNumber).collect(),
            repairs: one.count("repairs").unwrap_or(0),
        };
        let rest = all.close(one);
        all.keep_rest(&name, rest);
        if records.insert(PhaseNumber(number), record).is_some() {
            all.error(&name, format!("is phase {number} for the second time"));
        }
    }
    let rest = fields.close(all);
    fields.keep_rest("phases", rest);
    records
}

fn waves(fields: &mut Fields, phases: &PhaseData) -> Waves {
    if !fields.has("waves") {
        return Waves::read(fields, phases);
    }
    let mut inner = fields.open("waves");
    let waves = Waves::read(&mut inner, phases);
    let rest = fields.close(inner);
    fields.keep_rest("waves", rest);
    waves
}

fn error_state(fields: &mut Fields) -> ErrorState {
    let mut inner = fields.open("error_state");
    ErrorState {
        last_error: last_error(&mut inner),
        retry_count: inner.count("retry_count").unwrap_or(0),
        failed_state: inner.text("failed_state").filter(|state| !state.is_empty()).map(StateName),
        other: close(fields, inner),
    }
}

/// An error is a text, or an object that scripts put there whole. `""` and `"null"` are how shells wrote none.
fn last_error(fields: &mut Fields) -> Option<String> {
    let text = match fields.take("last_error")? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    (!matches!(text.trim(), "" | "null" | "none")).then_some(text)
}

fn scope(fields: &mut Fields, config: &WorkflowConfig, definition: &str) -> Option<Scope> {
    let own = fields.text_of(&["scope", "workflow_scope"]);
    let name = match own.or_else(|| config.scope.clone()) {
        Some(name) => name,
        // What `implement` was asked for it says by its name.
        None if definition == "implement" => return Some(Scope::FullImplementation),
        None => return None,
    };
    let found = Scope::ALL.into_iter().find(|scope| scope.name() == name.replace('_', "-"));
    if found.is_none() {
        let known = Scope::ALL.map(Scope::name).join("`, `");
        fields.warn("scope", format!("`{name}` is no scope; known: `{known}`"));
        fields.keep("scope", Value::String(name));
    }
    found
}

fn status(fields: &mut Fields) -> Status {
    let Some(text) = fields.text("status") else { return Status::Unknown };
    match text.to_ascii_lowercase().replace('-', "_").as_str() {
        "in_progress" | "running" | "active" | "paused" | "pending" => Status::InProgress,
        "completed" | "complete" | "done" | "success" | "succeeded" => Status::Completed,
        "failed" | "failure" | "error" | "escalated" => Status::Failed,
        "cancelled" | "canceled" | "aborted" => Status::Cancelled,
        "unknown" => Status::Unknown,
        _ => {
            fields.warn("status", format!("`{text}` is no status that is known; it counts as not in progress"));
            fields.keep("status", Value::String(text));
            Status::Unknown
        }
    }
}

fn replan_phase_counts(fields: &mut Fields) -> BTreeMap<String, u32> {
    let mut inner = fields.open("replan_phase_counts");
    let mut counts = BTreeMap::new();
    for name in inner.names() {
        if let Some(count) = inner.count(&name) {
            counts.insert(name, count);
        }
    }
    fields.close(inner);
    counts
}

fn context_preservation(fields: &mut Fields) -> ContextPreservation {
    let mut inner = fields.open("context_preservation");
    ContextPreservation {
        pruning_log: inner.list("pruning_log"),
        artifact_metadata_cache: inner.map("artifact_metadata_cache"),
        subagent_output_references: inner.list("subagent_output_references"),
        other: close(fields, inner),
    }
}

fn spec_maintenance(fields: &mut Fields) -> SpecMaintenance {
    let mut inner = fields.open("spec_maintenance");
    SpecMaintenance {
        parent_plan_path: inner.text("parent_plan_path"),
        grandparent_plan_path: inner.text("grandparent_plan_path"),
        spec_updater_invocations: inner.list("spec_updater_invocations"),
        checkbox_propagation_log: inner.list("checkbox_propagation_log"),
        other: close(fields, inner),
    }
}

/// Where each format has the plan: beside everything, or in what states left.
fn plan_path(fields: &mut Fields) -> Option<String> {
    let names = ["plan_path", "plan_file"];
    if let Some(path) = fields.text_of(&names) {
        return Some(path).filter(|path| !path.is_empty());
    }
    let left = fields.peek("workflow_state")?;
    let path = names.iter().find_map(|name| left.get(name)?.as_str());
    path.filter(|path| !path.is_empty()).map(str::to_owned)
}

fn plan_hash(fields: &mut Fields) -> Option<String> {
    let hash = fields.text("plan_hash")?;
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        fields.error("plan_hash", "must be a SHA-256 of 64 hexadecimal digits");
    }
    Some(hash)
}
