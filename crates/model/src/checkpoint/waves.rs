//! Waves: read from a file, or computed from a plan's graph.

use super::fields::{Fields, count};
use super::{COMPLETED, PhaseData, WaveResult, Waves};
use crate::ids::PhaseNumber;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// More phases than any plan has: a file that says so is not believed.
const MOST_PHASES: u32 = 10_000;

impl Waves {
    /// Waves out of phases, the current one computed.
    pub(super) fn new(structure: BTreeMap<u32, Vec<PhaseNumber>>, is_done: impl Fn(PhaseNumber) -> bool) -> Self {
        let unfinished = |phases: &[PhaseNumber]| phases.iter().any(|phase| !is_done(*phase));
        Self {
            current_wave: structure.iter().find(|(_, phases)| unfinished(phases)).map(|(wave, _)| *wave),
            total_waves: u32::try_from(structure.len()).unwrap_or(u32::MAX),
            wave_structure: structure,
            ..Self::default()
        }
    }

    /// Waves as a file has them: in an object of their own, or beside everything else.
    pub(super) fn read(fields: &mut Fields, phases: &PhaseData) -> Self {
        let structure = structure(fields);
        let results = results(fields);
        let said = (fields.count("current_wave"), fields.count("total_waves"));
        let structure = if structure.is_empty() { one_by_one(phases) } else { structure };
        let finished = results.values().filter(|result| result.status == COMPLETED).flat_map(|result| &result.phases);
        let done: BTreeSet<_> = phases.completed_phases.iter().chain(finished).copied().collect();
        let mut waves = Self::new(structure, |phase| done.contains(&phase));
        if waves.wave_structure.is_empty() {
            (waves.current_wave, waves.total_waves) = (said.0, said.1.unwrap_or(0));
        }
        waves.compare(fields, said);
        waves.parallel_execution_enabled = fields.flag("parallel_execution_enabled").unwrap_or(false);
        waves.max_wave_parallelism = fields.count("max_wave_parallelism");
        waves.wave_results = results;
        waves
    }

    /// What the file says and what follows from its phases may differ; what follows counts.
    fn compare(&self, fields: &mut Fields, (current, total): (Option<u32>, Option<u32>)) {
        let shown = |wave: Option<u32>| wave.map_or_else(|| "none".to_owned(), |wave| wave.to_string());
        if current.is_some() && self.current_wave.is_some() && current != self.current_wave {
            let (said, found) = (shown(current), shown(self.current_wave));
            fields.warn("current_wave", format!("is {said}, but the lowest wave with an unfinished phase is {found}"));
        }
        if let Some(total) = total.filter(|total| *total != self.total_waves) {
            fields.warn("total_waves", format!("is {total}, but there are {} waves", self.total_waves));
        }
    }
}

/// Without waves in the file, its phases were done one after the other.
fn one_by_one(phases: &PhaseData) -> BTreeMap<u32, Vec<PhaseNumber>> {
    let total = phases.total_phases.filter(|total| *total <= MOST_PHASES).unwrap_or(0);
    (1..=total).map(|number| (number, vec![PhaseNumber(number)])).collect()
}

/// `{"1": [1, 2]}` or `[[1, 2]]`.
fn structure(fields: &mut Fields) -> BTreeMap<u32, Vec<PhaseNumber>> {
    const NAME: &str = "wave_structure";
    let waves: Vec<(Option<u32>, Value)> = match fields.take(NAME) {
        None => Vec::new(),
        Some(Value::Array(list)) => (1..).map(Some).zip(list).collect(),
        Some(Value::Object(map)) => map.into_iter().map(|(key, value)| (wave_number(&key), value)).collect(),
        Some(other) => vec![(None, other)],
    };
    let mut structure = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (wave, value) in waves {
        let listed = value.as_array().map(|list| list.iter().map(count).collect::<Option<Vec<u32>>>());
        match (wave, listed) {
            (Some(wave), Some(Some(phases))) => {
                for phase in phases.iter().filter(|phase| !seen.insert(**phase)) {
                    fields.error(NAME, format!("phase {phase} stands in two waves"));
                }
                if structure.insert(wave, phases.into_iter().map(PhaseNumber).collect()).is_some() {
                    fields.error(NAME, format!("has wave {wave} twice"));
                }
            }
            (None, _) | (Some(_), None | Some(None)) => {
                fields.error(NAME, "must give each wave's number a list of phase numbers, as `{\"1\": [1, 2]}`");
            }
        }
    }
    structure
}

/// `1`, `wave_1`.
fn wave_number(key: &str) -> Option<u32> {
    key.strip_prefix("wave_").unwrap_or(key).parse().ok()
}

/// `{"1": {"phases": [1, 2], …}}`.
fn results(fields: &mut Fields) -> BTreeMap<u32, WaveResult> {
    const NAME: &str = "wave_results";
    let mut all = fields.open(NAME);
    let names: Vec<String> = all.names();
    let mut results = BTreeMap::new();
    for name in names {
        let Some(wave) = wave_number(&name) else {
            all.error(&name, "is no number of a wave");
            continue;
        };
        let mut one = all.open(&name);
        let result = WaveResult {
            phases: one.counts("phases").into_iter().map(PhaseNumber).collect(),
            status: one.text("status").unwrap_or_else(|| "unknown".to_owned()),
            duration_ms: one.large_count("duration_ms"),
            parallel: one.flag("parallel").unwrap_or(false),
        };
        let rest = all.close(one);
        all.keep_rest(&name, rest);
        if results.insert(wave, result).is_some() {
            all.error(&name, format!("is the second result of wave {wave}"));
        }
    }
    let rest = fields.close(all);
    // What is not known of a result stays beside all else that is not known.
    fields.keep_rest(NAME, rest);
    results
}
