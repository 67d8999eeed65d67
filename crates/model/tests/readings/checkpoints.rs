//! Checkpoints of every format with fields left out, doubled, renamed and of other kinds.

use crate::one;
use coordinate_model::checkpoint::parse;
use coordinate_model::resume::{Facts, PlanNow};
use coordinate_model::time::UtcMillis;
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

const VERSIONS: [&str; 21] = [
    "\"1.0\"",
    "\"1.1\"",
    "\"1.2\"",
    "\"1.3\"",
    "\"2.0\"",
    "\"2.1\"",
    "\"3.0\"",
    "\" 2.1 \"",
    "2",
    "2.1",
    "3",
    "\"3.1\"",
    "\"4\"",
    "\"2.2\"",
    "\"x\"",
    "null",
    "true",
    "[]",
    "\"3\"",
    "\"3.00\"",
    "\"2\"",
];

/// Words and numbers, most of them what some field may be.
const WORDS: [&str; 52] = [
    "null",
    "true",
    "false",
    "\"true\"",
    "\"yes\"",
    "0",
    "1",
    "2",
    "3",
    "7",
    "8",
    "99999",
    "-1",
    "1.5",
    "4294967296",
    "\"2\"",
    "\" 3 \"",
    "\"x\"",
    "\"\"",
    "\"null\"",
    "\"none\"",
    "1757840000",
    "\"1757840000.7\"",
    "-1.5",
    "1e15",
    "1e14",
    "\"coordinate\"",
    "\"/orchestrate\"",
    "\"supervise\"",
    "\"implement\"",
    "\"research\"",
    "\"revise\"",
    "\"debug\"",
    "\"own\"",
    "\"test\"",
    "\"complete\"",
    "\"document\"",
    "\"full_implementation\"",
    "\"debug-only\"",
    "\"In-Progress\"",
    "\"paused\"",
    "\"success\"",
    "\"failure\"",
    "\"escalated\"",
    "\"aborted\"",
    "\"unknown\"",
    "\"nothing known\"",
    "\"specs/001_a/plans/001_a.md\"",
    "\"2025-11-01T08:00:00Z\"",
    "\"plan,  complete,\"",
    "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF\"",
    "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg\"",
];

const SHAPES: [&str; 30] = [
    "[]",
    "{}",
    "[1]",
    "[1, 2]",
    "[2, 1, 2]",
    "[3]",
    "[9]",
    "[\"1\", \"two\", 3]",
    "[1.5]",
    "[null]",
    "[\"initialize\", \" research \"]",
    "[\"plan\", 7]",
    "{\"1\": [1, 2], \"2\": [3]}",
    "{\"wave_1\": [1], \"2\": [1]}",
    "{\"1\": [1], \"wave_1\": [2]}",
    "{\"x\": [1]}",
    "{\"1\": \"2\"}",
    "[[1, 2], [3]]",
    "[[\"1\"], [\"x\"]]",
    "{\"1\": {\"phases\": [1, 2], \"status\": \"completed\", \"duration_ms\": 5, \"parallel\": true}}",
    "{\"wave_1\": {\"phases\": [1], \"status\": \"failed\", \"why\": 1}, \"2\": {\"parallel\": \"true\"}}",
    "{\"1\": {}, \"wave_1\": {\"duration_ms\": \"7\"}, \"w\": {}}",
    "{\"2\": {\"phases\": [3], \"status\": \"completed\"}}",
    "{\"phase_2\": 1, \"3\": \"2\", \"4\": -1}",
    "{\"code\": 3}",
    "{\"plan_path\": \"p.md\", \"plan_file\": \"q.md\"}",
    "{\"plan_file\": \"q.md\"}",
    "{\"plan_path\": \"\"}",
    "{\"1\": {\"name\": \"a\", \"status\": \"completed\", \"depends_on\": [], \"repairs\": 1}, \"02\": {\"depends_on\": [1], \"x\": 2}}",
    "{\"1\": {}, \"01\": {}, \"x\": {}}",
];

/// All names of fields, by the object that they belong to.
const TOP: [&str; 62] = [
    "checkpoint_id",
    "workflow_type",
    "definition",
    "project_name",
    "workflow_description",
    "description",
    "created_at",
    "updated_at",
    "status",
    "current_phase",
    "total_phases",
    "completed_phases",
    "workflow_state",
    "last_error",
    "tests_passing",
    "plan_modification_time",
    "version",
    "replanning_count",
    "last_replan_reason",
    "replan_phase_counts",
    "replan_history",
    "debug_report_path",
    "user_last_choice",
    "debug_iteration_count",
    "topic_directory",
    "topic_number",
    "context_preservation",
    "template_source",
    "template_variables",
    "spec_maintenance",
    "state_machine",
    "phase_data",
    "supervisor_state",
    "error_state",
    "metadata",
    "current_wave",
    "total_waves",
    "wave_structure",
    "parallel_execution_enabled",
    "max_wave_parallelism",
    "wave_results",
    "classification",
    "scope",
    "workflow_scope",
    "run",
    "event",
    "imported_from",
    "waves",
    "ledger",
    "plan_path",
    "plan_file",
    "plan_hash",
    "other",
    "digest",
    "unknown/field~1",
    "supervisor_id",
    "state_machine",
    "phase_data",
    "error_state",
    "waves",
    "current_phase",
    "plan_hash",
];
const BELOW: [(&str, &[&str]); 8] = [
    (
        "state_machine",
        &["current_state", "completed_states", "transition_table", "workflow_config", "classification", "other", "x"],
    ),
    ("workflow_config", &["scope", "description", "workflow_description", "topic", "other", "x"]),
    ("phase_data", &["current_phase", "total_phases", "completed_phases", "phases", "other", "research"]),
    ("error_state", &["last_error", "retry_count", "failed_state", "other", "x"]),
    (
        "metadata",
        &[
            "checkpoint_id",
            "workflow_type",
            "definition",
            "project_name",
            "description",
            "created_at",
            "updated_at",
            "host",
        ],
    ),
    (
        "waves",
        &[
            "current_wave",
            "total_waves",
            "wave_structure",
            "parallel_execution_enabled",
            "max_wave_parallelism",
            "wave_results",
            "x",
        ],
    ),
    ("context_preservation", &["pruning_log", "artifact_metadata_cache", "subagent_output_references", "other", "x"]),
    (
        "spec_maintenance",
        &["parent_plan_path", "grandparent_plan_path", "spec_updater_invocations", "checkbox_propagation_log", "x"],
    ),
];

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn value(chance: &mut Chance) -> Value {
    read(if chance.percent(60) { one(chance, &WORDS) } else { one(chance, &SHAPES) })
}

