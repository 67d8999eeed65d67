//! Checkpoints of every format since 1.0, and texts that are none.

#![expect(clippy::unwrap_used, reason = "a file that can not be read is a failed test")]

use coordinate_model::checkpoint::{Checkpoint, Format, parse};
use coordinate_model::event::Event;
use coordinate_model::ids::PhaseNumber;
use coordinate_model::replan::{Replan, ReplanKind, ReplanState, Trigger};
use coordinate_model::run::{Position, Run};
use coordinate_model::time::UtcMillis;
use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

/// The whole import, as a person would want to see it: the newest format, then what is odd.
fn imported(text: &str) -> String {
    match parse(text) {
        Ok(imported) => {
            let warnings: Vec<String> = imported.warnings.iter().map(ToString::to_string).collect();
            let json = format!("{:#}", imported.checkpoint.to_json());
            format!("format {}\n{json}\n{}", imported.format.name(), warnings.join("\n"))
        }
        Err(error) => error.problems().iter().map(|problem| format!("{problem}\n")).collect(),
    }
}

macro_rules! imports {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            let text = include_str!(concat!("checkpoints/", stringify!($name), ".json"));
            insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "checkpoints/snapshots"}, {
                assert_snapshot!(stringify!($name), imported(text));
            });
        }
    )*};
}

imports! {
    format_1_0 format_1_0_without_version format_1_0_implement format_1_1 format_1_2 format_1_3 format_2_0 format_2_1
    odd_texts_for_numbers odd_unknown_words odd_other_workflow odd_disagreeing
    bad_newer bad_version bad_aggregation bad_unmarked bad_types bad_state
}

#[test]
fn texts_that_are_no_checkpoint_are_refused_with_their_place() {
    for (text, expected) in [
        ("", "/: error: line 1, column 0: this is no JSON: EOF while parsing a value at line 1 column 0\n"),
        ("{\n  \"version\": }", "/: error: line 2, column 14: this is no JSON: expected value at line 2 column 14\n"),
        ("[]", "/: error: this is no checkpoint: it must be an object, and is a list\n"),
        ("7", "/: error: this is no checkpoint: it must be an object, and is 7\n"),
    ] {
        assert_eq!(imported(text), expected, "{text:?}");
    }
}

/// A run of a golden journal, after each of its events.
fn states() -> Vec<Run> {
    let mut states = Vec::new();
    let mut run: Option<Run> = None;
    for line in include_str!("golden/format-1-delivered.jsonl").lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let event = Event::decode(1, record["event"].to_string().as_bytes()).unwrap();
        let position =
            Position { sequence: record["sequence"].as_u64().unwrap(), at: UtcMillis(record["at"].as_i64().unwrap()) };
        match &mut run {
            None => run = Some(Run::begin(position, &event).unwrap()),
            Some(run) => run.apply(position, &event).unwrap(),
        }
        states.extend(run.clone());
    }
    states
}

fn export(run: &Run) -> Checkpoint {
    Checkpoint::of(run, &|at| format!("{}", at.0))
}

/// Shows S6.
#[test]
fn what_is_exported_at_any_event_is_imported_as_it_was() {
    for run in states() {
        let checkpoint = export(&run);
        let read = parse(&checkpoint.to_json().to_string()).unwrap();
        assert_eq!((read.format, read.warnings), (Format::NEWEST, Vec::new()));
        assert_eq!(read.checkpoint, checkpoint, "at event {}", run.sequence);
    }
}

#[test]
fn an_export_in_the_middle_and_at_the_end() {
    let states = states();
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "checkpoints/snapshots"}, {
        assert_snapshot!("export_in_the_middle", format!("{:#}", export(&states[states.len() / 2]).to_json()));
        assert_snapshot!("export_at_the_end", format!("{:#}", export(&states[states.len() - 1]).to_json()));
    });
}

