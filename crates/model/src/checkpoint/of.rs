//! A run as a checkpoint.

use super::{
    COMPLETED, Checkpoint, ContextPreservation, ErrorState, Format, PhaseData, PhaseRecord, SpecMaintenance,
    StateMachine, Status, WaveResult, Waves, WorkflowConfig,
};
use crate::event::Outcome;
use crate::ids::PhaseNumber;
use crate::ledger::{lines, total};
use crate::plan::Graph;
use crate::replan::Replan;
use crate::run::{Attempt, PhaseRun, Run, StepState};
use crate::subrun::aggregation;
use crate::time::UtcMillis;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl Checkpoint {
    /// The checkpoint of a run as it stands. `moment` writes a time as RFC 3339.
    #[must_use]
    pub fn of(run: &Run, moment: &dyn Fn(UtcMillis) -> String) -> Self {
        let created = &run.created;
        let phase_data = phase_data(run);
        Self {
            schema_version: Format::NEWEST.name().to_owned(),
            checkpoint_id: format!("{}-{}", run.id(), run.sequence),
            run: Some(run.id().to_string()),
            event: Some(run.sequence),
            definition: created.definition.name.clone(),
            project_name: created.paths.project.rsplit('/').next().map(str::to_owned),
            description: created.request.clone(),
            scope: Some(created.scope),
            status: status(run),
            created_at: Some(moment(run.started)),
            updated_at: Some(moment(run.updated)),
            imported_from: None,
            state_machine: state_machine(run),
            waves: waves(run, &phase_data),
            phase_data,
            supervisor_state: supervisors(run),
            error_state: error_state(run),
            replanning_count: u32::try_from(run.replans.len()).unwrap_or(u32::MAX),
            last_replan_reason: run.replans.last().map(|replan| replan.reason.clone()),
            replan_phase_counts: replan_counts(run),
            replan_history: run.replans.iter().map(|replan| replanned(replan, moment)).collect(),
            context_preservation: context(run),
            template_source: None,
            template_variables: Map::new(),
            spec_maintenance: SpecMaintenance::default(),
            ledger: ledger(run),
            plan_path: plan_path(run),
            plan_hash: run.plan_hash().map(str::to_owned),
            plan_modification_time: None,
            tests_passing: run.newest_verdict().map(|verdict| verdict.passed),
            debug_report_path: newest(run, "debug"),
            user_last_choice: last_choice(run),
            debug_iteration_count: run.debug_rounds(),
            topic_directory: Some(created.paths.topic.clone()),
            topic_number: Some(created.paths.topic_number),
            other: Map::new(),
        }
    }
}

/// What was handed up to each state, by the name of who led.
fn supervisors(run: &Run) -> Map<String, Value> {
    let handed = run.created.definition.state.keys().filter_map(|state| aggregation(run, state));
    handed.map(|handed| (handed.supervisor_id.clone(), json!(handed))).collect()
}

fn replan_counts(run: &Run) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for replan in &run.replans {
        *counts.entry(replan.phase.to_string()).or_default() += 1;
    }
    counts
}

fn replanned(replan: &Replan, moment: &dyn Fn(UtcMillis) -> String) -> Value {
    json!({
        "phase": replan.phase,
        "number": replan.number,
        "type": replan.kind,
        "trigger": replan.trigger,
        "reason": replan.reason,
        "timestamp": moment(replan.at),
        "state": replan.state,
        "diff": replan.proposal.as_ref().map(|proposal| &proposal.diff),
    })
}

fn status(run: &Run) -> Status {
    match run.outcome {
        None => Status::InProgress,
        Some(Outcome::Succeeded) => Status::Completed,
        Some(Outcome::Failed) => Status::Failed,
        Some(Outcome::Cancelled) => Status::Cancelled,
    }
}

