//! Runs and events as JSON.

use crate::text::moment;
use coordinate_model::event::Event;
use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::Graph;
use coordinate_model::replan::Replan;
use coordinate_model::run::{Attempt, Run, Step};
use coordinate_model::time::UtcMillis;
use serde_json::{Map, Value, json};

/// One event as a JSON object: its own fields, and where it stands.
#[must_use]
pub fn event(run: &Run, sequence: u64, at: UtcMillis, event: &Event) -> Value {
    let mut fields = match event {
        // The first event holds the definition and the plan; `show --json` gives those.
        Event::RunCreated(created) => Map::from_iter([
            ("event".to_owned(), json!(event.name())),
            ("request".to_owned(), json!(created.request)),
            ("scope".to_owned(), json!(created.scope)),
            ("workflow".to_owned(), json!(created.definition.name)),
            ("waves".to_owned(), json!(waves(run))),
        ]),
        other => match serde_json::to_value(other) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) | Err(_) => Map::new(),
        },
    };
    fields.insert("run".to_owned(), json!(run.id()));
    fields.insert("sequence".to_owned(), json!(sequence));
    fields.insert("at".to_owned(), json!(moment(at)));
    Value::Object(fields)
}

/// The last line of an event stream: why this process stopped driving.
#[must_use]
pub fn run_ended(run: &Run, outcome: &str, message: &str) -> Value {
    json!({
        "event": "run_ended",
        "run": run.id(),
        "outcome": outcome,
        "message": message,
        "state": run.state,
        "sequence": run.sequence,
        "artifacts": run.artifacts,
        "kept": run.kept,
        "delivery": run.delivery,
        "pull_request": run.pull_request,
    })
}

/// The whole folded run.
#[must_use]
pub fn run(run: &Run) -> Value {
    let created = &run.created;
    json!({
        "run": run.id(),
        "request": created.request,
        "scope": created.scope,
        "reasons": created.reasons,
        "workflow": created.definition.name,
        "state": run.state,
        "outcome": run.outcome,
        "forked": created.forked,
        "message": run.closing.as_ref().map(|closing| &closing.message),
        "started": moment(run.started),
        "updated": moment(run.updated),
        "ended": run.ended.map(moment),
        "sequence": run.sequence,
        "transition": run.transition,
        "completed_states": run.completed,
        "paused": run.paused,
        "cancelled": run.cancelled,
        "base": created.base,
        "integration": run.integration,
        "delivery": run.delivery,
        "pull_request": run.pull_request,
        "paths": created.paths,
        "options": created.options,
        "plan_hash": run.plan_hash(),
        "budget": crate::budget::json(run),
        "changes": changes(run),
        "waves": waves(run),
        "phases": phases(run),
        "parent": created.parent,
        "steps": run.steps.iter().map(|one| step(run, one)).collect::<Vec<_>>(),
        "questions": crate::inbox::entries(run, true).iter().map(crate::inbox::Entry::json).collect::<Vec<_>>(),
        "limits": run.limits.iter().map(|(agent, limit)| json!({"agent": agent, "until": moment(limit.until), "window": limit.window})).collect::<Vec<_>>(),
        "parked_until": run.parked_until().map(moment),
        "answers": run.answers.iter().map(|(step, answered)| json!({"step": step, "answer": answered.answer, "by": answered.by, "comment": answered.comment, "at": moment(answered.at)})).collect::<Vec<_>>(),
        "verdicts": run.verdicts,
        "judgements": run.judgements,
        "overlaps": run.overlaps,
        "artifacts": run.artifacts,
        "warnings": run.warnings,
        "kept": run.kept,
    })
}

/// How the plan was changed.
#[must_use]
pub fn changes(run: &Run) -> Value {
    let change = |replan: &Replan| {
        json!({
            "phase": replan.phase,
            "number": replan.number,
            "kind": replan.kind,
            "trigger": replan.trigger,
            "reason": replan.reason,
            "at": moment(replan.at),
            "state": replan.state,
            "diff": replan.proposal.as_ref().map(|proposal| &proposal.diff),
        })
    };
    let revision = run.adopted.as_ref().map(|adopted| &adopted.diff).filter(|diff| !diff.is_empty());
    json!({"revision": revision, "replans": run.replans.iter().map(change).collect::<Vec<_>>()})
}

fn waves(run: &Run) -> Vec<Vec<PhaseNumber>> {
    let graph = run.plan().and_then(|plan| Graph::new(plan).ok());
    graph.map(|graph| graph.waves()).unwrap_or_default()
}

fn phases(run: &Run) -> Vec<Value> {
    let phases = run.plan().into_iter().flat_map(|plan| &plan.phases);
    let shown = phases.map(|phase| {
        let state = run.phases.get(&phase.number);
        json!({
            "number": phase.number,
            "name": phase.name,
            "depends_on": phase.depends_on,
            "merged": state.is_some_and(|state| state.merged),
            "skipped": state.is_some_and(|state| state.skipped),
            "repairs": state.map_or(0, |state| state.repairs),
            "meets": state.map_or(&[][..], |state| state.meets.as_slice()),
        })
    });
    shown.collect()
}

fn step(run: &Run, step: &Step) -> Value {
    json!({
        "id": step.id,
        "kind": step.kind,
        "state": step.state,
        "phase": step.phase,
        "below": step.track.filter(|_| !step.attempts.is_empty()).map(|_| run.id().below(&step.id)),
        "repair": step.repair,
        "waiting": step.waiting,
        "work": step.work,
        "failure": step.failure,
        "superseded": step.superseded,
        "said": step.said,
        "attempts": step.attempts.iter().map(attempt).collect::<Vec<_>>(),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "number": attempt.number,
        "agent": attempt.agent,
        "resumes": attempt.resumes,
        "base": attempt.base,
        "leased": moment(attempt.leased),
        "started": attempt.started.map(moment),
        "ended": attempt.ended.map(moment),
        "pid": attempt.pid,
        "tree": attempt.tree,
        "session": attempt.session,
        "doing": attempt.doing,
        "asks": attempt.asks,
        "claims": attempt.claims,
        "ending": attempt.ending,
        "snapshot": attempt.snapshot,
        "failure": attempt.failure,
    })
}
