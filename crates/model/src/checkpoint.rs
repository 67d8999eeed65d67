//! Checkpoints: what a run was at an event, as JSON that other programs, other projects and later releases can read.
//!
//! A checkpoint is an export, never the truth: that is the journal. [`Checkpoint::of`] makes one from a folded run,
//! [`parse`] reads one of any format since 1.0. The newest format is the types of this module, and the published schema
//! is made from them, so that the three can not differ.

mod continuation;
mod fields;
mod import;
mod numbers;
mod of;
mod read;
mod seal;
mod waves;

pub use continuation::Continuation;
pub use fields::Problem;
pub use import::{Format, ImportError, Imported, parse};

use crate::definition::{Scope, StateName};
use crate::ids::PhaseNumber;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Fields that the format does not know, kept so that an import loses nothing.
pub type Others = Map<String, Value>;

/// A run at an event.
///
/// Times are RFC 3339 texts as they were written: this crate knows no calendar.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Checkpoint {
    /// Version of this format.
    pub schema_version: String,
    /// Names the checkpoint.
    pub checkpoint_id: String,
    /// The run that it was made of, if this program made it.
    pub run: Option<String>,
    /// The event that it was made at: it and all before it are in.
    pub event: Option<u64>,
    /// The workflow definition.
    pub definition: String,
    /// The name of the project's folder.
    pub project_name: Option<String>,
    /// The request, in the user's words.
    pub description: String,
    /// What the request asks for.
    pub scope: Option<Scope>,
    /// How far it came.
    pub status: Status,
    /// When the work began.
    pub created_at: Option<String>,
    /// When it last went on.
    pub updated_at: Option<String>,
    /// The format of the file that it was imported from.
    pub imported_from: Option<String>,
    /// Where the work stands.
    pub state_machine: StateMachine,
    /// Phases of the plan, and what states left.
    pub phase_data: PhaseData,
    /// What supervisors handed up, by their names.
    pub supervisor_state: Map<String, Value>,
    /// The newest failure.
    pub error_state: ErrorState,
    /// Phases that can be done at the same time.
    pub waves: Waves,
    /// How often the plan was changed on the way.
    pub replanning_count: u32,
    /// Why it was changed last.
    pub last_replan_reason: Option<String>,
    /// How often each phase was changed.
    pub replan_phase_counts: BTreeMap<String, u32>,
    /// Every change.
    pub replan_history: Vec<Value>,
    /// What of the agents' work is carried on.
    pub context_preservation: ContextPreservation,
    /// The template that the plan was made from.
    pub template_source: Option<String>,
    /// The template's variables.
    pub template_variables: Map<String, Value>,
    /// How plans and their marks were kept in step.
    pub spec_maintenance: SpecMaintenance,
    /// What was spent.
    pub ledger: Map<String, Value>,
    /// The plan, relative to the project.
    pub plan_path: Option<String>,
    /// The plan's hash without its check marks.
    pub plan_hash: Option<String>,
    /// When the plan's file was last written, in seconds since 1970: what older formats have in place of a hash.
    pub plan_modification_time: Option<i64>,
    /// Whether tests passed when they last ran; null if they did not run.
    pub tests_passing: Option<bool>,
    /// The newest report on a failure.
    pub debug_report_path: Option<String>,
    /// What the user last chose when asked.
    pub user_last_choice: Option<String>,
    /// Rounds of debugging.
    pub debug_iteration_count: u32,
    /// The topic folder, relative to the project.
    pub topic_directory: Option<String>,
    /// The topic's number.
    pub topic_number: Option<u32>,
    /// Fields of the imported file that this format does not have.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub other: Others,
}

/// How far the work came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// There is more to do.
    InProgress,
    /// All was done.
    Completed,
    /// It ended with a failure.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// The imported file does not say it in words that are known.
    Unknown,
}

impl Status {
    /// The status's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// Where the work stands.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StateMachine {
    /// The current state.
    pub current_state: StateName,
    /// The states that were completed, in order.
    pub completed_states: Vec<StateName>,
    /// Where each state may lead.
    pub transition_table: BTreeMap<StateName, Vec<StateName>>,
    /// What it was begun with.
    pub workflow_config: WorkflowConfig,
    /// How the request was understood; null if nobody recorded it.
    pub classification: Value,
    /// Fields that the format does not have.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub other: Others,
}