/// What a field is in a sound file, as far as its name says so.
fn fitting(chance: &mut Chance, name: &str) -> Value {
    let of = |chance: &mut Chance, texts: &[&str]| read(one(chance, texts));
    match name {
        "status" => of(chance, &WORDS[39..47]),
        "workflow_type" | "definition" => of(chance, &WORDS[26..34]),
        "current_state" | "failed_state" => {
            of(chance, &["\"implement\"", "\"test\"", "\"complete\"", "\"own\"", "\"\"", "\"debug\""])
        }
        "scope" | "workflow_scope" => {
            of(chance, &["\"full_implementation\"", "\"debug-only\"", "\"research-only\"", "\"x\""])
        }
        "plan_hash" => of(chance, &WORDS[50..52]),
        "completed_states" => of(chance, &SHAPES[9..12]),
        "transition_table" => json!({"plan": "implement,complete", "own": ["test"], "test": ["own"]}),
        "wave_structure" => of(chance, &SHAPES[12..19]),
        "wave_results" => of(chance, &SHAPES[19..23]),
        "phases" => of(chance, &SHAPES[28..30]),
        "replan_phase_counts" => of(chance, &SHAPES[23..24]),
        "workflow_state" => of(chance, &SHAPES[25..28]),
        "current_phase" | "total_phases" | "current_wave" | "total_waves" => of(chance, &WORDS[5..12]),
        "completed_phases" => of(chance, &SHAPES[2..8]),
        "tests_passing" | "parallel_execution_enabled" => of(chance, &WORDS[1..5]),
        "plan_modification_time" => of(chance, &WORDS[21..26]),
        name if name.ends_with("count") || name.starts_with("max") || name == "event" || name == "topic_number" => {
            of(chance, &WORDS[5..9])
        }
        name if name.ends_with("log") || name.ends_with("history") || name.ends_with("references") => {
            json!([{"a": 1}, 2])
        }
        "other" | "ledger" | "supervisor_state" | "template_variables" | "artifact_metadata_cache" => json!({"a": 1}),
        name => json!(format!("its {name}")),
    }
}

fn object(chance: &mut Chance, names: &[&str], wrong: u64) -> Value {
    let share = 20 + chance.draw() % 60;
    let mut map = Map::new();
    for name in names.iter().filter(|name| **name != "digest") {
        if !chance.percent(share) {
            continue;
        }
        let below = BELOW.iter().find(|(own, _)| own == name);
        let field = match below {
            _ if chance.percent(wrong) => value(chance),
            Some((_, names)) => object(chance, names, wrong),
            None => fitting(chance, name),
        };
        map.insert((*name).to_owned(), field);
    }
    Value::Object(map)
}

fn checkpoint(chance: &mut Chance) -> String {
    let wrong = chance.below(3) as u64 * 3;
    let mut file = object(chance, &TOP, wrong);
    let map = file.as_object_mut().unwrap();
    map.insert(
        "schema_version".to_owned(),
        read(if chance.percent(70) { VERSIONS[chance.below(7)] } else { one(chance, &VERSIONS) }),
    );
    if chance.percent(3) {
        map.insert("digest".to_owned(), value(chance));
    }
    let text = if chance.percent(50) { file.to_string() } else { format!("{file:#}") };
    if chance.percent(3) { text[..text.len() / 2].to_owned() } else { text }
}

#[test]
fn checkpoints() {
    let lines = readings("checkpoints", 1_500, checkpoint, |text, out| {
        let imported = match parse(text) {
            Ok(imported) => imported,
            Err(error) => {
                writeln!(out, "{error}\n{error:?}").unwrap();
                return error.problems().iter().for_each(|problem| writeln!(out, "{problem}").unwrap());
            }
        };
        let checkpoint = &imported.checkpoint;
        writeln!(out, "{imported:#?}\n{:?} {:?}", checkpoint.continuation(), checkpoint.done_phases()).unwrap();
        let again = checkpoint.to_json();
        writeln!(out, "{again}\n{:?}", parse(&again.to_string())).unwrap();
        for (updated, plan) in [
            (None, PlanNow::None),
            (Some(UtcMillis(0)), PlanNow::Unchanged),
            (Some(UtcMillis(700_000_000)), PlanNow::Changed { why: "gone".to_owned() }),
        ] {
            let facts = Facts::of_checkpoint(checkpoint, updated, UtcMillis(700_000_000), plan);
            writeln!(out, "{facts:?} {:?}", facts.judge()).unwrap();
        }
    });
    insta::assert_snapshot!(lines);
}
