//! What a sweep found, counted by scenario and by kind of point.

use super::trial::Survived;
use coordinate_testkit::points::Point;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The counts of one kind of point in one scenario.
#[derive(Debug, Default, Clone)]
struct Cell {
    points: u64,
    kills: u64,
    lost: u64,
    repeated: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Table {
    cells: BTreeMap<(&'static str, String), Cell>,
    /// Kills for which the run had ended before: it took another way than the one that was counted.
    missed: u64,
}

impl Table {
    /// A scenario with the points that an undisturbed run of it passes.
    pub(super) fn begin(&mut self, scenario: &'static str, points: &[Point]) {
        for point in points {
            self.cells.entry((scenario, point.kind.clone())).or_default().points += 1;
        }
    }

    pub(super) fn add(&mut self, scenario: &'static str, result: &Survived) {
        let Some(kind) = &result.kind else {
            self.missed += 1;
            return;
        };
        let cell = self.cells.entry((scenario, kind.clone())).or_default();
        cell.kills += 1;
        cell.lost += u64::from(!result.lost.is_empty());
        cell.repeated += u64::from(!result.repeated.is_empty());
    }

    pub(super) fn kills(&self) -> u64 {
        self.cells.values().map(|cell| cell.kills).sum()
    }

    pub(super) fn is_clean(&self) -> bool {
        self.cells.values().all(|cell| cell.lost == 0 && cell.repeated == 0)
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{:12} {:20} {:>6} {:>6} {:>5} {:>8}\n",
            "scenario", "point", "points", "kills", "lost", "repeated"
        );
        let mut sum = Cell::default();
        for ((scenario, kind), Cell { points, kills, lost, repeated }) in &self.cells {
            let _infallible = writeln!(text, "{scenario:12} {kind:20} {points:6} {kills:6} {lost:5} {repeated:8}");
            sum.points += points;
            sum.kills += kills;
            sum.lost += lost;
            sum.repeated += repeated;
        }
        let Cell { points, kills, lost, repeated } = sum;
        let _infallible = writeln!(text, "{:33} {points:6} {kills:6} {lost:5} {repeated:8}", "all");
        let _infallible = writeln!(text, "numbers that a run did not reach: {}", self.missed);
        text
    }

    pub(super) fn json(&self) -> String {
        let row = |((scenario, kind), cell): (&(&'static str, String), &Cell)| {
            let Cell { points, kills, lost, repeated } = cell;
            json!({"scenario": scenario, "kind": kind, "points": points, "kills": kills, "lost": lost, "repeated": repeated})
        };
        let rows: Vec<Value> = self.cells.iter().map(row).collect();
        let mut text =
            serde_json::to_string_pretty(&json!({"rows": rows, "missed": self.missed})).expect("counts are JSON");
        text.push('\n');
        text
    }
}