/// What a workflow was begun with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct WorkflowConfig {
    /// The scope's name.
    pub scope: Option<String>,
    /// The request.
    pub description: Option<String>,
    /// The topic folder or its name.
    pub topic: Option<String>,
    /// Fields that the format does not have.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub other: Others,
}

/// Phases of the plan, and what states left.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct PhaseData {
    /// The phase that was worked on.
    pub current_phase: Option<u32>,
    /// How many phases the plan has.
    pub total_phases: Option<u32>,
    /// The phases that are complete, ascending.
    pub completed_phases: Vec<PhaseNumber>,
    /// Each phase by its number.
    pub phases: BTreeMap<PhaseNumber, PhaseRecord>,
    /// What states left, by their names, in older formats.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub other: Others,
}

/// One phase of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PhaseRecord {
    /// Its name.
    pub name: String,
    /// `completed`, `in_progress`, `failed` or `pending`.
    pub status: String,
    /// The phases that it needs.
    pub depends_on: Vec<PhaseNumber>,
    /// How often its work was repaired.
    pub repairs: u32,
}

/// The newest failure.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct ErrorState {
    /// Its message.
    pub last_error: Option<String>,
    /// How many tries failed.
    pub retry_count: u32,
    /// The state that it happened in.
    pub failed_state: Option<StateName>,
    /// Fields that the format does not have.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub other: Others,
}

/// Phases that can be done at the same time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct Waves {
    /// The lowest wave with an unfinished phase; null if there is none.
    pub current_wave: Option<u32>,
    /// How many waves there are.
    pub total_waves: u32,
    /// The phases of each wave, from 1.
    pub wave_structure: BTreeMap<u32, Vec<PhaseNumber>>,
    /// Whether phases may be done at the same time.
    pub parallel_execution_enabled: bool,
    /// How many at most.
    pub max_wave_parallelism: Option<u32>,
    /// What became of each wave that was begun.
    pub wave_results: BTreeMap<u32, WaveResult>,
}

/// What became of a wave.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WaveResult {
    /// Its phases.
    pub phases: Vec<PhaseNumber>,
    /// `completed`, `in_progress`, `failed` or `pending`; older programs had other words.
    pub status: String,
    /// From the beginning of its first phase to the end of its last, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Whether its phases were done at the same time.
    pub parallel: bool,
}

/// What of the agents' work is carried on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct ContextPreservation {
    /// What was dropped, and when.
    pub pruning_log: Vec<Value>,
    /// Artifacts by their paths.
    pub artifact_metadata_cache: Map<String, Value>,
    /// Where the output of agents is kept.
    pub subagent_output_references: Vec<Value>,
    /// Fields that the format does not have.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub other: Others,
}

/// How plans and their marks were kept in step.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct SpecMaintenance {
    /// The plan that this one is a part of.
    pub parent_plan_path: Option<String>,
    /// And that plan's parent.
    pub grandparent_plan_path: Option<String>,
    /// When marks were updated.
    pub spec_updater_invocations: Vec<Value>,
    /// Which marks were carried upward.
    pub checkbox_propagation_log: Vec<Value>,
    /// Fields that the format does not have.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub other: Others,
}

impl Checkpoint {
    /// The phases that a run that goes on takes as done: those that are listed, and those of completed waves.
    #[must_use]
    pub fn done_phases(&self) -> Vec<PhaseNumber> {
        let finished = self.waves.wave_results.values().filter(|result| result.status == COMPLETED);
        let of_waves = finished.flat_map(|result| result.phases.iter().copied());
        let mut done: Vec<_> = self.phase_data.completed_phases.iter().copied().chain(of_waves).collect();
        done.sort_unstable();
        done.dedup();
        done
    }

    /// The JSON schema of the newest format, as text.
    #[must_use]
    pub fn schema() -> String {
        let mut schema = schemars::schema_for!(Self).to_value();
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            let text = "SHA-256 of all other fields, as JSON without spaces and with sorted names; may be left out";
            properties.insert(seal::DIGEST.to_owned(), serde_json::json!({"description": text, "type": "string"}));
        }
        format!("{schema:#}")
    }
}

/// The word for what is done, of phases and waves.
const COMPLETED: &str = "completed";