fn state_machine(run: &Run) -> StateMachine {
    let created = &run.created;
    let table = created.definition.state.iter().map(|(name, state)| (name.clone(), state.to.clone()));
    StateMachine {
        current_state: run.state.clone(),
        completed_states: run.completed.clone(),
        transition_table: table.collect(),
        workflow_config: WorkflowConfig {
            scope: Some(created.scope.name().to_owned()),
            description: Some(created.request.clone()),
            topic: Some(created.paths.topic.clone()),
            other: Map::new(),
        },
        classification: classification(run),
        other: Map::new(),
    }
}

/// Why the request was understood as it was; nothing where nobody had to decide.
fn classification(run: &Run) -> Value {
    let created = &run.created;
    if created.reasons.is_empty() {
        return Value::Null;
    }
    let topics: Vec<&str> = created.topics.iter().map(|topic| topic.name.as_str()).collect();
    json!({"scope": created.scope, "reasons": created.reasons, "topics": topics, "fix": created.fix})
}

/// The plan, once there is one: a path that is only reserved is no plan.
fn plan_path(run: &Run) -> Option<String> {
    let there = run.plan().is_some() || run.created.revises.is_some();
    run.created.paths.plan.clone().filter(|_| there)
}

fn phase_data(run: &Run) -> PhaseData {
    let Some(plan) = run.plan() else { return PhaseData::default() };
    let merged = run.phases.iter().filter(|(_, phase)| phase.merged).map(|(number, _)| *number);
    let records = plan.phases.iter().map(|phase| {
        let state = run.phases.get(&phase.number);
        let record = PhaseRecord {
            name: phase.name.clone(),
            status: state.map_or("pending", |state| phase_status(run, state)).to_owned(),
            depends_on: phase.depends_on.clone(),
            repairs: state.map_or(0, |state| state.repairs),
        };
        (phase.number, record)
    });
    PhaseData {
        current_phase: run.phases.iter().find(|(_, phase)| !phase.is_done()).map(|(number, _)| number.0),
        total_phases: u32::try_from(plan.phases.len()).ok(),
        completed_phases: merged.collect(),
        phases: records.collect(),
        other: Map::new(),
    }
}

fn phase_status(run: &Run, phase: &PhaseRun) -> &'static str {
    let mut steps = phase.steps.iter().filter_map(|at| run.steps.get(*at as usize));
    if phase.merged {
        COMPLETED
    } else if steps.clone().any(|step| step.state == StepState::Failed && !step.superseded) {
        "failed"
    } else if steps.any(|step| !step.attempts.is_empty()) {
        "in_progress"
    } else {
        "pending"
    }
}

fn waves(run: &Run, phases: &PhaseData) -> Waves {
    let graph = run.plan().and_then(|plan| Graph::new(plan).ok());
    let numbered = graph.map(|graph| (1..).zip(graph.waves()).collect()).unwrap_or_default();
    let done = |number: PhaseNumber| run.phases.get(&number).is_some_and(PhaseRun::is_done);
    let waves = Waves::new(numbered, done);
    let most = run.created.options.max_parallel;
    let results =
        waves.wave_structure.iter().filter_map(|(wave, of_wave)| Some((*wave, result(run, phases, of_wave)?)));
    Waves {
        wave_results: results.collect(),
        parallel_execution_enabled: most > 1,
        max_wave_parallelism: Some(most),
        ..waves
    }
}

/// What became of a wave; `None` if none of its phases was begun.
fn result(run: &Run, phases: &PhaseData, of_wave: &[PhaseNumber]) -> Option<WaveResult> {
    let statuses: Vec<&str> =
        of_wave.iter().filter_map(|number| phases.phases.get(number)).map(|phase| phase.status.as_str()).collect();
    let all = |word: &str| statuses.iter().all(|status| *status == word);
    if all("pending") {
        return None;
    }
    let status = match statuses.as_slice() {
        _ if all(COMPLETED) => COMPLETED,
        statuses if statuses.contains(&"failed") => "failed",
        _ => "in_progress",
    };
    Some(WaveResult {
        phases: of_wave.to_vec(),
        status: status.to_owned(),
        duration_ms: (status == COMPLETED).then(|| duration(run, of_wave)).flatten(),
        parallel: of_wave.len() > 1 && run.created.options.max_parallel > 1,
    })
}