#[test]
fn changes_of_the_plan_are_counted_by_their_phases() {
    let mut run = states().pop().unwrap();
    let replan = |phase: u32| Replan {
        phase: PhaseNumber(phase),
        number: 1,
        kind: ReplanKind::Update,
        trigger: Trigger::Asked,
        reason: format!("phase {phase} is wrong"),
        at: UtcMillis(5),
        state: ReplanState::Adopted,
        proposal: None,
    };
    run.replans = [2, 3, 2].map(replan).into();
    let checkpoint = export(&run);
    let counts: Vec<(&str, u32)> =
        checkpoint.replan_phase_counts.iter().map(|(phase, count)| (phase.as_str(), *count)).collect();
    assert_eq!(counts, [("2", 2), ("3", 1)]);
    assert_eq!((checkpoint.replanning_count, checkpoint.replan_history.len()), (3, 3));
    assert_eq!(checkpoint.last_replan_reason.as_deref(), Some("phase 2 is wrong"));
}

#[test]
fn an_import_is_imported_again_as_it_was() {
    let first = parse(include_str!("checkpoints/format_2_1.json")).unwrap().checkpoint;
    let again = parse(&first.to_json().to_string()).unwrap();
    assert_eq!(again.checkpoint, first);
    assert_eq!(again.checkpoint.imported_from.as_deref(), Some("2.1"));
}

/// Shows S6.
#[test]
fn an_edited_export_is_seen_and_its_formatting_is_not() {
    let json = export(&states()[0]).to_json();
    assert!(parse(&format!("{json:#}\n")).is_ok());
    let edited = json.to_string().replace("\"replanning_count\":0", "\"replanning_count\":1");
    assert!(imported(&edited).starts_with("/digest: error: the content is not what was exported"), "{edited}");
    let mut unsealed: Value = serde_json::from_str(&edited).unwrap();
    unsealed.as_object_mut().unwrap().remove("digest");
    assert_eq!(parse(&unsealed.to_string()).unwrap().checkpoint.replanning_count, 1);
}

#[test]
fn the_schema_names_every_field_that_is_written() {
    let schema: Value = serde_json::from_str(&Checkpoint::schema()).unwrap();
    let json = export(&states()[0]).to_json();
    for name in json.as_object().unwrap().keys() {
        assert!(!schema["properties"][name].is_null(), "the schema has no `{name}`");
    }
}

/// Names and values of checkpoints, and things that are nearly those.
const NAMES: &[&str] = &[
    "schema_version",
    "version",
    "workflow_type",
    "definition",
    "status",
    "current_phase",
    "total_phases",
    "completed_phases",
    "state_machine",
    "current_state",
    "completed_states",
    "transition_table",
    "workflow_config",
    "classification",
    "phase_data",
    "phases",
    "error_state",
    "last_error",
    "waves",
    "wave_structure",
    "wave_results",
    "1",
    "wave_2",
    "current_wave",
    "metadata",
    "other",
    "digest",
    "plan_hash",
    "plan_modification_time",
    "tests_passing",
    "replan_phase_counts",
    "context_preservation",
    "spec_maintenance",
    "a/b~c",
];
const WORDS: &[&str] = &["1.0", "2.1", "3.0", "3.1", "implement", "coordinate", "in_progress", "plan", "7", "null", ""];

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u32..9).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(WORDS).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = proptest::sample::select(NAMES).prop_map(str::to_owned);
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..12)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A sound checkpoint with some fields that are not.
fn changed() -> impl Strategy<Value = Value> {
    let fields = proptest::collection::btree_map(proptest::sample::select(NAMES).prop_map(str::to_owned), json(), 0..3);
    fields.prop_map(|fields| {
        let mut value: Value = serde_json::from_str(include_str!("checkpoints/format_2_1.json")).unwrap();
        value.as_object_mut().unwrap().extend(fields);
        value
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000, rng_seed: RngSeed::Fixed(0x0c0d_c4ec), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever is imported can be imported again and is the same: nothing is lost on the way, and nothing panics.
    #[test]
    fn any_json_is_read_or_refused(any in json(), changed in changed()) {
        for value in [any, changed] {
        if let Ok(first) = parse(&value.to_string()) {
            let again = parse(&first.checkpoint.to_json().to_string()).unwrap();
            prop_assert_eq!(again.checkpoint, first.checkpoint);
        }
        }
    }
}