/// From the first beginning to the last end. Phases that were done before this run have neither.
fn duration(run: &Run, of_wave: &[PhaseNumber]) -> Option<u64> {
    let steps = run.steps.iter().filter(|step| step.phase.is_some_and(|phase| of_wave.contains(&phase)));
    let attempts: Vec<&Attempt> = steps.flat_map(|step| &step.attempts).collect();
    let first = attempts.iter().map(|attempt| attempt.leased).min()?;
    let last = attempts.iter().filter_map(|attempt| attempt.ended).max()?;
    Some(last.since(first))
}

fn error_state(run: &Run) -> ErrorState {
    let of_end = run.closing.as_ref().filter(|closing| closing.outcome == Outcome::Failed);
    let of_step = run.failures().next().map(|(_, failure)| failure.message.clone());
    let last_error = of_end.map(|closing| closing.message.clone()).or(of_step);
    ErrorState {
        failed_state: last_error.is_some().then(|| run.state.clone()),
        last_error,
        retry_count: run.steps.iter().fold(0, |sum, step| sum.saturating_add(step.counted)),
        other: Map::new(),
    }
}

fn context(run: &Run) -> ContextPreservation {
    let artifacts = run.artifacts.iter().map(|artifact| {
        (artifact.path.clone(), json!({"kind": artifact.kind, "hash": artifact.hash, "bytes": artifact.bytes, "metadata": artifact.metadata}))
    });
    let attempts = run.steps.iter().flat_map(|step| step.attempts.iter().map(move |attempt| (step, attempt)));
    let kept = attempts.filter_map(|(step, attempt)| {
        let commit = attempt.snapshot.as_ref()?;
        Some(json!({"step": step.id, "attempt": attempt.number, "commit": commit}))
    });
    ContextPreservation {
        artifact_metadata_cache: artifacts.collect(),
        subagent_output_references: kept.collect(),
        ..ContextPreservation::default()
    }
}

/// What was spent, and what each limit of it is.
fn ledger(run: &Run) -> Map<String, Value> {
    let attempts = run.steps.iter().flat_map(|step| &step.attempts);
    let (tries, agents) = attempts.fold((0_u64, 0_u64), |(tries, spent), attempt| {
        (tries + 1, spent.saturating_add(attempt.ended.map_or(0, |ended| ended.since(attempt.leased))))
    });
    let tests = run.verdicts.iter().fold(0_u64, |sum, verdict| sum.saturating_add(verdict.duration_ms));
    let numbers = [("attempts", tries), ("attempts_ms", agents), ("tests_ms", tests)];
    let mut ledger: Map<String, Value> =
        numbers.into_iter().map(|(name, number)| (name.to_owned(), json!(number))).collect();
    let spent = total(run);
    if spent.tokens > 0 {
        ledger.insert("tokens".to_owned(), json!(spent.tokens));
        ledger.insert("micro_usd".to_owned(), json!(spent.micro_usd));
    }
    if run.purse.is_some() {
        ledger.insert("limits".to_owned(), json!(lines(run)));
    }
    ledger
}

fn newest(run: &Run, kind: &str) -> Option<String> {
    run.artifacts.iter().rev().find(|artifact| artifact.kind == kind).map(|artifact| artifact.path.clone())
}

fn last_choice(run: &Run) -> Option<String> {
    let newest = run.answers.iter().max_by_key(|(_, answered)| answered.at)?;
    serde_json::to_value(newest.1.answer).ok()?.as_str().map(|answer| format!("{}: {answer}", newest.0))
}
